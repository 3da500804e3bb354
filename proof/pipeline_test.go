package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/keccak"
	"github.com/pacspace/pacspace-go/usage"
)

// chunkSizes cut a file between any two lines, and into chunks of a few.
var chunkSizes = [][2]int{{1, 1}, {900, 1500}, {4000, 2500}}

// requireSameInChunks holds a verification to be the same however the file is cut.
func requireSameInChunks(t testing.TB, file []byte, expect Expect, anchors ...Anchor) {
	t.Helper()
	want := inOneChunk(file, expect, anchors)
	for _, sizes := range chunkSizes {
		report, err := verifyChunks(iotest.HalfReader(bytes.NewReader(file)), expect, anchors, sizes[0], sizes[1])
		require.Equal(t, want, outcome(report, err), "chunks of %v", sizes)
	}
}

func inOneChunk(file []byte, expect Expect, anchors []Anchor) string {
	report, err := verifyChunks(bytes.NewReader(file), expect, anchors, len(file)+1, len(file)+1)
	return outcome(report, err)
}

func outcome(report *Report, err error) string {
	text, jsonErr := json.Marshal(report)
	return fmt.Sprint(err, jsonErr, string(text))
}

// many returns a bill of n deltas of all kinds, and sometimes one thing that is wrong.
func many(t testing.TB, random *rand.Rand, n int) *bill {
	t.Helper()
	b := billOf(t, month, 0, Variants()[random.IntN(6)])
	for i := range n {
		day := month.First().AddDays(i % 28)
		amount, err := decimal.Parse([]string{"-50", "-0.25", "1e-7", "-123456789012345", "12345678901234567000", "0", "0.1", "-99999.999999"}[random.IntN(8)])
		require.NoError(t, err)
		metadata := []string{`{"resource":"compute-minutes"}`, `{"resource": "compute-minutes","a":[1,"é"]}`, `{"unit":"\u006d","resource":"compute-minutes"}`}[random.IntN(3)]
		l := b.add(t, Item{CustomerID: acme, Delta: amount, Reason: "r", Metadata: json.RawMessage(metadata),
			ReferenceID: usage.Reference{CustomerID: acme, Day: day, Part: 2 + i}.String()}, day.End())
		switch random.IntN(12) {
		case 1:
			l.Item.ReferenceID = fmt.Sprintf("order %d", i)
			b.rehash(t, i)
		case 2:
			l.Item.ReferenceID = usage.Reference{CustomerID: acme, Day: day.AddDays(-40), Late: 2 + i}.String()
			b.rehash(t, i)
		case 3:
			if i > 0 {
				l.Item.Adjusts = &Adjusts{ReferenceID: b.lines[random.IntN(i)].Item.ReferenceID}
				b.rehash(t, i)
			}
		}
	}
	for i := range b.lines {
		l := &b.lines[i]
		switch random.IntN(12) {
		case 0:
			l.ContentHash, l.ItemHashes, l.ProofHash, l.PreviousProofHash = Hash{}, nil, nil, nil
		case 1:
			l.ItemHashes, l.ProofHash, l.PreviousProofHash = nil, nil, nil
		}
	}
	if i := random.IntN(n); random.IntN(2) == 0 {
		switch random.IntN(6) {
		case 0:
			b.lines[i].Item.Delta = b.lines[i].Item.Delta.Add(decimal.New(1))
		case 1:
			b.lines[i].RecordID = b.lines[random.IntN(n)].RecordID
		case 2:
			b.lines[i].Item.ReferenceID = b.lines[random.IntN(n)].Item.ReferenceID
		case 3:
			b.lines[i].Item.CustomerID = "customer_bolt"
		case 4:
			b.lines[i].Index = new(int64(random.IntN(900)))
		case 5:
			b.lines[i].Item.Adjusts = &Adjusts{ReferenceID: b.lines[random.IntN(n)].Item.ReferenceID}
		}
	}
	return b.seal(t)
}

