package proof

import (
	"io"
	"strings"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/keccak"
	"github.com/pacspace/pacspace-go/usage"
)

// Verify reads evidence from r and says whether the claimed balance follows from the
// recorded deltas, how far values from outside bind it, and what it could not check. It
// goes over the file once, on all cores, uses no network and no clock, and gives the same
// report for the same input. It reads ahead of what it checks; when it returns, every
// goroutine of it and every call of r.Read has ended.
//
// Every reference, record id and hash is remembered, so that nothing is billed twice. That
// takes up to 100 bytes a delta where the ids begin alike, as usual ones do: 860 MiB for
// 10,000,000 deltas, the most that a file can have. A file that was made to take memory gets
// about 300 bytes a delta and 1 GiB for long ids; one with more is refused. All else takes
// some MiB, however long the file is.
//
// There may be at most 1,000 anchors.
//
// An error means that there is no verdict: the file is malformed (ErrFormat) or past a
// limit (ErrLimit), r failed, or expect (ErrExpect) or an anchor (ErrAnchor) cannot be
// used. Evidence that does not match is no error; see Report.Verdict.
func Verify(r io.Reader, expect Expect, anchors ...Anchor) (*Report, error) {
	return verifyChunks(r, expect, anchors, firstChunk, chunkSize)
}

// verifyChunks is Verify with the sizes of the first chunk and of the others, which change
// nothing but speed and memory.
func verifyChunks(r io.Reader, expect Expect, anchors []Anchor, first, more int) (*Report, error) {
	expect, err := expect.normal()
	if err != nil {
		return nil, err
	}
	known, err := sortAnchors(anchors, expect)
	if err != nil {
		return nil, err
	}
	reader, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	v, err := newVerification(reader.Header(), expect, known)
	if err != nil {
		return nil, err
	}
	if err := v.read(&reader.lines, first, more); err != nil {
		return nil, err
	}
	return v.report(), nil
}

// A verification is what Verify knows on its way down the file.
type verification struct {
	header  Header
	trailer trailerLine
	expect  Expect
	known   known
	scheme  scheme
	grove   *grove
	ledger  *ledger
	unit    *unitCheck
	checks  []check

	all   tally // every delta
	under tally // those under the checkpoint: all but the carried ones
	sum64 binary64Sum
	// unstated counts the deltas under the checkpoint without a hash from the service.
	unstated int
	// bound is the number, among those under the checkpoint, of the last one whose
	// reference its content hash shows.
	bound int
	// lone is the delta whose content hash is not reproduced, while there is only one.
	lone *delta
	// firstSeen is the index of the first delta under the checkpoint, last the highest.
	firstSeen, last *int64
	billed          billed
	// sources counts the items by where they come from.
	sources map[Source]int
	// small adds what is not yet in all and under.
	smallAll, smallUnder adder
	// lastSource says where in sources lastCount belongs: items of one source follow one
	// another.
	lastSource Source
	lastCount  int
}

type tally struct {
	count    int
	sum, abs decimal.Decimal
}

func (t *tally) add(d decimal.Decimal) {
	t.count++
	t.sum = t.sum.Add(d)
	t.abs = t.abs.Add(d.Abs())
}

// addRow adds the amount of a line, a small one by way of the adder.
func (t *tally) addRow(r *row, small *adder) {
	if !r.amount.small {
		t.add(r.line.Item.Delta)
		return
	}
	t.count++
	if small.add(r.amount) {
		t.settle(small)
	}
}

func (t *tally) settle(small *adder) {
	if small.n > 0 {
		sum, abs := small.empty()
		t.sum, t.abs = t.sum.Add(sum), t.abs.Add(abs)
	}
}

// A check looks at each delta in the order of the file and says at the end what it found.
// delta may be called for no delta at all.
type check interface {
	delta(d *delta)
	result() Check
}

// A delta is a line with what all checks need to know of it.
type delta struct {
	*Line
	content content
	// reference is the parsed referenceId where it is a usage day's of this account.
	reference *usage.Reference
	kin       kinship // to the references before it
	before    entry   // the nearest of them
	// recordedAt is the place of an earlier line with the same recordId.
	recordedAt place
	recorded   bool
	// adjustedAt is the place of what the delta adjusts, where that is there.
	adjustedAt place
	adjusted   bool
	// resource and unit are what metadata says of them.
	resource, unit tagValue
}

// keep returns the delta with nothing that it shares with a row, for checks that come back
// to it.
func (d *delta) keep() *delta {
	k, line := *d, d.detach()
	k.Line, k.reference = &line, copied(d.reference)
	if k.reference != nil {
		k.reference.CustomerID = strings.Clone(k.reference.CustomerID)
	}
	k.resource.text, k.unit.text = strings.Clone(k.resource.text), strings.Clone(k.unit.text)
	return &k
}

// content says what became of recomputing a content hash.
type content int

const (
	reproduced content = iota
	differs            // the item is known whole and has another hash
	partly             // the item is not known whole
	unstated           // there is no hash from the service
)

func newVerification(h Header, expect Expect, known known) (*verification, error) {
	v := &verification{header: h, expect: expect, known: known, ledger: newLedger(maxReferences, known.billed()+h.Count), sources: map[Source]int{}}
	v.sum64.start(h.StartingBalance)
	v.scheme.tried = setOf(Variants())
	if expect.Variant != "" {
		v.scheme.tried = setOf([]Variant{expect.Variant})
	}
	v.scheme.trailer = setOf([]Variant{h.Variant})
	v.scheme.elsewhere = known.confirmed(h.Environment)
	v.grove = newGrove(v.scheme.tried, h.Variant)
	v.billed.references, v.billed.records = &v.ledger.references.texts, &v.ledger.records.texts
	if err := known.enter(v.ledger, h); err != nil {
		return nil, err
	}
	v.checks = checklist(v)
	return v, nil
}

