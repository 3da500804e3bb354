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
func TestAVerifiedGapWithoutAmountIsAskedForAgain(t *testing.T) {
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
	agent, err := reconcile.New(client, r.store)
	require.NoError(t, err)

	_, err = agent.Check(t.Context(), customer, february)
	require.NoError(t, err)
	_, err = agent.Account(t.Context(), customer)
	require.ErrorIs(t, err, reconcile.ErrNotFound, "nothing is known of an amount")

	told = true
	_, err = agent.Check(t.Context(), customer, february)
	require.NoError(t, err)
	a, err := agent.Account(t.Context(), customer)
	require.NoError(t, err)
	require.Equal(t, "-50", a.Balance.String())
}

// gapped is a service that lists no deltas, and names a record in a gap.
type gapped struct {
	record string
	status func(string) string
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
	return by.RoundTrip(r)
}
