package reconcile_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
)

func (r *rig) audit(options ...reconcile.AuditOption) *reconcile.Report {
	r.t.Helper()
	report, err := reconcile.Audit(r.t.Context(), r.client, r.books, february, append([]reconcile.AuditOption{reconcile.AuditClock(r.clock.Now)}, options...)...)
	require.NoError(r.t, err)
	return report
}

func TestAudit(t *testing.T) {
	t.Parallel()

	t.Run("it names the same delta as the agent, without patience", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		for _, id := range []string{"customer_a", "customer_b", "customer_c"} {
			r.month(id, 4)
			r.clock.Set(february.Start())
		}
		r.books.change("customer_b", func(list []pacspace.DeltaParams) []pacspace.DeltaParams { return list[1:] })
		r.clock.Set(february.First().AddDays(6).Start())
		r.deliver()
		report := r.audit()
		require.Equal(t, "audit of 2026-02: 2 matched, 0 pending, 1 differ", report.String())
		m := report.Account("customer_b").Mismatches[0]
		require.Equal(t, reconcile.KindBooks, m.Kind)
		require.Equal(t, "usage:customer_b:2026-02-01", m.First.ReferenceID)
		require.Equal(t, "-150", m.Expected)
		require.Equal(t, "-200", m.Found)
		require.Contains(t, report.Text(), "differs  customer_b: record -200, books -150")
		require.Contains(t, report.Text(), "first: usage:customer_b:2026-02-01 was recorded and never sent, found -50")
		require.Nil(t, report.Account("customer_z"))
	})

	t.Run("an agent that knows less, or more, than the record is told apart", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 4)
		r.clock.Set(february.First().AddDays(6).Start())
		r.deliver()
		require.NoError(t, r.agent.Work(t.Context()))
		f := newForged(t, r)
		require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{"recordId": "rec_x", "customerId": customer, "delta": -9, "referenceId": "usage:customer_acme:2026-02-05"}))
		require.NoError(t, r.agent.Work(t.Context()))
		report := r.audit(reconcile.AgainstAgent(r.agent))
		require.Equal(t, reconcile.Differs, report.Account(customer).Outcome)
		m := report.Account(customer).Mismatches[0]
		require.Equal(t, reconcile.KindAgent, m.Kind)
		require.Equal(t, "usage:customer_acme:2026-02-05 is in the agent's store and not in the record, found -9", m.First.String())

		fresh, err := reconcile.New(r.client, newStore(r))
		require.NoError(t, err)
		report = r.audit(reconcile.AgainstAgent(fresh))
		m = report.Account(customer).Mismatches[0]
		require.Equal(t, 4, m.Count)
		require.Contains(t, m.First.String(), "is in the record and not in the agent's store, expected -50")
		require.Equal(t, "audit of 2026-02: 1 matched, 0 pending, 0 differ", r.audit().String(), "the record itself matches")
	})

	t.Run("days that are not due are pending", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 1)
		r.deliver()
		r.books.add(delta(customer, february.First().AddDays(1), "-50"))
		account := r.audit().Account(customer)
		require.Equal(t, reconcile.Pending, account.Outcome)
		require.Equal(t, 1, account.Pending)
		require.True(t, account.Due.IsZero())
	})

	t.Run("chosen accounts, and an account that only the books have", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 2)
		r.books.add(delta("customer_lost", february.First(), "-5"))
		r.clock.Set(february.First().AddDays(6).Start())
		r.deliver()
		require.Equal(t, 1, r.audit().Count(reconcile.Differs))
		require.Equal(t, 0, r.audit(reconcile.AuditAccounts(customer)).Count(reconcile.Differs))
	})

	t.Run("the report as JSON has exact numbers and reads back", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.books.add(delta(customer, february.First(), "-0.1"))
		r.clock.Set(february.First().AddDays(6).Start())
		text, err := json.Marshal(r.audit())
		require.NoError(t, err)
		require.Contains(t, string(text), `"books":-0.1`)
		require.Contains(t, string(text), `"outcome":"differs"`)
		var back reconcile.Report
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, "-0.1", back.Account(customer).Books.String())
	})

	t.Run("late usage and what the service recorded outside the window belong to their day", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 28)
		r.clock.Set(february.RecordingWindow().End.Add(5 * 24 * time.Hour))
		late := delta(customer, february.Last(), "-3")
		late.ReferenceID += ":late-1"
		late.Adjusts = &pacspace.Adjusts{ReferenceID: pacspace.DailyReference(customer, february.Last())}
		r.emit(late)
		r.deliver()
		account := r.audit().Account(customer)
		require.Equal(t, reconcile.Matched, account.Outcome, "%+v", account.Mismatches)
		require.Equal(t, "-1403", account.Record.String())
		require.Equal(t, "-1400", account.Derived.String(), "the window's own")
	})

	t.Run("what cannot be read is an error and no report", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 2)
		r.clock.Set(february.First().AddDays(6).Start())
		r.books.err = errors.New("the warehouse is closed")
		_, err := reconcile.Audit(t.Context(), r.client, r.books, february, reconcile.AuditClock(r.clock.Now))
		require.ErrorIs(t, err, r.books.err)
		for _, f := range []func() error{
			func() error { _, err := reconcile.Audit(t.Context(), nil, r.books, february); return err },
			func() error { _, err := reconcile.Audit(t.Context(), r.client, nil, february); return err },
			func() error { _, err := reconcile.Audit(t.Context(), r.client, r.books, "2026-13"); return err },
			func() error {
				_, err := reconcile.Audit(t.Context(), r.client, r.books, february, reconcile.AuditAccounts("a b"))
				return err
			},
		} {
			require.ErrorIs(t, f(), pacspace.ErrInvalid)
		}
	})
}

