// Package usagecsv reads usage from a CSV file and adds it up per customer and UTC day, so
// that a program can emit one delta for each.
//
// The whole file is read before anything is returned: a bad line is an error that names
// the line, the column and the fault, and then there are no totals at all. Memory grows
// with customers and days, not with lines.
//
// Errors are one line without the program's name; the program puts it in front.
package usagecsv

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Options say which columns mean what. Names are compared exactly, without surrounding
// space.
type Options struct {
	// TimeColumn holds when the usage took place: see [ParseTime] for the forms.
	TimeColumn string
	// AmountColumns hold numbers whose exact sum is the amount of a line.
	AmountColumns []string
	// CustomerColumn holds the customer id. Where it is empty, the lines are spread over
	// Customers customers: see [CustomerOf].
	CustomerColumn string
	Customers      int

	// ArrivalColumn holds when a line became known, in the same forms; an empty cell says
	// "at once". Without the column all lines arrived at once.
	ArrivalColumn string
	// Grace is how long after its end a day stays open. What arrives later is not in the
	// day's total but in a later one of its own.
	Grace time.Duration
}

// ErrOptions is what errors.Is finds where the options, not the file, are at fault.
var ErrOptions = errors.New("wrong options")

// Bounds on a file, so that a wrong one ends in an error and not in all the memory.
const (
	MaxLine      = 1 << 20   // bytes of one line, or of a record whose quotes span lines
	MaxTotals    = 1_000_000 // totals, that is customers times days
	MaxCustomers = 100_000   // customers that lines are spread over
)

// Validate says what is wrong with the options alone, before there is a file.
func (o Options) Validate() error {
	fault := func(text string) error { return fmt.Errorf("%w: %s", ErrOptions, text) }
	switch {
	case o.TimeColumn == "":
		return fault("no time column; name the column that holds when the usage took place")
	case len(o.AmountColumns) == 0:
		return fault("no amount column; name at least one column that holds an amount")
	case slices.Contains(o.AmountColumns, ""):
		return fault("an amount column without a name; write them as A,B")
	case o.CustomerColumn == "" && (o.Customers < 1 || o.Customers > MaxCustomers):
		return fault(fmt.Sprintf("%d customers; name a customer column, or 1 to %d customers to spread the lines over", o.Customers, MaxCustomers))
	case o.Grace < 0:
		return fault("grace below zero; a day cannot be settled before it ended")
	}
	for i, name := range o.AmountColumns {
		if slices.Contains(o.AmountColumns[:i], name) {
			return fault(fmt.Sprintf("amount column %q twice; each is added once", name))
		}
	}
	return nil
}

// CustomerOf is the customer of a line where no column names one: the call's number, from
// 1 on, modulo the number of customers.
func CustomerOf(call, customers int) string {
	return fmt.Sprintf("customer_%0*d", len(strconv.Itoa(customers-1)), call%customers)
}

// ReadFile reads the file at path. See [ReadCalls].
func ReadFile(path string, o Options, each func(Call)) (*Usage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder; %s", path, filesIn(path))
	}
	return ReadCalls(f, path, o, each)
}

// Read reads CSV text with a header: UTF-8 with or without a byte order mark, lines ending
// in LF or CR LF, fields quoted where they need it. The name stands in errors.
//
// An error matches [ErrOptions], is a *[LineError], or says what is wrong with the file as
// a whole.
func Read(r io.Reader, name string, o Options) (*Usage, error) {
	return ReadCalls(r, name, o, func(Call) {})
}

// ReadCalls is Read, and calls each with every line of usage in the order of the file. Where
// it returns an error, what each was given is of no use.
func ReadCalls(r io.Reader, name string, o Options, each func(Call)) (*Usage, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	records, err := newRecords(r, name)
	if err != nil {
		return nil, err
	}
	columns, err := findColumns(records.header, name, o)
	if err != nil {
		return nil, err
	}
	sums := newSums(o.Grace)
	for {
		record, err := records.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line, at, fault := columns.read(record, sums.calls+1)
		if fault == "" {
			line.Number = sums.calls + 1
			line.Due = sums.due(line)
			if fault = sums.add(line); fault == "" {
				each(line)
			}
		}
		if fault != "" {
			return nil, records.fault(at, fault)
		}
	}
	if sums.calls == 0 {
		return nil, fmt.Errorf("%s has a header and no line of usage", name)
	}
	return sums.usage(), nil
}

