package proof

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// A bill is evidence in the making: what an honest vendor's service recorded in a month,
// which tests then change.
type bill struct {
	header  Header
	lines   []Line
	variant Variant // by which the service hashes
}

const (
	acme  = "customer_acme"
	month = usage.Period("2026-02")
)

// february returns the bill of n days: -50 a day, each day's delta in a batch with those of
// two other customers, chained, numbered, with all its proof fields.
func february(t testing.TB, n int) *bill { return billOf(t, month, n, VariantHex0x) }

func billOf(t testing.TB, period usage.Period, n int, variant Variant) *bill {
	t.Helper()
	b := &bill{variant: variant, header: Header{
		Account: usage.Account{CustomerID: acme, Resource: "compute-minutes"},
		Period:  period, Days: DaysOf(period), Window: period.RecordingWindow(),
		Environment: EnvironmentLive, Checkpoint: Checkpoint{ID: "chk_1"}, Variant: variant,
	}}
	for i := range n {
		day := period.First().AddDays(i)
		b.add(t, Item{
			CustomerID: acme, Delta: decimal.New(-50), Reason: usage.DailyReason(day),
			ReferenceID: usage.DailyReference(acme, day),
			Metadata:    json.RawMessage(`{"events":12,"resource":"compute-minutes"}`),
		}, day.End().Add(time.Hour))
	}
	return b.seal(t)
}

// add records one more item as the service would.
func (b *bill) add(t testing.TB, item Item, at time.Time) *Line {
	t.Helper()
	content, err := b.variant.ItemHash(item)
	require.NoError(t, err)
	n := len(b.lines)
	batch := []Hash{keccakOf([]byte{1, byte(n)}), content, keccakOf([]byte{2, byte(n)})}
	proof := b.variant.Root(batch)
	previous := Hash{}
	if n > 0 {
		previous = *b.lines[n-1].ProofHash
	}
	b.lines = append(b.lines, Line{
		Item: item, RecordID: fmt.Sprintf("rec_%s_%03d", at.Format("0102"), n), ReceiptID: proof.String(), ContentHash: content,
		ItemHashes: batch, ProofHash: &proof, PreviousProofHash: &previous, Index: new(int64(100 + n)),
		VerifiedAt: at, Sources: Sources{Item: SourceSubmitted, Record: SourceDerived, Proof: SourceWebhook},
	})
	return &b.lines[n]
}

// rehash makes the hashes of a line follow from its item, as the service would have it.
func (b *bill) rehash(t testing.TB, i int) {
	t.Helper()
	content, err := b.variant.ItemHash(b.lines[i].Item)
	require.NoError(t, err)
	batch := append([]Hash(nil), b.lines[i].ItemHashes...)
	batch[1] = content
	proof := b.variant.Root(batch)
	b.lines[i].ContentHash, b.lines[i].ItemHashes, b.lines[i].ProofHash = content, batch, &proof
	b.lines[i].ReceiptID = proof.String()
}

// seal makes everything in the header follow from the lines: an honest vendor does it, and
// so does an attacker who controls the file.
func (b *bill) seal(t testing.TB) *bill {
	t.Helper()
	b.header.Count, b.header.ClaimedBalance = len(b.lines), b.header.StartingBalance
	b.header.Carried = nil
	tree := newTree(b.variant)
	for _, l := range b.lines {
		b.header.ClaimedBalance = b.header.ClaimedBalance.Add(l.Item.Delta)
		if l.Carried != nil {
			b.header.Carried = append(b.header.Carried, CarriedLine{ReferenceID: l.Item.ReferenceID, RecordID: l.RecordID, Window: *l.Carried})
			continue
		}
		leaf := l.ContentHash
		if leaf.IsZero() {
			var err error
			leaf, err = b.variant.ItemHash(l.Item)
			require.NoError(t, err)
		}
		tree.add(leaf)
	}
	b.header.Checkpoint.Root = tree.root()
	return b
}

// write returns the file.
func (b *bill) write(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, b.header)
	require.NoError(t, err)
	for _, l := range b.lines {
		require.NoError(t, w.Write(l))
	}
	require.NoError(t, w.Close())
	return file.Bytes()
}

// record returns what the public record answers for the bill's root.
func (b *bill) record() *PublicRecord {
	sum, count := decimal.Decimal{}, int64(0)
	for _, l := range b.lines {
		if l.Carried == nil {
			sum, count = sum.Add(l.Item.Delta), count+1
		}
	}
	return &PublicRecord{Root: b.header.Checkpoint.Root, Verified: true, RecordCount: &count, NetChange: &sum,
		Environment: b.header.Environment, Source: "app.pacspace.io"}
}

// own returns the buyer's own list of the bill's deltas.
func (b *bill) own() OwnDeltas {
	var own OwnDeltas
	for _, l := range b.lines {
		own.Items = append(own.Items, Item{ReferenceID: l.Item.ReferenceID, Delta: l.Item.Delta})
	}
	return own
}

func buyer() Expect {
	return Expect{CustomerID: acme, Resource: "compute-minutes", Period: month}
}

func verify(t testing.TB, file []byte, expect Expect, anchors ...Anchor) *Report {
	t.Helper()
	report, err := Verify(bytes.NewReader(file), expect, anchors...)
	require.NoError(t, err)
	return report
}
