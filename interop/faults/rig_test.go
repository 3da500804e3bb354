package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

const (
	rigSecret = "5ecretW0rdThatIsNeverPrinted"
	rigKey    = "pk_test_matrix." + rigSecret
	rigHost   = "http://localhost"
)

// rig is the service and one client of it, joined by pipes. A row spoils what lies between.
type rig struct {
	*testing.T
	box    *sandbox.Sandbox
	client *pacspace.Client
	pool   *http.Transport

	// front answers instead of the service where it is set.
	front func(w http.ResponseWriter, r *http.Request, service http.Handler)
	// dial is asked before each connection, counted from 1; its error is the dial's.
	dial func(ctx context.Context, n int) error
	// ctx makes the context of the call.
	ctx func(context.Context) context.Context
	// ahead is how far the service's clock is ahead of ours.
	ahead time.Duration

	mu       sync.Mutex
	dials    int
	open     int // connections of the client
	seen     []seenRequest
	observed []pacspace.Attempt
	log      bytes.Buffer
	server   *http.Server
	listener *pipeListener
	before   int // what the service held before the call
}

type seenRequest struct{ method, path, key, body string }

// The deltas that the rows write. The first one of acme is there before, so that reads
// have something to read.
func rigDelta(customer string, day int) pacspace.DeltaParams {
	d := pacspace.NewDate(2000, time.January, day)
	return pacspace.DeltaParams{
		CustomerID: customer, Delta: pacspace.NewDecimal(int64(-50 - day)), Reason: pacspace.DailyReason(d),
		ReferenceID: pacspace.DailyReference(customer, d), Metadata: pacspace.Metadata{"resource": "minutes"},
	}
}

// rigCall is one call of the matrix.
type rigCall struct {
	do    func(context.Context, *pacspace.Client, []pacspace.CallOption) error
	makes int  // things that the service holds when it was done once
	keyed bool // carries an Idempotency-Key
}

var rigCalls = map[string]rigCall{
	"emit": {makes: 1, keyed: true, do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		_, err := c.Balance.Emit(ctx, rigDelta("acme", 2), opts...)
		return err
	}},
	"batch": {makes: 2, keyed: true, do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		_, err := c.Balance.EmitBatch(ctx, []pacspace.DeltaParams{rigDelta("acme", 2), rigDelta("globex", 2)}, opts...)
		return err
	}},
	"checkpoint": {makes: 1, keyed: true, do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		_, err := c.Balance.Checkpoint(ctx, pacspace.CheckpointParams{CustomerID: "acme", Scope: pacspace.InPeriod("2000-01")}, opts...)
		return err
	}},
	"derive": {do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		b, err := c.Balance.Derive(ctx, "acme", pacspace.InPeriod("2000-01"), opts...)
		if err == nil && b.ComputedBalance.String() != "-51" {
			return fmt.Errorf("a wrong balance: %s", b.ComputedBalance)
		}
		return err
	}},
	"compare": {do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		v, err := c.Balance.Compare(ctx, pacspace.CompareParams{
			CustomerID: "acme", Scope: pacspace.InPeriod("2000-01"), Yours: pacspace.NewDecimal(-51), Theirs: pacspace.NewDecimal(-50),
		}, opts...)
		if err == nil && (!v.MatchesYours || v.MatchesTheirs) {
			return fmt.Errorf("a wrong verdict: %+v", v)
		}
		return err
	}},
	"customer": {makes: 1, do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		_, err := c.Customers.Create(ctx, pacspace.CustomerParams{DisplayName: "New"}, dashboard(opts)...)
		return err
	}},
	"named customer": {makes: 1, do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		_, err := c.Customers.Create(ctx, pacspace.CustomerParams{CustomerID: "new", DisplayName: "New"}, dashboard(opts)...)
		return err
	}},
	"post": {makes: 1, do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		return c.Do(ctx, http.MethodPost, "/api/v1/balance/delta", rigDelta("acme", 2), nil, opts...)
	}},
	"unreferenced emit": {makes: 1, do: func(ctx context.Context, c *pacspace.Client, opts []pacspace.CallOption) error {
		p := rigDelta("acme", 2)
		p.ReferenceID = ""
		_, err := c.Balance.Emit(ctx, p, append(opts, pacspace.WithoutReferenceUnsafe())...)
		return err
	}},
}

func dashboard(opts []pacspace.CallOption) []pacspace.CallOption {
	return append(opts, pacspace.WithDashboardToken("dashboard_sandbox_token"))
}

