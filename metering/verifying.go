package metering

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/webhook"
)

const (
	leastPoll = 2 * time.Second
	mostPoll  = 15 * time.Minute
	pollPage  = 50
)

// poll asks the service about confirmed deltas that are to be asked about by then: soon at
// first, then ever less often. It tells whether there may be more of them, so that sending
// does not wait for all.
func (m *Meter) poll(ctx context.Context, then time.Time) (more bool, err error) {
	var due []OutboxDelta
	err = m.store.Update(ctx, func(tx Tx) (err error) {
		if due, err = tx.ReadyDeltas(ctx, StateConfirmed, then, pollPage); err != nil {
			return err
		}
		for i := range due {
			d := &due[i]
			// Pushed on before it is asked, so that replicas do not ask twice.
			d.NotBefore = tx.Now().Add(min(max(tx.Now().Sub(d.UpdatedAt), leastPoll), mostPoll))
			if err := tx.PutDelta(ctx, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	for i := range due {
		if asked, err := m.askStatus(ctx, &due[i]); err != nil || !asked {
			return false, err
		}
	}
	return len(due) == pollPage, nil
}

// askStatus asks about one delta, and tells whether the service answered.
func (m *Meter) askStatus(ctx context.Context, d *OutboxDelta) (bool, error) {
	var listed *pacspace.Delta
	var err error
	if d.RecordID != "" {
		listed, err = m.client.Balance.Status(ctx, d.RecordID, pacspace.WithMaxRetries(0))
	} else {
		var p pacspace.DeltaParams
		if p, err = d.Params(); err == nil {
			listed, err = m.find(ctx, p, d.FirstSent)
		}
	}
	switch {
	case errors.Is(err, pacspace.ErrReferenceConflict):
		return true, m.unlike(ctx, d, err)
	case errors.Is(err, pacspace.ErrNotFound) || err == nil && listed == nil:
		return true, m.unlisted(ctx, d)
	case err != nil && ctx.Err() != nil:
		return false, err
	case err != nil:
		m.tell(ctx, Change{Kind: ChangeFailed, CustomerID: d.CustomerID, Day: d.Day, ReferenceID: d.ReferenceID, Err: err})
		return false, nil // asked again in its time
	case !listed.Status.Final():
		return true, nil
	}
	err = m.settle(ctx, d.ReferenceID, itemOf(listed), func(d *OutboxDelta) error { return d.toldBy(listed) })
	if _, differs := errors.AsType[*DeltaMismatchError](err); differs {
		m.tell(ctx, Change{Kind: ChangeFailed, CustomerID: d.CustomerID, Day: d.Day, ReferenceID: d.ReferenceID, Err: err})
		return true, nil // it stays outstanding, and is asked about again
	}
	return true, err
}

// toldBy holds a status to what was sent, as far as it says it.
//
// Source: API contract, section 2.4, which leaves open what a status repeats.
func (d *OutboxDelta) toldBy(status *pacspace.Delta) error {
	if !status.Status.Is(pacspace.StatusVerified) ||
		(status.Delta.IsZero() || status.Delta.Equal(d.Amount)) && (status.CustomerID == "" || status.CustomerID == d.CustomerID) {
		return nil
	}
	return &DeltaMismatchError{ReferenceID: d.ReferenceID, SentCustomerID: d.CustomerID, ToldCustomerID: status.CustomerID, Sent: d.Amount, Told: status.Delta}
}

// unlisted parks a delta that was accepted without a record id and is not listed after all
// the time for which its key was trusted: the service lists no deltas that failed, so nobody
// would ever hear of it. Any other one is asked about again.
func (m *Meter) unlisted(ctx context.Context, seen *OutboxDelta) error {
	return m.confirmed(ctx, seen, func(s *step, d *OutboxDelta) error {
		if d.RecordID != "" || s.tx.Now().Sub(d.FirstSent) < m.set.keyLifetime {
			return nil
		}
		return s.move(ctx, d, StateParked, CodeUnverified, "the service accepted it without a record id and does not list it: find out whether it was recorded, then Retry with NotRecorded, or Discard")
	})
}

// unlike parks a delta that was accepted although another one stands under its reference.
func (m *Meter) unlike(ctx context.Context, seen *OutboxDelta, cause error) error {
	return m.confirmed(ctx, seen, func(s *step, d *OutboxDelta) error { return s.differs(ctx, d, cause.Error()) })
}

// confirmed runs fn on a delta if it is still confirmed and no more.
func (m *Meter) confirmed(ctx context.Context, seen *OutboxDelta, fn func(*step, *OutboxDelta) error) error {
	var changes []Change
	err := m.store.Update(ctx, func(tx Tx) error {
		changes = nil
		d, err := tx.Delta(ctx, seen.ReferenceID)
		if err != nil || d.State != StateConfirmed {
			return err
		}
		s := &step{m: m, tx: tx}
		err = fn(s, d)
		changes = s.changes
		return err
	})
	if err == nil {
		m.tell(ctx, changes...)
	}
	return err
}

// settle stores that the service says VERIFIED or FAILED of a delta, whoever told of it,
// and however little was known of the delta. What is told twice changes nothing.
func (m *Meter) settle(ctx context.Context, referenceID string, it item, check func(*OutboxDelta) error) error {
	var changes []Change
	err := m.store.Update(ctx, func(tx Tx) error {
		changes = nil
		d, err := tx.Delta(ctx, referenceID)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(d); err != nil {
				return err
			}
		}
		switch {
		case d.State == StateDiscarded && it.status.Is(pacspace.StatusVerified) && d.ErrorCode != CodeRecorded:
			return fmt.Errorf("metering: %s: %w: the service verified it, and it was discarded here: alert an operator", d.ReferenceID, pacspace.ErrConflict)
		case d.State == StateVerified || d.State == StateDiscarded:
			return nil
		case d.ErrorCode == CodeFailed && it.status.Is(pacspace.StatusFailed):
			return nil
		}
		s := &step{m: m, tx: tx}
		d.adopt(it)
		if it.status.Is(pacspace.StatusFailed) {
			err = s.move(ctx, d, StateParked, CodeFailed, noteFailed(it.code))
		} else {
			err = s.move(ctx, d, StateVerified, "", "")
		}
		changes = s.changes
		return err
	})
	if err == nil {
		m.tell(ctx, changes...)
	}
	return err
}

// ErrUnknownDelta: an event is about a delta that this meter never made. What to do: leave
// it, where another program writes under the same API key; else alert an operator.
var ErrUnknownDelta = errors.New("metering: no such delta in the outbox")

// DeltaMismatchError is an event that tells of another amount or customer than was sent
// under its reference. The row stays as it was. What to do: alert an operator, who compares
// the record with what was sent; nothing is billed by the event's amount.
type DeltaMismatchError struct {
	ReferenceID                    string
	SentCustomerID, ToldCustomerID string
	Sent, Told                     decimal.Decimal
}

func (e *DeltaMismatchError) Error() string {
	return fmt.Sprintf("metering: %s: sent %s for customer %s, the service tells of %s for %s: alert an operator", e.ReferenceID, e.Sent, e.SentCustomerID, e.Told, e.ToldCustomerID)
}

// Verified takes a delta.verified event from a webhook, which spares the meter from asking.
// It may come before the answer to the request, twice, or late: each changes nothing more.
// An event without a known reference is [ErrUnknownDelta], one with another amount or
// customer a [*DeltaMismatchError], one about a delta that was discarded matches
// [pacspace.ErrConflict]; a person should know of each.
func (m *Meter) Verified(ctx context.Context, e *webhook.DeltaVerified) error {
	it := item{status: pacspace.StatusVerified, recordID: e.RecordID, receiptID: e.ReceiptID, contentHash: e.ContentHash}
	return m.told(ctx, e.ReferenceID, it, func(d *OutboxDelta) error {
		if d.CustomerID != e.CustomerID || !d.Amount.Equal(e.Delta) {
			return &DeltaMismatchError{ReferenceID: d.ReferenceID, SentCustomerID: d.CustomerID, ToldCustomerID: e.CustomerID, Sent: d.Amount, Told: e.Delta}
		}
		return nil
	})
}

// Failed takes a delta.failed event from a webhook: the delta is parked. Its errors are
// those of Verified.
func (m *Meter) Failed(ctx context.Context, e *webhook.DeltaFailed) error {
	it := item{status: pacspace.StatusFailed, recordID: e.RecordID, code: e.Error}
	return m.told(ctx, e.ReferenceID, it, nil)
}

func (m *Meter) told(ctx context.Context, referenceID string, it item, check func(*OutboxDelta) error) error {
	err := m.settle(ctx, referenceID, it, check)
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: reference %q", ErrUnknownDelta, referenceID)
	}
	if err == nil {
		m.nudge()
	}
	return wrap("event", err)
}
