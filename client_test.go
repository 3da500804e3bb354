package pacspace

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAClientRefusesWhatCannotWorkWithOneClearLine(t *testing.T) {
	t.Parallel()
	source := WithKeySource(func(context.Context) (string, error) { return "k", nil })
	for name, c := range map[string]struct {
		key  string
		opts []Option
		want string
	}{
		"no key":                             {"", nil, "pacspace: apiKey: must not be empty"},
		"a key with a line end":              {"pk_test_a.b\n", nil, "pacspace: apiKey: must hold no spaces, line ends or other characters than printable ASCII; was it read with its line end?"},
		"a key with a space":                 {"pk_test a", nil, "pacspace: apiKey: must hold no spaces, line ends or other characters than printable ASCII; was it read with its line end?"},
		"a key in another script":            {"pk_tést", nil, "pacspace: apiKey: must hold no spaces, line ends or other characters than printable ASCII; was it read with its line end?"},
		"a key and a source":                 {"k", []Option{source}, "pacspace: apiKey: must be empty where WithKeySource gives the key"},
		"no base URL":                        {"k", []Option{WithBaseURL("")}, "pacspace: baseURL: must not be empty"},
		"no scheme":                          {"k", []Option{WithBaseURL("api.example.test")}, "pacspace: baseURL: must be an absolute https address"},
		"no host":                            {"k", []Option{WithBaseURL("https://")}, "pacspace: baseURL: must be an absolute https address"},
		"a port alone":                       {"k", []Option{WithBaseURL("https://:443")}, "pacspace: baseURL: must be an absolute https address"},
		"not a URL":                          {"k", []Option{WithBaseURL("https://a b")}, "pacspace: baseURL: must be an absolute https address"},
		"another scheme":                     {"k", []Option{WithBaseURL("ftp://x.test")}, "pacspace: baseURL: must be https; http is for this machine only (localhost, 127.0.0.1, ::1)"},
		"a file":                             {"k", []Option{WithBaseURL("file:///x")}, "pacspace: baseURL: must be an absolute https address"},
		"http to elsewhere":                  {"k", []Option{WithBaseURL("http://api.example.test")}, "pacspace: baseURL: must be https; http is for this machine only (localhost, 127.0.0.1, ::1)"},
		"http to a look-alike":               {"k", []Option{WithBaseURL("http://localhost.example.test")}, "pacspace: baseURL: must be https; http is for this machine only (localhost, 127.0.0.1, ::1)"},
		"a password":                         {"k", []Option{WithBaseURL("https://u:hunter2@x.test")}, "pacspace: baseURL: must not hold a user or password"},
		"a user":                             {"k", []Option{WithBaseURL("https://u@x.test")}, "pacspace: baseURL: must not hold a user or password"},
		"a query":                            {"k", []Option{WithBaseURL("https://x.test?a=1")}, "pacspace: baseURL: must not hold a query or fragment"},
		"an empty query":                     {"k", []Option{WithBaseURL("https://x.test/?")}, "pacspace: baseURL: must not hold a query or fragment"},
		"a fragment":                         {"k", []Option{WithBaseURL("https://x.test/#a")}, "pacspace: baseURL: must not hold a query or fragment"},
		"a path that climbs":                 {"k", []Option{WithBaseURL("https://x.test/a/../b")}, "pacspace: baseURL: must not hold the path elements . and .."},
		"a nil http.Client":                  {"k", []Option{WithHTTPClient(nil)}, "pacspace: httpClient: must not be nil"},
		"a nil key source":                   {"", []Option{WithKeySource(nil)}, "pacspace: keySource: must not be nil"},
		"a nil logger":                       {"k", []Option{WithLogger(nil)}, "pacspace: logger: must not be nil"},
		"a nil observer":                     {"k", []Option{WithObserver(nil)}, "pacspace: observer: must not be nil"},
		"a nil clock":                        {"k", []Option{WithClock(nil)}, "pacspace: clock: must not be nil"},
		"an odd environment":                 {"k", []Option{WithEnvironment("prod")}, `pacspace: environment: must be "live" or "test"`},
		"another environment than the key's": {"pk_test_a.b", []Option{WithEnvironment(EnvironmentLive)}, "pacspace: environment: must be that of the key's prefix, or be left out"},
		"an odd User-Agent":                  {"k", []Option{WithUserAgent("a\r\nb")}, "pacspace: userAgent: must be 1 to 255 printable ASCII characters without spaces around them"},
		"negative retries":                   {"k", []Option{WithMaxRetries(-1)}, "pacspace: maxRetries: must be 0 to 20"},
		"endless retries":                    {"k", []Option{WithMaxRetries(21)}, "pacspace: maxRetries: must be 0 to 20"},
		"no time for a call":                 {"k", []Option{WithAttemptTimeout(0)}, "pacspace: attemptTimeout: must be above 0"},
		"no chain":                           {"k", []Option{WithChainID(0)}, "pacspace: chainId: must be above 0"},
		"no credit pool":                     {"k", []Option{WithCreditPool("")}, "pacspace: creditPoolId: must be 1 to 255 printable ASCII characters without spaces around them"},
		"no key lifetime":                    {"k", []Option{WithKeyLifetime(0)}, "pacspace: keyLifetime: must be above 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := New(c.key, c.opts...)
			require.Nil(t, client)
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, ErrInvalid)
		})
	}
}