func newRig(t *testing.T, choices []sandbox.Option, source func(context.Context) (string, error), opts []pacspace.Option) *rig {
	t.Helper()
	r := &rig{T: t, listener: newPipeListener()}
	var err error
	r.box, err = sandbox.New(append([]sandbox.Option{
		sandbox.WithAPIKey(rigKey), sandbox.WithClock(func() time.Time { return time.Now().Add(r.ahead) }), sandbox.Delays(0, 0),
	}, choices...)...)
	require.NoError(t, err)
	r.server = &http.Server{Handler: http.HandlerFunc(r.serve), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = r.server.Serve(r.listener) }()
	r.pool = &http.Transport{DialContext: r.connect}
	opts = append([]pacspace.Option{
		pacspace.WithBaseURL(rigHost), pacspace.WithHTTPClient(&http.Client{Transport: r.pool}),
		pacspace.WithLogger(slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		pacspace.WithObserver(func(_ context.Context, a pacspace.Attempt) { r.observed = append(r.observed, a) }),
	}, opts...)
	key := rigKey
	if source != nil {
		key, opts = "", append(opts, pacspace.WithKeySource(source))
	}
	r.client, err = pacspace.New(key, opts...)
	require.NoError(t, err)
	r.write("", rigDelta("acme", 1))
	r.write("", rigDelta("globex", 1))
	r.before = r.holds()
	return r
}

// write records a delta past all faults, as if another program did.
func (r *rig) write(key string, p pacspace.DeltaParams) {
	r.Helper()
	r.direct(http.MethodPost, "/api/v1/balance/delta", key, p)
	r.before = r.holds()
}

// serve is the way to the service.
func (r *rig) serve(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	q.Body = io.NopCloser(bytes.NewReader(body))
	if q.Method == http.MethodConnect { // to a proxy
		w.WriteHeader(http.StatusForbidden)
		return
	}
	r.mu.Lock()
	r.seen = append(r.seen, seenRequest{q.Method, q.URL.Path, q.Header.Get("Idempotency-Key"), string(body)})
	front := r.front
	r.mu.Unlock()
	if front != nil {
		front(w, q, r.box)
		return
	}
	r.box.ServeHTTP(w, q)
}

func (r *rig) connect(ctx context.Context, _, _ string) (net.Conn, error) {
	r.mu.Lock()
	r.dials++
	n := r.dials
	r.mu.Unlock()
	if r.dial != nil {
		if err := r.dial(ctx, n); err != nil {
			return nil, err
		}
	}
	c, err := r.listener.dial()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.open++
	r.mu.Unlock()
	return &countedConn{Conn: c, closed: sync.OnceFunc(func() {
		r.mu.Lock()
		r.open--
		r.mu.Unlock()
	})}, nil
}

// countedConn tells when it is closed.
type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

// direct makes a request past all faults, and returns the data of its answer.
func (r *rig) direct(method, target, key string, in any) json.RawMessage {
	r.Helper()
	var body bytes.Buffer
	if in != nil {
		require.NoError(r, json.NewEncoder(&body).Encode(in))
	}
	q := httptest.NewRequest(method, target, &body)
	q.Header.Set("X-Api-Key", rigKey)
	q.Header.Set("Content-Type", "application/json")
	if key != "" {
		q.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	r.box.ServeHTTP(w, q)
	require.Less(r, w.Code, 300, w.Body.String())
	var answer struct{ Data json.RawMessage }
	require.NoError(r, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.Data
}

// holds counts what the service holds: deltas, checkpoints and customers.
func (r *rig) holds() int {
	r.Helper()
	r.box.ClearFaults()
	require.NoError(r, r.box.AddKey(rigKey))
	var list struct{ Pagination struct{ Total int } }
	n := len(r.box.Recorded(sandbox.Test, ""))
	for _, target := range []string{"/api/v1/balance/checkpoints", "/api/v1/balance/customers"} {
		require.NoError(r, json.Unmarshal(r.direct(http.MethodGet, target, "", nil), &list))
		n += list.Pagination.Total
	}
	return n
}

// recorded counts what the service holds more than before the call.
func (r *rig) recorded() int { return r.holds() - r.before }

// posts counts the writes that reached the service.
func (r *rig) posts() int {
	n := 0
	for _, s := range r.seen {
		if s.method == http.MethodPost {
			n++
		}
	}
	return n
}

// letFinish waits until nothing moves any more: what the call started must be over, or
// wait for a time limit of its own.
func (r *rig) letFinish() { synctest.Wait() }

// checkRequests compares the requests with each other.
func (r *rig) checkRequests(w want, a rigCall, key string) {
	r.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	arrived := w.arrived
	if arrived == 0 {
		arrived = w.attempts
	}
	require.Len(r, r.seen, max(arrived, 0), "requests that arrived")
	for _, s := range r.seen {
		require.Equal(r, r.seen[0], s, "every attempt is the same request")
		require.True(r, s.key != "" || !a.keyed, "a write without its key")
		require.Equal(r, key, s.key, "the call says the key that it used")
	}
}

// checkObserved holds the observer to one report an attempt.
func (r *rig) checkObserved(attempts int, err error) {
	r.Helper()
	require.Len(r, r.observed, attempts)
	for i, a := range r.observed {
		require.Equal(r, i+1, a.Number)
		if i+1 < attempts {
			require.True(r, a.WillRetry)
		} else if !errors.Is(err, context.Canceled) { // who may have been waiting for another one
			require.False(r, a.WillRetry)
		}
	}
}

func (r *rig) logged() string { return r.log.String() }

// close ends everything and looks for what is left: a body that was not closed keeps its
// connection from the idle ones, a goroutine keeps the bubble from ending.
func (r *rig) close() {
	require.NoError(r, r.client.Close())
	r.pool.CloseIdleConnections()
	synctest.Wait()
	require.NoError(r, r.server.Close())
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Zero(r, r.open, "connections are left open")
}

// requireNoSecret prints values in every way and looks for the API key.
func requireNoSecret(t *testing.T, values ...any) {
	t.Helper()
	for _, v := range values {
		if v != nil {
			for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s"} {
				require.NotContains(t, fmt.Sprintf(verb, v), rigSecret, verb)
			}
			if text, err := json.Marshal(v); err == nil {
				require.NotContains(t, string(text), rigSecret)
			}
		}
	}
}

// pipeListener accepts connections of the same process.
type pipeListener struct {
	conns chan net.Conn
	end   chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), end: make(chan struct{})}
}

func (l *pipeListener) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.end:
		return nil, errConnectionRefused
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.end:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.end) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
