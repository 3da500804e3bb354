package metering_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

// due makes a rig in which so many customers used something on the day, which is over.
func due(t *testing.T, customers int, options ...any) *rig {
	t.Helper()
	r := newRig(t, options...)
	for i := range customers {
		r.record(fmt.Sprintf("e%03d", i), fmt.Sprintf("customer-%03d", i), fmt.Sprint(i+1), noon)
	}
	r.over()
	return r
}

// wantAll are the deltas of due in the form of recorded.
func wantAll(customers int) []string {
	out := []string{}
	for i := range customers {
		out = append(out, fmt.Sprintf("usage:customer-%03d:2026-02-03 -%d", i, i+1))
	}
	return out
}

func TestWhateverHappensToARequestItsDeltasCountOnce(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]sandbox.Fault{
		"500 before the service":               {Status: 500},
		"503 before the service":               {Status: 503},
		"500 after the service":                {Status: 500, AfterWrite: true},
		"502 after the service, many times":    {Status: 502, AfterWrite: true, Times: 5},
		"504 after the service":                {Status: 504, AfterWrite: true},
		"408":                                  {Status: 408},
		"the connection dropped before":        {Drop: true},
		"the connection dropped after":         {Drop: true, AfterWrite: true},
		"the body cut":                         {Cut: new(20)},
		"the body cut to nothing":              {Cut: new(0)},
		"a body that is no JSON":               {Status: 200, Body: []byte("<html>"), AfterWrite: true},
		"202 pending":                          {Pending: true},
		"202 pending for long":                 {Pending: true, Times: 6},
		"429 before the service":               {Status: 429, RetryAfter: 90},
		"401":                                  {Status: 401},
		"402":                                  {Status: 402},
		"403":                                  {Status: 403},
		"412":                                  {Status: 412},
		"404, which is about no delta of ours": {Status: 404},
	} {
		for _, customers := range []int{1, 3} {
			for choice, options := range map[string][]any{
				"helpful":   nil,
				"unhelpful": {sandbox.ReferencesRepeat(), sandbox.RefusalsReplayed(), sandbox.BatchWithoutIDs(), sandbox.FlatErrors()},
			} {
				t.Run(fmt.Sprintf("%s, %d customers, %s service", name, customers, choice), func(t *testing.T) {
					t.Parallel()
					r := due(t, customers, options...)
					f := f
					f.Method, f.Path = http.MethodPost, deltaPath
					if customers > 1 {
						f.Path = batchPath
					}
					r.box.Inject(f)
					r.settle()
					require.Equal(t, wantAll(customers), r.recorded())
					for d, err := range r.meter.Deltas(t.Context(), metering.DeltaQuery{}) {
						require.NoError(t, err)
						require.Equal(t, metering.StateVerified, d.State)
						require.NotEmpty(t, d.RecordID)
					}
				})
			}
		}
	}
}

func TestBytesAndKeyStayWhileAnOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	r := due(t, 3)
	r.box.Inject(sandbox.Fault{Path: batchPath, Status: 503, Times: 2})
	r.settle()
	w := r.writes()
	require.Len(t, w, 3)
	for _, again := range w[1:] {
		require.Equal(t, w[0].IdempotencyKey, again.IdempotencyKey)
		require.Equal(t, string(w[0].Body), string(again.Body))
	}
}

func TestARefusalOfTheKeyPausesAllAndParksNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 402, 403, 412} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			r := due(t, 3)
			r.box.Inject(sandbox.Fault{Path: batchPath, Status: status, Times: 3})
			s := r.flush()
			require.Equal(t, 3, s.Count(metering.StateFrozen))
			require.NotEmpty(t, s.PauseCode)
			require.Equal(t, r.clock.Now().Add(5*time.Minute), s.PausedUntil)
			r.clock.Advance(time.Minute)
			r.flush()
			require.Len(t, r.writes(), 1, "nothing is sent in a pause")
			_, err := r.meter.Flush(t.Context())
			require.ErrorContains(t, err, "3 frozen; paused: "+s.PauseCode)
			r.settle()
			require.Equal(t, wantAll(3), r.recorded())
			require.Len(t, r.log.of(metering.ChangePaused), 1, "a person is told once")
			require.Len(t, r.log.of(metering.ChangeResumed), 1)
			keys := map[string]bool{}
			for _, w := range r.writes() {
				keys[w.IdempotencyKey] = true
			}
			require.Len(t, keys, 4, "a refused key is not used again")
		})
	}
}

