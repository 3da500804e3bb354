package proof

import (
	"errors"
	"fmt"
	"iter"

	"github.com/pacspace/pacspace-go/decimal"
)

// DiffKind says how a delta of one view stands to the other view.
type DiffKind string

// The kinds of differences.
const (
	MissingInOwn    DiffKind = "missing in own"    // only the vendor has it
	MissingInVendor DiffKind = "missing in vendor" // only the buyer has it
	AmountDiffers   DiffKind = "amount differs"    // both have it, with two amounts
	CustomerDiffers DiffKind = "customer differs"  // both have it, for two customer ids
	TwiceInVendor   DiffKind = "twice in vendor"   // the vendor has had its reference before
	TwiceInOwn      DiffKind = "twice in own"      // the buyer has had its reference before
	UnnamedInVendor DiffKind = "unnamed in vendor" // the vendor has it without a reference to compare it by
	UnnamedInOwn    DiffKind = "unnamed in own"    // the buyer has it without a reference to compare it by
)

// Difference is one delta that is not the same in both views. Amounts are exact and in
// units of the account.
type Difference struct {
	Kind        DiffKind `json:"kind"`
	ReferenceID string   `json:"referenceId,omitempty"`
	// Vendor and Own are the amounts of the two views, nil where the view does not have the
	// delta.
	Vendor *decimal.Decimal `json:"vendor,omitempty"`
	Own    *decimal.Decimal `json:"own,omitempty"`
	// By is Vendor less Own, one that is missing counting as 0: what the difference does to
	// the balance.
	By decimal.Decimal `json:"by"`
}

// String returns the difference in one line.
func (d Difference) String() string {
	view := func(amount *decimal.Decimal) string {
		if amount == nil {
			return "nothing"
		}
		return amount.String()
	}
	return fmt.Sprintf("%s: %s: vendor %s, own %s, by %s", shown(d.ReferenceID), d.Kind, view(d.Vendor), view(d.Own), d.By)
}

// DiffTotal adds up the differences of one kind.
type DiffTotal struct {
	Count int             `json:"count"`
	By    decimal.Decimal `json:"by"`
}

// DiffSummary is what a comparison comes to. The sum of By over all kinds is Vendor.Sum
// less Own.Sum, always.
type DiffSummary struct {
	// Same counts the deltas that are equal in both views.
	Same int `json:"same"`
	// Kinds has the total of each kind that occurred.
	Kinds map[DiffKind]DiffTotal `json:"kinds"`
	// Vendor and Own are all deltas of each view.
	Vendor ViewTotal `json:"vendor"`
	Own    ViewTotal `json:"own"`
	// By is Vendor.Sum less Own.Sum.
	By decimal.Decimal `json:"by"`
}

// ViewTotal adds up a view.
type ViewTotal struct {
	Count int             `json:"count"`
	Sum   decimal.Decimal `json:"sum"`
}

// Equal tells whether the two views have the same deltas. A sum alone does not: two
// differences can cancel out.
func (s *DiffSummary) Equal() bool { return len(s.Kinds) == 0 }

// ErrDiffOrder is what DiffOrdered returns where a view is not in order. What to do: sort
// both views by their references, byte by byte, or use Diff.
var ErrDiffOrder = errors.New("proof: diff: the view is not in ascending order of its references")

// Diff compares the vendor's deltas with the buyer's own, by referenceId, in whatever order
// both come. It yields each difference as soon as it is certain: deltas that one view lacks
// after the others, in the order in which they came. The summary is whole once the
// sequence has ended without an error; a caller who stops early has the part so far.
//
// Neither view has to be true: Diff compares, and Verify is what checks the vendor's. Only
// referenceId, amount and, where both views name one, customer id are compared.
//
// It remembers every reference, so there may be at most MaxOwnDeltas different ones; one
// more is an error that is ErrLimit. Where both views are in order DiffOrdered needs no
// such memory. An error of a view ends the sequence with it.
func Diff(vendor, own iter.Seq2[Item, error], summary *DiffSummary) iter.Seq2[Difference, error] {
	return diffUpTo(MaxOwnDeltas, vendor, own, summary)
}

