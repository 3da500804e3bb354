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

	p := newDying(t, w, open)
	p.born()
	defer func() { w.hook = nil }()
	for i, one := range w.deliveries {
		p.deliver(one)
		if i%7 == 0 {
			p.alive(p.agent.Work(t.Context()))
		}
	}
	for range 4 {
		p.goThrough()
		p.clock.Advance(time.Hour)
		w.clock.Set(p.clock.Now())
		_, err := w.server.Deliver(t.Context())
		require.NoError(t, err)
	}
	p.liveOn()
	require.Equal(t, ordered, w.state(t, p.agent), "seed %d", d.Seed)
	p.checkTold()
	t.Logf("%d deaths, seed %d", p.deaths, d.Seed)
}

// telling is one revision of one mismatch.
type telling struct {
	id       string
	revision int
}

// dying is an agent whose process dies at some call of its store, and is born again over the
// same disk.
type dying struct {
	*testing.T
	w        *world
	clock    *sandbox.Clock
	random   *rand.Rand
	verifier *webhook.Verifier
	disk     reconcile.Store
	store    *mortal
	agent    *reconcile.Agent
	told     map[telling]int
	deaths   int
}

func newDying(t *testing.T, w *world, open func(t *testing.T, now func() time.Time) reconcile.Store) *dying {
	clock := sandbox.NewClock(start)
	w.clock.Set(clock.Now())
	verifier, err := webhook.NewVerifier([]string{w.secret}, webhook.WithTolerance(365*24*time.Hour), webhook.WithClock(clock.Now))
	require.NoError(t, err)
	return &dying{
		T: t, w: w, clock: clock, random: rand.New(rand.NewPCG(w.disorder.Seed, 2)), verifier: verifier,
		disk: open(t, clock.Now), told: map[telling]int{},
	}
}

// born starts the process anew; it may die while it starts.
func (p *dying) born() {
	for {
		p.store = newMortal(p.disk, 2+p.random.IntN(25), p.random.IntN(2) == 0)
		agent, err := reconcile.New(p.w.client, p.store, reconcile.WithSystemOfRecord(p.w.books), reconcile.WithAlert(func(_ context.Context, m reconcile.Mismatch) error {
			p.told[telling{m.ID(), m.Revision}]++
			return nil
		}))
		if err == nil {
			p.agent, p.w.hook = agent, agent.Handler(p.verifier)
			return
		}
		require.ErrorIs(p, err, storetest.ErrDied)
		p.deaths++
	}
}

// alive lets nothing fail but what a death explains, and follows a death with a birth.
func (p *dying) alive(err error) {
	if !p.store.Dead() {
		require.NoError(p, err)
		return
	}
	p.deaths++
	p.born()
}

// deliver goes on until the delivery is answered with 2xx, as the service does.
func (p *dying) deliver(one delivery) {
	for {
		request := httptest.NewRequestWithContext(p.Context(), http.MethodPost, "http://agent.example/hooks", bytes.NewReader(one.body))
		request.Header = one.header
		recorder := httptest.NewRecorder()
		p.w.hook.ServeHTTP(recorder, request)
		if recorder.Code == http.StatusOK {
			return
		}
		require.True(p, p.store.Dead(), "only a dead process does not take a delivery")
		p.alive(nil)
	}
}

// goThrough works until a round sees no death, or 200 did.
func (p *dying) goThrough() {
	for range 200 {
		before := p.deaths
		p.alive(errors.Join(p.agent.Seed(p.Context()), p.agent.Work(p.Context())))
		if p.deaths == before {
			return
		}
		p.clock.Advance(2 * time.Minute) // what a dead process had taken is due again
	}
}

// liveOn lets the last process finish its work.
func (p *dying) liveOn() {
	p.store.Spare()
	if p.store.Dead() {
		p.alive(nil)
		p.store.Spare()
	}
	for range 2 {
		require.NoError(p, p.agent.Seed(p.Context()))
		require.NoError(p, p.agent.Work(p.Context()))
		p.clock.Advance(time.Hour)
	}
	require.NoError(p, p.agent.Work(p.Context()))
}

// checkTold holds that nothing is left untold, and nothing was told more often than deaths
// explain.
func (p *dying) checkTold() {
	require.Greater(p, p.deaths, 3)
	for which, times := range p.told {
		require.LessOrEqual(p, times, 1+p.deaths, which)
	}
	for m, err := range p.agent.Mismatches(p.Context(), reconcile.MismatchQuery{}) {
		require.NoError(p, err)
		require.Equal(p, m.Revision, m.Told, "nothing is left untold")
		require.Positive(p, p.told[telling{m.ID(), m.Revision}], "%s: what it came to was never told", m.ID())
	}
}
