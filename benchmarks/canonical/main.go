// Command canonical measures the canonical form (RFC 8785) of one delta against two kept
// libraries, side by side: every round runs each of them once, and the ratios are of
// medians. What they get wrong is in the test beside it.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/pacspace/pacspace-go/benchmarks/internal/rounds"
	"github.com/pacspace/pacspace-go/internal/canonical"
)

func main() {
	var (
		times = flag.Int("rounds", 15, "rounds")
		each  = flag.Duration("time", 100*time.Millisecond, "time of one candidate in a round")
	)
	flag.Parse()
	if err := measure(*times, *each); err != nil {
		fmt.Fprintln(os.Stderr, "canonical:", err)
		os.Exit(1)
	}
}

// run is what one form of one delta took: CPU time, garbage collection included.
type run struct{ ns, allocs float64 }

func ns(r run) float64 { return r.ns }

func measure(times int, each time.Duration) error {
	sorted, err := canonical.Transform([]byte(submitted), canonical.Strict)
	if err != nil {
		return err
	}
	fmt.Printf("a delta of %d bytes, %d rounds of %v, %s; medians [best]\n", len(submitted), times, each, rounds.Machine())
	for _, order := range []struct {
		name  string
		text  []byte
		names []string
	}{
		{"members in another order", []byte(submitted), []string{ours, text, gjcs}},
		{"canonical already", sorted, []string{ours, check, text, gjcs}},
	} {
		results, err := rounds.Run(times, order.names, func(name string) (run, error) { return take(name, order.text, sorted, each) })
		if err != nil {
			return err
		}
		fmt.Printf("\n%s\n\n", order.name)
		results.Print(os.Stdout,
			rounds.Column[run]{Title: "CPU, ns", Of: ns, Best: true},
			rounds.Column[run]{Title: "allocations", Of: func(r run) float64 { return r.allocs }},
		)
		fastest := text
		if results.Ratio(text, gjcs, ns) > 1 {
			fastest = gjcs
		}
		fmt.Printf("\n%s / %s = %.1f (to reach: 2.5)\n", fastest, ours, results.Ratio(fastest, ours, ns))
		if len(order.names) == 4 {
			fmt.Printf("%s / %s = %.1f\n", fastest, check, results.Ratio(fastest, check, ns))
		}
	}
	return nil
}

// take runs one candidate for about so long, after it showed once that it has the form.
func take(name string, src, want []byte, each time.Duration) (run, error) {
	var work func() error
	if name == check {
		work = func() error {
			if !canonical.IsCanonical(src) {
				return errors.New("the canonical form is not seen as one")
			}
			return nil
		}
	} else {
		f := newForm(name)
		got, err := f(src)
		if err != nil {
			return run{}, err
		}
		if !bytes.Equal(got, want) {
			return run{}, fmt.Errorf("another form: %s", got)
		}
		work = func() error { _, err := f(src); return err }
	}
	const some = 100
	var before, after runtime.MemStats
	var used, then syscall.Rusage
	runtime.GC()
	runtime.ReadMemStats(&before)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return run{}, err
	}
	n, start := 0, time.Now()
	for time.Since(start) < each {
		for range some {
			if err := work(); err != nil {
				return run{}, err
			}
		}
		n += some
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &then); err != nil {
		return run{}, err
	}
	runtime.ReadMemStats(&after)
	return run{
		ns: float64(then.Utime.Nano()+then.Stime.Nano()-used.Utime.Nano()-used.Stime.Nano()) / float64(n),
		// Rounded, as what runs beside us may allocate a few times in all.
		allocs: float64((after.Mallocs - before.Mallocs) / uint64(n)),
	}, nil
}
