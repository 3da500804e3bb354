package pacspace

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go/internal/idem"
)

// KeyLifetime is how long the service is assumed to know an Idempotency-Key, counted
// from the first send. The service documents no lifetime; other services keep keys for
// 24 hours, so this stays below. [WithKeyLifetime] changes it.
const KeyLifetime = 20 * time.Hour

// ResolveParams is a write of a delta whose outcome is not known. It is plain data, so a
// service can keep it before it sends and resolve it after a crash.
type ResolveParams struct {
	// Delta is what was sent, unchanged.
	Delta DeltaParams `json:"delta"`
	// FirstSent is when it was first sent, or some time before.
	FirstSent time.Time `json:"firstSent"`
	// IdempotencyKey is the key it was sent with; empty is Emit's default, the referenceId.
	IdempotencyKey string `json:"idempotencyKey,omitempty"`
}

// Resolve turns an unknown outcome into an answer. First it looks for the delta: in the
// customer's activity and in the deltas recorded since it was sent. Found, it is
// returned, with nothing sent. Not found, and while the key is younger than
// [KeyLifetime], the same bytes go out again with the same key, which the service
// documents as the same request.
//
// Past that age it stays unknown, and the error matches [ErrOutcomeUnknown] and
// [ErrKeyTooOld]: the service does not list queued deltas, so a second send could count
// twice, and a person must decide. Where keys die sooner than assumed and references do
// not de-duplicate, a resend can count twice: docs/guarantees.md has which guarantee
// rests on which behaviour of the service.
//
// Source: API contract, sections 2.5, 2.13 and 3.2.
func (s *BalanceService) Resolve(ctx context.Context, p ResolveParams, opts ...CallOption) (*Delta, error) {
	if p.FirstSent.IsZero() {
		return nil, &ParamError{Field: "firstSent", Rule: "must be given, since it bounds where to look and how long the key is trusted"}
	}
	if p.FirstSent.After(s.now().Add(clockSkew)) {
		return nil, &ParamError{Field: "firstSent", Rule: "must not lie in the future, since the age of the key is counted from it"}
	}
	if p.Delta.ReferenceID == "" {
		return nil, &ParamError{Field: "delta.referenceId", Rule: "must be given, since it is what the delta is looked for by"}
	}
	in, err := s.emitCall(p.Delta, opts)
	if err != nil {
		return nil, err
	}
	if p.IdempotencyKey != "" {
		if in.key = p.IdempotencyKey; !idem.Valid(in.key) || in.keyOr(opts) != in.key {
			return nil, &ParamError{Field: "idempotencyKey", Rule: "must be the key that it was sent with, since another one can count it twice"}
		}
	}
	found, err := s.find(ctx, p, opts)
	switch {
	case errors.Is(err, ErrReferenceConflict):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: while looking for it: %w", ErrOutcomeUnknown, err)
	}
	if found != nil {
		return found, nil
	}
	if in.keyAge = max(s.now().Sub(p.FirstSent), 0); in.keyAge >= s.keyLifetime {
		return nil, fmt.Errorf("%w: %w: reference %q is not listed, and its key may be forgotten after %v; check with the service before sending it again", ErrKeyTooOld, ErrOutcomeUnknown, p.Delta.ReferenceID, s.keyLifetime)
	}
	d, err := s.send(ctx, in, p.Delta, opts)
	if err != nil {
		// The first attempt may have been recorded whatever this one was told.
		if errors.Is(err, ErrOutcomeUnknown) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: sent again: %w", ErrOutcomeUnknown, err)
	}
	return d, nil
}

// clockSkew is how far the service's clock is allowed to be from ours when looking for a
// delta by time.
const clockSkew = 2 * time.Hour

// find looks for a delta by its reference, nil where the service does not list it.
func (s *BalanceService) find(ctx context.Context, p ResolveParams, opts []CallOption) (*Delta, error) {
	customers := CustomerService{s.core}
	activity, err := customers.Get(ctx, p.Delta.CustomerID, ActivityParams{}, opts...)
	switch {
	case isNotFound(err): // a customer's record comes into being with the first delta
	case err != nil:
		return nil, err
	default:
		for _, d := range activity.Activity {
			if d.ReferenceID == p.Delta.ReferenceID {
				return sameDelta(p.Delta, d)
			}
		}
	}
	// A span at a time, since the service bounds how wide a scope is.
	end := s.now().Add(clockSkew)
	for from := p.FirstSent.Add(-clockSkew); from.Before(end); from = from.Add(lookSpan) {
		to := from.Add(lookSpan)
		if to.After(end) {
			to = end
		}
		for d, err := range s.Deltas(ctx, p.Delta.CustomerID, Between(from, to), opts...) {
			if isNotFound(err) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			if d.ReferenceID == p.Delta.ReferenceID {
				return sameDelta(p.Delta, d)
			}
		}
	}
	return nil, nil
}

// lookSpan is how wide a scope is in which a delta is looked for: no month is shorter.
const lookSpan = 28 * 24 * time.Hour

// sameDelta returns the listed delta where it is the one that was sent.
func sameDelta(sent DeltaParams, listed Delta) (*Delta, error) {
	if listed.CustomerID != "" && listed.CustomerID != sent.CustomerID {
		return nil, fmt.Errorf("%w: reference %q: sent for customer %q, recorded for another", ErrReferenceConflict, sent.ReferenceID, sent.CustomerID)
	}
	if !listed.Delta.Equal(sent.Delta) {
		return nil, fmt.Errorf("%w: reference %q: sent %s, recorded %s", ErrReferenceConflict, sent.ReferenceID, sent.Delta, listed.Delta)
	}
	listed.CustomerID = sent.CustomerID
	return &listed, nil
}

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
