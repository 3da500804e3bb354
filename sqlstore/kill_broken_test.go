//go:build unix

package sqlstore_test

import (
	"context"
	"sync"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
)

// The broken copies. Each breaks one thing that a meter must do, and the harness must
// notice.
const (
	brokenAck      = "acknowledges before the commit"
	brokenTwice    = "ids and sums in two transactions"
	brokenRegroup  = "a batch is made anew after a crash"
	brokenKeys     = "a key is used past its age"
	brokenUnfenced = "a lease without fencing"
)

// spoil puts a mistake between a meter and its store.
func spoil(what string, s *trapped) (metering.Store, []metering.Option) {
	switch what {
	case brokenAck:
		return &hasty{s}, nil
	case brokenTwice:
		return &split{s}, nil
	case brokenRegroup:
		return &rewritten{s, func(tx metering.Tx) metering.Tx { return &regrouping{tx} }}, nil
	case brokenKeys:
		return s, []metering.Option{metering.WithKeyLifetime(30 * 24 * time.Hour)}
	case brokenUnfenced:
		own := &ownLeases{held: map[string]metering.OutboxBatch{}}
		return &rewritten{s, func(tx metering.Tx) metering.Tx { return &unfenced{tx, own} }}, nil
	}
	return s, nil
}

// hasty answers and commits later.
type hasty struct{ *trapped }

func (s *hasty) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	go func() { _, _ = s.trapped.Record(ctx, entries) }()
	out := make([]metering.Recorded, len(entries))
	for i := range out {
		out[i] = metering.RecordedNew
	}
	return out, nil
}

// split marks ids as seen in one transaction and adds their amounts in another.
type split struct{ *trapped }

func (s *split) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	marks := make([]metering.Entry, len(entries))
	for i, e := range entries {
		e.Amount = decimal.Decimal{}
		marks[i] = e
	}
	out, err := s.trapped.Record(ctx, marks)
	if err != nil {
		return nil, err
	}
	return out, s.Update(ctx, func(tx metering.Tx) error {
		for i, e := range entries {
			if out[i] != metering.RecordedNew {
				continue
			}
			b, err := tx.Bucket(ctx, e.CustomerID, e.Day)
			if err != nil {
				return err
			}
			b.Open = b.Open.Add(e.Amount)
			if b.Due.IsZero() {
				b.Due = e.Due
			}
			if err := tx.PutBucket(ctx, b); err != nil {
				return err
			}
		}
		return nil
	})
}

// rewritten gives the meter other transactions.
type rewritten struct {
	*trapped
	tx func(metering.Tx) metering.Tx
}

func (s *rewritten) Update(ctx context.Context, fn func(metering.Tx) error) error {
	return s.trapped.Update(ctx, func(tx metering.Tx) error { return fn(s.tx(tx)) })
}

// regrouping takes a batch that was left behind apart, so that its deltas go out in another
// one, under another key.
type regrouping struct{ metering.Tx }

func (t *regrouping) FreeBatches(ctx context.Context, now time.Time, limit int) ([]metering.OutboxBatch, error) {
	free, err := t.Tx.FreeBatches(ctx, now, limit)
	if err != nil {
		return nil, err
	}
	for i := range free {
		b := &free[i]
		members, err := t.Deltas(ctx, metering.DeltaQuery{BatchID: b.ID}, 100)
		if err != nil {
			return nil, err
		}
		for j := range members {
			d := &members[j]
			if d.State != metering.StateSent && d.State != metering.StateUnknown && d.State != metering.StateFrozen {
				continue
			}
			d.State, d.BatchID, d.FirstSent = metering.StateFrozen, "", time.Time{}
			if err := t.PutDelta(ctx, d); err != nil {
				return nil, err
			}
		}
		b.Done = true
		if err := t.PutBatch(ctx, b); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// unfenced believes that it still holds whatever it held once.
type unfenced struct {
	metering.Tx
	own *ownLeases
}

type ownLeases struct {
	mu   sync.Mutex
	held map[string]metering.OutboxBatch
}

func (t *unfenced) Batch(ctx context.Context, id string) (*metering.OutboxBatch, error) {
	b, err := t.Tx.Batch(ctx, id)
	if err != nil {
		return nil, err
	}
	t.own.mu.Lock()
	defer t.own.mu.Unlock()
	if held, ok := t.own.held[id]; ok {
		b.Owner, b.Epoch, b.Done = held.Owner, held.Epoch, false
	}
	return b, nil
}

func (t *unfenced) PutBatch(ctx context.Context, b *metering.OutboxBatch) error {
	t.own.mu.Lock()
	t.own.held[b.ID] = *b
	t.own.mu.Unlock()
	return t.Tx.PutBatch(ctx, b)
}
