package pacspace

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pacspace/pacspace-go/internal/transport"
	"github.com/pacspace/pacspace-go/record"
)

// DefaultBaseURL is the service's address, for test and live keys alike.
//
// Source: API contract, section 1.1.
const DefaultBaseURL = "https://app.pacspace.io"

// Client calls the API with a key. Make one with [New] or [FromEnv] and keep it: it is
// safe for concurrent use and shares its connections between all calls.
//
// Neither a Client nor anything that comes out of it prints the key.
type Client struct {
	Balance   *BalanceService
	Receipts  *ReceiptService
	Customers *CustomerService
	Webhooks  *WebhookService
	Records   *RecordService
	// Public makes the calls that need no key, and sends none.
	Public *Public

	core *core
}

// Public makes the calls that need no key. Make one with [NewPublic], or take
// [Client.Public]. It is safe for concurrent use.
type Public struct{ *core }

// core is what all services of a client share.
type core struct {
	sender      *transport.Sender
	base        url.URL
	key         keySource // nil: keyless
	environment Environment
	defaults    callConfig
	agent       string
	now         func() time.Time
	keyLifetime time.Duration
	logger      *slog.Logger
	observer    func(context.Context, Attempt)
	closed      *atomic.Bool // shared by a client and its Public
}

// keySource gives the API key of a call. The key lives in a closure and in no field, so
// that no way of printing a value reaches it.
type keySource func(context.Context) (string, error)

// New makes a client for an API key, such as pk_test_ID.SECRET. It reads no environment
// variable and makes no request. With [WithKeySource] apiKey must be empty.
//
// Defaults: 2 retries, 30 s an attempt, waits of 0.25 to 5 s between attempts, the
// address [DefaultBaseURL], connections of its own, no logging.
func New(apiKey string, opts ...Option) (*Client, error) {
	cfg := config{}
	for _, o := range opts {
		if err := o.applyClient(&cfg); err != nil {
			return nil, err
		}
	}
	key, environment := cfg.key, cfg.environment
	switch {
	case key != nil && apiKey != "":
		return nil, &ParamError{Field: "apiKey", Rule: "must be empty where WithKeySource gives the key"}
	case key == nil:
		if err := checkKey(apiKey); err != nil {
			return nil, err
		}
		key = func(context.Context) (string, error) { return apiKey, nil }
		switch of := environmentOf(apiKey); {
		case environment == "":
			environment = of
		case of != "" && of != environment:
			return nil, &ParamError{Field: "environment", Rule: "must be that of the key's prefix, or be left out"}
		}
	}
	shared, err := cfg.core(environment)
	if err != nil {
		return nil, err
	}
	keyed := *shared
	keyed.key = key
	return &Client{
		Balance:   &BalanceService{&keyed},
		Receipts:  &ReceiptService{&keyed},
		Customers: &CustomerService{&keyed},
		Webhooks:  &WebhookService{&keyed},
		Records:   &RecordService{&keyed, record.DefaultType},
		Public:    &Public{shared},
		core:      &keyed,
	}, nil
}

// FromEnv is [New] with the key from PACSPACE_API_KEY and, where it is set, the base URL
// from PACSPACE_BASE_URL. Options win over the environment.
func FromEnv(opts ...Option) (*Client, error) {
	var fromEnv []Option
	if base := os.Getenv("PACSPACE_BASE_URL"); base != "" {
		fromEnv = append(fromEnv, WithBaseURL(base))
	}
	key := os.Getenv("PACSPACE_API_KEY")
	if slices.ContainsFunc(opts, func(o Option) bool { _, ok := o.(keyOption); return ok }) {
		key = ""
	} else if key == "" {
		return nil, &ParamError{Field: "PACSPACE_API_KEY", Rule: "must be set"}
	}
	return New(key, append(fromEnv, opts...)...)
}

// NewPublic makes a client for the calls that need no key.
func NewPublic(opts ...Option) (*Public, error) {
	cfg := config{}
	for _, o := range opts {
		if err := o.applyClient(&cfg); err != nil {
			return nil, err
		}
	}
	if cfg.key != nil {
		return nil, &ParamError{Field: "keySource", Rule: "must not be given: a public client sends no key"}
	}
	shared, err := cfg.core(cfg.environment)
	if err != nil {
		return nil, err
	}
	return &Public{shared}, nil
}

