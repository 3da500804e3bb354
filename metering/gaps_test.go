package metering_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

// full is a store whose disk is full for some commits.
type full struct {
	*slow
	mu    sync.Mutex
	fails int
}

var errFull = errors.New("disk full")

func (f *full) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	out, err := f.slow.Record(ctx, entries)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fails > 0 && err == nil {
		f.fails-- // stored, and the answer says that it is not: the worst of both
		return nil, errFull
	}
	return out, err
}

func TestACommitThatFailsIsAnErrorToAllWhoSharedIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slow{Store: memstore.New(time.Now), gate: make(chan struct{})}
		broken := &full{slow: store, fails: 2}
		client, err := pacspace.New("pk_test_id.secret")
		require.NoError(t, err)
		m, err := metering.New(client, broken, metering.WithAccounts("requests", "request"))
		require.NoError(t, err)
		var failed []metering.Event
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				e := event(fmt.Sprint(i), "acme", "1", time.Now())
				if _, err := m.Record(t.Context(), e); err != nil {
					mu.Lock()
					defer mu.Unlock()
					require.ErrorIs(t, err, errFull)
					failed = append(failed, e)
				}
			})
		}
		synctest.Wait() // one commit is under way, all others share the next
		close(store.gate)
		wg.Wait()
		require.Len(t, failed, 300)
		got, err := m.Record(t.Context(), failed...)
		require.NoError(t, err)
		require.Len(t, got, 300)
		for b, err := range m.Days(t.Context(), metering.BucketQuery{}) {
			require.NoError(t, err)
			require.Equal(t, "300", b.Open.String())
		}
		_, err = m.Close(t.Context())
		require.NoError(t, err)
	})
}

func TestLateUsageWaitsWhateverHoldsTheDaysFirstDelta(t *testing.T) {
	t.Parallel()
	for state, f := range map[metering.State]sandbox.Fault{
		metering.StateFrozen:  {Path: deltaPath, Status: 402},
		metering.StateUnknown: {Path: deltaPath, Status: 503},
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			r := due(t, 1)
			f.Times = -1
			remove := r.box.Inject(f)
			r.flush()
			r.record("late", "customer-000", "3", noon)
			r.clock.Advance(2 * time.Hour)
			s := r.flush()
			require.Equal(t, 1, s.Count(state))
			require.Equal(t, 1, s.Due)
			require.Len(t, r.rows(), 1)
			held := r.log.of(metering.ChangeHeld)
			require.NotEmpty(t, held)
			require.ErrorContains(t, held[0].Err, "usage:customer-000:2026-02-03: is "+string(state))
			remove()
			r.settle()
			require.Equal(t, append(wantAll(1), "usage:customer-000:2026-02-03:late-1 -3"), r.recorded())
		})
	}
}

// What an earlier version froze is sent as it stands, though this one would write it
// otherwise: its key knows those bytes.
func TestBytesOfAnEarlierVersionAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, customers := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d customers", customers), func(t *testing.T) {
			t.Parallel()
			r := due(t, customers)
			r.box.Inject(sandbox.Fault{Method: http.MethodPost, Status: 401})
			r.flush() // frozen by now, and not taken
			older := func(body []byte) []byte {
				require.Contains(t, string(body), `"reason":"daily_usage_flush:`)
				return []byte(strings.ReplaceAll(string(body), `"reason":"daily_usage_flush:`, `"reason":"older_version:`))
			}
			var want string
			require.NoError(t, r.store.Update(t.Context(), func(tx metering.Tx) error {
				deltas, err := tx.Deltas(t.Context(), metering.DeltaQuery{}, 10)
				require.NoError(t, err)
				require.Len(t, deltas, customers)
				for i := range deltas {
					deltas[i].Body = older(deltas[i].Body)
					require.NoError(t, tx.PutDelta(t.Context(), &deltas[i]))
				}
				b, err := tx.Batch(t.Context(), deltas[0].BatchID)
				require.NoError(t, err)
				b.Body = older(b.Body)
				want = string(b.Body)
				return tx.PutBatch(t.Context(), b)
			}))
			r.box.Inject(sandbox.Fault{Method: http.MethodPost, Drop: true, AfterWrite: true})
			r.settle()
			require.Equal(t, wantAll(customers), r.recorded())
			w := r.writes()[1:]
			require.Len(t, w, 2)
			for _, sent := range w {
				require.Equal(t, want, string(sent.Body))
				require.Equal(t, w[0].IdempotencyKey, sent.IdempotencyKey)
			}
			for d, err := range r.meter.Deltas(t.Context(), metering.DeltaQuery{}) {
				require.NoError(t, err)
				require.Equal(t, metering.StateVerified, d.State)
			}
		})
	}
}

