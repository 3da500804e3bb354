package agenttest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// anyContent holds that a genuine event of any content is applied or kept as unread: one that
// could do neither would keep every other waiting for ever.
func anyContent(t *testing.T, store reconcile.Store) {
	ctx := t.Context()
	client, err := pacspace.New("pk_test_a.b", pacspace.WithBaseURL("https://service.example"),
		pacspace.WithHTTPClient(&http.Client{Transport: &quietService{`{"recordId":"rec_1","status":"pending"}`}}), pacspace.WithMaxRetries(0))
	require.NoError(t, err)
	agent, err := reconcile.New(client, store)
	require.NoError(t, err)
	long := strings.Repeat("x\u0000\u2028\ufffd", 5_000)
	bodies := 0
	receive := func(kind string, data map[string]any) {
		text, err := json.Marshal(map[string]any{"id": fmt.Sprint("evt_", bodies), "event": kind, "data": data})
		require.NoError(t, err)
		event, err := webhook.ParseEvent(text)
		require.NoError(t, err)
		require.NoError(t, agent.Receive(ctx, event))
		bodies++
	}
	for _, hostile := range []map[string]any{
		{"verifiedAt": "9999-12-31T23:59:59-23:59", "submittedAt": "9999-12-31T23:59:59-23:59"},
		{"verifiedAt": "0000-01-01T00:00:00+23:59", "submittedAt": "0000-01-01T00:00:00+23:59"},
		{"verifiedAt": "0001-01-01T00:00:00Z", "submittedAt": "0001-01-01T00:00:00Z"},
		{"referenceId": "usage:acme:9999-12-31"}, {"referenceId": "usage:acme:0001-01-01"}, {"referenceId": long}, {"referenceId": "\x00"},
		{"recordId": long}, {"recordId": "\x00"}, {"receiptId": long}, {"receiptId": "\x00"}, {"reason": long}, {"metadata": map[string]any{long: long}},
		{"verificationReference": long}, {"delta": json.Number("1e400")}, {"delta": json.Number("-1e-400")}, {"delta": 0}, {"deltaIndex": json.Number("9223372036854775807")},
		{"deltaIndex": json.Number("1e30")}, {"error": long}, {"failedAt": "9999-12-31T23:59:59-23:59"}, {"adjusts": map[string]any{"referenceId": long}},
		{"proof": map[string]any{"contentHash": long, "proofHash": long, "previousProofHash": long, "itemHashes": []string{long, "", "\x00"}}},
		{"verification": map[string]any{"verified": false, "discrepancies": []string{long}}},
	} {
		for _, kind := range []string{"delta.verified", "delta.failed"} {
			// Twice, the second of which says more, so that both are brought together.
			data := map[string]any{"customerId": "acme", "delta": -1, "referenceId": "usage:acme:2026-02-03", "recordId": "rec"}
			for field, value := range hostile {
				data[field] = value
			}
			receive(kind, data)
			data["reason"], data["more"] = "r", true
			receive(kind, data)
		}
	}
	require.NoError(t, agent.Work(ctx))
	view(t, store, func(ctx context.Context, tx reconcile.Tx) {
		count, err := tx.CountEvents(ctx)
		require.NoError(t, err)
		require.Zero(t, count.Pending)
		require.Less(t, count.Unread, bodies/2)
		checks, err := tx.DueChecks(ctx, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 100)
		require.NoError(t, err)
		require.NotEmpty(t, checks)
		for _, c := range checks {
			require.NoError(t, c.Period.Validate())
		}
	})
	for _, period := range []usage.Period{"9999-12", "2026-02", "0001-01"} {
		report, err := agent.Check(ctx, "acme", period)
		require.NoError(t, err, period)
		text, err := json.Marshal(report)
		require.NoError(t, err)
		require.Less(t, len(text), 100_000, "what an operator is told is bounded")
	}
	_, err = agent.Status(ctx)
	require.NoError(t, err)
}
