package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pacspace/pacspace-go/benchmarks/internal/rounds"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
	"github.com/pacspace/pacspace-go/usage"
)

// batchSize is how many events one transaction counts where a store is filled.
const batchSize = 1000

// fill counts n events in batches and returns how long each took.
func fill(ctx context.Context, store metering.Store, w *worker, n int) ([]time.Duration, error) {
	took := make([]time.Duration, 0, n/batchSize)
	entries := make([]metering.Entry, batchSize)
	for range n / batchSize {
		for i := range entries {
			e := w.event()
			day := usage.DateOf(e.Time)
			entries[i] = metering.Entry{ID: e.ID, CustomerID: e.CustomerID, Day: day, Amount: e.Amount, Time: e.Time, Due: day.End()}
		}
		start := time.Now()
		if _, err := store.Record(ctx, entries); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}

// measureIDs counts ids in the order of time and compares the last tenth with the second,
// since the first fills an empty file.
func measureIDs(ctx context.Context, dir string, n int) error {
	db, store, err := openSQLite(ctx, dir)
	if err != nil {
		return err
	}
	defer db.Close()
	defer store.Close()
	s, err := newSource(1)
	if err != nil {
		return err
	}
	took, err := fill(ctx, store, s.worker(1), n)
	if err != nil {
		return err
	}
	fmt.Printf("%d ids in the order of time, batches of %d, %s\n\n| ids | a batch, ms, median | events a second |\n|---|---|---|\n", n, batchSize, rounds.Machine())
	tenth := len(took) / 10
	for i := range 10 {
		part := took[i*tenth : (i+1)*tenth]
		total := time.Duration(0)
		for _, d := range part {
			total += d
		}
		fmt.Printf("| %d to %d | %.2f | %.0f |\n", i*tenth*batchSize, (i+1)*tenth*batchSize, float64(median(part).Microseconds())/1000, float64(tenth*batchSize)/total.Seconds())
	}
	slower := float64(median(took[9*tenth:]))/float64(median(took[tenth:2*tenth])) - 1
	info, err := os.Stat(dir + "/meter.db")
	if err != nil {
		return err
	}
	fmt.Printf("\n| | reached | to reach |\n|---|---|---|\n| slower at the end | %.0f %% | at most 20 %% |\n\n%.1f bytes an id\n", 100*slower, float64(info.Size())/float64(n))
	return nil
}

// measureSweep compares full load beside a sweep of n old ids, for as long as that takes,
// with full load alone for as long, in a store of twice as many.
func measureSweep(ctx context.Context, dir string, times, n int) error {
	const alone, beside = "64 goroutines alone", "64 goroutines beside a sweep"
	var swept atomic.Int64
	var took time.Duration // of the last sweep, the first of which comes first
	results, err := rounds.Run(times, []string{beside, alone}, func(name string) (float64, error) {
		return inFreshDirectory(dir, func(dir string) (rate float64, err error) {
			var offset atomic.Int64
			clock := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
			db, store, err := openSQLite(ctx, dir, sqlstore.WithClock(clock))
			if err != nil {
				return 0, err
			}
			defer db.Close()
			defer store.Close()
			s, err := newSource(1)
			if err != nil {
				return 0, err
			}
			w := s.worker(99)
			if _, err := fill(ctx, store, w, n); err != nil {
				return 0, err
			}
			offset.Store(int64(40 * 24 * time.Hour))
			s.start = clock()
			if _, err := fill(ctx, store, w, n); err != nil {
				return 0, err
			}
			meter, err := newMeter(ctx, store, s)
			if err != nil {
				return 0, err
			}
			count := func(ctx context.Context, events []metering.Event) error {
				_, err := meter.Record(ctx, events...)
				return err
			}
			if name == alone {
				return load(ctx, s, 64, 1, took, count)
			}
			var over atomic.Bool
			done := make(chan error, 1)
			start := time.Now()
			go func() {
				k, err := store.Sweep(ctx, clock().Add(-36*24*time.Hour))
				swept.Store(int64(k))
				over.Store(true)
				done <- err
			}()
			rate, err = loadUntil(ctx, s, 64, 1, over.Load, count)
			took = time.Since(start)
			return rate, errors.Join(err, <-done)
		})
	})
	if err != nil {
		return err
	}
	rate := func(r float64) float64 { return r }
	fmt.Printf("%d rounds, %d old ids among as many new ones, %d swept in each, the last one in %v, %s; medians\n\n", times, n, swept.Load(), took.Round(time.Second), rounds.Machine())
	results.Print(os.Stdout, rounds.Column[float64]{Title: "events a second", Of: rate})
	fmt.Printf("\n| | reached | to reach |\n|---|---|---|\n| a sweep costs | %.0f %% | at most 20 %% |\n\n", 100*(1-results.Ratio(beside, alone, rate)))
	return nil
}

// measureIdle runs a meter that has nothing to do.
func measureIdle(ctx context.Context, dir string, long time.Duration) error {
	db, store, err := openSQLite(ctx, dir)
	if err != nil {
		return err
	}
	defer db.Close()
	defer store.Close()
	s, err := newSource(1)
	if err != nil {
		return err
	}
	meter, err := newMeter(ctx, store, s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return err
	}
	allocated := allocations()
	if err := meter.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		return err
	}
	cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	fmt.Printf("%v of a meter that has nothing to do, %s\n\n| | reached | to reach |\n|---|---|---|\n| CPU | %.3f %% of a core | at most 0.1 %% |\n\n%d objects allocated\n",
		long, rounds.Machine(), 100*float64(cpu)/float64(long), allocations()-allocated)
	return nil
}

func allocations() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
