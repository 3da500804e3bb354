package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/transport"
)

func TestTransientStatusesAreRetriedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	for status, attempts := range map[int]int{
		200: 1, 201: 1, 204: 1, 400: 1, 401: 1, 402: 1, 403: 1, 404: 1, 405: 1, 409: 1, 412: 1, 413: 1, 422: 1,
		408: 3, 425: 3, 429: 3, 500: 3, 501: 1, 502: 3, 503: 3, 504: 3, 505: 1, 520: 1,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				text := `{"message":"M"}`
				if status == 204 {
					text = ""
				}
				o := newOther(t, answer(status, text))
				defer o.close()
				c := newRead()
				o.do(t, t.Context(), c)
				require.Equal(t, status, c.Status)
				require.Equal(t, attempts, c.Attempts)
				require.Len(t, o.requests(), attempts)
				require.NoError(t, c.Err)
				require.False(t, c.Unknown, "a read has no outcome")
			})
		})
	}
}

func TestEveryAttemptHasTheSameKeyAndBody(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]reply{
		"after a 503":                     answer(503, ""),
		"after no answer":                 cut,
		"after half a status line":        func(c net.Conn) { send("HTTP/1.1 20")(c); c.Close() },
		"after headers without their end": func(c net.Conn) { send("HTTP/1.1 200 OK\r\nContent-Le")(c); c.Close() },
		"after half a body":               func(c net.Conn) { send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\"")(c); c.Close() },
		"after half a chunk":              func(c net.Conn) { send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a")(c); c.Close() },
		"after broken gzip":               answer(200, "\x1f\x8bnot gzip", "Content-Encoding: gzip"),
		"after a time-out":                silence,
		"after a body that never ends":    func(c net.Conn) { send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")(c); silence(c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t, fault, fault, answer(201, `{"ok":true}`))
				defer o.close()
				c := newWrite()
				o.do(t, t.Context(), c)
				require.NoError(t, c.Err)
				require.Equal(t, 201, c.Status)
				require.Equal(t, `{"ok":true}`, string(c.Answer))
				// net/http itself repeats a request with a key on a connection that was
				// closed under it, so there can be more requests than attempts.
				require.GreaterOrEqual(t, len(o.requests()), 3)
				for _, s := range o.requests() {
					require.Equal(t, "k1", s.key)
					require.Equal(t, body, s.body)
				}
			})
		})
	}
}

func TestAWriteThatMayNotBeRepeatedIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]reply{"503": answer(503, ""), "429": answer(429, ""), "cut": cut, "no answer": silence} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t, fault)
				defer o.close()
				c := newWrite()
				c.Header.Del("Idempotency-Key")
				c.Repeat, c.Poll = false, false
				o.do(t, t.Context(), c)
				require.Equal(t, 1, c.Attempts)
				require.Len(t, o.requests(), 1)
			})
		})
	}
}

