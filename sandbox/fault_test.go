package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
)

// served is a sandbox behind a real server, asked over the network.
type served struct {
	*sandbox.Server
	t      *testing.T
	client *http.Client
}

func serve(t *testing.T, opts ...sandbox.Option) *served {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	return &served{Server: sandbox.Start(t, opts...), t: t, client: &http.Client{Transport: transport}}
}

// emit sends the delta of oneDelta and returns what of the answer arrived.
func (s *served) emit(ctx context.Context, key string) (status int, body string, header http.Header, err error) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+deltaPath, strings.NewReader(oneDelta))
	require.NoError(s.t, err)
	req.Header.Set("X-Api-Key", s.Key)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), resp.Header, err
}

// Whatever happens to the first answer, the second request with the same key gets it, and
// the service has recorded the delta as often as the fault let it: once.
func TestFaultsOfOneRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		fault    sandbox.Fault
		status   int    // 0 is an error
		body     string // what it contains
		header   string // Name: value
		recorded int
	}{
		{"none", sandbox.Fault{}, 201, "recordId", "", 1},
		{"a status before the service", sandbox.Fault{Status: 500}, 500, "Internal Server Error", "", 0},
		{"a status after the service", sandbox.Fault{Status: 500, AfterWrite: true}, 500, "Internal Server Error", "", 1},
		{"unavailable, with the documented code", sandbox.Fault{Status: 503}, 503, `"code":"SERVICE_UNAVAILABLE"`, "", 0},
		{"429 with a wait in body and header", sandbox.Fault{Status: 429, RetryAfter: 7}, 429, `"retryAfterSeconds":7`, "Retry-After: 7", 0},
		{"429 without a wait", sandbox.Fault{Status: 429}, 429, `"code":"RATE_LIMITED"`, "Retry-After: ", 0},
		{"429 with a date", sandbox.Fault{Status: 429, Header: http.Header{"retry-after": {"Wed, 21 Oct 2026 07:28:00 GMT"}}}, 429, "", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT", 0},
		{"a code of one's own", sandbox.Fault{Status: 400, Code: "SCOPE_TOO_WIDE", Message: "wide"}, 400, `{"error":{"message":"wide","code":"SCOPE_TOO_WIDE"}}`, "", 0},
		{"an HTML page", sandbox.Fault{Status: 502, Body: []byte("<html>bad gateway"), Header: http.Header{"Content-Type": {"text/html"}}}, 502, "<html>bad gateway", "Content-Type: text/html", 0},
		{"a redirect", sandbox.Fault{Status: 308, Header: http.Header{"Location": {"/elsewhere"}}}, 404, "elsewhere", "", 0},
		{"pending", sandbox.Fault{Pending: true}, 202, "IDEMPOTENCY_PENDING", "Retry-After: 1", 1},
		{"dropped before the service", sandbox.Fault{Drop: true}, 0, "", "", 0},
		{"dropped after the service", sandbox.Fault{Drop: true, AfterWrite: true}, 0, "", "", 1},
		{"cut after the header", sandbox.Fault{Cut: new(0)}, 0, "", "", 1},
		{"cut in the body", sandbox.Fault{Cut: new(10)}, 0, `{"success"`, "", 1},
		{"cut before the service", sandbox.Fault{Status: 200, Body: []byte(`{"success":true}`), Cut: new(3)}, 0, `{"s`, "", 0},
		{"a stall in the body", sandbox.Fault{Stall: time.Millisecond}, 201, "recordId", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.Inject(c.fault)
			status, body, header, err := s.emit(t.Context(), "k")
			if c.status == 0 {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				require.Equal(t, c.status, status)
			}
			require.Contains(t, body, c.body)
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				require.Equal(t, value, header.Get(name))
			}
			require.Len(t, s.Recorded(sandbox.Test, ""), c.recorded)

			status, body, _, err = s.emit(t.Context(), "k")
			require.NoError(t, err)
			require.Equal(t, 201, status)
			require.Contains(t, body, "rec_t000000000001")
			require.Len(t, s.Recorded(sandbox.Test, ""), 1, "the key keeps it at one")
			require.Eventually(t, func() bool { return len(s.Requests()) >= 2 }, time.Second, time.Millisecond)
		})
	}
}

