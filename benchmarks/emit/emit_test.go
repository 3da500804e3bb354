package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pacspace/pacspace-go"
)

// Each candidate sends a POST with its key and reads the answer, over one connection.
func TestAllGetTheSameAnswer(t *testing.T) {
	for _, name := range names {
		s, send := start(t, name, 1)
		if err := sendAll(send, 50, 1); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := s.connections.Load(); n != 1 {
			t.Errorf("%s took %d connections", name, n)
		}
	}
}

// What is sent by hand is byte for byte what Emit sends, with the same headers.
func TestByHandSendsWhatEmitSends(t *testing.T) {
	type request struct{ line, key, idempotencyKey, accept, contentType, chain, body string }
	seen := map[string]request{}
	var now string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		if _, err := r.Body.Read(body); err != nil && err.Error() != "EOF" {
			t.Error(err)
		}
		h := r.Header
		seen[now] = request{r.Method + " " + r.URL.Path, h.Get("X-Api-Key"), h.Get("Idempotency-Key"), h.Get("Accept"), h.Get("Content-Type"), h.Get("X-Chain-Id"), string(body)}
		w.WriteHeader(http.StatusCreated)
		_, answer, _ := strings.Cut(string(deltaAnswer), "\r\n\r\n")
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	for _, now = range names[:2] {
		send, err := newClient(now, server.URL, server.Client())
		if err != nil {
			t.Fatal(err)
		}
		if err := send(t.Context()); err != nil {
			t.Errorf("%s: %v", now, err)
		}
	}
	if seen["emit"] != seen["by hand"] || seen["emit"].body == "" {
		t.Errorf("not the same:\n%+v\n%+v", seen["emit"], seen["by hand"])
	}
}

// The candidate by hand refuses what Emit refuses, else it would be measured for less work.
func TestByHandRefusesWhatEmitRefuses(t *testing.T) {
	sound := handDelta{CustomerID: "customer_acme", Delta: "-50", Reason: "daily", ReferenceID: "usage:customer_acme:2026-02-01"}
	s, _ := start(t, "by hand", 1)
	h := newByHand(pool(1), s.url)
	client, err := pacspace.New(apiKey, pacspace.WithBaseURL(s.url))
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*handDelta){
		"no customer":            func(d *handDelta) { d.CustomerID = "" },
		"a customer with spaces": func(d *handDelta) { d.CustomerID = "a b" },
		"a long customer":        func(d *handDelta) { d.CustomerID = strings.Repeat("a", 129) },
		"zero":                   func(d *handDelta) { d.Delta = "0" },
		"too much":               func(d *handDelta) { d.Delta = "1000000001" },
		"not binary64":           func(d *handDelta) { d.Delta = "0.1234567890123456789" },
		"no reason":              func(d *handDelta) { d.Reason = "" },
		"a long reason":          func(d *handDelta) { d.Reason = strings.Repeat("ä", 501) },
		"no reference":           func(d *handDelta) { d.ReferenceID = "" },
		"another amount":         func(d *handDelta) { d.Delta = "-51" },
		"another customer":       func(d *handDelta) { d.CustomerID = "customer_globex" },
		"another reference":      func(d *handDelta) { d.ReferenceID = "usage:customer_acme:2026-02-02" },
	} {
		d := sound
		spoil(&d)
		if _, err := h.emit(t.Context(), d); err == nil {
			t.Errorf("by hand takes %s", name)
		}
		amount, err := pacspace.ParseDecimal(string(d.Delta))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Balance.Emit(t.Context(), pacspace.DeltaParams{
			CustomerID: d.CustomerID, Delta: amount, Reason: d.Reason, ReferenceID: d.ReferenceID,
		}); err == nil {
			t.Errorf("Emit takes %s", name)
		}
	}
	if _, err := h.emit(t.Context(), sound); err != nil {
		t.Error(err)
	}
}

// Allocations do not depend on what else the machine does, so they can be held.
func TestEmitAllocatesLittleMoreThanByHand(t *testing.T) {
	allocs := map[string]float64{}
	for _, name := range names[:2] {
		_, send := start(t, name, 1)
		allocs[name] = testing.AllocsPerRun(500, func() {
			if err := send(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	if ratio := allocs["emit"] / allocs["by hand"]; ratio > 1.3 {
		t.Errorf("emit / by hand is %.2f: %v", ratio, allocs)
	}
}

const callers = 64

// Thousands of calls take no more connections than callers have in use, or have just
// given back (which net/http does a moment after the answer was read).
func TestManyCallersOfOneClientReuseItsConnections(t *testing.T) {
	s, err := serve(callers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	// The client's own pool, not one that was made for the benchmark.
	client, err := pacspace.New(apiKey, pacspace.WithBaseURL(s.url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	send := func(ctx context.Context) error {
		_, err := client.Balance.Emit(ctx, pacspace.DeltaParams{
			CustomerID: "customer_acme", Delta: pacspace.NewDecimal(-50), Reason: "daily", ReferenceID: "usage:customer_acme:2026-02-01",
		})
		return err
	}
	if err := sendAll(send, callers, callers); err != nil { // answered when all are there
		t.Fatal(err)
	}
	if n := s.connections.Load(); n < callers {
		t.Fatalf("%d calls at once over %d connections", callers, n)
	}
	const calls = 100 * callers
	if err := sendAll(send, calls, callers); err != nil {
		t.Fatal(err)
	}
	n := s.connections.Load()
	if n > 2*callers {
		t.Errorf("%d calls of %d goroutines took %d connections", calls+callers, callers, n)
	}
	t.Logf("%d calls of %d goroutines: %d connections", calls+callers, callers, n)
}

// No lock of ours is waited for: the mutex profile of many callers of one client, which
// records every wait, names no lock that the SDK or go-retryablehttp holds. A lock that
// the caller's own observer holds shows that the profile sees such.
func TestNoLockOfOursIsWaitedFor(t *testing.T) {
	_, send := start(t, "emit", callers)
	locks, _, err := profile(send, 100*callers, callers)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range locks {
		if w.ours() {
			t.Errorf("callers waited %d times for a lock of %s", w.times, w.function)
		}
	}

	s, err := serve(callers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	var lock sync.Mutex
	slow, err := ours(s.url, pool(callers), pacspace.WithObserver(func(context.Context, pacspace.Attempt) {
		lock.Lock()
		time.Sleep(time.Millisecond) // the others come to wait meanwhile
		lock.Unlock()
	}))
	if err != nil {
		t.Fatal(err)
	}
	locks, _, err = profile(slow, callers, callers)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(locks, func(w wait) bool { return strings.Contains(w.function, "TestNoLockOfOursIsWaitedFor") }) {
		t.Errorf("the profile does not show a lock that %d callers wait for: %v", callers, locks)
	}
}

func start(t *testing.T, name string, callers int) (*server, send) {
	t.Helper()
	s, err := serve(callers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	client := pool(callers)
	t.Cleanup(client.CloseIdleConnections)
	c, err := newClient(name, s.url, client)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}
