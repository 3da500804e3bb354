package corpus

import (
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

// An effect is what a change of an item is about, beside its hash.
type effect int

const (
	amount     effect = iota
	neutral           // nothing that any sum or label shows
	undated           // the reference names no usage day any more
	unlabelled        // no hashed resource any more
	early             // a check before the content hashes notices, whatever is sealed
)

// changes of an item. check is for the early ones.
var changes = []struct {
	name   string
	effect effect
	check  string
	apply  func(item forge.M)
}{
	{"delta", amount, "", func(m forge.M) { m["delta"] = forge.Amount("-51") }},
	{"delta-sign", amount, "", func(m forge.M) { m["delta"] = forge.Amount("50") }},
	{"delta-fraction", amount, "", func(m forge.M) { m["delta"] = forge.Amount("-50.000001") }},
	{"reason", neutral, "", func(m forge.M) { m["reason"] = "another reason" }},
	{"reason-empty", neutral, "", func(m forge.M) { m["reason"] = "" }},
	{"metadata-number", neutral, "", func(m forge.M) { m["metadata"].(forge.M)["events"] = forge.Number(13) }},
	{"metadata-more", neutral, "", func(m forge.M) { m["metadata"].(forge.M)["note"] = "é" }},
	{"adjusts", neutral, "", func(m forge.M) { m["adjusts"] = forge.M{"recordId": "rec_of_elsewhere"} }},
	{"reference-undated", undated, "", func(m forge.M) { m["referenceId"] = "credit-1" }},
	{"metadata-none", unlabelled, "", func(m forge.M) { delete(m, "metadata") }},
	{"metadata-empty", unlabelled, "", func(m forge.M) { m["metadata"] = forge.M{} }},
	{"customer", early, proof.CheckAccount, func(m forge.M) { m["customerId"] = "customer_bolt" }},
	{"resource", early, proof.CheckUnit, func(m forge.M) { m["metadata"].(forge.M)["resource"] = "requests" }},
	{"resource-odd", early, proof.CheckUnit, func(m forge.M) { m["metadata"].(forge.M)["resource"] = forge.Number(1) }},
	{"reference-later", early, proof.CheckUsageDays, func(m forge.M) { m["referenceId"] = "usage:customer_acme:2026-03-01" }},
}

// items changes each field of each item, sealed to each depth.
func items(m *maker) {
	each(func(v proof.Variant, i int) {
		for _, c := range changes {
			for d := range depths {
				if c.effect == early && d != unsealed && d != recorded {
					continue
				}
				x := honest(v)
				c.apply(x.Item(i))
				x.seal(i, d)
				want := wantOf(c.effect, d, i)
				if c.effect == early {
					want = forge.Fails(c.check, forge.Line(i))
				}
				m.add(x, want, "%s-%s-%s-%d", c.name, depthNames[d], v, i)
			}
		}
	})
}

// wantOf says what an item's change must come to, by how far it was sealed.
func wantOf(e effect, d depth, i int) forge.Want {
	switch {
	case d == unsealed:
		return forge.Fails(proof.CheckContent, forge.Line(i))
	case d < totals && e == amount:
		return forge.Fails(proof.CheckBalance, 0)
	case d < ending, d == probed, d == whole:
		return forge.Fails(proof.CheckRoot, 0)
	case d == ending && e == amount:
		return forge.Fails(proof.CheckNetChange, 0)
	case d == ending:
		return forge.Open(proof.CheckRoot)
	case e == undated:
		return forge.RestsOn(proof.CheckUsageDays)
	case e == unlabelled:
		return forge.RestsOn(proof.CheckUnit)
	default:
		return forge.Verified()
	}
}

// unstatedItems leaves the content hash of a line out and changes its amount or nothing.
func unstatedItems(m *maker) {
	each(func(v proof.Variant, i int) {
		for d := range depths {
			x := honest(v)
			x.bare(i)
			x.sealAbove(d)
			m.add(x, forge.Verified(), "same-%s-%s-%d", depthNames[d], v, i)

			x = honest(v)
			x.bare(i)
			x.Item(i)["delta"] = forge.Amount("-51")
			x.sealAbove(d)
			var want forge.Want
			switch {
			case d < totals:
				want = forge.Fails(proof.CheckBalance, 0)
			case d == totals, d == probed, d == whole:
				want = forge.Fails(proof.CheckRoot, 0)
			case d == ending:
				want = forge.Fails(proof.CheckNetChange, 0)
			default:
				want = forge.Verified()
			}
			m.add(x, want, "delta-%s-%s-%d", depthNames[d], v, i)
		}
		x := honest(v)
		x.bare(i)
		x.Item(i)["reason"] = "another reason"
		x.sealAbove(ending)
		m.add(x, forge.Open(proof.CheckContent, proof.CheckRoot), "reason-ending-%s-%d", v, i)
	})
}

// bare leaves out all hashes of line i.
func (x *mutant) bare(i int) {
	for _, name := range []string{"contentHash", "itemHashes", "proofHash", "receiptId", "previousProofHash"} {
		delete(x.Lines[i], name)
	}
}

// unknownItems calls a field of an item unknown: its hash cannot be made, whatever the
// amount is.
func unknownItems(m *maker) {
	each(func(v proof.Variant, i int) {
		for _, field := range []string{"metadata", "reason", "referenceId"} {
			x := honest(v)
			delete(x.Item(i), field)
			x.Lines[i]["sources"].(forge.M)[field] = "unknown"
			m.add(x, forge.Open(proof.CheckContent), "%s-%s-%d", field, v, i)

			x.bytes = nil
			x.Item(i)["delta"] = forge.Amount("-500")
			m.add(x, forge.Fails(proof.CheckBalance, 0), "%s-and-delta-%s-%d", field, v, i)

			x.bytes = nil
			x.SealTotals()
			m.add(x, forge.Fails(proof.CheckNetChange, 0), "%s-and-delta-totals-%s-%d", field, v, i)
		}
		// A field that is called unknown and was never submitted: the hash comes out without it.
		x := honest(v)
		x.Lines[i]["sources"].(forge.M)["adjusts"] = "unknown"
		m.add(x, forge.Verified(), "adjusts-%s-%d", v, i)
	})
}
