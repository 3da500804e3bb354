package proof

import (
	"fmt"
	"slices"
	"strings"
)

// orderCheck holds the lines to their numbers, each record to one line, and the carried
// lines to the header's list.
type orderCheck struct {
	finding
	carried int
}

func (c *orderCheck) delta(d *delta) {
	if d.Sequence != c.v.all.count {
		c.fail(d, "the lines are not numbered one after the other, so some are missing or moved", fmt.Sprint(c.v.all.count), fmt.Sprint(d.Sequence))
	}
	if d.recorded {
		c.fail(d, "one record is billed twice", "a recordId that is new", fmt.Sprintf("%s, which %s has", shown(d.RecordID), c.v.where(d.recordedAt)))
	}
	if d.Carried == nil {
		return
	}
	list := c.v.header.Carried
	if c.carried >= len(list) || !list[c.carried].names(d.Line) {
		c.fail(d, "a carried delta is not the next one of the header's list", c.next(), "a carried delta recorded in "+d.Carried.String())
	}
	c.carried++
}

func (c *orderCheck) next() string {
	if c.carried >= len(c.v.header.Carried) {
		return "no further carried delta"
	}
	next := c.v.header.Carried[c.carried]
	return shown(next.ReferenceID+next.RecordID) + " recorded in " + next.Window.String()
}

func (c *orderCheck) result() Check {
	if want := len(c.v.header.Carried); c.carried < want {
		c.fail(nil, "the header lists carried deltas that have no line", fmt.Sprintf("%d carried", want), fmt.Sprintf("%d carried", c.carried))
	}
	return c.done()
}

// referenceCheck looks for usage that is billed twice: a reference that stands there twice,
// or a base and its repeat, here or in earlier evidence.
type referenceCheck struct {
	finding
	alike string
}

func (c *referenceCheck) delta(d *delta) {
	switch d.kin {
	case identical:
		c.fail(d, "one reference is billed twice", "a reference that is new", fmt.Sprintf("%s, which %s has", shown(d.Item.ReferenceID), c.v.where(d.before.place)))
	case repeat:
		c.fail(d, "a delta and its repeat are both billed", "one of a delta and its repeats", fmt.Sprintf("%s, and %s has %s", shown(d.Item.ReferenceID), c.v.where(d.before.place), shown(d.before.reference)))
	case lookAlike:
		if c.alike == "" {
			c.alike = fmt.Sprintf("line %d has %s and %s has %s, which differ only by case, white space or normalisation: whether they are two usages or one, nothing here tells",
				d.number, shown(d.Item.ReferenceID), c.v.where(d.before.place), shown(d.before.reference))
		}
	case stranger:
	}
}

func (c *referenceCheck) result() Check {
	if c.alike != "" {
		c.skip("%s", c.alike)
	}
	return c.done()
}

// daysCheck holds the usage days of the references, which are hashed, against the days that
// are billed. A later day fails: its usage is not of this invoice. An earlier one is merely
// late, and counts where earlier evidence shows that no invoice before this one had it.
type daysCheck struct {
	finding
	undated, unbound int
	late             []LateDelta
	lateCount        int
	lateOpen         int
}

// LateDelta is usage of a day before the billed ones.
type LateDelta struct {
	Line      int    `json:"line"`
	Reference string `json:"reference"`
}

// maxLate is how many late deltas a report lists; it counts all of them.
const maxLate = 100

func (c *daysCheck) delta(d *delta) {
	if d.reference == nil {
		c.undated++
		if !c.v.known.holds(d) {
			c.unbound++
		}
		return
	}
	day, days := d.reference.Day, c.v.header.Days
	switch {
	case day.After(days.Last):
		c.fail(d, "a usage day lies after the billed ones", "a day up to "+days.Last.String(), day.String())
	case d.Carried != nil && !day.Start().Before(d.Carried.End):
		c.fail(d, "a delta is carried from a window that ended before its usage day began", "a day before "+d.Carried.End.UTC().Format("2006-01-02"), day.String())
	case day.Before(days.First) && d.Carried == nil:
		c.lateCount++
		if len(c.late) < maxLate {
			c.late = append(c.late, LateDelta{Line: d.number, Reference: strings.Clone(d.Item.ReferenceID)})
		}
		if !c.v.known.reaches(day, c.v.header) {
			c.lateOpen++
		}
	}
}

func (c *daysCheck) result() Check {
	want, billed := c.v.expect.Days, c.v.header.Days
	switch {
	case want.IsZero():
		c.rest("usage days", onFile, "the checker did not say which period he expects")
	case want != billed:
		c.failFirst("the evidence is of other usage days than are expected", want.String(), billed.String())
	}
	if c.unbound > 0 {
		c.rest("usage days", onFile, "the reference of %d of %d deltas has no usage day of this account, so no hash says when the usage was", c.unbound, c.v.all.count)
	}
	if c.lateOpen > 0 {
		c.rest("late usage", onFile, "%s usage of days before %s; only verified evidence of the invoices in between, back to those days, shows that it was not billed before", have(c.lateOpen), billed.First)
	}
	if c.lateCount > 0 {
		c.note("%s usage of days before %s", have(c.lateCount), billed.First)
	}
	return c.done()
}

// startCheck holds the starting balance and the window against earlier evidence.
type startCheck struct{ finding }

