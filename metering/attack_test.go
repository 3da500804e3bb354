package metering_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

// repeating runs each transaction twice, as a store does after a deadlock, and undoes the
// first run.
type repeating struct{ metering.Store }

func (s repeating) Update(ctx context.Context, fn func(metering.Tx) error) error {
	undo := errors.New("undone")
	err := s.Store.Update(ctx, func(tx metering.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return undo
	})
	if errors.Is(err, undo) {
		return s.Store.Update(ctx, fn)
	}
	return err
}

func TestAStoreThatRunsEachTransactionTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	run := func(wrap func(metering.Store) metering.Store) (recorded, rows []string, told int) {
		r := newRig(t, sandbox.ReferencesRepeat())
		r.store = wrap(r.store)
		r.meter = r.newMeter(r.store)
		for i := range 5 {
			r.record(fmt.Sprint(i), fmt.Sprintf("customer-%03d", i), fmt.Sprint(i+1), noon)
		}
		_, err := r.meter.Submit(t.Context(), day, totals(metering.Total{CustomerID: "total", Amount: storetest.Dec("9")}))
		require.NoError(t, err)
		r.over()
		for _, f := range []sandbox.Fault{
			{Path: batchPath, Drop: true, AfterWrite: true}, {Path: batchPath, Skip: 1, Status: 422}, {Path: deltaPath, Status: 422},
		} {
			r.box.Inject(f)
		}
		r.settle()
		r.record("late", "customer-004", "7", noon)
		r.clock.Advance(2 * time.Hour)
		r.settle()
		for d, err := range r.meter.Parked(t.Context()) {
			require.NoError(t, err)
			_, err := r.meter.Retry(t.Context(), d.ReferenceID, metering.RetryParams{Reason: "again"})
			require.NoError(t, err)
		}
		r.settle()
		return r.recorded(), r.rows(), len(r.log.of(metering.ChangeState))
	}
	recorded, rows, told := run(func(s metering.Store) metering.Store { return s })
	again, rowsAgain, toldAgain := run(func(s metering.Store) metering.Store { return repeating{s} })
	require.Len(t, recorded, 7)
	require.Equal(t, recorded, again)
	require.Equal(t, rows, rowsAgain)
	require.Equal(t, told, toldAgain, "nobody is told twice")
}

// A store that hangs must not hold Close past its context, whoever waits for a place in the
// queue.
func TestCloseEndsWithItsContextThoughTheStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, _ := newSlow(t) // its gate never opens
		closed := make(chan error, 3000)
		for i := range cap(closed) {
			go func() {
				_, err := m.Record(context.Background(), event(fmt.Sprint(i), "acme", "1", time.Now()))
				closed <- err
			}()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := m.Close(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, time.Since(began), time.Second)
		refused := 0
		for range cap(closed) {
			if err := <-closed; errors.Is(err, metering.ErrClosed) {
				refused++
			} else {
				require.Error(t, err)
			}
		}
		require.Positive(t, refused, "who had no place yet is told")
	})
}

// Nobody waits for ever for a meter that is closed under him, and nothing is both refused
// and counted.
func TestEventsThatRaceWithCloseAreCountedOrRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, store := newSlow(t)
		close(store.gate)
		results := make(chan error, 4000)
		for i := range cap(results) {
			go func() {
				_, err := m.Record(context.Background(), event(fmt.Sprint(i), "acme", "1", time.Now()))
				results <- err
			}()
		}
		_, err := m.Close(t.Context())
		require.NoError(t, err)
		counted := int64(0)
		for range cap(results) {
			if err := <-results; err == nil {
				counted++
			} else {
				require.ErrorIs(t, err, metering.ErrClosed)
			}
		}
		var stored int64
		for b, err := range m.Days(t.Context(), metering.BucketQuery{}) {
			require.NoError(t, err)
			stored += b.Count
		}
		require.Equal(t, counted, stored)
	})
}

// wrongly answers for fewer events than it was given.
type wrongly struct{ metering.Store }

func (s wrongly) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	out, err := s.Store.Record(ctx, entries)
	return out[:max(len(out)-1, 0)], err
}

func TestAStoreThatAnswersForOtherEventsAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := r.newMeter(wrongly{memstore.New(r.clock.Now)})
	_, err := m.Record(t.Context(), event("a", "acme", "1", noon), event("b", "acme", "1", noon))
	require.ErrorContains(t, err, "answered for 1 of 2 events")
}
