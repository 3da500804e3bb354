package agenttest

import (
	"net/http"
	"testing"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/reconcile"
)

// Scene is a recorded month for a test whose agent is a process of its own: it is made in
// the parent, and [Books] in the child.
type Scene struct {
	Secret     string
	Deliveries []Delivery
	API        http.Handler // of the service
	Key        string
	Start      time.Time // when an agent's clock begins

	world *world
}

// Delivery is what the service posted, as it goes from one process to another.
type Delivery struct {
	Header http.Header
	Body   []byte
}

// NewScene records a month.
func NewScene(t *testing.T, d Disorder) *Scene {
	t.Helper()
	w := newWorld(t, d)
	s := &Scene{Secret: w.secret, API: w.server, Key: w.server.Key(pacspace.EnvironmentTest), Start: start, world: w}
	for _, one := range w.deliveries {
		s.Deliveries = append(s.Deliveries, Delivery{one.header, one.body})
	}
	return s
}

// Ordered is the state of an agent to which every delivery came once and in order.
func (s *Scene) Ordered(t *testing.T, open func(t *testing.T, now func() time.Time) reconcile.Store) string {
	t.Helper()
	deliveries := make([]delivery, len(s.Deliveries))
	for i, d := range s.Deliveries {
		deliveries[i] = delivery{d.Header, d.Body}
	}
	return s.world.run(t, open, deliveries)
}

// Clock sets the service's clock.
func (s *Scene) Clock(now time.Time) { s.world.clock.Set(now) }

// State is all that an agent on a store came to.
func (s *Scene) State(t *testing.T, store reconcile.Store) string {
	t.Helper()
	agent, err := reconcile.New(s.world.client, store)
	if err != nil {
		t.Fatal(err)
	}
	return s.world.state(t, agent)
}

// Books are the system of record of such a month.
func Books(d Disorder) reconcile.SystemOfRecord { return booksOf(d) }
