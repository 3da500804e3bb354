package reconcile_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
)

// distorting changes the service's answers to some paths.
type distorting struct {
	path string
	by   func(answer string) string
}

func (d distorting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !strings.Contains(r.URL.Path, d.path) {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	text := d.by(string(body))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader([]byte(text))), int64(len(text))
	resp.Header.Del("Content-Length")
	return resp, nil
}

func TestTheServiceIsHeldAgainstItself(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		distorting
		kind            reconcile.Kind
		expected, found string
	}{
		{"a balance that its list does not add up to", distorting{"/derive/", func(s string) string {
			return strings.ReplaceAll(s, `"computedBalance":-150`, `"computedBalance":-151`)
		}}, reconcile.KindDerived, "-150", "-151"},
		{"a compare that knows another balance", distorting{"/compare", func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(s, `"neutralBalance":-150`, `"neutralBalance":-140`), `"matchesYours":true`, `"matchesYours":false`)
		}}, reconcile.KindCompared, "-150", "-140"},
		{"a compare that does not match itself", distorting{"/compare", func(s string) string {
			return strings.ReplaceAll(s, `"matchesYours":true`, `"matchesYours":false`)
		}}, reconcile.KindCompared, "-150", "-150, which it says does not match itself"},
		{"a list that has fewer deltas than it counts", distorting{"/derive/", func(s string) string {
			return strings.ReplaceAll(s, `"deltaCount":3`, `"deltaCount":4`)
		}}, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			client, err := pacspace.New(r.server.Key, pacspace.WithBaseURL(r.server.URL), pacspace.WithHTTPClient(&http.Client{Transport: c.distorting}))
			require.NoError(t, err)
			r.agent, err = reconcile.New(client, r.store, reconcile.WithSystemOfRecord(r.books), reconcile.WithAlert(r.alert), reconcile.WithPatience(0))
			require.NoError(t, err)
			r.month(customer, 3)
			r.deliver()
			r.clock.Set(february.First().AddDays(5).Start())
			report := r.check(customer)
			if c.kind == "" {
				require.Empty(t, report.Mismatches, "the sums agree all the same")
				return
			}
			require.Len(t, report.Mismatches, 1)
			m := report.Mismatches[0]
			require.Equal(t, c.kind, m.Kind)
			require.Equal(t, c.expected, m.Expected)
			require.Equal(t, c.found, m.Found)
			require.NoError(t, r.agent.Work(t.Context()))
			require.Equal(t, []reconcile.Kind{c.kind}, kindsOf(r.alerts()), "without patience it is told at once")
		})
	}
}

// An account with more deltas than one page of the service's list.
func TestManyDeltasOfOneAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.clock.Set(february.First().AddDays(1).Start().Add(time.Hour))
	const n = 1100
	var batch []pacspace.DeltaParams
	for i := range n {
		batch = append(batch, pacspace.DeltaParams{
			CustomerID: customer, Delta: storetest.Dec("-0.1"), Reason: "call", ReferenceID: fmt.Sprintf("call-%04d", i), Metadata: pacspace.Metadata{"resource": "calls"},
		})
		if len(batch) == pacspace.MaxBatchDeltas {
			_, err := r.client.Balance.EmitBatch(t.Context(), batch)
			require.NoError(t, err)
			batch = nil
		}
	}
	require.Empty(t, batch)
	r.deliver()
	agent, err := reconcile.New(r.client, r.store)
	require.NoError(t, err)
	require.NoError(t, agent.Work(t.Context()))
	report, err := agent.Check(t.Context(), customer, february)
	require.NoError(t, err)
	require.Equal(t, "-110", report.Record.String())
	require.Equal(t, "-110", report.Listed.String())
	require.Equal(t, n, report.Matched)
	require.Nil(t, report.Books)
	require.Empty(t, report.Mismatches)
	require.Len(t, report.Notes, 1, "binary64 does not come to -110")
}

// What failed and was recorded after all counts once.
func TestRecordedAfterAll(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{{"delta.failed", "delta.verified"}, {"delta.verified", "delta.failed"}} {
		t.Run(strings.Join(order, " then "), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			f := newForged(t, r)
			for _, event := range order {
				require.Equal(t, 200, f.post(r.clock.Now(), event, object{"customerId": customer, "delta": -5, "referenceId": "usage:customer_acme:2026-02-01", "error": "no"}))
				require.NoError(t, r.agent.Work(t.Context()))
			}
			a, err := r.agent.Account(t.Context(), customer)
			require.NoError(t, err)
			require.Equal(t, "-5", a.Balance.String())
			require.EqualValues(t, 1, a.Count)
			require.Zero(t, a.Failed)
		})
	}
}
