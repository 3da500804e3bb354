package pacspace

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

var sentinels = map[string]error{
	"ErrInvalid": ErrInvalid, "ErrUnauthorized": ErrUnauthorized, "ErrPaymentRequired": ErrPaymentRequired,
	"ErrForbidden": ErrForbidden, "ErrNotFound": ErrNotFound, "ErrConflict": ErrConflict,
	"ErrNotProvisioned": ErrNotProvisioned, "ErrRateLimited": ErrRateLimited, "ErrCadenceLimit": ErrCadenceLimit,
	"ErrUnavailable": ErrUnavailable, "ErrTimeout": ErrTimeout, "ErrRedirected": ErrRedirected,
	"ErrOutcomeUnknown": ErrOutcomeUnknown, "ErrIdempotencyPending": ErrIdempotencyPending,
	"ErrIdempotencyConflict": ErrIdempotencyConflict,
}

// requireSentinels checks that an error matches these sentinels and no other.
func requireSentinels(t *testing.T, err error, want ...string) {
	t.Helper()
	var got []string
	for name, s := range sentinels {
		if errors.Is(err, s) {
			got = append(got, name)
		}
	}
	require.ElementsMatch(t, want, got, "%v", err)
}

// scripted is a client whose connections give these answers, the last one for ever.
func scripted(t *testing.T, answers ...httpmock.Responder) *Client {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		next := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		return next(r)
	})
	c, err := New(testKey, WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	return c
}

func reply(status int, body string, headers ...string) httpmock.Responder {
	return func(*http.Request) (*http.Response, error) {
		r := httpmock.NewStringResponse(status, body)
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		return r, nil
	}
}

