package pacspace

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/internal/idem"
)

// Option sets up a client. Options are checked by [New], [FromEnv] and [NewPublic], which
// return their errors.
type Option interface{ applyClient(*config) error }

// CallOption changes one call. Options are checked before anything is sent.
type CallOption interface{ applyCall(*callConfig) error }

// SharedOption sets a client's default, or changes one call.
type SharedOption interface {
	Option
	CallOption
}

// config is what the options of a client say.
type config struct {
	baseURL     string
	httpClient  *http.Client
	key         keySource
	environment Environment
	userAgent   string
	now         func() time.Time
	keyLifetime time.Duration
	logger      *slog.Logger
	observer    func(context.Context, Attempt)
	defaults    callConfig
}

// callConfig is what the options of a call say, over the client's defaults.
type callConfig struct {
	maxRetries       *int
	attemptTimeout   time.Duration
	chainID          string
	creditPool       string
	key              string
	header           []headerField
	response         *Response
	pollInterval     time.Duration
	withoutReference bool
	bearer           func() string // a closure, like the API key
	grant            func() string // likewise
	withoutAdmission bool
}

type headerField struct {
	name  string
	value func() string // a closure: it may be a secret
}

type (
	clientOption func(*config) error
	callOption   func(*callConfig) error
	sharedOption func(*callConfig) error
	keyOption    func(*config) error
)

func (o clientOption) applyClient(c *config) error   { return o(c) }
func (o keyOption) applyClient(c *config) error      { return o(c) }
func (o callOption) applyCall(c *callConfig) error   { return o(c) }
func (o sharedOption) applyCall(c *callConfig) error { return o(c) }
func (o sharedOption) applyClient(c *config) error   { return o(&c.defaults) }

// WithBaseURL sets the address of the service, for a private host or a sandbox: https,
// or http on this machine; no user, query or fragment. A path is kept in front of the
// API's own.
func WithBaseURL(address string) Option {
	return clientOption(func(c *config) error {
		if address == "" {
			return &ParamError{Field: "baseURL", Rule: "must not be empty"}
		}
		c.baseURL = address
		_, err := parseBaseURL(address)
		return err
	})
}

// WithHTTPClient sends through a copy of client: through its Transport, cookie jar and
// redirect rule, with its Timeout bounding each attempt. The client itself and its
// connections are left alone. For tracing give one whose Transport is wrapped.
//
// A wrapped Transport cannot always tell whether a failed request had been sent; where
// it cannot, the outcome of a write counts as unknown.
func WithHTTPClient(client *http.Client) Option {
	return clientOption(func(c *config) error {
		if client == nil {
			return &ParamError{Field: "httpClient", Rule: "must not be nil"}
		}
		c.httpClient = client
		return nil
	})
}

// WithKeySource asks for the API key before each call, so that keys can be rotated
// without a new client. source must be safe for concurrent use; its error is returned by
// the call. [New] then takes an empty key.
func WithKeySource(source func(context.Context) (string, error)) Option {
	return keyOption(func(c *config) error {
		if source == nil {
			return &ParamError{Field: "keySource", Rule: "must not be nil"}
		}
		c.key = source
		return nil
	})
}

// WithEnvironment says which environment a client without a key asks in, which decides
// the chain id that it sends. A client with a key takes it from the key's prefix.
func WithEnvironment(e Environment) Option {
	return clientOption(func(c *config) error {
		if e != EnvironmentLive && e != EnvironmentTest {
			return &ParamError{Field: "environment", Rule: `must be "live" or "test"`}
		}
		c.environment = e
		return nil
	})
}

// WithUserAgent adds the program's own name and version to the User-Agent, behind the
// SDK's.
func WithUserAgent(product string) Option {
	return clientOption(func(c *config) error {
		if !idem.Valid(product) {
			return &ParamError{Field: "userAgent", Rule: "must be 1 to 255 printable ASCII characters without spaces around them"}
		}
		c.userAgent = " " + product
		return nil
	})
}

