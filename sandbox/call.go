package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// call is one request on its way through a handler.
type call struct {
	*http.Request
	route  *route
	params []string
	query  url.Values
	body   []byte
	plane  *plane // nil on public routes
	now    time.Time
	origin string // scheme and host of links
	entry  *Request
}

func (c *call) param() string { return c.params[0] }

// ServeHTTP answers one request of the API.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	found, params, allowed := match(r.Method, path)
	fault, id := s.arrive(r.Method, path, found)
	w.Header().Set("X-Request-Id", id)
	body, tooLarge := s.readBody(w, r)

	entry := &Request{Method: r.Method, Path: path, IdempotencyKey: r.Header.Get("Idempotency-Key"), Body: body}
	defer s.record(entry) // also where a fault ends the connection by a panic

	if fault.replaces() {
		fault.delay(s, r, entry)
		fault.send(w, r, s, answer{}, entry)
		return
	}
	c := &call{Request: r, route: found, params: params, query: r.URL.Query(), body: body, origin: s.origin(r), entry: entry}
	a, served := s.respond(c, allowed, tooLarge, fault)
	if c.plane != nil {
		entry.Environment = c.plane.env
	}
	if fault == nil || !served {
		entry.Status = a.Status
		a.write(w)
		return
	}
	if fault.AfterWrite {
		fault.delay(s, r, entry)
	}
	fault.send(w, r, s, a, entry)
}

// respond works out the answer. served says that it came from a handler, and not from one
// of the checks before.
func (s *Sandbox) respond(c *call, allowed []string, tooLarge bool, fault *injected) (a answer, served bool) {
	if c.route == nil {
		message := "Cannot " + c.Method + " " + c.URL.EscapedPath()
		if len(allowed) == 0 {
			return s.render(refuse(notFound("NOT_FOUND", message))), false
		}
		a := s.render(refuse(&problem{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED", message: message}))
		a.Header.Set("Allow", strings.Join(allowed, ", "))
		return a, false
	}
	p := s.authenticate(c)
	switch {
	case p != nil:
	case tooLarge:
		p = &problem{status: http.StatusRequestEntityTooLarge, code: "PAYLOAD_TOO_LARGE", message: fmt.Sprintf("The body is larger than %d bytes.", s.cfg.maxBody)}
	default:
		p = c.checkBody()
	}
	if p != nil {
		return s.render(refuse(p)), false
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.now()
	s.settle(c.now)
	if !c.route.keyed || c.entry.IdempotencyKey == "" {
		s.lag(c, fault)
		return s.render(c.route.serve(s, c)), true
	}
	return s.once(c, fault), true
}

// lag waits as a fault asks before anything is done, without holding the lock, and reads
// the clock anew.
func (s *Sandbox) lag(c *call, fault *injected) {
	if fault == nil || fault.AfterWrite || fault.Latency == 0 {
		return
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		c.now = s.now()
		s.settle(c.now)
	}()
	fault.delay(s, c.Request, c.entry)
}

// authenticate finds the plane that the request's key belongs to. Source: API contract,
// sections 1.1 to 1.3.
func (s *Sandbox) authenticate(c *call) *problem {
	if c.route.Public {
		return nil
	}
	if c.route.dashboard {
		return s.authenticateDashboard(c)
	}
	key := c.Header.Get("X-Api-Key")
	unauthorized := func(message string) *problem {
		return &problem{status: http.StatusUnauthorized, code: "INVALID_API_KEY", message: message}
	}
	if key == "" {
		return unauthorized("The X-Api-Key header is missing.")
	}
	s.mu.Lock()
	env, known := s.keys[key]
	s.mu.Unlock()
	if !known {
		var err error
		if env, err = environmentOf(key); err != nil || !s.cfg.anyKey {
			return unauthorized("The API key is not valid.")
		}
	}
	if env == Live && s.cfg.testOnlyHost {
		return &problem{status: http.StatusForbidden, code: "API_KEY_ENVIRONMENT_HOST_MISMATCH", message: "A pk_live_ key cannot be used on a sandbox host."}
	}
	if s.cfg.unprovisioned[env] {
		return &problem{status: http.StatusPreconditionFailed, code: "CONTRACT_NOT_DEPLOYED", message: "The " + string(env) + " environment is not provisioned."}
	}
	c.plane = s.planes[env]
	return nil
}

// readBody takes the body up to its limit. A body that breaks off counts as far as it came;
// its JSON will not be whole.
func (s *Sandbox) readBody(w http.ResponseWriter, r *http.Request) (body []byte, tooLarge bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.cfg.maxBody)))
	_, tooLarge = errors.AsType[*http.MaxBytesError](err)
	return body, tooLarge
}

// checkBody holds a write to JSON objects.
func (c *call) checkBody() *problem {
	if c.Method != http.MethodPost {
		return nil
	}
	if media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return &problem{status: http.StatusUnsupportedMediaType, code: "UNSUPPORTED_MEDIA_TYPE", message: "Content-Type must be application/json."}
	}
	trimmed := bytes.TrimSpace(c.body)
	if len(trimmed) == 0 || trimmed[0] != '{' || !utf8.Valid(c.body) || !json.Valid(c.body) {
		return invalid("The body must be a JSON object in UTF-8.")
	}
	return nil
}

// origin is the scheme and host that links begin with.
func (s *Sandbox) origin(r *http.Request) string {
	if s.cfg.publicURL != "" {
		return s.cfg.publicURL
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// write sends an answer whole.
func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Status)
	w.Write(a.Body) // a client that has gone away is not told
}