// column is a column that was asked for.
type column struct {
	name  string
	index int
}

// columns are where a line's parts stand. A column that was not asked for has no name.
type columns struct {
	time, arrival, customer column
	amounts                 []column
	customers               int
}

// findColumns looks the asked-for columns up in the header.
func findColumns(header []string, file string, o Options) (columns, error) {
	var failed error
	find := func(name string) column {
		if name == "" || failed != nil {
			return column{}
		}
		i := slices.Index(header, name)
		switch {
		case i < 0:
			failed = fmt.Errorf("%s has no column %q; its columns are %s", file, name, listed(header))
		case slices.Index(header[i+1:], name) >= 0:
			failed = fmt.Errorf("%s has the column %q twice; which one counts is not known", file, name)
		}
		return column{name, i}
	}
	c := columns{
		time:      find(o.TimeColumn),
		arrival:   find(o.ArrivalColumn),
		customer:  find(o.CustomerColumn),
		customers: o.Customers,
	}
	for _, name := range o.AmountColumns {
		c.amounts = append(c.amounts, find(name))
	}
	return c, failed
}

// Call is one line of usage.
type Call struct {
	Number     int // in the file, from 1 on, the header left out
	CustomerID string
	At         time.Time
	Arrived    time.Time
	Amount     decimal.Decimal
	// Due is the day after whose end and grace its total is complete: see [Total].
	Due usage.Date
}

// read takes a line apart. A fault comes with the column in which it is.
func (c columns) read(record []string, number int) (line Call, at column, fault string) {
	if line.At, fault = readTime(record[c.time.index]); fault != "" {
		return line, c.time, fault
	}
	line.Arrived = line.At
	if c.arrival.name != "" && record[c.arrival.index] != "" {
		if line.Arrived, fault = readTime(record[c.arrival.index]); fault != "" {
			return line, c.arrival, fault
		}
	}
	for _, a := range c.amounts {
		amount, fault := readAmount(record[a.index])
		if fault != "" {
			return line, a, fault
		}
		line.Amount = line.Amount.Add(amount)
	}
	if c.customer.name == "" {
		line.CustomerID = CustomerOf(number, c.customers)
		return line, column{}, ""
	}
	line.CustomerID = strings.TrimSpace(record[c.customer.index])
	if usage.ValidateCustomerID(line.CustomerID) != nil {
		return line, c.customer, quoted(record[c.customer.index]) + " is not a customer id; it has 1 to 128 letters, digits, _ - . and :"
	}
	return line, column{}, ""
}

func readTime(cell string) (time.Time, string) {
	t, ok := ParseTime(strings.TrimSpace(cell))
	if !ok {
		return t, quoted(cell) + " is not a time; write it as 2026-02-01T09:30:00Z, 2026-02-01 09:30:00 (UTC) or Unix seconds"
	}
	return t, ""
}

func readAmount(cell string) (decimal.Decimal, string) {
	d, err := decimal.Parse(strings.TrimSpace(cell))
	switch {
	case errors.Is(err, decimal.ErrRange):
		return d, quoted(cell) + " has too many digits or too large an exponent for an amount"
	case err != nil:
		return d, quoted(cell) + " is not a number; write it as 1234 or 1234.5"
	}
	return d, ""
}

// records reads CSV records and knows on which line they stand.
type records struct {
	name   string
	csv    *csv.Reader
	limit  *recordLimit
	header []string
	line   int // last line of the last good record
}

