package transport_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/transport"
)

// seen is one request as the other side read it.
type seen struct {
	method, target, key, body string
	at                        time.Time
}

// reply is what the other side does with one request.
type reply func(net.Conn)

func send(text string) reply {
	return func(c net.Conn) { _, _ = io.WriteString(c, text) }
}

// answer is a complete response.
func answer(status int, body string, headers ...string) reply {
	var b strings.Builder
	r := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	_ = r.Write(&b)
	return send(b.String())
}

// cut closes the connection.
func cut(c net.Conn) { c.Close() }

// silence answers never.
func silence(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// other is the other side: it plays its replies in order, the last one for ever, over
// pipes, so that a test bubble's clock rules the waits.
type other struct {
	mu      sync.Mutex
	replies []reply
	seen    []seen
	dials   int
	// refuse is how many dials fail before the first succeeds, accept how many succeed
	// before all fail, 0 for no bound.
	refuse  int
	accept  int
	refusal error
	pool    *http.Transport
}

func newOther(t *testing.T, replies ...reply) *other {
	o := &other{replies: replies}
	o.pool = &http.Transport{DialContext: o.dial}
	t.Cleanup(o.pool.CloseIdleConnections)
	return o
}

func (o *other) dial(context.Context, string, string) (net.Conn, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dials++
	if o.dials <= o.refuse || o.accept > 0 && o.dials > o.accept {
		return nil, o.refusal
	}
	ours, theirs := net.Pipe()
	go o.serve(theirs)
	return ours, nil
}

func (o *other) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		o.mu.Lock()
		o.seen = append(o.seen, seen{req.Method, req.RequestURI, req.Header.Get("Idempotency-Key"), string(body), time.Now()})
		next := o.replies[0]
		if len(o.replies) > 1 {
			o.replies = o.replies[1:]
		}
		o.mu.Unlock()
		next(c)
	}
}

// requests are what has been read so far, in order.
func (o *other) requests() []seen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.seen)
}

// close ends what would keep a bubble alive.
func (o *other) close() { o.pool.CloseIdleConnections() }

const body = `{"a":1}`

// newWrite is a write with a key, newRead a read.
func newWrite() *transport.Call {
	c := newRead()
	c.Method, c.Body, c.Write, c.Poll = http.MethodPost, []byte(body), true, true
	c.Header.Set("Idempotency-Key", "k1")
	return c
}

func newRead() *transport.Call {
	return &transport.Call{
		Method: http.MethodGet, URL: url.URL{Scheme: "http", Host: "service.test", Path: "/base/x"},
		Header: http.Header{"X-Api-Key": {"secret"}}, MaxRetries: 2, AttemptTimeout: 30 * time.Second, MaxBody: 1 << 10,
		Repeat: true, Now: time.Now,
	}
}

// do sends a call to the other side.
func (o *other) do(t *testing.T, ctx context.Context, c *transport.Call) {
	t.Helper()
	transport.NewSender(&http.Client{Transport: o.pool}).Do(ctx, c)
}

// waits are the times between the requests.
func (o *other) waits() []time.Duration {
	var w []time.Duration
	all := o.requests()
	for i := 1; i < len(all); i++ {
		w = append(w, all[i].at.Sub(all[i-1].at))
	}
	return w
}

func requireBetween(t *testing.T, low, high, d time.Duration) {
	t.Helper()
	require.GreaterOrEqual(t, d, low)
	require.LessOrEqual(t, d, high)
}

// quiet swallows what servers log about the faults that tests make.
var quiet = log.New(io.Discard, "", 0)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
