package agenttest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

// errCrash is what a process sees of its store once it has died: nothing it does counts any
// more.
var errCrash = errors.New("the process died")

// mortal is a store as one process sees it. After a number of calls the process dies,
// before or after the transaction that it asked for was committed.
type mortal struct {
	reconcile.Store

	mu     sync.Mutex
	left   int // calls until it dies, none below 0
	commit bool
	dead   bool
}

func (m *mortal) call(do func() error) error {
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return errCrash
	}
	dies := m.left == 0
	m.left--
	m.dead = dies
	m.mu.Unlock()
	if dies && !m.commit {
		return errCrash
	}
	err := do()
	if dies {
		return errCrash
	}
	return err
}

func (m *mortal) Now(ctx context.Context) (now time.Time, err error) {
	err = m.call(func() (err error) { now, err = m.Store.Now(ctx); return err })
	return now, err
}

func (m *mortal) Receive(ctx context.Context, events []reconcile.InboxEvent) (fresh []bool, err error) {
	err = m.call(func() (err error) { fresh, err = m.Store.Receive(ctx, events); return err })
	return fresh, err
}

func (m *mortal) Update(ctx context.Context, fn func(reconcile.Tx) error) error {
	return m.call(func() error { return m.Store.Update(ctx, fn) })
}

func (m *mortal) View(ctx context.Context, fn func(reconcile.Tx) error) error {
	return m.call(func() error { return m.Store.View(ctx, fn) })
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
			m = &mortal{Store: disk, left: 2 + random.IntN(25), commit: random.IntN(2) == 0}
			agent, err = reconcile.New(w.client, m, reconcile.WithSystemOfRecord(w.books), reconcile.WithAlert(func(_ context.Context, x reconcile.Mismatch) error {
				told[telling{x.ID(), x.Revision}]++
				return nil
			}))
			if err == nil {
				w.hook = agent.Handler(verifier)
				return
			}
			require.ErrorIs(t, err, errCrash)
			deaths++
		}
	}
	alive := func(err error) {
		if m.dead {
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
			require.True(t, m.dead, "only a dead process does not take a delivery")
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
	m.mu.Lock()
	m.left = -1 // the last process lives
	m.mu.Unlock()
	if m.dead {
		alive(nil)
		m.left = -1
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