func diffUpTo(limit int, vendor, own iter.Seq2[Item, error], summary *DiffSummary) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		d := diffing{summary: summary, yield: yield}
		d.start()
		u := unordered{diffing: &d, places: map[string]int{}, limit: limit}
		if u.read(vendor, own) {
			u.missing()
		}
	}
}

// DiffOrdered is Diff for views that are both in strictly ascending order of their
// references, compared byte by byte, as a query orders them in the C collation. It needs
// the memory of one delta of each view. A view that is not in order ends the sequence with
// ErrDiffOrder, and so does a delta without a reference; Diff takes both.
func DiffOrdered(vendor, own iter.Seq2[Item, error], summary *DiffSummary) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		d := diffing{summary: summary, yield: yield}
		d.start()
		d.merge(vendor, own)
	}
}

// diffing is what both ways of comparing share.
type diffing struct {
	summary *DiffSummary
	yield   func(Difference, error) bool
}

func (d *diffing) start() {
	if d.summary == nil {
		d.summary = new(DiffSummary)
	}
	*d.summary = DiffSummary{Kinds: map[DiffKind]DiffTotal{}}
}

// count adds an item to its view.
func (d *diffing) count(vendor bool, item *Item) {
	view, by := &d.summary.Own, item.Delta.Neg()
	if vendor {
		view, by = &d.summary.Vendor, item.Delta
	}
	view.Count++
	view.Sum = view.Sum.Add(item.Delta)
	d.summary.By = d.summary.By.Add(by)
}

// tell yields a difference and counts it. It is false where the caller wants no more.
func (d *diffing) tell(kind DiffKind, reference string, vendor, own *decimal.Decimal) bool {
	difference := Difference{Kind: kind, ReferenceID: reference, Vendor: vendor, Own: own}
	if vendor != nil {
		difference.By = *vendor
	}
	if own != nil {
		difference.By = difference.By.Sub(*own)
	}
	total := d.summary.Kinds[kind]
	total.Count++
	total.By = total.By.Add(difference.By)
	d.summary.Kinds[kind] = total
	return d.yield(difference, nil)
}

// compare compares a delta that both views have.
func (d *diffing) compare(reference string, vendor, own *side) bool {
	switch {
	case vendor.customer != "" && own.customer != "" && vendor.customer != own.customer:
		return d.tell(CustomerDiffers, reference, &vendor.amount, &own.amount)
	case !vendor.amount.Equal(own.amount):
		return d.tell(AmountDiffers, reference, &vendor.amount, &own.amount)
	}
	d.summary.Same++
	return true
}

// A side is what is compared of one view's delta.
type side struct {
	customer string
	amount   decimal.Decimal
}

// unordered remembers every reference and what is not matched yet.
type unordered struct {
	*diffing
	entries []pair
	places  map[string]int // of a reference in entries
	limit   int
}

// A pair is a reference with what each view says of it.
type pair struct {
	reference   string
	vendor, own *side // nil before the view had it
	matched     bool  // both had it: only repeats can still come
}

// read takes a delta of each view in turn, so that views in about the same order are
// matched soon. It is false where the sequence is over.
func (u *unordered) read(vendor, own iter.Seq2[Item, error]) bool {
	nextVendor, stopVendor := iter.Pull2(vendor)
	defer stopVendor()
	nextOwn, stopOwn := iter.Pull2(own)
	defer stopOwn()
	for vendorLeft, ownLeft := true, true; vendorLeft || ownLeft; {
		if vendorLeft {
			item, err, ok := nextVendor()
			if vendorLeft = ok; ok && !u.take(true, &item, err) {
				return false
			}
		}
		if ownLeft {
			item, err, ok := nextOwn()
			if ownLeft = ok; ok && !u.take(false, &item, err) {
				return false
			}
		}
	}
	return true
}

