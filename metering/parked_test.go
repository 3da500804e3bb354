package metering_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestAKeyThatKnowsAnotherBody(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	// Somebody else sent other bytes under the delta's reference, and they were recorded.
	other, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{
		CustomerID: "customer-000", Delta: storetest.Dec("-1"), Reason: "by hand", ReferenceID: "usage:customer-000:2026-02-03",
	})
	require.NoError(t, err)
	r.clock.Advance(time.Second)
	t.Run("is confirmed where the service lists the same delta", func(t *testing.T) {
		r.settle()
		for d, err := range r.meter.Deltas(t.Context(), metering.DeltaQuery{}) {
			require.NoError(t, err)
			require.Equal(t, metering.StateVerified, d.State)
			require.Equal(t, other.RecordID, d.RecordID)
		}
		require.Equal(t, wantAll(1), r.recorded())
	})
	t.Run("is parked where it lists another amount", func(t *testing.T) {
		r := due(t, 1)
		_, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{
			CustomerID: "customer-000", Delta: storetest.Dec("-7"), Reason: "by hand", ReferenceID: "usage:customer-000:2026-02-03",
		})
		require.NoError(t, err)
		r.clock.Advance(time.Second)
		r.settle()
		require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 parked REFERENCE_CONFLICT"}, r.rows())
		_, err = r.meter.Retry(t.Context(), "usage:customer-000:2026-02-03", metering.RetryParams{Reason: "it was a mistake"})
		require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
		again, err := r.meter.Retry(t.Context(), "usage:customer-000:2026-02-03", metering.RetryParams{Reason: "the other one was a credit", NotRecorded: true})
		require.NoError(t, err)
		require.Equal(t, "usage:customer-000:2026-02-03:again-1", again.ReferenceID)
		r.settle()
		require.Equal(t, []string{"usage:customer-000:2026-02-03 -7", "usage:customer-000:2026-02-03:again-1 -1"}, r.recorded())
	})
}

func TestAReferenceThatSomebodyElseUsedIsNeverTakenForOurs(t *testing.T) {
	t.Parallel()
	// A service that tells no amounts leaves nothing in its answer to compare.
	silent := answering(func(data map[string]any) {
		delete(data, "delta")
		results, _ := data["results"].([]any)
		for _, r := range results {
			delete(r.(map[string]any), "delta")
		}
	})
	for _, customers := range []int{1, 3} {
		for name, c := range map[string]struct {
			through http.RoundTripper
			options []any
		}{
			"refused":                         {},
			"answered with the other delta":   {options: []any{sandbox.ReferencesNotCompared()}},
			"answered without ids":            {options: []any{sandbox.ReferencesNotCompared(), sandbox.BatchWithoutIDs()}},
			"answered without amounts":        {silent, []any{sandbox.ReferencesNotCompared()}},
			"answered without amounts or ids": {silent, []any{sandbox.ReferencesNotCompared(), sandbox.BatchWithoutIDs()}},
		} {
			t.Run(fmt.Sprintf("%s, %d customers", name, customers), func(t *testing.T) {
				t.Parallel()
				r := due(t, customers, c.options...)
				_, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{
					CustomerID: "customer-000", Delta: storetest.Dec("-7"), Reason: "by hand", ReferenceID: "usage:customer-000:2026-02-03",
				}, pacspace.WithIdempotencyKey("another"))
				require.NoError(t, err)
				if c.through != nil {
					r.meter = r.newMeterOf(r.client(c.through), r.store)
				}
				r.settle()
				require.Equal(t, "usage:customer-000:2026-02-03 -1 parked REFERENCE_CONFLICT", r.rows()[0])
				s, err := r.meter.Status(t.Context())
				require.NoError(t, err)
				require.Equal(t, customers-1, s.Count(metering.StateVerified))
			})
		}
	}
}

