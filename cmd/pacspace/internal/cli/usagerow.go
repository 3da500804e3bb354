package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
)

// usageColumns are the names of a file's fields.
type usageColumns struct{ id, customer, amount, time string }

func usageColumnsOf(pairs []string) (usageColumns, error) {
	c := usageColumns{"id", "customerId", "amount", "time"}
	for _, pair := range pairs {
		field, name, _ := strings.Cut(pair, "=")
		into := map[string]*string{"id": &c.id, "customerId": &c.customer, "amount": &c.amount, "time": &c.time}[field]
		if into == nil || name == "" {
			return c, fmt.Errorf("--column: %q is not id=name, customerId=name, amount=name or time=name", pair)
		}
		*into = name
	}
	return c, nil
}

// usageRow is a row of a file of usage.
type usageRow struct {
	line, number               int // of the file, and among its rows, from 1
	id, customer, amount, time string
	others                     map[string]string
}

// usageRows reads CSV, or JSON lines where the first line begins with a brace.
func usageRows(r io.Reader, names usageColumns) iter.Seq2[usageRow, error] {
	in := bufio.NewReader(r)
	start, _ := in.Peek(64) // an error comes again when it is read
	if bytes.HasPrefix(start, []byte("\xef\xbb\xbf")) {
		in.Discard(3)
		start = start[3:]
	}
	if bytes.HasPrefix(bytes.TrimLeft(start, " \t\r\n"), []byte("{")) {
		return usageJSON(in, names)
	}
	return usageCSV(in, names)
}

func usageCSV(r io.Reader, names usageColumns) iter.Seq2[usageRow, error] {
	return func(yield func(usageRow, error) bool) {
		bounded := &boundedRow{from: r, left: proof.MaxLineBytes}
		rows := csv.NewReader(bounded)
		header, err := headerOf(rows)
		if err != nil {
			yield(usageRow{}, err)
			return
		}
		for number := 1; ; number++ {
			bounded.left = proof.MaxLineBytes
			cells, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(usageRow{}, err)
				return
			}
			fields := make(map[string]string, len(cells))
			for i, cell := range cells {
				fields[header[i]] = cell
			}
			row := usageRow{number: number}
			row.line, _ = rows.FieldPos(0)
			row.take(names, fields)
			if !yield(row, nil) {
				return
			}
		}
	}
}

func headerOf(rows *csv.Reader) ([]string, error) {
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty; it begins with a row of names")
	}
	seen := map[string]bool{}
	for _, name := range header {
		if seen[name] {
			return nil, fmt.Errorf("two columns are named %q; rename one", name)
		}
		seen[name] = true
	}
	return header, err
}

// boundedRow bounds what is read for one row, whose quotes may span lines.
type boundedRow struct {
	from io.Reader
	left int
}

func (b *boundedRow) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a row has more than %d bytes; is a quote left open?", proof.MaxLineBytes)
	}
	n, err := b.from.Read(p)
	b.left -= n
	return n, err
}

// fields says which name goes where. Two fields may have one name, as where the time is the
// id.
func (r *usageRow) fields(names usageColumns) map[*string]string {
	return map[*string]string{&r.id: names.id, &r.customer: names.customer, &r.amount: names.amount, &r.time: names.time}
}

// take sorts the fields of a row.
func (r *usageRow) take(names usageColumns, fields map[string]string) {
	for into, name := range r.fields(names) {
		*into = strings.TrimSpace(fields[name])
	}
	for _, name := range r.fields(names) {
		delete(fields, name)
	}
	maps.DeleteFunc(fields, func(_, value string) bool { return value == "" })
	r.others = fields
}

func usageJSON(r io.Reader, names usageColumns) iter.Seq2[usageRow, error] {
	return func(yield func(usageRow, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, proof.MaxLineBytes)
		row := usageRow{}
		for lines.Scan() {
			row.line++
			text := bytes.TrimSpace(lines.Bytes())
			if len(text) == 0 {
				continue
			}
			row.number++
			if err := row.read(names, text); err != nil {
				yield(row, fmt.Errorf("line %d: %w", row.line, err))
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(row, err)
		}
	}
}

// read takes a row of JSON, whose numbers stay as they are written.
func (r *usageRow) read(names usageColumns, line []byte) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		return err
	}
	r.others = nil
	if d, ok := object["dimensions"]; ok {
		if err := json.Unmarshal(d, &r.others); err != nil {
			return fmt.Errorf("dimensions: %w; each is a text", err)
		}
		delete(object, "dimensions")
	}
	for into, name := range r.fields(names) {
		*into = ""
		if value, ok := object[name]; ok && json.Unmarshal(value, into) != nil {
			*into = string(value)
		}
	}
	for _, name := range r.fields(names) {
		delete(object, name)
	}
	for name := range object {
		return fmt.Errorf("the name %q is not known; what else is known of an event stands in dimensions", name)
	}
	return nil
}

func (r *usageRow) event(i *importing) (metering.Event, error) {
	e := metering.Event{ID: r.id, CustomerID: r.customer, Dimensions: r.others}
	if i.customer != "" {
		e.CustomerID = i.customer
	}
	if i.idPrefix != "" {
		e.ID = i.idPrefix + ":" + strconv.Itoa(r.number)
	}
	switch {
	case e.ID == "":
		return e, errors.New("the id is missing; name its --column, or give --id-prefix")
	case e.CustomerID == "":
		return e, errors.New("the customerId is missing; name its --column, or give --customer")
	case r.amount == "":
		return e, errors.New("the amount is missing; name its --column")
	}
	var err error
	if e.Amount, err = pacspace.ParseDecimal(r.amount); err != nil {
		return e, fmt.Errorf("amount: %w", err)
	}
	e.Time, err = eventTime(r.time)
	return e, err
}

// eventTime reads a time as files of usage have it. One without a zone is in UTC.
func eventTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime} { // a fraction is read in any case
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("time: %q is not a time such as 2026-02-01T12:00:00Z", text)
}

func (r *usageRow) total(i *importing) (metering.Total, error) {
	t := metering.Total{CustomerID: r.customer}
	if i.customer != "" {
		t.CustomerID = i.customer
	}
	if t.CustomerID == "" || r.amount == "" {
		return t, fmt.Errorf("line %d: customerId and amount are both needed", r.line)
	}
	for name, value := range r.others {
		if t.Metadata == nil {
			t.Metadata = pacspace.Metadata{}
		}
		t.Metadata[name] = value
	}
	var err error
	if t.Amount, err = pacspace.ParseDecimal(r.amount); err != nil {
		return t, fmt.Errorf("line %d: amount: %w", r.line, err)
	}
	return t, nil
}