func TestTheCadenceLimitIsNeverRetried(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"flat":   `{"code":"CADENCE_LIMIT","retryAfterSeconds":120,"customerId":"c1"}`,
		"nested": `{"error":{"code":"CADENCE_LIMIT","retryAfterSeconds":"120","customerId":"c1"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t, answer(429, text))
				defer o.close()
				c := newWrite()
				o.do(t, t.Context(), c)
				require.Equal(t, 1, c.Attempts)
				require.Equal(t, "c1", c.Failure.CustomerID)
				require.Equal(t, 2*time.Minute, c.RetryAfter)
				require.False(t, c.Unknown)
			})
		})
	}
}

func TestWaitsGrowWithJitterAndAreBounded(t *testing.T) {
	t.Parallel()
	drawn := map[time.Duration]bool{}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(500, ""))
			defer o.close()
			c := newRead()
			c.MaxRetries = 8
			o.do(t, t.Context(), c)
			full := 500 * time.Millisecond
			for _, w := range o.waits() {
				requireBetween(t, full/2, full, w)
				full = min(2*full, 5*time.Second)
			}
			require.Len(t, o.requests(), 9)
			drawn[o.waits()[0]] = true
		})
	}
	require.Greater(t, len(drawn), 10, "clients that failed together must not come back together")
}

func TestTheServicesWaitIsKeptWithinBounds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body      string
		headers   []string
		low, high time.Duration
		told      time.Duration // what the error will say
	}{
		"seconds":                          {"", []string{"Retry-After: 2"}, 2 * time.Second, 2200 * time.Millisecond, 2 * time.Second},
		"a fraction":                       {"", []string{"Retry-After: 1.5"}, 1500 * time.Millisecond, 1650 * time.Millisecond, 1500 * time.Millisecond},
		"a date against the server's":      {"", []string{"Date: Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After: Wed, 21 Oct 2026 07:28:03 GMT"}, 3 * time.Second, 3300 * time.Millisecond, 3 * time.Second},
		"a date in another form":           {"", []string{"Date: Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After: Wednesday, 21-Oct-26 07:28:03 GMT"}, 3 * time.Second, 3300 * time.Millisecond, 3 * time.Second},
		"a date in the past: none":         {"", []string{"Date: Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After: Wed, 21 Oct 2026 07:27:00 GMT"}, 250 * time.Millisecond, 500 * time.Millisecond, 0},
		"a date without the server's":      {"", []string{"Retry-After: Sat, 01 Jan 2000 00:00:04 GMT"}, 4 * time.Second, 4400 * time.Millisecond, 4 * time.Second},
		"zero: the default waits":          {"", []string{"Retry-After: 0"}, 250 * time.Millisecond, 500 * time.Millisecond, 0},
		"negative: the default waits":      {"", []string{"Retry-After: -5"}, 250 * time.Millisecond, 500 * time.Millisecond, 0},
		"junk: the default waits":          {"", []string{"Retry-After: soon"}, 250 * time.Millisecond, 500 * time.Millisecond, 0},
		"an hour: cut, and told whole":     {"", []string{"Retry-After: 3600"}, 4500 * time.Millisecond, 5 * time.Second, time.Hour},
		"beyond all numbers: cut":          {"", []string{"Retry-After: 99999999999999999999999"}, 4500 * time.Millisecond, 5 * time.Second, 1<<63 - 1},
		"a date in the year 9999: cut":     {"", []string{"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT"}, 4500 * time.Millisecond, 5 * time.Second, 1<<63 - 1},
		"the body beats the header":        {`{"retryAfterSeconds":1}`, []string{"Retry-After: 4"}, time.Second, 1100 * time.Millisecond, time.Second},
		"the body as text":                 {`{"error":{"retryAfterSeconds":"1"}}`, nil, time.Second, 1100 * time.Millisecond, time.Second},
		"the body's junk: the header":      {`{"retryAfterSeconds":"soon"}`, []string{"Retry-After: 2"}, 2 * time.Second, 2200 * time.Millisecond, 2 * time.Second},
		"the body's zero beats the header": {`{"retryAfterSeconds":0}`, []string{"Retry-After: 4"}, 250 * time.Millisecond, 500 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t, answer(503, c.body, c.headers...))
				defer o.close()
				call := newRead()
				call.MaxRetries = 1
				if len(c.headers) == 1 {
					// A bubble's clock starts at the year 2000.
					call.Now = func() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }
				}
				o.do(t, t.Context(), call)
				require.Len(t, o.requests(), 2)
				requireBetween(t, c.low, c.high, o.waits()[0])
				require.Equal(t, c.told, call.RetryAfter)
			})
		})
	}
}

func TestAWaitNeverPassesTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOther(t, answer(429, `{"message":"slow down"}`, "Retry-After: 3600"))
		defer o.close()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		c, start := newWrite(), time.Now()
		o.do(t, ctx, c)
		require.Zero(t, time.Since(start), "it must not wait for a deadline that it would miss")
		require.Equal(t, 1, c.Attempts)
		require.Equal(t, 429, c.Status)
		require.Equal(t, "slow down", c.Failure.Message)
		require.ErrorIs(t, c.GaveUp, context.DeadlineExceeded)
		require.False(t, c.Unknown)
	})
}

func TestACancelledContextEndsTheCallAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("before the first attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(200, "{}"))
			defer o.close()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			c := newWrite()
			o.do(t, ctx, c)
			require.Zero(t, c.Attempts)
			require.ErrorIs(t, c.GaveUp, context.Canceled)
			require.False(t, c.Unknown)
			require.Empty(t, o.requests())
		})
	})
	t.Run("during an attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, silence)
			defer o.close()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			c, start := newWrite(), time.Now()
			o.do(t, ctx, c)
			require.Equal(t, time.Second, time.Since(start))
			require.ErrorIs(t, c.Err, context.Canceled)
			require.Equal(t, 1, c.Attempts)
			require.True(t, c.Unknown, "it had been sent")
		})
	})
	t.Run("during a wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(503, `{"message":"down"}`, "Retry-After: 4"))
			defer o.close()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			c, start := newRead(), time.Now()
			o.do(t, ctx, c)
			require.Equal(t, time.Second, time.Since(start))
			require.Equal(t, 1, c.Attempts)
			require.ErrorIs(t, c.GaveUp, context.Canceled)
			require.Equal(t, "down", c.Failure.Message, "the server's word is kept")
		})
	})
	t.Run("during a later attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(503, `{"message":"down"}`), silence)
			defer o.close()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Second, cancel)
			c := newRead()
			o.do(t, ctx, c)
			require.ErrorIs(t, c.Err, context.Canceled)
			require.Equal(t, "down", c.Earlier.Failure.Message)
		})
	})
	t.Run("the caller's deadline during an attempt is not retried", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, silence)
			defer o.close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			c, start := newWrite(), time.Now()
			o.do(t, ctx, c)
			require.Equal(t, time.Second, time.Since(start))
			require.ErrorIs(t, c.Err, context.DeadlineExceeded)
			require.Equal(t, 1, c.Attempts)
		})
	})
}

func TestEachAttemptHasItsOwnTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOther(t, silence)
		defer o.close()
		c, start := newRead(), time.Now()
		c.AttemptTimeout = time.Second
		o.do(t, t.Context(), c)
		require.Equal(t, 3, c.Attempts)
		require.ErrorIs(t, c.Err, context.DeadlineExceeded)
		require.NoError(t, c.GaveUp)
		requireBetween(t, 3*time.Second+750*time.Millisecond, 3*time.Second+1500*time.Millisecond, time.Since(start))
	})
	t.Run("the caller's client can make it shorter", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, silence)
			defer o.close()
			c, start := newRead(), time.Now()
			c.MaxRetries = 0
			transport.NewSender(&http.Client{Transport: o.pool, Timeout: 2 * time.Second}).Do(t.Context(), c)
			require.Equal(t, 2*time.Second, time.Since(start))
		})
	})
}

type fixedError struct{ retryable bool }

func (e fixedError) Error() string   { return "fixed" }
func (e fixedError) Retryable() bool { return e.retryable }

func TestErrorsThatWillNotPassAreNotRetried(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err      error
		attempts int
	}{
		"connection refused":                   {errRefused, 3},
		"a name that cannot be resolved now":   {&net.DNSError{Err: "try again", IsTemporary: true}, 3},
		"a name that does not exist":           {&net.DNSError{Err: "no such host", IsNotFound: true}, 1},
		"a certificate that is not trusted":    {&tls.CertificateVerificationError{Err: errors.New("unknown authority")}, 1},
		"an alert of the other side":           {&net.OpError{Op: "remote error", Err: errors.New("tls: protocol version not supported")}, 1},
		"a server that speaks no TLS":          {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, 1},
		"plain HTTP on the TLS port":           {http.ErrSchemeMismatch, 1},
		"an error that says it is permanent":   {fixedError{false}, 1},
		"an error that says it can be retried": {fixedError{true}, 3},
		"a connection that was reset":          {&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}, 3},
		"the end of the file":                  {io.ErrUnexpectedEOF, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t)
				o.refuse, o.refusal = 100, c.err
				call := newRead()
				o.do(t, t.Context(), call)
				require.Equal(t, c.attempts, call.Attempts)
				require.ErrorIs(t, call.Err, c.err)
			})
		})
	}
}
