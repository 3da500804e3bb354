// Package memstore is a [metering.Store] in memory, for tests: nothing of it survives the
// process. It behaves as the stores of module sqlstore do and passes the same suite.
package memstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

// Store keeps everything in maps behind one lock, so its transactions follow each other.
// Make one with [New].
type Store struct {
	now func() time.Time

	mu       sync.Mutex
	floor    time.Time
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
		now:      now,
		settings: map[string]string{},
		accounts: map[string]usage.Account{},
		seen:     map[string]seen{},
		buckets:  map[dayKey]metering.Bucket{},
		deltas:   map[string]metering.OutboxDelta{},
		batches:  map[string]metering.OutboxBatch{},
	}
}

// tick reads the clock, which never goes back.
func (s *Store) tick() time.Time {
	if now := s.now().UTC().Truncate(time.Microsecond); now.After(s.floor) {
		s.floor = now
	}
	return s.floor
}

// Now is the clock that New was given, held to go forward.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tick(), ctx.Err()
}

// Record adds events to their buckets; see [metering.Store].
func (s *Store) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := s.tick()
	for _, e := range entries {
		if _, known := s.seen[e.ID]; known {
			continue
		}
		if s.buckets[dayKey{e.CustomerID, e.Day}].Totals {
			return nil, &metering.TotalsError{CustomerID: e.CustomerID, Day: e.Day}
		}
	}
	out := make([]metering.Recorded, len(entries))
	for i, e := range entries {
		old, known := s.seen[e.ID]
		switch {
		case known && old.fingerprint == e.Fingerprint:
			out[i] = metering.RecordedDuplicate
		case known:
			out[i] = metering.RecordedConflict
		default:
			out[i] = metering.RecordedNew
			s.seen[e.ID] = seen{e.Fingerprint, now}
			s.add(e)
		}
	}
	return out, nil
}

func (s *Store) add(e metering.Entry) {
	key := dayKey{e.CustomerID, e.Day}
	b, ok := s.buckets[key]
	if !ok {
		b = metering.Bucket{CustomerID: e.CustomerID, Day: e.Day}
	}
	b = cloneBucket(b)
	at := e.Time.UTC().Truncate(time.Microsecond)
	b.Open = b.Open.Add(e.Amount)
	b.Count++
	for name, value := range e.Dimensions {
		if b.Dimensions == nil {
			b.Dimensions = map[string][]string{}
		}
		b.Dimensions[name] = with(b.Dimensions[name], value)
	}
	if b.First.IsZero() || at.Before(b.First) {
		b.First = at
	}
	if at.After(b.Last) {
		b.Last = at
	}
	if b.Due.IsZero() {
		b.Due = e.Due.UTC().Truncate(time.Microsecond)
	}
	s.buckets[key] = b
}

// with keeps the smallest values, so that the order of arrival changes nothing.
func with(values []string, value string) []string {
	at, found := slices.BinarySearch(values, value)
	if found {
		return values
	}
	values = slices.Insert(values, at, value)
	return values[:min(len(values), metering.MaxDimensionValues)]
}

// Update runs fn under the lock and undoes what it did where it fails.
func (s *Store) Update(ctx context.Context, fn func(metering.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := &tx{Store: s, at: s.tick()}
	done := false
	defer func() {
		if !done {
			tx.rollback()
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := errors.Join(tx.failed, ctx.Err()); err != nil {
		return err
	}
	done = true
	return nil
}

// View runs fn under the lock; what it writes is refused.
func (s *Store) View(ctx context.Context, fn func(metering.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := &tx{Store: s, at: s.tick(), readOnly: true}
	return errors.Join(fn(tx), tx.failed)
}

// Sweep forgets ids that arrived before the instant.
func (s *Store) Sweep(ctx context.Context, before time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.seen)
	maps.DeleteFunc(s.seen, func(_ string, e seen) bool { return e.arrived.Before(before) })
	return n - len(s.seen), ctx.Err()
}

func cloneBucket(b metering.Bucket) metering.Bucket {
	if b.Dimensions != nil {
		d := make(map[string][]string, len(b.Dimensions))
		for name, values := range b.Dimensions {
			d[name] = slices.Clone(values)
		}
		b.Dimensions = d
	}
	b.Metadata = slices.Clone(b.Metadata)
	b.First, b.Last, b.Due = instant(b.First), instant(b.Last), instant(b.Due)
	return b
}

func cloneDelta(d metering.OutboxDelta) metering.OutboxDelta {
	d.Body = slices.Clone(d.Body)
	d.FirstSent, d.NotBefore = instant(d.FirstSent), instant(d.NotBefore)
	d.CreatedAt, d.UpdatedAt = instant(d.CreatedAt), instant(d.UpdatedAt)
	return d
}

func cloneBatch(b metering.OutboxBatch) metering.OutboxBatch {
	b.Body = slices.Clone(b.Body)
	b.FirstSent, b.NotBefore = instant(b.FirstSent), instant(b.NotBefore)
	b.LeaseEnd, b.CreatedAt = instant(b.LeaseEnd), instant(b.CreatedAt)
	return b
}

// instant is a time as the databases keep it.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
