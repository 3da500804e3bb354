package proof

import (
	"fmt"
	"slices"

	"github.com/pacspace/pacspace-go/usage"
)

// known is what the anchors bring, by kind.
type known struct {
	records []*PublicRecord
	invoice []InvoiceRoot
	earlier []*Earlier
	probes  []*ProbeResult
	own     map[string]*ownDelta
	hasOwn  bool
	partial bool
}

type ownDelta struct {
	item Item
	seen bool
}

func sortAnchors(anchors []Anchor, expect Expect) (known, error) {
	var k known
	if len(anchors) > maxAnchors {
		return k, fmt.Errorf("%w: %w", ErrAnchor, tooMuch("", "more than %d of them", maxAnchors))
	}
	for i, a := range anchors {
		if a == nil {
			return k, fmt.Errorf("%w: number %d is nil", ErrAnchor, i+1)
		}
		if err := a.validate(); err != nil {
			return k, err
		}
		switch a := a.(type) {
		case *PublicRecord:
			k.records = append(k.records, a)
		case InvoiceRoot:
			k.invoice = append(k.invoice, a)
		case *ProbeResult:
			k.probes = append(k.probes, a)
		case *Earlier:
			if err := a.fits(expect); err != nil {
				return k, err
			}
			k.earlier = append(k.earlier, a)
		case OwnDeltas:
			if err := k.take(a, expect); err != nil {
				return k, err
			}
		}
	}
	slices.SortStableFunc(k.earlier, func(a, b *Earlier) int { return a.days.First.Compare(b.days.First) })
	return k, nil
}

// fits refuses earlier evidence that is not about what is expected: it would be the
// checker's mistake, not the evidence's.
func (e *Earlier) fits(expect Expect) error {
	for _, f := range []struct{ field, have, want string }{
		{"customer", e.account.CustomerID, expect.CustomerID},
		{"resource", e.account.Resource, expect.Resource},
		{"environment", string(e.environment), string(expect.Environment)},
	} {
		if f.want != "" && f.have != f.want {
			return fmt.Errorf("%w: earlier evidence: it is of %s %s and %s is expected", ErrAnchor, f.field, shown(f.have), shown(f.want))
		}
	}
	return nil
}

func (k *known) take(own OwnDeltas, expect Expect) error {
	if k.hasOwn {
		return fmt.Errorf("%w: own deltas: they are given twice; put them into one list", ErrAnchor)
	}
	k.hasOwn, k.partial, k.own = true, own.Partial, make(map[string]*ownDelta, len(own.Items))
	for _, item := range own.Items {
		if expect.CustomerID != "" && item.CustomerID != "" && item.CustomerID != expect.CustomerID {
			return fmt.Errorf("%w: own deltas: %s is of customer %s and %s is expected", ErrAnchor, shown(item.ReferenceID), shown(item.CustomerID), expect.CustomerID)
		}
		if k.own[item.ReferenceID] != nil {
			return fmt.Errorf("%w: own deltas: %s stands there twice; add the amounts up or name them apart", ErrAnchor, shown(item.ReferenceID))
		}
		k.own[item.ReferenceID] = &ownDelta{item: item}
	}
	return nil
}

// holds tells whether the buyer's own system saw this very delta.
func (k *known) holds(d *delta) bool {
	own := k.own[d.Item.ReferenceID]
	return own != nil && d.Item.ReferenceID != "" && own.item.Delta.Equal(d.Item.Delta)
}

// confirmed returns what earlier evidence and probes of the environment show of the scheme.
func (k *known) confirmed(e Environment) confirmed {
	var c confirmed
	for _, earlier := range k.earlier {
		if earlier.environment == e {
			for l := range levels {
				c[l] |= earlier.confirmed[l]
			}
		}
	}
	for _, p := range k.probes {
		if p.Environment.orLive() == e {
			c[levelItem] |= setOf(p.Item)
			c[levelBatch] |= setOf(p.Batch)
			c[levelCheckpoint] |= setOf(p.Checkpoint)
		}
	}
	return c
}

// billed returns how many deltas earlier evidence billed.
func (k *known) billed() int {
	n := 0
	for _, e := range k.earlier {
		n += e.deltas.len()
	}
	return n
}

// enter puts what earlier evidence billed into the ledger, as the places -1, -2 and so on.
func (k *known) enter(l *ledger, h Header) error {
	for i, e := range k.earlier {
		if e.account.CustomerID != h.Account.CustomerID {
			continue
		}
		at := place(-1 - i)
		for i := range e.deltas.len() {
			referenceID, recordID := e.deltas.at(i)
			if referenceID != "" {
				parsed, _ := parseReference(referenceID)
				name := l.named(referenceID, parsed)
				if _, _, _, err := l.refer(&name, at); err != nil {
					return err
				}
			}
			if recordID != "" {
				if _, _, _, err := l.record(recordID, l.tag(recordID), at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// reaches tells whether verified earlier evidence bills every day from the given one to the
// first day of this evidence, so that no other invoice can lie between. It goes by usage
// days and not by windows: days are hashed and expected, windows are only stated.
func (k *known) reaches(day usage.Date, h Header) bool {
	first := h.Days.First
	for i := len(k.earlier) - 1; i >= 0 && day.Before(first); i-- {
		if e := k.earlier[i]; e.verdict == Verified && e.precedes(h.Account.CustomerID, first) {
			first = e.days.First
		}
	}
	return !day.Before(first)
}

// precedes tells whether the evidence bills the customer up to the day before first.
func (e *Earlier) precedes(customerID string, first usage.Date) bool {
	return e.account.CustomerID == customerID && e.days.Last.AddDays(1) == first
}
