// Package memstore is a [metering.Store] in memory, for tests: nothing of it survives the
// process. It behaves as the stores of module sqlstore do and passes the same suite.
package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/internal/memtx"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

// Store keeps everything in maps behind one lock, so its transactions follow each other.
// Make one with [New].
type Store struct {
	*memtx.DB

	settings map[string]string
	accounts map[string]usage.Account
	seen     map[string]seen
	buckets  map[dayKey]metering.Bucket
	deltas   map[string]metering.OutboxDelta
	batches  map[string]metering.OutboxBatch
}

type seen struct {
	fingerprint uint64
	arrived     time.Time
}

type dayKey struct {
	customerID string
	day        usage.Date
}

// New makes an empty store with a clock, such as time.Now.
func New(now func() time.Time) *Store {
	return &Store{
		DB:       memtx.New(now),
		settings: map[string]string{},
		accounts: map[string]usage.Account{},
		seen:     map[string]seen{},
		buckets:  map[dayKey]metering.Bucket{},
		deltas:   map[string]metering.OutboxDelta{},
		batches:  map[string]metering.OutboxBatch{},
	}
}

// Record adds events to their buckets; see [metering.Store].
func (s *Store) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	out := make([]metering.Recorded, len(entries))
	err := s.DB.Update(ctx, func(t *memtx.Tx) error {
		for i, e := range entries {
			old, known := s.seen[e.ID]
			switch {
			case known && old.fingerprint == e.Fingerprint:
				out[i] = metering.RecordedDuplicate
			case known:
				out[i] = metering.RecordedConflict
			case s.buckets[dayKey{e.CustomerID, e.Day}].Totals:
				return &metering.TotalsError{CustomerID: e.CustomerID, Day: e.Day}
			default:
				out[i] = metering.RecordedNew
				if err := memtx.Put(t, s.seen, e.ID, seen{e.Fingerprint, t.Now()}); err != nil {
					return err
				}
				if err := s.add(t, e); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Store) add(t *memtx.Tx, e metering.Entry) error {
	key := dayKey{e.CustomerID, e.Day}
	b, ok := s.buckets[key]
	if !ok {
		b = metering.Bucket{CustomerID: e.CustomerID, Day: e.Day}
	}
	b = cloneBucket(b)
	at := memtx.Instant(e.Time)
	b.Open = b.Open.Add(e.Amount)
	b.Count++
	for name, value := range e.Dimensions {
		b.Dimensions.Add(name, value)
	}
	if b.First.IsZero() || at.Before(b.First) {
		b.First = at
	}
	if at.After(b.Last) {
		b.Last = at
	}
	if b.Due.IsZero() {
		b.Due = memtx.Instant(e.Due)
	}
	return memtx.Put(t, s.buckets, key, b)
}

// Update runs fn under the lock and undoes what it did where it fails.
func (s *Store) Update(ctx context.Context, fn func(metering.Tx) error) error {
	return s.DB.Update(ctx, func(t *memtx.Tx) error { return fn(&tx{s, t}) })
}

// View runs fn under the lock; what it writes is refused.
func (s *Store) View(ctx context.Context, fn func(metering.Tx) error) error {
	return s.DB.View(ctx, func(t *memtx.Tx) error { return fn(&tx{s, t}) })
}

// Sweep forgets ids that arrived before the instant.
func (s *Store) Sweep(ctx context.Context, before time.Time) (n int, err error) {
	err = s.DB.Update(ctx, func(t *memtx.Tx) error {
		for id, e := range s.seen {
			if !e.arrived.Before(before) {
				continue
			}
			if err := memtx.Delete(t, s.seen, id); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func cloneBucket(b metering.Bucket) metering.Bucket {
	if b.Dimensions != nil {
		d := make(metering.Dimensions, len(b.Dimensions))
		for name, values := range b.Dimensions {
			d[name] = slices.Clone(values)
		}
		b.Dimensions = d
	}
	b.Metadata = slices.Clone(b.Metadata)
	b.First, b.Last, b.Due = memtx.Instant(b.First), memtx.Instant(b.Last), memtx.Instant(b.Due)
	return b
}

func cloneDelta(d metering.OutboxDelta) metering.OutboxDelta {
	d.Body = slices.Clone(d.Body)
	d.FirstSent, d.NotBefore = memtx.Instant(d.FirstSent), memtx.Instant(d.NotBefore)
	d.CreatedAt, d.UpdatedAt = memtx.Instant(d.CreatedAt), memtx.Instant(d.UpdatedAt)
	return d
}

func cloneBatch(b metering.OutboxBatch) metering.OutboxBatch {
	b.Body = slices.Clone(b.Body)
	b.FirstSent, b.NotBefore = memtx.Instant(b.FirstSent), memtx.Instant(b.NotBefore)
	b.LeaseEnd, b.CreatedAt = memtx.Instant(b.LeaseEnd), memtx.Instant(b.CreatedAt)
	return b
}