// WithClock sets the clock that ages and dates are measured by, for tests. Waits and
// time limits follow the real one.
func WithClock(now func() time.Time) Option {
	return clientOption(func(c *config) error {
		if now == nil {
			return &ParamError{Field: "clock", Rule: "must not be nil"}
		}
		c.now = now
		return nil
	})
}

// WithKeyLifetime sets how long the service is assumed to know an Idempotency-Key; see
// [KeyLifetime].
func WithKeyLifetime(d time.Duration) Option {
	return clientOption(func(c *config) error {
		if d <= 0 {
			return &ParamError{Field: "keyLifetime", Rule: "must be above 0"}
		}
		c.keyLifetime = d
		return nil
	})
}

// WithLogger logs each attempt at Debug and each retry at Warn: method, route template,
// status, attempt, duration, wait, request id and, without an answer, a word on why.
// Never a URL, a header, an id or a body. The default logs nothing.
func WithLogger(logger *slog.Logger) Option {
	return clientOption(func(c *config) error {
		if logger == nil {
			return &ParamError{Field: "logger", Rule: "must not be nil"}
		}
		c.logger = logger
		return nil
	})
}

// WithObserver calls observe after each attempt, in the goroutine of the call: keep it
// short. It is the hook for metrics.
func WithObserver(observe func(context.Context, Attempt)) Option {
	return clientOption(func(c *config) error {
		if observe == nil {
			return &ParamError{Field: "observer", Rule: "must not be nil"}
		}
		c.observer = observe
		return nil
	})
}

// maxRetryOption bounds how often one call may be repeated.
const maxRetryOption = 20

// WithMaxRetries sets how often a call may be sent again after a transient failure: 0 to
// 20, 2 by default. Asking again for a write that is still in progress is no retry.
func WithMaxRetries(n int) SharedOption {
	return sharedOption(func(c *callConfig) error {
		if n < 0 || n > maxRetryOption {
			return &ParamError{Field: "maxRetries", Rule: "must be 0 to 20"}
		}
		c.maxRetries = &n
		return nil
	})
}

// WithAttemptTimeout bounds each attempt, from connecting to the last byte of the
// answer; 30 s by default. The context bounds the call as a whole.
func WithAttemptTimeout(d time.Duration) SharedOption {
	return sharedOption(func(c *callConfig) error {
		if d <= 0 {
			return &ParamError{Field: "attemptTimeout", Rule: "must be above 0"}
		}
		c.attemptTimeout = d
		return nil
	})
}

// WithChainID sets the X-Chain-Id header, which otherwise follows the key's environment:
// 296 for test, 295 for live, none where that is not known.
//
// Source: API contract, section 1.3.
func WithChainID(id int64) SharedOption {
	return sharedOption(func(c *callConfig) error {
		if id <= 0 {
			return &ParamError{Field: "chainId", Rule: "must be above 0"}
		}
		c.chainID = strconv.FormatInt(id, 10)
		return nil
	})
}

// WithCreditPool sets the X-Credit-Pool-Id header, a routing override that most callers
// can leave out.
//
// Source: API contract, section 1.3.
func WithCreditPool(id string) SharedOption {
	return sharedOption(func(c *callConfig) error {
		if !idem.Valid(id) {
			return &ParamError{Field: "creditPoolId", Rule: "must be 1 to 255 printable ASCII characters without spaces around them"}
		}
		c.creditPool = id
		return nil
	})
}

// WithIdempotencyKey sets the Idempotency-Key of a write; without it the key is made as
// the method says. The same key with another body is a conflict. A read has no key and
// passes it over.
//
// Source: API contract, section 3.2.
func WithIdempotencyKey(key string) CallOption {
	return callOption(func(c *callConfig) error {
		if !idem.Valid(key) {
			return &ParamError{Field: "idempotencyKey", Rule: "must be 1 to 255 printable ASCII characters without spaces around them"}
		}
		c.key = key
		return nil
	})
}