func TestGate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gate := r.agent.Gate()
	account := usage.Account{CustomerID: customer, Resource: "compute-minutes", Unit: "minute"}
	day := february.First()
	r.books.add(delta(customer, day, "-50"))

	t.Run("a day goes out when the books say the same", func(t *testing.T) {
		require.NoError(t, gate(t.Context(), account, day, storetest.Dec("50")))
	})
	t.Run("else it is held, and the error has both", func(t *testing.T) {
		err := gate(t.Context(), account, day, storetest.Dec("51"))
		held, ok := errors.AsType[*reconcile.GateError](err)
		require.True(t, ok)
		require.Equal(t, "-50", held.Books.String())
		require.Equal(t, "-51", held.Record.String())
		require.EqualError(t, err, "reconcile: gate: customer_acme, 2026-02-01: the books have -50 and the record would have -51; the day is held until they agree")
	})
	t.Run("what was recorded of the day counts, so that late usage goes out by itself", func(t *testing.T) {
		r.clock.Set(day.End().Add(time.Hour))
		r.emitOnly(delta(customer, day, "-50"))
		r.deliver()
		require.NoError(t, r.agent.Work(t.Context()))
		late := delta(customer, day, "-5")
		late.ReferenceID += ":late-1"
		r.books.add(late)
		require.NoError(t, gate(t.Context(), account, day, storetest.Dec("5")))
		require.Error(t, gate(t.Context(), account, day, storetest.Dec("55")))
	})
	t.Run("without books nothing goes out", func(t *testing.T) {
		agent, err := reconcile.New(r.client, newStore(r))
		require.NoError(t, err)
		require.ErrorContains(t, agent.Gate()(t.Context(), account, day, decimal.New(1)), "WithSystemOfRecord")
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		name string
		want string
		make func() error
	}{
		{"no client", "needs a client", func() error { _, err := reconcile.New(nil, r.store); return err }},
		{"no store", "needs a client and a store", func() error { _, err := reconcile.New(r.client, nil); return err }},
		{"a nil option", "an option is nil", func() error { _, err := reconcile.New(r.client, r.store, nil); return err }},
		{"a due below zero", "WithDue", func() error { _, err := reconcile.New(r.client, r.store, reconcile.WithDue(-1)); return err }},
		{"a patience past a day", "WithPatience", func() error {
			_, err := reconcile.New(r.client, r.store, reconcile.WithPatience(25*time.Hour))
			return err
		}},
		{"a store of the other environment", "belongs to environment test", func() error {
			live, err := pacspace.New("pk_live_x.y", pacspace.WithBaseURL(r.server.URL))
			require.NoError(t, err)
			_, err = reconcile.New(live, r.store)
			return err
		}},
	} {
		t.Run("refused: "+c.name, func(t *testing.T) {
			t.Parallel()
			err := c.make()
			require.ErrorContains(t, err, c.want)
			require.True(t, strings.HasPrefix(err.Error(), "reconcile: "))
		})
	}
	_, err := r.agent.Check(t.Context(), "a b", february)
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	_, err = r.agent.Account(t.Context(), "customer_nobody")
	require.ErrorIs(t, err, reconcile.ErrNotFound)
}

// A program that restarts goes on where it stopped: nothing lives in the agent itself.
func TestAnotherAgentGoesOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.month(customer, 3)
	r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams { return list[1:] })
	r.deliver()
	r.clock.Set(february.First().AddDays(5).Start())
	r.tell = func(reconcile.Mismatch) error { return errors.New("down") }
	r.work()
	r.later()
	next, err := reconcile.New(r.client, r.store, reconcile.WithSystemOfRecord(r.books), reconcile.WithAlert(r.alert))
	require.NoError(t, err)
	r.agent, r.tell = next, nil
	r.later()
	require.Len(t, r.alerts(), 1, "an alert that nobody took is not lost")
	require.Equal(t, "-150", r.balance(customer))
}

func TestRunWorksUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.agent.Run(ctx) }()
	f := newForged(t, r)
	require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{"recordId": "rec_1", "customerId": customer, "delta": -9}))
	require.Eventually(t, func() bool {
		a, err := r.agent.Account(t.Context(), customer)
		return err == nil && a.Count == 1
	}, 4*time.Second, time.Millisecond, "an event wakes it")
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}
