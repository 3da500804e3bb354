// Package agentstore is a [reconcile.Store] in memory, for tests: nothing of it survives the
// process. It behaves as the stores of module sqlstore do and passes the same suite.
package agentstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/internal/memtx"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
)

// Store keeps everything in maps behind one lock, so its transactions follow each other.
// Make one with [New].
type Store struct {
	*memtx.DB

	settings   map[string]string
	events     map[string]reconcile.InboxEvent
	deliveries map[string]int // events that came under a delivery id
	pending    map[string]bool
	accounts   map[string]reconcile.Account
	deltas     map[string]map[deltaKey]reconcile.Delta // by account
	names      map[nameKey]int                         // how many deltas of an account have a name
	proofs     map[string]int                          // deltas that have a proof hash
	checks     map[checkKey]reconcile.Check
	mismatches map[string]reconcile.Mismatch
}

type deltaKey struct {
	name string
	n    int
}

type nameKey struct{ customerID, name string }

type checkKey struct {
	customerID string
	period     usage.Period
}

// New makes an empty store with a clock, such as time.Now.
func New(now func() time.Time) *Store {
	return &Store{
		DB:         memtx.New(now),
		settings:   map[string]string{},
		events:     map[string]reconcile.InboxEvent{},
		deliveries: map[string]int{},
		pending:    map[string]bool{},
		accounts:   map[string]reconcile.Account{},
		deltas:     map[string]map[deltaKey]reconcile.Delta{},
		names:      map[nameKey]int{},
		proofs:     map[string]int{},
		checks:     map[checkKey]reconcile.Check{},
		mismatches: map[string]reconcile.Mismatch{},
	}
}

