package metering

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
)

// refused stores a definite refusal of a request of which no attempt is unknown.
func (s *step) refused(ctx context.Context, members []*OutboxDelta, e *pacspace.APIError) error {
	code := codeOf(e)
	switch about(e) {
	case aboutCustomer:
		return s.cadenceOfRequest(ctx, members, e)
	case aboutItem:
		return s.poison(ctx, members, code, "the service refuses it: "+e.Message)
	case aboutAll:
		if err := s.pauseFor(ctx, e); err != nil {
			return err
		}
		return s.stepBack(ctx, members, code, 0)
	}
	return s.suspect(ctx, members, code, e)
}

// scope is what a refusal of a whole request is about.
type scope int

const (
	aboutUnclear  scope = iota // one of its deltas, or the address that it went to
	aboutItem                  // one of its deltas, at least
	aboutCustomer              // one customer, who is written to too often
	aboutAll                   // the key, the account or the way to the service: all that is sent
)

// about reads a refusal. What no row names is unclear: a 404, for one, may mean a customer
// or a wrong address.
//
// Source: API contract, section 3.1.
func about(e *pacspace.APIError) scope {
	switch {
	case e.Kind == pacspace.KindCadenceLimit:
		return aboutCustomer
	case e.Code == "CUSTOMER_NOT_FOUND":
		return aboutItem
	}
	switch e.StatusCode {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return aboutItem
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusPreconditionFailed, http.StatusTooManyRequests,
		http.StatusMethodNotAllowed, http.StatusProxyAuthRequired, http.StatusUnsupportedMediaType, http.StatusUpgradeRequired:
		return aboutAll
	}
	return aboutUnclear
}

// stepBack keeps a refused batch, to be sent again after wait, under the next key, since
// the service may answer this one with the refusal for ever.
func (s *step) stepBack(ctx context.Context, members []*OutboxDelta, code string, wait time.Duration) error {
	s.batch.Key, s.batch.FirstSent, s.batch.NotBefore = pacspace.NextKey(s.batch.Key), time.Time{}, s.tx.Now().Add(wait)
	s.batch.Attempts--
	return s.all(ctx, members, func(d *OutboxDelta) error {
		d.Attempts--
		d.FirstSent = time.Time{}
		if s.batch.Single {
			d.Key = s.batch.Key
		}
		return s.move(ctx, d, StateFrozen, code, "")
	})
}

// cadenceOfRequest takes a refused batch apart: the customer that was written to too often
// waits, the others go on. Where the service does not say which, all wait.
func (s *step) cadenceOfRequest(ctx context.Context, members []*OutboxDelta, e *pacspace.APIError) error {
	s.batch.Done = true
	named := ""
	if c, ok := errors.AsType[*pacspace.CadenceLimitError](e); ok {
		named = c.CustomerID
	}
	return s.all(ctx, members, func(d *OutboxDelta) error {
		if named != "" && named != d.CustomerID {
			return s.release(ctx, d, 0, "")
		}
		return s.cadence(ctx, d, bounded(e.RetryAfter))
	})
}

// poison parks a delta that was refused alone, and halves a batch that was refused as a
// whole, until the delta that spoils it is alone.
func (s *step) poison(ctx context.Context, members []*OutboxDelta, code, note string) error {
	s.batch.Done = true
	var left []OutboxDelta
	for _, d := range members {
		if d != nil {
			left = append(left, *d)
		}
	}
	if len(left) == 1 && s.batch.Count == 1 {
		d := left[0]
		d.Key = pacspace.NextKey(s.batch.Key)
		return s.move(ctx, &d, StateParked, code, note+"; correct the cause, then Retry, or Discard")
	}
	for i := range left {
		left[i].FirstSent = time.Time{}
		if err := s.move(ctx, &left[i], StateFrozen, code, ""); err != nil {
			return err
		}
	}
	half := (len(left) + 1) / 2
	for _, part := range [][]OutboxDelta{left[:half], left[half:]} {
		if len(part) == 0 {
			continue
		}
		if _, err := newBatch(ctx, s.tx, part); err != nil {
			return err
		}
	}
	return nil
}

// conflict settles a batch whose key the service knows with another body: what it lists was
// recorded, the rest waits for a person.
//
// A 409 for several deltas that does not speak of the key is another matter. Their key is
// the digest of their bytes, so no other body of ours ever had it, and the refusal can only
// be about one of them. Unless an attempt is unknown none was done, so what is not listed is
// taken apart as after any refusal that is unclear, and one delta does not park all.
//
// Source: API contract, section 3.2.
func (m *Meter) conflict(ctx context.Context, b *OutboxBatch, cause error) error {
	api, answered := errors.AsType[*pacspace.APIError](cause)
	apart := answered && !strings.Contains(api.Code, "IDEMPOTENCY") &&
		b.Count > 1 && !b.Unknown && !errors.Is(cause, pacspace.ErrOutcomeUnknown)
	notAsked := m.notFound
	if apart {
		notAsked = func(ctx context.Context, b *OutboxBatch, _ error) error {
			return m.change(ctx, b, func(s *step, members []*OutboxDelta) error {
				return s.stepBack(ctx, members, codeOf(api), backoff(s.batch.CreatedAt, s.tx.Now()))
			})
		}
	}
	if left, err := m.lookFor(ctx, b, time.Time{}, notAsked); err != nil || left == 0 {
		return err
	}
	if apart {
		return m.change(ctx, b, func(s *step, members []*OutboxDelta) error {
			return s.suspect(ctx, members, codeOf(api), api)
		})
	}
	return m.parkRest(ctx, b, CodeKeyKnown, fmt.Sprintf("the service knows its key with another body than ours, which has SHA-256 %x, and does not list it: find out whether it was recorded, then Retry with NotRecorded, or Discard", sha256.Sum256(b.Body)))
}

// codeOf is the service's code, or ours for the kind where it gives none.
func codeOf(e *pacspace.APIError) string { return cmp.Or(e.Code, string(e.Kind)) }

// parkRest parks what is left of a batch.
func (m *Meter) parkRest(ctx context.Context, b *OutboxBatch, code, note string) error {
	return m.change(ctx, b, func(s *step, members []*OutboxDelta) error {
		s.batch.Done = true
		return s.all(ctx, members, func(d *OutboxDelta) error { return s.move(ctx, d, StateParked, code, note) })
	})
}
