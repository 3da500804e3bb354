package reconcile_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
)

// What a log gets holds no hash by which a record could be read.
func TestSlogAlertTellsNoProof(t *testing.T) {
	t.Parallel()
	for _, kind := range []reconcile.Kind{reconcile.KindContent, reconcile.KindMembership, reconcile.KindBatch, reconcile.KindChain} {
		var log bytes.Buffer
		root := "0x" + strings.Repeat("5d", 32)
		err := reconcile.SlogAlert(slog.New(slog.NewTextHandler(&log, nil)))(t.Context(), reconcile.Mismatch{
			Kind: kind, CustomerID: customer, Period: february, Expected: root, Found: root, Evidence: []string{root},
			First: &reconcile.Differing{ReferenceID: "r", Expected: root, Found: root, What: "w"},
		})
		require.NoError(t, err)
		require.Contains(t, log.String(), "kind="+string(kind))
		require.NotContains(t, log.String(), "5d5d")
	}
	var log bytes.Buffer
	require.NoError(t, reconcile.SlogAlert(slog.New(slog.NewTextHandler(&log, nil)))(t.Context(), reconcile.Mismatch{State: reconcile.MismatchClosed}))
	require.Contains(t, log.String(), "level=INFO msg=\"reconcile: mismatch resolved\"")
}

// References in a form of one's own name their days through a function.
func TestWithDayOf(t *testing.T) {
	t.Parallel()
	dayOf := func(referenceID string) usage.Date {
		day, err := usage.ParseDate(strings.TrimPrefix(referenceID, "acme/"))
		if err != nil {
			return usage.Date{}
		}
		return day
	}
	r := newRigWith(t, []reconcile.Option{reconcile.WithDayOf(dayOf)}, nil)
	p := delta(customer, february.First(), "-50")
	r.books.add(p)
	p.ReferenceID = "acme/2026-02-01"
	r.clock.Set(february.First().AddDays(1).Start().Add(time.Hour))
	r.emitOnly(p)
	r.deliver()
	r.clock.Set(february.First().AddDays(3).Start())
	agent, err := reconcile.New(r.client, r.store, reconcile.WithDayOf(dayOf), reconcile.WithSystemOfRecord(justBalance{r.books}))
	require.NoError(t, err)
	require.NoError(t, agent.Work(t.Context()))
	report, err := agent.Check(t.Context(), customer, february)
	require.NoError(t, err)
	require.Equal(t, reconcile.Matched, report.Outcome)
	require.Equal(t, "-50", report.Record.String())

	t.Run("without it the delta counts where it was recorded, and an audit says the same", func(t *testing.T) {
		audit, err := reconcile.Audit(t.Context(), r.client, justBalance{r.books}, february,
			reconcile.AuditClock(r.clock.Now), reconcile.AuditSettings(reconcile.WithDayOf(dayOf)))
		require.NoError(t, err)
		require.Equal(t, 1, audit.Count(reconcile.Matched))
		audit, err = reconcile.Audit(t.Context(), r.client, justBalance{r.books}, february, reconcile.AuditClock(r.clock.Now))
		require.NoError(t, err)
		require.Equal(t, "-50", audit.Account(customer).Record.String())
	})
}

// Books that give other numbers than the record are told apart from books that fail.
func TestBooksThatFailAreNoMismatch(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.month(customer, 2)
	r.deliver()
	r.clock.Set(february.First().AddDays(5).Start())
	r.books.err = pacspace.ErrUnavailable
	require.NoError(t, r.agent.Expect(t.Context(), customer, february))
	r.clock.Advance(time.Minute)
	require.ErrorIs(t, r.agent.Work(t.Context()), pacspace.ErrUnavailable)
	require.Empty(t, r.alerts())
	r.books.err = nil
	r.clock.Advance(time.Hour)
	require.NoError(t, r.agent.Work(t.Context()))
	report, err := r.agent.Report(t.Context(), february)
	require.NoError(t, err)
	require.Equal(t, 1, report.Count(reconcile.Matched))
}
