package reconcile_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
)

// A failure may name its record alone: where that record was verified after all, nothing
// is left to send again.
func TestAFailureIsOverOnceItsRecordIsVerified(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	f := newForged(t, r)
	const day = "2026-02-02T08:00:00Z" // in the recording window of February
	require.Equal(t, 200, f.post(r.clock.Now(), "delta.failed", object{"customerId": customer, "recordId": "rec_1", "failedAt": day, "error": "no"}))
	require.Equal(t, 200, f.post(r.clock.Now(), "delta.failed", object{"customerId": customer, "recordId": "rec_2", "failedAt": day, "error": "no"}))
	require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{"customerId": customer, "recordId": "rec_1", "delta": -50, "referenceId": "usage:customer_acme:2026-02-01", "verifiedAt": day}))
	r.work()
	report := r.check(customer)
	var failed []string
	for _, m := range report.Mismatches {
		if m.Kind == reconcile.KindFailed {
			require.Equal(t, 1, m.Count)
			failed = append(failed, m.First.RecordID)
		}
	}
	require.Equal(t, []string{"rec_2"}, failed, "only the record that never came is left")
}

// The status of a record in a gap need not say its amount: that is no delta of zero.
func TestAVerifiedGapWithoutAmountIsAnAlertAndAskedForAgain(t *testing.T) {
	t.Parallel()
	amount := regexp.MustCompile(`"(delta|amount)":-50,|,"(delta|amount)":-50`)
	r := newRig(t)
	day := february.First()
	r.clock.Set(day.End().Add(time.Hour))
	r.emit(delta(customer, day, "-50"))
	r.clock.Advance(time.Hour)
	r.server.Settle()
	record := r.server.Recorded(sandbox.Test, customer)[0].RecordID
	told := false
	client, err := pacspace.New(r.server.Key, pacspace.WithBaseURL(r.server.URL), pacspace.WithHTTPClient(&http.Client{
		Transport: gapped{record: record, status: func(s string) string {
			if told {
				return s
			}
			return amount.ReplaceAllString(s, "")
		}},
	}))
	require.NoError(t, err)
	agent, err := reconcile.New(client, r.store, reconcile.WithAlert(r.alert))
	require.NoError(t, err)
	ofAmount := func() (out []reconcile.Mismatch) {
		for _, m := range r.alerts() {
			if m.Kind == reconcile.KindAmount {
				out = append(out, m)
			}
		}
		return out
	}
	check := func() *reconcile.AccountReport {
		report, err := agent.Check(t.Context(), customer, february)
		require.NoError(t, err)
		require.NoError(t, agent.Work(t.Context()))
		return report
	}

	report := check()
	require.Equal(t, 1, report.Pending)
	require.Zero(t, report.Matched)
	require.Empty(t, ofAmount(), "it may be told in a moment")
	r.clock.Advance(reconcile.DefaultPatience)
	check()
	raised := ofAmount()
	require.Len(t, raised, 1)
	require.Equal(t, record, raised[0].First.RecordID)
	require.Equal(t, "was verified, and the service does not tell its amount", raised[0].First.What)
	r.clock.Advance(reconcile.DefaultInterval)
	check()
	require.Empty(t, ofAmount(), "nothing changed")

	told = true
	report = check()
	require.Zero(t, report.Pending)
	a, err := agent.Account(t.Context(), customer)
	require.NoError(t, err)
	require.Equal(t, "-50", a.Balance.String())
	closed := ofAmount()
	require.Len(t, closed, 1)
	require.Equal(t, reconcile.MismatchClosed, closed[0].State)
}

// What a gap's status leaves out, a webhook tells: the record is one delta, and is known.
func TestAGapOfWhichNothingIsKnownIsClosedByItsWebhook(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	client, err := pacspace.New(r.server.Key, pacspace.WithBaseURL(r.server.URL), pacspace.WithHTTPClient(&http.Client{
		Transport: gapped{record: "rec_1", status: func(string) string { return `{"status":"verified"}` }, code: http.StatusOK},
	}))
	require.NoError(t, err)
	r.agent, err = reconcile.New(client, r.store, reconcile.WithAlert(r.alert), reconcile.WithPatience(0))
	require.NoError(t, err)
	f := newForged(t, r)
	r.clock.Set(february.First().AddDays(4).Start())
	require.Equal(t, []reconcile.Kind{reconcile.KindAmount}, kindsOf(r.check(customer).Mismatches))
	require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{
		"recordId": "rec_1", "customerId": customer, "delta": -50, "referenceId": "usage:customer_acme:2026-02-01", "submittedAt": r.clock.Now().Format(time.RFC3339),
	}))
	require.NoError(t, r.agent.Work(t.Context()))
	report := r.check(customer)
	require.NotContains(t, kindsOf(report.Mismatches), reconcile.KindAmount)
	require.Zero(t, report.Pending)
	require.Equal(t, "-50", report.Record.String())
	require.Equal(t, "-50", r.balance(customer))
}

// gapped is a service that lists no deltas, and names a record in a gap.
type gapped struct {
	record string
	status func(string) string
	code   int // of the status, 0 for the service's own
}

func (g gapped) RoundTrip(r *http.Request) (*http.Response, error) {
	by := distorting{"", g.status}
	switch {
	case strings.Contains(r.URL.Path, "/gaps"):
		by.by = func(string) string { return `{"gaps":[{"recordId":"` + g.record + `"}]}` }
	case strings.Contains(r.URL.Path, "/derive/"):
		by.by = func(string) string {
			return `{"customerId":"` + customer + `","computedBalance":0,"deltaCount":0,"deltas":[]}`
		}
	}
	resp, err := by.RoundTrip(r)
	if err == nil && g.code != 0 && strings.Contains(r.URL.Path, g.record) {
		resp.StatusCode = g.code
	}
	return resp, err
}
