package proof

import (
	"bytes"
	"errors"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
)

// fieldSet is a set of the item's fields, by their index in itemNames.
type fieldSet uint64

const (
	fieldCustomerID = iota
	fieldDelta
	fieldReason
	fieldReferenceID
	fieldMetadata
	fieldAdjusts
)

var itemNames = []string{"customerId", "delta", "reason", "referenceId", "metadata", "adjusts"}

func (f fieldSet) has(field int) bool { return f>>field&1 == 1 }

// readItem reads an item of which fields may be missing: which ones are there is in seen.
func readItem(data []byte) (item Item, seen fieldSet, err *FormatError) {
	r, s := row{detached: true}, scanner{src: data}
	if seen, err = r.readMembers(&s); err != nil {
		return Item{}, 0, err
	}
	if _, err = formOf(data, nil); err != nil {
		return Item{}, 0, err
	}
	return r.line.detach().Item, seen, nil
}

// formOf appends the canonical form. What was only passed over is checked here: metadata,
// numbers, depth.
func formOf(data, dst []byte) ([]byte, *FormatError) {
	form, err := canonical.Append(dst, data, canonical.Strict)
	if err != nil {
		return dst, refused(err)
	}
	return form, nil
}

// readMembers reads the members of an item and nothing behind them.
func (r *row) readMembers(s *scanner) (seen fieldSet, err *FormatError) {
	item := &r.line.Item
	names, err := s.object(itemNames, func(i int) (err *FormatError) {
		switch i {
		case fieldCustomerID:
			item.CustomerID, err = s.text()
		case fieldDelta:
			err = r.readAmount(s)
		case fieldReason:
			item.Reason, err = s.text()
		case fieldReferenceID:
			item.ReferenceID, err = s.filled()
		case fieldMetadata:
			item.Metadata, err = s.raw()
			if err == nil && item.Metadata[0] != '{' {
				err = broken("", "a JSON object is expected")
			}
		case fieldAdjusts:
			r.adjusts, err = s.adjusts()
			item.Adjusts = &r.adjusts
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	return fieldSet(names), err
}

// complete refuses an item that lacks what every submission has, or that has what its line
// calls unknown.
func (i *Item) complete(seen, unknown fieldSet) *FormatError {
	const always = 1<<fieldCustomerID | 1<<fieldDelta | 1<<fieldReason
	if err := missing(itemNames, uint64(seen), always&^uint64(unknown)); err != nil {
		return err
	}
	for field, name := range itemNames {
		if seen.has(field) && unknown.has(field) {
			return broken(name, "it is there and sources call it unknown")
		}
	}
	return nil
}

// readAmount reads a number in the form in which it is hashed.
func (r *row) readAmount(s *scanner) (err *FormatError) {
	text, err := s.raw()
	if err != nil {
		return err
	}
	if r.amount = smallAmount(text); r.amount.small && !r.detached {
		return nil
	}
	r.line.Item.Delta, err = exactAmount(text)
	return err
}

func exactAmount(text []byte) (decimal.Decimal, *FormatError) {
	var room [64]byte
	form, formErr := canonical.AppendNumber(room[:0], text, canonical.Strict)
	if formErr != nil {
		return decimal.Decimal{}, refused(formErr)
	}
	if !bytes.Equal(form, text) {
		return decimal.Decimal{}, broken("", "an amount is written in its canonical form; here that is %s", form)
	}
	d, parseErr := decimal.Parse(string(text))
	if errors.Is(parseErr, decimal.ErrRange) {
		return decimal.Decimal{}, tooMuch("", "out of the range of a decimal")
	} else if parseErr != nil {
		return decimal.Decimal{}, broken("", "a number is expected")
	}
	return d, nil
}

// filled reads a string that is not empty.
func (s *scanner) filled() (string, *FormatError) {
	text, err := s.text()
	if err == nil && text == "" {
		err = broken("", "the text is empty; leave the field out")
	}
	return text, err
}

var adjustsNames = []string{"referenceId", "recordId"}

func (s *scanner) adjusts() (Adjusts, *FormatError) {
	var a Adjusts
	seen, err := s.object(adjustsNames, func(i int) (err *FormatError) {
		if i == 0 {
			a.ReferenceID, err = s.filled()
		} else {
			a.RecordID, err = s.filled()
		}
		return err
	})
	if err == nil && seen != 1 && seen != 2 {
		err = broken("", "it names one delta, by referenceId or by recordId")
	}
	return a, err
}
