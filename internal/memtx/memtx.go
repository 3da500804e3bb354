// Package memtx is what the stores in memory share: one lock, a clock that does not go back,
// and transactions that are undone where they fail.
package memtx

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// DB is a lock under which transactions follow each other. The maps that they write belong
// to the store. Make one with [New].
type DB struct {
	clock func() time.Time

	mu    sync.Mutex
	floor time.Time
}

// New makes a DB with a clock, such as time.Now.
func New(clock func() time.Time) *DB { return &DB{clock: clock} }

// Now is the clock that New was given, held to go forward.
func (db *DB) Now(ctx context.Context) (time.Time, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.tick(), ctx.Err()
}

func (db *DB) tick() time.Time {
	if now := Instant(db.clock()); now.After(db.floor) {
		db.floor = now
	}
	return db.floor
}

// Update runs fn under the lock and undoes what it did where it fails, or panics.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &Tx{at: db.tick()}
	done := false
	defer func() {
		if !done {
			t.rollback()
		}
	}()
	if err := fn(t); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done = true
	return nil
}

// View runs fn under the lock. What it writes is refused, and a refusal that fn swallows
// is the error of View.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &Tx{at: db.tick(), readOnly: true}
	if err := fn(t); err != nil {
		return err
	}
	return t.refused
}

// Tx is a transaction of a DB whose lock is held.
type Tx struct {
	at       time.Time
	readOnly bool
	refused  error    // a write within View, which must not go unseen
	undo     []func() // what brings back what was, last change last
}

// Now is when the transaction began.
func (t *Tx) Now() time.Time { return t.at }

func (t *Tx) rollback() {
	for _, undo := range slices.Backward(t.undo) {
		undo()
	}
}

// writes refuses where the transaction only reads, and else keeps what a key of a map holds.
func writes[K comparable, V any](t *Tx, m map[K]V, key K) error {
	if t.readOnly {
		t.refused = errors.New("memtx: this transaction only reads; use Update")
		return t.refused
	}
	old, was := m[key]
	t.undo = append(t.undo, func() {
		if was {
			m[key] = old
		} else {
			delete(m, key)
		}
	})
	return nil
}

// Put sets a value of a map so that it can be undone.
func Put[K comparable, V any](t *Tx, m map[K]V, key K, value V) error {
	if err := writes(t, m, key); err != nil {
		return err
	}
	m[key] = value
	return nil
}

// Delete takes a key out of a map so that it can be undone.
func Delete[K comparable, V any](t *Tx, m map[K]V, key K) error {
	if err := writes(t, m, key); err != nil {
		return err
	}
	delete(m, key)
	return nil
}

// List selects values of a map, sorts them and keeps the first ones.
func List[K comparable, V any](m map[K]V, limit int, wanted func(*V) bool, order func(a, b *V) int) []V {
	var out []V
	for _, v := range m {
		if wanted(&v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b V) int { return order(&a, &b) })
	return out[:min(limit, len(out))]
}

// Instant is a time as the databases keep it.
func Instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
