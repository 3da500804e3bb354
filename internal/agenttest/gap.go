package agenttest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
)

// quietService lists no deltas and names a record in a gap; its status is what a test says.
type quietService struct{ status string }

func (s *quietService) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, code := `{}`, http.StatusNotFound
	switch {
	case strings.Contains(r.URL.Path, "/gaps"):
		answer, code = `{"gaps":[{"recordId":"rec_1"}]}`, http.StatusOK
	case strings.Contains(r.URL.Path, "/derive/"):
		answer, code = `{"customerId":"acme","computedBalance":0,"deltaCount":0,"deltas":[]}`, http.StatusOK
	case strings.Contains(r.URL.Path, "rec_1"):
		answer, code = s.status, http.StatusOK
	case strings.Contains(r.URL.Path, "/webhooks"):
		answer, code = `{"deliveries":[]}`, http.StatusOK
	}
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r,
	}, nil
}

// amountToldLate holds that a delta of which the service tells all but the amount is told to
// an operator, and that the alert is closed once the amount is known.
func amountToldLate(t *testing.T, store reconcile.Store) {
	ctx := t.Context()
	service := &quietService{`{"recordId":"rec_1","status":"verified","customerId":"acme","referenceId":"usage:acme:2026-02-03","createdAt":"2026-02-04T01:00:00Z"}`}
	client, err := pacspace.New("pk_test_a.b", pacspace.WithBaseURL("https://service.example"), pacspace.WithHTTPClient(&http.Client{Transport: service}), pacspace.WithMaxRetries(0))
	require.NoError(t, err)
	var told []reconcile.Mismatch
	agent, err := reconcile.New(client, store, reconcile.WithPatience(0), reconcile.WithAlert(func(_ context.Context, m reconcile.Mismatch) error {
		if m.Kind == reconcile.KindAmount {
			told = append(told, m)
		}
		return nil
	}))
	require.NoError(t, err)
	for range 2 {
		report, err := agent.Check(ctx, "acme", period)
		require.NoError(t, err)
		require.NotEqual(t, reconcile.Matched, report.Outcome)
		require.Equal(t, 1, report.Pending)
		require.NoError(t, agent.Work(ctx))
		require.Len(t, told, 1)
		require.Equal(t, reconcile.MismatchOpen, told[0].State)
		require.Equal(t, "rec_1", told[0].First.RecordID)
	}
	service.status = strings.Replace(service.status, "{", `{"delta":-50,`, 1)
	_, err = agent.Check(ctx, "acme", period)
	require.NoError(t, err)
	require.NoError(t, agent.Work(ctx))
	require.Len(t, told, 2)
	require.Equal(t, reconcile.MismatchClosed, told[1].State)
	account, err := agent.Account(ctx, "acme")
	require.NoError(t, err)
	same(t, storetest.Dec("-50"), account.Balance)
}
