package proof

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// boundRulings end with verified: everything is bound.
var boundRulings = []ruling{
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
		h.rerecord(t)
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
		h.rerecord(t)
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
}

// restingRulings end with consistent: all passed, and something rests on the file itself.
var restingRulings = []ruling{
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
		h.rerecord(t)
	}, Consistent, "resource"},
	{"a unit that stands in no hashed field", func(t testing.TB, h *hearing) { h.header.Account.Unit = "minute" }, Consistent, "unit"},
	{"undated references", func(t testing.TB, h *hearing) {
		h.add(t, item(t, "top-up-17", "1000"), march2)
		h.rerecord(t)
	}, Consistent, "usage days"},
	{"late usage without the earlier evidence", func(t testing.TB, h *hearing) {
		h.add(t, item(t, "usage:customer_acme:2026-01-30:late-1", "-3"), march2)
		h.rerecord(t)
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
		h.rerecord(t)
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
}