func TestACallRefusesOptionsThatCannotWork(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opt  CallOption
		want string
	}{
		"an empty key":            {WithIdempotencyKey(""), "pacspace: idempotencyKey: must be 1 to 255 printable ASCII characters without spaces around them"},
		"a key with a line end":   {WithIdempotencyKey("a\nb"), "pacspace: idempotencyKey: must be 1 to 255 printable ASCII characters without spaces around them"},
		"no response to fill":     {WithResponse(nil), "pacspace: response: must not be nil"},
		"no interval":             {WithPollInterval(0), "pacspace: pollInterval: must be above 0"},
		"a header without a name": {WithHeader("", "x"), "pacspace: header: must have a name of letters, digits and the signs that HTTP allows"},
		"a name that is no token": {WithHeader("a b", "x"), "pacspace: header: must have a name of letters, digits and the signs that HTTP allows"},
		"a value with a line end": {WithHeader("X-A", "a\r\nX-B: c"), "pacspace: header X-A: must hold no control characters and no spaces around it"},
		"the API key's header":    {WithHeader("x-api-key", "x"), "pacspace: header X-Api-Key: is set by the client or by its own option"},
		"the idempotency key's":   {WithHeader("Idempotency-Key", "x"), "pacspace: header Idempotency-Key: is set by the client or by its own option"},
		"the host's":              {WithHeader("Host", "x"), "pacspace: header Host: is set by the client or by its own option"},
		"a token with a line end": {WithDashboardToken("hunter2\n"), "pacspace: dashboardToken: must be printable ASCII without spaces"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t, says(200, `{}`))
			_, err := invoke[thing](t.Context(), s.client(t).core, call{route: readThing, ids: []string{"a"}}, []CallOption{c.opt})
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, ErrInvalid)
			require.Empty(t, s.requests())
		})
	}
}

func TestBaseURLsKeepTheirPath(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://app.pacspace.io":        "https://app.pacspace.io/api/things",
		"https://api.example.test/":      "https://api.example.test/api/things",
		"https://api.example.test/v9///": "https://api.example.test/v9/api/things",
		"https://x.test/a%2Fb":           "https://x.test/a%2Fb/api/things",
		"HTTPS://X.test":                 "https://X.test/api/things",
		"http://localhost:8080":          "http://localhost:8080/api/things",
		"http://127.0.0.1:1/x":           "http://127.0.0.1:1/x/api/things",
		"http://[::1]:1":                 "http://[::1]:1/api/things",
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			c, err := New("k", WithBaseURL(base))
			require.NoError(t, err)
			x := &exchange{}
			require.NoError(t, writeThing.resolve(&x.URL, &c.core.base, nil, nil))
			require.Equal(t, want, x.URL.String())
		})
	}
}

func TestOnlyFromEnvReadsTheEnvironment(t *testing.T) {
	t.Setenv("PACSPACE_API_KEY", "pk_live_env.secret")
	t.Setenv("PACSPACE_BASE_URL", "https://env.example.test/base")

	_, err := New("")
	require.Error(t, err)
	c, err := New("k")
	require.NoError(t, err)
	require.Equal(t, "app.pacspace.io", c.core.base.Host)

	c, err = FromEnv()
	require.NoError(t, err)
	require.Equal(t, "env.example.test", c.core.base.Host)
	require.Equal(t, EnvironmentLive, c.core.environment)

	c, err = FromEnv(WithBaseURL("https://mine.example.test"))
	require.NoError(t, err)
	require.Equal(t, "mine.example.test", c.core.base.Host, "options win")

	_, err = FromEnv(WithKeySource(func(context.Context) (string, error) { return "k", nil }))
	require.NoError(t, err, "a key source wins over the environment's key")

	t.Setenv("PACSPACE_API_KEY", "")
	_, err = FromEnv()
	require.EqualError(t, err, "pacspace: PACSPACE_API_KEY: must be set")
}

func TestAPublicClientNeedsNoKey(t *testing.T) {
	t.Parallel()
	p, err := NewPublic(WithEnvironment(EnvironmentTest))
	require.NoError(t, err)
	require.Equal(t, EnvironmentTest, p.environment)
	_, err = NewPublic(WithKeySource(func(context.Context) (string, error) { return "k", nil }))
	require.ErrorIs(t, err, ErrInvalid)
	require.NoError(t, p.Close())
}

func TestDefaultsAreThoseOfTheOfficialSDKs(t *testing.T) {
	t.Parallel()
	c, err := New("k")
	require.NoError(t, err)
	require.Equal(t, 2, *c.core.defaults.maxRetries)
	require.Equal(t, 30*time.Second, c.core.defaults.attemptTimeout)
	require.Equal(t, "https://app.pacspace.io", c.core.base.String())
}

func TestAClientNeverChangesTheHTTPClientItIsGiven(t *testing.T) {
	t.Parallel()
	given := &http.Client{Timeout: time.Minute}
	_, err := New("k", WithHTTPClient(given))
	require.NoError(t, err)
	require.Equal(t, &http.Client{Timeout: time.Minute}, given)
}
