package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/examples/internal/usagecsv"
)

// call is one call of the model.
type call struct {
	line          int // of the file, which names the call for ever
	tenant        string
	at            time.Time
	input, output pacspace.Decimal // tokens
}

// read is the calls that were asked for, by time, and the name to print for them.
func (j job) read() ([]call, string, error) {
	if j.calls == "" {
		calls, err := readCalls(strings.NewReader(madeUp()), j.tenants)
		return calls, "calls that were made up", err
	}
	f, err := os.Open(j.calls)
	if err != nil {
		return nil, "", err
	}
	calls, err := readCalls(f, j.tenants)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, "", fmt.Errorf("%s: %w", j.calls, err)
	}
	return calls, j.calls, nil
}

var columns = []string{"TIMESTAMP", "ContextTokens", "GeneratedTokens"}

// maxCalls bounds what is kept in memory.
const maxCalls = 5_000_000

func readCalls(r io.Reader, tenants int) ([]call, error) {
	c := csv.NewReader(r)
	head, err := c.Read()
	if err != nil {
		return nil, fmt.Errorf("the first line must name the columns: %w", err)
	}
	var at [3]int
	for i, name := range columns {
		if at[i] = slices.Index(head, name); at[i] < 0 {
			return nil, fmt.Errorf("column %s is missing", name)
		}
	}
	var calls []call
	for {
		cells, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := c.FieldPos(0)
		if len(calls) == maxCalls {
			return nil, fmt.Errorf("line %d: at most %d calls are billed here", line, maxCalls)
		}
		n := call{line: line, tenant: fmt.Sprintf("tenant-%03d", len(calls)%tenants)}
		var ok bool
		if n.at, ok = usagecsv.ParseTime(cells[at[0]]); !ok {
			return nil, fmt.Errorf("line %d, column %s: %q is no time", line, columns[0], cells[at[0]])
		}
		for i, to := range []*pacspace.Decimal{&n.input, &n.output} {
			if *to, err = pacspace.ParseDecimal(cells[at[i+1]]); err != nil || to.Sign() < 0 {
				return nil, fmt.Errorf("line %d, column %s: %q is no number of tokens", line, columns[i+1], cells[at[i+1]])
			}
		}
		calls = append(calls, n)
	}
	if len(calls) == 0 {
		return nil, errors.New("there is no call in it")
	}
	slices.SortStableFunc(calls, func(a, b call) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.line, b.line)) })
	return calls, nil
}

// madeUp is a file of some days around the end of a month: long questions, short answers.
func madeUp() string {
	var b strings.Builder
	b.WriteString(strings.Join(columns, ",") + "\n")
	random := rand.New(rand.NewPCG(2026, 2))
	for day := range 6 {
		at := time.Date(2026, time.February, 25+day, 6, 0, 0, 0, time.UTC)
		for range 250 {
			at = at.Add(time.Duration(random.ExpFloat64() * float64(3*time.Minute)))
			if at.Day() != time.Date(2026, time.February, 25+day, 0, 0, 0, 0, time.UTC).Day() {
				break // what would be tomorrow
			}
			fmt.Fprintf(&b, "%s,%d,%d\n", at.Format("2006-01-02 15:04:05.0000000"), 50+random.IntN(6000), 1+random.IntN(600))
		}
	}
	return b.String()
}
