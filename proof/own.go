package proof

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/decimal"
)

// ErrOwn is what everything is that cannot be read as the buyer's own deltas, through
// errors.Is; past a limit the error is ErrLimit as well. What to do: mend the row and the
// column that the error names.
var ErrOwn = errors.New("proof: own deltas")

// CSVColumns names the columns of the buyer's own deltas as the first row has them. Zero
// fields stand for referenceId, delta and customerId. Only the customer's column may be
// missing; columns of other names are passed over.
type CSVColumns struct {
	ReferenceID, Delta, CustomerID string
}

// ReadCSV reads the buyer's own deltas from comma-separated values as RFC 4180 has them,
// with a row of names first, for Diff or CollectOwn. Amounts are plain numbers in the sign
// of the record, usage being negative, and are read exactly, with or without an exponent,
// never through binary64. Each row must have a reference. A byte order mark is passed over.
//
// It reads in the memory of one row of at most MaxLineBytes. On failure it yields one error
// with the line and the column and ends.
func ReadCSV(r io.Reader, columns CSVColumns) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		budget := &budget{r: r, total: MaxFileBytes}
		in := csv.NewReader(budget)
		in.ReuseRecord = true
		row := func() ([]string, error) {
			budget.row = MaxLineBytes
			return in.Read()
		}
		names, err := row()
		if err != nil {
			yield(Item{}, ownError(1, err))
			return
		}
		at, err := columns.find(names)
		if err != nil {
			yield(Item{}, ownError(1, err))
			return
		}
		line := 1 // of the row before
		for {
			fields, err := row()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Item{}, ownError(line+1, err))
				return
			}
			line, _ = in.FieldPos(0)
			item, err := at.item(fields)
			if err != nil {
				yield(Item{}, ownError(line, err))
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// columnPlaces are the places of the columns in a row; customer is -1 where there is none.
type columnPlaces struct {
	reference, delta, customer int
	names                      CSVColumns
}

func (c CSVColumns) find(names []string) (columnPlaces, error) {
	for _, d := range []struct {
		name *string
		is   string
	}{{&c.ReferenceID, "referenceId"}, {&c.Delta, "delta"}, {&c.CustomerID, "customerId"}} {
		if *d.name == "" {
			*d.name = d.is
		}
	}
	places := columnPlaces{reference: -1, delta: -1, customer: -1, names: c}
	for i, name := range names {
		if i == 0 {
			name = strings.TrimPrefix(name, string(byteOrderMark))
		}
		for _, p := range []struct {
			name string
			at   *int
		}{{c.ReferenceID, &places.reference}, {c.Delta, &places.delta}, {c.CustomerID, &places.customer}} {
			if name != p.name {
				continue
			}
			if *p.at >= 0 {
				return places, fmt.Errorf("two columns are called %s", shown(name))
			}
			*p.at = i
		}
	}
	for _, p := range []struct {
		name string
		at   int
	}{{c.ReferenceID, places.reference}, {c.Delta, places.delta}} {
		if p.at < 0 {
			return places, fmt.Errorf("no column is called %s; name the columns with CSVColumns", shown(p.name))
		}
	}
	return places, nil
}

func (p columnPlaces) item(fields []string) (Item, error) {
	var item Item
	amount, err := decimal.Parse(fields[p.delta])
	if err != nil {
		return item, fmt.Errorf("%s: %w", shown(p.names.Delta), err)
	}
	item.Delta = amount
	item.ReferenceID, err = ownText(p.names.ReferenceID, fields[p.reference])
	if err == nil && p.customer >= 0 && fields[p.customer] != "" {
		item.CustomerID, err = ownText(p.names.CustomerID, fields[p.customer])
	}
	return item, err
}

// ownText refuses what no reference and no customer id of evidence can be equal to. The
// text is copied: the row's memory is used again.
func ownText(column, text string) (string, error) {
	switch {
	case text == "":
		return "", fmt.Errorf("%s: it is empty, and deltas are compared by it", shown(column))
	case len(text) > MaxTextBytes:
		return "", tooMuch(column, "more than %d bytes", MaxTextBytes)
	case !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0:
		return "", fmt.Errorf("%s: it is no UTF-8 text", shown(column))
	}
	return strings.Clone(text), nil
}

func ownError(line int, err error) error {
	if errors.Is(err, io.EOF) {
		err = errors.New("there is no row of names")
	}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		line, err = parse.Line, parse.Err
	}
	return fmt.Errorf("%w: line %d: %w", ErrOwn, line, err)
}

