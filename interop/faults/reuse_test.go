package faults_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	pacspace "github.com/pacspace/pacspace-go"
)

// net/http repeats a request with an Idempotency-Key by itself where a connection that was
// kept alive breaks without an answer. A refusal of the repetition must not hide that the
// first may have been processed.
func TestARequestThatAKeptConnectionLostStaysUnknownWhateverIsAnsweredNext(t *testing.T) {
	t.Parallel()
	var writes atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // leaves a connection behind that is used again
			io.WriteString(w, `{"success":true,"data":{}}`)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if writes.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusPaymentRequired)
		io.WriteString(w, `{"success":false,"error":{"code":"INSUFFICIENT_CREDITS","message":"no credits"}}`)
	}))
	t.Cleanup(srv.Close)
	client, err := pacspace.New("pk_test_reuse00000000000000000000000", pacspace.WithBaseURL(srv.URL), pacspace.WithMaxRetries(0))
	require.NoError(t, err)
	_, err = client.Balance.Limits(t.Context())
	require.NoError(t, err)
	_, err = client.Balance.Emit(t.Context(), pacspace.DeltaParams{CustomerID: "acme", Delta: pacspace.NewDecimal(-1), Reason: "usage", ReferenceID: "usage:acme:2026-02-01"})
	require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
	require.EqualValues(t, 2, writes.Load(), "or the test has lost its point")
}
