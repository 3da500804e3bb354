package metering_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

// What the service says goes into databases that take no NUL, and into indices.
func TestWhatTheServiceSaysIsStorable(t *testing.T) {
	t.Parallel()
	nasty := "a\x00b\x1b" + strings.Repeat("x", 10_000)
	check := func(t *testing.T, r *rig) {
		for d, err := range r.meter.Deltas(t.Context(), metering.DeltaQuery{}) {
			require.NoError(t, err)
			for _, text := range []string{d.ErrorCode, d.Note, d.RecordID, d.ReceiptID, d.ContentHash} {
				require.False(t, strings.ContainsFunc(text, unicode.IsControl), "%.40q", text)
				require.LessOrEqual(t, len(text), 2500)
			}
		}
	}
	t.Run("in a refusal", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.record("a", "acme", "1", noon)
		r.over()
		r.box.Inject(sandbox.Fault{Path: deltaPath, Status: http.StatusUnprocessableEntity, Code: nasty, Message: nasty})
		require.Equal(t, 1, r.flush().Count(metering.StateParked))
		check(t, r)
	})
	t.Run("in the ids of a delta", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.record("a", "acme", "1", noon)
		r.over()
		r.flush()
		require.NoError(t, r.meter.Verified(t.Context(), &webhook.DeltaVerified{
			CustomerID: "acme", Delta: storetest.Dec("-1"), ReferenceID: "usage:acme:2026-02-03", RecordID: nasty, ReceiptID: nasty, ContentHash: nasty,
		}))
		require.Equal(t, []string{"usage:acme:2026-02-03 -1 verified"}, r.rows())
		check(t, r)
	})
}

// Whoever retries what failed must not do so for a delta that was recorded after all.
func TestAFailedDeltaThatWasRecordedAfterAllIsVerified(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "1", noon)
	r.over()
	r.flush()
	const ref = "usage:acme:2026-02-03"
	require.NoError(t, r.meter.Failed(t.Context(), &webhook.DeltaFailed{ReferenceID: ref, Error: "late"}))
	require.Equal(t, []string{ref + " -1 parked FAILED"}, r.rows())
	require.NoError(t, r.meter.Verified(t.Context(), &webhook.DeltaVerified{CustomerID: "acme", Delta: storetest.Dec("-1"), ReferenceID: ref}))
	require.Equal(t, []string{ref + " -1 verified"}, r.rows())
	_, err := r.meter.Retry(t.Context(), ref, metering.RetryParams{Reason: "it failed"})
	require.ErrorIs(t, err, metering.ErrNotParked)
}

// The status of a record is no proof of another amount.
func TestAStatusWithAnotherAmountVerifiesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "1", noon)
	r.over()
	r.box.Inject(sandbox.Fault{Path: "/api/v1/balance/delta/{recordId}", Times: -1, AfterWrite: true, Status: 200,
		Body: []byte(`{"success":true,"data":{"recordId":"r","status":"VERIFIED","customerId":"acme","delta":-100}}`)})
	for range 3 {
		r.flush()
		r.clock.Advance(time.Minute)
	}
	require.Equal(t, []string{"usage:acme:2026-02-03 -1 confirmed"}, r.rows())
	failed := r.log.of(metering.ChangeFailed)
	require.NotEmpty(t, failed)
	require.ErrorAs(t, failed[0].Err, new(*metering.DeltaMismatchError))
}

// The bytes of a batch go out again while one of its deltas is unknown, so the others must
// not go out in another one beside it, whatever was said of them meanwhile.
func TestNoDeltaIsInTwoBatchesThatMayBeSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.ReferencesRepeat())
	r.record("a", "acme", "1", noon)
	r.record("b", "globex", "2", noon)
	r.over()
	r.box.Inject(sandbox.Fault{Path: batchPath, AfterWrite: true, Status: 200,
		Body: []byte(`{"success":true,"data":{"results":[{"index":0,"success":false,"error":"CADENCE_LIMIT"}]}}`)})
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -1", "usage:globex:2026-02-03 -2"}, r.recorded())
	require.Equal(t, []string{"usage:acme:2026-02-03 -1 verified", "usage:globex:2026-02-03 -2 verified"}, r.rows())
}

// A store holds 40 digits on either side of the point, and one that refuses an amount
// refuses the whole commit, which is others' too.
func TestAnAmountIsNoLongerThanStoresHold(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.meter.Record(t.Context(), event("a", "acme", "0."+strings.Repeat("0", 40)+"1", noon))
	require.ErrorAs(t, err, new(*metering.EventError))
	r.record("b", "acme", fmt.Sprintf("%d.%s", int64(999_999_999_999), strings.Repeat("1", 20)), noon)
}

// sleepy lets the clock jump once armed, right after the store was asked for the time.
type sleepy struct {
	metering.Store
	clock *sandbox.Clock
	armed atomic.Bool
}

func (s *sleepy) Now(ctx context.Context) (time.Time, error) {
	now, err := s.Store.Now(ctx)
	if s.armed.CompareAndSwap(true, false) {
		s.clock.Advance(pacspace.KeyLifetime)
	}
	return now, err
}

func (s *sleepy) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/derive/") {
		s.armed.Store(true) // the age of the key is looked at next
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestAMachineThatSleptSendsNothingUnderAKeyThatGrewOld(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.ReferencesRepeat(), sandbox.KeysExpireAfter(pacspace.KeyLifetime), sandbox.Delays(100*time.Hour, 100*time.Hour))
	s := &sleepy{Store: r.store, clock: r.clock}
	r.meter = r.newMeterOf(r.client(s), s)
	r.record("a", "acme", "1", noon)
	r.over()
	r.box.Inject(sandbox.Fault{Path: deltaPath, Drop: true, AfterWrite: true})
	r.flush()
	r.clock.Advance(time.Minute)
	r.flush()
	require.Len(t, r.writes(), 1)
	require.Equal(t, []string{"usage:acme:2026-02-03 -1 parked OUTCOME_UNKNOWN"}, r.rows())
}
