package pacspace

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/wire"
)

const testKey = "pk_test_ID.topsecretpart"

// thing is a result of its own, so that these tests hold the engine and no endpoint.
type thing struct {
	Raw
	ID     string
	Amount Decimal
	Parts  []thing
}

func (v *thing) fromWire(o *wire.Object) {
	v.ID = o.String("id", "oldId")
	v.Amount = o.Decimal("amount")
	v.Parts = readArray[thing](o, "parts")
}

var (
	readThing   = route{method: "GET", path: "/api/things/{id}", retry: retryRead}
	writeThing  = route{method: "POST", path: "/api/things", retry: retryKeyed}
	nameThing   = route{method: "POST", path: "/api/named", retry: retryByIdentity}
	kickThing   = route{method: "POST", path: "/api/things/{id}/kick", retry: retryNever}
	publicThing = route{method: "GET", path: "/public/{id}.pdf", retry: retryRead, public: true}
)

// request is what a test's server read.
type request struct {
	method, target string
	header         http.Header
	body           string
}

// service is a server under a path of its own, so that an absolute path in the client
// would miss it, with connections of its own.
type service struct {
	url  string
	pool *http.Transport

	mu   sync.Mutex
	seen []request
}

func newService(t *testing.T, handler http.HandlerFunc) *service {
	t.Helper()
	s := &service{pool: &http.Transport{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.seen = append(s.seen, request{r.Method, r.RequestURI, r.Header.Clone(), string(body)})
		s.mu.Unlock()
		handler(w, r)
	}))
	s.url = server.URL + "/private/pac"
	t.Cleanup(server.Close)
	t.Cleanup(s.pool.CloseIdleConnections)
	return s
}

func (s *service) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *service) client(t *testing.T, opts ...Option) *Client {
	t.Helper()
	opts = append([]Option{WithBaseURL(s.url), WithHTTPClient(&http.Client{Transport: s.pool}), WithMaxRetries(0)}, opts...)
	c, err := New(testKey, opts...)
	require.NoError(t, err)
	return c
}

