package pacspace

import (
	"errors"
	"strconv"
	"strings"

	"github.com/pacspace/pacspace-go/internal/idem"
)

// Refused reports whether err says that a write with an Idempotency-Key was definitely
// not done: the service answered with a refusal, and no attempt of the call may have been
// processed before it. It is false for an unknown outcome, for a key that knows another
// body ([ErrIdempotencyConflict], which a person must look at), and where nothing was
// sent, since then the same call with the same key is right.
//
// It speaks of one call. A write whose outcome an earlier call left unknown stays
// unknown, whatever a later one is told: give it to [BalanceService.Resolve].
func Refused(err error) bool {
	if errors.Is(err, ErrOutcomeUnknown) {
		return false
	}
	e, ok := errors.AsType[*APIError](err)
	return ok && e.keyed && e.IdempotencyKey != "" && !e.conflict()
}

// NextKey is the Idempotency-Key that a later try of a refused write takes: key with the
// suffix ".2", or the next number after the one it has. The service may answer with the
// same refusal for as long as it knows the old key, and nobody documents whether it does.
//
// Use it only where [Refused] says so, or for an item of a batch that was refused, and
// store the new key before it is used: a crash must not lead back to an older one, nor to
// a third. The referenceId stays. A key that would grow too long is replaced by its
// SHA-256, so NextKey always gives the same key for the same key. No reference that this
// package makes ends as such a key does; where your own ones do, such as "invoice.2", the
// key of one can be the next key of another, which the service answers as a conflict.
//
// Source: API contract, section 3.2; what it leaves open is taken as replayed.
func NextKey(key string) string {
	base, n := key, 1
	if i := strings.LastIndexByte(key, '.'); i > 0 {
		if last, err := strconv.Atoi(key[i+1:]); err == nil && last >= 2 && last < maxTries && strconv.Itoa(last) == key[i+1:] {
			base, n = key[:i], last
		}
	}
	suffix := "." + strconv.Itoa(n+1)
	if len(base)+len(suffix) > idem.MaxLength {
		base = idem.Hashed(base)
	}
	return base + suffix
}

// maxTries is the largest number that is taken for the suffix of a key.
const maxTries = 1_000_000
