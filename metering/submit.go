package metering

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/usage"
)

// MaxTotals is the most totals of one Submit.
const MaxTotals = 1_000_000

// submitPage is how many totals are stored in one transaction.
const submitPage = 500

// Total is what an account used on a day, as another system counted it.
type Total struct {
	CustomerID string
	// Amount is in the account's unit, usage positive. Zero is a statement, too: that
	// nothing was used.
	Amount decimal.Decimal
	// Metadata goes out with the delta. The names resource and unit are the account's.
	Metadata pacspace.Metadata
}

// Submission is what a Submit did.
type Submission struct {
	Day       usage.Date
	Unchanged int // totals that were known and say the same
	Fresh     int // accounts whose first total of the day this is
	Changed   int // totals that say something else: what went out is adjusted
	// Vanished are accounts that had a total other than zero before and have none now, by
	// their ids. Nothing is done about them: submit a zero for one that is right.
	Vanished []VanishedTotal
}

// VanishedTotal is a total that a later submission leaves out.
type VanishedTotal struct {
	CustomerID string
	Amount     decimal.Decimal // the total as it stands
}

// Submit takes the totals of a day from elsewhere, such as a query on a warehouse: all of
// them, each account once, in any order. They go out as [Meter.Run] or [Meter.Flush] finds
// them due: after the day and its grace, or at once where that is over. Until then a later
// submission replaces them.
//
// Submitting the same totals again changes nothing, so a job that failed is simply run
// again. Another total for an account whose delta is out becomes an adjustment of the
// difference. Totals that vanished are named in the result. An account's day is fed by
// totals or by events, never by both.
//
// All totals are read and checked before the first is stored: where one breaks a rule (an
// [*EventError]) or the iterator yields an error, nothing is. They are stored in several
// transactions: after an error of the store or an ended context, submit them again.
func (m *Meter) Submit(ctx context.Context, day usage.Date, totals iter.Seq2[Total, error]) (*Submission, error) {
	if m.closed.Load() {
		return nil, ErrClosed
	}
	now, err := m.store.Now(ctx)
	if err != nil {
		return nil, wrap("submit", err)
	}
	switch {
	case day.IsZero():
		return nil, fmt.Errorf("metering: submit: the day must be given: %w", pacspace.ErrInvalid)
	case day.Start().After(now.Add(FutureBound)):
		return nil, fmt.Errorf("metering: submit: day %s has not begun at %s: %w", day, stamp(now), pacspace.ErrInvalid)
	case day.End().Before(now.Add(-m.set.lateness)):
		return nil, fmt.Errorf("metering: submit: day %s is older than the lateness of %v allows at %s: %w", day, m.set.lateness, stamp(now), pacspace.ErrInvalid)
	}
	given, err := readTotals(ctx, totals)
	if err != nil {
		return nil, err
	}
	s := &Submission{Day: day}
	changed, err := m.compareTotals(ctx, s, given)
	if err != nil {
		return nil, wrap("submit", err)
	}
	// In one order, so that two who submit the same totals do not wait for each other.
	slices.SortFunc(changed, func(a, b givenTotal) int { return strings.Compare(a.CustomerID, b.CustomerID) })
	for len(changed) > 0 {
		n := min(len(changed), submitPage)
		if err := m.storeTotals(ctx, day, changed[:n]); err != nil {
			return nil, wrap("submit", err)
		}
		changed = changed[n:]
	}
	m.nudge()
	return s, nil
}

// givenTotal is a checked total.
type givenTotal struct {
	Total
	index    int
	metadata []byte
}

func readTotals(ctx context.Context, totals iter.Seq2[Total, error]) ([]givenTotal, error) {
	var given []givenTotal
	seen := map[string]bool{}
	for total, err := range totals {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("metering: submit: after %d totals: %w; nothing of the call was stored", len(given), err)
		}
		g := givenTotal{Total: total, index: len(given)}
		rule := g.check()
		switch {
		case rule == "" && seen[total.CustomerID]:
			rule = "the customer has a total already: give each account once, with its whole sum"
		case rule == "" && len(given) == MaxTotals:
			rule = fmt.Sprintf("at most %d totals can be submitted at once", MaxTotals)
		}
		if rule != "" {
			return nil, &EventError{Index: g.index, ID: total.CustomerID, Rule: rule}
		}
		seen[total.CustomerID] = true
		given = append(given, g)
	}
	return given, nil
}