func TestAFaultChoosesItsRequests(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	status := func(method, target string) int {
		if method == "POST" {
			return b.post(target, `{"customerId":"acme","yourBalance":1,"theirBalance":1}`).status
		}
		return b.get(target).status
	}
	const derive, compare, limits = "/api/v1/balance/derive/acme", "/api/v1/balance/compare", "/api/v1/balance/limits"

	remove := b.Inject(sandbox.Fault{Method: "GET", Path: "/api/v1/balance/derive/{customerId}", Times: 2, Status: 503})
	require.Equal(t, 200, status("GET", limits), "another path")
	require.Equal(t, 503, status("GET", derive))
	require.Equal(t, 503, status("GET", "/api/v1/balance/derive/globex"))
	require.Equal(t, 200, status("GET", derive), "two were asked for")
	remove()

	b.Inject(sandbox.Fault{Path: derive, Times: -1, Status: 500})
	require.Equal(t, 200, status("GET", "/api/v1/balance/derive/globex"), "one path as it is written")
	require.Equal(t, 500, status("GET", derive))
	require.Equal(t, 500, status("GET", derive))
	b.ClearFaults()
	require.Equal(t, 200, status("GET", derive))

	b.Inject(sandbox.Fault{Method: "POST", Skip: 1, Status: 500})
	require.Equal(t, 200, status("GET", limits), "another method")
	require.Equal(t, 201, status("POST", compare), "the first passes")
	require.Equal(t, 500, status("POST", compare))
	require.Equal(t, 201, status("POST", compare))

	b.Inject(sandbox.Fault{Status: 500})
	b.Inject(sandbox.Fault{Status: 502})
	require.Equal(t, []int{500, 502, 200}, []int{status("GET", limits), status("GET", limits), status("GET", limits)}, "the oldest first")
	require.Equal(t, 404, status("GET", "/nowhere"))
	b.Inject(sandbox.Fault{Status: 418})
	require.Equal(t, 418, status("GET", "/nowhere"), "any request, even one without a route")
}

func TestPendingLastsAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.Inject(sandbox.Fault{Path: deltaPath, Pending: true, Times: 3})
	for range 3 {
		require.Equal(t, 202, b.post(deltaPath, oneDelta, "Idempotency-Key: k").status)
	}
	require.Equal(t, 201, b.post(deltaPath, oneDelta, "Idempotency-Key: k").status)
	require.Len(t, b.Recorded(sandbox.Test, ""), 1)
	b.Inject(sandbox.Fault{Path: deltaPath, Pending: true})
	require.Equal(t, 201, b.post(deltaPath, oneDelta).status, "without a key nothing can be pending")
}

func TestAnAnswerCanComeTooLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		after    bool
		recorded int
	}{
		{"before the service did anything", false, 0},
		{"after it did", true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.Inject(sandbox.Fault{Latency: time.Hour, AfterWrite: c.after})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, _, _, err := s.emit(ctx, "k")
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Eventually(t, func() bool { return len(s.Requests()) == 1 }, 5*time.Second, time.Millisecond)
			require.Len(t, s.Recorded(sandbox.Test, ""), c.recorded)
			require.Zero(t, s.Requests()[0].Status, "no status was sent")
		})
	}
}

func TestTheRequestLogKeepsTheLastRequests(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.RequestLog(3))
	for i := range 10 {
		b.post(deltaPath, oneDelta, fmt.Sprintf("Idempotency-Key: %d", i))
	}
	b.get("/api/v1/balance/limits", "X-Api-Key: ")
	log := b.Requests()
	require.Len(t, log, 3)
	require.Equal(t, sandbox.Request{Environment: sandbox.Test, Method: "POST", Path: deltaPath, IdempotencyKey: "9", Body: []byte(oneDelta), Status: 201}, log[1])
	require.Equal(t, 401, log[2].Status)
	require.Empty(t, log[2].Environment)
	require.Empty(t, newBox(t, sandbox.RequestLog(0)).Requests())
}

// Many clients at once: nothing is lost or doubled, and one key counts once whoever is
// first.
func TestConcurrentClients(t *testing.T) {
	t.Parallel()
	s := serve(t)
	const clients, each = 8, 25
	var wg sync.WaitGroup
	problems := make(chan error, clients*each)
	for range clients {
		wg.Go(func() {
			for i := range each {
				status, body, _, err := s.emit(context.Background(), fmt.Sprint("shared-", i))
				if err == nil && status != 201 && status != 202 {
					err = errors.New(body)
				}
				if err != nil {
					problems <- err
				}
			}
		})
	}
	wg.Wait()
	close(problems)
	for err := range problems {
		require.NoError(t, err)
	}
	require.Len(t, s.Recorded(sandbox.Test, ""), each)
}

// Keys and secrets are in no print of a sandbox or its server.
func TestKeysAreNeverPrinted(t *testing.T) {
	t.Parallel()
	srv := sandbox.Start(t, sandbox.WithAPIKey("pk_test_secretive.hush"), sandbox.WithWebhook(sandbox.Test, hook), sandbox.WithDashboardToken("hush-token"))
	secret := srv.WebhookSecret(sandbox.Test)
	require.Equal(t, "pk_test_secretive.hush", srv.Key)
	var out bytes.Buffer
	for _, v := range []any{srv, *srv, srv.Sandbox} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	logAndMarshal(t, &out, srv, srv.Sandbox)
	require.NotContains(t, out.String(), "hush")
	require.NotContains(t, out.String(), secret)
	require.NotContains(t, out.String(), fmt.Sprintf("%x", "hush"))
	require.Contains(t, out.String(), srv.URL)
}
