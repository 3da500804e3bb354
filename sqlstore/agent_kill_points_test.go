//go:build unix

package sqlstore_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/reconcile"
)

// The points at which an agent is killed. Changes of a mismatch's state are points by
// themselves, each before its commit and after it.
const (
	pointReceive  = "delivery stored"
	pointHalf     = "apply: event marked, balance not written" // within one transaction
	pointApply    = "event applied"
	pointGap      = "gap filled"
	pointDue      = "comparison taken"
	pointCompared = "comparison kept"
	pointUntold   = "alert: not delivered"
	pointTold     = "alert: delivered, not noted"
	pointNoted    = "alert noted"
	pointRefused  = "refused alert noted"
)

// agentPoints are those of an agent.
var agentPoints = []killPoint{
	{pointReceive + uncommitted, "", ""}, {pointReceive + committed, "", ""},
	{pointHalf, "", ""},
	{pointApply + uncommitted, "", ""}, {pointApply + committed, "", ""},
	{pointGap + uncommitted, "", ""}, {pointGap + committed, "", ""},
	{pointDue + uncommitted, "", ""}, {pointDue + committed, "", ""},
	{pointCompared + uncommitted, "", ""}, {pointCompared + committed, "", ""},
	{"mismatch, none to waiting" + uncommitted, "", ""}, {"mismatch, none to waiting" + committed, "", ""},
	{"mismatch, none to open" + uncommitted, "", ""}, {"mismatch, none to open" + committed, "", ""},
	{"mismatch, waiting to open" + uncommitted, "", ""}, {"mismatch, waiting to open" + committed, "", ""},
	{"mismatch, waiting to closed" + uncommitted, "", ""}, {"mismatch, waiting to closed" + committed, "", ""},
	{"mismatch, open to open" + uncommitted, "", ""}, {"mismatch, open to open" + committed, "", ""},
	{"mismatch, open to closed" + uncommitted, "", ""}, {"mismatch, open to closed" + committed, "", ""},
	{"mismatch, closed to waiting" + uncommitted, "", ""}, {"mismatch, closed to waiting" + committed, "", ""},
	{pointUntold, "", ""}, {pointTold, "", ""},
	{pointNoted + uncommitted, "", ""}, {pointNoted + committed, "", ""},
	{pointRefused + uncommitted, "", ""}, {pointRefused + committed, "", ""},
	{pointNotSent, "", ""}, {pointNotRead, "", ""},
}

// trappedAgent is an agent's store that is killed at points.
type trappedAgent struct {
	reconcile.Store
	traps *traps
}

func (s *trappedAgent) Receive(ctx context.Context, events []reconcile.InboxEvent) (fresh []bool, err error) {
	return fresh, s.traps.around(func(before func([]string)) error {
		before([]string{pointReceive})
		fresh, err = s.Store.Receive(ctx, events)
		return err
	})
}

func (s *trappedAgent) Update(ctx context.Context, fn func(reconcile.Tx) error) error {
	return s.traps.around(func(before func([]string)) error {
		var t *trappedAgentTx
		err := s.Store.Update(ctx, func(tx reconcile.Tx) error {
			t = &trappedAgentTx{Tx: tx, traps: s.traps, known: map[string]reconcile.Mismatch{}}
			if err := fn(t); err != nil {
				return err
			}
			before(t.changes)
			return nil
		})
		if err == nil {
			for _, line := range t.lines {
				say("%s", line)
			}
		}
		return err
	})
}

// trappedAgentTx names what a transaction changes.
type trappedAgentTx struct {
	reconcile.Tx
	traps   *traps
	known   map[string]reconcile.Mismatch
	taking  bool // comparisons that are due
	booking bool // what a comparison came to
	changes []string
	lines   []string // to be said once it is committed
}

func (t *trappedAgentTx) change(name string) {
	if !slices.Contains(t.changes, name) {
		t.changes = append(t.changes, name)
	}
}

func (t *trappedAgentTx) PutEvent(ctx context.Context, e *reconcile.InboxEvent) error {
	if e.State == reconcile.EventApplied {
		t.change(pointApply)
	}
	return t.Tx.PutEvent(ctx, e)
}

func (t *trappedAgentTx) PutDelta(ctx context.Context, d *reconcile.Delta) error {
	if d.Listed && !d.Told {
		t.change(pointGap)
	}
	return t.Tx.PutDelta(ctx, d)
}

func (t *trappedAgentTx) PutAccount(ctx context.Context, a *reconcile.Account) error {
	if slices.Contains(t.changes, pointApply) {
		t.traps.at(pointHalf)
	}
	return t.Tx.PutAccount(ctx, a)
}

func (t *trappedAgentTx) PutCheck(ctx context.Context, c *reconcile.Check) error {
	switch {
	case t.taking:
		t.change(pointDue)
	case t.booking:
		t.change(pointCompared)
	}
	return t.Tx.PutCheck(ctx, c)
}

func (t *trappedAgentTx) DueChecks(ctx context.Context, now time.Time, limit int) ([]reconcile.Check, error) {
	t.taking = true
	return t.Tx.DueChecks(ctx, now, limit)
}

func (t *trappedAgentTx) Mismatches(ctx context.Context, q reconcile.MismatchQuery, limit int) ([]reconcile.Mismatch, error) {
	t.booking = true
	list, err := t.Tx.Mismatches(ctx, q, limit)
	for _, m := range list {
		t.known[m.ID()] = m
	}
	return list, err
}

func (t *trappedAgentTx) PutMismatch(ctx context.Context, m *reconcile.Mismatch) error {
	old := t.known[m.ID()]
	switch {
	case m.Told != old.Told:
		t.change(pointNoted)
		t.lines = append(t.lines, fmt.Sprintf("noted %s %d", m.ID(), m.Told))
	case m.Attempts > old.Attempts:
		t.change(pointRefused)
	case m.State != old.State, m.Revision != old.Revision:
		t.change(fmt.Sprintf("mismatch, %s to %s", cmp.Or(old.State, "none"), m.State))
		t.lines = append(t.lines, "seen "+m.ID())
	}
	return t.Tx.PutMismatch(ctx, m)
}