func TestA429PausesAllReplicas(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 429, RetryAfter: 600})
	r.flush()
	other := r.newMeter(r.store)
	_, err := other.Flush(t.Context())
	require.Error(t, err)
	require.Len(t, r.writes(), 1)
	r.clock.Advance(10 * time.Minute)
	_, err = other.Flush(t.Context())
	require.NoError(t, err)
	require.Equal(t, wantAll(1), r.recorded())
	for d, err := range r.meter.Deltas(t.Context(), metering.DeltaQuery{}) {
		require.NoError(t, err)
		require.Equal(t, 1, d.Attempts, "a 429 is no attempt")
	}
}

func TestACustomerOverItsCadenceWaitsAndOthersGoOn(t *testing.T) {
	t.Parallel()
	t.Run("named by the items of a batch", func(t *testing.T) {
		t.Parallel()
		r := due(t, 5)
		for _, i := range []int{1, 3} {
			r.box.SetCadence(sandbox.Test, fmt.Sprintf("customer-%03d", i), 6*time.Hour)
			_, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{
				CustomerID: fmt.Sprintf("customer-%03d", i), Delta: dec("-100"), Reason: "credit", ReferenceID: fmt.Sprint("other-", i),
			})
			require.NoError(t, err)
		}
		s := r.flush()
		require.Equal(t, 3, s.Count(metering.StateConfirmed))
		require.Equal(t, 2, s.Count(metering.StateFrozen))
		r.clock.Advance(30 * time.Minute)
		r.flush()
		n := len(r.writes())
		r.settle()
		require.Len(t, append(wantAll(5), "other"), 6)
		require.Subset(t, r.recorded(), wantAll(5))
		require.LessOrEqual(t, len(r.writes())-n, 8, "it is asked for about once an hour, as long as it names no wait")
	})
	t.Run("of a request for one delta, for as long as the service says, over a restart", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1)
		r.box.SetCadence(sandbox.Test, "customer-000", 6*time.Hour)
		_, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{CustomerID: "customer-000", Delta: dec("-100"), Reason: "credit", ReferenceID: "other"})
		require.NoError(t, err)
		r.flush()
		n := len(r.writes())
		r.clock.Advance(5 * time.Hour)
		r.meter = r.newMeter(r.store)
		r.flush()
		require.Len(t, r.writes(), n)
		r.clock.Advance(61 * time.Minute)
		r.settle()
		require.Len(t, r.writes(), n+1)
		require.Subset(t, r.recorded(), wantAll(1))
	})
}

// asks stands between the meter and the sandbox.
type asks func(*http.Request) (*http.Response, error)

func (f asks) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

func TestAPoisonousDeltaIsFoundAndAllOthersGoOn(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("refused as a whole: %v", whole), func(t *testing.T) {
			t.Parallel()
			r := due(t, 100)
			// The service dislikes one customer for a reason that nobody could know.
			poisoned := func(q *http.Request) (*http.Response, error) {
				text, err := io.ReadAll(q.Body)
				if err != nil {
					return nil, err
				}
				q = q.Clone(q.Context())
				q.Body = io.NopCloser(bytes.NewReader(text))
				var sent struct {
					Deltas     []pacspace.DeltaParams
					CustomerID string
				}
				if err := json.Unmarshal(text, &sent); err != nil {
					return nil, err
				}
				is := sent.CustomerID == "customer-041"
				for _, d := range sent.Deltas {
					is = is || d.CustomerID == "customer-041"
				}
				if !is || !whole && len(sent.Deltas) > 0 {
					return http.DefaultTransport.RoundTrip(q)
				}
				return &http.Response{
					StatusCode: 422, Header: http.Header{"Content-Type": {"application/json"}}, Request: q,
					Body: http.NoBody,
				}, nil
			}
			if !whole {
				r.box.FailDeltas(func(d sandbox.Recorded) (string, bool) { return "nobody knows", d.CustomerID == "customer-041" })
				poisoned = http.DefaultTransport.RoundTrip
			}
			r.meter = r.newMeterOf(r.client(asks(func(q *http.Request) (*http.Response, error) {
				if q.Method != http.MethodPost {
					return http.DefaultTransport.RoundTrip(q)
				}
				return poisoned(q)
			})), r.store)
			r.settle()
			want := wantAll(100)
			require.Equal(t, append(want[:41:41], want[42:]...), r.recorded())
			s, err := r.meter.Status(t.Context())
			require.NoError(t, err)
			require.Equal(t, 99, s.Count(metering.StateVerified))
			require.Equal(t, 1, s.Count(metering.StateParked))
			require.LessOrEqual(t, len(r.writes()), 15)
		})
	}
}

