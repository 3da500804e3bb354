// Command meter measures how many events a second a meter makes durable, side by side with
// what one would write by hand and with the bound: each round runs every candidate once,
// and the ratios are of medians. Every candidate syncs each commit, tells repeated ids
// apart (except the bare log) and keeps exact sums.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/pacspace/pacspace-go/benchmarks/internal/rounds"
	"github.com/pacspace/pacspace-go/internal/pgtest"
)

func main() {
	var (
		what  = flag.String("what", "sqlite", "what to measure: sqlite, postgres, ids, sweep or idle")
		times = flag.Int("rounds", 5, "rounds")
		long  = flag.Duration("time", 2*time.Second, "how long each candidate runs in a round")
		ids   = flag.Int("ids", 10_000_000, "ids to count for -what ids, and a fifth of it for -what sweep")
		child = flag.String("child", "", "used by the program itself: the PostgreSQL schema to count into")
	)
	flag.Parse()
	if err := run(context.Background(), *what, *child, *times, *long, *ids); err != nil {
		fmt.Fprintln(os.Stderr, "meter:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, what, child string, times int, long time.Duration, ids int) error {
	if child != "" {
		return countAsChild(ctx, child, long)
	}
	switch what {
	case "sqlite":
		return inDirectory(func(dir string) error { return measureSQLite(ctx, dir, times, long) })
	case "postgres":
		return measurePostgres(ctx, times, long)
	case "ids":
		return inDirectory(func(dir string) error { return measureIDs(ctx, dir, ids) })
	case "sweep":
		return inDirectory(func(dir string) error { return measureSweep(ctx, dir, times, ids/5) })
	case "idle":
		return inDirectory(func(dir string) error { return measureIdle(ctx, dir, 5*long) })
	}
	return fmt.Errorf("-what %s: it is sqlite, postgres, ids, sweep or idle", what)
}

func inDirectory(do func(dir string) error) error {
	dir, err := os.MkdirTemp("", "meter")
	if err != nil {
		return err
	}
	return errors.Join(do(dir), os.RemoveAll(dir))
}

// goal is a ratio that is to be reached.
type goal struct {
	over, under string
	least       float64
}

func print(results rounds.Results[float64], times int, long time.Duration, goals ...goal) {
	rate := func(r float64) float64 { return r }
	fmt.Printf("%d rounds of %v each, %s; medians\n\n", times, long, rounds.Machine())
	results.Print(os.Stdout, rounds.Column[float64]{Title: "events a second", Of: rate})
	fmt.Print("\n| ratio | reached | to reach |\n|---|---|---|\n")
	for _, g := range goals {
		fmt.Printf("| %s / %s | %.2f | %.2g |\n", g.over, g.under, results.Ratio(g.over, g.under, rate), g.least)
	}
	fmt.Println()
}

func measureSQLite(ctx context.Context, dir string, times int, long time.Duration) error {
	const (
		log   = "bare log, grouped, 64 goroutines"
		hand  = "by hand, one transaction an event"
		one   = "meter, 64 goroutines"
		batch = "meter, batches of 1,000"
	)
	results, err := rounds.Run(times, []string{log, hand, one, batch}, func(name string) (float64, error) {
		return inFreshDirectory(dir, func(dir string) (float64, error) {
			switch name {
			case log:
				return countInLog(ctx, dir, 64, long)
			case hand:
				return countByHandSQLite(ctx, dir, long)
			case one:
				return countInSQLite(ctx, dir, 64, 1, long)
			default:
				return countInSQLite(ctx, dir, 4, 1000, long)
			}
		})
	})
	if err != nil {
		return err
	}
	print(results, times, long, goal{one, hand, 12}, goal{one, log, 0.3}, goal{batch, hand, 35})
	return nil
}

func measurePostgres(ctx context.Context, times int, long time.Duration) error {
	const (
		hand  = "by hand, one transaction an event, 64 connections"
		one   = "meter, 64 goroutines"
		batch = "four processes of a meter, batches of 1,000"
	)
	cluster, err := pgtest.Start(ctx, "max_connections=200")
	if err != nil {
		return err
	}
	defer cluster.Stop()
	results, err := rounds.Run(times, []string{hand, one, batch}, func(name string) (float64, error) {
		schema, err := newSchema(ctx, cluster.DSN)
		if err != nil {
			return 0, err
		}
		switch name {
		case hand:
			return countByHandPostgres(ctx, cluster.DSN, schema, 64, long)
		case one:
			return countInPostgres(ctx, cluster.DSN, schema, 64, 1, long)
		default:
			return countInProcesses(ctx, cluster.DSN, schema, 4, long)
		}
	})
	if err != nil {
		return err
	}
	print(results, times, long, goal{one, hand, 5}, goal{batch, hand, 20})
	return nil
}

func inFreshDirectory(parent string, do func(dir string) (float64, error)) (float64, error) {
	dir, err := os.MkdirTemp(parent, "round")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	return do(dir)
}
