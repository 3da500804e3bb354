package corpus

import (
	"slices"

	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

// proofFields changes what the service said of a delta.
func proofFields(m *maker) {
	each(func(v proof.Variant, i int) {
		at := forge.Line(i)
		for _, c := range []struct {
			name  string
			want  forge.Want
			apply func(x *mutant, line forge.M)
		}{
			{"content-hash", forge.Fails(proof.CheckContent, at), func(x *mutant, l forge.M) { l["contentHash"] = forge.Stranger("content") }},
			{"content-hash-in-batch", forge.Fails(proof.CheckContent, at), func(x *mutant, l forge.M) {
				l["contentHash"] = forge.Stranger("content")
				l["itemHashes"].([]any)[1] = l["contentHash"]
				x.SealBatch(i)
			}},
			{"content-hash-of-another", forge.Fails(proof.CheckContent, at), func(x *mutant, l forge.M) {
				l["contentHash"] = x.Lines[(i+1)%days]["contentHash"]
			}},
			{"content-hash-by-the-other-label", forge.Fails(proof.CheckRoot, 0), func(x *mutant, l forge.M) {
				other := x.File.Clone()
				other.Variant = otherLabel(v)
				other.SealContent(i)
				l["contentHash"], l["itemHashes"] = other.Lines[i]["contentHash"], other.Lines[i]["itemHashes"]
				x.SealBatch(i)
			}},
			{"batch-left", forge.Fails(proof.CheckBatches, at), func(x *mutant, l forge.M) { l["itemHashes"].([]any)[0] = forge.Stranger("left") }},
			{"batch-right", forge.Fails(proof.CheckBatches, at), func(x *mutant, l forge.M) { l["itemHashes"].([]any)[2] = forge.Stranger("right") }},
			{"batch-left-sealed", forge.Verified(), func(x *mutant, l forge.M) {
				l["itemHashes"].([]any)[0] = forge.Stranger("left")
				x.SealBatch(i)
			}},
			{"batch-order", forge.Fails(proof.CheckBatches, at), func(x *mutant, l forge.M) {
				h := l["itemHashes"].([]any)
				h[0], h[2] = h[2], h[0]
			}},
			{"batch-short", forge.Fails(proof.CheckBatches, at), func(x *mutant, l forge.M) { l["itemHashes"] = l["itemHashes"].([]any)[:2] }},
			{"batch-longer", forge.Verified(), func(x *mutant, l forge.M) {
				h := l["itemHashes"].([]any)
				l["itemHashes"] = append(h, h[2]) // the odd one is paired with itself: the root is the same
			}},
			{"membership", forge.Fails(proof.CheckMembership, at), func(x *mutant, l forge.M) { l["itemHashes"].([]any)[1] = forge.Stranger("own") }},
			{"membership-sealed", forge.Fails(proof.CheckMembership, at), func(x *mutant, l forge.M) {
				l["itemHashes"].([]any)[1] = forge.Stranger("own")
				x.SealBatch(i)
			}},
			{"proof-hash", forge.Fails(proof.CheckBatches, at), func(x *mutant, l forge.M) { l["proofHash"] = forge.Stranger("proof") }},
			{"proof-hash-and-receipt", forge.Fails(proof.CheckBatches, at), func(x *mutant, l forge.M) {
				l["proofHash"] = forge.Stranger("proof")
				l["receiptId"] = l["proofHash"]
			}},
			{"receipt-hash", forge.Fails(proof.CheckBatches, at), func(x *mutant, l forge.M) { l["receiptId"] = forge.Stranger("receipt") }},
			{"receipt-label", forge.Verified(), func(x *mutant, l forge.M) { l["receiptId"] = "rcpt_1" }},
			{"no-content-hash", forge.Verified(), func(x *mutant, l forge.M) { delete(l, "contentHash") }},
			{"no-batch", forge.Verified(), func(x *mutant, l forge.M) { delete(l, "itemHashes") }},
			{"no-proof-hash", forge.Verified(), func(x *mutant, l forge.M) { delete(l, "proofHash") }},
			{"no-previous", forge.Verified(), func(x *mutant, l forge.M) { delete(l, "previousProofHash") }},
			{"previous", forge.Verified(), func(x *mutant, l forge.M) { l["previousProofHash"] = forge.Stranger("previous") }},
		} {
			x := honest(v)
			c.apply(x, x.Lines[i])
			m.add(x, c.want, "%s-%s-%d", c.name, v, i)
		}

		x := honest(v)
		x.Lines[i]["previousProofHash"] = forge.Stranger("previous")
		x.anchors = append(x.anchors, forge.Probe(v, true, false))
		broken := forge.Fails(proof.CheckChain, at)
		if i == 0 {
			broken = forge.Verified() // the first link leads out of the file
		}
		m.add(x, broken, "previous-probed-%s-%d", v, i)
	})
}

func otherLabel(v proof.Variant) proof.Variant {
	all := proof.Variants()
	for i := range all {
		if all[i] == v {
			return all[(i+3)%len(all)]
		}
	}
	return v
}

// labels changes what no hash holds: it may change nothing but what is said of order.
func labels(m *maker) {
	for _, v := range few {
		for i := range days {
			for _, c := range []struct {
				name  string
				apply func(l forge.M)
			}{
				{"record", func(l forge.M) { l["recordId"] = "rec_new" }},
				{"no-record", func(l forge.M) { delete(l, "recordId") }},
				{"no-receipt", func(l forge.M) { delete(l, "receiptId") }},
				{"index", func(l forge.M) { l["index"] = forge.Number(500) }},
				{"no-index", func(l forge.M) { delete(l, "index") }},
				{"time", func(l forge.M) { l["verifiedAt"] = "2026-03-01T01:00:00.5Z" }},
				{"no-time", func(l forge.M) { delete(l, "verifiedAt") }},
				{"source", func(l forge.M) { l["sources"].(forge.M)["item"] = "derived" }},
				{"own-source", func(l forge.M) { l["sources"].(forge.M)["reason"] = "webhook" }},
			} {
				x := honest(v)
				c.apply(x.Lines[i])
				m.add(x, forge.Verified(), "%s-%s-%d", c.name, v, i)
			}

			x := honest(v)
			x.Lines[i]["index"] = forge.Number(500)
			x.anchors = append(x.anchors, forge.Probe(v, false, true))
			m.add(x, forge.Fails(proof.CheckGaps, forge.Line(max(i, 1))), "index-probed-%s-%d", v, i)

			x = honest(v)
			delete(x.Lines[i], "index")
			x.anchors = append(x.anchors, forge.Probe(v, false, true))
			m.add(x, forge.Verified(), "no-index-probed-%s-%d", v, i)

			for _, n := range slices.Compact([]int{0, i, i + 2, days + 2}) {
				x := honest(v)
				x.Lines[i]["sequence"] = forge.Number(n)
				want := forge.Fails(proof.CheckOrder, forge.Line(i))
				if n == 0 {
					want = forge.Refuse()
				}
				m.add(x, want, "sequence-%d-%s-%d", n, v, i)
			}
			for j := range days {
				if j == i {
					continue
				}
				x := honest(v)
				x.Lines[i]["recordId"] = x.Lines[j]["recordId"]
				m.add(x, forge.Fails(proof.CheckOrder, forge.Line(max(i, j))), "record-of-%d-%s-%d", j, v, i)

				x = honest(v)
				x.Item(i)["referenceId"] = x.Item(j)["referenceId"]
				x.seal(i, recorded)
				m.add(x, forge.Fails(proof.CheckReferences, forge.Line(max(i, j))), "reference-of-%d-%s-%d", j, v, i)

				x = honest(v)
				x.Item(i)["referenceId"] = x.Item(j)["referenceId"].(string) + ":again-1"
				x.seal(i, recorded)
				m.add(x, forge.Fails(proof.CheckReferences, forge.Line(max(i, j))), "repeat-of-%d-%s-%d", j, v, i)

				x = honest(v)
				x.Item(i)["referenceId"] = " " + x.Item(j)["referenceId"].(string)
				x.seal(i, recorded)
				m.add(x, forge.Open(proof.CheckReferences), "look-of-%d-%s-%d", j, v, i)
			}

			x = honest(v)
			x.Lines[i]["carried"] = forge.Window(forge.January)
			m.add(x, forge.Fails(proof.CheckOrder, forge.Line(i)), "carried-unlisted-%s-%d", v, i)
		}
	}
}

// lines drops, doubles and moves whole lines.
func lines(m *maker) {
	for _, v := range proof.Variants() {
		for i := range days {
			dropped := func(d depth, numbered bool) *mutant {
				x := honest(v)
				x.Lines = append(x.Lines[:i:i], x.Lines[i+1:]...)
				if numbered {
					x.SealNumbers()
				}
				x.sealAbove(d)
				return x
			}
			hole := forge.Fails(proof.CheckOrder, forge.Line(i))
			if i == days-1 {
				hole = forge.Fails(proof.CheckBalance, 0) // the numbers do not show the last one
			}
			m.add(dropped(unsealed, false), hole, "drop-%s-%d", v, i)
			m.add(dropped(unsealed, true), forge.Fails(proof.CheckBalance, 0), "drop-numbered-%s-%d", v, i)
			m.add(dropped(totals, true), forge.Fails(proof.CheckRoot, 0), "drop-totals-%s-%d", v, i)
			m.add(dropped(ending, true), forge.Fails(proof.CheckCount, 0), "drop-ending-%s-%d", v, i)
			m.add(dropped(probed, true), forge.Fails(proof.CheckRoot, 0), "drop-probed-%s-%d", v, i)
			m.add(dropped(whole, true), forge.Fails(proof.CheckRoot, 0), "drop-whole-%s-%d", v, i)
			m.add(dropped(recorded, true), forge.Verified(), "drop-recorded-%s-%d", v, i)

			doubled := func(change func(x *mutant, copied forge.M)) *mutant {
				x := honest(v)
				copied := x.Clone().Lines[i]
				x.Lines = append(x.Lines[:i+1:i+1], append([]forge.M{copied}, x.Lines[i+1:]...)...)
				change(x, copied)
				return x
			}
			second := forge.Line(i + 1)
			m.add(doubled(func(x *mutant, _ forge.M) {}), forge.Refuse(), "double-%s-%d", v, i)
			m.add(doubled(func(x *mutant, _ forge.M) { x.SealTotals() }), forge.Fails(proof.CheckOrder, second), "double-totals-%s-%d", v, i)
			m.add(doubled(func(x *mutant, _ forge.M) {
				x.SealNumbers()
				x.sealAbove(recorded)
			}), forge.Fails(proof.CheckOrder, second), "double-numbered-%s-%d", v, i)
			m.add(doubled(func(x *mutant, c forge.M) {
				c["recordId"] = "rec_new"
				x.SealNumbers()
				x.sealAbove(recorded)
			}), forge.Fails(proof.CheckReferences, second), "double-relabelled-%s-%d", v, i)
			unnamed := func(x *mutant, c forge.M) {
				c["recordId"] = "rec_new"
				delete(c["item"].(forge.M), "referenceId")
				x.SealContent(i + 1)
				x.SealBatch(i + 1)
				x.SealNumbers()
			}
			m.add(doubled(func(x *mutant, c forge.M) {
				unnamed(x, c)
				x.sealAbove(ending)
			}), forge.Fails(proof.CheckCount, 0), "double-unnamed-%s-%d", v, i)
			m.add(doubled(func(x *mutant, c forge.M) {
				unnamed(x, c)
				x.sealAbove(recorded)
			}), forge.RestsOn(proof.CheckUsageDays), "double-unnamed-recorded-%s-%d", v, i)

			for j := i + 1; j < days; j++ {
				swapped := func(d depth, numbered bool) *mutant {
					x := honest(v)
					x.Lines[i], x.Lines[j] = x.Lines[j], x.Lines[i]
					if numbered {
						x.SealNumbers()
					}
					x.sealAbove(d)
					return x
				}
				m.add(swapped(unsealed, false), forge.Fails(proof.CheckOrder, forge.Line(i)), "swap-%d-%s-%d", j, v, i)
				m.add(swapped(unsealed, true), forge.Fails(proof.CheckRoot, 0), "swap-numbered-%d-%s-%d", j, v, i)
				m.add(swapped(ending, true), forge.Open(proof.CheckRoot), "swap-ending-%d-%s-%d", j, v, i)
				m.add(swapped(probed, true), forge.Fails(proof.CheckRoot, 0), "swap-probed-%d-%s-%d", j, v, i)
				m.add(swapped(recorded, true), forge.Verified(), "swap-recorded-%d-%s-%d", j, v, i)
			}
		}
	}
}

// tails repeats the last deltas of lists of every length, in deltas that no reference tells
// apart, and shows lists that were recorded with their tail twice.
func tails(m *maker) {
	for _, v := range proof.Variants() {
		for n := 1; n <= 17; n++ {
			unnamed := func() *mutant {
				f := forge.Month(forge.February, 0, v)
				for i := range n {
					item := forge.Item("", "-5")
					item["reason"] = string(rune('a' + i))
					f.Add(item)
				}
				return of(f.Seal())
			}
			// The list as it is: its root is that of a longer one too, unless its length is a
			// power of two.
			repeatable := n&(n-1) != 0
			x := unnamed()
			x.anchors[0] = forge.Without(x.anchors[0], "recordCount")
			want := forge.RestsOn(proof.CheckUsageDays, proof.CheckCount)
			if repeatable {
				want = forge.Open(proof.CheckCount)
			}
			m.add(x, want, "silent-%s-%d", v, n)
			m.add(unnamed(), forge.RestsOn(proof.CheckUsageDays), "counted-%s-%d", v, n)
			if !repeatable {
				continue
			}
			// The same root over a longer list.
			x = unnamed()
			record := x.anchors[0]
			for i := n - n&-n; i < n; i++ {
				x.Add(forge.With(x.Item(i), nil))
			}
			x.Seal()
			x.anchors = []forge.M{forge.Without(record, "netChange")}
			m.add(x, forge.Fails(proof.CheckCount, 0), "longer-counted-%s-%d", v, n)
			x.anchors = []forge.M{forge.Without(record, "recordCount")}
			m.add(x, forge.Fails(proof.CheckNetChange, 0), "longer-summed-%s-%d", v, n)
			x.anchors = []forge.M{forge.Without(record, "recordCount", "netChange")}
			m.add(x, forge.Open(proof.CheckCount), "longer-silent-%s-%d", v, n)
		}
	}
}
