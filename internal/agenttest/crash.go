package agenttest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

// mortal is a store as one process sees it.
type mortal struct {
	*storetest.Mortal[reconcile.Tx]
	disk reconcile.Store
}

func newMortal(disk reconcile.Store, calls int, commit bool) *mortal {
	return &mortal{storetest.NewMortal[reconcile.Tx](disk, calls, commit), disk}
}

func (m *mortal) Receive(ctx context.Context, events []reconcile.InboxEvent) (fresh []bool, err error) {
	err = m.Call(func() (err error) { fresh, err = m.disk.Receive(ctx, events); return err })
	return fresh, err
}

// Crashing holds that an agent whose process dies again and again, at any call of its store,
// ends in the state of one that never did, and that every mismatch was told: once, or once
// more where the process died between the telling and the note of it.
func Crashing(t *testing.T, d Disorder, open func(t *testing.T, now func() time.Time) reconcile.Store) {
	w := newWorld(t, d)
	ordered := w.run(t, open, w.deliveries)

	ctx := t.Context()
	random := rand.New(rand.NewPCG(d.Seed, 2))
	clock := sandbox.NewClock(start)
	w.clock.Set(clock.Now())
	disk := open(t, clock.Now)
	type telling struct {
		id       string
		revision int
	}
	told := map[telling]int{}
	var m *mortal
	deaths := 0
	verifier, err := webhook.NewVerifier([]string{w.secret}, webhook.WithTolerance(365*24*time.Hour), webhook.WithClock(clock.Now))
	require.NoError(t, err)
	// born starts the process anew; it may die while it starts.
	var agent *reconcile.Agent
	born := func() {
		for {
			m = newMortal(disk, 2+random.IntN(25), random.IntN(2) == 0)
			agent, err = reconcile.New(w.client, m, reconcile.WithSystemOfRecord(w.books), reconcile.WithAlert(func(_ context.Context, x reconcile.Mismatch) error {
				told[telling{x.ID(), x.Revision}]++
				return nil
			}))
			if err == nil {
				w.hook = agent.Handler(verifier)
				return
			}
			require.ErrorIs(t, err, storetest.ErrDied)
			deaths++
		}
	}
	alive := func(err error) {
		if m.Dead() {
			deaths++
			born()
			return
		}
		require.NoError(t, err)
	}
	born()
	defer func() { w.hook = nil }()
	for i, one := range w.deliveries {
		for { // the service delivers again what was not answered with 2xx
			request := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://agent.example/hooks", bytes.NewReader(one.body))
			request.Header = one.header
			recorder := httptest.NewRecorder()
			w.hook.ServeHTTP(recorder, request)
			if recorder.Code == http.StatusOK {
				break
			}
			require.True(t, m.Dead(), "only a dead process does not take a delivery")
			alive(nil)
		}
		if i%7 == 0 {
			alive(agent.Work(ctx))
		}
	}
	for range 4 {
		for range 200 { // until a round goes through
			before := deaths
			alive(errors.Join(agent.Seed(ctx), agent.Work(ctx)))
			if deaths == before {
				break
			}
			clock.Advance(2 * time.Minute) // what a dead process had taken is due again
		}
		clock.Advance(time.Hour)
		w.clock.Set(clock.Now())
		_, err := w.server.Deliver(ctx)
		require.NoError(t, err)
	}
	m.Spare() // the last process lives
	if m.Dead() {
		alive(nil)
		m.Spare()
	}
	for range 2 {
		require.NoError(t, agent.Seed(ctx))
		require.NoError(t, agent.Work(ctx))
		clock.Advance(time.Hour)
	}
	require.NoError(t, agent.Work(ctx))
	require.Equal(t, ordered, w.state(t, agent), "seed %d", d.Seed)
	require.Greater(t, deaths, 3)
	total := 0
	for which, times := range told {
		require.LessOrEqual(t, times, 1+deaths, which)
		total += times
	}
	for x, err := range agent.Mismatches(ctx, reconcile.MismatchQuery{}) {
		require.NoError(t, err)
		require.Equal(t, x.Revision, x.Told, "nothing is left untold")
		require.Positive(t, told[telling{x.ID(), x.Revision}], "%s: what it came to was never told", x.ID())
	}
	t.Logf("%d deaths, seed %d, %d tellings", deaths, d.Seed, total)
}
