package reconcile

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/pages"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// MeterBooks takes a meter's store for one's own books: what it closed and did not discard.
// Days that are still open are not in it, so that usage which is about to go out is no
// mismatch; how late a meter is, its own status tells. It knows what was sent
// ([SentDeltas]) and lists its accounts ([AccountLister]).
func MeterBooks(store metering.Store) SystemOfRecord { return &meterBooks{store} }

type meterBooks struct{ store metering.Store }

var (
	_ SentDeltas    = (*meterBooks)(nil)
	_ AccountLister = (*meterBooks)(nil)
)

// sentStates are all states of a delta save the discarded.
var sentStates = [...]metering.State{
	metering.StateFrozen, metering.StateSent, metering.StateUnknown, metering.StateConfirmed, metering.StateVerified, metering.StateParked,
}

func (b *meterBooks) deltas(ctx context.Context, customerID string, days proof.Days) iter.Seq2[metering.OutboxDelta, error] {
	return pages.All(func(last *metering.OutboxDelta) (page []metering.OutboxDelta, err error) {
		q := metering.DeltaQuery{CustomerID: customerID, From: days.First, To: days.Last, States: sentStates[:]}
		if last != nil {
			q.AfterReferenceID = last.ReferenceID
		}
		err = b.store.View(ctx, func(tx metering.Tx) (err error) {
			page, err = tx.Deltas(ctx, q, pages.Size)
			return err
		})
		return page, err
	})
}

func (b *meterBooks) Balance(ctx context.Context, customerID string, days proof.Days) (decimal.Decimal, error) {
	var sum decimal.Decimal
	for d, err := range b.deltas(ctx, customerID, days) {
		if err != nil {
			return decimal.Decimal{}, err
		}
		sum = sum.Add(d.Amount)
	}
	return sum, nil
}

func (b *meterBooks) Sent(ctx context.Context, customerID string, days proof.Days) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for d, err := range b.deltas(ctx, customerID, days) {
			if err == nil && len(d.Body) == 0 {
				continue // no deltas can hold its amount: it is in the balance, and was never sent
			}
			var p pacspace.DeltaParams
			if err == nil {
				p, err = d.Params()
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func (b *meterBooks) Accounts(ctx context.Context, days proof.Days) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		seen := map[string]bool{}
		for bucket, err := range b.buckets(ctx, days) {
			if err != nil {
				yield("", err)
				return
			}
			if seen[bucket.CustomerID] {
				continue
			}
			seen[bucket.CustomerID] = true
			if !yield(bucket.CustomerID, nil) {
				return
			}
		}
	}
}

func (b *meterBooks) buckets(ctx context.Context, days proof.Days) iter.Seq2[metering.Bucket, error] {
	return pages.All(func(last *metering.Bucket) (page []metering.Bucket, err error) {
		q := metering.BucketQuery{From: days.First, To: days.Last}
		if last != nil {
			q.AfterDay, q.AfterCustomerID = last.Day, last.CustomerID
		}
		err = b.store.View(ctx, func(tx metering.Tx) (err error) {
			page, err = tx.Buckets(ctx, q, pages.Size)
			return err
		})
		return page, err
	})
}

// GateError is a day that is held back: with what would go out now, the record would not
// say what the books say. What to do: find which of both is wrong; the day goes out by
// itself once they agree.
type GateError struct {
	CustomerID string
	Day        usage.Date
	Books      decimal.Decimal // of the day, as it should stand in the record
	Record     decimal.Decimal // of the day, as it would stand
}

func (e *GateError) Error() string {
	return fmt.Sprintf("reconcile: gate: %s, %s: the books have %s and the record would have %s; the day is held until they agree", e.CustomerID, e.Day, e.Books, e.Record)
}

// Gate lets a meter emit a day only once it is reconciled: once what the record has of the
// day, and what would go out, add up to the balance of the system of record. Give it to
// [metering.WithGate]. It needs books that are not the meter's own; the error is a
// [*GateError] where they differ.
func (a *Agent) Gate() metering.Gate {
	return func(ctx context.Context, account usage.Account, day usage.Date, amount decimal.Decimal) error {
		if a.set.books == nil {
			return fmt.Errorf("reconcile: gate: there is no system of record; give New WithSystemOfRecord")
		}
		books, err := a.set.books.Balance(ctx, account.CustomerID, proof.Days{First: day, Last: day})
		if err != nil {
			return fmt.Errorf("reconcile: gate: balance of %s in the system of record: %w", account.CustomerID, err)
		}
		// Usage is positive in a meter and negative in the record.
		record := amount.Neg()
		err = a.store.View(ctx, func(tx Tx) error {
			record = amount.Neg()
			deltas, err := allDeltas(ctx, tx, DeltaQuery{CustomerID: account.CustomerID, From: day, To: day})
			for i := range deltas {
				if deltas[i].State == DeltaVerified {
					record = record.Add(deltas[i].Delta)
				}
			}
			return err
		})
		if err != nil {
			return wrap("gate", err)
		}
		if !record.Equal(books) {
			return &GateError{CustomerID: account.CustomerID, Day: day, Books: books, Record: record}
		}
		return nil
	}
}

// sectionRows is how many mismatches the section lists.
const sectionRows = 50

// Section is the agent's part of a meter's admin page: lag, events that cannot be read, open
// mismatches, and whether the alert function takes them. Proof roots are not in it.
func (a *Agent) Section() metering.Section {
	return metering.Section{Name: "Reconciliation", Read: func(ctx context.Context) (any, error) {
		status, err := a.Status(ctx)
		if err != nil {
			return nil, err
		}
		out := section{Status: status, LagSeconds: int64(status.Lag() / time.Second), Mismatches: []sectionRow{}}
		for m, err := range a.Mismatches(ctx, MismatchQuery{State: MismatchOpen}) {
			if err != nil {
				return nil, err
			}
			if len(out.Mismatches) == sectionRows {
				out.More = true
				break
			}
			row := sectionRow{Kind: m.Kind, CustomerID: m.CustomerID, Period: m.Period, Since: m.FirstSeen, Told: m.Told == m.Revision, TellError: m.TellError}
			if !m.hashes() {
				row.Expected, row.Found = m.Expected, m.Found
			}
			if m.First != nil {
				row.First = m.First.Day.String()
				if m.First.ReferenceID != "" {
					row.First = m.First.ReferenceID
				}
			}
			out.Mismatches = append(out.Mismatches, row)
		}
		return out, nil
	}}
}

type section struct {
	*Status
	LagSeconds int64        `json:"lagSeconds"`
	Mismatches []sectionRow `json:"mismatches"`
	More       bool         `json:"more,omitempty"`
}

type sectionRow struct {
	Kind       Kind         `json:"kind"`
	CustomerID string       `json:"customerId"`
	Period     usage.Period `json:"period"`
	Expected   string       `json:"expected,omitempty"`
	Found      string       `json:"found,omitempty"`
	First      string       `json:"first,omitempty"`
	Since      time.Time    `json:"since"`
	Told       bool         `json:"told"`
	TellError  string       `json:"tellError,omitempty"`
}
