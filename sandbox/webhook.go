package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// endpoint is an address that a tenant registered for its events.
type endpoint struct {
	url      string
	secret   string
	previous string    // signs too, until overlapUntil
	overlap  time.Time // the end of the rotation's overlap
}

// delivery is one event on its way to one endpoint.
type delivery struct {
	eventID   string
	event     string
	endpoint  *endpoint
	body      []byte
	createdAt time.Time

	status    string // PENDING, DELIVERED or FAILED
	attempts  int
	dueAt     time.Time // next attempt, while PENDING
	triedAt   time.Time
	answer    int    // the last attempt's HTTP status, 0 without one
	lastError string // why the last attempt did not count
}

// The states of a delivery. The API documents none.
const (
	deliveryPending   = "PENDING"
	deliveryDelivered = "DELIVERED"
	deliveryFailed    = "FAILED"
)

// maxDeliveries bounds the deliveries that are kept; of those that are over, the oldest go
// first.
const maxDeliveries = 10_000

// AddWebhook registers an address for the events of an environment and returns the secret
// that its deliveries are signed with. In the live environment the address must be https,
// unless it is on this machine. Every address gets all events.
func (s *Sandbox) AddWebhook(env Environment, address string) (secret string, err error) {
	p := s.planes[env]
	if p == nil {
		return "", fmt.Errorf("sandbox: environment %q: not known; use %q or %q", env, Test, Live)
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("sandbox: webhook address: not an absolute http or https URL without a user; give one like https://example.com/hooks")
	}
	if env == Live && u.Scheme != "https" && !slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) {
		return "", fmt.Errorf("sandbox: webhook address: the live environment delivers to https only; use https or the test environment")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range p.endpoints {
		if e.url == address {
			return e.secret, nil
		}
	}
	e := &endpoint{url: address, secret: s.newSecret(p)}
	p.endpoints = append(p.endpoints, e)
	return e.secret, nil
}

// RotateWebhookSecret gives an address a new secret. With overlap deliveries are signed
// with both for 24 hours, the new one first. Source: API contract, section 4.2.
func (s *Sandbox) RotateWebhookSecret(env Environment, address string, overlap bool) (secret string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.planes[env]; p != nil {
		for _, e := range p.endpoints {
			if e.url != address {
				continue
			}
			e.previous, e.overlap = "", time.Time{}
			if overlap {
				const overlapTime = 24 * time.Hour
				e.previous, e.overlap = e.secret, s.now().Add(overlapTime)
			}
			e.secret = s.newSecret(p)
			return e.secret, nil
		}
	}
	return "", fmt.Errorf("sandbox: webhook address: not registered in the %s environment; call AddWebhook first", env)
}

// newSecret makes a secret that is the same on every run: it guards nothing.
func (s *Sandbox) newSecret(p *plane) string {
	return "whsec_" + keccakOf([]byte("sandbox: webhook secret\x00"), []byte(s.newID(p, "wh"))).String()[2:50]
}

// queueEvent makes an event and one delivery of it to each address.
func (s *Sandbox) queueEvent(p *plane, event string, at time.Time, data payload) {
	if len(p.endpoints) == 0 {
		return
	}
	id := s.newID(p, "evt")
	body := appendJSON(nil, s.envelopeOf(id, event, at, data), nil)
	for _, e := range p.endpoints {
		d := &delivery{eventID: id, event: event, endpoint: e, body: body, createdAt: at, status: deliveryPending, dueAt: at}
		p.deliveries = append(p.deliveries, d)
		p.byEvent[id] = append(p.byEvent[id], d)
	}
}

// envelopeOf wraps an event's data. By default it has the names of both forms that are
// documented. Source: API contract, section 4.3.
func (s *Sandbox) envelopeOf(id, event string, at time.Time, data payload) object {
	switch s.cfg.events {
	case eventsDocs:
		return object{{"event", event}, {"timestamp", at}, {"data", data.docs}}
	case eventsPython:
		return object{{"id", id}, {"event", event}, {"tenantId", tenantID}, {"createdAt", at}, {"data", data.python}}
	default:
		return object{{"id", id}, {"event", event}, {"tenantId", tenantID}, {"timestamp", at}, {"createdAt", at}, {"data", data.docs}}
	}
}

const tenantID = "tenant_sandbox"

// trimDeliveries forgets the oldest deliveries that are over.
func (p *plane) trimDeliveries() {
	drop := len(p.deliveries) - maxDeliveries
	if drop <= 0 {
		return
	}
	p.deliveries = slices.DeleteFunc(p.deliveries, func(d *delivery) bool {
		if drop == 0 || d.status == deliveryPending {
			return false
		}
		drop--
		delete(p.byEvent, d.eventID)
		return true
	})
}

// listDeliveries serves GET /api/v1/balance/webhooks, the newest first. Source: API
// contract, section 2.14.
func (s *Sandbox) listDeliveries(c *call) reply {
	limit, offset, p := paging(c.query, defaultPage, maxPage)
	if p != nil {
		return refuse(p)
	}
	status := strings.ToUpper(c.query.Get("status"))
	switch status {
	case "", deliveryPending, deliveryDelivered, deliveryFailed:
	default:
		return refuse(invalid("status must be one of: PENDING, DELIVERED, FAILED"))
	}
	var found []*delivery
	for _, d := range slices.Backward(c.plane.deliveries) {
		if status == "" || d.status == status {
			found = append(found, d)
		}
	}
	list := []object{}
	for _, d := range page(found, limit, offset) {
		list = append(list, d.object())
	}
	return ok(object{
		{"deliveries", list},
		{"pagination", object{{"total", len(found)}, {"limit", limit}, {"offset", offset}}},
	})
}

// retryDelivery serves POST /api/v1/balance/webhooks/{eventId}/retry: the event is due at
// once, to every address that it went to. Source: API contract, section 2.14.
func (s *Sandbox) retryDelivery(c *call) reply {
	deliveries := c.plane.byEvent[c.param()]
	if len(deliveries) == 0 {
		return refuse(notFound("NOT_FOUND", "Event not found."))
	}
	for _, d := range deliveries {
		d.status, d.attempts, d.dueAt = deliveryPending, 0, c.now
	}
	return ok(deliveries[0].object())
}

func (d *delivery) object() object {
	o := object{
		{"eventId", d.eventID},
		{"event", d.event},
		{"url", d.endpoint.url},
		{"status", d.status},
		{"attempts", d.attempts},
		{"createdAt", d.createdAt},
	}
	if !d.triedAt.IsZero() {
		o = append(o, field{"lastAttemptAt", d.triedAt}, field{"responseStatus", d.answer}, field{"lastError", optional(d.lastError)})
	}
	if d.status == deliveryPending {
		o = append(o, field{"nextAttemptAt", d.dueAt})
	}
	return o
}

// eventHeaderID is the id that a delivery's header carries: the event's, or with an option
// one of each attempt.
func (s *Sandbox) eventHeaderID(d *delivery) string {
	if s.cfg.eventIDPerAttempt && d.attempts > 1 {
		return d.eventID + "_" + strconv.Itoa(d.attempts)
	}
	return d.eventID
}
