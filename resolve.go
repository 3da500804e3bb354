package pacspace

import (
	"context"
	"errors"
	"fmt"
	"time"
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

// ErrReferenceConflict is returned where the service holds another delta under the
// reference that was asked for: another customer's, or one of another amount. Nothing
// was sent. A person must look at both.
var ErrReferenceConflict = errors.New("pacspace: another delta stands under this reference")

// Resolve turns an unknown outcome into an answer. First it looks for the delta: in the
// customer's activity and in the deltas recorded since it was sent. Found, it is
// returned, with nothing sent. Not found, and while the key is younger than
// [KeyLifetime], the same bytes go out again with the same key, which the service
// documents as the same request.
//
// Past that age it stays unknown, and the error matches [ErrOutcomeUnknown]: the service
// does not list queued deltas, so a second send could count twice, and a person must
// decide. Where keys die sooner than assumed and references do not de-duplicate, a
// resend can count twice; see the guarantees table of the sandbox's choices.
func (s *BalanceService) Resolve(ctx context.Context, p ResolveParams, opts ...CallOption) (*Delta, error) {
	if p.FirstSent.IsZero() {
		return nil, &ParamError{Field: "firstSent", Rule: "must be given, since it bounds where to look and how long the key is trusted"}
	}
	if p.Delta.ReferenceID == "" {
		return nil, &ParamError{Field: "delta.referenceId", Rule: "must be given, since it is what the delta is looked for by"}
	}
	in, err := s.emitCall(p.Delta, opts)
	if err != nil {
		return nil, err
	}
	if p.IdempotencyKey != "" {
		in.key = p.IdempotencyKey
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
	if age := s.now().Sub(p.FirstSent); age >= s.keyLifetime {
		return nil, fmt.Errorf("%w: reference %q: not listed, and its key may be forgotten after %v; check with the service before sending it again", ErrOutcomeUnknown, p.Delta.ReferenceID, s.keyLifetime)
	}
	d, err := invoke[Delta](ctx, s.core, in, opts)
	if err != nil {
		// The first attempt may have been recorded whatever this one was told.
		if errors.Is(err, ErrOutcomeUnknown) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: sent again: %w", ErrOutcomeUnknown, err)
	}
	d.IdempotencyKey = in.keyOr(opts)
	return d, nil
}

// clockSkew is how far the service's clock is allowed to be from ours when looking for a
// delta by time.
const clockSkew = 2 * time.Hour

// find looks for a delta by its reference, nil where the service does not list it.
func (s *BalanceService) find(ctx context.Context, p ResolveParams, opts []CallOption) (*Delta, error) {
	customers := CustomerService{s.core}
	activity, err := customers.Get(ctx, p.Delta.CustomerID, CustomerParams{DeltaPage: 1, DeltaLimit: activityPage}, opts...)
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
	scope := Between(p.FirstSent.Add(-clockSkew), s.now().Add(clockSkew))
	for d, err := range s.Deltas(ctx, p.Delta.CustomerID, scope, opts...) {
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
	return nil, nil
}

const activityPage = 100

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