func TestAKeyThatKnowsAnotherBody(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	// Somebody else sent other bytes under the delta's reference, and they were recorded.
	other, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{
		CustomerID: "customer-000", Delta: dec("-1"), Reason: "by hand", ReferenceID: "usage:customer-000:2026-02-03",
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
			CustomerID: "customer-000", Delta: dec("-7"), Reason: "by hand", ReferenceID: "usage:customer-000:2026-02-03",
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
					CustomerID: "customer-000", Delta: dec("-7"), Reason: "by hand", ReferenceID: "usage:customer-000:2026-02-03",
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
		_, err := r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", "not needed")
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
		_, err := r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", reason)
		require.ErrorContains(t, err, rule)
	}
	d, err := r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", "a test customer")
	require.NoError(t, err)
	require.Equal(t, metering.StateDiscarded, d.State)
	require.Contains(t, d.Note, "a test customer")
	_, err = r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", "again")
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
	_, err := r.meter.Discard(t.Context(), "usage:acme:2026-02-03", "half was a mistake")
	require.NoError(t, err)
	r.record("late", "acme", "3", noon)
	r.clock.Advance(2 * time.Hour)
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03:late-1 -3", "usage:acme:2026-02-03:part-2 -500000000"}, r.recorded())
	require.Contains(t, string(r.writes()[2].Body), `"adjusts":{"referenceId":"usage:acme:2026-02-03:part-2"}`)
}

func TestThePaceIsThatOfAllReplicas(t *testing.T) {
	t.Parallel()
	r := due(t, 450, metering.WithRequestsPerMinute(2))
	other := r.newMeter(r.store, metering.WithRequestsPerMinute(2))
	began := r.clock.Now()
	var wait context.CancelFunc
	ctx, wait := context.WithCancel(t.Context())
	defer wait()
	_, err := r.meter.Flush(ctx)
	require.NoError(t, err)
	_, err = other.Flush(ctx)
	require.NoError(t, err)
	require.Len(t, r.writes(), 5)
	require.Equal(t, 2*time.Minute, r.clock.Now().Sub(began), "two in each minute")
	r.settle()
	require.Equal(t, wantAll(450), r.recorded())
}

func TestItemsRefusedForThePlanPauseAndAreNotParked(t *testing.T) {
	t.Parallel()
	r := due(t, 3, sandbox.PlanLimit(2))
	s := r.flush()
	require.Equal(t, 2, s.Count(metering.StateConfirmed))
	require.Equal(t, 1, s.Count(metering.StateFrozen))
	require.Equal(t, "INSUFFICIENT_CREDITS", s.PauseCode)
	require.True(t, s.PausedUntil.After(r.clock.Now()))
	require.Equal(t, wantAll(3)[:2], r.recorded())
	r.clock.Advance(6 * time.Minute)
	r.flush()
	w := r.writes()
	require.Len(t, w, 2)
	require.Equal(t, "usage:customer-002:2026-02-03", w[1].IdempotencyKey, "it goes out alone, under the reference's own key")
	require.Equal(t, 402, w[1].Status)
}
