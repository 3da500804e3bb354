package agenttest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
)

// delta is the first of its name, of customer acme and with every field set.
func delta(name string) reconcile.Delta {
	return reconcile.Delta{
		CustomerID: "acme", Name: name, N: 1, State: reconcile.DeltaVerified, Day: storetest.Day,
		Delta: storetest.Dec("-0.1000000000000000000001"), Reason: "a <b> & \"c\" \u2028", ReferenceID: name, RecordID: "rec_1", ReceiptID: "0xAB",
		Index: new(int64(7)), Metadata: json.RawMessage(`{"a":"<\u0000>"}`), SubmittedAt: storetest.Noon, VerifiedAt: storetest.Noon.Add(time.Second),
		ProofHash: "0xP", ContentHash: "0xC", ItemHashes: []string{"0xC", "0xD"}, PreviousProofHash: "0xO",
		Told: true, Listed: true, Doubt: "d", Contradictions: []reconcile.Contradiction{{Field: "delta", Kept: "-1", Told: "-2"}}, Error: "e",
	}
}

// deltaTests are of what the service told of.
var deltaTests = []test{
	{"a delta comes back as it was put, letter by letter", func(t *testing.T, s reconcile.Store) {
		full, bare := delta("usage:acme:2026-02-03"), reconcile.Delta{CustomerID: "acme", Name: "(record) r", N: 1, State: reconcile.DeltaFailed}
		odd := delta("odd")
		odd.ProofHash, odd.Reason = strings.Repeat("long\x00", 1000), "nul \x00 in it"
		for _, d := range []reconcile.Delta{full, bare, odd} {
			update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.PutDelta(ctx, &d)) })
			view(t, s, func(ctx context.Context, tx reconcile.Tx) {
				got, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme", Name: d.Name}, 9)
				require.NoError(t, err)
				require.Len(t, got, 1)
				same(t, d, got[0])
				require.Equal(t, string(d.Metadata), string(got[0].Metadata))
			})
		}
		full.State = reconcile.DeltaFailed
		update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.PutDelta(ctx, &full)) })
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme", Name: full.Name}, 9)
			require.NoError(t, err)
			require.Len(t, got, 1)
			same(t, full, got[0])
		})
	}},
	{"deltas are selected by name, day and time, and paged", func(t *testing.T, s reconcile.Store) {
		make := func(name string, n int, d usage.Date, at time.Time) reconcile.Delta {
			return reconcile.Delta{CustomerID: "acme", Name: name, N: n, State: reconcile.DeltaVerified, Day: d, SubmittedAt: at}
		}
		verified := make("e", 1, storetest.Day, time.Time{})
		verified.VerifiedAt = storetest.Noon.Add(3 * time.Hour)
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for _, d := range []reconcile.Delta{
				make("b", 1, storetest.Day, storetest.Noon), make("b", 2, storetest.Day, storetest.Noon.Add(time.Hour)), make("a", 1, storetest.Day.AddDays(1), storetest.Noon),
				make("c", 1, usage.Date{}, storetest.Noon.Add(2*time.Hour)), verified, {CustomerID: "other", Name: "b", N: 1, Day: storetest.Day},
			} {
				require.NoError(t, tx.PutDelta(ctx, &d))
			}
		})
		for _, c := range []struct {
			q    reconcile.DeltaQuery
			want string
		}{
			{reconcile.DeltaQuery{}, "a1 b1 b2 c1 e1"},
			{reconcile.DeltaQuery{Name: "b"}, "b1 b2"},
			{reconcile.DeltaQuery{Name: "b", AfterName: "b", AfterN: 1}, "b2"},
			{reconcile.DeltaQuery{From: storetest.Day, To: storetest.Day}, "b1 b2 e1"},
			{reconcile.DeltaQuery{From: storetest.Day.AddDays(1)}, "a1"},
			{reconcile.DeltaQuery{Window: usage.Window{Start: storetest.Noon, End: storetest.Noon.Add(2 * time.Hour)}}, "a1 b1 b2"},
			{reconcile.DeltaQuery{Window: usage.Window{Start: storetest.Noon.Add(2 * time.Hour), End: storetest.Noon.Add(4 * time.Hour)}}, "c1 e1"},
			{reconcile.DeltaQuery{AfterName: "b", AfterN: 1}, "b2 c1 e1"},
		} {
			c.q.CustomerID = "acme"
			view(t, s, func(ctx context.Context, tx reconcile.Tx) {
				got, err := tx.Deltas(ctx, c.q, 9)
				require.NoError(t, err)
				var names []string
				for _, d := range got {
					names = append(names, fmt.Sprintf("%s%d", d.Name, d.N))
				}
				require.Equal(t, c.want, strings.Join(names, " "), "%+v", c.q)
			})
		}
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme"}, 2)
			require.NoError(t, err)
			require.Len(t, got, 2)
		})
	}},
	{"deltas are selected by their record", func(t *testing.T, s reconcile.Store) {
		odd := strings.Repeat("r\x00", 1000)
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for i, record := range []string{"rec_1", "rec_1", "Rec_1", odd, ""} {
				d := delta(fmt.Sprintf("n%d", i))
				d.RecordID = record
				require.NoError(t, tx.PutDelta(ctx, &d))
			}
			other := delta("n0")
			other.CustomerID = "beta"
			require.NoError(t, tx.PutDelta(ctx, &other))
			moved := delta("n1")
			moved.RecordID = "rec_2"
			require.NoError(t, tx.PutDelta(ctx, &moved))
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for record, want := range map[string]string{"rec_1": "n0", "rec_2": "n1", "Rec_1": "n2", "rec": "", odd: "n3"} {
				got, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme", RecordID: record}, 9)
				require.NoError(t, err)
				names := ""
				for _, d := range got {
					names += d.Name
				}
				require.Equal(t, want, names, "%.10q", record)
			}
		})
	}},
	{"a proof is known once a delta of any account has it", func(t *testing.T, s reconcile.Store) {
		d := delta("a")
		update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.PutDelta(ctx, &d)) })
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for hash, want := range map[string]bool{"0xP": true, "0xp": false, "": false, "0xQ": false} {
				known, err := tx.ProofKnown(ctx, hash)
				require.NoError(t, err)
				require.Equal(t, want, known, hash)
			}
		})
		d.ProofHash = "0xQ"
		update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.PutDelta(ctx, &d)) })
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			known, err := tx.ProofKnown(ctx, "0xP")
			require.NoError(t, err)
			require.False(t, known)
		})
	}},
}
