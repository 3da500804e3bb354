package proof

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// A hearing is one verification: a bill that a case changes, what the buyer expects and
// what he brings.
type hearing struct {
	*bill
	expect  Expect
	anchors []Anchor
	file    []byte // instead of the bill's own, where a case edits the file itself
}

// edit changes the file as text, as a middleman would who does not seal it again.
func (h *hearing) edit(t testing.TB, old, new string) {
	t.Helper()
	if h.file == nil {
		h.file = h.write(t)
	}
	require.Contains(t, string(h.file), old)
	h.file = []byte(strings.Replace(string(h.file), old, new, 1))
}

// reseal makes everything follow again from the changed lines, as a vendor can do who
// controls the file and not the record: the anchors stay.
func (h *hearing) reseal(t testing.TB) { h.seal(t) }

// rerecord reseals, and lets the record hold what the lines now lead to.
func (h *hearing) rerecord(t testing.TB) {
	h.reseal(t)
	h.anchors = []Anchor{h.record()}
}

func verifiedMonth(t testing.TB, period usage.Period, n int) *Earlier {
	t.Helper()
	b := billOf(t, period, n, VariantHex0x)
	expect := buyer()
	expect.Period = period
	report := verify(t, b.write(t), expect, b.record())
	require.Equal(t, Verified, report.Verdict)
	earlier, err := report.Anchor()
	require.NoError(t, err)
	return earlier
}

func item(t testing.TB, reference, amount string) Item {
	t.Helper()
	return Item{CustomerID: acme, Delta: number(t, amount), ReferenceID: reference, Metadata: json.RawMessage(`{"resource":"compute-minutes"}`)}
}

// endingAt returns verified evidence of January that ends at a balance, in a unit.
func endingAt(t testing.TB, balance int64, unit string) *Earlier {
	t.Helper()
	earlier := *verifiedMonth(t, "2026-01", 31)
	earlier.balance, earlier.account.Unit = decimal.New(balance), unit
	return &earlier
}

// inHours gives every delta a unit.
func (h *hearing) inHours(t testing.TB) {
	t.Helper()
	for i := range h.lines {
		h.lines[i].Item.Metadata = json.RawMessage(`{"resource":"compute-minutes","unit":"hours"}`)
		h.rehash(t, i)
	}
}

func carriedFrom(period usage.Period) *usage.Window { return new(period.RecordingWindow()) }

var march2 = time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)

// A ruling is a row of the verdict table. It begins with a bill of 28 days that matches the
// record, the expectation and the public record's anchor.
type ruling struct {
	name    string
	change  func(t testing.TB, h *hearing)
	verdict Verdict
	// about is the check that failed first, the needed checks that were not made, or the
	// values that rest on something, as the verdict has it.
	about string
}

// TestVerdicts is the verdict table, whose rows stand beside in one file for each outcome.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tc := range slices.Concat(boundRulings, restingRulings, openRulings, mismatchRulings) {
		t.Run(string(tc.verdict)+"/"+tc.name, func(t *testing.T) {
			t.Parallel()
			b := february(t, 28)
			h := &hearing{bill: b, expect: buyer(), anchors: []Anchor{b.record()}}
			tc.change(t, h)
			if h.file == nil {
				h.file = h.write(t)
			}
			report, err := Verify(bytes.NewReader(h.file), h.expect, h.anchors...)
			require.NoError(t, err)
			require.Equal(t, tc.verdict, report.Verdict, "%s\n%s", report, report.Text())
			require.Equal(t, tc.about, about(report), report.Text())
			requireSound(t, report)
			requireSameInChunks(t, h.file, h.expect, h.anchors...)
		})
	}
}