// WithHeader sets a header of the request over the SDK's own, such as X-Environment.
// Headers that have an option of their own, and those of the connection, are refused.
func WithHeader(name, value string) CallOption {
	canonical := http.CanonicalHeaderKey(name)
	secret := func() string { return value }
	return callOption(func(c *callConfig) error {
		value := secret()
		switch {
		case !isToken(name):
			return &ParamError{Field: "header", Rule: "must have a name of letters, digits and the signs that HTTP allows"}
		case slices.Contains(reservedHeaders, canonical):
			return &ParamError{Field: "header " + canonical, Rule: "is set by the client or by its own option"}
		case strings.TrimSpace(value) != value || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return &ParamError{Field: "header " + canonical, Rule: "must hold no control characters and no spaces around it"}
		}
		c.header = append(slices.Clip(c.header), headerField{canonical, secret})
		return nil
	})
}

var reservedHeaders = []string{
	"X-Api-Key", "X-Pacspace-Grant", "Idempotency-Key", "Host", "Content-Length", "Transfer-Encoding",
	"Connection", "Trailer", "Upgrade", "Accept-Encoding",
}

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// WithResponse fills r with what is known of the answer beside its body, also when the
// call returns an error. Where a method makes several requests, r is the last one's. Do
// not share r between goroutines.
func WithResponse(r *Response) CallOption {
	return callOption(func(c *callConfig) error {
		if r == nil {
			return &ParamError{Field: "response", Rule: "must not be nil"}
		}
		c.response = r
		return nil
	})
}

// WithPollInterval sets the wait between two looks at something that is in progress: of
// Wait and its kin, and of a write whose first request still runs.
func WithPollInterval(d time.Duration) CallOption {
	return callOption(func(c *callConfig) error {
		if d <= 0 {
			return &ParamError{Field: "pollInterval", Rule: "must be above 0"}
		}
		c.pollInterval = d
		return nil
	})
}

// WithoutReferenceUnsafe lets a delta go without a referenceId. A crash between sending
// and storing the answer then leaves nothing to recognise the delta by: a second call
// counts it twice. Without [WithIdempotencyKey] such a delta is never sent again by the
// client, so a lost answer is an unknown outcome at once.
func WithoutReferenceUnsafe() CallOption {
	return callOption(func(c *callConfig) error {
		c.withoutReference = true
		return nil
	})
}

// WithDashboardToken sends a dashboard token as a bearer token, for the calls of the
// dashboard. The newest documentation of the service uses a session cookie there
// instead, which [WithHeader] can send.
//
// Source: API contract, sections 1.3 and 8.14.
func WithDashboardToken(token string) CallOption {
	secret := func() string { return token }
	return callOption(func(c *callConfig) error {
		if err := checkKey(secret()); err != nil {
			return &ParamError{Field: "dashboardToken", Rule: "must be printable ASCII without spaces"}
		}
		c.bearer = secret
		return nil
	})
}

// apply puts the options of a call over the defaults.
func (c *callConfig) apply(opts []CallOption) error {
	for _, o := range opts {
		if err := o.applyCall(c); err != nil {
			return err
		}
	}
	return nil
}

// optionsOf reads options where only their values matter: the call itself will report
// the error of one, which does not hide those behind it.
func optionsOf(opts []CallOption) callConfig {
	var c callConfig
	for _, o := range opts {
		_ = o.applyCall(&c)
	}
	return c
}

func allowsNoReference(opts []CallOption) bool {
	return len(opts) > 0 && optionsOf(opts).withoutReference
}

func pollInterval(opts []CallOption) time.Duration {
	if d := optionsOf(opts).pollInterval; d > 0 {
		return d
	}
	return defaultPollInterval
}

func marshalText(s string) ([]byte, error) { return json.Marshal(s) }
