// Command webhook measures the check of a delivery of 1 KiB against the HMAC that it cannot
// do without and against two other packages, and an agent's whole handler against what its
// store can take, side by side: every round runs each of them once, and the ratios are of
// medians.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/pacspace/pacspace-go/benchmarks/internal/rounds"
)

func main() {
	var (
		times   = flag.Int("rounds", 15, "rounds of the checks")
		checks  = flag.Int("checks", 30_000, "checks a round and candidate")
		events  = flag.Int("events", 6_000, "deliveries a round to the handler, and to the store alone")
		callers = flag.Int("connections", 64, "connections to the handler")
		sqlite  = flag.Int("handler-rounds", 5, "rounds of the handler; 0 leaves it out")
	)
	flag.Parse()
	if err := measureChecks(*times, *checks); err != nil {
		fmt.Fprintln(os.Stderr, "webhook:", err)
		os.Exit(1)
	}
	if *sqlite == 0 {
		return
	}
	if err := measureHandler(context.Background(), *sqlite, *events, *callers); err != nil {
		fmt.Fprintln(os.Stderr, "webhook:", err)
		os.Exit(1)
	}
}

// run is what one round took of one candidate, for one check, in microseconds.
type run struct{ wall, cpu float64 }

func wall(r run) float64 { return r.wall }
func cpu(r run) float64  { return r.cpu }

func measureChecks(times, checks int) error {
	ready, err := candidates()
	if err != nil {
		return err
	}
	names := make([]string, len(ready))
	byName := map[string]func() error{}
	allocations := map[string]float64{}
	for i, c := range ready {
		names[i], byName[c.name] = c.name, c.check
		if err := c.check(); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		allocations[c.name] = testing.AllocsPerRun(1000, func() { _ = c.check() })
	}
	results, err := rounds.Run(times, names, func(name string) (run, error) { return take(checks, byName[name]) })
	if err != nil {
		return err
	}
	fmt.Printf("%d checks a round of a delivery of %d bytes, %d rounds, %s; medians [best]\n\n", checks, eventSize, times, rounds.Machine())
	results.Print(os.Stdout,
		rounds.Column[run]{Title: "time, us", Of: wall, Digits: 2, Best: true},
		rounds.Column[run]{Title: "CPU, us", Of: cpu, Digits: 2, Best: true},
	)
	fmt.Print("\n| allocations | a check |\n|---|---|\n")
	for _, name := range names {
		fmt.Printf("| %s | %.0f |\n", name, allocations[name])
	}
	fmt.Print("\n| ratio | time | CPU | to reach |\n|---|---|---|---|\n")
	for _, r := range []struct{ over, under, goal string }{
		{nameCheck, nameBare, "at most 1.3"},
		{nameStripe, nameCheck, "at least 1.5"},
		{nameStandard, nameCheck, "at least 2.3"},
		{nameParse, nameStripeParse, "at most 0.4"},
		{nameTyped, nameStripeParse, ""},
	} {
		fmt.Printf("| %s / %s | %.2f | %.2f | %s |\n", r.over, r.under, results.Ratio(r.over, r.under, wall), results.Ratio(r.over, r.under, cpu), r.goal)
	}
	fmt.Println()
	return nil
}

// take measures one candidate's checks, on one thread.
func take(n int, check func() error) (run, error) {
	runtime.GC()
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return run{}, err
	}
	start := time.Now()
	for range n {
		if err := check(); err != nil {
			return run{}, err
		}
	}
	took := time.Since(start)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		return run{}, err
	}
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	return run{wall: float64(took.Nanoseconds()) / 1e3 / float64(n), cpu: float64(used) / 1e3 / float64(n)}, nil
}
