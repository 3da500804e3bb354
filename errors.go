package pacspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
)

// ErrorKind is what an [APIError] is to this SDK, read from its status and, where that
// decides, its code. The values are those of the official SDKs, which put them in place
// of the server's code; here both are kept.
type ErrorKind string

// The kinds of errors. What to do: what the sentinel of the same status says, since a
// kind only names it as the other SDKs do.
const (
	KindValidation          ErrorKind = "VALIDATION_ERROR"          // 400: a field breaks a rule
	KindScopeCombination    ErrorKind = "INVALID_SCOPE_COMBINATION" // 400: two ways to say which time. What to do: give one Scope alone
	KindScopeTooWide        ErrorKind = "SCOPE_TOO_WIDE"            // 400: more time than the plan reads at once. What to do: ask BalanceService.Limits, and read in parts
	KindInvalidAPIKey       ErrorKind = "INVALID_API_KEY"           // 401
	KindInsufficientCredits ErrorKind = "INSUFFICIENT_CREDITS"      // 402
	KindNotFound            ErrorKind = "NOT_FOUND"                 // 404
	KindNotProvisioned      ErrorKind = "CONTRACT_NOT_DEPLOYED"     // 412
	KindRateLimited         ErrorKind = "RATE_LIMITED"              // 429
	KindCadenceLimit        ErrorKind = "CADENCE_LIMIT"             // 429: one customer is written to too often
	KindUnavailable         ErrorKind = "SERVICE_UNAVAILABLE"       // 503
	KindPending             ErrorKind = "IDEMPOTENCY_PENDING"       // the first request under the key is still in progress
	KindOther               ErrorKind = "API_ERROR"                 // any other status. What to do: decide by StatusCode and Code
)

// APIError is an answer of the service that is not what was asked for. What to do: ask
// errors.Is which sentinel it is, and do what that says; Code is the service's own word,
// and RequestID is what its support asks for.
//
// Source: API contract, sections 1.5 and 1.6.
type APIError struct {
	StatusCode int
	Code       string    // the server's own, empty where it gives none; new ones pass through
	Kind       ErrorKind // ours
	Message    string    // the server's sentence; several are joined with "; "
	Method     string
	Route      string // the path with its ids as names in braces
	RequestID  string // the server's own id of the request, empty where it gives none
	// IdempotencyKey is the key that a write was sent with, empty for reads.
	IdempotencyKey string
	// RetryAfter is the wait that the server asked for, however long; 0 where it did not.
	RetryAfter time.Duration
	Attempts   int

	customerID string
	body       *heldBody
	outcome
}

// heldBody keeps a body out of what %+v and %#v print: it may hold amounts and roots.
type heldBody struct{ data []byte }

// maxHeldBody is how much of an error's body is kept, in bytes.
const maxHeldBody = 64 << 10

// Body is the answer's body, up to 64 KiB of it, as a copy. It need not be JSON. It may
// hold what must not be logged.
func (e *APIError) Body() []byte {
	if e.body == nil {
		return nil
	}
	return bytes.Clone(e.body.data)
}

// Error is one line, without the body.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pacspace: %s %s: %d", e.Method, e.Route, e.StatusCode)
	word := e.Code
	if word == "" {
		word = http.StatusText(e.StatusCode)
	}
	if word != "" {
		b.WriteString(" " + oneLine(word))
	}
	if e.Message != "" {
		b.WriteString(": " + oneLine(e.Message))
	}
	if e.conflict() {
		fmt.Fprintf(&b, "; idempotency key %q was used before with another body: send what was sent first, or this under a key of its own", e.IdempotencyKey)
	}
	if e.StatusCode >= 300 && e.StatusCode <= 399 {
		b.WriteString("; the redirect was refused: check the base URL")
	}
	b.WriteString(e.origin(e.RequestID, e.Attempts))
	e.tail(&b, e.IdempotencyKey)
	return b.String()
}