// says is a handler that always gives the same answer.
func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Add(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestAReadSendsWhatTheContractSaysAndNoMore(t *testing.T) {
	t.Parallel()
	s := newService(t, says(200, `{"success":true,"data":{"id":"a","amount":1.50}}`))
	v, err := invoke[thing](t.Context(), s.client(t).core, call{route: readThing, ids: []string{"a"}, query: url.Values{"q": {"x y"}}}, nil)
	require.NoError(t, err)
	require.Equal(t, "a", v.ID)
	require.Equal(t, "1.5", v.Amount.String())
	require.JSONEq(t, `{"id":"a","amount":1.50}`, string(v.RawJSON()))

	got := s.requests()[0]
	require.Equal(t, "GET", got.method)
	require.Equal(t, "/private/pac/api/things/a?q=x+y", got.target)
	require.Empty(t, got.body)
	require.Regexp(t, `^pacspace-go/\d+\.\d+\.\d+ \(go\S+; \w+; \w+\)$`, got.header.Get("User-Agent"))
	got.header.Del("User-Agent")
	require.Equal(t, http.Header{
		"X-Api-Key":       {testKey},
		"X-Chain-Id":      {"296"},
		"Accept":          {"application/json"},
		"Accept-Encoding": {"gzip"},
	}, got.header)
}

func TestAWriteSendsItsBodyAndItsKey(t *testing.T) {
	t.Parallel()
	s := newService(t, says(201, `{"success":true,"data":{"id":"a"}}`, "X-Request-Id: req_7"))
	var r Response
	_, err := invoke[thing](t.Context(), s.client(t, WithUserAgent("billing/1.2"), WithCreditPool("9")).core,
		call{route: writeThing, body: []byte(`{"a":1}`), key: "k1"},
		[]CallOption{WithResponse(&r), WithChainID(7), WithHeader("x-trace", "on")})
	require.NoError(t, err)
	got := s.requests()[0]
	require.Equal(t, `{"a":1}`, got.body)
	require.True(t, strings.HasSuffix(got.header.Get("User-Agent"), " billing/1.2"))
	got.header.Del("User-Agent")
	require.Equal(t, http.Header{
		"X-Api-Key":        {testKey},
		"X-Chain-Id":       {"7"},
		"X-Credit-Pool-Id": {"9"},
		"Idempotency-Key":  {"k1"},
		"Content-Type":     {"application/json"},
		"Content-Length":   {"7"},
		"Accept":           {"application/json"},
		"Accept-Encoding":  {"gzip"},
		"X-Trace":          {"on"},
	}, got.header)
	require.Equal(t, 201, r.StatusCode)
	require.Equal(t, "req_7", r.RequestID)
	require.Equal(t, "k1", r.IdempotencyKey)
	require.Equal(t, 1, r.Attempts)
	require.Equal(t, "req_7", r.Header.Get("X-Request-Id"))
}

func TestTheCallersKeyWins(t *testing.T) {
	t.Parallel()
	s := newService(t, says(201, `{"success":true,"data":{"id":"a"}}`))
	in := call{route: writeThing, body: []byte(`{}`), key: "default"}
	opts := []CallOption{WithIdempotencyKey("mine")}
	_, err := invoke[thing](t.Context(), s.client(t).core, in, opts)
	require.NoError(t, err)
	require.Equal(t, "mine", s.requests()[0].header.Get("Idempotency-Key"))
	require.Equal(t, "mine", in.keyOr(opts))
	require.Equal(t, "default", in.keyOr(nil))

	t.Run("a read has none", func(t *testing.T) {
		t.Parallel()
		s := newService(t, says(200, `{"success":true,"data":{"id":"a"}}`))
		_, err := invoke[thing](t.Context(), s.client(t).core, call{route: readThing, ids: []string{"a"}}, opts)
		require.NoError(t, err)
		require.Empty(t, s.requests()[0].header.Values("Idempotency-Key"))
	})
}

func TestAPublicCallCarriesNoCredentials(t *testing.T) {
	t.Parallel()
	s := newService(t, says(200, `{"id":"a"}`))
	c := s.client(t, WithCreditPool("9"))
	for name, core := range map[string]*core{"of a client with a key": c.core, "of its public twin": c.Public.core} {
		_, err := invoke[thing](t.Context(), core, call{route: publicThing, ids: []string{"0xab"}}, []CallOption{WithDashboardToken("jwt")})
		require.NoError(t, err, name)
	}
	for _, got := range s.requests() {
		require.Equal(t, "/private/pac/public/0xab.pdf", got.target)
		require.Empty(t, got.header.Values("X-Api-Key"))
		require.Empty(t, got.header.Values("Authorization"))
		require.Empty(t, got.header.Values("X-Credit-Pool-Id"))
		require.Equal(t, "296", got.header.Get("X-Chain-Id"))
	}
}

func TestTheChainFollowsTheKeysEnvironment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key, want string
		opts      []Option
	}{
		"a test key":          {"pk_test_a.b", "296", nil},
		"a live key":          {"pk_live_a.b", "295", nil},
		"another key":         {"abc", "", nil},
		"a source's key":      {"", "295", []Option{WithKeySource(func(context.Context) (string, error) { return "pk_live_a.b", nil })}},
		"the option beats it": {"pk_test_a.b", "5", []Option{WithChainID(5)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, says(200, `{"success":true,"data":{"id":"a"}}`))
			client, err := New(c.key, append(c.opts, WithBaseURL(s.url), WithHTTPClient(&http.Client{Transport: s.pool}))...)
			require.NoError(t, err)
			_, err = invoke[thing](t.Context(), client.core, call{route: readThing, ids: []string{"a"}}, nil)
			require.NoError(t, err)
			require.Equal(t, c.want, s.requests()[0].header.Get("X-Chain-Id"))
		})
	}
}

func TestAKeySourceIsAskedForEveryCall(t *testing.T) {
	t.Parallel()
	s := newService(t, says(200, `{"success":true,"data":{"id":"a"}}`))
	n := 0
	fail := error(nil)
	c, err := New("", WithBaseURL(s.url), WithHTTPClient(&http.Client{Transport: s.pool}), WithKeySource(func(context.Context) (string, error) {
		n++
		return "pk_test_k" + strconv.Itoa(n), fail
	}))
	require.NoError(t, err)
	get := func() error {
		_, err := invoke[thing](t.Context(), c.core, call{route: readThing, ids: []string{"a"}}, nil)
		return err
	}
	require.NoError(t, get())
	require.NoError(t, get())
	require.Equal(t, "pk_test_k1", s.requests()[0].header.Get("X-Api-Key"))
	require.Equal(t, "pk_test_k2", s.requests()[1].header.Get("X-Api-Key"))

	fail = errors.New("vault is sealed")
	err = get()
	require.ErrorIs(t, err, fail)
	require.EqualError(t, err, "pacspace: GET /api/things/{id}: the key source failed: vault is sealed")
	require.Len(t, s.requests(), 2)
}

