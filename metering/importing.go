package metering

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
)

const (
	importPage = 1000 // events of an import that are counted together
	// maxConflicts is how many conflicting ids an import names.
	maxConflicts = 100
	// MaxImportLine is the longest line of an imported file, or record of a CSV, in bytes.
	MaxImportLine = 64 << 10
)

// Imported is what an import did.
type Imported struct {
	Counted    int // new events
	Duplicates int // counted before
	Conflicts  int // their ids were counted before with other content, which stands
}

// Import counts events from anywhere, such as [ReadCSV] or [ReadJSONLines], a thousand at a
// time. It stops at the first error; what was counted by then stays, and importing the same
// again counts nothing twice. Events whose ids stand for other events do not stop it: they
// are named, up to a hundred of them, by a [*ConflictError] at the end.
//
// Events older than the lateness are refused, as Record refuses them: the import of an old
// file needs a meter with [WithLateness], and a store that has not forgotten ids since then.
func (m *Meter) Import(ctx context.Context, events iter.Seq2[Event, error]) (*Imported, error) {
	var out Imported
	var conflicts []string
	page := make([]Event, 0, importPage)
	done := 0
	count := func() error {
		results, err := m.Record(ctx, page...)
		if c, ok := errors.AsType[*ConflictError](err); ok {
			conflicts = append(conflicts, c.IDs[:min(len(c.IDs), maxConflicts-len(conflicts))]...)
			err = nil
		}
		if e, ok := errors.AsType[*EventError](err); ok {
			return fmt.Errorf("metering: import: after %d events: event %d, id %q: %s: %w", done, done+e.Index+1, e.ID, e.Rule, pacspace.ErrInvalid)
		}
		if err != nil {
			return fmt.Errorf("metering: import: after %d events: %w; import the same again", done, err)
		}
		for _, r := range results {
			switch r {
			case RecordedNew:
				out.Counted++
			case RecordedDuplicate:
				out.Duplicates++
			default:
				out.Conflicts++
			}
		}
		done += len(page)
		page = page[:0]
		return nil
	}
	for e, err := range events {
		if err != nil {
			// What was read before the error is as good as the rest of the file.
			if err := count(); err != nil {
				return &out, err
			}
			return &out, fmt.Errorf("metering: import: after %d events: %w", done, err)
		}
		if page = append(page, e); len(page) == importPage {
			if err := count(); err != nil {
				return &out, err
			}
		}
	}
	if err := count(); err != nil {
		return &out, err
	}
	if out.Conflicts > 0 {
		return &out, &ConflictError{IDs: conflicts}
	}
	return &out, nil
}

// The columns of a CSV file, and the fields of a line of JSON, that are not dimensions.
const (
	columnID       = "id"
	columnCustomer = "customerId"
	columnAmount   = "amount"
	columnTime     = "time"
)

// ReadCSV reads events from a CSV file in UTF-8 whose first line names the columns id,
// customerId, amount and time (RFC 3339), in any order. Every other column is a dimension
// under its name; an empty cell of it says nothing. An error names the line and is the last
// thing that is yielded.
func ReadCSV(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		if err := readCSV(r, yield); err != nil {
			yield(Event{}, err)
		}
	}
}

func readCSV(r io.Reader, yield func(Event, error) bool) error {
	// A quote that is never closed would make one record of the whole file.
	bounded := &boundedReader{r: skipBOM(r), left: maxRecord}
	c := csv.NewReader(bounded)
	c.ReuseRecord = true
	names, err := c.Read()
	if err != nil {
		return fmt.Errorf("csv: the first line must name the columns: %w", err)
	}
	names = slices.Clone(names)
	if err := checkColumns(names); err != nil {
		return err
	}
	for {
		bounded.left = maxRecord
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("csv: %w", err)
		}
		line, _ := c.FieldPos(0)
		e, err := eventOf(names, cells)
		if err != nil {
			return fmt.Errorf("csv: line %d: %w", line, err)
		}
		if !yield(e, nil) {
			return nil
		}
	}
}

// maxRecord leaves room for what a reader takes ahead of a record.
const maxRecord = MaxImportLine + 8<<10

