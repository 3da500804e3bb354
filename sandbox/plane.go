package sandbox

import (
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
)

// plane is the data of one environment. All of it is guarded by the sandbox's lock.
type plane struct {
	env Environment

	customers map[string]*customer
	roster    []*customer // in the order of their first appearance
	deltas    []*delta    // in the order of their receipt
	byRecord  map[string]*delta

	checkpoints []*checkpoint
	byScope     map[string]*checkpoint

	roots    map[proof.Hash]*commitment // what a proof root stands for
	receipts map[string]*receipt
	receipt  []*receipt // in the order of their making
	passing  []*receipt // those without a checkpoint

	keys     map[string]*keyed
	keyOrder []string // by first use, for sweeping

	cadences map[string]time.Duration // limits of single customers

	records map[recordName]*heldRecord
	entries int // of all records
	grants  []*grant
	links   map[string]*link

	jobs jobs // what is due, by time

	endpoints  []*endpoint
	deliveries []*delivery
	byEvent    map[string][]*delivery

	counters map[string]int64 // last number of each kind of id
	verified int64            // deltas verified so far, the last deltaIndex
	head     *proof.Hash      // last proof of the tenant's chain
}

func newPlane(env Environment) *plane {
	return &plane{
		env:       env,
		customers: map[string]*customer{},
		byRecord:  map[string]*delta{},
		byScope:   map[string]*checkpoint{},
		roots:     map[proof.Hash]*commitment{},
		receipts:  map[string]*receipt{},
		keys:      map[string]*keyed{},
		cadences:  map[string]time.Duration{},
		records:   map[recordName]*heldRecord{},
		links:     map[string]*link{},
		byEvent:   map[string][]*delivery{},
		counters:  map[string]int64{},
	}
}

// customer is one customerId and everything recorded under it.
type customer struct {
	id          string
	displayName string
	createdAt   time.Time
	deltas      []*delta // in the order of their receipt
	byReference map[string]*delta
	head        *proof.Hash // last proof of its own chain
	verified    int64       // its verified deltas
	changes     int         // counts what would change a derived window
	cached      window      // the last derived window
	months      map[string]*monthTotal
}

// monthTotal is what webhooks tell of a customer's month so far.
type monthTotal struct {
	count int
	net   decimal.Decimal
}

// customer finds or makes a customer. Source: API contract, section 2.13: a record
// appears with the first delta.
func (p *plane) customer(id string, now time.Time) *customer {
	if c, ok := p.customers[id]; ok {
		return c
	}
	c := &customer{id: id, createdAt: now, byReference: map[string]*delta{}, months: map[string]*monthTotal{}}
	p.customers[id] = c
	p.roster = append(p.roster, c)
	return c
}

// newID numbers a thing of a kind: rec_t000000000001, the t for test. Ids are the same on
// every run, unless a seed asks for ids that look random (and are the same for that seed).
func (s *Sandbox) newID(p *plane, kind string) string {
	p.counters[kind]++
	n := p.counters[kind]
	if s.cfg.seeded {
		text := strconv.FormatUint(s.cfg.seed, 10) + "/" + string(p.env) + "/" + kind + "/" + strconv.FormatInt(n, 10)
		return kind + "_" + keccakOf([]byte(text)).String()[2:26]
	}
	digits := strconv.FormatInt(n, 10)
	const width = 12
	for len(digits) < width {
		digits = "0" + digits
	}
	return kind + "_" + string(p.env[:1]) + digits
}
