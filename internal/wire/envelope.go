package wire

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Answer is the body of a 2xx response without its envelope.
type Answer struct {
	// Payload is what was asked for, as JSON text; empty for an empty body.
	Payload string
	// Enveloped says that an envelope marked it as the answer. A payload without one is
	// taken as the answer only if it looks like it (see [Object.Known]).
	Enveloped bool

	read *Object // what the body was read into, free for the payload; nil for none
}

// Object reads the payload. An array is read as an object with that array as its only
// member, called list, unless list is empty. The object is the answer's own: a second
// call overwrites it.
func (a Answer) Object(list string) (*Object, error) {
	if a.Payload == "" {
		return nil, errEmpty
	}
	if a.read == nil {
		return parseValid(a.Payload, list)
	}
	if err := a.read.parse(a.Payload, list); err != nil {
		return nil, err
	}
	return a.read, nil
}

// Unwrap takes the envelope off a 2xx body. An error that is a [*Refusal] says that the
// body tells of a failure in spite of its status.
//
// Source: API contract, sections 1.4 and 8.15.
func Unwrap(body []byte) (Answer, error) {
	text := trim(string(body))
	if text == "" {
		return Answer{}, nil
	}
	if !json.Valid(body) {
		return Answer{}, errNotJSON
	}
	if kind(text) != '{' {
		return Answer{Payload: text}, nil
	}
	o, err := parseValid(text, "")
	if err != nil {
		return Answer{}, err
	}
	data, hasData := o.member("data")
	success, _ := o.member("success")
	status, _ := o.member("statusCode")
	switch {
	case success == "false":
		return Answer{}, refusal(o)
	case failed(status):
		return Answer{}, refusal(o)
	case success == "true" && hasData, isNumber(status) && hasData:
		return Answer{Payload: data, Enveloped: true, read: o}, nil
	case o.onlyTellsOfAnError():
		return Answer{}, refusal(o)
	}
	return Answer{Payload: text, read: o}, nil
}

// Refusal is a 2xx body that tells of a failure.
type Refusal struct{ Failure Failure }

func (r *Refusal) Error() string { return "the answer tells of a failure: " + r.Failure.Message }

func refusal(o *Object) error { return &Refusal{Failure: o.failure()} }

// PendingCode is the service's word for a key whose first request is still in progress.
const PendingCode = "IDEMPOTENCY_PENDING"

var pendingCode = []byte(PendingCode)

// Pending reports whether a 2xx answer to a write with a key says that the key's first
// request is still in progress, and what it says about the wait. A 202 that holds no
// answer says so too, without a code.
//
// Source: API contract, sections 1.4 and 3.2.
func Pending(status int, body []byte) (Failure, bool) {
	const accepted = 202
	if status != accepted && !bytes.Contains(body, pendingCode) {
		return Failure{}, false
	}
	text := trim(string(body))
	if text == "" {
		return Failure{}, true
	}
	if !json.Valid(body) || kind(text) != '{' {
		return Failure{}, false
	}
	o, err := parseValid(text, "")
	if err != nil {
		return Failure{}, false
	}
	success, _ := o.member("success")
	if _, has := o.member("data"); has && success == "true" {
		return Failure{}, false
	}
	f := o.failure()
	if f.Code != "" {
		return f, f.Code == PendingCode
	}
	return f, status == accepted && o.onlyTellsOfAnError()
}

// member returns a value by its name, null included, without counting it as known.
func (o *Object) member(name string) (value string, ok bool) {
	for i := len(o.members) - 1; i >= 0; i-- {
		if o.members[i].name == name {
			return o.members[i].value, true
		}
	}
	return "", false
}

// onlyTellsOfAnError reports whether an object holds nothing beside the fields of an
// error envelope: then it is no answer, whatever the status says. The empty object is
// not told apart from an answer without fields.
func (o *Object) onlyTellsOfAnError() bool {
	telling := false
	for _, m := range o.members {
		switch m.name {
		case "error", "message", "code":
			telling = true
		case "success", "statusCode", "retryAfterSeconds", "customerId":
		default:
			return false
		}
	}
	return telling
}

var errEmpty = errors.New("the body is empty")

func isNumber(value string) bool {
	c := kind(value)
	return c == '-' || c >= '0' && c <= '9'
}

// failed reports whether an envelope's own status is one of the error classes.
func failed(status string) bool {
	return len(status) == 3 && (status[0] == '4' || status[0] == '5')
}
