package metering_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

// refusing answers every write that holds one of the customers with the status, and with
// the code where there is one.
func refusing(status int, code string, customers ...string) asks {
	return func(q *http.Request) (*http.Response, error) {
		if q.Method != http.MethodPost {
			return http.DefaultTransport.RoundTrip(q)
		}
		text, err := io.ReadAll(q.Body)
		if err != nil {
			return nil, err
		}
		q = q.Clone(q.Context())
		q.Body = io.NopCloser(bytes.NewReader(text))
		for _, c := range customers {
			if !bytes.Contains(text, []byte(`"`+c+`"`)) {
				continue
			}
			body := ""
			if code != "" {
				body = fmt.Sprintf(`{"success":false,"error":{"code":%q,"message":"no"}}`, code)
			}
			return &http.Response{
				StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: q,
				Body: io.NopCloser(bytes.NewReader([]byte(body))),
			}, nil
		}
		return http.DefaultTransport.RoundTrip(q)
	}
}

func TestADeltaThatIsRefusedForAReasonOfItsOwnStopsNoOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		want   string
	}{
		{400, "VALIDATION_ERROR", "VALIDATION_ERROR"},
		{404, "CUSTOMER_NOT_FOUND", "CUSTOMER_NOT_FOUND"},
		{404, "NOT_FOUND", "NOT_FOUND"},
		{404, "", "NOT_FOUND"},
		{410, "", "API_ERROR"},
		{413, "", "API_ERROR"},
		{418, "", "API_ERROR"},
		{422, "", "API_ERROR"},
		{423, "", "API_ERROR"},
		{451, "", "API_ERROR"},
	} {
		for _, customers := range []int{2, 100} {
			t.Run(fmt.Sprintf("%d %s, among %d", c.status, c.code, customers), func(t *testing.T) {
				t.Parallel()
				r := due(t, customers)
				bad := fmt.Sprintf("customer-%03d", customers/3)
				r.meter = r.newMeterOf(r.client(refusing(c.status, c.code, bad)), r.store)
				began := r.clock.Now()
				s := r.flush()
				require.LessOrEqual(t, len(r.writes()), 20)
				require.Empty(t, s.PauseCode, "nobody waits for it")
				require.Equal(t, customers-1, s.Count(metering.StateConfirmed)+s.Count(metering.StateVerified), "all others are out with the first flush")
				require.Equal(t, began, r.clock.Now())
				r.settle()
				want := wantAll(customers)
				require.Equal(t, append(want[:customers/3:customers/3], want[customers/3+1:]...), r.recorded())
				for d, err := range r.meter.Parked(t.Context()) {
					require.NoError(t, err)
					require.Equal(t, bad, d.CustomerID)
					require.Equal(t, c.want, d.ErrorCode)
				}
			})
		}
	}
}

func TestAnAddressThatTakesNothingParksNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 405, 410} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			r := due(t, 250)
			remove := r.box.Inject(sandbox.Fault{Method: http.MethodPost, Status: status, Times: -1})
			for range 24 { // longer than a key is trusted
				s := r.flush()
				require.Zero(t, s.Count(metering.StateParked))
				r.clock.Advance(time.Hour)
			}
			require.NotEmpty(t, r.log.of(metering.ChangePaused), "a person is told")
			require.LessOrEqual(t, len(r.writes()), 24*10, "and the service is not flooded")
			before := len(r.writes())
			remove()
			r.settle()
			require.Equal(t, wantAll(250), r.recorded())
			require.LessOrEqual(t, len(r.writes())-before, 20, "deltas go out together still")
		})
	}
}

func TestADeltaThatIsRefusedAloneWaitsUntilTheServiceTakesAnother(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	r.meter = r.newMeterOf(r.client(refusing(404, "", "customer-000")), r.store)
	for range 10 {
		r.flush()
		r.clock.Advance(20 * time.Minute)
	}
	require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 frozen NOT_FOUND"}, r.rows(), "it may be the address")
	r.record("other", "customer-001", "5", noon)
	r.clock.Advance(2 * time.Hour)
	r.settle()
	require.Equal(t, []string{
		"usage:customer-000:2026-02-03 -1 parked NOT_FOUND",
		"usage:customer-001:2026-02-03 -5 verified",
	}, r.rows())
}

