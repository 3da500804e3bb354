package wire

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// Failure is what an error body says, whatever its form. All fields may be empty: a body
// that is not JSON says nothing.
type Failure struct {
	Code       string
	Message    string
	CustomerID string
	RetryAfter time.Duration
	// HasRetryAfter says that the body gave a wait, which may be zero.
	HasRetryAfter bool
}

// ReadFailure reads an error body.
//
// Source: API contract, section 1.5.
func ReadFailure(body []byte) Failure {
	text := trim(string(body))
	if kind(text) != '{' || !json.Valid(body) {
		return Failure{}
	}
	o, err := parseValid(text, "")
	if err != nil {
		return Failure{}
	}
	return o.failure()
}

func (o *Object) failure() Failure {
	inner := o
	value, _ := o.member("error")
	if kind(value) == '{' {
		inner = &Object{text: value, index: -1, shared: o.shared}
		inner.scan()
	}
	f := Failure{Message: inner.words("message")}
	if f.Message == "" {
		f.Message = o.words("message")
	}
	if f.Message == "" {
		f.Message = o.words("error")
	}
	for _, at := range [...]*Object{inner, o} {
		if code, ok := at.stringOf("code"); ok {
			f.Code = code
			break
		}
	}
	for _, at := range [...]*Object{inner, o} {
		if id, ok := at.stringOf("customerId"); ok {
			f.CustomerID = id
			break
		}
	}
	for _, at := range [...]*Object{inner, o} {
		if value, ok := at.member("retryAfterSeconds"); ok && value != "null" {
			f.RetryAfter, f.HasRetryAfter = jsonSeconds(value)
			break
		}
	}
	return f
}

// words reads a sentence, or an array of sentences, of which the empty ones are passed
// over. Characters that are not Unicode are replaced: a sentence is for people.
func (o *Object) words(name string) string {
	value, _ := o.member(name)
	switch kind(value) {
	case '"':
		return lenient(value)
	case '[':
		var parts []string
		for element := range elements(value) {
			if kind(element) != '"' {
				continue
			}
			if s := strings.TrimSpace(lenient(element)); s != "" {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, "; ")
	}
	return ""
}

func (o *Object) stringOf(name string) (string, bool) {
	value, _ := o.member(name)
	if kind(value) != '"' {
		return "", false
	}
	return lenient(value), true
}

func lenient(value string) string {
	if s, err := unquote(value); err == nil {
		return s
	}
	var s string
	if json.Unmarshal([]byte(value), &s) != nil {
		return ""
	}
	return s
}

func jsonSeconds(value string) (time.Duration, bool) {
	text, ok := numberText(value)
	if !ok {
		return 0, false
	}
	return Seconds(text)
}

// Seconds reads a wait in decimal seconds. A negative one and one that is not a plain
// number are no wait; one beyond a Duration is the longest Duration.
func Seconds(text string) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, false
	}
	s, err := strconv.ParseFloat(text, 64)
	if math.IsInf(s, 1) {
		return math.MaxInt64, true
	}
	if err != nil || s < 0 {
		return 0, false
	}
	if ns := s * float64(time.Second); ns < math.MaxInt64 {
		return time.Duration(ns), true
	}
	return math.MaxInt64, true
}
