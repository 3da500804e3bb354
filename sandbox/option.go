package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/internal/wait"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// Option sets up a sandbox. Those that answer what the API leaves open are listed by
// [Choices] and name the section that does; the others say what they do by default.
type Option interface {
	apply(*config) error
}

type optionFunc func(*config) error

func (f optionFunc) apply(c *config) error { return f(c) }

// set makes an option that cannot be wrong.
func set(f func(*config)) Option {
	return optionFunc(func(c *config) error { f(c); return nil })
}

// config is what the options have set. It does not change once the sandbox is made.
type config struct {
	clock          func() time.Time
	wait           func(context.Context, time.Duration) error
	keys           []string
	anyKey         bool
	testOnlyHost   bool
	unprovisioned  map[Environment]bool
	dashboardToken string
	publicURL      string
	seeded         bool
	seed           uint64
	stateFile      string
	requestLog     int
	maxBody        int
	maxDeltas      int

	processing, verification                      time.Duration
	maxScopeMonths, maxLastDays, maxRetentionDays int
	planLimit                                     int64
	cadence                                       time.Duration
	middleware                                    bool

	client   *http.Client
	retries  []time.Duration
	webhooks []webhookAddress

	choices
}

type webhookAddress struct {
	env Environment
	url string
}

func newConfig(opts []Option) (config, error) {
	c := config{
		clock:          time.Now,
		wait:           wait.For,
		unprovisioned:  map[Environment]bool{},
		dashboardToken: "dashboard_sandbox_token",
		requestLog:     1000,
		maxBody:        1 << 20,
		maxDeltas:      1_000_000,
		processing:     50 * time.Millisecond,
		verification:   150 * time.Millisecond,
		maxScopeMonths: 12, maxLastDays: 366, maxRetentionDays: 2555,
		retries: []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour},
		choices: choices{scheme: proof.VariantHex0x, keyLifetime: 24 * time.Hour, recordHash: sealed.V2, recordPage: 100},
	}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.apply(&c); err != nil {
			return config{}, err
		}
	}
	for _, key := range []string{"pk_test_sandbox.local", "pk_live_sandbox.local"} {
		env, _ := environmentOf(key)
		if !slices.ContainsFunc(c.keys, func(k string) bool { of, _ := environmentOf(k); return of == env }) {
			c.keys = append(c.keys, key)
		}
	}
	if c.client == nil {
		const deliveryTimeout = 10 * time.Second
		c.client = &http.Client{
			Timeout:       deliveryTimeout,
			Transport:     http.DefaultTransport.(*http.Transport).Clone(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return c, nil
}

// environmentOf reads the environment from a key's prefix. The error does not repeat the
// key.
func environmentOf(key string) (Environment, error) {
	switch {
	case strings.HasPrefix(key, "pk_test_") && len(key) > len("pk_test_"):
		return Test, nil
	case strings.HasPrefix(key, "pk_live_") && len(key) > len("pk_live_"):
		return Live, nil
	default:
		return "", fmt.Errorf("sandbox: API key: does not begin with pk_test_ or pk_live_; give one that does")
	}
}

// WithClock gives the sandbox its time; without it the machine's. See [Clock].
func WithClock(now func() time.Time) Option {
	return optionFunc(func(c *config) error {
		if now == nil {
			return fmt.Errorf("sandbox: WithClock: the clock is nil; give a function")
		}
		c.clock = now
		return nil
	})
}

// WithAPIKey accepts a key, which must begin with pk_test_ or pk_live_. Without any for an
// environment it accepts one of its own: see [Sandbox.Key].
func WithAPIKey(key string) Option {
	return optionFunc(func(c *config) error {
		if _, err := environmentOf(key); err != nil {
			return err
		}
		c.keys = append(c.keys, key)
		return nil
	})
}

// AnyKey accepts every key that begins with pk_test_ or pk_live_.
func AnyKey() Option { return set(func(c *config) { c.anyKey = true }) }

// WithDashboardToken sets the bearer token that the dashboard's routes accept.
func WithDashboardToken(token string) Option {
	return optionFunc(func(c *config) error {
		if token == "" {
			return fmt.Errorf("sandbox: WithDashboardToken: the token is empty; give one")
		}
		c.dashboardToken = token
		return nil
	})
}

// TestOnlyHost refuses pk_live_ keys, as a sandbox host of the service does.
func TestOnlyHost() Option { return set(func(c *config) { c.testOnlyHost = true }) }

// Unprovisioned makes an environment answer 412 CONTRACT_NOT_DEPLOYED.
func Unprovisioned(env Environment) Option {
	return set(func(c *config) { c.unprovisioned[env] = true })
}

// WithPublicURL sets what links begin with, such as https://app.pacspace.io; without it,
// the address that the request was made to.
func WithPublicURL(address string) Option {
	return optionFunc(func(c *config) error {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.HasSuffix(address, "/") {
			return fmt.Errorf("sandbox: WithPublicURL: not an absolute http or https URL without a final slash; give one like https://app.pacspace.io")
		}
		c.publicURL = address
		return nil
	})
}

// WithSeed makes ids that look random and are the same for the same seed, instead of
// numbering them.
func WithSeed(seed uint64) Option {
	return set(func(c *config) { c.seeded, c.seed = true, seed })
}

// StateFile keeps the state in a file: it is read by [New], where it exists, and written
// by [Sandbox.Save], [Sandbox.Run] and [Sandbox.Close].
func StateFile(path string) Option {
	return optionFunc(func(c *config) error {
		if path == "" {
			return fmt.Errorf("sandbox: StateFile: the path is empty; give one")
		}
		c.stateFile = path
		return nil
	})
}

// Delays sets when a delta or checkpoint is PROCESSING and when it is VERIFIED, counted
// from its receipt; 50 and 150 ms by default. With two zeros it is verified by the time of
// the next request.
func Delays(processing, verified time.Duration) Option {
	return optionFunc(func(c *config) error {
		if processing < 0 || verified < processing {
			return fmt.Errorf("sandbox: Delays: not 0 <= processing <= verified; give the two in that order")
		}
		c.processing, c.verification = processing, verified
		return nil
	})
}

// Limits sets the bounds that the limits endpoint tells; the first is enforced on scopes.
// By default they are 12 months, 366 days and 2555 days.
func Limits(scopeMonths, lastDays, retentionDays int) Option {
	return optionFunc(func(c *config) error {
		if scopeMonths < 1 || lastDays < 1 || retentionDays < 1 {
			return fmt.Errorf("sandbox: Limits: a bound is below 1; give whole numbers from 1")
		}
		c.maxScopeMonths, c.maxLastDays, c.maxRetentionDays = scopeMonths, lastDays, retentionDays
		return nil
	})
}

// PlanLimit is how many deltas each environment's plan includes; later ones are answered
// 402 INSUFFICIENT_CREDITS. 0, the default, is no bound.
func PlanLimit(deltas int64) Option {
	return optionFunc(func(c *config) error {
		if deltas < 0 {
			return fmt.Errorf("sandbox: PlanLimit: negative; give 0 for no bound")
		}
		c.planLimit = deltas
		return nil
	})
}

// CadenceLimit is how far apart the deltas of one customer must be; closer ones are
// answered CADENCE_LIMIT. 0, the default, is no bound. [Sandbox.SetCadence] sets it for
// one customer.
func CadenceLimit(interval time.Duration) Option {
	return optionFunc(func(c *config) error {
		if interval < 0 {
			return fmt.Errorf("sandbox: CadenceLimit: negative; give 0 for no bound")
		}
		c.cadence = interval
		return nil
	})
}

// MiddlewareTenant makes the tenant one that must name a vendorAccountId with each delta.
func MiddlewareTenant() Option { return set(func(c *config) { c.middleware = true }) }

// MaxDeltas bounds how many deltas each environment holds, and how many checkpoints and
// customers, 1,000,000 by default; more are answered 503.
func MaxDeltas(n int) Option { return positive("MaxDeltas", n, func(c *config) { c.maxDeltas = n }) }

// MaxBody bounds a request's body in bytes, 1 MiB by default; larger ones are answered 413.
func MaxBody(n int) Option { return positive("MaxBody", n, func(c *config) { c.maxBody = n }) }

func positive(name string, n int, f func(*config)) Option {
	return optionFunc(func(c *config) error {
		if n < 1 {
			return fmt.Errorf("sandbox: %s: below 1; give a whole number from 1", name)
		}
		f(c)
		return nil
	})
}

// RequestLog sets how many requests [Sandbox.Requests] remembers, 1000 by default; 0 turns
// it off.
func RequestLog(n int) Option {
	return optionFunc(func(c *config) error {
		if n < 0 {
			return fmt.Errorf("sandbox: RequestLog: negative; give 0 to turn it off")
		}
		c.requestLog = n
		return nil
	})
}

// WithWebhook registers an address for an environment's events; its secret is
// [Sandbox.WebhookSecret].
func WithWebhook(env Environment, address string) Option {
	return set(func(c *config) { c.webhooks = append(c.webhooks, webhookAddress{env, address}) })
}

// WithWebhookClient sends webhooks through another client, such as one whose transport
// calls a handler directly. The client is used as it is.
func WithWebhookClient(client *http.Client) Option {
	return optionFunc(func(c *config) error {
		if client == nil {
			return fmt.Errorf("sandbox: WithWebhookClient: the client is nil; give one")
		}
		c.client = client
		return nil
	})
}

// WebhookRetries sets the waits after each failed delivery; a delivery is FAILED once they
// are used up. Without any there is one attempt. By default they are 1, 5 and 30 minutes,
// then 2 and 6 hours.
func WebhookRetries(waits ...time.Duration) Option {
	return set(func(c *config) { c.retries = slices.Clone(waits) })
}
