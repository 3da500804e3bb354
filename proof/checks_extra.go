package proof

import (
	"fmt"
	"slices"
)

// gapCheck holds the indices to one another, where a probe saw that they go by customer.
type gapCheck struct {
	finding
	made, missing int
	first, last   int64
	broken        *delta
	want          int64
}

func (c *gapCheck) delta(d *delta) {
	switch {
	case d.Carried != nil:
	case d.Index == nil:
		c.missing++
	default:
		if c.made++; c.made == 1 {
			c.first = *d.Index
		} else if c.broken == nil && c.missing == 0 && *d.Index != c.last+1 {
			c.broken, c.want = d.keep(), c.last+1
		}
		c.last = *d.Index
	}
}

func (c *gapCheck) result() Check {
	own := c.v.known.probed(c.v.header.Environment, func(p *ProbeResult) bool { return p.IndexPerAccount })
	switch {
	case !own:
		c.skip("whether the index goes by customer is not known, so a gap shows nothing")
	case c.missing > 0 || c.made == 0:
		c.skip("%s no index", have(c.missing))
	case c.broken != nil:
		c.fail(c.broken, "the account's sequence has a gap or goes back, so deltas are missing or moved", fmt.Sprint(c.want), fmt.Sprint(*c.broken.Index))
	default:
		if want, known := c.v.firstIndex(); known && want != c.first {
			c.fail(nil, "the account's sequence does not go on where it ended before", fmt.Sprint(want), fmt.Sprint(c.first))
		}
	}
	return c.done()
}

// firstIndex returns the index that this window must begin with, where verified evidence
// of the window before it shows that.
func (v *verification) firstIndex() (int64, bool) {
	before := v.known.before(v.header)
	if before == nil || before.verdict != Verified || before.lastIndex == nil || !v.header.Window.Follows(before.window) || !v.known.agreed(before) {
		return 0, false
	}
	return *before.lastIndex + 1, true
}

// adjustmentCheck holds each adjustment to a delta that came before it.
type adjustmentCheck struct {
	finding
	made, outside int
}

func (c *adjustmentCheck) delta(d *delta) {
	l := c.v.ledger
	at, awaited := l.awaiting(&l.awaitedReferences, d.Item.ReferenceID)
	if other, too := l.awaiting(&l.awaitedRecords, d.RecordID); too && (!awaited || other < at) {
		at, awaited = other, true
	}
	if awaited {
		c.tooEarly(d, at)
	}
	a := d.Item.Adjusts
	switch {
	case a == nil:
	case d.adjusted && d.adjustedAt == place(d.number):
		c.fail(d, "a delta adjusts itself", "another delta", shown(a.RecordID+a.ReferenceID))
	case d.adjusted:
		c.made++
	default:
		c.absent(d)
	}
}

// tooEarly is for a delta that an earlier line adjusts.
func (c *adjustmentCheck) tooEarly(d *delta, at place) {
	if c.Outcome == Failed {
		return
	}
	early := &delta{Line: &Line{number: int(at)}}
	early.Item.ReferenceID, early.RecordID = c.v.billed.at(int(at) - firstLine)
	c.fail(early, "a delta adjusts one that comes after it", fmt.Sprintf("a delta before line %d", at), c.v.where(place(d.number)))
}

// absent is for an adjustment of something that is not there yet.
func (c *adjustmentCheck) absent(d *delta) {
	if named, ok := parseReference(d.Item.Adjusts.ReferenceID); ok &&
		named.CustomerID == c.v.header.Account.CustomerID && c.v.known.reaches(named.Day, c.v.header) {
		c.fail(d, "a delta adjusts one that is in no evidence", "a delta of this or of earlier evidence", shown(d.Item.Adjusts.ReferenceID))
	}
	c.outside++
}

// firstLine is the line of the first delta: the header is the one before it.
const firstLine = 2

func (c *adjustmentCheck) result() Check {
	switch {
	case c.outside > 0:
		c.skip("%s what neither this nor the earlier evidence that was brought has", verb(c.outside, "adjusts", "adjust"))
	case c.made == 0:
		c.skip("no delta adjusts another")
	}
	return c.done()
}

// ownCheck compares the file with the deltas that the buyer's own system saw.
type ownCheck struct {
	finding
	order []string // of the buyer's list
}

func newOwnCheck(v *verification) *ownCheck {
	c := &ownCheck{finding: extra(v, CheckOwnDeltas)}
	for reference := range v.known.own {
		c.order = append(c.order, reference)
	}
	slices.Sort(c.order)
	return c
}

func (c *ownCheck) delta(d *delta) {
	if !c.v.known.hasOwn {
		return
	}
	own := c.v.known.own[d.Item.ReferenceID]
	switch {
	case own == nil || d.Item.ReferenceID == "":
		if !c.v.known.partial {
			c.fail(d, "the buyer's own system did not see this delta", "a delta that it saw", d.Item.Delta.String())
		}
		return
	case own.item.CustomerID != "" && own.item.CustomerID != d.Item.CustomerID:
		c.fail(d, "the buyer's own system saw this delta for another customer", own.item.CustomerID, d.Item.CustomerID)
	case !own.item.Delta.Equal(d.Item.Delta):
		c.fail(d, "the buyer's own system saw another amount", own.item.Delta.String(), d.Item.Delta.String())
	}
	own.seen = true
}

func (c *ownCheck) result() Check {
	if !c.v.known.hasOwn {
		c.skip("the buyer's own deltas were not brought")
		return c.done()
	}
	for _, reference := range c.order {
		if own := c.v.known.own[reference]; !own.seen {
			c.fail(nil, "the evidence leaves out a delta that the buyer's own system saw", shown(reference)+" with "+own.item.Delta.String(), "no such delta")
		}
	}
	return c.done()
}
