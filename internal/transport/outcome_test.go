package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/transport"
)

// A write's outcome is unknown from the first attempt on that may have been processed
// without a definite answer, whatever later attempts are told.
func TestAnOutcomeIsUnknownFromTheFirstAttemptThatLeftItOpen(t *testing.T) {
	t.Parallel()
	const never = 0
	refused := answer(402, `{"message":"plan exhausted"}`)
	for name, c := range map[string]struct {
		replies []reply
		status  int // of the end
		since   int // the attempt that left it open
	}{
		"refused at once":                   {[]reply{refused}, 402, never},
		"limited, then refused":             {[]reply{answer(429, ""), refused}, 402, never},
		"too early, then refused":           {[]reply{answer(425, ""), refused}, 402, never},
		"done at once":                      {[]reply{answer(201, "{}")}, 201, never},
		"cut, then refused":                 {[]reply{cut, refused}, 402, 1},
		"no answer, then refused":           {[]reply{silence, refused}, 402, 1},
		"408, then refused":                 {[]reply{answer(408, ""), refused}, 402, 1},
		"500, then refused":                 {[]reply{answer(500, ""), refused}, 402, 1},
		"502, then refused":                 {[]reply{answer(502, ""), refused}, 402, 1},
		"503, then refused":                 {[]reply{answer(503, ""), refused}, 402, 1},
		"504, then refused":                 {[]reply{answer(504, ""), refused}, 402, 1},
		"limited, 503, then refused":        {[]reply{answer(429, ""), answer(503, ""), refused}, 402, 2},
		"an answer cut short, then refused": {[]reply{func(c net.Conn) { send("HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{")(c); c.Close() }, refused}, 402, 1},
		"in progress, then refused":         {[]reply{answer(202, ""), refused}, 402, 1},
		"503 to the end":                    {[]reply{answer(503, "")}, 503, 1},
		"a status that is no standard one":  {[]reply{answer(522, "")}, 522, 1},
		"not implemented":                   {[]reply{answer(501, "")}, 501, never},
		"see other, as after a form":        {[]reply{answer(303, "", "Location: /done")}, 303, 1},
		"found, as after a form":            {[]reply{answer(302, "", "Location: /done")}, 302, 1},
		"moved":                             {[]reply{answer(301, "", "Location: /new")}, 301, never},
		"redirected with its body":          {[]reply{answer(307, "", "Location: /new")}, 307, never},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t, c.replies...)
				defer o.close()
				call := newWrite()
				o.do(t, t.Context(), call)
				require.Equal(t, c.status, call.Status)
				require.Equal(t, c.since != never, call.Unknown)
				require.Equal(t, c.since, call.UnknownAttempt)
			})
		})
	}
}

func TestNothingThatFailedBeforeSendingMakesAnOutcomeUnknown(t *testing.T) {
	t.Parallel()
	refusals := map[string]error{
		"refused":      errRefused,
		"not resolved": &net.DNSError{Err: "try again", IsTemporary: true},
	}
	for name, err := range refusals {
		t.Run(name+" by net/http's own transport", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t)
				o.refuse, o.refusal = 100, err
				c := newWrite()
				o.do(t, t.Context(), c)
				require.Equal(t, 3, c.Attempts)
				require.False(t, c.Unknown)
			})
		})
		t.Run(name+" by a wrapped transport", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t)
				o.refuse, o.refusal = 100, err
				c := newWrite()
				transport.NewSender(&http.Client{Transport: roundTrip(o.pool.RoundTrip)}).Do(t.Context(), c)
				require.False(t, c.Unknown)
			})
		})
	}
	t.Run("the context ended while connecting", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			// net/http goes on connecting after the context ended, for the next request.
			end := make(chan struct{})
			defer close(end)
			pool := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
				<-end
				return nil, errRefused
			}}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			c := newWrite()
			transport.NewSender(&http.Client{Transport: pool}).Do(ctx, c)
			require.ErrorIs(t, c.Err, context.DeadlineExceeded)
			require.False(t, c.Unknown)
		})
	})
	t.Run("answered, and then refused", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(429, "", "Connection: close"))
			defer o.close()
			o.accept, o.refusal = 1, errRefused
			c := newWrite()
			o.do(t, t.Context(), c)
			require.ErrorIs(t, c.Err, errRefused)
			require.False(t, c.Unknown, "the connection was that of the attempt before")
		})
	})
	t.Run("refused, and then answered", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(402, ""))
			defer o.close()
			o.refuse, o.refusal = 2, errRefused
			c := newWrite()
			o.do(t, t.Context(), c)
			require.Equal(t, 402, c.Status)
			require.False(t, c.Unknown)
		})
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A Transport that is not net/http's own does not always tell whether it sent.
func TestAnErrorOfAnUnknownTransportIsTakenAsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newWrite()
		c.MaxRetries = 0
		transport.NewSender(&http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("something")
		})}).Do(t.Context(), c)
		require.True(t, c.Unknown)
	})
}

