package metering_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

// open is what is open in a customer's day.
func (r *rig) open(customer string, day usage.Date) string {
	r.Helper()
	for b, err := range r.meter.Days(r.Context(), metering.BucketQuery{CustomerID: customer, From: day, To: day}) {
		require.NoError(r, err)
		return b.Open.String()
	}
	return "none"
}

func TestAnEventCountsOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "1.5", noon)
	got, err := r.meter.Record(t.Context(), event("a", "acme", "1.5", noon), event("b", "acme", "2", noon), event("b", "acme", "2", noon))
	require.NoError(t, err)
	require.Equal(t, []metering.Recorded{metering.RecordedDuplicate, metering.RecordedNew, metering.RecordedDuplicate}, got)
	require.Equal(t, "3.5", r.open("acme", day))
}

func TestAnIDNamesOneEvent(t *testing.T) {
	t.Parallel()
	first := event("a", "acme", "1.5", noon)
	first.Dimensions = map[string]string{"plan": "basic"}
	for name, change := range map[string]func(*metering.Event){
		"another amount":                  func(e *metering.Event) { e.Amount = storetest.Dec("2") },
		"another account":                 func(e *metering.Event) { e.CustomerID = "globex" },
		"another time of the day":         func(e *metering.Event) { e.Time = noon.Add(time.Nanosecond) },
		"another day":                     func(e *metering.Event) { e.Time = noon.Add(-24 * time.Hour) },
		"another dimension":               func(e *metering.Event) { e.Dimensions = map[string]string{"plan": "growth"} },
		"a dimension more":                func(e *metering.Event) { e.Dimensions = map[string]string{"plan": "basic", "x": ""} },
		"a dimension that moves a letter": func(e *metering.Event) { e.Dimensions = map[string]string{"planb": "asic"} },
	} {
		t.Run(name+" is a conflict, and all others count", func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			_, err := r.meter.Record(t.Context(), first)
			require.NoError(t, err)
			other := first
			change(&other)
			got, err := r.meter.Record(t.Context(), other, event("b", "acme", "2", noon))
			require.Equal(t, []metering.Recorded{metering.RecordedConflict, metering.RecordedNew}, got)
			conflict := new(metering.ConflictError)
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, []string{"a"}, conflict.IDs)
			require.ErrorIs(t, err, pacspace.ErrConflict)
			require.Equal(t, "3.5", r.open("acme", day))
		})
	}
	t.Run("the same instant and amount written otherwise are the same event", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		_, err := r.meter.Record(t.Context(), first)
		require.NoError(t, err)
		same := first
		same.Amount, same.Time = storetest.Dec("15e-1"), noon.In(time.FixedZone("", 19800))
		got, err := r.meter.Record(t.Context(), same)
		require.NoError(t, err)
		require.Equal(t, []metering.Recorded{metering.RecordedDuplicate}, got)
	})
}

func TestADayIsTheUTCDay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	kolkata := time.FixedZone("", 19800)
	for i, at := range []time.Time{
		time.Date(2026, 2, 2, 23, 59, 59, 999999999, time.UTC),
		time.Date(2026, 2, 3, 5, 29, 59, 0, kolkata), // still the 2nd in UTC
		time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 2, 3, 5, 30, 0, 0, kolkata),
	} {
		r.record(fmt.Sprint(i), "acme", "1", at)
	}
	require.Equal(t, "2", r.open("acme", day.AddDays(-1)))
	require.Equal(t, "2", r.open("acme", day))
}

