package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPrometheusScrapesWhatTheClientDid(t *testing.T) {
	t.Parallel()
	var out, log bytes.Buffer
	require.NoError(t, run(t.Context(), "", &out, &log))

	const emit, derive = `method="POST",route="/api/v1/balance/delta"`, `method="GET",route="/api/v1/balance/derive/{customerId}"`
	for _, line := range []string{
		`pacspace_requests_total{` + emit + `,status="201"} 5`,
		`pacspace_requests_total{` + emit + `,status="503"} 1`,
		`pacspace_requests_total{` + emit + `,status="none"} 1`,
		`pacspace_requests_total{` + derive + `,status="200"} 1`,
		`pacspace_requests_total{` + derive + `,status="429"} 1`,
		`pacspace_retries_total{` + emit + `} 2`,
		`pacspace_retries_total{` + derive + `} 1`,
		`pacspace_request_duration_seconds_count{` + emit + `} 7`,
		`pacspace_request_duration_seconds_bucket{` + derive + `,le="+Inf"} 2`,
		`# TYPE pacspace_requests_total counter`,
		`# TYPE pacspace_request_duration_seconds histogram`,
	} {
		require.Contains(t, out.String(), line+"\n")
	}
	require.Regexp(t, regexp.MustCompile(`(?m)^pacspace_retry_wait_seconds_total\{`+regexp.QuoteMeta(derive)+`\} 1(\.\d+)?$`), out.String())
	require.NotContains(t, out.String(), "customer_acme", "no ids in labels")
}

func TestRetriesAreLoggedWithoutKeysIdsAndURLs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	require.NoError(t, run(t.Context(), "", io.Discard, &log))

	type entry struct {
		Level, Msg, Method, Route, Failure string
		Attempt, Status                    int
		Wait                               time.Duration
	}
	var entries []entry
	for lines := bufio.NewScanner(&log); lines.Scan(); {
		var e entry
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e))
		require.Positive(t, e.Wait)
		e.Wait = 0
		entries = append(entries, e)
		for _, word := range []string{"customer_acme", "usage:", "pk_test", "http://", "127.0.0.1"} {
			require.NotContains(t, lines.Text(), word)
		}
	}
	const emit, derive, message = "/api/v1/balance/delta", "/api/v1/balance/derive/{customerId}", "pacspace request will be retried"
	require.Equal(t, []entry{
		{Level: "WARN", Msg: message, Method: "POST", Route: emit, Attempt: 1, Status: 503},
		{Level: "WARN", Msg: message, Method: "POST", Route: emit, Attempt: 1, Status: 201, Failure: "connection lost"},
		{Level: "WARN", Msg: message, Method: "GET", Route: derive, Attempt: 1, Status: 429},
	}, entries)
}

func TestMetricsAreServedUntilInterrupted(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, address, io.Discard, io.Discard) }()
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return err == nil && strings.Contains(string(text), "pacspace_requests_total")
	}, time.Minute, 20*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
}