func TestAWriteInProgressIsAskedForAgain(t *testing.T) {
	t.Parallel()
	pending := answer(202, `{"error":{"code":"IDEMPOTENCY_PENDING"}}`)
	t.Run("until it is done", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, pending, pending, pending, pending, answer(201, `{"ok":true}`))
			defer o.close()
			c := newWrite()
			c.MaxRetries = 0 // asking again is no retry
			o.do(t, t.Context(), c)
			require.Equal(t, 201, c.Status)
			require.False(t, c.Pending)
			require.Len(t, o.requests(), 5)
			for _, s := range o.requests() {
				require.Equal(t, "k1", s.key)
				require.Equal(t, body, s.body)
			}
			for _, w := range o.waits() {
				requireBetween(t, 250*time.Millisecond, 5*time.Second, w)
			}
		})
	})
	t.Run("as often as the service says", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(202, `{"code":"IDEMPOTENCY_PENDING","retryAfterSeconds":2}`), answer(201, `{}`))
			defer o.close()
			c := newWrite()
			o.do(t, t.Context(), c)
			requireBetween(t, 2*time.Second, 2200*time.Millisecond, o.waits()[0])
		})
	})
	t.Run("as often as the caller says", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, pending, pending, answer(201, `{}`))
			defer o.close()
			c := newWrite()
			c.PollInterval = 7 * time.Second
			o.do(t, t.Context(), c)
			require.Equal(t, []time.Duration{7 * time.Second, 7 * time.Second}, o.waits())
		})
	})
	t.Run("not for ever", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, pending)
			defer o.close()
			c, start := newWrite(), time.Now()
			o.do(t, t.Context(), c)
			require.True(t, c.Pending)
			require.True(t, c.Unknown)
			requireBetween(t, time.Minute, time.Minute+5*time.Second, time.Since(start))
		})
	})
	t.Run("not past the deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, pending)
			defer o.close()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			c, start := newWrite(), time.Now()
			o.do(t, ctx, c)
			require.True(t, c.Pending)
			require.ErrorIs(t, c.GaveUp, context.DeadlineExceeded)
			require.LessOrEqual(t, time.Since(start), 3*time.Second)
		})
	})
}

func TestAnAnswerIsReadUpToItsLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		size int
		long bool
	}{"exactly at the limit": {1 << 10, false}, "one byte beyond": {1<<10 + 1, true}, "far beyond": {1 << 20, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t, func(conn net.Conn) {
					send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")(conn)
					_, _ = conn.Write(make([]byte, c.size))
					conn.Close()
				})
				defer o.close()
				call := newRead()
				o.do(t, t.Context(), call)
				require.Equal(t, 1, call.Attempts, "a longer try brings no shorter answer")
				require.Len(t, call.Answer, min(c.size, 1<<10))
				if c.long {
					require.ErrorContains(t, call.Err, "the answer is too long: more than 1024 bytes")
				} else {
					require.NoError(t, call.Err)
				}
			})
		})
	}
}

func TestRedirectsAreFollowedByReadsOnTheirOwnHostWithoutTheKey(t *testing.T) {
	t.Parallel()
	t.Run("a read on its own host", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			var keys []string
			o := newOther(t, answer(302, "", "Location: /elsewhere"), answer(200, `{}`))
			defer o.close()
			spy := roundTrip(func(r *http.Request) (*http.Response, error) {
				keys = append(keys, r.Header.Get("X-Api-Key"))
				return o.pool.RoundTrip(r)
			})
			c := newRead()
			transport.NewSender(&http.Client{Transport: spy}).Do(t.Context(), c)
			require.Equal(t, 200, c.Status)
			require.Equal(t, "/elsewhere", o.requests()[1].target)
			require.Equal(t, []string{"secret", ""}, keys)
			require.Equal(t, 1, c.Attempts)
		})
	})
	for name, location := range map[string]string{
		"another host":   "http://evil.test/base/x",
		"another port":   "http://service.test:81/base/x",
		"another scheme": "https://service.test/base/x",
		"a user":         "http://u@service.test/base/x",
	} {
		t.Run("not to "+name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t, answer(302, "", "Location: "+location), answer(200, `{}`))
				defer o.close()
				c := newRead()
				o.do(t, t.Context(), c)
				require.Equal(t, 302, c.Status)
				require.Len(t, o.requests(), 1)
			})
		})
	}
	t.Run("not in circles", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(302, "", "Location: /base/x"))
			defer o.close()
			c := newRead()
			o.do(t, t.Context(), c)
			require.Equal(t, 302, c.Status)
			require.LessOrEqual(t, len(o.requests()), 4)
		})
	})
	t.Run("not a write", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			o := newOther(t, answer(307, "", "Location: /base/y"), answer(201, `{}`))
			defer o.close()
			c := newWrite()
			o.do(t, t.Context(), c)
			require.Equal(t, 307, c.Status)
			require.Len(t, o.requests(), 1)
		})
	})
}

func TestTheCallersClientIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOther(t, answer(200, "{}"), answer(500, ""), answer(200, "{}"))
		defer o.close()
		caller := &http.Client{Transport: o.pool, Timeout: time.Minute}
		resp, err := caller.Get("http://service.test/app")
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()

		c := newRead()
		c.MaxRetries = 0
		transport.NewSender(caller).Do(t.Context(), c)
		require.Equal(t, 500, c.Status)

		resp, err = caller.Get("http://service.test/app")
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, 1, o.dials, "a failed call must not close the caller's idle connections")
		require.Equal(t, &http.Client{Transport: o.pool, Timeout: time.Minute}, caller)
	})
}

// A cookie jar writes into the request's headers, each time anew.
func TestCookiesAreSentOnceAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOther(t, answer(503, "", "Set-Cookie: a=1"), answer(503, ""), answer(200, "{}"))
		defer o.close()
		var cookies [][]string
		spy := roundTrip(func(r *http.Request) (*http.Response, error) {
			cookies = append(cookies, r.Header.Values("Cookie"))
			return o.pool.RoundTrip(r)
		})
		jar, err := cookiejar.New(nil)
		require.NoError(t, err)
		transport.NewSender(&http.Client{Transport: spy, Jar: jar}).Do(t.Context(), newRead())
		require.Equal(t, [][]string{nil, {"a=1"}, {"a=1"}}, cookies)
	})
}

func TestAnAttemptsTimerEndsWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOther(t, answer(503, ""), answer(302, "", "Location: /x"), answer(200, "{}"))
		defer o.close()
		var contexts []context.Context
		spy := roundTrip(func(r *http.Request) (*http.Response, error) {
			contexts = append(contexts, r.Context())
			return o.pool.RoundTrip(r)
		})
		transport.NewSender(&http.Client{Transport: spy}).Do(t.Context(), newRead())
		require.Len(t, contexts, 3)
		for _, ctx := range contexts {
			require.ErrorIs(t, ctx.Err(), context.Canceled)
		}
	})
}

func TestEachAttemptIsToldWithTheWaitThatFollows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOther(t, answer(503, "", "X-Request-Id: r1", "Connection: close"), cut, answer(200, "{}", "X-Request-Id: r3"))
		defer o.close()
		var told []transport.Attempt
		c := newRead()
		c.Observe = func(_ context.Context, a transport.Attempt) { told = append(told, a) }
		o.do(t, t.Context(), c)
		require.Len(t, told, 3)
		require.Equal(t, []int{1, 2, 3}, []int{told[0].Number, told[1].Number, told[2].Number})
		require.Equal(t, []int{503, 0, 200}, []int{told[0].Status, told[1].Status, told[2].Status})
		require.Equal(t, []bool{true, true, false}, []bool{told[0].WillRetry, told[1].WillRetry, told[2].WillRetry})
		require.Equal(t, "r1", told[0].Header.Get("X-Request-Id"))
		require.Error(t, told[1].Err)
		require.NoError(t, told[2].Err)
		require.Equal(t, o.waits()[0], told[0].Wait)
		require.Zero(t, told[2].Wait)
		require.Zero(t, told[2].Duration, "the wait before an attempt is not part of it")
	})
}

// A key that may be forgotten is no longer a reason to send a write again.
func TestAWriteIsNotSentAgainOnceItsKeyIsTooOld(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply    reply
		attempts int
	}{
		"after time-outs":      {silence, 2}, // at 0 and 10.5 s, and not at 21.5 s
		"while in progress":    {answer(202, ""), 6},
		"after quick failures": {answer(503, ""), 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := newOther(t, c.reply)
				defer o.close()
				call, start := newWrite(), time.Now()
				call.AttemptTimeout, call.RepeatWithin, call.MaxRetries = 10*time.Second, 15*time.Second, 20
				s := transport.NewSender(&http.Client{Transport: o.pool})
				longest := func(n time.Duration) time.Duration { return n - 1 }
				s.Do(transport.WithDraw(t.Context(), longest), call)
				require.Len(t, o.requests(), c.attempts)
				require.True(t, call.Unknown)
				require.Less(t, o.requests()[c.attempts-1].at.Sub(start), call.RepeatWithin)
			})
		})
	}
}
