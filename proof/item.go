package proof

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
)

// Item is a delta as it was submitted: the part of it that is hashed. Which fields the
// service hashes is not documented; these are the ones that a submission may have.
//
// Source: API contract, sections 2.1 and 5.2.
type Item struct {
	CustomerID string
	// Delta is the amount in units of the account, negative for usage. It must survive
	// binary64, see Decimal.Binary64.
	Delta  decimal.Decimal
	Reason string
	// ReferenceID is empty where none was submitted.
	ReferenceID string
	// Metadata is a JSON object; nil where none was submitted, which is not the same as {}.
	Metadata json.RawMessage
	// Adjusts is nil where the delta adjusts no other.
	Adjusts *Adjusts
}

// Adjusts names the delta that another one adjusts, by one of the two.
type Adjusts struct {
	ReferenceID string
	RecordID    string
}

// ErrItem is what every item that cannot be hashed is, through errors.Is. What to do: mend
// the field that the error names; the service hashes no such item either.
var ErrItem = errors.New("proof: item")

// Canonical returns the item as RFC 8785 JSON: customerId, delta and reason always,
// referenceId, metadata and adjusts where given. It refuses, with an error that is ErrItem
// and names the field, an amount that binary64 does not hold, text that is not UTF-8,
// metadata that is no JSON object or that two readers could take for two values, and
// adjusts that names not exactly one delta.
func (i Item) Canonical() ([]byte, error) { return i.append(nil, 0) }

// MarshalJSON returns Canonical.
func (i Item) MarshalJSON() ([]byte, error) { return i.Canonical() }

// UnmarshalJSON reads an item strictly: names in their exact case, none unknown, none
// twice, all text UTF-8, and the amount in its canonical form.
// The error is a *FormatError.
func (i *Item) UnmarshalJSON(data []byte) error {
	item, seen, err := readItem(data)
	if err == nil {
		err = item.complete(seen, 0)
	}
	if err != nil {
		return err.in("item")
	}
	*i = item
	return nil
}

// append writes the canonical form. A line of evidence may call the reason unknown, which
// is not an empty reason.
func (i Item) append(dst []byte, unknown fieldSet) ([]byte, error) {
	var err error
	put := func(comma, name string, write func([]byte) ([]byte, error)) {
		if err != nil {
			return
		}
		dst = append(append(append(append(dst, comma...), '"'), name...), '"', ':')
		if dst, err = write(dst); err != nil {
			err = fmt.Errorf("%w: %s: %w", ErrItem, name, err)
		}
	}
	text := func(s string) func([]byte) ([]byte, error) {
		return func(dst []byte) ([]byte, error) { return canonical.AppendString(dst, s) }
	}
	dst = append(dst, '{')
	comma := ""
	if i.Adjusts != nil {
		put("", "adjusts", i.Adjusts.append)
		comma = ","
	}
	put(comma, "customerId", text(i.CustomerID))
	put(",", "delta", i.Delta.AppendJSON)
	if i.Metadata != nil {
		put(",", "metadata", func(dst []byte) ([]byte, error) { return appendObject(dst, i.Metadata) })
	}
	if i.Reason != "" || !unknown.has(fieldReason) {
		put(",", "reason", text(i.Reason))
	}
	if i.ReferenceID != "" {
		put(",", "referenceId", text(i.ReferenceID))
	}
	if err != nil {
		return nil, err
	}
	return append(dst, '}'), nil
}

func (a *Adjusts) append(dst []byte) ([]byte, error) {
	switch {
	case (a.ReferenceID == "") == (a.RecordID == ""):
		return dst, errors.New("it must name one delta; give referenceId or recordId, not both")
	case a.ReferenceID != "":
		dst = append(dst, `{"referenceId":`...)
	default:
		dst = append(dst, `{"recordId":`...)
	}
	dst, err := canonical.AppendString(dst, a.ReferenceID+a.RecordID)
	return append(dst, '}'), err
}

func appendObject(dst []byte, text json.RawMessage) ([]byte, error) {
	start := len(dst)
	dst, err := canonical.Append(dst, text, canonical.Strict)
	if err == nil && dst[start] != '{' {
		err = errors.New("it is no JSON object")
	}
	return dst, err
}
