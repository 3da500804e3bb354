package reconcile_test

import (
	"context"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
)

// The fields of a list's rows are not documented: without an id, two records under one
// reference look like one.
func TestADeltaThatIsListedTwiceIsFoundWithoutAnyID(t *testing.T) {
	t.Parallel()
	const one = `"(recordId|receiptId|proofHash|proofRoot|sequence|deltaIndex|index)":("[^"]*"|[0-9]+)`
	ids := regexp.MustCompile(one + `,|,` + one)
	r := newRig(t, sandbox.ReferencesRepeat())
	client, err := pacspace.New(r.server.Key, pacspace.WithBaseURL(r.server.URL), pacspace.WithHTTPClient(&http.Client{
		Transport: distorting{"/derive/", func(s string) string { return ids.ReplaceAllString(s, "") }},
	}))
	require.NoError(t, err)
	r.agent, err = reconcile.New(client, r.store, reconcile.WithSystemOfRecord(r.books), reconcile.WithAlert(r.alert), reconcile.WithPatience(0))
	require.NoError(t, err)
	day := february.First()
	r.clock.Set(day.End().Add(time.Hour))
	r.emit(delta(customer, day, "-50"))
	_, err = r.client.Balance.Emit(t.Context(), delta(customer, day, "-50"), pacspace.WithIdempotencyKey("another"))
	require.NoError(t, err)
	r.server.Settle()
	require.Equal(t, "-100", r.server.Sum(sandbox.Test, customer).String())
	r.clock.Set(day.End().Add(50 * time.Hour))
	report := r.check(customer)
	require.Equal(t, "-100", report.Listed.String())
	require.Equal(t, reconcile.Differs, report.Outcome, "%+v", report)
	require.Equal(t, []reconcile.Kind{reconcile.KindTwice}, kindsOf(report.Mismatches))
	require.NoError(t, r.agent.Work(t.Context()))
	require.Equal(t, []reconcile.Kind{reconcile.KindTwice}, kindsOf(r.alerts()))
}

// A day that no deltas can hold is in the meter's books and was never sent.
func TestAMeterWithADayThatNoDeltasCanHoldIsComparedAllTheSame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	store := memstore.New(r.clock.Now)
	meter, err := metering.New(r.client, store, metering.WithAccounts("compute-minutes", "minute"), metering.WithSpread(0))
	require.NoError(t, err)
	day := february.First()
	for _, id := range []string{"a", "b"} {
		_, err = meter.Record(t.Context(), metering.Event{ID: id, CustomerID: customer, Amount: decimal.New(metering.MaxAmount), Time: day.Start()})
		require.NoError(t, err)
	}
	r.clock.Set(day.End().Add(2 * time.Hour))
	_, err = meter.Flush(t.Context())
	require.Error(t, err)
	r.clock.Set(day.End().Add(48 * time.Hour))
	report, err := reconcile.Audit(t.Context(), r.client, reconcile.MeterBooks(store), february, reconcile.AuditClock(r.clock.Now))
	require.NoError(t, err)
	require.Equal(t, reconcile.Differs, report.Account(customer).Outcome)
	require.Equal(t, day, report.Account(customer).Mismatches[0].First.Day)
}

// meddling books let something happen while a comparison is being made.
type meddling struct {
	*ledger
	meanwhile func()
}

func (m *meddling) Balance(ctx context.Context, customerID string, days proof.Days) (decimal.Decimal, error) {
	if do := m.meanwhile; do != nil {
		m.meanwhile = nil
		do()
	}
	return m.ledger.Balance(ctx, customerID, days)
}

func TestADeltaThatIsToldOfDuringAComparisonIsComparedSoon(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	books := &meddling{ledger: r.books}
	var err error
	r.agent, err = reconcile.New(r.client, r.store, reconcile.WithSystemOfRecord(books), reconcile.WithAlert(r.alert), reconcile.WithPatience(0))
	require.NoError(t, err)
	f := newForged(t, r)
	r.month(customer, 3)
	r.server.Settle()
	r.clock.Set(february.First().AddDays(5).Start())
	books.meanwhile = func() {
		require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{"customerId": customer, "delta": -7, "referenceId": "usage:customer_acme:2026-02-02:late-9", "recordId": "forged"}))
		require.NoError(t, r.agent.Work(t.Context()))
	}
	r.check(customer)
	require.Nil(t, books.meanwhile)
	r.clock.Advance(time.Minute)
	require.NoError(t, r.agent.Work(t.Context()))
	require.Contains(t, kindsOf(r.alerts()), reconcile.KindBooks)
}

// A list's rows need not say the amount either: the running balance takes it once it is told.
func TestAnAmountThatIsToldLaterIsInTheRunningBalance(t *testing.T) {
	t.Parallel()
	amount := regexp.MustCompile(`"(delta|amount)":-50,|,"(delta|amount)":-50`)
	r := newRig(t)
	client, err := pacspace.New(r.server.Key, pacspace.WithBaseURL(r.server.URL), pacspace.WithHTTPClient(&http.Client{
		Transport: distorting{"/derive/", func(s string) string { return amount.ReplaceAllString(s, "") }},
	}))
	require.NoError(t, err)
	lister, err := reconcile.New(client, r.store)
	require.NoError(t, err)
	day := february.First()
	r.clock.Set(day.End().Add(time.Hour))
	r.emit(delta(customer, day, "-50"))
	r.clock.Advance(time.Hour)
	r.server.Settle()
	r.clock.Set(day.End().Add(50 * time.Hour))
	for _, books := range []reconcile.SystemOfRecord{nil, r.books, justBalance{r.books}} {
		with, err := reconcile.New(client, r.store, reconcile.WithSystemOfRecord(books))
		require.NoError(t, err)
		report, err := with.Check(t.Context(), customer, february)
		require.NoError(t, err)
		require.Equal(t, reconcile.Pending, report.Outcome, "%+v", report.Mismatches)
		require.Equal(t, 1, report.Pending)
		require.Equal(t, []reconcile.Kind{reconcile.KindAmount}, kindsOf(report.Mismatches), "and the sums are not held against one another")
	}
	audit, err := reconcile.Audit(t.Context(), client, r.books, february, reconcile.AuditClock(r.clock.Now))
	require.NoError(t, err)
	require.Equal(t, reconcile.Pending, audit.Account(customer).Outcome)
	require.Equal(t, "0", r.balance(customer))
	r.deliver()
	r.work()
	require.Equal(t, "-50", r.balance(customer))
	report, err := lister.Check(t.Context(), customer, february)
	require.NoError(t, err)
	require.Equal(t, reconcile.Matched, report.Outcome, "the list still leaves it out, and that is no second amount: %+v", report.Mismatches)
}