func TestAnOutcomeUnknownPastTheKeysAge(t *testing.T) {
	t.Parallel()
	t.Run("is confirmed where the service lists the delta", func(t *testing.T) {
		t.Parallel()
		r := due(t, 3)
		r.box.Inject(sandbox.Fault{Path: batchPath, Drop: true, AfterWrite: true})
		r.flush()
		n := len(r.writes())
		r.clock.Advance(pacspace.KeyLifetime)
		r.settle()
		require.Len(t, r.writes(), n, "nothing is sent again")
		require.Equal(t, wantAll(3), r.recorded())
	})
	t.Run("is parked where it does not, and goes out once a person says so", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1, sandbox.ReferencesRepeat())
		r.box.Inject(sandbox.Fault{Path: deltaPath, Drop: true})
		r.flush()
		r.clock.Advance(pacspace.KeyLifetime)
		r.settle()
		require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 parked OUTCOME_UNKNOWN"}, r.rows())
		require.Len(t, r.writes(), 1)
		_, err := r.meter.Retry(t.Context(), "usage:customer-000:2026-02-03", metering.RetryParams{Reason: "please"})
		require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
		_, err = r.meter.Retry(t.Context(), "usage:customer-000:2026-02-03", metering.RetryParams{Reason: "support said no", NotRecorded: true})
		require.NoError(t, err)
		r.settle()
		require.Equal(t, wantAll(1), r.recorded())
		require.Equal(t, "usage:customer-000:2026-02-03.2", r.writes()[1].IdempotencyKey)
	})
	t.Run("is confirmed by a retry that finds it", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1, sandbox.ReferencesRepeat(), sandbox.Delays(time.Second, 30*time.Hour))
		r.box.Inject(sandbox.Fault{Path: deltaPath, Drop: true, AfterWrite: true})
		r.flush()
		r.clock.Advance(pacspace.KeyLifetime)
		r.flush()
		require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 parked OUTCOME_UNKNOWN"}, r.rows(), "queued deltas are not listed")
		r.clock.Advance(20 * time.Hour)
		_, err := r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", metering.DiscardParams{Reason: "not needed"})
		require.ErrorIs(t, err, metering.ErrNotParked)
		r.settle()
		require.Equal(t, wantAll(1), r.recorded())
	})
}

func TestADeltaThatTheServiceFailsIsRepeatedUnderANameOfItsOwn(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	r.box.FailDeltas(func(d sandbox.Recorded) (string, bool) {
		return "ledger full", !strings.Contains(d.ReferenceID, "again")
	})
	r.settle()
	require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 parked FAILED"}, r.rows())
	for d, err := range r.meter.Parked(t.Context()) {
		require.NoError(t, err)
		require.Contains(t, d.Note, "ledger full")
	}
	got, err := r.meter.Retry(t.Context(), "usage:customer-000:2026-02-03", metering.RetryParams{Reason: "the ledger was emptied"})
	require.NoError(t, err)
	require.Equal(t, metering.StateFrozen, got.State)
	r.settle()
	require.Equal(t, []string{"usage:customer-000:2026-02-03:again-1 -1"}, r.recorded())
	require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 discarded FAILED", "usage:customer-000:2026-02-03:again-1 -1 verified"}, r.rows())
	r.record("late", "customer-000", "3", noon)
	r.clock.Advance(2 * time.Hour)
	r.settle()
	last := r.writes()[len(r.writes())-1]
	require.Contains(t, string(last.Body), `"adjusts":{"referenceId":"usage:customer-000:2026-02-03:again-1"}`)
}

func TestNothingWaitsForADeltaThatWasDiscarded(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 422})
	r.flush()
	for reason, rule := range map[string]string{"": "reason: must be", " ": "reason: must be", "a\nb": "reason: must be", strings.Repeat("x", 501): "reason: must be"} {
		_, err := r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", metering.DiscardParams{Reason: reason})
		require.ErrorContains(t, err, rule)
	}
	d, err := r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", metering.DiscardParams{Reason: "a test customer"})
	require.NoError(t, err)
	require.Equal(t, metering.StateDiscarded, d.State)
	require.Contains(t, d.Note, "a test customer")
	_, err = r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", metering.DiscardParams{Reason: "again"})
	require.ErrorIs(t, err, metering.ErrNotParked)
	_, err = r.meter.Retry(t.Context(), "usage:nobody:2026-02-03", metering.RetryParams{Reason: "x"})
	require.ErrorIs(t, err, metering.ErrUnknownDelta)
	r.record("late", "customer-000", "3", noon)
	r.clock.Advance(2 * time.Hour)
	r.settle()
	require.Equal(t, []string{"usage:customer-000:2026-02-03:again-1 -3"}, r.recorded())
	require.NotContains(t, string(r.writes()[1].Body), "adjusts")
}

func TestADiscardedFirstPartLeavesTheOthersAsTheBase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "1500000000", noon)
	r.over()
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 422})
	r.settle()
	_, err := r.meter.Discard(t.Context(), "usage:acme:2026-02-03", metering.DiscardParams{Reason: "half was a mistake"})
	require.NoError(t, err)
	r.record("late", "acme", "3", noon)
	r.clock.Advance(2 * time.Hour)
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03:late-1 -3", "usage:acme:2026-02-03:part-2 -500000000"}, r.recorded())
	require.Contains(t, string(r.writes()[2].Body), `"adjusts":{"referenceId":"usage:acme:2026-02-03:part-2"}`)
}
