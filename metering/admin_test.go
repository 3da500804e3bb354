package metering_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

func ask(t *testing.T, h http.Handler, method, path string) (int, string, http.Header) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Code, string(body), w.Result().Header
}

func TestTheAdminPageShowsAPersonHowThingsStand(t *testing.T) {
	t.Parallel()
	r := due(t, 3)
	e := event("x", "customer-<b>", "1", noon)
	_, err := r.meter.Record(t.Context(), e)
	require.Error(t, err)
	r.box.Inject(sandbox.Fault{Path: batchPath, Status: 422, Times: 3})
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 422, Code: "VALIDATION_ERROR"})
	r.flush()
	h := r.meter.Admin(
		metering.Section{Name: "Reconciliation", Read: func(context.Context) (any, error) { return map[string]int{"mismatches": 2}, nil }},
		metering.Section{Name: "Broken", Read: func(context.Context) (any, error) { return nil, errors.New("<script>no</script>") }},
	)
	code, page, header := ask(t, h, http.MethodGet, "/")
	require.Equal(t, 200, code)
	require.Equal(t, "no-store", header.Get("Cache-Control"))
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Contains(t, page, "<td>usage:customer-000:2026-02-03<td class=\"n\">-1<td>VALIDATION_ERROR")
	require.Contains(t, page, "<td>2026-02-03<td>customer-002<td>events<td class=\"n\">0")
	require.Contains(t, page, "&#34;mismatches&#34;: 2")
	require.NotContains(t, page, "<script>")
	require.NotContains(t, page, "http://")
	require.NotContains(t, page, "https://")
	require.NotContains(t, page, "src=")

	code, text, header := ask(t, h, http.MethodGet, "/status.json")
	require.Equal(t, 200, code)
	require.Equal(t, "application/json", header.Get("Content-Type"))
	var status struct {
		LagSeconds int
		States     []metering.StateCount
		Sections   map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(text), &status))
	require.Len(t, status.Sections, 2)
	require.NotEmpty(t, status.States)

	for path, want := range map[string]string{
		"/deltas.json?state=parked":       `"referenceId": "usage:customer-000:2026-02-03"`,
		"/deltas.json?customer=nobody":    `"deltas": []`,
		"/days.json?customer=customer-01": `"days": []`,
		"/days.json?from=2026-02-03":      `"customerId": "customer-002"`,
		"/days.json?from=2026-02-04":      `"days": []`,
	} {
		code, text, _ := ask(t, h, http.MethodGet, path)
		require.Equal(t, 200, code)
		require.Contains(t, text, want, path)
		require.NotContains(t, text, "metadata")
	}
	for path, want := range map[string]int{"/days.json?from=yesterday": 400, "/deltas.json?to=2026-02-30": 400, "/nothing": 404} {
		code, _, _ := ask(t, h, http.MethodGet, path)
		require.Equal(t, want, code, path)
	}
	code, _, _ = ask(t, h, http.MethodPost, "/")
	require.Equal(t, 405, code, "it only reads")
}

func TestTheListsOfTheAdminPageHavePages(t *testing.T) {
	t.Parallel()
	r := due(t, 450)
	r.settle()
	h := r.meter.Admin()
	for list, field := range map[string]string{"/days.json": "days", "/deltas.json": "deltas"} {
		seen := map[string]bool{}
		query := ""
		for pages := 1; ; pages++ {
			_, text, _ := ask(t, h, http.MethodGet, list+query)
			var page map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(text), &page))
			var rows []struct{ CustomerID string }
			require.NoError(t, json.Unmarshal(page[field], &rows))
			for _, row := range rows {
				seen[row.CustomerID] = true
			}
			if page["next"] == nil {
				require.Equal(t, 3, pages)
				break
			}
			require.NoError(t, json.Unmarshal(page["next"], &query))
		}
		require.Len(t, seen, 450)
	}
}

func TestAnAdminPageWithoutItsStoreSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dying := newMortal(r.store, 1, false)
	m := r.newMeter(dying)
	_, _ = m.Status(t.Context())
	for _, path := range []string{"/", "/status.json", "/days.json", "/deltas.json"} {
		code, text, _ := ask(t, m.Admin(), http.MethodGet, path)
		require.Equal(t, 503, code)
		require.Contains(t, text, "the process died")
	}
}

func TestTheLogTellsAPersonWhatMattersAndNoAmounts(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r := newRig(t, metering.WithLogger(logger))
	e := event("secret-event", "acme", "48151.62342", noon)
	e.Dimensions = map[string]string{"plan": "secret-plan"}
	_, err := r.meter.Record(t.Context(), e)
	require.NoError(t, err)
	r.over()
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 402})
	r.settle()
	r.box.Settle()
	text := out.String()
	for _, want := range []string{
		`level=DEBUG msg="metering recorded" count=1`, `msg="metering closed" customer=acme day=2026-02-03 count=1`,
		`level=WARN msg="metering paused" code=INSUFFICIENT_CREDITS`, `msg="metering resumed"`,
		`msg="metering state" customer=acme day=2026-02-03 reference=usage:acme:2026-02-03 from=confirmed to=verified`,
	} {
		require.Contains(t, text, want)
	}
	for _, secret := range []string{"48151", "secret-plan", r.box.Recorded(sandbox.Test, "")[0].ReceiptID, strings.TrimPrefix(r.box.Key, "pk_test_")} {
		require.NotContains(t, text, secret)
	}
	require.NotContains(t, fmt.Sprintf("%v %+v", r.log.of(metering.ChangeState), r.meter), strings.TrimPrefix(r.box.Key, "pk_test_"))
}