func TestAReportDoesNotDependOnChunks(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(11, 12))
	for range 12 {
		b := many(t, random, 1+random.IntN(300))
		file, own := b.write(t), b.own()
		own.Items = own.Items[:0]
		for _, l := range b.lines {
			if l.Item.ReferenceID != "" {
				own.Items = append(own.Items, Item{ReferenceID: l.Item.ReferenceID, Delta: l.Item.Delta})
			}
		}
		probe := &ProbeResult{IndexPerAccount: true, ChainPerAccount: true, Item: Variants(), Batch: Variants(), Checkpoint: Variants()}
		for _, anchors := range [][]Anchor{nil, {b.record()}, {b.record(), probe}, {own}} {
			requireSameInChunks(t, file, buyer(), anchors...)
		}
		for range 4 { // any byte changed, or the file cut anywhere
			i := random.IntN(len(file))
			mutant := bytes.Clone(file)
			mutant[i] ^= 1 << random.IntN(8)
			requireSameInChunks(t, mutant, buyer(), b.record())
			requireSameInChunks(t, file[:i], buyer(), b.record())
		}
	}
}

// TestNoGoroutineOutlivesVerify: the bubble fails where one is left.
func TestNoGoroutineOutlivesVerify(t *testing.T) {
	t.Parallel()
	b := february(t, 28)
	file := b.write(t)
	failure := errors.New("the network is gone")
	for _, tc := range []struct {
		name string
		in   func() io.Reader
		says string
	}{
		{"a good file", func() io.Reader { return bytes.NewReader(file) }, ""},
		{"a reader that fails", func() io.Reader {
			return io.MultiReader(bytes.NewReader(file[:len(file)/2]), iotest.ErrReader(failure))
		}, "reading failed: the network is gone"},
		{"a reader that fails behind the trailer", func() io.Reader {
			return io.MultiReader(bytes.NewReader(file), iotest.ErrReader(failure))
		}, "line 31: reading failed: the network is gone"},
		{"a reader that never gives anything more", func() io.Reader {
			return io.MultiReader(bytes.NewReader(file[:len(file)/2]), silent{})
		}, "reading failed: " + io.ErrNoProgress.Error()},
		{"lines that never end", func() io.Reader {
			return io.MultiReader(bytes.NewReader(file[:len(file)/2]), &forever{text: "{}\n"})
		}, "line "},
		{"a line that never ends", func() io.Reader {
			return io.MultiReader(bytes.NewReader(file), &forever{text: "x"})
		}, "line 31: more than 1048576 bytes"},
		{"a bad line with much behind it", func() io.Reader {
			bad := strings.Replace(string(file), `"sequence":9,`, `"sequence":09,`, 1)
			return io.MultiReader(strings.NewReader(bad), &forever{text: "x\n"})
		}, "line 10: sequence: "},
		{"more deltas than announced", func() io.Reader {
			end := bytes.LastIndexByte(file[:len(file)-1], '\n') + 1
			second := file[bytes.IndexByte(file, '\n')+1:]
			second = second[:bytes.IndexByte(second, '\n')+1]
			return io.MultiReader(bytes.NewReader(file[:end]), &forever{text: string(second)})
		}, "line 30: the file has more deltas than the 28"},
	} {
		for _, sizes := range chunkSizes {
			t.Run(fmt.Sprint(tc.name, sizes), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					report, err := verifyChunks(tc.in(), buyer(), []Anchor{b.record()}, sizes[0], sizes[1])
					if tc.says == "" {
						require.NoError(t, err)
						require.Equal(t, Verified, report.Verdict)
						return
					}
					require.ErrorContains(t, err, tc.says)
					require.Nil(t, report)
				})
			})
		}
	}
}

// silent reads nothing and does not fail.
type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

// forever reads a text again and again.
type forever struct {
	text string
	at   int
}

func (f *forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = f.text[f.at%len(f.text)]
		f.at++
	}
	return len(p), nil
}

