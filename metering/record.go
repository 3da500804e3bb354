package metering

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

// ErrClosed is returned by a meter after [Meter.Close]. What to do: make a new meter over
// the same store; nothing of it is lost.
var ErrClosed = errors.New("metering: the meter is closed; make a new one")

// ConflictError names events whose ids were counted before with other content. What was
// counted first stands; all other events of the call are counted. What to do: find out why
// one id stands for two events, and record the one that was left out under an id of its
// own.
type ConflictError struct{ IDs []string }

func (e *ConflictError) Error() string {
	const shown = 3
	names := make([]string, 0, shown)
	for _, id := range e.IDs[:min(len(e.IDs), shown)] {
		names = append(names, fmt.Sprintf("%q", id))
	}
	return fmt.Sprintf("metering: record: %d ids were counted before with another account, amount, time or dimensions: %s; an id must name one event",
		len(e.IDs), strings.Join(names, ", "))
}

// Is matches [pacspace.ErrConflict].
func (e *ConflictError) Is(target error) bool { return target == pacspace.ErrConflict }

const (
	queueCalls = 1024  // calls that wait to be committed, beyond which Record waits
	groupSize  = 5_000 // events that are committed together, unless one call has more
)

// commitTime bounds a commit. After it nobody knows whether it was done, and the callers'
// retry finds out.
const commitTime = time.Minute

// group is one call of Record on its way into the store.
type group struct {
	events  []Event
	entries []Entry
	done    chan struct{}
	results []Recorded
	err     error
}

// Record counts events and returns once they are durable, with what became of each, in
// their order: new, or a duplicate of one that was counted before. Many callers at once
// share a commit. Events of one call are counted together or, where one breaks a rule, not
// at all ([*EventError]); an id that was counted before with other content is a
// [*ConflictError], beside the results.
//
// Where ctx ends while the events wait, the error matches [pacspace.ErrOutcomeUnknown]:
// record the same events again, with the same ids, and they count once. The same is right
// after any other error.
func (m *Meter) Record(ctx context.Context, events ...Event) ([]Recorded, error) {
	if len(events) == 0 {
		return nil, nil
	}
	if len(events) > MaxEvents {
		return nil, fmt.Errorf("metering: record: %d events: at most %d in one call; make several: %w", len(events), MaxEvents, pacspace.ErrInvalid)
	}
	g := &group{events: slices.Clone(events), entries: make([]Entry, len(events)), done: make(chan struct{})}
	customers := make([]string, 0, 1)
	for i := range g.events {
		e := &g.events[i]
		if rule := e.check(); rule != "" {
			return nil, &EventError{Index: i, ID: e.ID, Rule: rule}
		}
		g.entries[i] = e.entry()
		if len(customers) == 0 || customers[len(customers)-1] != e.CustomerID {
			customers = append(customers, e.CustomerID)
		}
	}
	slices.Sort(customers)
	if err := m.bind(ctx, slices.Compact(customers)); err != nil {
		return nil, wrap("record", err)
	}
	if err := m.enqueue(ctx, g); err != nil {
		return nil, err
	}
	select {
	case <-g.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("metering: record: %w: %w while the events were being stored; record them again with the same ids", pacspace.ErrOutcomeUnknown, ctx.Err())
	}
	if g.err != nil {
		return nil, wrap("record", g.err)
	}
	var conflicts []string
	for i, r := range g.results {
		if r == RecordedConflict {
			conflicts = append(conflicts, g.events[i].ID)
		}
	}
	if conflicts != nil {
		return g.results, &ConflictError{IDs: conflicts}
	}
	return g.results, nil
}

// enqueue waits for a place in the queue.
func (m *Meter) enqueue(ctx context.Context, g *group) error {
	m.closing.RLock()
	defer m.closing.RUnlock()
	if m.closed.Load() {
		return ErrClosed
	}
	select {
	case m.queue <- g:
		return nil
	case <-m.stop:
		return ErrClosed
	case <-ctx.Done():
		return fmt.Errorf("metering: record: the store is slower than the events: %w; nothing was stored", ctx.Err())
	}
}

