package metering_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestA409ForABatchParksOnlyTheDeltaThatDrawsIt(t *testing.T) {
	t.Parallel()
	const customers, bad = 100, 33
	others := append(wantAll(bad), wantAll(customers)[bad+1:]...)
	ref := fmt.Sprintf("usage:customer-%03d:2026-02-03", bad)
	for _, code := range []string{"", "DUPLICATE_REFERENCE"} {
		t.Run("code "+code, func(t *testing.T) {
			t.Parallel()
			r := due(t, customers, sandbox.ReferencesRepeat())
			r.meter = r.newMeterOf(r.client(refusing(http.StatusConflict, code, fmt.Sprintf("customer-%03d", bad))), r.store)
			s := r.flush()
			require.LessOrEqual(t, len(r.writes()), 15)
			require.Empty(t, s.PauseCode)
			require.Equal(t, customers-1, s.Count(metering.StateConfirmed)+s.Count(metering.StateVerified))
			r.settle()
			require.Equal(t, others, r.recorded())
			require.Contains(t, r.rows(), fmt.Sprintf("%s -%d parked KEY_CONFLICT", ref, bad+1))
		})
	}
	t.Run("and one that is recorded already is confirmed", func(t *testing.T) {
		t.Parallel()
		r := due(t, customers, sandbox.ReferencesRepeat())
		_, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{
			CustomerID: fmt.Sprintf("customer-%03d", bad), Delta: storetest.Dec(fmt.Sprint(-bad - 1)), Reason: "by hand", ReferenceID: ref,
		})
		require.NoError(t, err)
		r.clock.Advance(time.Minute)
		r.meter = r.newMeterOf(r.client(refusing(http.StatusConflict, "", fmt.Sprintf("customer-%03d", bad))), r.store)
		r.settle()
		require.Equal(t, wantAll(customers), r.recorded())
		s, err := r.meter.Status(t.Context())
		require.NoError(t, err)
		require.Zero(t, s.Count(metering.StateParked))
	})
	t.Run("though it cannot be asked at first what it has", func(t *testing.T) {
		t.Parallel()
		r := due(t, customers, sandbox.ReferencesRepeat())
		r.meter = r.newMeterOf(r.client(refusing(http.StatusConflict, "", fmt.Sprintf("customer-%03d", bad))), r.store)
		r.box.Inject(sandbox.Fault{Method: http.MethodGet, Status: 503, Times: 3})
		r.settle()
		require.Equal(t, others, r.recorded())
		require.Contains(t, r.rows(), fmt.Sprintf("%s -%d parked KEY_CONFLICT", ref, bad+1))
	})
	t.Run("but where an attempt is unknown, or the service speaks of the key, all wait for a person", func(t *testing.T) {
		t.Parallel()
		for code, dropped := range map[string]bool{"": true, "IDEMPOTENCY_CONFLICT": false} {
			r := due(t, 3, sandbox.ReferencesRepeat(), sandbox.Delays(100*time.Hour, 100*time.Hour))
			if dropped {
				r.box.Inject(sandbox.Fault{Path: batchPath, Drop: true})
			}
			r.box.Inject(sandbox.Fault{Path: batchPath, Status: 409, Code: code, Times: -1, Body: []byte(fmt.Sprintf(`{"error":{"code":%q,"message":"no"}}`, code))})
			r.settle()
			require.Len(t, r.recorded(), 0)
			s, err := r.meter.Status(t.Context())
			require.NoError(t, err)
			require.Equal(t, 3, s.Count(metering.StateParked))
			require.LessOrEqual(t, len(r.writes()), 2)
		}
	})
}

func TestAServiceThatAnswersEveryBatchWith409IsNotFloodedAndLosesNothing(t *testing.T) {
	t.Parallel()
	r := due(t, 250, sandbox.ReferencesRepeat())
	remove := r.box.Inject(sandbox.Fault{Path: batchPath, Status: 409, Code: "CONFLICT", Times: -1})
	for range 12 {
		require.Zero(t, r.flush().Count(metering.StateParked))
		r.clock.Advance(time.Hour)
	}
	require.NotEmpty(t, r.log.of(metering.ChangePaused))
	require.LessOrEqual(t, len(r.writes()), 12*10)
	remove()
	r.settle()
	require.Equal(t, wantAll(250), r.recorded())
}

// What somebody else sent under a delta's reference may be older than our own attempt, and
// further back than the customer's recent activity reaches.
func TestWhatAKeyKnowsIsFoundHoweverLongAgoItWasRecorded(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	r.clock.Set(noon)
	ref := "usage:customer-000:2026-02-03"
	_, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{CustomerID: "customer-000", Delta: storetest.Dec("-1"), Reason: "by hand", ReferenceID: ref})
	require.NoError(t, err)
	for i := range 3 {
		var later []pacspace.DeltaParams
		for n := range 50 {
			later = append(later, pacspace.DeltaParams{CustomerID: "customer-000", Delta: storetest.Dec("1"), Reason: "credit", ReferenceID: fmt.Sprintf("credit-%d-%d", i, n)})
		}
		r.clock.Advance(time.Minute)
		_, err := r.client(nil).Balance.EmitBatch(t.Context(), later)
		require.NoError(t, err)
	}
	r.over()
	r.settle()
	require.Equal(t, []string{ref + " -1 verified"}, r.rows())
}