func (c *startCheck) result() Check {
	h := c.v.header
	for _, e := range c.v.known.earlier {
		switch {
		case e.account.CustomerID != h.Account.CustomerID:
			c.fail(nil, "the earlier evidence is of another customer", h.Account.CustomerID, e.account.CustomerID)
		case e.window.Overlaps(h.Window):
			c.fail(nil, "the window overlaps that of earlier evidence, so that deltas can be on both", "a window from "+instantText(e.window.End)+" on", h.Window.String())
		}
	}
	before := c.v.known.before(h)
	if before != nil && !h.Window.Follows(before.window) {
		c.rest("window", onFile, "it does not start at %s, where the earlier evidence ended, so deltas recorded in between are on neither", instantText(before.window.End))
	}
	switch {
	case h.StartingBalance.IsZero():
		c.anew(before)
	case before == nil:
		c.rest("starting balance", onFile, "it is %s, and no evidence of the days before was brought", h.StartingBalance)
	case !before.balance.Equal(h.StartingBalance):
		c.fail(nil, "it does not start where the earlier evidence ended", before.balance.String(), h.StartingBalance.String())
	case before.verdict != Verified:
		c.rest("starting balance", onFile, "it is the end of earlier evidence that was itself only %s", before.verdict)
	case !c.v.known.agreed(before):
		c.rest("starting balance", onFile, "earlier evidences of the same days do not agree on where they end, so which of them goes on here rests on the file")
	default:
		c.sameUnit(before)
	}
	return c.done()
}

// anew is for a window that starts at 0 after another one. An end below 0 is usage that was
// billed there. An end above 0 is what the customer had left: nothing but the file says
// that it is gone.
func (c *startCheck) anew(before *Earlier) {
	if before == nil || before.balance.IsZero() {
		return
	}
	c.note("it starts at 0 and the earlier evidence ended at %s: whether the account starts anew is for the contract to say", before.balance)
	if before.balance.Sign() > 0 {
		c.rest("starting balance", onFile, "it is 0, and the earlier evidence ended with %s left", before.balance)
	}
}

// sameUnit holds a start against what the earlier evidence counted: the same number in
// another unit is another balance.
func (c *startCheck) sameUnit(before *Earlier) {
	unit := c.v.unit
	for _, l := range []struct{ name, before, now string }{
		{unit.resource.name, before.account.Resource, unit.resource.want},
		{unit.unit.name, before.account.Unit, unit.unit.want},
	} {
		switch {
		case l.before == l.now:
		case l.before == "" || l.now == "":
			c.rest("starting balance", onFile, "only one of this and the earlier evidence names a %s, so it may be a number of something else", l.name)
		default:
			c.fail(nil, "the earlier evidence ended in another "+l.name+", so its end is not this start", l.before, l.now)
		}
	}
}

// before returns the evidence of the days that end where those of h begin: the last that is
// verified, else the last.
func (k *known) before(h Header) *Earlier {
	var before *Earlier
	for _, e := range k.earlier {
		if e.precedes(h.Account.CustomerID, h.Days.First) && (before == nil || e.verdict == Verified || before.verdict != Verified) {
			before = e
		}
	}
	return before
}

// agreed tells whether no other evidence of the same standing, that ends with the same day
// as e, tells of another end. Two such are two answers, and the order in which they were
// brought is no reason to believe one of them.
func (k *known) agreed(e *Earlier) bool {
	for _, other := range k.earlier {
		if other.account.CustomerID != e.account.CustomerID || other.days.Last != e.days.Last || other.verdict != e.verdict {
			continue
		}
		sameIndex := (other.lastIndex == nil) == (e.lastIndex == nil) && (e.lastIndex == nil || *other.lastIndex == *e.lastIndex)
		if !sameIndex || !other.balance.Equal(e.balance) || other.account != e.account || !other.window.End.Equal(e.window.End) {
			return false
		}
	}
	return true
}

// carriedCheck asks what binds the carried deltas, which are under no root of this window:
// that they exist, and that no earlier invoice had them.
type carriedCheck struct {
	finding
	sightless, open int
	roots           map[Hash]bool // public records that bind one, by root
}

func (c *carriedCheck) delta(d *delta) {
	if d.Carried == nil {
		return
	}
	// The record is asked even where the buyer's list is enough: a root that binds a carried
	// delta is not one that was brought for nothing.
	if recorded := c.recorded(d); !recorded && !c.v.known.holds(d) {
		c.sightless++
	}
	if d.reference == nil || !c.v.known.reaches(d.reference.Day, c.v.header) {
		c.open++
	}
}

// recorded tells whether an answer of the public record binds the delta: it is about the
// batch with which the delta was submitted.
func (c *carriedCheck) recorded(d *delta) bool {
	if d.ProofHash == nil || len(d.ItemHashes) == 0 || d.content != reproduced || !slices.Contains(d.ItemHashes, d.ContentHash) {
		return false
	}
	for _, r := range c.v.known.recordsOf(*d.ProofHash) {
		if r.Environment.orLive() == c.v.expect.Environment && c.v.scheme.root(levelBatch, d.ItemHashes, *d.ProofHash) != 0 {
			if c.roots == nil {
				c.roots = map[Hash]bool{}
			}
			c.roots[r.Root] = true
			return true
		}
	}
	return false
}

func (c *carriedCheck) result() Check {
	if c.sightless > 0 {
		c.rest("carried deltas", onFile, "%s under no root that is bound; the buyer's own deltas or the public record of their batch would show it", verb(c.sightless, "is", "are"))
	}
	if c.open > 0 {
		c.rest("carried deltas", onFile, "%s may have been billed before; only verified evidence of the invoices in between, back to their window, shows the opposite", deltas(c.open))
	}
	return c.done()
}
