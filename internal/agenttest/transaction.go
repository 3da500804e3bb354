package agenttest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
)

// errOurs is what a function of a transaction fails with.
var errOurs = errors.New("ours")

// transactionTests are of what holds for all rows.
var transactionTests = []test{
	{"settings are empty until they are set", func(t *testing.T, s reconcile.Store) {
		for _, want := range []string{"", "one", "two", ""} {
			update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.SetSetting(ctx, "name", want)) })
			view(t, s, func(ctx context.Context, tx reconcile.Tx) {
				got, err := tx.Setting(ctx, "name")
				require.NoError(t, err)
				require.Equal(t, want, got)
			})
		}
	}},
	{"an error and a panic undo everything", func(t *testing.T, s reconcile.Store) {
		ctx := t.Context()
		receive(t, s, "a")
		d := delta("a")
		writes := func(tx reconcile.Tx) {
			events, err := tx.PendingEvents(ctx, 1)
			require.NoError(t, err)
			require.Len(t, events, 1)
			events[0].State = reconcile.EventApplied
			require.NoError(t, tx.PutEvent(ctx, &events[0]))
			_, err = tx.LockAccount(ctx, "acme")
			require.NoError(t, err)
			require.NoError(t, tx.PutDelta(ctx, &d))
			require.NoError(t, tx.PutCheck(ctx, &reconcile.Check{CustomerID: "acme", Period: period, Due: storetest.Noon}))
			require.NoError(t, tx.PutMismatch(ctx, &reconcile.Mismatch{Kind: reconcile.KindBooks, CustomerID: "acme", Period: period}))
		}
		require.ErrorIs(t, s.Update(ctx, func(tx reconcile.Tx) error {
			writes(tx)
			return errOurs
		}), errOurs)
		require.Panics(t, func() {
			_ = s.Update(ctx, func(tx reconcile.Tx) error {
				writes(tx)
				panic(errOurs)
			})
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			events, err := tx.PendingEvents(ctx, 9)
			require.NoError(t, err)
			require.Equal(t, []string{"a"}, ids(events))
			_, err = tx.Account(ctx, "acme")
			require.ErrorIs(t, err, reconcile.ErrNotFound)
			deltas, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme"}, 9)
			require.NoError(t, err)
			require.Empty(t, deltas)
			known, err := tx.ProofKnown(ctx, d.ProofHash)
			require.NoError(t, err)
			require.False(t, known)
			mismatches, err := tx.Mismatches(ctx, reconcile.MismatchQuery{}, 9)
			require.NoError(t, err)
			require.Empty(t, mismatches)
		})
	}},
	{"a view refuses to write", func(t *testing.T, s reconcile.Store) {
		require.Error(t, s.View(t.Context(), func(tx reconcile.Tx) error {
			_ = tx.SetSetting(t.Context(), "name", "value")
			return nil
		}))
	}},
	{"the clock goes forward", func(t *testing.T, s reconcile.Store) {
		before, err := s.Now(t.Context())
		require.NoError(t, err)
		view(t, s, func(_ context.Context, tx reconcile.Tx) { require.False(t, tx.Now().Before(before)) })
	}},
}

// agentTests run an agent over the store.
var agentTests = []test{
	{"an amount that the service does not tell is an alert until it is told", amountToldLate},
	{"genuine events of any content are applied or kept as unread", anyContent},
}
