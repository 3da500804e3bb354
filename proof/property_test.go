package proof

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// meaning is all of a file that a verified report speaks of. What is left out are the
// vendor's own labels: record and checkpoint ids, sources, times, the window, indices and
// previous hashes, none of which a hash or an anchor binds; the report prints the window as
// the vendor's.
func meaning(t testing.TB, file []byte) string {
	t.Helper()
	reader, err := NewReader(bytes.NewReader(file))
	require.NoError(t, err)
	h := reader.Header()
	text := fmt.Sprint(h.Account, h.Environment, h.Days, h.StartingBalance, h.ClaimedBalance, h.Count, h.Checkpoint.Root, len(h.Carried))
	for line, err := range reader.Lines() {
		require.NoError(t, err)
		item, err := line.Item.Canonical()
		require.NoError(t, err)
		text += fmt.Sprint(string(item), line.ContentHash, line.Carried)
	}
	return text
}

func TestNoChangedByteStaysVerified(t *testing.T) {
	t.Parallel()
	b := february(t, 2)
	file := b.write(t)
	want := meaning(t, file)
	anchor := b.record()
	harmless, changed := 0, 0
	try := func(what string, mutant []byte) {
		changed++
		report, err := Verify(bytes.NewReader(mutant), buyer(), anchor)
		if err != nil || report.Verdict != Verified {
			return
		}
		harmless++
		require.Equal(t, want, meaning(t, mutant), "%s is verified and means something else:\n%s", what, mutant)
	}
	for i, c := range file {
		for _, with := range []byte{c ^ 1, c ^ 0x20, '0', '"', ' '} {
			if with != c {
				mutant := bytes.Clone(file)
				mutant[i] = with
				try(fmt.Sprintf("byte %d, %q for %q", i, with, c), mutant)
			}
		}
		try(fmt.Sprintf("without byte %d, %q", i, c), append(bytes.Clone(file[:i]), file[i+1:]...))
		for _, extra := range []byte{' ', c} {
			mutant := append(bytes.Clone(file[:i]), extra)
			try(fmt.Sprintf("byte %d twice or with %q before it", i, extra), append(mutant, file[i:]...))
		}
	}
	require.Greater(t, changed, 6*len(file))
	require.NotZero(t, harmless, "white space is harmless, so the comparison was made")
}

// Every byte of the smallest bill that can be verified, as every other byte: what stays
// verified means the same, so the change is one of white space or of a label that no report
// relies on.
func TestNoOtherByteAnywhereStaysVerified(t *testing.T) {
	t.Parallel()
	b := february(t, 1)
	l := &b.lines[0]
	l.Item.Metadata = json.RawMessage(`{"resource":"compute-minutes"}`)
	l.ItemHashes, l.ProofHash, l.PreviousProofHash, l.Index, l.ReceiptID = nil, nil, nil, nil, ""
	content, err := b.variant.ItemHash(l.Item)
	require.NoError(t, err)
	l.ContentHash = content
	b.seal(t)
	file := b.write(t)
	want, anchor := meaning(t, file), b.record()
	report := verify(t, file, buyer(), anchor)
	require.Equal(t, Verified, report.Verdict, report.Text())

	var harmless atomic.Int64
	const parts = 8
	t.Run("bytes", func(t *testing.T) {
		for part := range parts {
			t.Run(strconv.Itoa(part), func(t *testing.T) {
				t.Parallel()
				mutant := bytes.Clone(file)
				for i := part; i < len(file); i += parts {
					for with := range 256 {
						if file[i] == byte(with) {
							continue
						}
						mutant[i] = byte(with)
						report, err := Verify(bytes.NewReader(mutant), buyer(), anchor)
						if err != nil || report.Verdict != Verified {
							continue
						}
						harmless.Add(1)
						require.Equal(t, want, meaning(t, mutant), "byte %d, %q for %q, is verified and means something else", i, with, file[i])
					}
					mutant[i] = file[i]
				}
			})
		}
	})
	require.NotZero(t, harmless.Load(), "a label can be changed, so the comparison was made")
	t.Logf("%d bytes, %d changes, %d of them harmless", len(file), 255*len(file), harmless.Load())
}

