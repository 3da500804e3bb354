package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// reply is what a handler answers: data for the success envelope, or a problem, or raw
// bytes of another kind.
type reply struct {
	status int
	data   any
	direct bool // data goes out without an envelope
	pdf    []byte
	header http.Header // beside those that every answer has
	err    *problem
}

func ok(data any) reply      { return reply{status: http.StatusOK, data: data} }
func created(data any) reply { return reply{status: http.StatusCreated, data: data} }
func refuse(p *problem) reply {
	return reply{status: p.status, err: p}
}

// problem is an error as the API answers it. Source: API contract, sections 1.5 and 1.6.
type problem struct {
	status     int
	code       string
	message    string
	customerID string
	retryAfter int  // seconds, 0 for none
	uncoded    bool // code is for the items of a batch, and told elsewhere only where an option asks for it
}

// codeValidation is what the official client calls a 400 that comes without a code.
const codeValidation = "VALIDATION_ERROR"

// invalid refuses a request for what it says, as the service does: without a code. Source:
// API contract, section 1.6.
func invalid(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, code: codeValidation, uncoded: true, message: fmt.Sprintf(format, args...)}
}

func notFound(code, message string) *problem {
	return &problem{status: http.StatusNotFound, code: code, message: message}
}

// answer is a reply as it goes onto the wire.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

const jsonType = "application/json; charset=utf-8"

// render writes a reply in the envelopes that the options ask for.
func (s *Sandbox) render(r reply) answer {
	a := answer{Status: r.status, Header: http.Header{"Content-Type": {jsonType}}}
	maps.Copy(a.Header, r.header)
	switch {
	case r.pdf != nil:
		a.Header.Set("Content-Type", "application/pdf")
		a.Body = r.pdf
	case r.err != nil:
		if r.err.retryAfter > 0 {
			a.Header.Set("Retry-After", strconv.Itoa(r.err.retryAfter))
		}
		a.Body = appendJSON(nil, s.errorBody(r.err), nil)
	default:
		data := r.data
		if !r.direct {
			switch s.cfg.envelope {
			case envelopeSuccess:
				data = object{{"success", true}, {"data", data}}
			case envelopeStatusCode:
				data = object{{"statusCode", r.status}, {"data", data}}
			}
		}
		a.Body = appendJSON(nil, data, s.cfg.names)
	}
	return a
}

func (s *Sandbox) errorBody(p *problem) object {
	var message any = p.message
	if s.cfg.messageLists && p.code == codeValidation {
		message = []string{p.message}
	}
	if s.cfg.errors == errorsStatusCode {
		return object{{"statusCode", p.status}, {"error", http.StatusText(p.status)}, {"message", message}}
	}
	body := object{{"message", message}}
	if p.code != "" && (!p.uncoded || s.cfg.validationCode) {
		body = append(body, field{"code", p.code})
	}
	if p.retryAfter > 0 {
		body = append(body, field{"retryAfterSeconds", p.retryAfter})
	}
	if p.customerID != "" {
		body = append(body, field{"customerId", p.customerID})
	}
	if s.cfg.errors == errorsFlat {
		return body
	}
	return object{{"error", body}}
}

// pending is the answer to a write whose key is still being worked on. Source: API
// contract, sections 1.4 and 3.2.
func (s *Sandbox) pending() answer {
	const wait = 1
	detail := object{
		{"code", "IDEMPOTENCY_PENDING"},
		{"message", "A request with this Idempotency-Key is still in progress."},
		{"retryAfterSeconds", wait},
	}
	if s.cfg.pendingInError {
		detail = object{{"error", detail}}
	}
	return answer{
		Status: http.StatusAccepted,
		Header: http.Header{"Content-Type": {jsonType}, "Retry-After": {strconv.Itoa(wait)}},
		Body:   appendJSON(nil, detail, nil),
	}
}
