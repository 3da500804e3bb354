package pacspace

import (
	"encoding/json"
	"net/http"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// Response is what is known of an answer beside its body; see [WithResponse].
type Response struct {
	StatusCode int         // of the last answer, 0 where there was none
	Header     http.Header // of the last answer
	RequestID  string      // the service's own id of the request, empty where it gives none
	// IdempotencyKey is the key that a write was sent with, empty for reads.
	IdempotencyKey string
	Attempts       int // requests made, polls of a write in progress included
}

// Raw holds a result as the service wrote it, with the fields that this version does not
// know.
type Raw struct{ text string }

// RawJSON is the result as the service wrote it, without its envelope. It is nil for a
// result that no answer was read into. Each call returns a new copy.
func (r *Raw) RawJSON() json.RawMessage {
	if r == nil || r.text == "" {
		return nil
	}
	return json.RawMessage(r.text)
}

func (r *Raw) setRaw(text string) { r.text = text }

// wired is a result that can be read from an answer: a struct that embeds Raw.
type wired interface {
	fromWire(*wire.Object)
	setRaw(text string)
}

// result is a pointer to a T that is wired.
type result[T any] interface {
	*T
	wired
}

// readArray reads an array of results; nil where it is absent.
func readArray[T any, P result[T]](o *wire.Object, names ...string) []T {
	var list []T
	if o.Has(names...) {
		list = []T{}
	}
	for row := range o.Array(names...) {
		var v T
		P(&v).fromWire(row)
		P(&v).setRaw(row.Source())
		list = append(list, v)
	}
	return list
}

// requestID reads the service's own id of a request. The service documents none; these
// are the usual names. Anything that could not be an id is passed over, since it is
// printed in errors.
func requestID(h http.Header) string {
	for _, name := range [...]string{"X-Request-Id", "Request-Id", "X-Correlation-Id"} {
		if id := h.Get(name); id != "" && len(id) <= 128 && isToken(id) {
			return id
		}
	}
	return ""
}