func TestOddIdsReachTheirOwnPathOrAreRefused(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"a b":       "a%20b",
		"a/b":       "a%2Fb",
		"../x":      "..%2Fx",
		"a%2Fb":     "a%252Fb",
		"a:b":       "a%3Ab",
		"ü😀":        "%C3%BC%F0%9F%98%80",
		"...":       "...",
		"a?b#c&d=e": "a%3Fb%23c%26d%3De",
		"-._~":      "-._~",
		"a+b":       "a%2Bb",
		"a\x00b":    "a%00b",
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := newService(t, says(200, `{"success":true,"data":{"id":"a"}}`))
			_, err := invoke[thing](t.Context(), s.client(t).core, call{route: readThing, ids: []string{id}}, nil)
			require.NoError(t, err)
			require.Equal(t, "/private/pac/api/things/"+want, s.requests()[0].target)
		})
	}
	for _, id := range []string{"", ".", "..", "\xff"} {
		t.Run("refused: "+strconv.Quote(id), func(t *testing.T) {
			t.Parallel()
			s := newService(t, says(200, `{}`))
			_, err := invoke[thing](t.Context(), s.client(t).core, call{route: readThing, ids: []string{id}}, nil)
			var p *ParamError
			require.ErrorAs(t, err, &p)
			require.Equal(t, "id", p.Field)
			require.ErrorIs(t, err, ErrInvalid)
			require.Empty(t, s.requests())
		})
	}
}

// A new endpoint of a customer has the check without asking for it.
func TestACustomersPathTakesACustomersIDAndNoOther(t *testing.T) {
	t.Parallel()
	of := route{method: "GET", path: "/api/of/{customerId}/things/{id}", retry: retryRead}
	for _, id := range []string{"", ".", "..", "a/b", "a b", "a%2Fb", "ü", "\xff", strings.Repeat("a", 129)} {
		t.Run(strconv.Quote(id), func(t *testing.T) {
			t.Parallel()
			s := newService(t, says(200, `{"success":true,"data":{"id":"a"}}`))
			_, err := invoke[thing](t.Context(), s.client(t).core, call{route: of, ids: []string{id, "a b"}}, nil)
			var p *ParamError
			require.ErrorAs(t, err, &p)
			require.Equal(t, "customerId", p.Field)
			require.Empty(t, s.requests())
		})
	}
	s := newService(t, says(200, `{"success":true,"data":{"id":"a"}}`))
	_, err := invoke[thing](t.Context(), s.client(t).core, call{route: of, ids: []string{"acme:gpu", "a b"}}, nil)
	require.NoError(t, err)
	require.Equal(t, "/private/pac/api/of/acme%3Agpu/things/a%20b", s.requests()[0].target)
}

