// Quickstart does the main job of PacSpace on one machine, without a key and without a
// network: it starts the sandbox, meters real usage into one delta per customer and day,
// derives and compares the balances, closes the period, prints an invoice, and then checks
// it as the buyer would.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -usage calls.csv -time-column TIMESTAMP \
//	    -amount-columns ContextTokens,GeneratedTokens -customers 10
//
// It exits with 0 only when every check came out as it must, with 1 when something is
// wrong, and with 2 when it was called wrongly.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/pacspace/pacspace-go/examples/internal/trace"
	"github.com/pacspace/pacspace-go/examples/internal/usagecsv"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with everything given.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	job, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "quickstart: %v\n", err)
		return 2
	}
	if err := tell(ctx, job, stdout); err != nil {
		fmt.Fprintf(stderr, "quickstart: %v\n", err)
		if errors.Is(err, usagecsv.ErrOptions) {
			return 2
		}
		return 1
	}
	return 0
}

// job is what was asked for.
type job struct {
	file     string // empty: the bundled trace
	columns  usagecsv.Options
	resource string
	unit     string // what one of it is
	out      string // the folder for the meter's store, invoices and evidence
}

func parse(args []string, stderr io.Writer) (job, error) {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		j       job
		amounts string
	)
	flags.StringVar(&j.file, "usage", "", "CSV `file` with a header; without one, "+trace.Name)
	flags.StringVar(&j.columns.TimeColumn, "time-column", "", "`column` with the time of each line of usage")
	flags.StringVar(&amounts, "amount-columns", "", "`columns` A,B whose sum is the amount of a line")
	flags.StringVar(&j.columns.CustomerColumn, "customer-column", "", "`column` with the customer id")
	flags.IntVar(&j.columns.Customers, "customers", 0, "spread the lines over `N` customers, by line number modulo N")
	flags.StringVar(&j.resource, "resource", "", "what is counted (default: the amount columns)")
	flags.StringVar(&j.unit, "unit", "", "what one of it is (default: the resource)")
	flags.StringVar(&j.out, "out", "out/quickstart", "`folder` for the meter's store, invoices, evidence and anchors")
	if err := flags.Parse(args); err != nil {
		return job{}, err
	}
	if flags.NArg() > 0 {
		return job{}, fmt.Errorf("argument %q has no meaning here; give flags only, see -help", flags.Arg(0))
	}
	if j.file == "" {
		if named := given(flags, "time-column", "amount-columns", "customer-column", "customers"); named != "" {
			return job{}, fmt.Errorf("-%s: needs -usage; the bundled trace has its own columns", named)
		}
		j.columns = trace.Options()
		if j.resource == "" {
			j.resource, j.unit = trace.Resource, cmp.Or(j.unit, trace.Unit)
		}
		j.unit = cmp.Or(j.unit, j.resource)
		return j, nil
	}
	for name := range strings.SplitSeq(amounts, ",") {
		if name = strings.TrimSpace(name); name != "" {
			j.columns.AmountColumns = append(j.columns.AmountColumns, name)
		}
	}
	if err := j.columns.Validate(); err != nil {
		return job{}, err
	}
	if j.resource == "" {
		j.resource = strings.Join(j.columns.AmountColumns, "+")
	}
	j.unit = cmp.Or(j.unit, j.resource)
	return j, nil
}

// given is the first of the named flags that was set.
func given(flags *flag.FlagSet, names ...string) string {
	var found string
	flags.Visit(func(f *flag.Flag) {
		for _, n := range names {
			if f.Name == n && found == "" {
				found = n
			}
		}
	})
	return found
}

// maxCalls bounds the lines that are kept to be metered.
const maxCalls = 5_000_000

// read is the usage that was asked for, by line and added up, and the name to print for it.
func (j job) read() (calls []usagecsv.Call, u *usagecsv.Usage, name string, err error) {
	keep := func(c usagecsv.Call) {
		if len(calls) <= maxCalls {
			calls = append(calls, c)
		}
	}
	if name = j.file; name == "" {
		name = trace.Name
		u, err = usagecsv.ReadCalls(bytes.NewReader(trace.CSV()), name, j.columns, keep)
	} else {
		u, err = usagecsv.ReadFile(name, j.columns, keep)
	}
	if err == nil && len(calls) > maxCalls {
		err = fmt.Errorf("%s: more than %d lines; at most so many are metered here, split the file", name, maxCalls)
	}
	return calls, u, name, err
}