func TestNoMovedLineStaysVerified(t *testing.T) {
	t.Parallel()
	b := february(t, 4)
	lines := bytes.SplitAfter(b.write(t), []byte("\n"))
	for i := range lines {
		for j := range lines {
			moved := append([][]byte(nil), lines...)
			moved[i], moved[j] = moved[j], moved[i]
			doubled := append(append(append([][]byte(nil), lines[:i]...), lines[j]), lines[i:]...)
			for name, file := range map[string][]byte{"moved": bytes.Join(moved, nil), "doubled": bytes.Join(doubled, nil)} {
				report, err := Verify(bytes.NewReader(file), buyer(), b.record())
				if i != j && name == "moved" && len(lines[i])*len(lines[j]) > 0 || name == "doubled" && len(lines[j]) > 0 {
					require.True(t, err != nil || report.Verdict != Verified, "%s: %d and %d", name, i, j)
				}
			}
		}
	}
}

// TestRandomBills holds the verifier to bills of random shape: every honest one is
// verified under its own variant, whatever the amounts, and none is with a changed amount,
// however much is sealed again.
func TestRandomBills(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 7))
	for range 120 {
		variant := Variants()[random.IntN(6)]
		b := billOf(t, month, 0, variant)
		for i := range 1 + random.IntN(28) {
			day := month.First().AddDays(i)
			amount, err := decimal.Parse(fmt.Sprintf("%d.%0*d", random.Int64N(2e9)-1e9, 1+random.IntN(5), random.IntN(10)))
			require.NoError(t, err)
			metadata := fmt.Sprintf(`{"resource":"compute-minutes","note":%q,"n":%d}`, string(rune('a'+random.IntN(26))), random.IntN(1000))
			b.add(t, Item{CustomerID: acme, Delta: amount, Reason: usage.DailyReason(day), ReferenceID: usage.DailyReference(acme, day),
				Metadata: json.RawMessage(metadata)}, day.End().Add(time.Hour))
		}
		b.seal(t)
		anchor := b.record()
		report := verify(t, b.write(t), buyer(), anchor)
		require.Equal(t, Verified, report.Verdict, report.Text())
		require.Equal(t, *anchor.NetChange, report.NetChange)
		require.Contains(t, report.Levels[levelItem].Variants, variant)

		i := random.IntN(len(b.lines))
		b.lines[i].Item.Delta = b.lines[i].Item.Delta.Add(decimal.New(1))
		if random.IntN(2) == 0 {
			b.rehash(t, i)
		}
		b.seal(t)
		report = verify(t, b.write(t), buyer(), anchor)
		require.Equal(t, DoesNotMatch, report.Verdict, report.Text())
	}
}

func TestWithinRounding(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(8, 9))
	for range 300 {
		var exact tally
		var sum binary64Sum
		n := 1 + random.IntN(200)
		for range n {
			d, err := decimal.Parse(fmt.Sprintf("%d.%d", random.Int64N(2e6)-1e6, random.IntN(1000)))
			require.NoError(t, err)
			exact.add(d)
			sum.add(d)
		}
		printed, err := decimal.Parse(strconv.FormatFloat(sum.deltas, 'g', -1, 64))
		require.NoError(t, err)
		require.True(t, prints(sum.deltas, printed))
		require.True(t, withinRounding(printed, exact), "a sum in binary64 is within the bound of one")
		require.True(t, withinRounding(exact.sum, exact))
		require.False(t, withinRounding(exact.sum.Add(number(t, "0.001")), exact), "a thousandth is no rounding of %d such amounts", n)
	}
	require.False(t, withinRounding(decimal.New(1), tally{}), "nothing adds up to nothing")
}

func TestInclusionInRandomTrees(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		v := Variants()[random.IntN(6)]
		leaves := make([]Hash, 1+random.IntN(300))
		for i := range leaves {
			leaves[i] = keccakOf(binary.BigEndian.AppendUint64(nil, random.Uint64()))
		}
		i := random.IntN(len(leaves))
		path, err := v.ProveInclusion(leaves, i)
		require.NoError(t, err)
		root := rootByLevels(v, leaves)
		require.NoError(t, v.VerifyInclusion(leaves[i], i, len(leaves), path, root))
		require.Equal(t, root, v.Root(leaves))
		if len(leaves) > 1 {
			j := (i + 1 + random.IntN(len(leaves)-1)) % len(leaves)
			require.Error(t, v.VerifyInclusion(leaves[j], i, len(leaves), path, root))
		}
	}
}