func TestAnAnswerIsReadWithAnyEnvelope(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"success and data":  `{"success":true,"data":{"id":"a"}}`,
		"a status code":     `{"statusCode":200,"data":{"id":"a"}}`,
		"none":              `{"id":"a"}`,
		"an older name":     `{"success":true,"data":{"oldId":"a","new":[1]}}`,
		"a bare list":       `{"success":true,"data":[{"id":"a"}]}`,
		"a list, unwrapped": `[{"id":"a"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, says(200, body))
			v, err := invoke[thing](t.Context(), s.client(t).core, call{route: readThing, ids: []string{"a"}, list: "parts"}, nil)
			require.NoError(t, err)
			if v.ID == "" {
				v = &v.Parts[0]
			}
			require.Equal(t, "a", v.ID)
			require.NotEmpty(t, v.RawJSON())
		})
	}
}

func TestAnAnswerThatIsNotWhatWasAskedForIsAnErrorAndNeverAWrongValue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, err string }{
		"HTML":                  {"<html>502 Bad Gateway</html>", "not JSON"},
		"nothing":               {"", "the body is empty"},
		"cut JSON":              {`{"success":true,"data":{"id":"a"`, "not JSON"},
		"another object":        {`{"foo":1}`, "it holds none of the fields that were asked for"},
		"success alone":         {`{"success":true}`, "it holds none of the fields that were asked for"},
		"data that is null":     {`{"success":true,"data":null}`, "want an object, got null"},
		"data that is a number": {`{"success":true,"data":5}`, "want an object, got a number"},
		"a list":                {`{"success":true,"data":[]}`, "want an object, got an array"},
		"a wrong type":          {`{"success":true,"data":{"id":5}}`, "field id must be a string, not a number"},
		"a wrong type, deeper":  {`{"success":true,"data":{"parts":[{"id":"a"},{"amount":"x"}]}}`, "field parts[1].amount must be a number, not a string"},
		"a failure in a 200":    {`{"success":false,"error":{"code":"C","message":"M"}}`, "it tells of a failure: C: M"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, says(200, c.body, "X-Request-Id: req_9"))
			v, err := invoke[thing](t.Context(), s.client(t).core, call{route: readThing, ids: []string{"a"}}, nil)
			require.Nil(t, v)
			var d *DecodeError
			require.ErrorAs(t, err, &d)
			require.ErrorContains(t, d, "GET /api/things/{id}: 200: unreadable answer: "+c.err)
			require.Equal(t, "req_9", d.RequestID)
			require.Equal(t, c.body, string(d.Body()))
			require.NotErrorIs(t, err, ErrOutcomeUnknown, "a read has no outcome")

			_, err = invoke[thing](t.Context(), s.client(t).core, call{route: writeThing, key: "k", body: []byte(`{}`)}, nil)
			require.ErrorIs(t, err, ErrOutcomeUnknown, "a write may have been done")
		})
	}
	t.Run("a failure in a 200 keeps the server's code", func(t *testing.T) {
		t.Parallel()
		s := newService(t, says(200, `{"success":false,"error":{"code":"C","message":"M"}}`))
		_, err := invoke[thing](t.Context(), s.client(t).core, call{route: readThing, ids: []string{"a"}}, nil)
		var api *APIError
		require.ErrorAs(t, err, &api)
		require.Equal(t, "C", api.Code)
	})
}

func TestWhichWritesAreSentAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in       call
		opts     []CallOption
		attempts int
	}{
		"with a key":                          {call{route: writeThing, key: "k"}, nil, 3},
		"without one":                         {call{route: writeThing}, nil, 1},
		"with the caller's":                   {call{route: writeThing}, []CallOption{WithIdempotencyKey("mine")}, 3},
		"that name what they make":            {call{route: nameThing, repeatable: true}, nil, 3},
		"that do not":                         {call{route: nameThing}, nil, 1},
		"that do not, though with a key":      {call{route: nameThing}, []CallOption{WithIdempotencyKey("mine")}, 1},
		"that would be done twice":            {call{route: kickThing, ids: []string{"a"}}, nil, 1},
		"with a key that nobody documents":    {call{route: kickThing, ids: []string{"a"}}, []CallOption{WithIdempotencyKey("mine")}, 1},
		"with a key, but told not to":         {call{route: writeThing, key: "k"}, []CallOption{WithMaxRetries(0)}, 1},
		"with a key, and told to, five times": {call{route: writeThing, key: "k"}, []CallOption{WithMaxRetries(5)}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				mock := httpmock.NewMockTransport()
				mock.RegisterNoResponder(httpmock.NewStringResponder(503, `{"message":"down"}`))
				client, err := New(testKey, WithHTTPClient(&http.Client{Transport: mock}))
				require.NoError(t, err)
				c.in.body = []byte(`{}`)
				_, err = invoke[thing](t.Context(), client.core, c.in, c.opts)
				var api *APIError
				require.ErrorAs(t, err, &api)
				require.Equal(t, c.attempts, api.Attempts)
				require.Equal(t, c.attempts, mock.GetTotalCallCount())
				require.ErrorIs(t, err, ErrOutcomeUnknown)
			})
		})
	}
}

func TestARequestIDIsTakenOnlyWhereItLooksLikeOne(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"X-Request-Id: req_1":                        "req_1",
		"Request-Id: req_2":                          "req_2",
		"X-Correlation-Id: 9b2d-1":                   "9b2d-1",
		"X-Request-Id: two words":                    "",
		"X-Request-Id: <b>":                          "",
		"X-Request-Id: " + strings.Repeat("x", 1000): "",
		"X-Other: req_1":                             "",
	} {
		name, value, _ := strings.Cut(header, ": ")
		h := http.Header{}
		h.Set(name, value)
		require.Equal(t, want, requestID(h), header)
	}
}

func TestAClosedClientSendsNothing(t *testing.T) {
	t.Parallel()
	s := newService(t, says(200, `{}`))
	c := s.client(t)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	_, err := invoke[thing](t.Context(), c.core, call{route: readThing, ids: []string{"a"}}, nil)
	require.ErrorIs(t, err, ErrClientClosed)
	_, err = invoke[thing](t.Context(), c.Public.core, call{route: publicThing, ids: []string{"a"}}, nil)
	require.ErrorIs(t, err, ErrClientClosed)
	require.ErrorIs(t, c.Do(t.Context(), "GET", "/x", nil, nil), ErrClientClosed)
	require.Empty(t, s.requests())
}

// One client serves many goroutines over few connections.
func TestOneClientServesManyGoroutines(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(says(200, `{"success":true,"data":{"id":"a"}}`))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c, err := New(testKey, WithBaseURL(server.URL))
	require.NoError(t, err)
	defer c.Close()
	const goroutines, calls = 16, 25
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range calls {
				_, err := invoke[thing](context.Background(), c.core, call{route: writeThing, key: "k", body: []byte(`{}`)}, nil)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	// net/http connects ahead while it waits for a connection to come free.
	require.LessOrEqual(t, connections.Load(), int64(2*goroutines), "%d calls must use connections again", goroutines*calls)
}

func TestAttemptsAreObservedAndLoggedWithoutWhatIsSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		n := 0
		mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
			n++
			switch n {
			case 1:
				return nil, &url.Error{Op: "Get", URL: "https://x/?secret", Err: errors.New("reset")}
			case 2:
				r := httpmock.NewStringResponse(503, `{"message":"`+testKey+`"}`)
				r.Header.Set("X-Request-Id", "req_1")
				return r, nil
			}
			return httpmock.NewStringResponse(200, `{"success":true,"data":{"id":"a"}}`), nil
		})
		var log strings.Builder
		var told []Attempt
		c, err := New(testKey, WithHTTPClient(&http.Client{Transport: mock}), WithLogger(jsonLogger(&log)),
			WithObserver(func(_ context.Context, a Attempt) { told = append(told, a) }))
		require.NoError(t, err)
		_, err = invoke[thing](t.Context(), c.core, call{route: readThing, ids: []string{"private-id"}, query: url.Values{"q": {"private"}}}, nil)
		require.NoError(t, err)

		require.Len(t, told, 3)
		for i, a := range told {
			require.Equal(t, "GET", a.Method)
			require.Equal(t, "/api/things/{id}", a.Route)
			require.Equal(t, i+1, a.Number)
		}
		require.EqualError(t, told[0].Err, "reset")
		require.Equal(t, []int{0, 503, 200}, []int{told[0].StatusCode, told[1].StatusCode, told[2].StatusCode})
		require.Equal(t, "req_1", told[1].RequestID)
		require.Positive(t, told[1].Wait)
		require.False(t, told[2].WillRetry)

		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		require.Len(t, lines, 3)
		var first, second, third map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
		require.NoError(t, json.Unmarshal([]byte(lines[1]), &second))
		require.NoError(t, json.Unmarshal([]byte(lines[2]), &third))
		require.Equal(t, "WARN", first["level"])
		require.Equal(t, "connection lost", first["failure"])
		require.Equal(t, "req_1", second["request_id"])
		require.Equal(t, "/api/things/{id}", second["route"])
		require.Equal(t, "DEBUG", third["level"])
		require.Nil(t, third["wait"])
		for _, word := range []string{"secret", "private", "http", "topsecretpart"} {
			require.NotContains(t, log.String(), word)
		}
	})
}

func TestADeadlineThatIsTooSoonForTheWaitEndsTheCallWithTheServersWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mock := httpmock.NewMockTransport()
		mock.RegisterNoResponder(httpmock.NewStringResponder(429, `{"message":"slow down","retryAfterSeconds":60}`))
		c, err := New(testKey, WithHTTPClient(&http.Client{Transport: mock}))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err = invoke[thing](ctx, c.core, call{route: readThing, ids: []string{"a"}}, nil)
		require.Zero(t, time.Since(start))
		var api *APIError
		require.ErrorAs(t, err, &api)
		require.Equal(t, time.Minute, api.RetryAfter)
		require.ErrorIs(t, err, ErrRateLimited)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Regexp(t, `^pacspace: GET /api/things/\{id\}: 429 Too Many Requests: slow down; gave up: the next attempt is due in [45]\.\d+s, past the context's deadline$`, err.Error())
	})
}
