package storetest

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrDied is what a process sees of its store once it has died: nothing it does counts any
// more.
var ErrDied = errors.New("the process died")

// Mortal is a store as one process sees it, its transactions of type Tx. After a number of
// calls the process dies, before or after the transaction that it asked for was committed.
// Calls that only one kind of store has go through [Mortal.Call].
type Mortal[Tx any] struct {
	store transactions[Tx]

	mu     sync.Mutex
	left   int // calls until it dies, none below 0
	commit bool
	dead   bool
}

// transactions are what the stores of metering and reconcile have in common.
type transactions[Tx any] interface {
	Now(ctx context.Context) (time.Time, error)
	Update(ctx context.Context, fn func(Tx) error) error
	View(ctx context.Context, fn func(Tx) error) error
}

// NewMortal is a process that dies at the call after so many, or never below 0, and whether
// that call is committed before.
func NewMortal[Tx any](store transactions[Tx], calls int, commit bool) *Mortal[Tx] {
	return &Mortal[Tx]{store: store, left: calls, commit: commit}
}

// Call runs one call of the store, unless the process dies before.
func (m *Mortal[Tx]) Call(do func() error) error {
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return ErrDied
	}
	dies := m.left == 0
	m.left--
	m.dead = dies
	m.mu.Unlock()
	if dies && !m.commit {
		return ErrDied
	}
	err := do()
	if dies {
		return ErrDied
	}
	return err
}

// Kill lets the process die now.
func (m *Mortal[Tx]) Kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
}

// Spare lets the process live on, where it has not died yet.
func (m *Mortal[Tx]) Spare() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = -1
}

// Dead reports whether the process has died.
func (m *Mortal[Tx]) Dead() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

// Now is the clock of the store.
func (m *Mortal[Tx]) Now(ctx context.Context) (now time.Time, err error) {
	err = m.Call(func() (err error) { now, err = m.store.Now(ctx); return err })
	return now, err
}

// Update is one call, whatever fn does.
func (m *Mortal[Tx]) Update(ctx context.Context, fn func(Tx) error) error {
	return m.Call(func() error { return m.store.Update(ctx, fn) })
}

// View is one call, whatever fn does.
func (m *Mortal[Tx]) View(ctx context.Context, fn func(Tx) error) error {
	return m.Call(func() error { return m.store.View(ctx, fn) })
}
