package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/examples/internal/stage"
	"github.com/pacspace/pacspace-go/metering"
)

func TestEachCustomerIsBilledWhatHeCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// The second run finds the files of the first.
	for range 2 {
		var out bytes.Buffer
		require.NoError(t, tell(t.Context(), dir, &out))
		text := out.String()
		for _, want := range []string{
			"2026-02-27 15:00: the service dies and is started again",
			"sent as 3 deltas on 2026-03-01",
			"in March so far, which are not on it",
			"2026-02-28    17  usage:customer_acme:2026-02-28",
			"exactly what the customers counted",
		} {
			require.Contains(t, text, want)
		}
		require.NotContains(t, text, "usage:customer_acme:2026-03-01")
	}
	evidence, err := filepath.Glob(filepath.Join(dir, "*-2026-02.jsonl"))
	require.NoError(t, err)
	require.Len(t, evidence, 3)
	_, err = os.Stat(filepath.Join(dir, "meter.db"))
	require.NoError(t, err)
}

func TestARequestIsServedOnlyOnceItIsCounted(t *testing.T) {
	t.Parallel()
	st, err := stage.Open(t.TempDir(), firstDay.Start())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	meter, err := st.Meter(t.Context(), metering.WithAccounts(resource, unit))
	require.NoError(t, err)
	h := service(meter.Meter, st.Clock.Now)
	call := func(customer, id string) *httptest.ResponseRecorder {
		q := httptest.NewRequest(http.MethodGet, "/double?n=21", nil)
		q.Header.Set(headerCustomer, customer)
		q.Header.Set(headerRequest, id)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, q)
		return w
	}
	first := call("acme", "1")
	require.Equal(t, 200, first.Code)
	require.JSONEq(t, `{"result":42}`, first.Body.String())
	st.Clock.Advance(1)
	require.Equal(t, 200, call("acme", "1").Code, "a repeated request is answered again")
	require.Equal(t, 200, call("globex", "1").Code, "ids are each customer's own")
	require.Equal(t, 400, call("no such/id", "2").Code)
	counted := map[string]pacspace.Decimal{}
	for b, err := range meter.Days(t.Context(), metering.BucketQuery{}) {
		require.NoError(t, err)
		counted[b.CustomerID] = b.Open
	}
	require.Len(t, counted, 2)
	require.Equal(t, "1", counted["acme"].String())
	require.NoError(t, meter.Abandon())
	require.Equal(t, 503, call("acme", "3").Code, "what cannot be counted is not served")
}
