package agenttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
)

// accountTests are of the running balances.
var accountTests = []test{
	{"an account is made by the lock and comes back as it was put", func(t *testing.T, s reconcile.Store) {
		a := reconcile.Account{CustomerID: "acme", Balance: storetest.Dec("-1.5"), Count: 3, Failed: 1, FirstAt: storetest.Noon, LastAt: storetest.Noon.Add(time.Hour)}
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			_, err := tx.Account(ctx, "acme")
			require.ErrorIs(t, err, reconcile.ErrNotFound)
		})
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.LockAccount(ctx, "acme")
			require.NoError(t, err)
			same(t, reconcile.Account{CustomerID: "acme"}, got)
			require.NoError(t, tx.PutAccount(ctx, &a))
			got, err = tx.LockAccount(ctx, "acme")
			require.NoError(t, err)
			same(t, a, got)
		})
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			_, err := tx.LockAccount(ctx, "Zeta")
			require.NoError(t, err)
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.Account(ctx, "acme")
			require.NoError(t, err)
			same(t, a, got)
			all, err := tx.Accounts(ctx, "", 9)
			require.NoError(t, err)
			require.Len(t, all, 2)
			require.Equal(t, "Zeta", all[0].CustomerID, "by bytes")
			all, err = tx.Accounts(ctx, "Zeta", 9)
			require.NoError(t, err)
			require.Len(t, all, 1)
		})
	}},
	{"updates of one account follow each other", func(t *testing.T, s reconcile.Store) {
		const writers, times = 6, 8
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range times {
					err := s.Update(t.Context(), func(tx reconcile.Tx) error {
						a, err := tx.LockAccount(t.Context(), "acme")
						if err != nil {
							return err
						}
						a.Balance, a.Count = a.Balance.Add(storetest.Dec("0.1")), a.Count+1
						return tx.PutAccount(t.Context(), a)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			a, err := tx.Account(ctx, "acme")
			require.NoError(t, err)
			require.EqualValues(t, writers*times, a.Count)
			require.Equal(t, "4.8", a.Balance.String())
		})
	}},
}
