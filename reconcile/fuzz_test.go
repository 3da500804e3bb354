package reconcile_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/webhook"
)

// Whatever genuine events tell, and in whichever order: nothing panics, an account's balance
// is the sum of its verified deltas, and every event is applied or kept as unread.
func FuzzApply(f *testing.F) {
	for _, seed := range [][2]string{
		{`{"id":"a","event":"delta.verified","data":{"recordId":"r","customerId":"c","delta":-50,"referenceId":"usage:c:2026-02-01"}}`,
			`{"id":"b","event":"delta.failed","data":{"recordId":"r","customerId":"c","delta":-50,"error":"no"}}`},
		{`{"id":"a","event":"delta.verified","data":{"receiptId":"0xaa","deltaIndex":1,"delta":{"customerId":"c","amount":-1,"referenceId":"x"},"proof":{"proofHash":"0xaa","itemHashes":["0xaa"]}}}`,
			`{"id":"b","event":"delta.verified","data":{"receiptId":"0xAA","deltaIndex":2,"delta":{"customerId":"c","amount":-1,"referenceId":"x"}}}`},
		{`{"event":"delta.verified","data":{"customerId":"c","delta":1e-400}}`, `{"event":"delta.verified","data":{"customerId":"c","delta":-2,"referenceId":"(record) "}}`},
		{`{"event":"delta.verified","data":{"customerId":"..","delta":-2}}`, `{}`},
	} {
		f.Add(seed[0], seed[1])
	}
	client, err := pacspace.New("pk_test_fuzz.secret", pacspace.WithBaseURL("http://127.0.0.1:1"), pacspace.WithMaxRetries(0))
	require.NoError(f, err)
	at := func() time.Time { return time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC) }
	f.Fuzz(func(t *testing.T, one, two string) {
		var states []string
		for _, bodies := range [][]string{{one, two}, {two, one}, {one, two, one, two}} {
			store := agentstore.New(at)
			agent, err := reconcile.New(client, store)
			require.NoError(t, err)
			for _, body := range bodies {
				event, err := webhook.ParseEvent([]byte(body))
				if err != nil {
					return
				}
				require.NoError(t, agent.Receive(t.Context(), event))
			}
			require.NoError(t, agent.Work(t.Context()), "nothing is due yet, so the service is not asked")
			states = append(states, balances(t, store))
		}
		require.Equal(t, states[0], states[2], "a second delivery changes nothing")
		if !contradict(one, two) {
			require.Equal(t, states[0], states[1], "the order changes nothing")
		}
	})
}

// contradict tells whether two events may tell of one delta with two amounts, of which the
// first counts, or of two where it is open which is which.
func contradict(one, two string) bool {
	a, errA := webhook.ParseEvent([]byte(one))
	b, errB := webhook.ParseEvent([]byte(two))
	if errA != nil || errB != nil || a.ID == b.ID {
		return true
	}
	x, errA := a.DeltaVerified()
	y, errB := b.DeltaVerified()
	return errA == nil && errB == nil && !x.Delta.Equal(y.Delta)
}

// balances are all accounts, each held against its deltas.
func balances(t *testing.T, store reconcile.Store) string {
	var out []string
	require.NoError(t, store.View(t.Context(), func(tx reconcile.Tx) error {
		ctx := context.Background()
		count, err := tx.CountEvents(ctx)
		require.NoError(t, err)
		require.Zero(t, count.Pending)
		accounts, err := tx.Accounts(ctx, "", 10)
		require.NoError(t, err)
		for _, a := range accounts {
			deltas, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: a.CustomerID}, 10)
			require.NoError(t, err)
			var sum decimal.Decimal
			verified, failed := 0, 0
			for _, d := range deltas {
				if d.State == reconcile.DeltaVerified {
					sum = sum.Add(d.Delta)
					verified++
				} else {
					failed++
				}
			}
			require.True(t, sum.Equal(a.Balance), "%s: %s and %s", a.CustomerID, sum, a.Balance)
			require.EqualValues(t, verified, a.Count)
			require.EqualValues(t, failed, a.Failed)
			out = append(out, a.CustomerID+" "+a.Balance.String())
		}
		return nil
	}))
	return strings.Join(out, "\n")
}
