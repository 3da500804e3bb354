package sandbox

import (
	"cmp"
	"container/heap"
	"time"

	"github.com/pacspace/pacspace-go/proof"
)

// job is something that is due at an instant: a group or a checkpoint becomes verified, or
// an entry of a record committed.
type job struct {
	due        time.Time
	order      int64 // jobs due together keep the order of their making
	group      *group
	checkpoint *checkpoint
	entry      *recordEntry
}

// jobs is a heap by time.
type jobs []job

func (j jobs) Len() int { return len(j) }
func (j jobs) Less(a, b int) bool {
	if !j[a].due.Equal(j[b].due) {
		return j[a].due.Before(j[b].due)
	}
	return j[a].order < j[b].order
}
func (j jobs) Swap(a, b int) { j[a], j[b] = j[b], j[a] }
func (j *jobs) Push(x any)   { *j = append(*j, x.(job)) }
func (j *jobs) Pop() any {
	last := (*j)[len(*j)-1]
	*j = (*j)[:len(*j)-1]
	return last
}

// nextOrder numbers what goes through the pipeline.
func (p *plane) nextOrder() int64 {
	p.counters["job"]++
	return p.counters["job"]
}

func (p *plane) schedule(j job) { heap.Push(&p.jobs, j) }

// submit makes one group, and so one proof, of the deltas that a request had accepted.
func (s *Sandbox) submit(p *plane, deltas []*delta, now time.Time) {
	g := &group{
		deltas:       deltas,
		root:         s.root(LevelBatch, hashesOf(deltas)),
		order:        p.nextOrder(),
		processingAt: now.Add(s.cfg.processing),
		verifiedAt:   now.Add(s.cfg.verification),
	}
	for _, d := range deltas {
		d.group = g
	}
	p.commit(&commitment{root: g.root, group: g})
	p.schedule(job{due: g.verifiedAt, order: g.order, group: g})
}

// settle does what is due by now, in both environments.
func (s *Sandbox) settle(now time.Time) {
	for _, env := range []Environment{Test, Live} {
		p := s.planes[env]
		for len(p.jobs) > 0 && !now.Before(p.jobs[0].due) {
			j := heap.Pop(&p.jobs).(job)
			switch {
			case j.group != nil:
				s.verifyGroup(p, j.group, j.due)
			case j.checkpoint != nil:
				s.verifyCheckpoint(p, j.checkpoint, j.due)
			default:
				s.commitEntry(p, j.entry, j.due)
			}
		}
	}
}

// verifyGroup ends a group's way: each of its deltas is verified, or fails where it was
// told to. Links of the chain are made here, so that they follow the order of proofs.
func (s *Sandbox) verifyGroup(p *plane, g *group, at time.Time) {
	tenantHead := p.head
	heads := map[*customer]*proof.Hash{} // before this proof
	for _, d := range g.deltas {
		if _, seen := heads[d.customer]; !seen {
			heads[d.customer] = d.customer.head
		}
	}
	if s.fails != nil {
		for _, d := range g.deltas {
			if reason, fail := s.fails(d.recorded(at)); fail {
				d.failure = cmp.Or(reason, "FAILED")
			}
		}
	}
	g.done = true
	for _, d := range g.deltas {
		if d.failure != "" {
			s.queueEvent(p, "delta.failed", at, s.deltaFailed(d, at))
			continue
		}
		p.verified++
		d.index, d.verified = p.verified, at
		d.previous = s.chainHead(tenantHead, heads[d.customer])
		d.customer.head, p.head = &g.root, &g.root
		d.customer.verified++
		d.customer.changes++
		month := d.customer.month(s.windowTime(d))
		month.count++
		month.net = s.add(month.net, d.amount)
		s.queueEvent(p, "delta.verified", at, s.deltaVerified(p, d, month))
	}
}

// chainHead is the proof that a new one follows, as the options have it.
func (s *Sandbox) chainHead(tenant, customer *proof.Hash) *proof.Hash {
	head := customer
	if s.cfg.chainPerTenant {
		head = tenant
	}
	switch {
	case s.cfg.noChain:
		return nil
	case head == nil && s.cfg.chainFromZero:
		return new(proof.Hash)
	}
	return head
}

// windowTime is the instant by which a delta falls into a scope.
func (s *Sandbox) windowTime(d *delta) time.Time {
	if s.cfg.windowsByVerification {
		return d.verified
	}
	return d.received
}

func (c *customer) month(t time.Time) *monthTotal {
	name := t.Format("2006-01")
	if c.months[name] == nil {
		c.months[name] = &monthTotal{}
	}
	return c.months[name]
}

// FailDeltas lets deltas fail instead of being verified: fail is asked about each when it
// is due, and a true answer makes it FAILED for that reason. nil ends it. fail runs inside
// the sandbox and must not call it.
func (s *Sandbox) FailDeltas(fail func(Recorded) (reason string, fail bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = fail
}
