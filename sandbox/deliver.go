package sandbox

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/webhook"
)

// WebhookFault is something that goes wrong between the service and the receiver.
type WebhookFault struct {
	Drop      int  // deliveries that never arrive; the service tries them again later
	Lose      int  // deliveries that never arrive and count as delivered
	Duplicate int  // deliveries that arrive twice
	Reverse   bool // what is due together arrives in the opposite order, until cleared
}

// hookFaults are the webhook faults at work.
type hookFaults = WebhookFault

// InjectWebhooks adds to what goes wrong with deliveries; [Sandbox.ClearFaults] ends it.
func (s *Sandbox) InjectWebhooks(f WebhookFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.Drop += f.Drop
	s.hooks.Lose += f.Lose
	s.hooks.Duplicate += f.Duplicate
	s.hooks.Reverse = s.hooks.Reverse || f.Reverse
}

// Deliver does what is due by now and then sends every webhook that is due, one after the
// other in the order of their events, each with its signatures and the time of sending. It
// returns how many were answered with a 2xx status. What was not is due again after the
// waits of [WebhookRetries], until they are used up. The error is the context's.
//
// Source: API contract, section 4.7; the service's own schedule is undocumented.
func (s *Sandbox) Deliver(ctx context.Context) (delivered int, err error) {
	s.delivering.Lock()
	defer s.delivering.Unlock()
	defer s.trim()
	for _, d := range s.due() {
		if err := ctx.Err(); err != nil {
			return delivered, err
		}
		if s.attempt(ctx, d) {
			delivered++
		}
	}
	return delivered, ctx.Err()
}

// Run delivers what is due at once and then every interval, until ctx ends, and saves the
// state after each round where a file is named. A program runs it in a goroutine of its
// own. It returns the context's error, or why the state could not be saved.
func (s *Sandbox) Run(ctx context.Context, interval time.Duration) error {
	for {
		if _, err := s.Deliver(ctx); err != nil {
			return err
		}
		if s.cfg.stateFile != "" {
			if err := s.Save(); err != nil {
				return err
			}
		}
		if err := s.cfg.wait(ctx, interval); err != nil {
			return err
		}
	}
}

// trim forgets what is over and too much to keep.
func (s *Sandbox) trim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.planes {
		p.trimDeliveries()
	}
}

// due lists the deliveries whose time has come.
func (s *Sandbox) due() []*delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	var list []*delivery
	for _, env := range []Environment{Test, Live} {
		for _, d := range s.planes[env].deliveries {
			if d.status == deliveryPending && !now.Before(d.dueAt) {
				list = append(list, d)
			}
		}
	}
	if s.hooks.Reverse {
		slices.Reverse(list)
	}
	return list
}

// attempt sends one delivery and notes what came of it.
func (s *Sandbox) attempt(ctx context.Context, d *delivery) (delivered bool) {
	s.mu.Lock()
	now := s.now()
	d.attempts++
	d.triedAt = now
	header := s.sign(d, now)
	times := 1
	drop, lose := take(&s.hooks.Drop), false
	if !drop {
		lose = take(&s.hooks.Lose)
	}
	if !drop && !lose && take(&s.hooks.Duplicate) {
		times = 2
	}
	s.mu.Unlock()

	status, problem := 0, ""
	switch {
	case drop:
		problem = "dropped by a fault"
	case lose:
		status = http.StatusOK
	default:
		for range times {
			status, problem = s.post(ctx, d, header)
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	d.answer, d.lastError = status, problem
	if d.attempts == 0 {
		return problem == "" // it was asked for again meanwhile, and stays due
	}
	if problem == "" {
		d.status = deliveryDelivered
		return true
	}
	if d.attempts > len(s.cfg.retries) {
		d.status = deliveryFailed
		return false
	}
	d.dueAt = now.Add(s.cfg.retries[d.attempts-1])
	return false
}

func take(n *int) bool {
	if *n == 0 {
		return false
	}
	*n--
	return true
}

// post sends a delivery's bytes and says why they did not count, if they did not.
func (s *Sandbox) post(ctx context.Context, d *delivery, header http.Header) (status int, problem string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.endpoint.url, bytes.NewReader(d.body))
	if err != nil {
		return 0, "the address is not valid"
	}
	req.Header = header
	resp, err := s.cfg.client.Do(req)
	if err != nil {
		return 0, "no answer"
	}
	defer resp.Body.Close()
	const enoughToReuseTheConnection = 64 << 10
	io.CopyN(io.Discard, resp.Body, enoughToReuseTheConnection)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, "answered " + strconv.Itoa(resp.StatusCode)
	}
	return resp.StatusCode, ""
}

// sign makes a delivery's headers. Source: API contract, sections 4.1 and 4.2.
func (s *Sandbox) sign(d *delivery, now time.Time) http.Header {
	var opts []webhook.SignOption
	if s.cfg.webhookMillis {
		opts = append(opts, webhook.InMilliseconds())
	}
	if d.endpoint.previous != "" && now.Before(d.endpoint.overlap) {
		opts = append(opts, webhook.AlsoWith(d.endpoint.previous))
	}
	h := webhook.Sign(d.endpoint.secret, now, d.body, opts...)
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "PacSpace-Webhooks/sandbox")
	h.Set(webhook.EventHeader, d.event)
	h.Set(webhook.IDHeader, s.eventHeaderID(d))
	return h
}
