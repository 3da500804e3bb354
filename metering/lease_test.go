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
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

// halting lets a test hold the first write of a meter back, before or after the service
// sees it.
type halting struct {
	after   bool
	arrived chan struct{}
	resume  chan struct{}
	once    sync.Once
}

func newHalting(after bool) *halting {
	return &halting{after: after, arrived: make(chan struct{}), resume: make(chan struct{})}
}

func (h *halting) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method != http.MethodPost {
		return http.DefaultTransport.RoundTrip(q)
	}
	halt := func() {
		h.once.Do(func() {
			close(h.arrived)
			<-h.resume
		})
	}
	if !h.after {
		halt()
	}
	answer, err := http.DefaultTransport.RoundTrip(q)
	if h.after {
		halt()
	}
	return answer, err
}

func TestAReplicaThatSleepsOverItsLeaseChangesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after  bool
		fault  *sandbox.Fault // what the second replica meets
		option []any
	}{
		"before it sends": {},
		"before it sends, and keys alone de-duplicate":  {option: []any{sandbox.ReferencesRepeat()}},
		"before it reads the answer":                    {after: true},
		"before it reads the answer, keys alone":        {after: true, option: []any{sandbox.ReferencesRepeat()}},
		"before it sends, and the other one is refused": {fault: &sandbox.Fault{Method: http.MethodPost, Status: 422, Times: 1}, option: []any{sandbox.ReferencesRepeat()}},
	} {
		for _, customers := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s, %d customers", name, customers), func(t *testing.T) {
				t.Parallel()
				r := due(t, customers, c.option...)
				sleeper := newHalting(c.after)
				asleep := r.newMeterOf(r.client(sleeper), r.store)
				woke := make(chan error, 1)
				go func() {
					_, err := asleep.Flush(context.Background())
					woke <- err
				}()
				<-sleeper.arrived
				r.clock.Advance(10 * time.Minute)
				if c.fault != nil {
					r.box.Inject(*c.fault)
				}
				r.flush()
				if c.fault == nil {
					require.Equal(t, wantAll(customers), r.recorded())
				}
				close(sleeper.resume)
				if err := <-woke; err != nil {
					require.ErrorAs(t, err, new(*metering.UnsentError))
				}
				r.settle()
				require.Equal(t, wantAll(customers), r.recorded())
			})
		}
	}
}

func TestManyReplicasSendEachDeltaOnce(t *testing.T) {
	t.Parallel()
	r := due(t, 250, sandbox.ReferencesRepeat())
	var wg sync.WaitGroup
	errs := make(chan error, 6)
	for range 6 {
		m := r.newMeter(r.store)
		wg.Go(func() {
			_, err := m.Flush(t.Context())
			errs <- err
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			require.ErrorAs(t, err, new(*metering.UnsentError), "another replica has them in its hands")
		}
	}
	r.settle()
	require.Equal(t, wantAll(250), r.recorded())
	require.Len(t, r.writes(), 3)
}

func TestAProcessThatStoodStillBeforeItSentSendsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		client, err := pacspace.New("pk_test_id.secret", pacspace.WithMaxRetries(0), pacspace.WithHTTPClient(&http.Client{Transport: asks(func(q *http.Request) (*http.Response, error) {
			sent++
			return nil, errors.New("no network in here")
		})}))
		require.NoError(t, err)
		still := &stands{Store: memstore.New(time.Now)}
		m, err := metering.New(client, still, metering.WithAccounts("requests", "request"), metering.WithSpread(0), metering.WithGrace(0))
		require.NoError(t, err)
		_, err = m.Record(t.Context(), event("a", "acme", "1", time.Now()))
		require.NoError(t, err)
		time.Sleep(25 * time.Hour)
		still.at = "usage:acme:2000-01-01"
		_, err = m.Flush(t.Context())
		require.ErrorAs(t, err, new(*metering.UnsentError))
		require.Zero(t, sent)
		for d, err := range m.Deltas(t.Context(), metering.DeltaQuery{}) {
			require.NoError(t, err)
			require.Equal(t, metering.StateFrozen, d.State)
			require.Zero(t, d.Attempts)
		}
		time.Sleep(time.Hour)
		_, err = m.Close(t.Context())
		require.Error(t, err)
		require.Positive(t, sent)
	})
}

// stands is a store after which the process stands still for two minutes, once, when it
// has stored that a delta is being sent.
type stands struct {
	metering.Store
	at string
}

func (s *stands) Update(ctx context.Context, fn func(metering.Tx) error) error {
	sent := false
	err := s.Store.Update(ctx, func(tx metering.Tx) error {
		if err := fn(tx); err != nil || s.at == "" {
			return err
		}
		d, err := tx.Delta(ctx, s.at)
		sent = err == nil && d.State == metering.StateSent
		return nil
	})
	if sent {
		s.at = ""
		time.Sleep(2 * time.Minute)
	}
	return err
}

