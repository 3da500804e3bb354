//go:build unix

package sqlstore_test

import (
	"context"
	"errors"
	"time"

	"github.com/pacspace/pacspace-go/reconcile"
)

// The broken copies of an agent. Each breaks one thing that it must do, and the harness must
// notice.
const (
	brokenHasty   = "acknowledges a delivery before the commit"
	brokenForward = "notes an alert before it is delivered"
	brokenApart   = "a delta and its balance in two transactions"
	brokenEvent   = "an event is marked in a transaction of its own"
)

// spoilAgent puts a mistake between an agent and its store.
func spoilAgent(what string, s *trappedAgent) reconcile.Store {
	switch what {
	case brokenHasty:
		return &hastyAgent{s}
	case brokenForward:
		return &forwardAgent{s}
	case brokenApart:
		return &apartAgent{s}
	case brokenEvent:
		return &markingAgent{s}
	}
	return s
}

// hastyAgent answers and commits a moment later.
type hastyAgent struct{ *trappedAgent }

func (s *hastyAgent) Receive(ctx context.Context, events []reconcile.InboxEvent) ([]bool, error) {
	time.AfterFunc(20*time.Millisecond, func() { _, _ = s.trappedAgent.Receive(context.WithoutCancel(ctx), events) })
	fresh := make([]bool, len(events))
	for i := range fresh {
		fresh[i] = true
	}
	return fresh, nil
}

// forwardAgent notes as told whatever it is about to tell.
type forwardAgent struct{ *trappedAgent }

func (s *forwardAgent) View(ctx context.Context, fn func(reconcile.Tx) error) error {
	var untold []reconcile.Mismatch
	err := s.trappedAgent.View(ctx, func(tx reconcile.Tx) error { return fn(&untoldTx{tx, &untold}) })
	if err != nil || len(untold) == 0 {
		return err
	}
	return s.Update(ctx, func(tx reconcile.Tx) error {
		for _, m := range untold {
			if _, err := tx.Mismatches(ctx, reconcile.MismatchQuery{CustomerID: m.CustomerID, Period: m.Period}, 100); err != nil {
				return err
			}
			m.Told = m.Revision
			if err := tx.PutMismatch(ctx, &m); err != nil {
				return err
			}
		}
		return nil
	})
}

type untoldTx struct {
	reconcile.Tx
	untold *[]reconcile.Mismatch
}

func (t *untoldTx) Mismatches(ctx context.Context, q reconcile.MismatchQuery, limit int) ([]reconcile.Mismatch, error) {
	list, err := t.Tx.Mismatches(ctx, q, limit)
	if !q.Untold.IsZero() {
		*t.untold = list
	}
	return list, err
}

// apartAgent writes balances once all else is committed.
type apartAgent struct{ *trappedAgent }

func (s *apartAgent) Update(ctx context.Context, fn func(reconcile.Tx) error) error {
	var late map[string]reconcile.Account
	err := s.trappedAgent.Update(ctx, func(tx reconcile.Tx) error {
		late = map[string]reconcile.Account{}
		return fn(&apartTx{tx, late})
	})
	if err != nil || len(late) == 0 {
		return err
	}
	return s.trappedAgent.Update(ctx, func(tx reconcile.Tx) error {
		for _, a := range late {
			if err := tx.PutAccount(ctx, &a); err != nil {
				return err
			}
		}
		return nil
	})
}

type apartTx struct {
	reconcile.Tx
	late map[string]reconcile.Account
}

func (t *apartTx) LockAccount(ctx context.Context, customerID string) (*reconcile.Account, error) {
	if a, ok := t.late[customerID]; ok {
		return &a, nil
	}
	return t.Tx.LockAccount(ctx, customerID)
}

func (t *apartTx) PutAccount(_ context.Context, a *reconcile.Account) error {
	t.late[a.CustomerID] = *a
	return nil
}

// markingAgent marks events as applied, and applies them then.
type markingAgent struct{ *trappedAgent }

func (s *markingAgent) Update(ctx context.Context, fn func(reconcile.Tx) error) error {
	var events []reconcile.InboxEvent
	err := s.trappedAgent.Update(ctx, func(tx reconcile.Tx) (err error) {
		m := &markingTx{Tx: tx}
		err = fn(m)
		events = m.events
		if err == nil && len(events) > 0 {
			return errMarked
		}
		return err
	})
	if !errors.Is(err, errMarked) {
		return err
	}
	err = s.trappedAgent.Update(ctx, func(tx reconcile.Tx) error {
		for _, e := range events {
			e.State = reconcile.EventApplied
			if err := tx.PutEvent(ctx, &e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.trappedAgent.Update(ctx, func(tx reconcile.Tx) error { return fn(&markingTx{Tx: tx, events: events, marked: true}) })
}

var errMarked = errors.New("there are events to mark first")

// markingTx takes note of pending events, or takes what was noted for pending.
type markingTx struct {
	reconcile.Tx
	events []reconcile.InboxEvent
	marked bool
}

func (t *markingTx) PendingEvents(ctx context.Context, limit int) (list []reconcile.InboxEvent, err error) {
	if !t.marked {
		t.events, err = t.Tx.PendingEvents(ctx, limit)
	}
	return t.events, err
}
