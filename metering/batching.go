package metering

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/idem"
)

const (
	// leaseTime is for how long a batch belongs to one meter.
	leaseTime = 90 * time.Second
	// sendTime bounds one send, client retries included, so that it ends within the lease.
	sendTime = 75 * time.Second
)

// errFenced: another meter took the lease over. What this one learnt changes nothing.
var errFenced = errors.New("metering: the lease was taken over")

// batchBody is the body of a batch, as [pacspace.BalanceService.EmitBatch] sends it.
type batchBody struct {
	Deltas []pacspace.DeltaParams `json:"deltas"`
}

// params are the deltas of a batch in the order in which they are sent.
func (b *OutboxBatch) params() ([]pacspace.DeltaParams, error) {
	var body batchBody
	var err error
	if b.Single {
		body.Deltas = make([]pacspace.DeltaParams, 1)
		err = decode(b.Body, &body.Deltas[0])
	} else {
		err = decode(b.Body, &body)
	}
	if err != nil || len(body.Deltas) == 0 {
		return nil, fmt.Errorf("metering: batch %s: the stored body cannot be read: %w", b.ID, cmp.Or(err, errors.New("no deltas")))
	}
	return body.Deltas, nil
}

// members reads and locks the deltas of a batch, in the order in which they are sent,
// which is that of their references, so that no two transactions wait for each other. One
// that belongs to another batch by now is nil.
func (b *OutboxBatch) members(ctx context.Context, tx Tx) ([]*OutboxDelta, error) {
	params, err := b.params()
	if err != nil {
		return nil, err
	}
	members := make([]*OutboxDelta, len(params))
	for i, p := range params {
		d, err := tx.Delta(ctx, p.ReferenceID)
		if err != nil {
			return nil, err
		}
		if d.BatchID == b.ID {
			members[i] = d
		}
	}
	return members, nil
}