// check names the rule that a total breaks, "" for none.
func (g *givenTotal) check() string {
	if err := usage.ValidateCustomerID(g.CustomerID); err != nil {
		return "customerId: " + err.Error()
	}
	for _, name := range []string{metaResource, metaUnit} {
		if _, there := g.Metadata[name]; there {
			return fmt.Sprintf("metadata: %q is the account's and is set by Bind", name)
		}
	}
	if g.Metadata != nil {
		var err error
		if g.metadata, err = canonical.Marshal(g.Metadata); err != nil {
			return "metadata: " + err.Error()
		}
		if len(g.metadata) > maxMetadata {
			return fmt.Sprintf("metadata: must have at most %d bytes", maxMetadata)
		}
	}
	return checkAmount(g.Amount)
}

// maxMetadata bounds a total's metadata, so that a hundred deltas fit one request.
const maxMetadata = 4096

// compareTotals holds the totals to what is known of the day and returns those that say
// something new. Their accounts are bound by then.
func (m *Meter) compareTotals(ctx context.Context, s *Submission, given []givenTotal) ([]givenTotal, error) {
	known := map[string]Bucket{}
	for b, err := range m.Days(ctx, BucketQuery{From: s.Day, To: s.Day}) {
		if err != nil {
			return nil, err
		}
		b.Dimensions, b.Metadata = nil, nil
		known[b.CustomerID] = b
	}
	var changed []givenTotal
	var fresh []string
	for _, g := range given {
		b, there := known[g.CustomerID]
		switch {
		case there && !b.Totals:
			return nil, fedByEvents(g)
		case !there:
			s.Fresh++
			fresh = append(fresh, g.CustomerID)
			changed = append(changed, g)
		case !b.total().Equal(g.Amount):
			s.Changed++
			changed = append(changed, g)
		default:
			s.Unchanged++
		}
		delete(known, g.CustomerID)
	}
	for len(fresh) > 0 {
		n := min(len(fresh), submitPage)
		if err := m.bind(ctx, fresh[:n]); err != nil {
			return nil, err
		}
		fresh = fresh[n:]
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if b := known[id]; b.Totals && !b.total().IsZero() {
			s.Vanished = append(s.Vanished, VanishedTotal{CustomerID: id, Amount: b.total()})
		}
	}
	return changed, nil
}

func fedByEvents(g givenTotal) error {
	return &EventError{Index: g.index, ID: g.CustomerID, Rule: "the account's day is fed by events: a total would count them twice"}
}

// total is what an account used on the day, as far as it is known.
func (b *Bucket) total() decimal.Decimal { return b.Frozen.Add(b.Open) }

// storeTotals stores totals in one transaction.
func (m *Meter) storeTotals(ctx context.Context, day usage.Date, totals []givenTotal) error {
	return m.store.Update(ctx, func(tx Tx) error {
		for _, g := range totals {
			b, err := tx.Bucket(ctx, g.CustomerID, day)
			switch {
			case errors.Is(err, ErrNotFound):
				b = &Bucket{CustomerID: g.CustomerID, Day: day, Totals: true}
			case err != nil:
				return err
			case !b.Totals:
				return fedByEvents(g)
			}
			b.Open, b.Metadata = g.Amount.Sub(b.Frozen), g.metadata
			switch {
			case b.Open.IsZero():
				b.Due, b.Metadata = time.Time{}, nil
			case b.Due.IsZero():
				b.Due = m.dueTotal(g.CustomerID, day, tx.Now())
			}
			if err := tx.PutBucket(ctx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// dueTotal is when a total may go out: after the day's grace, or at once where that is over.
func (m *Meter) dueTotal(customerID string, day usage.Date, now time.Time) time.Time {
	due := day.End().Add(m.set.grace + m.spreadOf(customerID))
	if due.Before(now) {
		return now
	}
	return due
}