// Batches that nobody takes come back again and again, ever later. They must not take all the
// room: what was never refused goes first.
func TestManyDeltasThatAreRefusedForGoodHoldNoOtherBack(t *testing.T) {
	t.Parallel()
	const many = 45
	r := newRig(t)
	bad := make([]string, many)
	for i := range bad {
		bad[i] = fmt.Sprintf("bad-%03d", i)
	}
	r.meter = r.newMeterOf(r.client(refusing(404, "", bad...)), r.store)
	for i, customer := range bad { // each alone in its batch
		r.record(customer, customer, fmt.Sprint(i+1), r.clock.Now())
		r.clock.Advance(2 * 24 * time.Hour)
		r.flush()
	}
	r.record("good", "good", "1", r.clock.Now())
	r.clock.Advance(2 * 24 * time.Hour)
	for range 6 {
		r.flush()
		r.clock.Advance(5*time.Minute + time.Second)
	}
	require.Len(t, r.recorded(), 1)
	parked := 0
	for d, err := range r.meter.Parked(t.Context()) {
		require.NoError(t, err)
		require.Contains(t, bad, d.CustomerID)
		parked++
	}
	require.Equal(t, 1, parked, "one answer is evidence against one")
	paused := r.log.of(metering.ChangePaused)
	require.LessOrEqual(t, len(paused), 2, "a person is told once, and once more after the service took something")
}

// A key grows old while the outcome is unknown, and a batch that was refused loses nothing by
// waiting.
func TestABatchWhoseOutcomeIsUnknownGoesBeforeOlderOnesThatWereRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.meter = r.newMeterOf(r.client(refusing(404, "", "bad-0", "bad-1", "bad-2")), r.store)
	for i := range 3 {
		r.record(fmt.Sprint(i), fmt.Sprintf("bad-%d", i), "1", r.clock.Now())
		r.clock.Advance(2 * 24 * time.Hour)
		r.flush()
	}
	r.record("good", "good", "1", r.clock.Now())
	r.clock.Advance(2 * 24 * time.Hour)
	remove := r.box.Inject(sandbox.Fault{Method: http.MethodPost, Drop: true, AfterWrite: true, Times: -1})
	r.flush()
	remove()
	r.clock.Advance(12 * time.Hour) // all are free

	var asked []string
	r.meter = r.newMeterOf(r.client(asks(func(q *http.Request) (*http.Response, error) {
		asked = append(asked, q.URL.Path)
		return http.DefaultTransport.RoundTrip(q)
	})), r.store)
	r.flush()
	require.Contains(t, asked[0], "/good", "of %d requests", len(asked))
}

// Two replicas judge by what either of them saw.
func TestReplicasJudgeARefusalTogether(t *testing.T) {
	t.Parallel()
	r := due(t, 2)
	through := refusing(404, "", "customer-000")
	r.meter = r.newMeterOf(r.client(through), r.store)
	r.flush()
	require.Equal(t, 1, r.flush().Count(metering.StateParked)+r.flush().Count(metering.StateFrozen))
	other := r.newMeterOf(r.client(through), r.store)
	r.record("later", "customer-001", "5", r.clock.Now())
	r.clock.Set(day.AddDays(1).End().Add(2 * time.Hour))
	_, err := other.Flush(t.Context())
	require.ErrorAs(t, err, new(*metering.UnsentError))
	r.clock.Advance(2 * time.Hour)
	s := r.flush()
	require.Equal(t, 1, s.Count(metering.StateParked))
	require.Zero(t, s.Count(metering.StateFrozen))
	require.Empty(t, s.PauseCode)
}

// A batch that was refused and then perhaps recorded is unknown, and goes before what is
// fresh: stored as if nothing had been sent, the next refusal would send it under another key.
func TestARefusedBatchThatWasBeingSentWhenItsSenderWentIsUnknown(t *testing.T) {
	t.Parallel()
	r := due(t, 1, sandbox.ReferencesRepeat())
	r.meter = r.newMeterOf(r.client(refusing(404, "", "customer-000")), r.store)
	r.flush()
	require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 frozen NOT_FOUND"}, r.rows())

	r.clock.Advance(2 * time.Hour)
	sender := newHalting(true)
	gone := r.newMeterOf(r.client(sender), r.store)
	over := make(chan error, 1)
	go func() {
		_, err := gone.Flush(context.Background())
		over <- err
	}()
	<-sender.arrived // recorded, and the answer never read
	r.box.Settle()
	r.record("other", "customer-001", "5", noon)
	r.clock.Advance(2 * time.Hour)
	r.flush()
	want := []string{"usage:customer-000:2026-02-03 -1", "usage:customer-001:2026-02-03 -5"}
	require.Equal(t, want, r.recorded())
	r.settle()
	require.Equal(t, []string{
		"usage:customer-000:2026-02-03 -1 verified", "usage:customer-001:2026-02-03 -5 verified",
	}, r.rows())
	close(sender.resume)
	if err := <-over; err != nil {
		require.ErrorAs(t, err, new(*metering.UnsentError))
	}
	require.Equal(t, want, r.recorded(), "once, and where only keys tell repetitions apart")
}
