package proof

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The finding names the line that adjusts too early, as whole as if it had been kept.
func TestAnAdjustmentBeforeItsDeltaIsNamed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		adjusts map[int]func(b *bill) Adjusts // by place among the deltas
		place   int
	}{
		{"by record", map[int]func(b *bill) Adjusts{4: func(b *bill) Adjusts { return Adjusts{RecordID: b.lines[9].RecordID} }}, 4},
		{"by reference", map[int]func(b *bill) Adjusts{4: func(b *bill) Adjusts { return Adjusts{ReferenceID: "an order"} }}, 4},
		{"by reference, and by record before", map[int]func(b *bill) Adjusts{
			3: func(b *bill) Adjusts { return Adjusts{RecordID: b.lines[9].RecordID} },
			4: func(b *bill) Adjusts { return Adjusts{ReferenceID: "an order"} },
		}, 3},
		{"by record, and by reference before", map[int]func(b *bill) Adjusts{
			3: func(b *bill) Adjusts { return Adjusts{ReferenceID: "an order"} },
			4: func(b *bill) Adjusts { return Adjusts{RecordID: b.lines[9].RecordID} },
		}, 3},
		{"twice", map[int]func(b *bill) Adjusts{
			2: func(b *bill) Adjusts { return Adjusts{ReferenceID: "an order"} },
			4: func(b *bill) Adjusts { return Adjusts{ReferenceID: "an order"} },
		}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := february(t, 12)
			b.lines[9].Item.ReferenceID = "an order"
			b.rehash(t, 9)
			for i, adjusts := range tc.adjusts {
				b.lines[i].Item.Adjusts = new(adjusts(b))
				b.rehash(t, i)
			}
			file := b.seal(t).write(t)
			report := verify(t, file, buyer(), b.record())
			check := report.Check(CheckAdjustments)
			require.Equal(t, Failed, check.Outcome, check.Reason)
			require.Equal(t, "a delta adjusts one that comes after it", check.Reason)
			require.Equal(t, tc.place+firstLine, check.Divergence.Line)
			require.Equal(t, b.lines[tc.place].Item.ReferenceID, check.Divergence.Reference)
			require.Equal(t, b.lines[tc.place].RecordID, check.Divergence.Record)
			require.Equal(t, "line 11", check.Divergence.Found)
			requireSameInChunks(t, file, buyer(), b.record())
		})
	}
}