// A check that counts only when it fails says what it takes where it was not made.
func TestChecksThatWereNotMade(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(t testing.TB, h *hearing)
		check  string
		says   string
	}{
		{"gaps without a probe", func(testing.TB, *hearing) {}, CheckGaps, "whether the index goes by customer is not known"},
		{"gaps without every index", func(_ testing.TB, h *hearing) {
			h.lines[3].Index = nil
			h.anchors = append(h.anchors, &ProbeResult{IndexPerAccount: true})
		}, CheckGaps, "1 delta has no index"},
		{"adjustments where there are none", func(testing.TB, *hearing) {}, CheckAdjustments, "no delta adjusts another"},
		{"adjustments of something that only other evidence can have", func(t testing.TB, h *hearing) {
			h.lines[4].Item.Adjusts = &Adjusts{RecordID: "rec_of_january"}
			h.rehash(t, 4)
			h.rerecord(t)
		}, CheckAdjustments, "1 delta adjusts what neither"},
		{"own deltas that were not brought", func(testing.TB, *hearing) {}, CheckOwnDeltas, "were not brought"},
		{"membership without the hashes of batches", func(_ testing.TB, h *hearing) {
			for i := range h.lines {
				h.lines[i].ItemHashes = nil
			}
		}, CheckMembership, "no delta has what it takes"},
		{"batch roots that nothing confirms", func(_ testing.TB, h *hearing) {
			for i := range h.lines {
				h.lines[i].ItemHashes[0] = Hash{byte(i)}
			}
		}, CheckBatches, "scheme not confirmed: the batch of line 2"},
		{"a chain with links to elsewhere", func(_ testing.TB, h *hearing) { h.lines[9].PreviousProofHash = &Hash{9} },
			CheckChain, "1 of 27 batches name another batch"},
		{"a chain without links", func(_ testing.TB, h *hearing) {
			for i := range h.lines {
				h.lines[i].PreviousProofHash = nil
			}
		}, CheckChain, "no two batches in a row"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := february(t, 28)
			h := &hearing{bill: b, expect: buyer(), anchors: []Anchor{b.record()}}
			tc.change(t, h)
			report := verify(t, h.write(t), h.expect, h.anchors...)
			require.Equal(t, Verified, report.Verdict, report.Text())
			check := report.Check(tc.check)
			require.Equal(t, NotChecked, check.Outcome)
			require.False(t, check.Needed)
			require.Contains(t, check.Reason, tc.says)
		})
	}
}

// about says in short what a report is about, by its verdict.
func about(r *Report) string {
	var words []string
	switch r.Verdict {
	case Verified:
	case Consistent:
		for _, c := range r.Checks {
			for _, rest := range c.Rests {
				words = append(words, rest.Value)
			}
		}
	case Incomplete:
		words = r.open()
	case DoesNotMatch:
		return r.First.Check
	}
	return strings.Join(words, " ")
}

// requireSound holds what every report must be, whatever it says.
func requireSound(t testing.TB, r *Report) {
	t.Helper()
	require.Equal(t, r.Verdict == DoesNotMatch, r.First != nil)
	require.NotContains(t, r.String(), "\n")
	require.True(t, strings.HasPrefix(r.String(), string(r.Verdict)))
	require.NotEmpty(t, r.Limits)
	for _, c := range r.Checks {
		require.Equal(t, c.Outcome == Failed, c.Divergence != nil, c.Name)
		require.False(t, c.Outcome != Passed && c.Reason == "", "%s has no reason", c.Name)
		require.False(t, c.Outcome != Passed && len(c.Rests) > 0, "%s rests on something and did not pass", c.Name)
	}
	earlier, err := r.Anchor()
	if r.Verdict == Verified || r.Verdict == Consistent {
		require.NoError(t, err)
		require.Equal(t, r.Balance, earlier.Balance())
	} else {
		require.ErrorIs(t, err, ErrNoAnchor)
	}
	for _, word := range []string{"tamper", "fraud", "forg"} {
		require.NotContains(t, strings.ToLower(r.Text()), word)
	}
	_, err = json.Marshal(r)
	require.NoError(t, err)
}