func TestAnAnswerInProgressIsAskedForAgainOverARestart(t *testing.T) {
	t.Parallel()
	for _, customers := range []int{1, 3} {
		r := due(t, customers, sandbox.ReferencesRepeat(), sandbox.Delays(0, 5*time.Hour)) // not listed meanwhile
		r.box.Inject(sandbox.Fault{Method: http.MethodPost, Pending: true, Times: 3})
		for i := range 3 {
			require.Equal(t, customers, r.flush().Count(metering.StateUnknown))
			require.Len(t, r.writes(), i+1, "nobody waits for it, and each look counts for the pace")
			r.meter = r.newMeter(r.store)
			r.clock.Advance(20 * time.Minute)
		}
		r.settle()
		require.Equal(t, wantAll(customers), r.recorded())
		w := r.writes()
		for _, again := range w[1:] {
			require.Equal(t, w[0].IdempotencyKey, again.IdempotencyKey)
			require.Equal(t, string(w[0].Body), string(again.Body))
		}
	}
}

// A refusal says what became of its own attempt, and nothing of an earlier one.
func TestWhatIsUnknownStaysSoThoughALaterAttemptIsRefused(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 402, 403, 404, 412, 413, 422, 429} {
		for _, customers := range []int{1, 3} {
			t.Run(fmt.Sprintf("%d, %d customers", status, customers), func(t *testing.T) {
				t.Parallel()
				// Keys alone de-duplicate, and what was recorded is listed only after days.
				r := due(t, customers, sandbox.ReferencesRepeat(), sandbox.Delays(0, 100*time.Hour))
				r.box.Inject(sandbox.Fault{Method: http.MethodPost, Drop: true, AfterWrite: true})
				r.flush()
				r.clock.Advance(time.Minute)
				remove := r.box.Inject(sandbox.Fault{Method: http.MethodPost, Status: status, Times: -1})
				for range 3 {
					require.Equal(t, customers, r.flush().Count(metering.StateUnknown))
					r.clock.Advance(time.Hour)
				}
				remove()
				require.Equal(t, customers, r.flush().Count(metering.StateConfirmed))
				require.Equal(t, wantAll(customers), r.recorded())
				w := r.writes()
				require.Len(t, w, 5)
				for _, again := range w[1:] {
					require.Equal(t, w[0].IdempotencyKey, again.IdempotencyKey)
					require.Equal(t, string(w[0].Body), string(again.Body))
				}
			})
		}
	}
}

func TestAnAnswerThatTheReferenceWasThereConfirms(t *testing.T) {
	t.Parallel()
	for _, customers := range []int{1, 3} {
		// The key is forgotten when the request comes again, so that the reference answers.
		r := due(t, customers, sandbox.KeysExpireAfter(time.Second), sandbox.Delays(0, time.Hour))
		r.box.Inject(sandbox.Fault{Method: http.MethodPost, Drop: true, AfterWrite: true})
		require.Equal(t, customers, r.flush().Count(metering.StateUnknown))
		r.clock.Advance(time.Minute)
		require.Equal(t, customers, r.flush().Count(metering.StateConfirmed))
		require.Len(t, r.writes(), 2)
		r.settle()
		require.Equal(t, wantAll(customers), r.recorded())
		s, err := r.meter.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, customers, s.Count(metering.StateVerified))
	}
}