// Receive keeps events, each once; see [reconcile.Store].
func (s *Store) Receive(ctx context.Context, events []reconcile.InboxEvent) ([]bool, error) {
	fresh := make([]bool, len(events))
	err := s.Update(ctx, func(t reconcile.Tx) error {
		for i, e := range events {
			if _, known := s.events[e.ID]; known {
				continue
			}
			fresh[i] = true
			e.Body = slices.Clone(e.Body)
			e.Received, e.State, e.Error = t.Now(), reconcile.EventPending, ""
			if e.DeliveryID != "" {
				if err := memtx.Put(t.(*tx).Tx, s.deliveries, e.DeliveryID, s.deliveries[e.DeliveryID]+1); err != nil {
					return err
				}
			}
			if err := t.PutEvent(ctx, &e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

// Update runs fn under the lock and undoes what it did where it fails.
func (s *Store) Update(ctx context.Context, fn func(reconcile.Tx) error) error {
	return s.DB.Update(ctx, func(t *memtx.Tx) error { return fn(&tx{s, t}) })
}

// View runs fn under the lock; what it writes is refused.
func (s *Store) View(ctx context.Context, fn func(reconcile.Tx) error) error {
	return s.DB.View(ctx, func(t *memtx.Tx) error { return fn(&tx{s, t}) })
}

// tx is a transaction of a store whose lock is held.
type tx struct {
	*Store
	*memtx.Tx
}

func (t *tx) Setting(_ context.Context, name string) (string, error) { return t.settings[name], nil }

func (t *tx) SetSetting(_ context.Context, name, value string) error {
	return memtx.Put(t.Tx, t.settings, name, value)
}

func (t *tx) PendingEvents(_ context.Context, limit int) ([]reconcile.InboxEvent, error) {
	ids := slices.Collect(maps.Keys(t.pending))
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(t.events[a].Received.Compare(t.events[b].Received), strings.Compare(a, b))
	})
	out := make([]reconcile.InboxEvent, 0, min(limit, len(ids)))
	for _, id := range ids[:min(limit, len(ids))] {
		out = append(out, t.events[id])
	}
	return out, nil
}

func (t *tx) Events(_ context.Context, state reconcile.EventState, after string, limit int) ([]reconcile.InboxEvent, error) {
	return memtx.List(t.events, limit, func(e *reconcile.InboxEvent) bool { return e.State == state && e.ID > after },
		func(a, b *reconcile.InboxEvent) int { return strings.Compare(a.ID, b.ID) }), nil
}

func (t *tx) PutEvent(_ context.Context, e *reconcile.InboxEvent) error {
	if e.State == reconcile.EventPending {
		if err := memtx.Put(t.Tx, t.pending, e.ID, true); err != nil {
			return err
		}
	} else if t.pending[e.ID] {
		if err := memtx.Delete(t.Tx, t.pending, e.ID); err != nil {
			return err
		}
	}
	row := *e
	row.Received = memtx.Instant(row.Received)
	return memtx.Put(t.Tx, t.events, e.ID, row)
}

func (t *tx) EventKnown(_ context.Context, id string) (bool, error) {
	_, known := t.events[id]
	return known || t.deliveries[id] > 0, nil
}

func (t *tx) CountEvents(context.Context) (reconcile.EventCount, error) {
	var c reconcile.EventCount
	for _, e := range t.events {
		switch e.State {
		case reconcile.EventPending:
			c.Pending++
			if c.Oldest.IsZero() || e.Received.Before(c.Oldest) {
				c.Oldest = e.Received
			}
		case reconcile.EventUnread:
			c.Unread++
		}
	}
	return c, nil
}

func (t *tx) LockAccount(_ context.Context, customerID string) (*reconcile.Account, error) {
	a, ok := t.accounts[customerID]
	if !ok {
		a = reconcile.Account{CustomerID: customerID}
		if err := memtx.Put(t.Tx, t.accounts, customerID, a); err != nil {
			return nil, err
		}
	}
	return &a, nil
}

func (t *tx) PutAccount(_ context.Context, a *reconcile.Account) error {
	row := *a
	row.FirstAt, row.LastAt = memtx.Instant(row.FirstAt), memtx.Instant(row.LastAt)
	return memtx.Put(t.Tx, t.accounts, a.CustomerID, row)
}

func (t *tx) Account(_ context.Context, customerID string) (*reconcile.Account, error) {
	a, ok := t.accounts[customerID]
	if !ok {
		return nil, reconcile.ErrNotFound
	}
	return &a, nil
}

func (t *tx) Accounts(_ context.Context, after string, limit int) ([]reconcile.Account, error) {
	return memtx.List(t.accounts, limit, func(a *reconcile.Account) bool { return a.CustomerID > after },
		func(a, b *reconcile.Account) int { return strings.Compare(a.CustomerID, b.CustomerID) }), nil
}

func (t *tx) Deltas(_ context.Context, q reconcile.DeltaQuery, limit int) ([]reconcile.Delta, error) {
	if q.Name != "" {
		var out []reconcile.Delta
		for n := q.AfterN + 1; n <= t.names[nameKey{q.CustomerID, q.Name}] && len(out) < limit; n++ {
			if d, ok := t.deltas[q.CustomerID][deltaKey{q.Name, n}]; ok && (q.RecordID == "" || d.RecordID == q.RecordID) {
				out = append(out, d)
			}
		}
		return out, nil
	}
	return memtx.List(t.deltas[q.CustomerID], limit, func(d *reconcile.Delta) bool {
		return (q.RecordID == "" || d.RecordID == q.RecordID) && (q.From.IsZero() || !d.Day.IsZero() && !d.Day.Before(q.From)) &&
			(q.To.IsZero() || !d.Day.IsZero() && !d.Day.After(q.To)) &&
			(q.Window == usage.Window{} || q.Window.Contains(d.RecordedAt())) &&
			cmp.Or(strings.Compare(d.Name, q.AfterName), cmp.Compare(d.N, q.AfterN)) > 0
	}, func(a, b *reconcile.Delta) int { return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.N, b.N)) }), nil
}

func (t *tx) PutDelta(_ context.Context, d *reconcile.Delta) error {
	rows := t.deltas[d.CustomerID]
	if rows == nil {
		rows = map[deltaKey]reconcile.Delta{}
		if err := memtx.Put(t.Tx, t.deltas, d.CustomerID, rows); err != nil {
			return err
		}
	}
	key := deltaKey{d.Name, d.N}
	if old := rows[key]; old.ProofHash != d.ProofHash {
		if old.ProofHash != "" {
			if err := memtx.Put(t.Tx, t.proofs, old.ProofHash, t.proofs[old.ProofHash]-1); err != nil {
				return err
			}
		}
		if err := memtx.Put(t.Tx, t.proofs, d.ProofHash, t.proofs[d.ProofHash]+1); err != nil {
			return err
		}
	}
	name := nameKey{d.CustomerID, d.Name}
	if err := memtx.Put(t.Tx, t.names, name, max(t.names[name], d.N)); err != nil {
		return err
	}
	return memtx.Put(t.Tx, rows, key, *d)
}

func (t *tx) ProofKnown(_ context.Context, proofHash string) (bool, error) {
	return proofHash != "" && t.proofs[proofHash] > 0, nil
}

func (t *tx) Check(_ context.Context, customerID string, period usage.Period) (*reconcile.Check, error) {
	c, ok := t.checks[checkKey{customerID, period}]
	if !ok {
		return nil, reconcile.ErrNotFound
	}
	return &c, nil
}

func (t *tx) PutCheck(_ context.Context, c *reconcile.Check) error {
	row := *c
	row.Due = memtx.Instant(row.Due)
	return memtx.Put(t.Tx, t.checks, checkKey{c.CustomerID, c.Period}, row)
}

func (t *tx) DueChecks(_ context.Context, now time.Time, limit int) ([]reconcile.Check, error) {
	return memtx.List(t.checks, limit, func(c *reconcile.Check) bool { return !c.Due.IsZero() && !c.Due.After(now) },
		func(a, b *reconcile.Check) int {
			return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.CustomerID, b.CustomerID), cmp.Compare(a.Period, b.Period))
		}), nil
}

func (t *tx) Checks(_ context.Context, period usage.Period, after string, limit int) ([]reconcile.Check, error) {
	return memtx.List(t.checks, limit, func(c *reconcile.Check) bool { return c.Period == period && c.CustomerID > after },
		func(a, b *reconcile.Check) int { return strings.Compare(a.CustomerID, b.CustomerID) }), nil
}

func (t *tx) Mismatches(_ context.Context, q reconcile.MismatchQuery, limit int) ([]reconcile.Mismatch, error) {
	return memtx.List(t.mismatches, limit, func(m *reconcile.Mismatch) bool {
		return (q.CustomerID == "" || m.CustomerID == q.CustomerID) && (q.Period == "" || m.Period == q.Period) &&
			(q.State == "" || m.State == q.State) && m.ID() > q.AfterID &&
			(q.Untold.IsZero() || m.Told < m.Revision && !m.NotBefore.After(q.Untold))
	}, func(a, b *reconcile.Mismatch) int { return strings.Compare(a.ID(), b.ID()) }), nil
}

func (t *tx) PutMismatch(_ context.Context, m *reconcile.Mismatch) error {
	return memtx.Put(t.Tx, t.mismatches, m.ID(), *m)
}