func TestAnEventThatBreaksARuleIsRefusedWithItsCall(t *testing.T) {
	t.Parallel()
	good := event("good", "acme", "1", noon)
	many := map[string]string{}
	for i := range metering.MaxDimensions + 1 {
		many[fmt.Sprint(i)] = ""
	}
	large := map[string]string{} // as large as may be, in bytes
	for i := range 16 {
		large[fmt.Sprintf("%02d", i)] = strings.Repeat("é", metering.MaxDimensionBytes/16/2-1)
	}
	for rule, change := range map[string]func(*metering.Event){
		"id must be":                       func(e *metering.Event) { e.ID = "" },
		"id must be 1 to 255":              func(e *metering.Event) { e.ID = strings.Repeat("x", metering.MaxEventID+1) },
		"without control characters":       func(e *metering.Event) { e.ID = "a\nb" },
		"of UTF-8":                         func(e *metering.Event) { e.ID = "a\xff" },
		"customerId: ":                     func(e *metering.Event) { e.CustomerID = "a b" },
		"time must be given":               func(e *metering.Event) { e.Time = time.Time{} },
		"years 0001 to 9999":               func(e *metering.Event) { e.Time = time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC) },
		"lies more than 5m0s ahead":        func(e *metering.Event) { e.Time = noon.Add(metering.FutureBound + 1) },
		"is older than the lateness":       func(e *metering.Event) { e.Time = noon.Add(-metering.DefaultLateness - 1) },
		"amount must be between":           func(e *metering.Event) { e.Amount = storetest.Dec("1000000000000.1") },
		"amount must have at most 40":      func(e *metering.Event) { e.Amount = storetest.Dec("0." + strings.Repeat("1", 63)) },
		"dimensions must be at most":       func(e *metering.Event) { e.Dimensions = many },
		`"resource" is the account's`:      func(e *metering.Event) { e.Dimensions = map[string]string{"resource": "x"} },
		"a name must be 1 to 64":           func(e *metering.Event) { e.Dimensions = map[string]string{"": "x"} },
		"at most 4096 bytes together":      func(e *metering.Event) { e.Dimensions = maps.Clone(large); e.Dimensions["00"] += "x" },
		`the value of "x" must be at most`: func(e *metering.Event) { e.Dimensions = map[string]string{"x": strings.Repeat("y", 257)} },
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			bad := event("bad", "acme", "1", noon)
			change(&bad)
			_, err := r.meter.Record(t.Context(), good, bad)
			refused := new(metering.EventError)
			require.ErrorAs(t, err, &refused)
			require.Equal(t, 1, refused.Index)
			require.Contains(t, err.Error(), rule)
			require.NotContains(t, err.Error(), "\n")
			require.ErrorIs(t, err, pacspace.ErrInvalid)
			require.Equal(t, "none", r.open("acme", day))
		})
	}
	t.Run("the bounds of time themselves are in", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.record("future", "acme", "1", noon.Add(metering.FutureBound))
		r.record("past", "acme", "1", noon.Add(-metering.DefaultLateness))
	})
	t.Run("and so are those of dimensions", func(t *testing.T) {
		t.Parallel()
		e := event("large", "acme", "1", noon)
		e.Dimensions = large
		r := newRig(t)
		_, err := r.meter.Record(t.Context(), e)
		require.NoError(t, err)
	})
	t.Run("too many events in a call are refused", func(t *testing.T) {
		t.Parallel()
		_, err := newRig(t).meter.Record(t.Context(), make([]metering.Event, metering.MaxEvents+1)...)
		require.ErrorIs(t, err, pacspace.ErrInvalid)
	})
	t.Run("an event that breaks a rule does not harm the calls that share its commit", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		var wg sync.WaitGroup
		var refused, counted atomic.Int32
		for i := range 40 {
			wg.Go(func() {
				e := event(fmt.Sprint(i), "acme", "1", noon)
				if i%4 == 0 {
					e.Time = noon.Add(time.Hour)
				}
				if _, err := r.meter.Record(t.Context(), e); err != nil {
					refused.Add(1)
				} else {
					counted.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 10, refused.Load())
		require.EqualValues(t, 30, counted.Load())
		require.Equal(t, "30", r.open("acme", day))
	})
}

func TestABalanceHasOneUnit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	minutes := usage.Account{CustomerID: "acme", Resource: "gpu-minutes", Unit: "minute"}
	require.NoError(t, r.meter.Bind(ctx, minutes))
	require.NoError(t, r.meter.Bind(ctx, minutes))
	other := minutes
	other.Unit = "second"
	err := r.meter.Bind(ctx, usage.Account{CustomerID: "globex", Resource: "x", Unit: "y"}, other)
	bound := new(metering.AccountError)
	require.ErrorAs(t, err, &bound)
	require.Equal(t, minutes, bound.Bound)
	require.Contains(t, err.Error(), "acme:gpu-minutes")
	require.NoError(t, r.meter.Bind(ctx, usage.Account{CustomerID: "globex", Resource: "other", Unit: "y"}), "all are bound, or none")
	require.ErrorIs(t, r.meter.Bind(ctx, usage.Account{CustomerID: "x", Resource: "", Unit: "y"}), pacspace.ErrInvalid)

	strict, err := metering.New(r.client(nil), memstore.New(r.clock.Now))
	require.NoError(t, err)
	defer strict.Close(ctx)
	_, err = strict.Record(ctx, event("a", "acme", "1", noon))
	require.ErrorAs(t, err, &bound)
	require.Contains(t, err.Error(), "call Bind, or give WithAccounts")
	require.NoError(t, strict.Bind(ctx, minutes))
	_, err = strict.Record(ctx, event("a", "acme", "1", noon))
	require.NoError(t, err)
}

