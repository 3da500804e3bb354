// Package agenttest is what every [reconcile.Store] must do. Each store runs it in its own
// tests.
package agenttest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
)

// Run runs the suite. open returns a new, empty store each time and closes it at the end of
// the test that it is given.
func Run(t *testing.T, open func(t *testing.T) reconcile.Store) {
	for _, suite := range []struct {
		name  string
		tests []test
	}{
		{"events", eventTests},
		{"accounts", accountTests},
		{"deltas", deltaTests},
		{"mismatches", mismatchTests},
		{"agents", agentTests},
		{"transactions", transactionTests},
	} {
		for _, c := range suite.tests {
			t.Run(suite.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, open(t))
			})
		}
	}
}

type test struct {
	name string
	run  func(t *testing.T, s reconcile.Store)
}

var period = storetest.Day.Period()

func update(t *testing.T, s reconcile.Store, fn func(ctx context.Context, tx reconcile.Tx)) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx reconcile.Tx) error {
		fn(t.Context(), tx)
		return nil
	}))
}

func view(t *testing.T, s reconcile.Store, fn func(ctx context.Context, tx reconcile.Tx)) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(tx reconcile.Tx) error {
		fn(t.Context(), tx)
		return nil
	}))
}

// same compares by JSON, since decimals cannot be compared with ==.
func same(t *testing.T, want, got any) {
	t.Helper()
	w, err := json.Marshal(want)
	require.NoError(t, err)
	g, err := json.Marshal(got)
	require.NoError(t, err)
	require.Equal(t, string(w), string(g))
}