// budget bounds what is read for one row and in all. A row of quoted lines has no end of
// its own.
type budget struct {
	r          io.Reader
	row, total int64
}

func (b *budget) Read(p []byte) (int, error) {
	if b.row <= 0 {
		return 0, tooMuch("", "a row has more than %d bytes", MaxLineBytes)
	}
	if b.total <= 0 {
		return 0, tooMuch("", "more than %d bytes", int64(MaxFileBytes))
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.row, b.total)])
	b.row -= int64(n)
	b.total -= int64(n)
	return n, err
}

// ReadJSONLines reads the buyer's own deltas from one JSON object on each line, for Diff or
// CollectOwn: referenceId and delta are required, customerId, reason, metadata and adjusts
// may be there, and no other names. The amount is a number, or a string that holds one, in
// any spelling; it is read exactly. Otherwise lines are read as strictly as evidence, in
// the memory of one line of at most MaxLineBytes. On failure it yields one error, that is
// ErrOwn, and ends.
func ReadJSONLines(r io.Reader) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		lines := lineReader{in: newBuffered(r)}
		for {
			text, err := lines.next()
			if errors.Is(err, io.EOF) {
				return
			}
			var item Item
			if err == nil {
				item, err = ownLine(&lines, text)
			}
			if err != nil {
				yield(Item{}, fmt.Errorf("%w: %w", ErrOwn, err))
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

func ownLine(lines *lineReader, text []byte) (Item, error) {
	var item Item
	s := scanner{src: text}
	seen, err := s.object(itemNames, func(i int) (err *FormatError) {
		switch i {
		case fieldCustomerID:
			item.CustomerID, err = s.text()
		case fieldReferenceID:
			item.ReferenceID, err = s.filled()
		case fieldDelta:
			item.Delta, err = s.anyNumber()
		case fieldReason:
			item.Reason, err = s.text()
		default:
			_, err = s.raw()
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	if err == nil {
		err = missing(itemNames, seen, 1<<fieldReferenceID|1<<fieldDelta)
	}
	if err == nil && !json.Valid(text) {
		err = broken("", "it is no JSON")
	}
	if err != nil {
		return Item{}, lines.at(err)
	}
	return item, nil
}

// anyNumber reads a number in any spelling, or a string that holds one.
func (s *scanner) anyNumber() (decimal.Decimal, *FormatError) {
	text, err := s.raw()
	if err != nil {
		return decimal.Decimal{}, err
	}
	if inside, ok := bytes.CutPrefix(text, []byte(`"`)); ok {
		text = bytes.TrimSuffix(inside, []byte(`"`))
	}
	d, parseErr := decimal.Parse(string(text))
	if errors.Is(parseErr, decimal.ErrRange) {
		return d, tooMuch("", "out of the range of a decimal")
	} else if parseErr != nil {
		return d, broken("", "a number is expected")
	}
	return d, nil
}

// CollectOwn makes an anchor of the buyer's own deltas; set its Partial where they are only
// some of the billed usage. There may be at most MaxOwnDeltas; one more is an error that
// is ErrLimit.
func CollectOwn(items iter.Seq2[Item, error]) (OwnDeltas, error) {
	var own OwnDeltas
	for item, err := range items {
		if err != nil {
			return OwnDeltas{}, err
		}
		if len(own.Items) == MaxOwnDeltas {
			return OwnDeltas{}, fmt.Errorf("%w: %w", ErrOwn, tooMuch("", "more than %d deltas", MaxOwnDeltas))
		}
		own.Items = append(own.Items, item)
	}
	return own, nil
}

// Items yields the deltas' items in the order of the file, for Diff; it is Lines without
// what the service said of them.
func (r *Reader) Items() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for line, err := range r.Lines() {
			if !yield(line.Item, err) {
				return
			}
		}
	}
}
