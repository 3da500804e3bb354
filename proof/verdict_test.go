package proof

import (
	"bytes"
	"encoding/json"
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

// TestVerdicts is the verdict table. A case begins with a bill of 28 days that matches the
// record, the expectation and the public record's anchor.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		change  func(t testing.TB, h *hearing)
		verdict Verdict
		// about is the check that failed first, the needed checks that were not made, or the
		// values that rest on something, as the verdict has it.
		about string
	}{
		// Verified.
		{"everything is bound", func(testing.TB, *hearing) {}, Verified, ""},
		{"one delta, whose root is its leaf", func(t testing.TB, h *hearing) {
			*h.bill = *february(t, 1)
			h.anchors = []Anchor{h.record()}
		}, Verified, ""},
		{"amounts with decimals, summed exactly", func(t testing.TB, h *hearing) {
			h.lines = nil
			for i, amount := range []string{"-0.1", "-0.2", "-0.7"} {
				h.add(t, item(t, usage.DailyReference(acme, month.First().AddDays(i)), amount), march2)
			}
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Verified, ""},
		{"the record's net change is the rounding of a binary64 sum", func(t testing.TB, h *hearing) {
			h.lines = nil
			for i, amount := range []string{"-0.1", "-0.2", "-0.7"} {
				h.add(t, item(t, usage.DailyReference(acme, month.First().AddDays(i)), amount), march2)
			}
			h.reseal(t)
			record := h.record()
			record.NetChange = new(number(t, "-0.9999999999999999"))
			h.anchors = []Anchor{record}
		}, Verified, ""},
		{"a service that hashes by another variant", func(t testing.TB, h *hearing) {
			*h.bill = *billOf(t, month, 28, VariantRawNul)
			h.header.Variant = VariantHex0x
			h.anchors = []Anchor{h.record()}
		}, Verified, ""},
		{"no hash of an item from the service, and the root shows them all", func(t testing.TB, h *hearing) {
			for i := range h.lines {
				h.lines[i].ContentHash, h.lines[i].ItemHashes, h.lines[i].ProofHash = Hash{}, nil, nil
				h.lines[i].PreviousProofHash = nil
			}
		}, Verified, ""},
		{"no proof fields of batches", func(t testing.TB, h *hearing) {
			for i := range h.lines {
				h.lines[i].ItemHashes, h.lines[i].ProofHash, h.lines[i].PreviousProofHash = nil, nil, nil
			}
		}, Verified, ""},
		{"a start that earlier verified evidence binds", func(t testing.TB, h *hearing) {
			earlier := verifiedMonth(t, "2026-01", 31)
			h.header.StartingBalance = earlier.Balance()
			h.reseal(t)
			h.anchors = append(h.anchors, earlier)
		}, Verified, ""},
		{"late usage of a day that earlier evidence covers", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-30:late-1", "-3"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record(), verifiedMonth(t, "2026-01", 31)}
		}, Verified, ""},
		{"an adjustment of a delta before it", func(t testing.TB, h *hearing) {
			late := item(t, "usage:customer_acme:2026-02-03:late-1", "-3")
			late.Adjusts = &Adjusts{ReferenceID: "usage:customer_acme:2026-02-03"}
			h.add(t, late, march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Verified, ""},
		{"an undated delta that the buyer's own system saw", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "top-up-17", "1000"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record(), h.own()}
		}, Verified, ""},
		{"a carried delta that the buyer's own system saw and no earlier invoice had", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-31", "-7"), march2).Carried = carriedFrom("2026-01")
			h.reseal(t)
			h.anchors = []Anchor{h.record(), h.own(), verifiedMonth(t, "2026-01", 30)}
		}, Verified, ""},
		{"a carried delta that the public record of its batch binds and no earlier invoice had", func(t testing.TB, h *hearing) {
			l := h.add(t, item(t, "usage:customer_acme:2026-01-31", "-7"), march2)
			l.Carried = carriedFrom("2026-01")
			h.reseal(t)
			h.anchors = []Anchor{h.record(), verifiedMonth(t, "2026-01", 30),
				&PublicRecord{Root: *h.lines[28].ProofHash, Verified: true}}
		}, Verified, ""},
		{"a carried delta that the public record of its batch and the buyer's own list show", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-31", "-7"), march2).Carried = carriedFrom("2026-01")
			h.reseal(t)
			h.anchors = []Anchor{h.record(), h.own(), verifiedMonth(t, "2026-01", 30),
				&PublicRecord{Root: *h.lines[28].ProofHash, Verified: true}}
		}, Verified, ""},
		{"a start at 0 after earlier evidence whose usage was billed", func(t testing.TB, h *hearing) {
			h.anchors = append(h.anchors, endingAt(t, -500, ""))
		}, Verified, ""},
		{"a test bill where test is expected", func(t testing.TB, h *hearing) {
			h.header.Environment, h.expect.Environment = EnvironmentTest, EnvironmentTest
			h.anchors = []Anchor{h.record()}
		}, Verified, ""},
		{"the balance that is printed on the invoice", func(t testing.TB, h *hearing) {
			h.expect.Balance = new(decimal.New(-1400))
		}, Verified, ""},
		{"a broken link, since the chain may go by vendor", func(t testing.TB, h *hearing) {
			h.lines[9].PreviousProofHash = &Hash{9}
		}, Verified, ""},

		// Consistent.
		{"only the root printed on the invoice", func(t testing.TB, h *hearing) {
			h.anchors = []Anchor{InvoiceRoot{h.header.Checkpoint.Root}}
		}, Consistent, "environment root count net change"},
		{"nothing but the file", func(t testing.TB, h *hearing) { h.anchors = nil }, Consistent, "environment root count net change"},
		{"a record without a count", func(t testing.TB, h *hearing) {
			h.anchors[0].(*PublicRecord).RecordCount = nil
		}, Consistent, "count"},
		{"a record without a net change", func(t testing.TB, h *hearing) {
			h.anchors[0].(*PublicRecord).NetChange = nil
		}, Consistent, "net change"},
		{"a checker who expects no customer", func(_ testing.TB, h *hearing) { h.expect.CustomerID = "" }, Consistent, "account"},
		{"a checker who expects no resource", func(_ testing.TB, h *hearing) { h.expect.Resource = "" }, Consistent, "resource"},
		{"a checker who expects no period", func(_ testing.TB, h *hearing) { h.expect.Period = "" }, Consistent, "usage days"},
		{"a delta that names no resource", func(t testing.TB, h *hearing) {
			h.lines[3].Item.Metadata = nil
			h.rehash(t, 3)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Consistent, "resource"},
		{"a unit that stands in no hashed field", func(t testing.TB, h *hearing) { h.header.Account.Unit = "minute" }, Consistent, "unit"},
		{"undated references", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "top-up-17", "1000"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Consistent, "usage days"},
		{"late usage without the earlier evidence", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-30:late-1", "-3"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Consistent, "late usage"},
		{"January's usage relabelled as February's", func(t testing.TB, h *hearing) {
			b := billOf(t, "2026-01", 31, VariantHex0x)
			b.header.Period, b.header.Days, b.header.Window = h.header.Period, h.header.Days, h.header.Window
			*h.bill = *b
			h.anchors = []Anchor{h.record()}
		}, Consistent, "late usage"},
		{"a window that claims to reach back over the late usage", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-30:late-1", "-3"), march2)
			h.header.Window.Start = usage.Period("2026-01").Start()
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Consistent, "late usage"},
		{"a start that nothing binds", func(t testing.TB, h *hearing) {
			h.header.StartingBalance = decimal.New(-7)
			h.reseal(t)
		}, Consistent, "starting balance"},
		{"a start that ends evidence which was only consistent", func(t testing.TB, h *hearing) {
			january := billOf(t, "2026-01", 31, VariantHex0x)
			expect := buyer()
			expect.Period = "2026-01"
			earlier, err := verify(t, january.write(t), expect).Anchor()
			require.NoError(t, err)
			h.header.StartingBalance = earlier.Balance()
			h.reseal(t)
			h.anchors = append(h.anchors, earlier)
		}, Consistent, "starting balance"},
		{"a start at 0 after earlier evidence that ended with something left", func(t testing.TB, h *hearing) {
			h.anchors = append(h.anchors, endingAt(t, 500, ""))
		}, Consistent, "starting balance"},
		{"a start that ends earlier evidence which names no unit", func(t testing.TB, h *hearing) {
			h.inHours(t)
			h.header.StartingBalance = decimal.New(-500)
			h.reseal(t)
			h.anchors = []Anchor{h.record(), endingAt(t, -500, "")}
		}, Consistent, "starting balance"},
		{"a window that leaves a gap to the earlier evidence", func(t testing.TB, h *hearing) {
			h.header.Window.Start = h.header.Window.Start.Add(time.Hour)
			h.anchors = append(h.anchors, verifiedMonth(t, "2026-01", 31))
		}, Consistent, "window"},
		{"a claim that only a binary64 sum gives", func(t testing.TB, h *hearing) {
			h.lines = nil
			for i, amount := range []string{"-0.1", "-0.2"} {
				h.add(t, item(t, usage.DailyReference(acme, month.First().AddDays(i)), amount), march2)
			}
			h.reseal(t)
			h.header.ClaimedBalance = number(t, "-0.30000000000000004")
			h.anchors = []Anchor{h.record()}
		}, Consistent, "balance"},
		{"a carried delta that nothing shows", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-31", "-7"), march2).Carried = carriedFrom("2026-01")
			h.reseal(t)
		}, Consistent, "carried deltas carried deltas"},
		{"a carried delta that only the buyer's own list shows", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-31", "-7"), march2).Carried = carriedFrom("2026-01")
			h.reseal(t)
			h.anchors = append(h.anchors, h.own())
		}, Consistent, "carried deltas"},
		{"a month without usage and without a checkpoint", func(t testing.TB, h *hearing) {
			*h.bill = *february(t, 0)
			h.header.Checkpoint = Checkpoint{}
			h.anchors = nil
		}, Consistent, "environment root count net change"},

		{"a carried delta that the record of its batch and the buyer's list show, and nothing shows the root", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-31", "-7"), march2).Carried = carriedFrom("2026-01")
			h.reseal(t)
			h.anchors = []Anchor{InvoiceRoot{h.header.Checkpoint.Root}, h.own(), verifiedMonth(t, "2026-01", 30),
				&PublicRecord{Root: *h.lines[28].ProofHash, Verified: true}}
		}, Consistent, "environment root count net change"},

		// Incomplete.
		{"metadata that is not known", func(t testing.TB, h *hearing) {
			h.lines[3].Item.Metadata, h.lines[3].Sources.Metadata = nil, SourceUnknown
		}, Incomplete, "content hashes"},
		{"a scheme that reproduces nothing", func(t testing.TB, h *hearing) {
			for i := range h.lines {
				h.lines[i].ContentHash = Keccak256([]byte{3, byte(i)})
				h.lines[i].ItemHashes[1] = h.lines[i].ContentHash
			}
			h.header.Checkpoint.Root = Keccak256([]byte("sha256 for all we know"))
			h.anchors[0].(*PublicRecord).Root = h.header.Checkpoint.Root
		}, Incomplete, "content hashes checkpoint root"},
		{"a scheme that reproduces items and not the root", func(t testing.TB, h *hearing) {
			h.header.Checkpoint.Root = Hash{7}
			h.anchors[0].(*PublicRecord).Root = Hash{7}
		}, Incomplete, "checkpoint root"},
		{"another variant than the one that is named", func(t testing.TB, h *hearing) { h.expect.Variant = VariantRaw },
			Incomplete, "checkpoint root"},
		{"a probe that found another scheme than this one confirms nothing", func(t testing.TB, h *hearing) {
			h.header.Checkpoint.Root = Hash{7}
			h.anchors[0].(*PublicRecord).Root = Hash{7}
			h.anchors = append(h.anchors, &ProbeResult{Environment: EnvironmentTest, Checkpoint: []Variant{VariantHex0x}})
		}, Incomplete, "checkpoint root"},
		{"no hash of an item from the service, and a root that is not reproduced", func(t testing.TB, h *hearing) {
			h.lines[4].ContentHash, h.lines[4].ItemHashes, h.lines[4].ProofHash = Hash{}, nil, nil
			h.lines[4].PreviousProofHash, h.lines[4].Sources.Proof = nil, ""
			h.header.Checkpoint.Root = Hash{7}
			h.anchors[0].(*PublicRecord).Root = Hash{7}
		}, Incomplete, "content hashes checkpoint root"},
		{"no checkpoint", func(t testing.TB, h *hearing) {
			h.header.Checkpoint = Checkpoint{}
			h.anchors = nil
		}, Incomplete, "checkpoint root"},
		{"a doubled tail without a count from outside", func(t testing.TB, h *hearing) {
			h.lines = h.lines[:0]
			for _, id := range []string{"a", "b", "c", "c"} {
				unnamed := item(t, "", "-5")
				unnamed.Reason = id
				h.add(t, unnamed, march2)
			}
			h.reseal(t)
			record := h.record()
			record.RecordCount = nil
			h.anchors = []Anchor{record}
		}, Incomplete, "count"},
		{"a tail that could be doubled, with no reference against it, without a count", func(t testing.TB, h *hearing) {
			h.lines = h.lines[:2]
			h.add(t, item(t, "", "-5"), march2)
			h.reseal(t)
			record := h.record()
			record.RecordCount = nil
			h.anchors = []Anchor{record}
		}, Incomplete, "count"},
		{"references that differ by case", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "Usage:customer_acme:2026-02-05", "-50"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Incomplete, "references"},
		{"a repeat in another case than the one before it", func(t testing.TB, h *hearing) {
			h.lines[4].Item.ReferenceID += ":again-1"
			h.rehash(t, 4)
			h.add(t, item(t, "Usage:customer_acme:2026-02-05:AGAIN-1", "-50"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Incomplete, "references"},
		{"a repeat in another case than its base", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "Usage:customer_acme:2026-02-05:again-1", "-50"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Incomplete, "references"},
		{"references that differ by a space", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-02-05 ", "-50"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Incomplete, "references"},
		{"references that differ by normalisation", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "caf\u00e9", "-50"), march2)
			h.add(t, item(t, "cafe\u0301", "-50"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, Incomplete, "references"},

		// Does not match.
		{"an amount changed in the file", func(t testing.TB, h *hearing) { h.edit(t, `"delta":-50`, `"delta":-51`) },
			DoesNotMatch, CheckContent},
		{"an amount changed and everything sealed again", func(t testing.TB, h *hearing) {
			h.lines[4].Item.Delta = decimal.New(-500)
			h.reseal(t)
		}, DoesNotMatch, CheckContent},
		{"an amount changed with its hashes", func(t testing.TB, h *hearing) {
			h.lines[4].Item.Delta = decimal.New(-500)
			h.rehash(t, 4)
			h.reseal(t)
		}, DoesNotMatch, CheckRoot},
		{"the only amount of a bill changed", func(t testing.TB, h *hearing) {
			*h.bill = *february(t, 1)
			h.anchors = []Anchor{h.record()}
			h.edit(t, `"delta":-50`, `"delta":-51`)
		}, DoesNotMatch, CheckBalance},
		{"the only amount of a bill changed with claim and trailer", func(t testing.TB, h *hearing) {
			*h.bill = *february(t, 1)
			h.anchors = []Anchor{h.record()}
			h.lines[0].Item.Delta = decimal.New(-51)
			root := h.header.Checkpoint.Root
			h.reseal(t)
			h.header.Checkpoint.Root = root
		}, DoesNotMatch, CheckNetChange},
		{"a claim that the deltas do not lead to", func(t testing.TB, h *hearing) { h.header.ClaimedBalance = decimal.New(-1500) },
			DoesNotMatch, CheckBalance},
		{"a start that earlier evidence contradicts", func(t testing.TB, h *hearing) {
			h.header.StartingBalance = decimal.New(-7)
			h.reseal(t)
			h.anchors = append(h.anchors, verifiedMonth(t, "2026-01", 31))
		}, DoesNotMatch, CheckStart},
		{"a start that is the end of earlier evidence in another unit", func(t testing.TB, h *hearing) {
			h.inHours(t)
			h.header.StartingBalance = decimal.New(-500)
			h.reseal(t)
			h.anchors = []Anchor{h.record(), endingAt(t, -500, "seconds")}
		}, DoesNotMatch, CheckStart},
		{"a start that is the end of earlier evidence whose unit stands in its deltas alone", func(t testing.TB, h *hearing) {
			january := billOf(t, "2026-01", 31, VariantHex0x)
			for i := range january.lines {
				january.lines[i].Item.Metadata = json.RawMessage(`{"resource":"compute-minutes","unit":"seconds"}`)
				january.rehash(t, i)
			}
			january.seal(t)
			expect := buyer()
			expect.Period = "2026-01"
			earlier, err := verify(t, january.write(t), expect, january.record()).Anchor()
			require.NoError(t, err)
			h.inHours(t)
			h.header.StartingBalance = earlier.Balance()
			h.reseal(t)
			h.anchors = []Anchor{h.record(), earlier}
		}, DoesNotMatch, CheckStart},
		{"a claim of 0 where the deltas are beyond every binary64", func(t testing.TB, h *hearing) {
			h.lines = nil
			for i := range 2 {
				h.add(t, item(t, usage.DailyReference(acme, month.First().AddDays(i)), "-1.7e308"), march2)
			}
			h.reseal(t)
			h.header.ClaimedBalance = decimal.Decimal{}
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckBalance},
		{"another balance than the invoice's", func(t testing.TB, h *hearing) { h.expect.Balance = new(decimal.New(-1401)) },
			DoesNotMatch, CheckBalance},
		{"a removed delta, sealed again", func(t testing.TB, h *hearing) {
			h.lines = append(h.lines[:5], h.lines[6:]...)
			h.reseal(t)
		}, DoesNotMatch, CheckRoot},
		{"a removed delta under the true root", func(t testing.TB, h *hearing) {
			root := h.header.Checkpoint.Root
			h.lines = append(h.lines[:5], h.lines[6:]...)
			h.reseal(t)
			h.header.Checkpoint.Root = root
		}, DoesNotMatch, CheckCount},
		{"two deltas in another order, under the true root, where a checkpoint was reproduced before", func(t testing.TB, h *hearing) {
			root := h.header.Checkpoint.Root
			h.lines[2], h.lines[3] = h.lines[3], h.lines[2]
			h.reseal(t)
			h.header.Checkpoint.Root = root
			h.anchors = append(h.anchors, &ProbeResult{Checkpoint: []Variant{VariantHex0x}})
		}, DoesNotMatch, CheckRoot},
		{"another customer than the expected one", func(_ testing.TB, h *hearing) { h.expect.CustomerID = "customer_bolt" },
			DoesNotMatch, CheckAccount},
		{"another customer's delta among them", func(t testing.TB, h *hearing) {
			h.lines[4].Item.CustomerID = "customer_bolt"
			h.rehash(t, 4)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckAccount},
		{"another resource than the expected one", func(_ testing.TB, h *hearing) { h.expect.Resource = "requests" },
			DoesNotMatch, CheckUnit},
		{"two resources in one balance", func(t testing.TB, h *hearing) {
			h.lines[4].Item.Metadata = json.RawMessage(`{"resource":"requests"}`)
			h.rehash(t, 4)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckUnit},
		{"a resource that is no text", func(t testing.TB, h *hearing) {
			h.lines[4].Item.Metadata = json.RawMessage(`{"resource":["compute-minutes"]}`)
			h.rehash(t, 4)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckUnit},
		{"a test bill where live is expected", func(t testing.TB, h *hearing) {
			h.header.Environment = EnvironmentTest
			h.anchors = nil
		}, DoesNotMatch, CheckEnvironment},
		{"a root of the test environment", func(t testing.TB, h *hearing) {
			h.anchors[0].(*PublicRecord).Environment = EnvironmentTest
		}, DoesNotMatch, CheckEnvironment},
		{"another month than the expected one", func(_ testing.TB, h *hearing) { h.expect.Period = "2026-03" },
			DoesNotMatch, CheckUsageDays},
		{"usage after the billed days", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-03-01", "-50"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckUsageDays},
		{"a delta carried from a window before its usage", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-02-05:part-2", "-7"), march2).Carried = carriedFrom("2026-01")
			h.reseal(t)
		}, DoesNotMatch, CheckUsageDays},
		{"one delta twice", func(t testing.TB, h *hearing) {
			again := h.lines[4]
			again.RecordID = "rec_x"
			h.lines = append(h.lines, again)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckReferences},
		{"one record twice", func(t testing.TB, h *hearing) {
			h.lines[4].RecordID = h.lines[3].RecordID
		}, DoesNotMatch, CheckOrder},
		{"a delta and its repeat", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-02-05:again-1", "-50"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckReferences},
		{"a delta that an earlier invoice had", func(t testing.TB, h *hearing) {
			l := h.add(t, item(t, "usage:customer_acme:2026-01-30", "-50"), march2)
			l.RecordID = "rec_x"
			h.reseal(t)
			h.anchors = []Anchor{h.record(), verifiedMonth(t, "2026-01", 31)}
		}, DoesNotMatch, CheckReferences},
		{"a repeat of a delta that an earlier invoice had", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-30:again-1", "-50"), march2)
			h.reseal(t)
			h.anchors = []Anchor{h.record(), verifiedMonth(t, "2026-01", 31)}
		}, DoesNotMatch, CheckReferences},
		{"a window that overlaps the earlier one", func(t testing.TB, h *hearing) {
			h.header.Window.Start = h.header.Window.Start.Add(-time.Hour)
			h.anchors = append(h.anchors, verifiedMonth(t, "2026-01", 31))
		}, DoesNotMatch, CheckStart},
		{"lines that are not numbered in order", func(t testing.TB, h *hearing) { h.edit(t, `"sequence":7`, `"sequence":8`) },
			DoesNotMatch, CheckOrder},
		{"a carried delta that the header does not list", func(t testing.TB, h *hearing) {
			h.add(t, item(t, "usage:customer_acme:2026-01-31", "-7"), march2).Carried = carriedFrom("2026-01")
			h.reseal(t)
			h.edit(t, `"carried":[{"referenceId":"usage:customer_acme:2026-01-31"`, `"carried":[{"referenceId":"usage:customer_acme:2026-01-30"`)
		}, DoesNotMatch, CheckOrder},
		{"a carried delta that the header lists and no line has", func(t testing.TB, h *hearing) {
			h.edit(t, `"checkpoint":`, `"carried":[{"recordId":"rec_9","window":{"start":"2026-01-02T00:00:00Z","end":"2026-02-02T00:00:00Z"}}],"checkpoint":`)
		}, DoesNotMatch, CheckOrder},
		{"earlier evidence of another customer, where none is expected", func(t testing.TB, h *hearing) {
			h.expect.CustomerID = ""
			earlier := *verifiedMonth(t, "2026-01", 31)
			earlier.account.CustomerID = "customer_bolt"
			h.anchors = append(h.anchors, &earlier)
		}, DoesNotMatch, CheckStart},
		{"another root than the invoice's", func(_ testing.TB, h *hearing) {
			h.anchors = append(h.anchors, InvoiceRoot{Hash{9}})
		}, DoesNotMatch, CheckRoot},
		{"another root than the public record was asked for", func(_ testing.TB, h *hearing) {
			h.anchors[0].(*PublicRecord).Root = Hash{9}
		}, DoesNotMatch, CheckRoot},
		{"another count in the public record", func(_ testing.TB, h *hearing) {
			h.anchors[0].(*PublicRecord).RecordCount = new(int64(29))
		}, DoesNotMatch, CheckCount},
		{"a doubled tail, told by the count", func(t testing.TB, h *hearing) {
			h.lines = h.lines[:0]
			for _, id := range []string{"a", "b", "c", "c"} {
				unnamed := item(t, "", "-5")
				unnamed.Reason = id
				h.add(t, unnamed, march2)
			}
			h.reseal(t)
			record := h.record()
			record.RecordCount = new(int64(3))
			h.anchors = []Anchor{record}
		}, DoesNotMatch, CheckCount},
		{"another net change in the public record", func(_ testing.TB, h *hearing) {
			h.anchors[0].(*PublicRecord).NetChange = new(decimal.New(-1401))
		}, DoesNotMatch, CheckNetChange},
		{"a trailer with another count", func(t testing.TB, h *hearing) {
			h.edit(t, `"count":28,"sum"`, `"count":27,"sum"`)
		}, DoesNotMatch, CheckCount},
		{"a trailer with another sum", func(t testing.TB, h *hearing) { h.edit(t, `"sum":"-1400"`, `"sum":"-1401"`) },
			DoesNotMatch, CheckBalance},
		{"a trailer with another root", func(t testing.TB, h *hearing) {
			h.edit(t, `"root":"`+h.header.Checkpoint.Root.String(), `"root":"`+Hash{9}.String())
		}, DoesNotMatch, CheckRoot},
		{"a content hash outside of its batch", func(t testing.TB, h *hearing) { h.lines[4].ItemHashes[1] = Hash{9} },
			DoesNotMatch, CheckMembership},
		{"another hash in a batch", func(t testing.TB, h *hearing) { h.lines[4].ItemHashes[0] = Hash{9} },
			DoesNotMatch, CheckBatches},
		{"a receipt of another batch", func(t testing.TB, h *hearing) { h.lines[4].ReceiptID = Hash{9}.String() },
			DoesNotMatch, CheckBatches},
		{"a broken link where the chain goes by customer", func(t testing.TB, h *hearing) {
			h.lines[9].PreviousProofHash = &Hash{9}
			h.anchors = append(h.anchors, &ProbeResult{ChainPerAccount: true})
		}, DoesNotMatch, CheckChain},
		{"a gap where the index goes by customer", func(t testing.TB, h *hearing) {
			h.lines[9].Index = new(int64(500))
			h.anchors = append(h.anchors, &ProbeResult{IndexPerAccount: true})
		}, DoesNotMatch, CheckGaps},
		{"a sequence that does not go on where the earlier evidence ended", func(t testing.TB, h *hearing) {
			h.anchors = append(h.anchors, &ProbeResult{IndexPerAccount: true}, verifiedMonth(t, "2026-01", 31))
		}, DoesNotMatch, CheckGaps},
		{"an adjustment of itself", func(t testing.TB, h *hearing) {
			h.lines[4].Item.Adjusts = &Adjusts{ReferenceID: h.lines[4].Item.ReferenceID}
			h.rehash(t, 4)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckAdjustments},
		{"an adjustment of a delta after it", func(t testing.TB, h *hearing) {
			h.lines[4].Item.Adjusts = &Adjusts{RecordID: h.lines[9].RecordID}
			h.rehash(t, 4)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckAdjustments},
		{"an adjustment of a usage day that no evidence has", func(t testing.TB, h *hearing) {
			h.lines[4].Item.Adjusts = &Adjusts{ReferenceID: "usage:customer_acme:2026-02-01:part-9"}
			h.rehash(t, 4)
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
		}, DoesNotMatch, CheckAdjustments},
		{"a delta that the buyer's own system did not see", func(t testing.TB, h *hearing) {
			own := h.own()
			own.Items = own.Items[1:]
			h.anchors = append(h.anchors, own)
		}, DoesNotMatch, CheckOwnDeltas},
		{"a delta that the evidence leaves out", func(t testing.TB, h *hearing) {
			own := h.own()
			own.Items = append(own.Items, item(t, "credit-9", "250"))
			h.anchors = append(h.anchors, own)
		}, DoesNotMatch, CheckOwnDeltas},
		{"a delta that the buyer's own system saw for another customer", func(t testing.TB, h *hearing) {
			h.expect.CustomerID = ""
			own := h.own()
			own.Items[3].CustomerID = "customer_bolt"
			h.anchors = append(h.anchors, own)
		}, DoesNotMatch, CheckOwnDeltas},
		{"another amount than the buyer's own system saw", func(t testing.TB, h *hearing) {
			own := h.own()
			own.Items[3].Delta = decimal.New(-49)
			h.anchors = append(h.anchors, own)
		}, DoesNotMatch, CheckOwnDeltas},
	} {
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
			h.reseal(t)
			h.anchors = []Anchor{h.record()}
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