// newBatch makes a batch of deltas that are in none, and stores it.
func newBatch(ctx context.Context, tx Tx, deltas []OutboxDelta) (*OutboxBatch, error) {
	slices.SortFunc(deltas, func(a, b OutboxDelta) int { return cmp.Compare(a.ReferenceID, b.ReferenceID) })
	b := &OutboxBatch{Count: len(deltas), CreatedAt: tx.Now(), NotBefore: tx.Now()}
	if len(deltas) == 1 {
		b.Single, b.Body, b.Key = true, deltas[0].Body, deltas[0].Key
	} else {
		var body batchBody
		for i := range deltas {
			p, err := deltas[i].Params()
			if err != nil {
				return nil, err
			}
			body.Deltas = append(body.Deltas, p)
		}
		var err error
		if b.Body, err = canonical.Marshal(body); err != nil {
			return nil, err
		}
		b.Key = idem.Batch(b.Body)
	}
	// A key that was used for the same bytes before was refused: the service may answer it
	// with that refusal for ever.
	for {
		old, err := tx.Batch(ctx, b.Key)
		if errors.Is(err, ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		b.Key = pacspace.NextKey(old.Key)
	}
	b.ID = b.Key
	for i := range deltas {
		d := &deltas[i]
		d.BatchID, d.UpdatedAt = b.ID, tx.Now()
		if b.Single {
			d.Key = b.Key
		}
		if err := tx.PutDelta(ctx, d); err != nil {
			return nil, err
		}
	}
	return b, tx.PutBatch(ctx, b)
}

// readyPage is how many ready deltas are read for one batch, which takes one a customer.
const readyPage = 4 * pacspace.MaxBatchDeltas

// lease takes a batch that nobody holds, or makes one of what is ready; nil where there is
// nothing to send. A batch whose holder went away while it sent becomes unknown. look says
// that the service may have the deltas although none was sent yet: see [Meter.Restored].
func (m *Meter) lease(ctx context.Context) (got *OutboxBatch, look bool, err error) {
	err = m.store.Update(ctx, func(tx Tx) error {
		got, look = nil, false
		for got == nil {
			free, err := tx.FreeBatches(ctx, tx.Now(), 1)
			if err != nil {
				return err
			}
			if len(free) == 0 {
				break
			}
			if err := found(ctx, tx, &free[0]); err != nil {
				return err
			}
			if free[0].Done {
				if err := tx.PutBatch(ctx, &free[0]); err != nil {
					return err
				}
				continue
			}
			got = &free[0]
		}
		// What was refused before lets go first what never was, unless it is unknown: that has
		// to be stored, and its key grows old.
		if got == nil || got.Key != got.ID && !got.Unknown {
			fresh, err := assemble(ctx, tx)
			if err != nil {
				return err
			}
			if got = cmp.Or(fresh, got); got == nil {
				return nil
			}
		}
		got.Owner, got.LeaseEnd = m.owner, tx.Now().Add(leaseTime)
		got.Epoch++
		if err := tx.PutBatch(ctx, got); err != nil {
			return err
		}
		look, err = forgotten(ctx, tx, got)
		return err
	})
	return got, look, err
}

// found treats a batch that nobody holds: what was being sent when its lease ran out may
// have been recorded. A batch whose deltas were all told of by webhooks is done: to send it
// again would rest on the age of its key.
func found(ctx context.Context, tx Tx, b *OutboxBatch) error {
	members, err := b.members(ctx, tx)
	if err != nil {
		return err
	}
	b.Done = true
	for _, d := range members {
		if d == nil || !d.underWay() {
			continue
		}
		b.Done = false
		if d.State != StateSent {
			continue
		}
		b.Unknown = true
		d.State, d.UpdatedAt = StateUnknown, tx.Now()
		if err := tx.PutDelta(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// underWay tells whether the service's answer about a delta is still to come.
func (d *OutboxDelta) underWay() bool {
	return d.State == StateFrozen || d.State == StateSent || d.State == StateUnknown
}

// assemble makes a batch of ready deltas, at most one of each customer, since the service
// bounds how often one is written to.
func assemble(ctx context.Context, tx Tx) (*OutboxBatch, error) {
	ready, err := tx.ReadyDeltas(ctx, StateFrozen, tx.Now(), readyPage)
	if err != nil {
		return nil, err
	}
	customers := make(map[string]bool, len(ready))
	ready = slices.DeleteFunc(ready, func(d OutboxDelta) bool {
		again := customers[d.CustomerID]
		customers[d.CustomerID] = true
		return again
	})
	if len(ready) == 0 {
		return nil, nil
	}
	return newBatch(ctx, tx, ready[:min(len(ready), pacspace.MaxBatchDeltas)])
}

// begin stores that the batch is about to be sent. wait is how long the pace or a pause
// asks to wait instead; then the lease is given back.
func (m *Meter) begin(ctx context.Context, b *OutboxBatch) (wait time.Duration, err error) {
	err = m.fenced(ctx, b, func(tx Tx, b *OutboxBatch, members []*OutboxDelta) error {
		now := tx.Now()
		if b.Unknown && now.Sub(b.FirstSent) >= m.set.keyLifetime {
			wait = leaseTime // its key has grown too old since that was looked at
		} else if wait, err = m.mayNotSend(ctx, tx, true); err != nil {
			return err
		}
		if wait > 0 {
			b.LeaseEnd = time.Time{}
			return tx.PutBatch(ctx, b)
		}
		b.Attempts++
		if b.FirstSent.IsZero() {
			b.FirstSent = now
		}
		b.LeaseEnd = now.Add(leaseTime)
		for _, d := range members {
			if d == nil || !d.underWay() {
				continue // a webhook told of it already
			}
			d.State, d.FirstSent, d.UpdatedAt = StateSent, b.FirstSent, now
			d.Attempts++
			if err := tx.PutDelta(ctx, d); err != nil {
				return err
			}
		}
		return tx.PutBatch(ctx, b)
	})
	return wait, err
}

// renew keeps the lease while the deltas of a batch are looked for.
func (m *Meter) renew(ctx context.Context, b *OutboxBatch) error {
	return m.fenced(ctx, b, func(tx Tx, b *OutboxBatch, _ []*OutboxDelta) error {
		b.LeaseEnd = tx.Now().Add(leaseTime)
		return tx.PutBatch(ctx, b)
	})
}

// mayNotSend is how long a pause or the pace asks to wait.
func (m *Meter) mayNotSend(ctx context.Context, tx Tx, take bool) (time.Duration, error) {
	p, err := readPause(ctx, tx)
	if err != nil {
		return 0, err
	}
	if wait := p.Until.Sub(tx.Now()); wait > 0 {
		return wait, nil
	}
	return m.nextSend(ctx, tx, take)
}

// fenced runs fn on the batch as it is stored, if this meter still holds the lease that b
// was taken with, and copies what fn made of it to b. Every change to a batch under way
// goes through here.
func (m *Meter) fenced(ctx context.Context, b *OutboxBatch, fn func(Tx, *OutboxBatch, []*OutboxDelta) error) error {
	var after OutboxBatch
	err := m.store.Update(ctx, func(tx Tx) error {
		stored, err := tx.Batch(ctx, b.ID)
		if err != nil {
			return err
		}
		if stored.Owner != m.owner || stored.Epoch != b.Epoch || stored.Done {
			return errFenced
		}
		members, err := stored.members(ctx, tx)
		if err != nil {
			return err
		}
		if err := fn(tx, stored, members); err != nil {
			return err
		}
		after = *stored
		return nil
	})
	if err == nil {
		*b = after
	}
	return err
}