func (u *unordered) take(vendor bool, item *Item, err error) bool {
	if err != nil {
		u.yield(Difference{}, err)
		return false
	}
	u.count(vendor, item)
	if item.ReferenceID == "" {
		return u.single(vendor, UnnamedInVendor, UnnamedInOwn, item)
	}
	at, there := u.places[item.ReferenceID]
	if !there {
		if len(u.entries) == u.limit {
			u.yield(Difference{}, fmt.Errorf("proof: diff: %w", tooMuch("", "more than %d different references; order both views and use DiffOrdered", u.limit)))
			return false
		}
		at = len(u.entries)
		u.entries = append(u.entries, pair{reference: item.ReferenceID})
		u.places[item.ReferenceID] = at
	}
	p := &u.entries[at]
	mine := &p.own
	if vendor {
		mine = &p.vendor
	}
	if p.matched || *mine != nil {
		return u.single(vendor, TwiceInVendor, TwiceInOwn, item)
	}
	*mine = &side{item.CustomerID, item.Delta}
	if p.vendor == nil || p.own == nil {
		return true
	}
	a, b := p.vendor, p.own
	p.vendor, p.own, p.matched = nil, nil, true
	return u.compare(p.reference, a, b)
}

// single tells of a delta that is compared with nothing.
func (d *diffing) single(vendor bool, ofVendor, ofOwn DiffKind, item *Item) bool {
	if vendor {
		return d.tell(ofVendor, item.ReferenceID, &item.Delta, nil)
	}
	return d.tell(ofOwn, item.ReferenceID, nil, &item.Delta)
}

// missing tells of what only one view had.
func (u *unordered) missing() {
	for i := range u.entries {
		p := &u.entries[i]
		more := true
		switch {
		case p.vendor != nil:
			more = u.tell(MissingInOwn, p.reference, &p.vendor.amount, nil)
		case p.own != nil:
			more = u.tell(MissingInVendor, p.reference, nil, &p.own.amount)
		}
		if !more {
			return
		}
	}
}

// merge goes through two views in order.
func (d *diffing) merge(vendor, own iter.Seq2[Item, error]) {
	a, stopA := d.ordered(true, vendor)
	defer stopA()
	b, stopB := d.ordered(false, own)
	defer stopB()
	for more := a.step() && b.step(); more; {
		switch {
		case a.item == nil && b.item == nil:
			return
		case b.item == nil || a.item != nil && a.item.ReferenceID < b.item.ReferenceID:
			more = d.single(true, MissingInOwn, "", a.item) && a.step()
		case a.item == nil || b.item.ReferenceID < a.item.ReferenceID:
			more = d.single(false, "", MissingInVendor, b.item) && b.step()
		default:
			more = d.compare(a.item.ReferenceID, &side{a.item.CustomerID, a.item.Delta}, &side{b.item.CustomerID, b.item.Delta}) &&
				a.step() && b.step()
		}
	}
}

// ordered is a view from which deltas are taken one by one.
type ordered struct {
	*diffing
	vendor bool
	next   func() (Item, error, bool)
	item   *Item // nil at the end
	last   string
}

func (d *diffing) ordered(vendor bool, view iter.Seq2[Item, error]) (*ordered, func()) {
	next, stop := iter.Pull2(view)
	return &ordered{diffing: d, vendor: vendor, next: next}, stop
}

// step takes the next delta. It is false where the sequence is over with an error.
func (o *ordered) step() bool {
	item, err, ok := o.next()
	if !ok {
		o.item = nil
		return true
	}
	if err == nil && item.ReferenceID <= o.last { // an empty one too
		view := "own"
		if o.vendor {
			view = "vendor"
		}
		err = fmt.Errorf("%w: %s: %s comes after %s", ErrDiffOrder, view, shown(item.ReferenceID), shown(o.last))
	}
	if err != nil {
		o.yield(Difference{}, err)
		return false
	}
	o.count(o.vendor, &item)
	o.item, o.last = &item, item.ReferenceID
	return true
}