// Environment is the one that the client's key is for, empty where that is not known: with
// [WithKeySource] and without [WithEnvironment].
func (c *Client) Environment() Environment { return c.core.environment }

// Close makes all further calls fail with [ErrClientClosed] and closes the idle
// connections that the client made itself. Calls under way go on; end them with their
// contexts. It closes nothing of an http.Client that was given. Closing twice does no
// harm; the error is always nil.
func (c *Client) Close() error { return c.core.close() }

// Close does what [Client.Close] does.
func (p *Public) Close() error { return p.close() }

func (c *core) close() error {
	c.closed.Store(true)
	c.sender.Close()
	return nil
}

func (cfg *config) core(environment Environment) (*core, error) {
	base, err := parseBaseURL(cfg.baseURL)
	if err != nil {
		return nil, err
	}
	c := &core{
		sender:      transport.NewSender(cfg.httpClient),
		base:        *base,
		environment: environment,
		defaults:    cfg.defaults,
		agent:       userAgent + agentDetail() + cfg.userAgent,
		now:         time.Now,
		keyLifetime: KeyLifetime,
		logger:      cfg.logger,
		observer:    cfg.observer,
		closed:      new(atomic.Bool),
	}
	if cfg.now != nil {
		c.now = cfg.now
	}
	if cfg.keyLifetime > 0 {
		c.keyLifetime = cfg.keyLifetime
	}
	if c.defaults.maxRetries == nil {
		c.defaults.maxRetries = new(defaultRetries)
	}
	if c.defaults.attemptTimeout == 0 {
		c.defaults.attemptTimeout = defaultAttemptTimeout
	}
	return c, nil
}

// Source: API contract, section 1.8.
const (
	defaultRetries        = 2
	defaultAttemptTimeout = 30 * time.Second
)

// userAgent tells the service which SDK calls, on which Go and system; nothing of the
// program or the machine beyond that.
const userAgent = "pacspace-go/" + Version

func agentDetail() string {
	return " (" + runtime.Version() + "; " + runtime.GOOS + "; " + runtime.GOARCH + ")"
}

// checkKey refuses a key that cannot stand in a header. The format is not checked: the
// service has had several. The error never holds the key.
func checkKey(key string) error {
	if key == "" {
		return &ParamError{Field: "apiKey", Rule: "must not be empty"}
	}
	for i := range len(key) {
		if key[i] <= ' ' || key[i] > '~' {
			return &ParamError{Field: "apiKey", Rule: "must hold no spaces, line ends or other characters than printable ASCII; was it read with its line end?"}
		}
	}
	return nil
}

// parseBaseURL takes what an API key may be sent to: https anywhere, http only to this
// machine. Its errors do not repeat the address, which may hold a password.
func parseBaseURL(text string) (*url.URL, error) {
	if text == "" {
		text = DefaultBaseURL
	}
	refuse := func(rule string) error { return &ParamError{Field: "baseURL", Rule: rule} }
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, refuse("must be an absolute https address")
	case u.User != nil:
		return nil, refuse("must not hold a user or password")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return nil, refuse("must not hold a query or fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return nil, refuse("must be https; http is for this machine only (localhost, 127.0.0.1, ::1)")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	for element := range strings.SplitSeq(strings.TrimPrefix(u.Path, "/"), "/") {
		if element == "." || element == ".." {
			return nil, refuse("must not hold the path elements . and ..")
		}
	}
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// String names the client without its key.
func (c *Client) String() string { return c.core.describe("Client") }

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON is String as a JSON string.
func (c *Client) MarshalJSON() ([]byte, error) { return marshalText(c.String()) }

// String names the client.
func (p *Public) String() string { return p.describe("Public") }

// GoString is String.
func (p *Public) GoString() string { return p.String() }

// LogValue is String, for slog.
func (p *Public) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON is String as a JSON string.
func (p *Public) MarshalJSON() ([]byte, error) { return marshalText(p.String()) }

func (c *core) describe(name string) string {
	if c == nil {
		return "pacspace." + name + "(nil)"
	}
	return "pacspace." + name + "(" + c.base.Host + ")"
}