// brokenAfter is a 2xx whose body cannot be read to its end.
func brokenAfter(text string) httpmock.Responder {
	return func(*http.Request) (*http.Response, error) {
		r := httpmock.NewStringResponse(201, "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(text), failingReader{}))
		r.ContentLength = -1
		return r, nil
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func lost(err error) httpmock.Responder { return httpmock.NewErrorResponder(err) }

var (
	refusedConnection = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	resetConnection   = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
)

func TestWhatEachAnswerMeans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		read    bool
		answers []httpmock.Responder
		kind    ErrorKind
		code    string
		matches []string
		text    string
	}{
		"400": {false, []httpmock.Responder{reply(400, `{"message":["delta must be a number","reason should not be empty"],"error":"Bad Request"}`)},
			KindValidation, "", []string{"ErrInvalid"},
			"pacspace: POST /api/things: 400 Bad Request: delta must be a number; reason should not be empty"},
		"400 with a scope code": {true, []httpmock.Responder{reply(400, `{"error":{"code":"SCOPE_TOO_WIDE","message":"M"}}`)},
			KindScopeTooWide, "SCOPE_TOO_WIDE", []string{"ErrInvalid"}, "pacspace: GET /api/things/{id}: 400 SCOPE_TOO_WIDE: M"},
		"401 keeps the server's code": {true, []httpmock.Responder{reply(401, `{"error":{"code":"KEY_DISABLED","message":"M"}}`)},
			KindInvalidAPIKey, "KEY_DISABLED", []string{"ErrUnauthorized"}, "pacspace: GET /api/things/{id}: 401 KEY_DISABLED: M"},
		"402": {false, []httpmock.Responder{reply(402, `{"error":{"code":"INSUFFICIENT_CREDITS","message":"M"}}`)},
			KindInsufficientCredits, "INSUFFICIENT_CREDITS", []string{"ErrPaymentRequired"}, "pacspace: POST /api/things: 402 INSUFFICIENT_CREDITS: M"},
		"403": {true, []httpmock.Responder{reply(403, `{"error":{"code":"API_KEY_ENVIRONMENT_HOST_MISMATCH","message":"M"}}`)},
			KindOther, "API_KEY_ENVIRONMENT_HOST_MISMATCH", []string{"ErrForbidden"}, "pacspace: GET /api/things/{id}: 403 API_KEY_ENVIRONMENT_HOST_MISMATCH: M"},
		"404": {true, []httpmock.Responder{reply(404, `{"error":{"code":"CUSTOMER_NOT_FOUND","message":"M"}}`)},
			KindNotFound, "CUSTOMER_NOT_FOUND", []string{"ErrNotFound"}, "pacspace: GET /api/things/{id}: 404 CUSTOMER_NOT_FOUND: M"},
		"409 of a read": {true, []httpmock.Responder{reply(409, `{"message":"M"}`)},
			KindOther, "", []string{"ErrConflict"}, "pacspace: GET /api/things/{id}: 409 Conflict: M"},
		"409 of a write with a key": {false, []httpmock.Responder{reply(409, `{"message":"M"}`)},
			KindOther, "", []string{"ErrConflict", "ErrIdempotencyConflict"},
			`pacspace: POST /api/things: 409 Conflict: M; idempotency key "k1" was used before with another body: send what was sent first, or this under a key of its own`},
		"412": {false, []httpmock.Responder{reply(412, `{}`)},
			KindNotProvisioned, "", []string{"ErrNotProvisioned"}, "pacspace: POST /api/things: 412 Precondition Failed: Request failed"},
		"422": {false, []httpmock.Responder{reply(422, `{"error":"E"}`)},
			KindOther, "", []string{"ErrInvalid"}, "pacspace: POST /api/things: 422 Unprocessable Entity: E"},
		"429": {false, []httpmock.Responder{reply(429, `{"message":"M"}`, "X-Request-Id: req_1")},
			KindRateLimited, "", []string{"ErrRateLimited"}, "pacspace: POST /api/things: 429 Too Many Requests: M (request req_1, 3 attempts)"},
		"429 of a customer": {false, []httpmock.Responder{reply(429, `{"error":{"code":"CADENCE_LIMIT","message":"M","customerId":"c1","retryAfterSeconds":120}}`)},
			KindCadenceLimit, "CADENCE_LIMIT", []string{"ErrRateLimited", "ErrCadenceLimit"}, "pacspace: POST /api/things: 429 CADENCE_LIMIT: M"},
		"503 of a read": {true, []httpmock.Responder{reply(503, `<html>down</html>`)},
			KindUnavailable, "", []string{"ErrUnavailable"}, "pacspace: GET /api/things/{id}: 503 Service Unavailable: Request failed (3 attempts)"},
		"503 of a write": {false, []httpmock.Responder{reply(503, `{"message":"M"}`)},
			KindUnavailable, "", []string{"ErrUnavailable", "ErrOutcomeUnknown"},
			`pacspace: POST /api/things: 503 Service Unavailable: M (3 attempts); outcome unknown: attempt 1 may have been processed; resolve it with the same body and idempotency key "k1"`},
		"504 of a read": {true, []httpmock.Responder{reply(504, ``)},
			KindOther, "", []string{"ErrUnavailable", "ErrTimeout"}, "pacspace: GET /api/things/{id}: 504 Gateway Timeout: Request failed (3 attempts)"},
		"408 of a write": {false, []httpmock.Responder{reply(408, ``)},
			KindOther, "", []string{"ErrTimeout", "ErrOutcomeUnknown"},
			`pacspace: POST /api/things: 408 Request Timeout: Request failed (3 attempts); outcome unknown: attempt 1 may have been processed; resolve it with the same body and idempotency key "k1"`},
		"a write that was cut and then refused": {false, []httpmock.Responder{lost(resetConnection), reply(402, `{"message":"M"}`)},
			KindInsufficientCredits, "", []string{"ErrPaymentRequired", "ErrOutcomeUnknown"},
			`pacspace: POST /api/things: 402 Payment Required: M (2 attempts); outcome unknown: attempt 1 may have been processed; resolve it with the same body and idempotency key "k1"`},
		"a write that found no connection and then was refused": {false, []httpmock.Responder{lost(refusedConnection), reply(402, `{"message":"M"}`)},
			KindInsufficientCredits, "", []string{"ErrPaymentRequired"}, "pacspace: POST /api/things: 402 Payment Required: M (2 attempts)"},
		"a redirect": {false, []httpmock.Responder{reply(307, ``, "Location: https://evil.test/")},
			KindOther, "", []string{"ErrRedirected"}, "pacspace: POST /api/things: 307 Temporary Redirect: Request failed; the redirect was refused: check the base URL"},
		"text of several lines": {true, []httpmock.Responder{reply(400, `{"message":"a\nb\u2028c\u0000d"}`)},
			KindValidation, "", []string{"ErrInvalid"}, "pacspace: GET /api/things/{id}: 400 Bad Request: a b c d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := call{route: writeThing, key: "k1", body: []byte(`{}`)}
				if c.read {
					in = call{route: readThing, ids: []string{"a"}}
				}
				_, err := invoke[thing](t.Context(), scripted(t, c.answers...).core, in, nil)
				var api *APIError
				require.ErrorAs(t, err, &api)
				require.Equal(t, c.kind, api.Kind)
				require.Equal(t, c.code, api.Code)
				require.EqualError(t, err, c.text)
				requireSentinels(t, err, c.matches...)
				require.Equal(t, in.key, api.IdempotencyKey)
			})
		})
	}
}

