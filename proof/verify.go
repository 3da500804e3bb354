package proof

import (
	"errors"
	"io"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Verify reads evidence from r and says whether the claimed balance follows from the
// recorded deltas, how far values from outside bind it, and what it could not check. It
// goes over the file once, in the memory that remembering the references takes (see
// MaxReferences), uses no network and no clock, and gives the same report for the same
// input.
//
// An error means that there is no verdict: the file is malformed (ErrFormat) or past a
// limit (ErrLimit), r failed, or expect (ErrExpect) or an anchor (ErrAnchor) cannot be
// used. Evidence that does not match is no error; see Report.Verdict.
func Verify(r io.Reader, expect Expect, anchors ...Anchor) (*Report, error) {
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
	for {
		line, err := reader.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := v.take(&line); err != nil {
			return nil, reader.lines.located(err)
		}
	}
	v.trailer, _ = reader.Trailer()
	return v.report(), nil
}

// A verification is what Verify knows on its way down the file.
type verification struct {
	header  Header
	trailer Trailer
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
	billed          []earlierDelta
	// sources counts the items by where they come from.
	sources map[Source]int
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
	v := &verification{header: h, expect: expect, known: known, ledger: newLedger(MaxReferences), sources: map[Source]int{}}
	v.sum64.start(h.StartingBalance)
	v.scheme.tried = setOf(Variants())
	if expect.Variant != "" {
		v.scheme.tried = setOf([]Variant{expect.Variant})
	}
	v.scheme.elsewhere = known.confirmed(h.Environment)
	v.grove = newGrove(v.scheme.tried, h.Variant)
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

// take goes over one delta: first what is asked of it once, then the checks.
func (v *verification) take(l *Line) error {
	d := &delta{Line: l, content: v.recompute(l)}
	if err := v.enter(d); err != nil {
		return err
	}
	v.all.add(l.Item.Delta)
	v.sum64.add(l.Item.Delta)
	v.sources[l.Sources.Item]++
	v.billed = append(v.billed, earlierDelta{l.Item.ReferenceID, l.RecordID})
	if l.Carried == nil {
		v.under.add(l.Item.Delta)
		v.grove.add(l)
		if d.content == unstated {
			v.unstated++
		}
		if l.Item.ReferenceID != "" && (d.content == reproduced || d.content == unstated) {
			v.bound = v.under.count
		}
		if v.under.count == 1 {
			v.firstSeen = l.Index
		}
		if l.Index != nil && (v.last == nil || *l.Index > *v.last) {
			v.last = l.Index
		}
	}
	for _, c := range v.checks {
		c.delta(d)
	}
	return nil
}

// recompute makes the content hash of a line and counts whether it is the service's.
func (v *verification) recompute(l *Line) content {
	if l.ContentHash.IsZero() {
		return unstated
	}
	by := v.scheme.item(l.form, l.ContentHash)
	if by == 0 && l.unknown != 0 {
		return partly
	}
	v.scheme.note(levelItem, by, true)
	if by == 0 {
		return differs
	}
	return reproduced
}

// enter puts the line into the ledger.
func (v *verification) enter(d *delta) (err error) {
	if d.Item.ReferenceID != "" {
		known, ok := parseReference(d.Item.ReferenceID)
		d.kin, d.before, err = v.ledger.reference(d.Item.ReferenceID, known, place(d.number))
		if err != nil {
			return err
		}
		if ok && known.CustomerID == v.header.Account.CustomerID {
			d.reference = known
		}
	}
	if d.RecordID != "" {
		d.recordedAt, d.recorded, err = v.ledger.record(d.RecordID, place(d.number))
	}
	return err
}

// located puts a line number into an error that has none.
func (l *lineReader) located(err error) error {
	if e, ok := errors.AsType[*FormatError](err); ok && e.Line == 0 {
		e.Line = l.number
	}
	return err
}
