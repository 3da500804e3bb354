package metering

import (
	"context"
	"fmt"
	"iter"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

// ClosePeriod closes a period of an account as [pacspace.BalanceService.ClosePeriod] does,
// with what the outbox knows: resource and unit, what was sent (so that the evidence is
// whole), and what is outstanding. While a day of the period is open, or a delta of it or of
// an earlier day is not verified and not discarded, the error matches
// [pacspace.ErrOutstanding] and names it, unless p.CarryOutstanding says otherwise.
//
// Leave p's Resource, Unit, Submissions and Outstanding empty: they are the outbox's.
func (m *Meter) ClosePeriod(ctx context.Context, p pacspace.ClosePeriodParams, opts ...pacspace.CallOption) (*pacspace.Closing, error) {
	if p.Resource != "" || p.Unit != "" || p.Submissions != nil || p.Outstanding != nil {
		return nil, fmt.Errorf("metering: ClosePeriod: resource, unit, submissions and outstanding are the outbox's: leave them empty: %w", pacspace.ErrInvalid)
	}
	var account usage.Account
	err := m.store.View(ctx, func(tx Tx) (err error) {
		account, err = m.boundIn(ctx, tx, p.CustomerID)
		return err
	})
	if err != nil {
		return nil, wrap("ClosePeriod", err)
	}
	p.Resource, p.Unit = account.Resource, account.Unit
	p.Submissions, p.Outstanding = m.submitted(ctx, p.CustomerID), m.outstanding
	return m.client.Balance.ClosePeriod(ctx, p, opts...)
}

// submitted goes through all deltas of an account that were sent.
func (m *Meter) submitted(ctx context.Context, customerID string) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for d, err := range m.Deltas(ctx, DeltaQuery{CustomerID: customerID}) {
			if err == nil && (d.State == StateDiscarded || len(d.Body) == 0) {
				continue
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

// stateOpen is what is said of a day that is not closed.
const stateOpen = "open"

// outstanding lists what of a period is not settled: its open days, and the deltas of all
// days until its end, since one of an earlier day that is still under way is recorded in
// this window or a later one.
func (m *Meter) outstanding(ctx context.Context, customerID string, period pacspace.Period) ([]pacspace.Outstanding, error) {
	var out []pacspace.Outstanding
	for b, err := range m.Days(ctx, BucketQuery{CustomerID: customerID, From: period.First(), To: period.Last(), OpenOnly: true}) {
		if err != nil {
			return nil, err
		}
		out = append(out, pacspace.Outstanding{ReferenceID: usage.DailyReference(customerID, b.Day), State: stateOpen})
	}
	q := DeltaQuery{CustomerID: customerID, To: period.Last(), States: []State{StateFrozen, StateSent, StateUnknown, StateConfirmed, StateParked}}
	for d, err := range m.Deltas(ctx, q) {
		if err != nil {
			return nil, err
		}
		out = append(out, pacspace.Outstanding{ReferenceID: d.ReferenceID, State: string(d.State)})
	}
	return out, nil
}
