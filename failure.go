package pacspace

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pacspace/pacspace-go/internal/transport"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// failure is the error of a call, nil where it has a 2xx answer that could be read.
func (x *exchange) failure() error {
	switch {
	case x.Attempts == 0:
		return &TransportError{Method: x.Method, Route: x.route.path, IdempotencyKey: x.idem, Err: x.GaveUp}
	case x.Pending:
		e := x.apiError(x.Reply)
		e.Kind, e.unknown = KindPending, true
		if e.Code == "" {
			e.Code = wire.PendingCode
		}
		return e
	case x.Status == 0:
		return x.transportError()
	case x.Status >= 200 && x.Status <= 299:
		if x.Err != nil {
			return x.undecodable(x.Err)
		}
		return nil
	}
	return x.apiError(x.Reply)
}

// outcome is what the call as a whole leaves behind.
func (x *exchange) outcome() outcome {
	return outcome{
		unknown: x.Unknown, unknownAttempt: x.UnknownAttempt, gaveUp: x.GaveUp,
		keyed: x.route.retry == retryKeyed,
	}
}

func (x *exchange) transportError() error {
	e := &TransportError{
		Method: x.Method, Route: x.route.path, IdempotencyKey: x.idem, Attempts: x.Attempts,
		Err: withoutURL(x.Err), outcome: x.outcome(),
	}
	if errors.Is(e.Err, e.gaveUp) {
		e.gaveUp = nil // said once is enough
	}
	ended := e.gaveUp != nil || errors.Is(e.Err, context.Canceled)
	if s := x.Earlier.Status; ended && s >= 300 {
		e.earlier = x.apiError(x.Earlier)
	}
	return e
}

func (x *exchange) apiError(r transport.Reply) *APIError {
	e := &APIError{
		StatusCode: r.Status, Code: x.clean(r.Failure.Code), Message: x.clean(r.Failure.Message),
		Method: x.Method, Route: x.route.path, RequestID: requestID(r.Response),
		IdempotencyKey: x.idem, RetryAfter: r.RetryAfter, Attempts: x.Attempts,
		customerID: r.Failure.CustomerID, body: x.hold(r.Answer), outcome: x.outcome(),
	}
	if e.Message == "" {
		e.Message = "Request failed" // as the official SDKs say it
	}
	e.Kind = errorKindOf(e.StatusCode, e.Code)
	return e
}

// undecodable is the error of a 2xx answer that cannot be used. A write was then
// probably done, and yet nobody can say what came of it.
func (x *exchange) undecodable(err error) error {
	e := &DecodeError{
		Method: x.Method, Route: x.route.path, StatusCode: x.Status, RequestID: requestID(x.Response),
		IdempotencyKey: x.idem, Attempts: x.Attempts, Err: err, body: x.hold(x.Answer), outcome: x.outcome(),
	}
	if x.Write && !e.unknown {
		e.unknown, e.unknownAttempt = true, x.Attempts
	}
	var refused *wire.Refusal
	if errors.As(err, &refused) {
		r := x.Reply
		r.Failure = refused.Failure
		e.Err = &toldFailure{x.apiError(r)}
	}
	return e
}

// toldFailure is a failure that a 2xx answer tells of.
type toldFailure struct{ api *APIError }

func (e *toldFailure) Error() string {
	text := "it tells of a failure"
	if e.api.Code != "" {
		text += ": " + e.api.Code
	}
	return text + ": " + e.api.Message
}

func (e *toldFailure) Unwrap() error { return e.api }

var errOtherAnswer = errors.New("it holds none of the fields that were asked for")

// errorKindOf reads a kind from the status and, where that decides, the code.
//
// Source: API contract, section 1.6.
func errorKindOf(status int, code string) ErrorKind {
	switch status {
	case http.StatusBadRequest:
		switch kind := ErrorKind(code); kind {
		case KindScopeCombination, KindScopeTooWide:
			return kind
		}
		return KindValidation
	case http.StatusUnauthorized:
		return KindInvalidAPIKey
	case http.StatusPaymentRequired:
		return KindInsufficientCredits
	case http.StatusNotFound:
		return KindNotFound
	case http.StatusPreconditionFailed:
		return KindNotProvisioned
	case http.StatusTooManyRequests:
		if code == transport.CadenceCode {
			return KindCadenceLimit
		}
		return KindRateLimited
	case http.StatusServiceUnavailable:
		return KindUnavailable
	}
	return KindOther
}

// hold keeps a body for an error, within its bound and without the API key, which a
// service may echo.
func (x *exchange) hold(body []byte) *heldBody {
	if len(body) == 0 {
		return nil
	}
	return &heldBody{[]byte(x.clean(string(body[:min(len(body), maxHeldBody)])))}
}

func (x *exchange) clean(text string) string {
	for _, hidden := range x.hidden {
		if len(hidden) >= minSecret {
			text = strings.ReplaceAll(text, hidden, "[hidden]")
		}
	}
	if x.cfg.grant != nil && len(x.cfg.grant()) >= minSecret {
		text = strings.ReplaceAll(text, x.cfg.grant(), "[grant]")
	}
	if x.secret == "" || text == "" {
		return text
	}
	text = strings.ReplaceAll(text, x.secret, "[key]")
	if _, secret, ok := strings.Cut(x.secret, "."); ok && len(secret) >= minSecret {
		text = strings.ReplaceAll(text, secret, "[key]")
	}
	return text
}

// minSecret is the shortest secret part of a key that is looked for by itself: a shorter
// one could be any word.
const minSecret = 6

// withoutURL takes off the layers of an error that print a URL.
func withoutURL(err error) error {
	for {
		var u *url.Error
		if !errors.As(err, &u) {
			return err
		}
		err = u.Err
	}
}
