package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// checkRetry takes what an attempt brought and says whether another one follows. It is
// the CheckRetry of go-retryablehttp; the wait that it draws is the one that backoff
// returns.
func (c *Call) checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	c.take(resp, err)
	c.waiting = c.again(ctx)
	if c.Observe != nil {
		a := Attempt{
			Number: c.Attempts, Status: c.Status, Header: c.Response,
			Duration: time.Since(c.started), WillRetry: c.waiting, Err: c.Err,
		}
		if c.waiting {
			a.Wait = c.wait
		}
		c.Observe(c.ctx, a)
	}
	if c.waiting {
		c.connected.Store(false)
		c.started = time.Now().Add(c.wait)
	}
	return c.waiting, nil
}

func (c *Call) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return c.wait }

// take keeps what the attempt brought, reads and closes the body, and notes whether a
// write may have been processed.
func (c *Call) take(resp *http.Response, err error) {
	c.Attempts++
	if c.Status != 0 {
		c.Earlier = c.Reply
	}
	c.Reply, c.Pending, c.Err = Reply{}, false, err
	if resp != nil && err == nil {
		c.Status, c.Response = resp.StatusCode, resp.Header
		c.Answer, c.Err = readAll(resp, c.MaxBody)
		c.read()
	}
	if resp != nil {
		resp.Body.Close()
		resp.Body = http.NoBody
	}
	c.release()
	if c.Write && (c.mayBeProcessed() || c.repeated.Load()) && !c.Unknown {
		c.Unknown, c.UnknownAttempt = true, c.Attempts
	}
}

// read reads what the answer says of failure, progress and waits.
func (c *Call) read() {
	switch {
	case c.Status < 200 || c.Status > 299:
		c.Failure = wire.ReadFailure(c.Answer)
	case c.Poll && c.Err == nil:
		c.Failure, c.Pending = wire.Pending(c.Status, c.Answer)
	}
	if c.Failure.HasRetryAfter {
		c.RetryAfter = c.Failure.RetryAfter
	} else if c.Status < 200 || c.Status > 299 || c.Pending {
		c.RetryAfter = headerWait(c.Response, c.Now)
	}
}

// mayBeProcessed reports whether the attempt was no definite answer: the service may
// have done what was asked.
//
// Source: API contract, sections 1.6 and 3.2; what it leaves open is taken as unknown.
func (c *Call) mayBeProcessed() bool {
	switch {
	case c.Status == 0:
		return !c.neverSent()
	case c.Status >= 200 && c.Status <= 299:
		return c.Err != nil || c.Pending
	case c.Status == http.StatusFound, c.Status == http.StatusSeeOther:
		return true // the usual answer of a form that was processed
	case c.Status == http.StatusRequestTimeout:
		return true
	}
	return c.Status >= 500 && c.Status != http.StatusNotImplemented
}

// neverSent reports whether the attempt ended before it had a connection. Where the
// RoundTripper is not net/http's own, only errors of connecting are taken as proof.
func (c *Call) neverSent() bool {
	return !c.connected.Load() && (c.sender.traced || beforeSending(c.Err))
}

// again decides whether another attempt follows, and draws the wait before it.
func (c *Call) again(ctx context.Context) bool {
	if !c.Pending && !c.transient() {
		return false
	}
	if err := ctx.Err(); err != nil {
		c.GaveUp = err
		return false
	}
	switch {
	case c.Pending:
		if c.polling.IsZero() {
			c.polling = time.Now()
		}
		if time.Since(c.polling) >= pollLimit {
			return false
		}
		c.wait = pollWait(drawerOf(ctx), c.polls, c.PollInterval, c.RetryAfter)
		c.polls++
	case !c.Repeat || c.retries >= c.MaxRetries:
		return false
	default:
		c.wait = retryWait(drawerOf(ctx), c.retries, c.RetryAfter)
		c.retries++
	}
	if c.RepeatWithin > 0 && time.Since(c.first)+c.wait >= c.RepeatWithin {
		return false
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= c.wait {
		c.GaveUp = &Impatience{Wait: c.wait}
		return false
	}
	return true
}

// transient reports whether the same request may well fare better later.
//
// Source: API contract, section 1.7; 425 is RFC 8470's "too early".
func (c *Call) transient() bool {
	switch {
	case c.Status == 0:
		return !permanent(c.Err)
	case c.Status >= 200 && c.Status <= 299:
		return c.Err != nil && !errors.Is(c.Err, errTooLong)
	}
	switch c.Status {
	case http.StatusTooManyRequests:
		return c.Failure.Code != CadenceCode
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// CadenceCode is the service's word for a customer who is written to too often. Waiting
// is the caller's business then: hours may have to pass.
const CadenceCode = "CADENCE_LIMIT"

// Impatience says that the next wait would have passed the context's deadline.
type Impatience struct{ Wait time.Duration }

func (e *Impatience) Error() string {
	return fmt.Sprintf("the next attempt is due in %v, past the context's deadline", e.Wait.Round(time.Millisecond))
}

// Is makes it the deadline's error, which it is a little early.
func (e *Impatience) Is(target error) bool { return target == context.DeadlineExceeded }

var errTooLong = errors.New("the answer is too long")

// readAll reads a body up to its limit. What was read is returned beside an error.
func readAll(resp *http.Response, limit int64) ([]byte, error) {
	size := int64(512)
	if n := resp.ContentLength; n >= 0 && n <= limit {
		size = n + 1 // room to see the end
	}
	b := make([]byte, 0, size)
	for {
		n, err := resp.Body.Read(b[len(b):min(int64(cap(b)), limit+1)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return b[:limit], fmt.Errorf("%w: more than %d bytes", errTooLong, limit)
		case err == io.EOF:
			return b, nil
		case err != nil:
			return b, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}
