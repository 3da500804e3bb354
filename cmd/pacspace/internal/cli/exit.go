package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
)

// The exit codes, the same for every command.
const (
	codeOK           = 0
	codeDoesNotMatch = 1
	codeUnusable     = 2
	codeIncomplete   = 3
	codeUnknown      = 4
)

const exitCodes = `Exit codes:
  0  done; of a check: verified, or equal
  1  does not match: a check failed, two views differ, a delta FAILED
  2  unusable: wrong usage, input that cannot be read, a request that was refused, a
     read without an answer; the request that failed wrote nothing
  3  incomplete: nothing is wrong, but something is missing or only consistent, or it
     is too early
  4  outcome unknown: a write may or may not have been done; the same command again is
     the same request, and safe within 20 hours; after that see "emit --first-sent"`

// found ends a command whose result was printed and says no more than a code.
type found int

func (f found) Error() string { return fmt.Sprintf("exit code %d", int(f)) }

// ended is the error that a command returns for a code: none for 0.
func ended(code int) error {
	if code == codeOK {
		return nil
	}
	return found(code)
}

// withCode is an error with a code of its own.
type withCode struct {
	error
	code int
}

func (w withCode) Unwrap() error { return w.error }

func codeOf(err error) int {
	var f found
	var w withCode
	switch {
	case err == nil:
		return codeOK
	case errors.As(err, &f):
		return int(f)
	case errors.As(err, &w):
		return w.code
	case errors.Is(err, pacspace.ErrOutcomeUnknown):
		return codeUnknown
	case errors.Is(err, pacspace.ErrRecordDisagrees), errors.Is(err, pacspace.ErrReferenceConflict):
		return codeDoesNotMatch
	case errors.Is(err, pacspace.ErrBeforeCut), errors.Is(err, pacspace.ErrOutstanding), errors.Is(err, proof.ErrNotVerified):
		return codeIncomplete
	}
	return codeUnusable
}

// worse is the more telling of two codes: a difference, then an unknown outcome, then input
// that could not be used, then what is incomplete.
func worse(a, b int) int {
	rank := [...]int{codeOK: 0, codeIncomplete: 1, codeUnusable: 2, codeUnknown: 3, codeDoesNotMatch: 4}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// failure is an error as JSON.
type failure struct {
	Message        string `json:"message"`
	ExitCode       int    `json:"exitCode"`
	Code           string `json:"code,omitempty"`   // the service's own
	Status         int    `json:"status,omitempty"` // of HTTP
	RequestID      string `json:"requestId,omitempty"`
	IdempotencyKey string `json:"idempotencyKey,omitempty"`
}

// explain writes an error in one line to the standard error output, as JSON where JSON was
// asked for.
func (a *app) explain(err error) {
	var f found
	if err == nil || errors.As(err, &f) {
		return
	}
	line := oneLine(err)
	if !a.json {
		fmt.Fprintln(a.Stderr, line)
		return
	}
	out := failure{Message: line, ExitCode: codeOf(err)}
	if e, ok := errors.AsType[*pacspace.APIError](err); ok {
		out.Code, out.Status, out.RequestID, out.IdempotencyKey = e.Code, e.StatusCode, e.RequestID, e.IdempotencyKey
	} else if e, ok := errors.AsType[*pacspace.TransportError](err); ok {
		out.IdempotencyKey = e.IdempotencyKey
	} else if e, ok := errors.AsType[*pacspace.DecodeError](err); ok {
		out.Status, out.RequestID, out.IdempotencyKey = e.StatusCode, e.RequestID, e.IdempotencyKey
	}
	writeJSON(a.Stderr, struct {
		Error failure `json:"error"`
	}{out})
}

// oneLine is an error under the program's name. Several joined errors are put into one line.
func oneLine(err error) string {
	text := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	for _, prefix := range []string{"pacspace: ", "pacspace ", "proof: ", "sealed: "} {
		if strings.HasPrefix(text, prefix) {
			return text
		}
	}
	return "pacspace: " + text
}
