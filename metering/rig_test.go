package metering_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
)

var (
	day  = usage.NewDate(2026, time.February, 3)
	noon = time.Date(2026, time.February, 3, 12, 0, 0, 0, time.UTC)
)

const (
	deltaPath = "/api/v1/balance/delta"
	batchPath = "/api/v1/balance/delta/batch"
)

// rig is a meter over a store in memory and a sandbox, which share one clock that stands
// until it is moved.
type rig struct {
	*testing.T
	clock *sandbox.Clock
	box   *sandbox.Server
	store metering.Store
	meter *metering.Meter
	log   *changes
}

// changes are what an observer was told.
type changes struct {
	mu   sync.Mutex
	list []metering.Change
}

func (c *changes) observe(_ context.Context, change metering.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, change)
}

func (c *changes) of(kind metering.ChangeKind) []metering.Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.list), func(c metering.Change) bool { return c.Kind != kind })
}

// newRig makes a rig at noon of the day, whose accounts need not be bound.
func newRig(t *testing.T, options ...any) *rig {
	t.Helper()
	r := &rig{T: t, clock: sandbox.NewClock(noon), log: &changes{}}
	boxOptions := []sandbox.Option{sandbox.WithClock(r.clock.Now)}
	var meterOptions []metering.Option
	for _, o := range options {
		switch o := o.(type) {
		case sandbox.Option:
			boxOptions = append(boxOptions, o)
		case metering.Option:
			meterOptions = append(meterOptions, o)
		default:
			t.Fatalf("%T is no option of a rig", o)
		}
	}
	r.box = sandbox.Start(t, boxOptions...)
	r.store = memstore.New(r.clock.Now)
	r.meter = r.newMeter(r.store, meterOptions...)
	return r
}

// client calls the rig's sandbox, through a transport where one is given.
func (r *rig) client(through http.RoundTripper) *pacspace.Client {
	r.Helper()
	options := []pacspace.Option{pacspace.WithBaseURL(r.box.URL), pacspace.WithMaxRetries(0), pacspace.WithClock(r.clock.Now)}
	if through != nil {
		options = append(options, pacspace.WithHTTPClient(&http.Client{Transport: through}))
	}
	client, err := pacspace.New(r.box.Key, options...)
	require.NoError(r, err)
	r.Cleanup(func() { client.Close() })
	return client
}

// newMeter makes a further meter on a store, which closes days as soon as their grace of an
// hour is over.
func (r *rig) newMeter(store metering.Store, options ...metering.Option) *metering.Meter {
	r.Helper()
	return r.newMeterOf(r.client(nil), store, options...)
}

func (r *rig) newMeterOf(client *pacspace.Client, store metering.Store, options ...metering.Option) *metering.Meter {
	r.Helper()
	m, err := metering.New(client, store, append([]metering.Option{
		metering.WithAccounts("compute-minutes", "minute"),
		metering.WithSpread(0),
		metering.WithRequestsPerMinute(600),
		metering.WithObserver(r.log.observe),
		metering.WithSleep(func(ctx context.Context, d time.Duration) error {
			r.clock.Advance(d)
			return ctx.Err()
		}),
	}, options...)...)
	require.NoError(r, err)
	r.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, _ = m.Close(ctx) // the goroutine ends; what is unsent is another test's affair
	})
	return m
}

// record counts an event of a customer at a time.
func (r *rig) record(id, customer, amount string, at time.Time) {
	r.Helper()
	got, err := r.meter.Record(r.Context(), event(id, customer, amount, at))
	require.NoError(r, err)
	require.Equal(r, []metering.Recorded{metering.RecordedNew}, got)
}

func event(id, customer, amount string, at time.Time) metering.Event {
	return metering.Event{ID: id, CustomerID: customer, Amount: storetest.Dec(amount), Time: at}
}

// over moves the clock past the day's end and grace.
func (r *rig) over() { r.clock.Set(day.End().Add(time.Hour + time.Second)) }

// flush flushes and tolerates what is unsent.
func (r *rig) flush() *metering.Status {
	r.Helper()
	s, err := r.meter.Flush(r.Context())
	if err != nil {
		require.ErrorAs(r, err, new(*metering.UnsentError))
	}
	return s
}

// settle lets time pass and flushes until nothing is under way any more.
func (r *rig) settle() {
	r.Helper()
	for range 400 {
		s := r.flush()
		if s.Due+s.Count(metering.StateFrozen)+s.Count(metering.StateSent)+s.Count(metering.StateUnknown)+s.Count(metering.StateConfirmed) == 0 {
			return
		}
		r.clock.Advance(5 * time.Minute)
	}
	r.Fatalf("not settled: %v", r.rows())
}

// rows are the outbox's deltas with their states, by reference.
func (r *rig) rows() []string {
	r.Helper()
	out := []string{}
	for d, err := range r.meter.Deltas(r.Context(), metering.DeltaQuery{}) {
		require.NoError(r, err)
		text := fmt.Sprintf("%s %s %s", d.ReferenceID, d.Amount, d.State)
		if d.ErrorCode != "" {
			text += " " + d.ErrorCode
		}
		out = append(out, text)
	}
	return out
}

// recorded are the deltas that the service holds and did not fail, with their references,
// in the order of their references.
func (r *rig) recorded() []string {
	r.Helper()
	r.box.Settle()
	out := []string{}
	for _, d := range r.box.Recorded(sandbox.Test, "") {
		if d.Status != "FAILED" {
			out = append(out, fmt.Sprintf("%s %s", d.ReferenceID, d.Delta))
		}
	}
	slices.Sort(out)
	return out
}

// writes are the requests that write, as method and status with their keys.
func (r *rig) writes() []sandbox.Request {
	return slices.DeleteFunc(r.box.Requests(), func(q sandbox.Request) bool {
		return q.Path != deltaPath && q.Path != batchPath
	})
}

func totals(list ...metering.Total) iter.Seq2[metering.Total, error] {
	return func(yield func(metering.Total, error) bool) {
		for _, t := range list {
			if !yield(t, nil) {
				return
			}
		}
	}
}
