package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

const customers = 2000

// source makes events with ids in the order of time, of customers of whom a few are busy.
type source struct {
	n       atomic.Uint64
	names   []string
	amounts []decimal.Decimal
	start   time.Time
	process uint64 // tells processes apart
}

func newSource(process int) (*source, error) {
	s := &source{start: time.Now(), process: uint64(process)}
	for i := range customers {
		s.names = append(s.names, fmt.Sprintf("customer-%03d:resource-%d", i/2, i%2))
	}
	for i := range 100 {
		d, err := decimal.Parse(fmt.Sprintf("0.%02d", i))
		if err != nil {
			return nil, err
		}
		s.amounts = append(s.amounts, d)
	}
	return s, nil
}

// worker makes the events of one goroutine.
type worker struct {
	*source
	zipf *rand.Zipf
	r    *rand.Rand
}

func (s *source) worker(seed uint64) *worker {
	r := rand.New(rand.NewPCG(seed, s.process))
	return &worker{s, rand.NewZipf(r, 1.1, 1, customers-1), r}
}

// id is a UUID of version 7: the time, a counter, the process.
func (s *source) id() string {
	n := s.n.Add(1)
	ms := uint64(s.start.UnixMilli()) + n/1000
	var b [16]byte
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6], b[7] = 0x70, byte(n>>8)
	b[8], b[9] = 0x80, byte(n)
	b[10], b[15] = byte(s.process), byte(n>>16)
	var text [36]byte
	at := 0
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[at] = '-'
			at++
		}
		hex.Encode(text[at:], []byte{c})
		at += 2
	}
	return string(text[:])
}

func (w *worker) event() metering.Event {
	return metering.Event{
		ID: w.id(), CustomerID: w.names[w.zipf.Uint64()], Amount: w.amounts[w.r.IntN(len(w.amounts))], Time: w.start,
	}
}

// counter counts events, so many at once, and returns once they are durable.
type counter func(ctx context.Context, events []metering.Event) error

// load lets goroutines count for so long and returns the events a second.
func load(ctx context.Context, s *source, goroutines, size int, long time.Duration, count counter) (float64, error) {
	end := time.Now().Add(long)
	return loadUntil(ctx, s, goroutines, size, func() bool { return !time.Now().Before(end) }, count)
}

func loadUntil(ctx context.Context, s *source, goroutines, size int, over func() bool, count counter) (float64, error) {
	var total atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, goroutines)
	start := time.Now()
	for g := range goroutines {
		wg.Go(func() {
			w := s.worker(uint64(g))
			events := make([]metering.Event, size)
			for !over() {
				for i := range events {
					events[i] = w.event()
				}
				if errs[g] = count(ctx, events); errs[g] != nil {
					return
				}
				total.Add(int64(size))
			}
		})
	}
	wg.Wait()
	return float64(total.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

// newMeter makes one that counts for all customers of a source. It is never run: what is
// measured is counting.
func newMeter(ctx context.Context, store metering.Store, s *source) (*metering.Meter, error) {
	client, err := pacspace.New("pk_test_benchmark0000000000000000000")
	if err != nil {
		return nil, err
	}
	meter, err := metering.New(client, store)
	if err != nil {
		return nil, err
	}
	accounts := make([]usage.Account, len(s.names))
	for i, name := range s.names {
		accounts[i] = usage.Account{CustomerID: name, Resource: "requests", Unit: "request"}
	}
	return meter, meter.Bind(ctx, accounts...)
}

// countWith measures a meter over a store.
func countWith(ctx context.Context, store metering.Store, process, goroutines, size int, long time.Duration) (float64, error) {
	s, err := newSource(process)
	if err != nil {
		return 0, err
	}
	meter, err := newMeter(ctx, store, s)
	if err != nil {
		return 0, err
	}
	rate, err := load(ctx, s, goroutines, size, long, func(ctx context.Context, events []metering.Event) error {
		_, err := meter.Record(ctx, events...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return rate, requireSum(ctx, store, int64(s.n.Load()))
}

// requireSum holds the store to the number of events that were acknowledged.
func requireSum(ctx context.Context, store metering.Store, want int64) error {
	return store.View(ctx, func(tx metering.Tx) error {
		buckets, err := tx.Buckets(ctx, metering.BucketQuery{}, 2*customers)
		if err != nil {
			return err
		}
		got := int64(0)
		for _, b := range buckets {
			got += b.Count
		}
		if got != want {
			return fmt.Errorf("%d events were acknowledged and %d are counted", want, got)
		}
		return nil
	})
}
