package sqlstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/agenttest"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// agentStore opens an agent's store in a new database.
func agentStore(t testing.TB, b backend, options ...sqlstore.Option) *sqlstore.AgentStore {
	t.Helper()
	s, err := newStore(t, b, options...).Agent(t.Context())
	require.NoError(t, err)
	return s
}

func TestAgentConformance(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		agenttest.Run(t, func(t *testing.T) reconcile.Store { return agentStore(t, b) })
	})
}

func TestAgentStoreOpensAgain(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		store := newStore(t, b)
		for range 2 {
			s, err := store.Agent(t.Context())
			require.NoError(t, err)
			_, err = s.Receive(t.Context(), []reconcile.InboxEvent{{ID: "a", Body: []byte("{}")}})
			require.NoError(t, err)
		}
	})
}

// The agent ends in the same state on a database as in memory: whatever the order of
// deliveries, and wherever it crashes.
func TestAgentOnADatabase(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		open := func(t *testing.T, now func() time.Time) reconcile.Store {
			return agentStore(t, b, sqlstore.WithClock(now))
		}
		for seed := range uint64(1) {
			agenttest.AnyOrder(t, agenttest.Disorder{Customers: 4, Days: 10, Duplicates: 0.1, Lost: 0.05, Seed: seed}, open)
			agenttest.Crashing(t, agenttest.Disorder{Customers: 4, Days: 10, Seed: seed}, open)
		}
	})
}