func TestACadenceLimitSaysWhichCustomerAndHowLong(t *testing.T) {
	t.Parallel()
	c := scripted(t, reply(429, `{"error":{"code":"CADENCE_LIMIT","message":"M","customerId":"c1","retryAfterSeconds":120}}`))
	_, err := invoke[thing](t.Context(), c.core, call{route: writeThing, key: "k1", body: []byte(`{}`)}, nil)
	limit, ok := errors.AsType[*CadenceLimitError](err)
	require.True(t, ok)
	require.Equal(t, &CadenceLimitError{CustomerID: "c1", RetryAfter: 2 * time.Minute}, limit)
	require.EqualError(t, limit, "pacspace: cadence limit: customer c1: write to it again in 2m0s")
	require.ErrorIs(t, limit, ErrCadenceLimit)
	require.ErrorIs(t, limit, ErrRateLimited)
	require.EqualError(t, &CadenceLimitError{}, "pacspace: cadence limit: write to it again later")
}

func TestACallWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		read    bool
		answers []httpmock.Responder
		matches []string
		text    string
	}{
		"a read that was cut": {true, []httpmock.Responder{lost(resetConnection)}, nil,
			"pacspace: GET /api/things/{id}: no answer: read tcp: connection reset by peer (3 attempts)"},
		"a write that was cut": {false, []httpmock.Responder{lost(resetConnection)}, []string{"ErrOutcomeUnknown"},
			`pacspace: POST /api/things: no answer: read tcp: connection reset by peer (3 attempts); outcome unknown: attempt 1 may have been processed; resolve it with the same body and idempotency key "k1"`},
		"a write that found no connection": {false, []httpmock.Responder{lost(refusedConnection)}, nil,
			"pacspace: POST /api/things: no answer: dial tcp: connection refused (3 attempts)"},
		"a write that was unavailable and then found no connection": {false, []httpmock.Responder{reply(503, ``), lost(refusedConnection)}, []string{"ErrOutcomeUnknown"},
			`pacspace: POST /api/things: no answer: dial tcp: connection refused (3 attempts); outcome unknown: attempt 1 may have been processed; resolve it with the same body and idempotency key "k1"`},
		"an error with a URL in it": {true, []httpmock.Responder{lost(&url.Error{Op: "Get", URL: "https://x.test/?key=hunter2", Err: errors.New("reset")})}, nil,
			"pacspace: GET /api/things/{id}: no answer: reset (3 attempts)"},
		"a time limit": {true, []httpmock.Responder{lost(context.DeadlineExceeded)}, []string{"ErrTimeout"},
			"pacspace: GET /api/things/{id}: no answer: context deadline exceeded (3 attempts)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := call{route: writeThing, key: "k1", body: []byte(`{}`)}
				if c.read {
					in = call{route: readThing, ids: []string{"a"}}
				}
				_, err := invoke[thing](t.Context(), scripted(t, c.answers...).core, in, nil)
				lost, ok := errors.AsType[*TransportError](err)
				require.True(t, ok)
				require.EqualError(t, err, c.text)
				require.Equal(t, in.key, lost.IdempotencyKey)
				requireSentinels(t, err, c.matches...)
			})
		})
	}
}

// A key that the service does not document for a route resolves nothing there.
func TestAnUnknownOutcomeSaysWhatToDo(t *testing.T) {
	t.Parallel()
	c := scripted(t, lost(resetConnection))
	for name, in := range map[string]call{
		"without a key":                    {route: kickThing, ids: []string{"a"}},
		"with a key that nobody documents": {route: kickThing, ids: []string{"a"}, key: "k1"},
	} {
		_, err := invoke[thing](t.Context(), c.core, in, nil)
		require.EqualError(t, err, "pacspace: POST /api/things/{id}/kick: no answer: read tcp: connection reset by peer; outcome unknown: attempt 1 may have been processed; look before sending it again", name)
	}
}

func TestAnAnswerThatIsCutIsAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := scripted(t, brokenAfter(`{"success":true,`), reply(201, `{"success":true,"data":{"id":"a"}}`))
		v, err := invoke[thing](t.Context(), c.core, call{route: writeThing, key: "k1", body: []byte(`{}`)}, nil)
		require.NoError(t, err)
		require.Equal(t, "a", v.ID)
	})
	synctest.Test(t, func(t *testing.T) {
		c := scripted(t, brokenAfter(`{"success":true,`))
		_, err := invoke[thing](t.Context(), c.core, call{route: writeThing, key: "k1", body: []byte(`{}`)}, nil)
		d, ok := errors.AsType[*DecodeError](err)
		require.True(t, ok)
		require.Equal(t, 3, d.Attempts)
		require.Equal(t, "k1", d.IdempotencyKey)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		require.EqualError(t, err, `pacspace: POST /api/things: 201: unreadable answer: unexpected EOF (3 attempts); outcome unknown: attempt 1 may have been processed; resolve it with the same body and idempotency key "k1"`)
	})
}

func TestAWriteThatStaysInProgressIsUnknown(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"with the code": `{"error":{"code":"IDEMPOTENCY_PENDING","message":"M"}}`, "without a body": ``} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, err := invoke[thing](t.Context(), scripted(t, reply(202, body)).core, call{route: writeThing, key: "k1", body: []byte(`{}`)}, nil)
				requireSentinels(t, err, "ErrIdempotencyPending", "ErrOutcomeUnknown")
				api, ok := errors.AsType[*APIError](err)
				require.True(t, ok)
				require.Equal(t, 202, api.StatusCode)
				require.Equal(t, "IDEMPOTENCY_PENDING", api.Code)
				require.Equal(t, KindPending, api.Kind)
				require.Equal(t, "k1", api.IdempotencyKey)
			})
		})
	}
	t.Run("until the deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := invoke[thing](ctx, scripted(t, reply(202, ``)).core, call{route: writeThing, key: "k1", body: []byte(`{}`)}, nil)
			require.ErrorIs(t, err, ErrIdempotencyPending)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		})
	})
}

// Both the context's error and the server's word are reachable.
func TestAContextThatEndsHidesNothing(t *testing.T) {
	t.Parallel()
	down := reply(503, `{"message":"down"}`)
	hang := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, c := range map[string]struct {
		answers []httpmock.Responder
		after   time.Duration
	}{
		"in the wait":        {[]httpmock.Responder{down}, 100 * time.Millisecond},
		"in a later attempt": {[]httpmock.Responder{down, hang}, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(c.after, cancel)
				_, err := invoke[thing](ctx, scripted(t, c.answers...).core, call{route: writeThing, key: "k1", body: []byte(`{}`)}, nil)
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, ErrOutcomeUnknown)
				api, ok := errors.AsType[*APIError](err)
				require.True(t, ok)
				require.Equal(t, "down", api.Message)
			})
		})
	}
	t.Run("before anything was sent", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := invoke[thing](ctx, scripted(t, down).core, call{route: writeThing, key: "k1", body: []byte(`{}`)}, nil)
		require.ErrorIs(t, err, context.Canceled)
		requireSentinels(t, err)
		require.EqualError(t, err, "pacspace: POST /api/things: not sent: context canceled")
	})
}

func TestAnErrorKeepsABoundedBody(t *testing.T) {
	t.Parallel()
	_, err := invoke[thing](t.Context(), scripted(t, reply(400, strings.Repeat("x", 1<<20))).core, call{route: readThing, ids: []string{"a"}}, nil)
	api, ok := errors.AsType[*APIError](err)
	require.True(t, ok)
	require.Len(t, api.Body(), 64<<10)
	api.Body()[0] = 'y'
	require.Equal(t, byte('x'), api.Body()[0], "Body gives a copy")
	require.Less(t, len(err.Error()), 200)

	j, marshalErr := json.Marshal(err)
	require.NoError(t, marshalErr)
	require.NotContains(t, string(j), "xxxx")

	_, err = invoke[thing](t.Context(), scripted(t, reply(400, `{"message":"`+strings.Repeat("ü", 10_000)+`"}`)).core, call{route: readThing, ids: []string{"a"}}, nil)
	require.Less(t, len(err.Error()), 400)
}