func TestSmallAmountsAddUpAsDecimalsDo(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(13, 14))
	var sum, want tally
	var small adder
	var fast, slow binary64Sum
	for range 3 * smallSums {
		text := fmt.Sprint(random.Int64N(1e15) - 5e14)
		if places := random.IntN(8); places > 0 {
			text = fmt.Sprintf("%d.%0*d", random.Int64N(2e9)-1e9, places, random.IntN(1000))
		}
		d, err := decimal.Parse(text)
		require.NoError(t, err)
		r := row{amount: smallAmount([]byte(text))}
		r.line.Item.Delta = d
		if r.amount.small {
			require.True(t, r.amount.decimal().Equal(d), text)
			r.line.Item.Delta = decimal.Decimal{}
		}
		sum.addRow(&r, &small)
		fast.addRow(&r)
		want.add(d)
		slow.add(d)
	}
	sum.settle(&small)
	require.Equal(t, want.sum.String(), sum.sum.String())
	require.Equal(t, want.abs.String(), sum.abs.String())
	require.Equal(t, want.count, sum.count)
	require.Equal(t, slow, fast)
}

func TestOnlyCanonicalNumbersAreSmallAmounts(t *testing.T) {
	t.Parallel()
	for text, small := range map[string]bool{
		"0": true, "-1": true, "-0.5": true, "123456789012345": true, "-999999999.999999": true, "0.000001": true,
		"": false, "-": false, "-0": false, "00": false, "01": false, "+1": false, "1.": false, ".5": false, "1.0": false,
		"0.0": false, "-0.0": false, "1e2": false, "1234567890123456": false, "1.2345678": false, "1.2.3": false, "1-": false,
		"0.0000001": false, "1 ": false, "12345678901234.56": false,
	} {
		require.Equal(t, small, smallAmount([]byte(text)).small, text)
	}
}

// Leaves that come many at a time make the tree that they make one by one.
func TestATreeGrowsTheSameWayInBulk(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(15, 16))
	for _, n := range []int{0, 1, 2, wide - 1, wide, wide + 1, 2 * wide, 3*wide - 1, 3*wide + 700, 4 * wide} {
		leaves := make([]Hash, n)
		for i := range leaves {
			leaves[i] = Hash{byte(random.IntN(3)), byte(random.IntN(2))} // some are equal
		}
		for _, v := range Variants() {
			one, bulk := newTree(v), newTree(v)
			for _, leaf := range leaves {
				one.add(leaf)
			}
			var batch keccak.Batch
			for rest := append([]Hash(nil), leaves...); len(rest) > 0; {
				k := min(len(rest), 1+random.IntN(2*wide))
				bulk.extend(rest[:k], &batch)
				rest = rest[k:]
			}
			require.Equal(t, one.size, bulk.size)
			require.Equal(t, one.twins, bulk.twins)
			require.Equal(t, one.root(), bulk.root())
		}
	}
}

func TestADeltaMoreTakesNoAllocationMore(t *testing.T) {
	file := func(n int) []byte {
		b := billOf(t, month, 0, VariantHex0x)
		for i := range n {
			b.add(t, Item{CustomerID: acme, Delta: number(t, "-0.25"), Reason: "r", Metadata: json.RawMessage(`{"resource":"compute-minutes"}`),
				ReferenceID: usage.Reference{CustomerID: acme, Day: month.First(), Part: 2 + i}.String()}, march2)
			l := &b.lines[i]
			l.ItemHashes, l.ReceiptID = nil, ""
		}
		return b.seal(t).write(t)
	}
	allocations := func(file []byte) float64 {
		return testing.AllocsPerRun(3, func() {
			_, err := Verify(bytes.NewReader(file), buyer())
			require.NoError(t, err)
		})
	}
	few, many := file(4_000), file(8_000)
	require.Less(t, (allocations(many)-allocations(few))/4_000, 0.1, "chunks and pages grow, and lines cost nothing")
}
