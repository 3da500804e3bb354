package reconcile_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
)

func TestAgentMatches(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.month(customer, 28)
	r.deliver()
	r.clock.Set(february.RecordingWindow().End.Add(time.Hour))
	r.work()

	require.Equal(t, "-1400", r.balance(customer))
	require.Empty(t, r.alerts())
	report, err := r.agent.Report(t.Context(), february)
	require.NoError(t, err)
	require.Equal(t, "agent of 2026-02: 1 matched, 0 pending, 0 differ", report.String())
	account := report.Account(customer)
	require.Equal(t, reconcile.Matched, account.Outcome)
	require.Equal(t, 28, account.Matched)
	require.Equal(t, "-1400", account.Books.String())
	require.Equal(t, "-1400", account.Derived.String())
	require.Empty(t, account.Notes)

	t.Run("the proof fields are kept letter by letter", func(t *testing.T) {
		recorded := r.server.Recorded(sandbox.Test, customer)
		i := 0
		for d, err := range r.agent.Deltas(t.Context(), customer, february) {
			require.NoError(t, err)
			require.Equal(t, recorded[i].ContentHash.String(), d.ContentHash)
			require.Equal(t, recorded[i].ReceiptID, d.ProofHash)
			require.Equal(t, []string{d.ContentHash}, d.ItemHashes)
			require.True(t, d.Told)
			require.True(t, d.Listed)
			i++
		}
		require.Equal(t, 28, i)
	})

	t.Run("an audit that knows nothing of the agent agrees", func(t *testing.T) {
		audit, err := reconcile.Audit(t.Context(), r.client, r.books, february, reconcile.AuditClock(r.clock.Now), reconcile.AgainstAgent(r.agent))
		require.NoError(t, err)
		require.Equal(t, "audit of 2026-02: 1 matched, 0 pending, 0 differ", audit.String())
	})
}

func TestAgentAlerts(t *testing.T) {
	t.Parallel()

	t.Run("books that lack a record: told once, by name, and closed when they have it", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 5)
		var lost pacspace.DeltaParams
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams {
			lost = list[2]
			return append(list[:2:2], list[3:]...)
		})
		r.deliver()
		r.clock.Set(february.First().AddDays(7).Start())
		r.work()
		require.Empty(t, r.alerts(), "it may be under way")
		r.later()
		told := r.alerts()
		require.Len(t, told, 1)
		m := told[0]
		require.Equal(t, reconcile.KindBooks, m.Kind)
		require.Equal(t, customer, m.CustomerID)
		require.Equal(t, february, m.Period)
		require.Equal(t, "-200", m.Expected)
		require.Equal(t, "-250", m.Found)
		require.Equal(t, 1, m.Count)
		require.Equal(t, reconcile.MismatchOpen, m.State)
		require.Equal(t, "usage:customer_acme:2026-02-03 was recorded and never sent, found -50", m.First.String())
		require.Equal(t, "books: customer_acme, 2026-02: expected -200, found -250; first: usage:customer_acme:2026-02-03 was recorded and never sent, found -50", m.String())

		r.later()
		require.Empty(t, r.alerts(), "nothing changed")
		r.books.add(lost)
		r.later()
		told = r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, reconcile.MismatchClosed, told[0].State)
		require.Equal(t, 2, told[0].Revision)
		r.later()
		require.Empty(t, r.alerts())
	})

	t.Run("a change is told again", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 3)
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams { return list[1:] })
		r.deliver()
		r.clock.Set(february.First().AddDays(5).Start())
		r.work()
		r.later()
		require.Len(t, r.alerts(), 1)
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams { return list[1:] })
		r.later()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, 2, told[0].Revision)
		require.Equal(t, "-50", told[0].Expected)
	})

	t.Run("a delta that was sent and never recorded", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 2)
		r.books.add(delta(customer, usage.NewDate(2026, time.February, 3), "-7"))
		r.deliver()
		r.work()
		r.clock.Set(february.First().AddDays(4).Start())
		r.later()
		require.Empty(t, r.alerts())
		r.later()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, "usage:customer_acme:2026-02-03 was sent and is not recorded, expected -7", told[0].First.String())
	})

	t.Run("another amount", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 3)
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams {
			list[1].Delta = storetest.Dec("-50.5")
			return list
		})
		r.deliver()
		r.clock.Set(february.First().AddDays(5).Start())
		r.work()
		r.later()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, "usage:customer_acme:2026-02-02 was recorded with another amount, expected -50.5, found -50", told[0].First.String())
	})

	t.Run("books that know balances alone: the first day is named", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		agent, err := reconcile.New(r.client, r.store, reconcile.WithSystemOfRecord(justBalance{r.books}), reconcile.WithAlert(r.alert))
		require.NoError(t, err)
		r.agent = agent
		r.month(customer, 4)
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams {
			list[2].Delta = storetest.Dec("-49")
			return list
		})
		r.deliver()
		r.clock.Set(february.First().AddDays(6).Start())
		r.work()
		r.later()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, "2026-02-03 differs as a day, expected -49, found -50", told[0].First.String())
	})

	t.Run("other content is told at once", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 3)
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams {
			list[0].Metadata = pacspace.Metadata{"resource": "compute-hours"}
			return list
		})
		r.deliver()
		r.work()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, reconcile.KindContent, told[0].Kind)
		require.Equal(t, "usage:customer_acme:2026-02-01", told[0].First.ReferenceID)
		require.NotEqual(t, told[0].Expected, told[0].Found)
	})

	t.Run("a scheme that nobody can reproduce accuses nobody", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, sandbox.UnknownScheme())
		r.month(customer, 3)
		r.deliver()
		r.clock.Set(february.First().AddDays(5).Start())
		r.work()
		r.later()
		require.Empty(t, r.alerts())
		report := r.check(customer)
		require.Equal(t, reconcile.Matched, report.Outcome)
		require.Len(t, report.Notes, 2, "of items and of batches")
		for _, note := range report.Notes {
			require.Contains(t, note, "scheme not confirmed")
		}
	})

	t.Run("an account that the service never heard of", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.books.add(delta("customer_lost", february.First(), "-5"))
		r.clock.Set(february.First().AddDays(3).Start())
		require.NoError(t, r.agent.Seed(t.Context()))
		r.work()
		r.later()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, "customer_lost", told[0].CustomerID)
	})

	t.Run("a failed alert function is called until it succeeds, and the mismatch stays visible", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 2)
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams {
			list[0].Metadata = nil
			return list
		})
		calls := 0
		r.tell = func(reconcile.Mismatch) error {
			if calls++; calls < 3 {
				return errors.New("the pager is down")
			}
			return nil
		}
		r.deliver()
		r.work()
		require.Empty(t, r.alerts())
		status, err := r.agent.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, status.Untold)
		require.Equal(t, 1, status.Open)
		for m, err := range r.agent.Mismatches(t.Context(), reconcile.MismatchQuery{State: reconcile.MismatchOpen}) {
			require.NoError(t, err)
			require.Equal(t, "the pager is down", m.TellError)
		}
		require.NoError(t, r.agent.Work(t.Context()))
		r.clock.Advance(time.Minute)
		require.NoError(t, r.agent.Work(t.Context()))
		r.clock.Advance(time.Hour)
		require.NoError(t, r.agent.Work(t.Context()))
		require.Len(t, r.alerts(), 1)
		require.Equal(t, 3, calls)
		status, err = r.agent.Status(t.Context())
		require.NoError(t, err)
		require.Zero(t, status.Untold)
	})
}

// justBalance is a system of record that knows balances and nothing else.
type justBalance struct{ reconcile.SystemOfRecord }
