package metering_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
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
				CustomerID: fmt.Sprintf("customer-%03d", i), Delta: storetest.Dec("-100"), Reason: "credit", ReferenceID: fmt.Sprint("other-", i),
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
		_, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{CustomerID: "customer-000", Delta: storetest.Dec("-100"), Reason: "credit", ReferenceID: "other"})
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
