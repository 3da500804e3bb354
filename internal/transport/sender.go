// Package transport sends one request until it has an answer or may not be sent again.
// It is the only package that knows how a request is repeated: what is transient, how
// long to wait, when to give up, and whether a write may have been processed.
package transport

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// Sender sends the calls of one client. It is safe for concurrent use.
type Sender struct {
	client *http.Client
	rt     http.RoundTripper
	// traced says that rt is net/http's own, which always tells when it has a connection.
	traced  bool
	timeout time.Duration
	own     *http.Transport // made here, so closed here; nil for the caller's
}

// NewSender makes a Sender over a copy of the caller's client; nil takes a default one.
// The caller's own connections are never closed: not its Transport's idle ones either,
// which other users of the same Transport rely on.
func NewSender(caller *http.Client) *Sender {
	s := &Sender{}
	client := http.Client{}
	if caller != nil {
		client = *caller
	}
	s.timeout, client.Timeout = client.Timeout, 0 // bounded per attempt instead
	s.rt = client.Transport
	if s.rt == nil {
		s.rt, s.own = defaultTransport(caller == nil)
	}
	_, s.traced = s.rt.(*http.Transport)
	client.CheckRedirect = checkRedirect(client.CheckRedirect)
	s.client = &client
	return s
}

// Connections per host of the default transport. Bursts reuse connections up to that
// number and queue beyond it, instead of using up the process's files.
const maxConnections = 256

func defaultTransport(own bool) (http.RoundTripper, *http.Transport) {
	shared, ok := http.DefaultTransport.(*http.Transport)
	if !ok || !own {
		return http.DefaultTransport, nil // wrapped by the program, for tracing say
	}
	t := shared.Clone()
	t.MaxIdleConns = 0
	t.MaxIdleConnsPerHost = maxConnections
	t.MaxConnsPerHost = maxConnections
	return t, t
}

// Close closes the idle connections of a default client.
func (s *Sender) Close() {
	if s.own != nil {
		s.own.CloseIdleConnections()
	}
}

// Call is one request with all its attempts. The caller fills the first part, calls
// [Sender.Do] once, and reads the second. It is one allocation, since it holds all that
// the attempts need.
type Call struct {
	Method string
	URL    url.URL
	Header http.Header
	Body   []byte // nil for none

	MaxRetries     int
	AttemptTimeout time.Duration // 0 for none
	MaxBody        int64         // of an answer, in bytes
	Repeat         bool          // may be sent again
	RepeatWithin   time.Duration // only so long after the first attempt, 0 for no bound
	Write          bool          // changes something, so it matters whether it was processed
	Poll           bool          // the answer may be "in progress": ask again
	PollInterval   time.Duration // 0 for the default waits
	Now            func() time.Time
	Observe        func(context.Context, Attempt) // nil for none

	// Reply is the answer of the last attempt, Earlier the last answer before it.
	Reply
	Earlier  Reply
	Attempts int
	// Err is why the last attempt got no answer, or not all of it.
	Err error
	// GaveUp is why no further attempt was made although one was due: the context's
	// error, or an [*Impatience].
	GaveUp error
	// Pending says that the last answer was still "in progress".
	Pending bool
	// Unknown says that an attempt of a write may have been processed without a definite
	// answer, and UnknownAttempt which one was the first.
	Unknown        bool
	UnknownAttempt int

	sender  *Sender
	ctx     context.Context
	retries int
	polls   int
	first   time.Time // start of the first attempt
	started time.Time // of the attempt
	polling time.Time // since when the answer has been "in progress"
	wait    time.Duration
	waiting bool

	cancel    context.CancelFunc // of the attempt's time limit
	connected atomic.Bool        // the attempt had a connection, so bytes may have gone out
	repeated  atomic.Bool        // net/http repeated an attempt by itself

	client retryablehttp.Client
	http   http.Client
	reader bytes.Reader
	trace  httptrace.ClientTrace
}

// Reply is one answer of the service.
type Reply struct {
	Status   int // 0 where there was none
	Response http.Header
	Answer   []byte // the body, as far as it could be read
	// Failure is what the body says where the status is an error, or of progress.
	Failure wire.Failure
	// RetryAfter is the wait that the answer asked for, unbounded.
	RetryAfter time.Duration
}

// Attempt is what is told of one attempt.
type Attempt struct {
	Number    int
	Status    int
	Header    http.Header
	Duration  time.Duration
	Wait      time.Duration // until the next attempt
	WillRetry bool
	Err       error
}

// Do sends the call until it has a definite answer or no further attempt is allowed.
func (s *Sender) Do(ctx context.Context, c *Call) {
	if err := ctx.Err(); err != nil {
		c.GaveUp = err
		return
	}
	c.sender, c.ctx = s, ctx
	if s.timeout > 0 && (c.AttemptTimeout == 0 || s.timeout < c.AttemptTimeout) {
		c.AttemptTimeout = s.timeout
	}
	c.http = *s.client
	c.http.Transport = c // for the time limit of one attempt
	c.trace.GotConn = c.gotConn
	c.client.HTTPClient = &c.http
	c.client.RetryMax = math.MaxInt // checkRetry counts
	c.client.CheckRetry = c.checkRetry
	c.client.Backoff = c.backoff
	c.client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	c.client.PrepareRetry = c.rewind

	req := (&http.Request{
		Method: c.Method, URL: &c.URL, Host: c.URL.Host, Header: c.Header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if s.client.Jar != nil {
		req.Header = c.Header.Clone() // http.Client adds the cookies to it
	}
	if c.Body != nil {
		// net/http sends headers and body in one packet only for readers that it knows.
		c.reader.Reset(c.Body)
		req.Body = io.NopCloser(&c.reader)
		req.ContentLength = int64(len(c.Body))
		body := c.Body
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	c.first = time.Now()
	c.started = c.first
	// checkRetry has seen and kept all there is, and closed the body.
	if _, err := c.client.Do(&retryablehttp.Request{Request: req}); err != nil && c.waiting {
		c.GaveUp = err // the context ended between two attempts
	}
}

// rewind gives a repeated request its body again, and headers of its own: the Transport
// may still be busy with those of the attempt before.
func (c *Call) rewind(req *http.Request) error {
	req.Header = c.Header.Clone()
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	req.Body = body
	return err
}

// RoundTrip bounds an attempt in time and hides the Transport's CloseIdleConnections,
// which go-retryablehttp would call on every failure.
func (c *Call) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if c.Write {
		ctx = httptrace.WithClientTrace(ctx, &c.trace)
	}
	if c.AttemptTimeout > 0 {
		c.release() // of the answer that redirected here
		ctx, c.cancel = context.WithDeadline(ctx, c.started.Add(c.AttemptTimeout))
	}
	if ctx != req.Context() {
		req = req.WithContext(ctx)
	}
	if body := req.GetBody; c.Write && body != nil {
		// Where a kept-alive connection breaks, net/http repeats a request with an
		// Idempotency-Key by itself, and asks for the body again to do so. What the first of
		// them did must not be hidden behind the answer to the second.
		req.GetBody = func() (io.ReadCloser, error) {
			c.repeated.Store(true)
			return body()
		}
	}
	return c.sender.rt.RoundTrip(req)
}

func (c *Call) release() {
	if c.cancel != nil {
		c.cancel()
		c.cancel = nil
	}
}

func (c *Call) gotConn(httptrace.GotConnInfo) { c.connected.Store(true) }