// Is matches the sentinels of this package.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrInvalid:
		return e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnprocessableEntity
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrPaymentRequired:
		return e.StatusCode == http.StatusPaymentRequired
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrConflict:
		return e.StatusCode == http.StatusConflict
	case ErrNotProvisioned:
		return e.StatusCode == http.StatusPreconditionFailed
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrCadenceLimit:
		return e.Kind == KindCadenceLimit
	case ErrUnavailable:
		return e.StatusCode >= 500 && e.StatusCode != http.StatusNotImplemented
	case ErrTimeout:
		return e.StatusCode == http.StatusRequestTimeout || e.StatusCode == http.StatusGatewayTimeout
	case ErrRedirected:
		return e.StatusCode >= 300 && e.StatusCode <= 399
	case ErrIdempotencyPending:
		return e.Kind == KindPending
	case ErrIdempotencyConflict:
		return e.conflict()
	case ErrOutcomeUnknown:
		return e.unknown
	}
	return false
}

// conflict: a 409 to a write with a key means that the key knows another body.
//
// Source: API contract, section 3.2.
func (e *APIError) conflict() bool {
	return e.StatusCode == http.StatusConflict && e.keyed && e.IdempotencyKey != ""
}

// Unwrap gives the context's error where it ended the call, and a [*CadenceLimitError]
// where the service gave that reason.
func (e *APIError) Unwrap() []error {
	var errs []error
	if e.gaveUp != nil {
		errs = append(errs, e.gaveUp)
	}
	if e.Kind == KindCadenceLimit {
		errs = append(errs, &CadenceLimitError{CustomerID: e.customerID, RetryAfter: e.RetryAfter})
	}
	return errs
}

// CadenceLimitError is the detail of a [ErrCadenceLimit]: this customer was written to
// too often. It is never retried by the client, since the wait can be hours. What to do:
// wait for RetryAfter, and emit one delta for the time between.
//
// Source: API contract, section 1.6.
type CadenceLimitError struct {
	CustomerID string        // empty where the service does not say
	RetryAfter time.Duration // 0 where the service does not say
}

func (e *CadenceLimitError) Error() string {
	s := "pacspace: cadence limit"
	if e.CustomerID != "" {
		s += ": customer " + oneLine(e.CustomerID)
	}
	if e.RetryAfter > 0 {
		return fmt.Sprintf("%s: write to it again in %v", s, e.RetryAfter)
	}
	return s + ": write to it again later"
}

// Is matches [ErrCadenceLimit] and [ErrRateLimited].
func (e *CadenceLimitError) Is(target error) bool {
	return target == ErrCadenceLimit || target == ErrRateLimited
}

// TransportError is a call that ended without an answer: no connection, a connection
// that was lost, a time limit, a context that ended. It holds no URL. What to do: try
// again, unless it is [ErrOutcomeUnknown]: then ask [BalanceService.Resolve].
type TransportError struct {
	Method string
	Route  string // the path with its ids as names in braces
	// IdempotencyKey is the key that a write was sent with, empty for reads.
	IdempotencyKey string
	Attempts       int // 0 where nothing was sent
	// Err is the cause.
	Err error

	before string // what failed before anything was sent
	outcome
}

// Error is one line.
func (e *TransportError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pacspace: %s %s: ", e.Method, e.Route)
	switch {
	case e.before != "":
		b.WriteString(e.before)
	case e.Attempts == 0:
		b.WriteString("not sent")
	default:
		b.WriteString("no answer")
	}
	if e.Err != nil {
		b.WriteString(": " + oneLine(e.Err.Error()))
	}
	b.WriteString(e.origin("", e.Attempts))
	e.tail(&b, e.IdempotencyKey)
	return b.String()
}

