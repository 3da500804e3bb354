package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/internal/memtx"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

// tx is a transaction of a store whose lock is held.
type tx struct {
	*Store
	*memtx.Tx
}

func (t *tx) Setting(_ context.Context, name string) (string, error) { return t.settings[name], nil }

func (t *tx) SetSetting(_ context.Context, name, value string) error {
	return memtx.Put(t.Tx, t.settings, name, value)
}

func (t *tx) BindAccount(_ context.Context, a usage.Account) (usage.Account, error) {
	if bound, ok := t.accounts[a.CustomerID]; ok {
		return bound, nil
	}
	return a, memtx.Put(t.Tx, t.accounts, a.CustomerID, a)
}

func (t *tx) Account(_ context.Context, customerID string) (usage.Account, error) {
	a, ok := t.accounts[customerID]
	if !ok {
		return a, metering.ErrNotFound
	}
	return a, nil
}

func (t *tx) Bucket(_ context.Context, customerID string, day usage.Date) (*metering.Bucket, error) {
	b, ok := t.buckets[dayKey{customerID, day}]
	if !ok {
		return nil, metering.ErrNotFound
	}
	return new(cloneBucket(b)), nil
}

func (t *tx) PutBucket(_ context.Context, b *metering.Bucket) error {
	return memtx.Put(t.Tx, t.buckets, dayKey{b.CustomerID, b.Day}, cloneBucket(*b))
}

func (t *tx) DueBuckets(_ context.Context, now time.Time, limit int) ([]metering.Bucket, error) {
	return list(t.buckets, limit, cloneBucket, func(b *metering.Bucket) bool {
		return !b.Due.IsZero() && !b.Due.After(now)
	}, func(a, b *metering.Bucket) int {
		return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.CustomerID, b.CustomerID), a.Day.Compare(b.Day))
	}), nil
}

func (t *tx) Buckets(_ context.Context, q metering.BucketQuery, limit int) ([]metering.Bucket, error) {
	return list(t.buckets, limit, cloneBucket, func(b *metering.Bucket) bool {
		after := cmp.Or(b.Day.Compare(q.AfterDay), strings.Compare(b.CustomerID, q.AfterCustomerID)) > 0
		return (q.CustomerID == "" || q.CustomerID == b.CustomerID) && within(b.Day, q.From, q.To) &&
			(!q.OpenOnly || !b.Due.IsZero()) && (!q.TotalsOnly || b.Totals) && (q.AfterDay.IsZero() || after)
	}, func(a, b *metering.Bucket) int {
		return cmp.Or(a.Day.Compare(b.Day), strings.Compare(a.CustomerID, b.CustomerID))
	}), nil
}

func (t *tx) Delta(_ context.Context, referenceID string) (*metering.OutboxDelta, error) {
	d, ok := t.deltas[referenceID]
	if !ok {
		return nil, metering.ErrNotFound
	}
	return new(cloneDelta(d)), nil
}

func (t *tx) PutDelta(_ context.Context, d *metering.OutboxDelta) error {
	return memtx.Put(t.Tx, t.deltas, d.ReferenceID, cloneDelta(*d))
}

func (t *tx) ReadyDeltas(_ context.Context, state metering.State, now time.Time, limit int) ([]metering.OutboxDelta, error) {
	return list(t.deltas, limit, cloneDelta, func(d *metering.OutboxDelta) bool {
		return d.State == state && !d.NotBefore.After(now) && (state != metering.StateFrozen || d.BatchID == "")
	}, func(a, b *metering.OutboxDelta) int {
		return cmp.Or(a.NotBefore.Compare(b.NotBefore), strings.Compare(a.ReferenceID, b.ReferenceID))
	}), nil
}

func (t *tx) Deltas(_ context.Context, q metering.DeltaQuery, limit int) ([]metering.OutboxDelta, error) {
	return list(t.deltas, limit, cloneDelta, func(d *metering.OutboxDelta) bool {
		return (q.CustomerID == "" || q.CustomerID == d.CustomerID) && within(d.Day, q.From, q.To) &&
			(len(q.States) == 0 || slices.Contains(q.States, d.State)) &&
			(q.BatchID == "" || q.BatchID == d.BatchID) && (q.RecordID == "" || q.RecordID == d.RecordID) &&
			d.ReferenceID > q.AfterReferenceID
	}, func(a, b *metering.OutboxDelta) int { return strings.Compare(a.ReferenceID, b.ReferenceID) }), nil
}

func (t *tx) CountDeltas(context.Context) ([]metering.StateCount, error) {
	counts := map[metering.State]metering.StateCount{}
	for _, d := range t.deltas {
		c := counts[d.State]
		if c.Count == 0 || d.CreatedAt.Before(c.Oldest) {
			c.Oldest = d.CreatedAt
		}
		c.State = d.State
		c.Count++
		counts[d.State] = c
	}
	return slices.SortedFunc(maps.Values(counts), func(a, b metering.StateCount) int { return cmp.Compare(a.State, b.State) }), nil
}

func (t *tx) CountOpen(_ context.Context, now time.Time) (metering.OpenCount, error) {
	var c metering.OpenCount
	for _, b := range t.buckets {
		if b.Due.IsZero() {
			continue
		}
		c.Open++
		if !b.Due.After(now) {
			c.Due++
		}
		if c.Oldest.IsZero() || b.Due.Before(c.Oldest) {
			c.Oldest = b.Due
		}
	}
	return c, nil
}

func (t *tx) Batch(_ context.Context, id string) (*metering.OutboxBatch, error) {
	b, ok := t.batches[id]
	if !ok {
		return nil, metering.ErrNotFound
	}
	return new(cloneBatch(b)), nil
}

func (t *tx) PutBatch(_ context.Context, b *metering.OutboxBatch) error {
	return memtx.Put(t.Tx, t.batches, b.ID, cloneBatch(*b))
}

func (t *tx) FreeBatches(_ context.Context, now time.Time, limit int) ([]metering.OutboxBatch, error) {
	return list(t.batches, limit, cloneBatch, func(b *metering.OutboxBatch) bool {
		return !b.Done && !b.NotBefore.After(now) && !b.LeaseEnd.After(now)
	}, func(a, b *metering.OutboxBatch) int {
		return cmp.Or(unknownFirst(a, b), a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	}), nil
}

func unknownFirst(a, b *metering.OutboxBatch) int {
	switch {
	case a.Unknown == b.Unknown:
		return 0
	case a.Unknown:
		return -1
	default:
		return 1
	}
}

// list is [memtx.List] with copies, so that no caller writes into the store.
func list[K comparable, V any](m map[K]V, limit int, clone func(V) V, wanted func(*V) bool, order func(a, b *V) int) []V {
	out := memtx.List(m, limit, wanted, order)
	for i := range out {
		out[i] = clone(out[i])
	}
	return out
}

func within(day, from, to usage.Date) bool {
	return (from.IsZero() || !day.Before(from)) && (to.IsZero() || !day.After(to))
}