// slow is a store whose commits wait until they are let go.
type slow struct {
	metering.Store
	gate    chan struct{}
	commits atomic.Int32
}

func (s *slow) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	s.commits.Add(1)
	select {
	case <-s.gate:
		return s.Store.Record(ctx, entries)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// newSlow makes a meter over a slow store within a bubble of package synctest.
func newSlow(t *testing.T) (*metering.Meter, *slow) {
	store := &slow{Store: memstore.New(time.Now), gate: make(chan struct{})}
	client, err := pacspace.New("pk_test_id.secret")
	require.NoError(t, err)
	m, err := metering.New(client, store, metering.WithAccounts("requests", "request"))
	require.NoError(t, err)
	return m, store
}

func TestManyCallersShareACommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, store := newSlow(t)
		ctx := t.Context()
		var wg sync.WaitGroup
		var counted atomic.Int32
		for i := range 500 {
			wg.Go(func() {
				if _, err := m.Record(ctx, event(fmt.Sprint(i), "acme", "1", time.Now())); err == nil {
					counted.Add(1)
				}
			})
		}
		synctest.Wait()
		require.EqualValues(t, 1, store.commits.Load(), "the first commit is under way, all others wait")
		require.Zero(t, counted.Load(), "nothing is acknowledged before it is durable")
		close(store.gate)
		wg.Wait()
		require.EqualValues(t, 500, counted.Load())
		require.LessOrEqual(t, store.commits.Load(), int32(3))
		_, err := m.Close(ctx)
		require.NoError(t, err)
	})
}

func TestAContextThatEndsWhileEventsWait(t *testing.T) {
	t.Parallel()
	t.Run("leaves the outcome unknown, and a retry counts once", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m, store := newSlow(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			e := event("a", "acme", "1", time.Now())
			_, err := m.Record(ctx, e)
			require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			close(store.gate)
			got, err := m.Record(t.Context(), e)
			require.NoError(t, err)
			require.Equal(t, []metering.Recorded{metering.RecordedDuplicate}, got)
			_, err = m.Close(t.Context())
			require.NoError(t, err)
		})
	})
	t.Run("says that nothing was stored where the queue was full", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m, store := newSlow(t)
			var wg sync.WaitGroup
			var unknown, refused atomic.Int32
			for i := range 7000 {
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					_, err := m.Record(ctx, event(fmt.Sprint(i), "acme", "1", time.Now()))
					if errors.Is(err, pacspace.ErrOutcomeUnknown) {
						unknown.Add(1)
					} else if errors.Is(err, context.DeadlineExceeded) {
						refused.Add(1)
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, 7000, unknown.Load()+refused.Load())
			require.Positive(t, refused.Load(), "the queue is bounded")
			close(store.gate)
			_, err := m.Close(t.Context())
			require.NoError(t, err)
			var counted int64
			for b, err := range m.Days(t.Context(), metering.BucketQuery{}) {
				require.NoError(t, err)
				counted += b.Count
			}
			require.EqualValues(t, unknown.Load(), counted)
		})
	})
}

func TestAClosedMeterTakesNothingMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "1", noon)
	_, err := r.meter.Close(t.Context())
	require.NoError(t, err, "an open day is nothing unsent")
	_, err = r.meter.Record(t.Context(), event("b", "acme", "1", noon))
	require.ErrorIs(t, err, metering.ErrClosed)
	_, err = r.meter.Submit(t.Context(), day, totals())
	require.ErrorIs(t, err, metering.ErrClosed)
	_, err = r.meter.Close(t.Context())
	require.ErrorIs(t, err, metering.ErrClosed)
	require.NoError(t, r.meter.Run(t.Context()))
}

func TestOldIDsAreForgottenOnlyOnceNoEventCanComeWithThem(t *testing.T) {
	t.Parallel()
	r := newRig(t, metering.WithLateness(48*time.Hour))
	r.record("a", "acme", "1", noon.Add(metering.FutureBound))
	r.clock.Advance(48*time.Hour + metering.FutureBound)
	r.flush()
	got, err := r.meter.Record(t.Context(), event("a", "acme", "1", noon.Add(metering.FutureBound)))
	require.NoError(t, err)
	require.Equal(t, []metering.Recorded{metering.RecordedDuplicate}, got)
	r.clock.Advance(25 * time.Hour)
	r.flush()
	require.Equal(t, 1, r.log.of(metering.ChangeSwept)[0].Count)
	_, err = r.meter.Record(t.Context(), event("a", "acme", "1", noon.Add(metering.FutureBound)))
	require.ErrorAs(t, err, new(*metering.EventError), "an event whose id was forgotten is too old itself")
}

func TestAStoreBelongsToOneEnvironment(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	live, err := pacspace.New(r.box.Sandbox.Key("live"), pacspace.WithBaseURL(r.box.URL))
	require.NoError(t, err)
	_, err = metering.New(live, r.store)
	require.ErrorContains(t, err, "belongs to environment test, the client's key to live")
	unknown, err := pacspace.New("", pacspace.WithKeySource(func(context.Context) (string, error) { return "pk_test_a.b", nil }))
	require.NoError(t, err)
	_, err = metering.New(unknown, r.store)
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	_, err = metering.New(nil, nil)
	require.ErrorIs(t, err, pacspace.ErrInvalid)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for rule, option := range map[string]metering.Option{
		"metering: resource: must be":                  metering.WithAccounts("", "minute"),
		"metering: unit: must be":                      metering.WithAccounts("minutes", strings.Repeat("x", 65)),
		"metering: WithGrace: must be between":         metering.WithGrace(-1),
		"metering: New: an option is nil":              nil,
		"metering: WithLateness: must be between":      metering.WithLateness(time.Minute),
		"metering: WithLogger: the logger is nil":      metering.WithLogger(nil),
		"metering: WithSpread: must be between":        metering.WithSpread(21 * time.Hour),
		"metering: WithRequestsPerMinute: must be 1":   metering.WithRequestsPerMinute(0),
		"metering: WithKeyLifetime: must be":           metering.WithKeyLifetime(0),
		"must not exceed 20h0m0s together, are 20h15m": metering.WithGrace(20 * time.Hour),
	} {
		_, err := metering.New(r.client(nil), memstore.New(r.clock.Now), option)
		require.ErrorContains(t, err, rule)
	}
}
