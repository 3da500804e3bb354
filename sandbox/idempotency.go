package sandbox

import (
	"crypto/sha256"
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// keyed is what became of the first request with an Idempotency-Key.
type keyed struct {
	request [sha256.Size]byte // route and body
	done    bool
	answer  answer
	expires time.Time
}

// maxKeyLength bounds an Idempotency-Key, whose real bound is undocumented.
const maxKeyLength = 255

// once carries out a write that has an Idempotency-Key: a new key does it, a key in
// progress is told to wait, a known one gets the first answer again, and a known one with
// another request is refused. Source: API contract, section 3.2.
func (s *Sandbox) once(c *call, fault *injected) answer {
	key := c.entry.IdempotencyKey
	if len(key) > maxKeyLength {
		return s.render(refuse(invalid("Idempotency-Key must be at most %d characters.", maxKeyLength)))
	}
	c.plane.sweepKeys(c.now)
	request := s.requestDigest(c)
	if k, known := c.plane.keys[key]; known {
		switch {
		case k.request != request:
			return s.render(refuse(&problem{status: http.StatusConflict, code: "IDEMPOTENCY_CONFLICT", message: "This Idempotency-Key was used with a different request."}))
		case !k.done:
			return s.pending()
		default:
			return k.answer
		}
	}
	k := &keyed{request: request, expires: c.now.Add(s.cfg.keyLifetime)}
	c.plane.keys[key] = k
	c.plane.keyOrder = append(c.plane.keyOrder, key)
	defer func() {
		if !k.done {
			delete(c.plane.keys, key)
		}
	}()
	s.lag(c, fault)
	r := c.route.serve(s, c)
	a := s.render(r)
	if r.err == nil || s.cfg.refusalsReplayed && r.err.status < http.StatusInternalServerError {
		k.done, k.answer = true, a
	}
	return a
}

// requestDigest tells requests apart, by their bytes or by what their JSON says.
func (s *Sandbox) requestDigest(c *call) [sha256.Size]byte {
	body := c.body
	if s.cfg.keysIgnoreFormatting {
		if text, err := canonical.Append(nil, body, canonical.Official); err == nil {
			body = text
		}
	}
	h := sha256.New()
	h.Write([]byte(c.route.Path))
	h.Write([]byte{0})
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

// sweepKeys forgets keys whose lifetime is over. Keys stand in the order of their first
// use and all live equally long, so the first that is alive ends the sweep.
func (p *plane) sweepKeys(now time.Time) {
	n := 0
	for _, key := range p.keyOrder {
		if k, known := p.keys[key]; known {
			if now.Before(k.expires) {
				break
			}
			delete(p.keys, key)
		}
		n++
	}
	p.keyOrder = p.keyOrder[n:]
}
