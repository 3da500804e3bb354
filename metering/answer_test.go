package metering_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

// answering changes the data of what the service answers to writes that it took.
func answering(change func(data map[string]any)) asks {
	return func(q *http.Request) (*http.Response, error) {
		answer, err := http.DefaultTransport.RoundTrip(q)
		if err != nil || q.Method != http.MethodPost || answer.StatusCode > 299 {
			return answer, err
		}
		var body map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
			return nil, err
		}
		change(body["data"].(map[string]any))
		text, err := json.Marshal(body)
		answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		answer.Header.Del("Content-Length")
		return answer, err
	}
}

func TestItemsThatABatchsAnswerDoesNotNameAreUnknown(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(results []any) []any{
		"one is missing":       func(results []any) []any { return append(results[:1:1], results[2:]...) },
		"one stands twice":     func(results []any) []any { return append(results[:2:2], results[0]) },
		"none is there":        func(results []any) []any { return nil },
		"one has no index":     func(results []any) []any { delete(results[1].(map[string]any), "index"); return results },
		"an index is too high": func(results []any) []any { results[2].(map[string]any)["index"] = 7; return results },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := due(t, 3, sandbox.ReferencesRepeat())
			spoilt := false
			r.meter = r.newMeterOf(r.client(answering(func(data map[string]any) {
				if !spoilt {
					data["results"] = spoil(data["results"].([]any))
				}
				spoilt = true
			})), r.store)
			s := r.flush()
			require.Positive(t, s.Count(metering.StateUnknown))
			r.settle()
			require.Equal(t, wantAll(3), r.recorded())
			for _, w := range r.writes() {
				require.Equal(t, r.writes()[0].IdempotencyKey, w.IdempotencyKey)
			}
		})
	}
}

func TestCloseSaysWhatIsLeftWhileTheServiceIsDown(t *testing.T) {
	t.Parallel()
	r := due(t, 3)
	r.record("open", "customer-000", "1", r.clock.Now())
	remove := r.box.Inject(sandbox.Fault{Status: 503, Times: -1})
	s, err := r.meter.Close(t.Context())
	unsent := new(metering.UnsentError)
	require.ErrorAs(t, err, &unsent)
	require.Equal(t, s, unsent.Status)
	require.ErrorContains(t, err, "metering: not all is delivered: 3 unknown; it is kept and goes out later")
	require.Equal(t, 3, s.Count(metering.StateUnknown))
	require.Equal(t, 1, s.Open)
	t.Run("and the next start goes on", func(t *testing.T) {
		remove()
		r.meter = r.newMeter(r.store)
		r.clock.Advance(time.Minute)
		r.flush()
		require.Equal(t, wantAll(3), r.recorded())
	})
}

func TestFlushEndsWithItsContextAndSaysHowThingsStand(t *testing.T) {
	t.Parallel()
	r := due(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := r.meter.Flush(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, s.Due)
}

func TestASecondFlushWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	halt := newHalting(false)
	m := r.newMeterOf(r.client(halt), r.store)
	first := make(chan error, 1)
	go func() {
		_, err := m.Flush(context.Background())
		first <- err
	}()
	<-halt.arrived
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := m.Flush(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	close(halt.resume)
	require.NoError(t, <-first)
	_, err = m.Flush(t.Context())
	require.NoError(t, err)
	require.Len(t, r.writes(), 1)
}