// Timeout reports whether a time limit ended the call.
func (e *TransportError) Timeout() bool {
	if errors.Is(e.Err, context.DeadlineExceeded) {
		return true
	}
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Is matches [ErrTimeout] and [ErrOutcomeUnknown].
func (e *TransportError) Is(target error) bool {
	switch target {
	case ErrTimeout:
		return e.Timeout()
	case ErrOutcomeUnknown:
		return e.unknown
	}
	return false
}

// Unwrap gives the cause and, where the context ended the call, what the service had
// answered before.
func (e *TransportError) Unwrap() []error {
	return slices.DeleteFunc([]error{e.Err, e.gaveUp, e.earlier}, func(err error) bool { return err == nil })
}

// DecodeError is a 2xx answer that is not what was asked for: cut off, too long, not
// JSON, without its envelope, or with a field of the wrong type. Of a write it means
// that the outcome is unknown. What to do: look at Body for a proxy's page; of a write,
// ask [BalanceService.Resolve]; where it stays, this version does not know the answer.
type DecodeError struct {
	Method     string
	Route      string // the path with its ids as names in braces
	StatusCode int
	RequestID  string // the server's own id of the request, empty where it gives none
	// IdempotencyKey is the key that a write was sent with, empty for reads.
	IdempotencyKey string
	Attempts       int
	// Err is what is wrong with it: the field and its rule, where it is a field.
	Err error

	body *heldBody
	outcome
}

// Body is the answer's body, up to 64 KiB of it, as a copy. It may hold what must not be
// logged.
func (e *DecodeError) Body() []byte {
	if e.body == nil {
		return nil
	}
	return bytes.Clone(e.body.data)
}

// Error is one line, without the body.
func (e *DecodeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pacspace: %s %s: %d: unreadable answer: %s", e.Method, e.Route, e.StatusCode, oneLine(e.Err.Error()))
	b.WriteString(e.origin(e.RequestID, e.Attempts))
	e.tail(&b, e.IdempotencyKey)
	return b.String()
}

// Is matches [ErrOutcomeUnknown].
func (e *DecodeError) Is(target error) bool { return target == ErrOutcomeUnknown && e.unknown }

// Unwrap gives what is wrong with the answer and, where the context ended the call, its
// error.
func (e *DecodeError) Unwrap() []error {
	return slices.DeleteFunc([]error{e.Err, e.gaveUp}, func(err error) bool { return err == nil })
}

// ParamError is a parameter or an option that breaks a rule. Nothing was sent. It
// matches [ErrInvalid]. What to do: mend Field as Rule says.
type ParamError struct {
	Field string // as the API names it
	Rule  string // what it must be
}

func (e *ParamError) Error() string { return "pacspace: " + e.Field + ": " + e.Rule }

// Is matches [ErrInvalid].
func (e *ParamError) Is(target error) bool { return target == ErrInvalid }

// outcome is what an error says of the call as a whole, beyond its last attempt.
type outcome struct {
	unknown        bool  // a write may have been done
	unknownAttempt int   // the first attempt that left it open
	gaveUp         error // why no further attempt was made
	earlier        error // what the service had answered before
	keyed          bool  // the service documents the Idempotency-Key for this route
}

func (outcome) origin(requestID string, attempts int) string {
	switch {
	case requestID != "" && attempts > 1:
		return fmt.Sprintf(" (request %s, %d attempts)", requestID, attempts)
	case requestID != "":
		return " (request " + requestID + ")"
	case attempts > 1:
		return fmt.Sprintf(" (%d attempts)", attempts)
	}
	return ""
}

func (o outcome) tail(b *strings.Builder, key string) {
	if o.gaveUp != nil {
		b.WriteString("; gave up: " + o.gaveUp.Error())
	}
	if !o.unknown {
		return
	}
	fmt.Fprintf(b, "; outcome unknown: attempt %d may have been processed", o.unknownAttempt)
	if key == "" || !o.keyed {
		b.WriteString("; look before sending it again")
		return
	}
	fmt.Fprintf(b, "; resolve it with the same body and idempotency key %q", key)
}

// maxSentence is how much of another program's text an error line repeats, in bytes.
const maxSentence = 300

// oneLine makes text of the service or of a Transport fit for a log line.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) <= maxSentence {
		return s
	}
	return strings.ToValidUTF8(s[:maxSentence], "") + "..."
}
