package pacspace

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/pacspace/pacspace-go/internal/transport"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// maxAnswer is the longest body that is read, in bytes.
const maxAnswer = 32 << 20

// call is one use of a route.
type call struct {
	route route
	ids   []string // in the order of the path
	query url.Values
	body  []byte // RFC 8785, nil for none
	// key is the Idempotency-Key where the caller gives none; empty for none.
	key string
	// keyAge is how long ago the key was first sent.
	keyAge time.Duration
	// repeatable says of a retryByIdentity route that this call names what it makes.
	repeatable bool
	// hidden is what must not stand in an error, should the service repeat it.
	hidden []string
	// target replaces the route's path, for a path that no route has.
	target *url.URL
	// list is the name under which an answer that is a bare array is read.
	list string
}

// keyOr is the key that a call goes out with: the caller's, else its own.
func (in call) keyOr(opts []CallOption) string {
	if len(opts) > 0 {
		if key := optionsOf(opts).key; key != "" {
			return key
		}
	}
	return in.key
}

// exchange is one call under way: all that is known of it, in one allocation.
type exchange struct {
	transport.Call
	core   *core
	route  route
	cfg    callConfig
	idem   string // the Idempotency-Key, empty for none
	secret string // the API key, to keep it out of what the service says
	hidden []string
	values [9]string
	used   int
}

// invoke makes a call and reads its answer.
func invoke[T any, P result[T]](ctx context.Context, c *core, in call, opts []CallOption) (*T, error) {
	x, err := c.exchange(ctx, &in, opts)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := x.decode(P(v), in.list); err != nil {
		return nil, err
	}
	return v, nil
}

// fetch makes a call and returns the body of its answer as it is.
func fetch(ctx context.Context, c *core, in call, opts []CallOption) ([]byte, error) {
	x, err := c.exchange(ctx, &in, opts)
	if err != nil {
		return nil, err
	}
	return x.Answer, nil
}

// exchange makes a call until it has a 2xx answer, or returns the error.
func (c *core) exchange(ctx context.Context, in *call, opts []CallOption) (*exchange, error) {
	if c.closed.Load() {
		return nil, ErrClientClosed
	}
	x := &exchange{core: c, route: in.route, cfg: c.defaults, hidden: in.hidden}
	if err := x.cfg.apply(opts); err != nil {
		return nil, err
	}
	if in.target != nil {
		join(&x.URL, &c.base, in.target)
	} else if err := in.route.resolve(&x.URL, &c.base, in.ids, in.query); err != nil {
		return nil, err
	}
	x.plan(in)
	if err := x.headers(ctx); err != nil {
		return nil, err
	}
	c.sender.Do(ctx, &x.Call)
	if r := x.cfg.response; r != nil {
		*r = Response{
			StatusCode: x.Status, Header: x.Response, RequestID: requestID(x.Response),
			IdempotencyKey: x.idem, Attempts: x.Attempts,
		}
	}
	return x, x.failure()
}

// plan says how the call may be repeated.
func (x *exchange) plan(in *call) {
	x.Method, x.Body = in.route.method, in.body
	x.MaxRetries, x.AttemptTimeout = *x.cfg.maxRetries, x.cfg.attemptTimeout
	x.MaxBody, x.PollInterval, x.Now = maxAnswer, x.cfg.pollInterval, x.core.now
	x.Write = in.route.retry != retryRead
	if x.Write {
		if x.idem = in.key; x.cfg.key != "" {
			x.idem = x.cfg.key
		}
	}
	switch in.route.retry {
	case retryRead:
		x.Repeat = true
	case retryByIdentity:
		x.Repeat = in.repeatable
	case retryKeyed:
		x.Repeat = x.idem != ""
		x.Poll = x.Repeat
		x.RepeatWithin = max(x.core.keyLifetime-in.keyAge, 1) // past that the key may be forgotten
	}
	if x.core.observer != nil || x.core.logger != nil {
		x.Observe = x.tell
	}
}

// headers sets the request's headers.
//
// Source: API contract, section 1.3.
func (x *exchange) headers(ctx context.Context) error {
	x.Header = make(http.Header, 8)
	environment := x.core.environment
	if x.core.key != nil && !x.route.public {
		key, err := x.core.key(ctx)
		if err != nil {
			return &TransportError{Method: x.Method, Route: x.route.path, Err: err, before: "the key source failed"}
		}
		if err := checkKey(key); err != nil {
			return err
		}
		x.secret = key
		x.set("X-Api-Key", key)
		if environment == "" {
			environment = environmentOf(key)
		}
	}
	x.set("Accept", "application/json")
	x.set("User-Agent", x.core.agent)
	if x.Body != nil {
		x.set("Content-Type", "application/json")
	}
	if x.idem != "" {
		x.set("Idempotency-Key", x.idem)
	}
	if id := cmp.Or(x.cfg.chainID, chainID(environment)); id != "" && !x.route.chainless {
		x.set("X-Chain-Id", id)
	}
	if x.cfg.creditPool != "" && !x.route.public {
		x.set("X-Credit-Pool-Id", x.cfg.creditPool)
	}
	if x.cfg.bearer != nil && !x.route.public {
		x.set("Authorization", "Bearer "+x.cfg.bearer())
	}
	if x.cfg.grant != nil && !x.route.public {
		x.set("X-Pacspace-Grant", x.cfg.grant())
	}
	for _, h := range x.cfg.header {
		x.Header[h.name] = []string{h.value()}
	}
	return nil
}

// set sets a header whose name is in canonical form, without an allocation of its own.
func (x *exchange) set(name, value string) {
	x.values[x.used] = value
	x.used++
	x.Header[name] = x.values[x.used-1 : x.used : x.used]
}

// decode reads a 2xx answer into a result.
func (x *exchange) decode(v wired, list string) error {
	answer, err := wire.Unwrap(x.Answer)
	if err != nil {
		return x.undecodable(err)
	}
	o, err := answer.Object(list)
	if err != nil {
		return x.undecodable(err)
	}
	v.fromWire(o)
	v.setRaw(answer.Payload)
	if err := o.Err(); err != nil {
		return x.undecodable(err)
	}
	if !answer.Enveloped && !o.Known() {
		return x.undecodable(errOtherAnswer)
	}
	return nil
}