// boundedReader fails once more than left bytes were read.
type boundedReader struct {
	r    io.Reader
	left int
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a record has more than %d bytes: is a quote not closed?", MaxImportLine)
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// skipBOM drops the mark that some programs write before UTF-8.
func skipBOM(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(3)
	}
	return b
}

func checkColumns(names []string) error {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return fmt.Errorf("csv: line 1: column %q stands twice", name)
		}
		seen[name] = true
	}
	for _, name := range []string{columnID, columnCustomer, columnAmount, columnTime} {
		if !seen[name] {
			return fmt.Errorf("csv: line 1: column %s is missing: id, customerId, amount and time must be there", name)
		}
	}
	return nil
}

func eventOf(names, cells []string) (Event, error) {
	var e Event
	var err error
	for i, name := range names {
		switch cell := cells[i]; name {
		case columnID:
			e.ID = cell
		case columnCustomer:
			e.CustomerID = cell
		case columnAmount:
			if e.Amount, err = decimal.Parse(cell); err != nil {
				return e, fmt.Errorf("amount: %w", err)
			}
		case columnTime:
			if e.Time, err = parseTime(cell); err != nil {
				return e, err
			}
		default:
			if cell == "" {
				continue
			}
			if e.Dimensions == nil {
				e.Dimensions = map[string]string{}
			}
			e.Dimensions[name] = cell
		}
	}
	return e, checked(&e)
}

func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, fmt.Errorf("time: must be as in 2026-02-01T12:00:00Z (RFC 3339)")
	}
	return t, nil
}

func checked(e *Event) error {
	if rule := e.check(); rule != "" {
		return errors.New(rule)
	}
	return nil
}

// jsonEvent is a line of JSON Lines.
type jsonEvent struct {
	ID         string            `json:"id"`
	CustomerID string            `json:"customerId"`
	Amount     *decimal.Decimal  `json:"amount"`
	Time       string            `json:"time"`
	Dimensions map[string]string `json:"dimensions"`
}

// ReadJSONLines reads events from a file with one JSON object a line:
//
//	{"id":"1","customerId":"acme","amount":12.5,"time":"2026-02-01T12:00:00Z","dimensions":{"plan":"growth"}}
//
// dimensions may be left out; other and repeated names are refused, and so is a number that
// is not exact in binary64: write it as a string. Empty lines are passed by. An error names
// the line and is the last thing that is yielded.
func ReadJSONLines(r io.Reader) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		lines := bufio.NewScanner(skipBOM(r))
		lines.Buffer(make([]byte, 0, 4096), MaxImportLine)
		n := 0
		for lines.Scan() {
			n++
			line := bytes.TrimSpace(lines.Bytes())
			if len(line) == 0 {
				continue
			}
			e, err := parseJSONEvent(line)
			if err != nil {
				yield(Event{}, fmt.Errorf("json lines: line %d: %w", n, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			if errors.Is(err, bufio.ErrTooLong) {
				err = fmt.Errorf("must have at most %d bytes", MaxImportLine)
			}
			yield(Event{}, fmt.Errorf("json lines: line %d: %w", n+1, err))
		}
	}
}

func parseJSONEvent(line []byte) (Event, error) {
	// This refuses repeated names, lone surrogates and bytes that are no UTF-8, which
	// encoding/json mends in silence.
	line, err := canonical.Transform(line, canonical.Strict)
	if err != nil {
		return Event{}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return Event{}, errors.New("must be one JSON object")
	}
	for name := range fields {
		switch name {
		case columnID, columnCustomer, columnAmount, columnTime, "dimensions":
		default:
			return Event{}, fmt.Errorf("%q is no field of an event: id, customerId, amount, time and dimensions are", name)
		}
	}
	var j jsonEvent
	if err := json.Unmarshal(line, &j); err != nil {
		if field, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return Event{}, fmt.Errorf("%s: is a JSON %s", field.Field, field.Value)
		}
		return Event{}, err
	}
	e := Event{ID: j.ID, CustomerID: j.CustomerID, Dimensions: j.Dimensions}
	if j.Amount == nil {
		return e, errors.New("amount: must be given")
	}
	e.Amount = *j.Amount
	if e.Time, err = parseTime(j.Time); err != nil {
		return e, err
	}
	return e, checked(&e)
}
