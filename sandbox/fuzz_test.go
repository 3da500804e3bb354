package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pacspace/pacspace-go/sandbox"
)

// Whatever is sent, the sandbox answers JSON with a status that is no failure of its own,
// and what it recorded is within the documented bounds.
func FuzzServe(f *testing.F) {
	for _, seed := range []struct {
		post         bool
		target, body string
	}{
		{true, deltaPath, oneDelta},
		{true, deltaPath, `{"customerId":"acme","delta":1e308,"reason":"\ud800","metadata":{"a":[{}]},"adjusts":{"recordId":"rec_t000000000001"}}`},
		{true, batchPath, `{"deltas":[` + oneDelta + `,null,[],"x"]}`},
		{true, "/api/v1/balance/compare", `{"customerId":"acme","yourBalance":-0,"theirBalance":1e-400,"granularity":"week"}`},
		{true, checkpointPath, `{"customerId":"acme","mode":"fingerprints","fingerprints":["0x"]}`},
		{true, checkpointPath, `{"startDate":"0001-01-01","endDate":"0001-02-01"}`},
		{true, "/dashboard/customers", `{"displayName":"x"}`},
		{true, "/api/v1/balance/webhooks/evt_t000000000001/retry", `{}`},
		{false, "/api/v1/balance/derive/acme?startingCheckpoint=0x00&limit=1", ""},
		{false, "/api/v1/balance/derive/acme?granularity=week&startDate=9999-12-31&endDate=9999-12-31T23:59:59.999Z", ""},
		{false, "/api/v1/verify/0x0000000000000000000000000000000000000000000000000000000000000000?source=both", ""},
		{false, "/api/v1/balance/receipts/rcpt_t000000000001?timezone=../../etc/passwd", ""},
		{false, "/api/v1/balance/customers/%2e%2e?deltaPage=99999999999999999999", ""},
		{false, "/api/v1/receipt/x.pdf", ""},
	} {
		f.Add(seed.post, seed.target, seed.body)
	}
	f.Fuzz(func(t *testing.T, post bool, target, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Host != "" {
			return
		}
		clock := sandbox.NewClock(start)
		s, err := sandbox.New(sandbox.WithClock(clock.Now), sandbox.AnyKey())
		if err != nil {
			t.Fatal(err)
		}
		ask := func(method string, u *url.URL, body string) {
			r := httptest.NewRequest(method, "/", strings.NewReader(body))
			r.URL = u
			r.Header.Set("X-Api-Key", "pk_test_fuzz")
			r.Header.Set("Authorization", "Bearer "+s.DashboardToken())
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code >= http.StatusInternalServerError {
				t.Fatalf("%s %s: %d %s", method, u, w.Code, w.Body)
			}
			if w.Header().Get("Content-Type") != "application/pdf" && !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%s %s: not JSON: %s", method, u, w.Body)
			}
		}
		// Something to be asked about, then what was made up, twice, then the same later.
		ask(http.MethodPost, &url.URL{Path: deltaPath}, oneDelta)
		clock.Advance(time.Second)
		method := http.MethodGet
		if post {
			method = http.MethodPost
		}
		ask(method, u, body)
		ask(method, u, body)
		clock.Advance(time.Second)
		ask(method, u, body)
		ask(http.MethodGet, &url.URL{Path: "/api/v1/balance/derive/acme"}, "")
		clock.Advance(time.Second)
		for _, d := range s.Recorded(sandbox.Test, "") {
			if d.Delta.IsZero() || d.Reason == "" || d.CustomerID == "" || d.Status != "VERIFIED" {
				t.Fatalf("recorded: %+v", d)
			}
		}
	})
}