// gather commits what is queued, as much at once as there is, until the queue is closed.
func (m *Meter) gather() {
	defer close(m.gathered)
	groups := make([]*group, 0, 64)
	awaited, took := 0, time.Duration(0)
	for g := range m.queue {
		m.await(awaited-1, took/4)
		groups = append(groups[:0], g)
		size := len(g.entries)
	more:
		for size < groupSize {
			select {
			case g, open := <-m.queue:
				if !open {
					break more
				}
				groups = append(groups, g)
				size += len(g.entries)
			default:
				break more
			}
		}
		start := time.Now()
		m.commit(groups)
		took = time.Since(start)
		awaited = len(groups) + len(m.queue)
		clear(groups)
	}
}

// mostYields bounds the waiting where no time passes, and where callers that left would make
// the meter spin for long after a slow commit.
const mostYields = 2_000

// await waits until so many calls are queued, and not for long: callers that the last
// commit woke are about to queue again. Without this half of them miss the next commit,
// which costs nearly the same for few events as for many.
func (m *Meter) await(calls int, atMost time.Duration) {
	start := time.Now()
	for yields := 0; len(m.queue) < calls && yields < mostYields && time.Since(start) < atMost; yields++ {
		runtime.Gosched()
	}
}

// commit stores groups in one transaction and wakes their callers.
func (m *Meter) commit(groups []*group) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTime)
	defer cancel()
	start := time.Now()
	now, err := m.store.Now(ctx)
	if err != nil {
		finish(groups, err)
		return
	}
	left := groups[:0:len(groups)]
	for _, g := range groups {
		if err := m.place(g, now); err != nil {
			finish([]*group{g}, err)
			continue
		}
		left = append(left, g)
	}
	for len(left) > 0 {
		entries := left[0].entries
		if len(left) > 1 {
			entries = nil
			for _, g := range left {
				entries = append(entries, g.entries...)
			}
		}
		results, err := m.store.Record(ctx, entries)
		if totals, ok := errors.AsType[*TotalsError](err); ok {
			if left = refuseTotals(left, totals); left != nil {
				continue // without those that the day's totals would count again
			}
			return
		}
		if err == nil && len(results) != len(entries) {
			err = fmt.Errorf("the store answered for %d of %d events", len(results), len(entries))
		}
		m.tell(ctx, Change{Kind: ChangeRecorded, Count: len(entries), Duration: time.Since(start), Err: err})
		if err == nil {
			for _, g := range left {
				g.results, results = results[:len(g.entries):len(g.entries)], results[len(g.entries):]
			}
		}
		finish(left, err)
		return
	}
}

func finish(groups []*group, err error) {
	for _, g := range groups {
		g.err = err
		close(g.done)
	}
}

// refuseTotals ends the groups with an event of a day that totals feed, and returns the
// others, nil where there is none or where the error fits none.
func refuseTotals(groups []*group, err *TotalsError) []*group {
	var others []*group
	for _, g := range groups {
		of := func(e Entry) bool { return e.CustomerID == err.CustomerID && e.Day == err.Day }
		if slices.ContainsFunc(g.entries, of) {
			finish([]*group{g}, err)
			continue
		}
		others = append(others, g)
	}
	if len(others) == len(groups) {
		finish(others, err)
		return nil
	}
	return others
}

// place holds the events to the bounds of time, and says when their buckets are due.
func (m *Meter) place(g *group, now time.Time) error {
	for i := range g.entries {
		e := &g.entries[i]
		switch {
		case e.Time.After(now.Add(FutureBound)):
			return &EventError{Index: i, ID: e.ID, Rule: fmt.Sprintf("time %s lies more than %v ahead of the store's clock, %s", stamp(e.Time), FutureBound, stamp(now))}
		case e.Time.Before(now.Add(-m.set.lateness)):
			return &EventError{Index: i, ID: e.ID, Rule: fmt.Sprintf("time %s is older than the lateness of %v allows at %s", stamp(e.Time), m.set.lateness, stamp(now))}
		case m.mayBeForgotten(e.Time):
			return &EventError{Index: i, ID: e.ID, Rule: fmt.Sprintf("time %s: ids of that time are forgotten, of all before %s: it could be counted twice", stamp(e.Time), stamp(m.forgotten))}
		}
		e.Due = m.due(e.CustomerID, e.Day, now)
	}
	return nil
}

// due is when a bucket that is opened now may be closed: after the day's grace, and where
// that is over, after one of its own.
func (m *Meter) due(customerID string, day usage.Date, now time.Time) time.Time {
	due := day.End().Add(m.set.grace + m.spreadOf(customerID))
	if !due.After(now) {
		due = now.Add(m.set.grace)
	}
	return due
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
