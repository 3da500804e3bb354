package pacspace

import (
	"errors"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// What an error means, for [errors.Is]. An error can match several.
var (
	// ErrInvalid: the request is wrong. A [*ParamError] was found before sending, an
	// [*APIError] by the service (400, 422). What to do: mend the field that the error
	// names; the same request is refused again.
	ErrInvalid = wire.ErrInvalid
	// ErrUnauthorized: the key is missing, malformed or disabled (401). What to do: give a
	// key that is active, and see that no proxy removes the header X-Api-Key.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrPaymentRequired: the plan is used up (402); reading stays free. What to do: renew
	// the plan, then write again, under the key of [NextKey].
	ErrPaymentRequired = errors.New("payment required")
	// ErrForbidden: the key may not do this, or not on this host (403). What to do: use a
	// key of the environment and the rights that the call needs.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: there is no such thing, or not yet (404). What to do: check the id and
	// the environment; after a write, ask again a little later.
	ErrNotFound = errors.New("not found")
	// ErrConflict: it contradicts what the service has (409). What to do: read what is
	// there, and decide; the same request is refused again.
	ErrConflict = errors.New("conflict")
	// ErrNotProvisioned: the environment of this key is not set up (412). What to do:
	// activate it on the dashboard, then write again, under the key of [NextKey].
	ErrNotProvisioned = errors.New("environment not provisioned")
	// ErrRateLimited: too many requests (429), of the key or of one customer. What to do:
	// wait for RetryAfter, then go on more slowly.
	ErrRateLimited = errors.New("rate limited")
	// ErrCadenceLimit: this customer is written to more often than its cadence allows
	// (429, CADENCE_LIMIT). What to do: wait as long as the [*CadenceLimitError] says, and
	// emit one delta for the time between.
	ErrCadenceLimit = errors.New("cadence limit")
	// ErrUnavailable: the service cannot answer now (500, 502, 503, 504). What to do: try
	// again later; a write whose outcome is unknown goes to [BalanceService.Resolve].
	ErrUnavailable = errors.New("service unavailable")
	// ErrTimeout: no answer within the time that was allowed, or 408 or 504. What to do:
	// read again, or allow more time; a write goes to [BalanceService.Resolve].
	ErrTimeout = errors.New("timeout")
	// ErrRedirected: the service pointed elsewhere, and the redirect was refused: only
	// reads follow one, and only on their own host. What to do: give [WithBaseURL] the
	// address that answers itself.
	ErrRedirected = errors.New("redirect refused")
	// ErrOutcomeUnknown: a write may or may not have been done. What to do: do not count it
	// as refused, and do not send it again under another key; keep it and the time of the
	// first send, and ask [BalanceService.Resolve].
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrIdempotencyPending: the first request under this key is still in progress after
	// all the time that was allowed. The outcome is unknown. What to do: the same call
	// with the same key again, later.
	ErrIdempotencyPending = errors.New("idempotency key still in progress")
	// ErrIdempotencyConflict: the key was used before, with another body. What to do: find
	// out what was sent first; if this is another delta, give it a reference of its own.
	ErrIdempotencyConflict = errors.New("idempotency key reused with another body")
	// ErrReferenceConflict is returned where the service holds another delta under the
	// reference that was asked for: another customer's, or one of another amount. Nothing
	// was sent. What to do: a person must look at both, and give one a reference of its own.
	ErrReferenceConflict = errors.New("pacspace: another delta stands under this reference")
	// ErrKeyTooOld is returned by [BalanceService.Resolve] where the delta is not listed and
	// its key is older than [KeyLifetime], beside [ErrOutcomeUnknown]: asking again soon gives
	// the same answer. What to do: a person must find out whether the service has it, and
	// only then send it again.
	ErrKeyTooOld = errors.New("pacspace: the idempotency key is too old to be sent again")
	// ErrListMoved is returned by an iterator whose list changed while it was read, or that
	// ended before the service's own count. What to do: read the list again from its start,
	// with an end that lies in the past.
	ErrListMoved = errors.New("pacspace: the list changed while it was read; read it again")
	// ErrNoEvidence is returned for a closing that has nothing to prove: its lines are gone,
	// since they are not kept in JSON, or nothing was recorded in its window. What to do:
	// close the period again, which is safe, and write from what that returns.
	ErrNoEvidence = errors.New("pacspace: the closing has no lines to write evidence from")
	// ErrClientClosed is returned by calls after [Client.Close]. What to do: make a new
	// client, and close one only when its last call is over.
	ErrClientClosed = errors.New("pacspace: the client is closed; make a new one")
)
