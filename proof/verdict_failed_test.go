package proof

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// mismatchRulings end with does not match: a check failed.
var mismatchRulings = []ruling{
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
		h.rerecord(t)
	}, DoesNotMatch, CheckAccount},
	{"another resource than the expected one", func(_ testing.TB, h *hearing) { h.expect.Resource = "requests" },
		DoesNotMatch, CheckUnit},
	{"two resources in one balance", func(t testing.TB, h *hearing) {
		h.lines[4].Item.Metadata = json.RawMessage(`{"resource":"requests"}`)
		h.rehash(t, 4)
		h.rerecord(t)
	}, DoesNotMatch, CheckUnit},
	{"a resource that is no text", func(t testing.TB, h *hearing) {
		h.lines[4].Item.Metadata = json.RawMessage(`{"resource":["compute-minutes"]}`)
		h.rehash(t, 4)
		h.rerecord(t)
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
		h.rerecord(t)
	}, DoesNotMatch, CheckUsageDays},
	{"a delta carried from a window before its usage", func(t testing.TB, h *hearing) {
		h.add(t, item(t, "usage:customer_acme:2026-02-05:part-2", "-7"), march2).Carried = carriedFrom("2026-01")
		h.reseal(t)
	}, DoesNotMatch, CheckUsageDays},
	{"one delta twice", func(t testing.TB, h *hearing) {
		again := h.lines[4]
		again.RecordID = "rec_x"
		h.lines = append(h.lines, again)
		h.rerecord(t)
	}, DoesNotMatch, CheckReferences},
	{"one record twice", func(t testing.TB, h *hearing) {
		h.lines[4].RecordID = h.lines[3].RecordID
	}, DoesNotMatch, CheckOrder},
	{"a delta and its repeat", func(t testing.TB, h *hearing) {
		h.add(t, item(t, "usage:customer_acme:2026-02-05:again-1", "-50"), march2)
		h.rerecord(t)
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
		h.rerecord(t)
	}, DoesNotMatch, CheckAdjustments},
	{"an adjustment of a delta after it", func(t testing.TB, h *hearing) {
		h.lines[4].Item.Adjusts = &Adjusts{RecordID: h.lines[9].RecordID}
		h.rehash(t, 4)
		h.rerecord(t)
	}, DoesNotMatch, CheckAdjustments},
	{"an adjustment of a usage day that no evidence has", func(t testing.TB, h *hearing) {
		h.lines[4].Item.Adjusts = &Adjusts{ReferenceID: "usage:customer_acme:2026-02-01:part-9"}
		h.rehash(t, 4)
		h.rerecord(t)
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
}