func newRecords(r io.Reader, name string) (*records, error) {
	buffered := bufio.NewReader(r)
	switch start, _ := buffered.Peek(3); {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		buffered.Discard(3)
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return nil, fmt.Errorf("%s is UTF-16 text; save it as UTF-8", name)
	}
	limit := &recordLimit{r: buffered}
	limit.reset()
	rs := &records{name: name, csv: csv.NewReader(limit), limit: limit}
	rs.csv.ReuseRecord = true
	header, err := rs.next()
	if err == io.EOF {
		return nil, fmt.Errorf("%s is empty; its first line must name the columns", name)
	}
	if err != nil {
		return nil, err
	}
	for _, field := range header {
		rs.header = append(rs.header, strings.TrimSpace(field))
		if !utf8.ValidString(field) || strings.ContainsFunc(field, unicode.IsControl) {
			return nil, fmt.Errorf("%s does not begin with the names of columns; it must be CSV text in UTF-8", name)
		}
	}
	return rs, nil
}

// next returns the next record, valid until the next call, or io.EOF.
func (rs *records) next() ([]string, error) {
	record, err := rs.csv.Read()
	rs.limit.reset()
	parse, malformed := errors.AsType[*csv.ParseError](err)
	switch {
	case err == nil:
		last := len(record) - 1
		line, _ := rs.csv.FieldPos(last)
		rs.line = line + strings.Count(record[last], "\n")
		return record, nil
	case err == io.EOF:
		return nil, io.EOF
	case errors.Is(err, csv.ErrFieldCount):
		return nil, &LineError{File: rs.name, Line: parse.StartLine, Fault: fmt.Sprintf("%d fields where the header has %d; quote a field that holds a comma", len(record), len(rs.header))}
	case malformed:
		fault := "a quote is out of place; a quoted field ends with one, and holds others doubled"
		if parse.Line != parse.StartLine {
			fault += fmt.Sprintf(" (this record was followed to line %d)", parse.Line)
		}
		return nil, &LineError{File: rs.name, Line: parse.StartLine, Fault: fault}
	case errors.Is(err, errTooLong):
		return nil, fmt.Errorf("%s after line %d: a line is longer than %d bytes; is a quote left open?", rs.name, rs.line, MaxLine)
	default:
		return nil, fmt.Errorf("%s after line %d: %w", rs.name, rs.line, err)
	}
}

// fault says what is wrong with the last record.
func (rs *records) fault(c column, text string) error {
	line, _ := rs.csv.FieldPos(c.index)
	return &LineError{File: rs.name, Line: line, Column: c.name, Fault: text}
}

// recordLimit ends a record that does not end by itself. The csv reader reads ahead, so the
// bound is exact only to the size of its buffer.
type recordLimit struct {
	r    io.Reader
	left int
}

const readAhead = 4096

var errTooLong = errors.New("line too long")

func (l *recordLimit) reset() { l.left = MaxLine + readAhead }

func (l *recordLimit) Read(p []byte) (int, error) {
	if l.left == 0 {
		return 0, errTooLong
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// LineError is a line that cannot be read.
type LineError struct {
	File   string
	Line   int    // from 1 on, the header included
	Column string // its name, empty where the whole line is at fault
	Fault  string // what is wrong and what to write instead
}

// Error implements error, in one line.
func (e *LineError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("%s line %d: %s", e.File, e.Line, e.Fault)
	}
	return fmt.Sprintf("%s line %d, column %s: %s", e.File, e.Line, e.Column, e.Fault)
}

// quoted is a cell as it may stand in one line of an error.
func quoted(cell string) string {
	const most = 40
	if len(cell) <= most {
		return strconv.Quote(cell)
	}
	return strconv.Quote(strings.ToValidUTF8(cell[:most], "")) + "..."
}

// listed names what exists, as far as it is of help.
func listed(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// openError says why a file cannot be read and, where it is not there, what is.
func openError(path string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: there is no such file; %s", path, filesIn(filepath.Dir(path)))
	}
	cause := err
	if p, ok := errors.AsType[*os.PathError](err); ok {
		cause = p.Err
	}
	return fmt.Errorf("%s: %w", path, cause)
}

func filesIn(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "nor can its folder be read"
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && strings.EqualFold(filepath.Ext(e.Name()), ".csv") {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return "the folder " + dir + " holds no .csv file"
	}
	return "the folder " + dir + " holds " + listed(names)
}
