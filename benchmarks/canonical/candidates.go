package main

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gowebpki/jcs"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

const (
	ours  = "pacspace"
	check = "pacspace, check only"
	text  = "jsontext"
	gjcs  = "gowebpki/jcs"
)

// A form returns the canonical form of a JSON text. The result is good until the next call.
type form func(src []byte) ([]byte, error)

// newForm returns a candidate that keeps its buffers, as a loop over many deltas would.
func newForm(name string) form {
	var room []byte
	switch name {
	case text:
		return func(src []byte) ([]byte, error) {
			value := jsontext.Value(append(room[:0], src...)) // it works in place
			err := value.Canonicalize()
			room = value
			return value, err
		}
	case gjcs:
		return jcs.Transform
	default:
		return func(src []byte) ([]byte, error) {
			room = slices.Grow(room[:0], 2*len(src))
			return canonical.Append(room, src, canonical.Strict)
		}
	}
}

// submitted is a delta as a user's code writes it. Its form has the same bytes in another
// order.
const submitted = `{"customerId":"customer_acme:gpu","delta":-1482.75,"reason":"daily_usage_flush:2026-02-01","referenceId":"usage:customer_acme:gpu:2026-02-01","metadata":{"resource":"gpu-seconds","plan":"growth","events":1204,"region":"eu-west-1","models":["small","large"],"first":"2026-02-01T00:00:04Z","final":true}}`