func TestAWebhookSparesAsking(t *testing.T) {
	t.Parallel()
	told := func(r *rig) *webhook.DeltaVerified {
		d := r.box.Recorded(sandbox.Test, "customer-000")[0]
		return &webhook.DeltaVerified{RecordID: d.RecordID, CustomerID: d.CustomerID, Delta: d.Delta, ReferenceID: d.ReferenceID, ReceiptID: "0x01", ContentHash: d.ContentHash.String()}
	}
	t.Run("after the answer, twice", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1)
		r.flush()
		for range 2 {
			require.NoError(t, r.meter.Verified(t.Context(), told(r)))
			require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 verified"}, r.rows())
		}
		require.NoError(t, r.meter.Failed(t.Context(), &webhook.DeltaFailed{ReferenceID: "usage:customer-000:2026-02-03", Error: "late"}))
		require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 verified"}, r.rows(), "what is verified stays so")
	})
	t.Run("before the answer, which then changes nothing", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1)
		halt := newHalting(true)
		m := r.newMeterOf(r.client(halt), r.store)
		done := make(chan error, 1)
		go func() {
			_, err := m.Flush(context.Background())
			done <- err
		}()
		<-halt.arrived
		require.NoError(t, r.meter.Verified(t.Context(), told(r)))
		close(halt.resume)
		require.NoError(t, <-done)
		require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 verified"}, r.rows())
	})
	t.Run("and a crash before the answer was stored sends nothing again", func(t *testing.T) {
		t.Parallel()
		// Keys are forgotten and references repeat: a second send would count twice.
		r := due(t, 1, sandbox.ReferencesRepeat(), sandbox.KeysExpireAfter(time.Minute))
		halt := newHalting(true)
		m := r.newMeterOf(r.client(halt), r.store)
		ctx, kill := context.WithCancel(context.Background())
		go func() { _, _ = m.Flush(ctx) }()
		<-halt.arrived
		defer close(halt.resume)
		defer kill()
		require.NoError(t, r.meter.Verified(t.Context(), told(r)))
		r.clock.Advance(10 * time.Minute)
		r.settle()
		require.Len(t, r.writes(), 1)
		require.Equal(t, wantAll(1), r.recorded())
	})
	t.Run("of a failure parks the delta, once", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1)
		r.flush()
		for range 2 {
			require.NoError(t, r.meter.Failed(t.Context(), &webhook.DeltaFailed{ReferenceID: "usage:customer-000:2026-02-03", Error: "ledger full"}))
		}
		require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 parked FAILED"}, r.rows())
		changes := r.log.of(metering.ChangeState)
		require.Equal(t, metering.StateParked, changes[len(changes)-1].To)
		require.Equal(t, metering.StateConfirmed, changes[len(changes)-1].From)
	})
	t.Run("about a delta that was never sent is an error", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1)
		r.flush()
		e := told(r)
		e.ReferenceID = "usage:nobody:2026-02-03"
		require.ErrorIs(t, r.meter.Verified(t.Context(), e), metering.ErrUnknownDelta)
	})
	t.Run("about a delta that was discarded is an error", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1)
		r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 422})
		r.flush()
		_, err := r.meter.Discard(t.Context(), "usage:customer-000:2026-02-03", metering.DiscardParams{Reason: "a test"})
		require.NoError(t, err)
		e := &webhook.DeltaVerified{CustomerID: "customer-000", Delta: storetest.Dec("-1"), ReferenceID: "usage:customer-000:2026-02-03"}
		require.ErrorIs(t, r.meter.Verified(t.Context(), e), pacspace.ErrConflict)
	})
	t.Run("that tells of another amount is an error, and the row stays", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1)
		r.flush()
		e := told(r)
		e.Delta = storetest.Dec("-2")
		mismatch := new(metering.DeltaMismatchError)
		require.ErrorAs(t, r.meter.Verified(t.Context(), e), &mismatch)
		require.Equal(t, "-1", mismatch.Sent.String())
		require.Equal(t, "-2", mismatch.Told.String())
		require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 confirmed"}, r.rows())
	})
}

func TestBytesThatThisVersionWouldNotSendAreParked(t *testing.T) {
	t.Parallel()
	r := due(t, 1)
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 401})
	r.flush()
	require.NoError(t, r.store.Update(t.Context(), func(tx metering.Tx) error {
		b, err := tx.Batch(t.Context(), "usage:customer-000:2026-02-03")
		if err != nil {
			return err
		}
		b.Body = []byte(strings.Replace(string(b.Body), `{`, `{ `, 1))
		return tx.PutBatch(t.Context(), b)
	}))
	r.settle()
	require.Equal(t, []string{"usage:customer-000:2026-02-03 -1 parked OTHER_VERSION"}, r.rows())
	require.Len(t, r.writes(), 1)
}
