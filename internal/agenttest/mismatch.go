package agenttest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
)

// mismatchTests are of comparisons and what they found.
var mismatchTests = []test{
	{"checks are due by their time and listed by their period", func(t *testing.T, s reconcile.Store) {
		books := storetest.Dec("-1.5")
		report := &reconcile.AccountReport{CustomerID: "acme", Period: period, At: storetest.Noon, Outcome: reconcile.Differs, Books: &books,
			Mismatches: []reconcile.Mismatch{{Kind: reconcile.KindBooks, CustomerID: "acme", Period: period, Expected: "-1.5", Found: "0"}}}
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			_, err := tx.Check(ctx, "acme", period)
			require.ErrorIs(t, err, reconcile.ErrNotFound)
			for _, c := range []reconcile.Check{
				{CustomerID: "acme", Period: period, Due: storetest.Noon.Add(time.Hour), Report: report},
				{CustomerID: "beta", Period: period, Due: storetest.Noon},
				{CustomerID: "acme", Period: period.Next(), Due: storetest.Noon.Add(2 * time.Hour)},
				{CustomerID: "gamma", Period: period},
			} {
				require.NoError(t, tx.PutCheck(ctx, &c))
			}
			due, err := tx.DueChecks(ctx, storetest.Noon.Add(time.Hour), 9)
			require.NoError(t, err)
			require.Len(t, due, 2)
			require.Equal(t, "beta", due[0].CustomerID)
			require.Nil(t, due[0].Report)
			require.True(t, due[1].Due.Equal(storetest.Noon.Add(time.Hour)))
			same(t, report, due[1].Report)
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.Check(ctx, "acme", period)
			require.NoError(t, err)
			same(t, report, got.Report)
			list, err := tx.Checks(ctx, period, "", 9)
			require.NoError(t, err)
			require.Len(t, list, 3)
			require.Equal(t, "acme", list[0].CustomerID)
			require.True(t, list[2].Due.IsZero())
			list, err = tx.Checks(ctx, period, "acme", 1)
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.Equal(t, "beta", list[0].CustomerID)
		})
	}},
	{"mismatches are selected by account, period, state and whether they were told", func(t *testing.T, s reconcile.Store) {
		untold := reconcile.Mismatch{Kind: reconcile.KindBooks, CustomerID: "acme", Period: period, Expected: "<1>", Found: "2", Count: 1,
			First: &reconcile.Differing{ReferenceID: "r", Day: storetest.Day, What: "w"}, Evidence: []string{"e"},
			State: reconcile.MismatchOpen, Revision: 2, Told: 1, FirstSeen: storetest.Noon, ChangedAt: storetest.Noon, NotBefore: storetest.Noon, Attempts: 1, TellError: "t"}
		told := reconcile.Mismatch{Kind: reconcile.KindTwice, CustomerID: "acme", Period: period, State: reconcile.MismatchClosed, Revision: 2, Told: 2}
		other := reconcile.Mismatch{Kind: reconcile.KindBooks, CustomerID: "beta", Period: period.Next(), State: reconcile.MismatchWaiting}
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for _, m := range []reconcile.Mismatch{untold, told, other} {
				require.NoError(t, tx.PutMismatch(ctx, &m))
			}
		})
		for _, c := range []struct {
			q    reconcile.MismatchQuery
			want []reconcile.Mismatch
		}{
			{reconcile.MismatchQuery{}, []reconcile.Mismatch{untold, told, other}},
			{reconcile.MismatchQuery{CustomerID: "acme", Period: period}, []reconcile.Mismatch{untold, told}},
			{reconcile.MismatchQuery{Period: period.Next()}, []reconcile.Mismatch{other}},
			{reconcile.MismatchQuery{State: reconcile.MismatchClosed}, []reconcile.Mismatch{told}},
			{reconcile.MismatchQuery{Untold: storetest.Noon}, []reconcile.Mismatch{untold}},
			{reconcile.MismatchQuery{Untold: storetest.Noon.Add(-time.Second)}, nil},
			{reconcile.MismatchQuery{AfterID: untold.ID()}, []reconcile.Mismatch{told, other}},
		} {
			view(t, s, func(ctx context.Context, tx reconcile.Tx) {
				got, err := tx.Mismatches(ctx, c.q, 9)
				require.NoError(t, err)
				same(t, c.want, got)
			})
		}
	}},
}