// checklist returns the checks in the order in which they are reported.
func checklist(v *verification) []check {
	carried := &carriedCheck{finding: needed(v, CheckCarried)}
	v.unit = newUnitCheck(v)
	return []check{
		&formatCheck{needed(v, CheckFormat)},
		&environmentCheck{needed(v, CheckEnvironment)},
		&accountCheck{needed(v, CheckAccount)},
		v.unit,
		&orderCheck{finding: needed(v, CheckOrder)},
		&referenceCheck{finding: needed(v, CheckReferences)},
		&daysCheck{finding: needed(v, CheckUsageDays)},
		&startCheck{needed(v, CheckStart)},
		&contentCheck{finding: needed(v, CheckContent)},
		&balanceCheck{needed(v, CheckBalance)},
		&rootCheck{needed(v, CheckRoot), carried},
		&countCheck{needed(v, CheckCount)},
		&netChangeCheck{needed(v, CheckNetChange)},
		carried,

		&membershipCheck{finding: extra(v, CheckMembership)},
		&batchCheck{finding: extra(v, CheckBatches)},
		&chainCheck{finding: extra(v, CheckChain)},
		&gapCheck{finding: extra(v, CheckGaps)},
		&adjustmentCheck{finding: extra(v, CheckAdjustments)},
		newOwnCheck(v),
	}
}

// prepare makes what the checks need of lines and what each line gives alone. It changes
// only the rows, so that several goroutines can do it for different ones.
func (v *verification) prepare(rows []*row, batch *keccak.Batch) {
	for _, r := range rows {
		item := &r.line.Item
		if v.known.hasOwn && r.amount.small {
			item.Delta = r.amount.decimal()
		}
		if r.line.RecordID != "" {
			r.recordTag = v.ledger.tag(r.line.RecordID)
		}
		if item.ReferenceID == "" {
			continue
		}
		var err error
		known := (*usage.Reference)(nil)
		if strings.HasPrefix(item.ReferenceID, "usage:") { // what else there is parses to nothing
			if r.reference, err = usage.ParseReference(item.ReferenceID); err == nil {
				known = &r.reference
			}
		}
		r.name = v.ledger.named(item.ReferenceID, known)
	}
	v.scheme.match(rows, batch)
}

// take goes over one delta that was prepared: first what is asked of it once, then the
// checks.
func (v *verification) take(r *row) error {
	l, d := &r.line, &r.d
	d.content = v.recompute(r)
	if err := v.enter(r); err != nil {
		return err
	}
	v.all.addRow(r, &v.smallAll)
	v.sum64.addRow(r)
	if l.Sources.Item != v.lastSource {
		v.settleSources()
		v.lastSource = l.Sources.Item
	}
	v.lastCount++
	if l.Carried == nil {
		v.under.addRow(r, &v.smallUnder)
		v.grove.add(r)
		if d.content == unstated {
			v.unstated++
		}
		if l.Item.ReferenceID != "" && (d.content == reproduced || d.content == unstated) {
			v.bound = v.under.count
		}
		if v.under.count == 1 {
			v.firstSeen = copied(l.Index)
		}
		switch {
		case l.Index == nil:
		case v.last == nil:
			v.last = copied(l.Index)
		default:
			*v.last = max(*v.last, *l.Index)
		}
	}
	for _, c := range v.checks {
		c.delta(d)
	}
	return nil
}

// settle brings the sums to where they are read.
func (v *verification) settle() {
	v.all.settle(&v.smallAll)
	v.under.settle(&v.smallUnder)
	v.settleSources()
}

func (v *verification) settleSources() {
	if v.lastCount > 0 {
		v.sources[v.lastSource] += v.lastCount
		v.lastCount = 0
	}
}

// recompute says whether the content hash of a line is its item's, and counts it.
func (v *verification) recompute(r *row) content {
	if r.line.ContentHash.IsZero() {
		return unstated
	}
	if r.by == 0 && r.line.unknown != 0 {
		return partly
	}
	v.scheme.note(levelItem, r.by, true)
	if r.by == 0 {
		return differs
	}
	return reproduced
}

// enter puts the line into the ledger and lists it.
func (v *verification) enter(r *row) (err error) {
	d, at := &r.d, place(r.d.number)
	var reference, record uint32 // plus 1
	if d.Item.ReferenceID != "" {
		var n uint32
		d.kin, d.before, n, err = v.ledger.refer(&r.name, at)
		if err != nil {
			return err
		}
		reference = n + 1
		if known := r.name.known; known != nil && known.CustomerID == v.header.Account.CustomerID {
			d.reference = known
		}
	}
	if d.RecordID != "" {
		var n uint32
		if d.recordedAt, d.recorded, n, err = v.ledger.record(d.RecordID, r.recordTag, at); err != nil {
			return err
		}
		record = n + 1
	}
	v.billed.note(reference, record)
	if a := d.Item.Adjusts; a != nil {
		if a.RecordID != "" {
			d.adjustedAt, d.adjusted = v.ledger.findRecord(a.RecordID)
		} else {
			d.adjustedAt, d.adjusted = v.ledger.find(a.ReferenceID)
		}
		if !d.adjusted {
			return v.ledger.await(a, at)
		}
	}
	return nil
}
