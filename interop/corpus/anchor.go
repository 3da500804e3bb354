package corpus

import (
	"fmt"

	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

func publicRecord(m *maker) {
	for _, v := range proof.Variants() {
		for _, c := range []struct {
			name  string
			want  forge.Want
			apply func(record forge.M)
		}{
			{"count-less", forge.Fails(proof.CheckCount, 0), func(r forge.M) { r["recordCount"] = forge.Number(days - 1) }},
			{"count-more", forge.Fails(proof.CheckCount, 0), func(r forge.M) { r["recordCount"] = forge.Number(days + 1) }},
			{"count-zero", forge.Fails(proof.CheckCount, 0), func(r forge.M) { r["recordCount"] = forge.Number(0) }},
			{"no-count", forge.RestsOn(proof.CheckCount), func(r forge.M) { delete(r, "recordCount") }},
			{"sum", forge.Fails(proof.CheckNetChange, 0), func(r forge.M) { r["netChange"] = "-301" }},
			{"sum-sign", forge.Fails(proof.CheckNetChange, 0), func(r forge.M) { r["netChange"] = "300" }},
			// The bound is 8 * 300 / 2^53, about 2.66e-13.
			{"sum-rounded", forge.Verified(), func(r forge.M) { r["netChange"] = "-300.0000000000002" }},
			{"sum-past-rounding", forge.Fails(proof.CheckNetChange, 0), func(r forge.M) { r["netChange"] = "-300.0000000000003" }},
			{"no-sum", forge.RestsOn(proof.CheckNetChange), func(r forge.M) { delete(r, "netChange") }},
			{"no-source", forge.Verified(), func(r forge.M) { delete(r, "source") }},
			{"environment", forge.Fails(proof.CheckEnvironment, 0), func(r forge.M) { r["environment"] = "test" }},
			{"root", forge.Fails(proof.CheckRoot, 0), func(r forge.M) { r["root"] = forge.Stranger("record") }},
			{"root-zero", forge.Refuse(), func(r forge.M) { r["root"] = zero }},
			{"not-verified", forge.Refuse(), func(r forge.M) { r["verified"] = false }},
			{"no-root", forge.Refuse(), func(r forge.M) { delete(r, "root") }},
			{"kind", forge.Refuse(), func(r forge.M) { r["kind"] = "public" }},
			{"format", forge.Refuse(), func(r forge.M) { r["format"] = "pacspace-anchor/v2" }},
		} {
			x := honest(v)
			c.apply(x.anchors[0])
			m.add(x, c.want, "%s-%s", c.name, v)
		}
		x := honest(v)
		x.anchors = []forge.M{}
		m.add(x, forge.RestsOn(proof.CheckEnvironment, proof.CheckRoot, proof.CheckCount, proof.CheckNetChange), "none-%s", v)
	}
}

func invoiceRoot(m *maker) {
	rests := forge.RestsOn(proof.CheckEnvironment, proof.CheckRoot, proof.CheckCount, proof.CheckNetChange)
	for _, v := range proof.Variants() {
		x := honest(v)
		x.anchors = []forge.M{forge.InvoiceRoot(x.RootOf().String())}
		m.add(x, rests, "alone-%s", v)
		x = honest(v)
		x.anchors = append(x.anchors, forge.InvoiceRoot(x.RootOf().String()))
		m.add(x, forge.Verified(), "beside-the-record-%s", v)
		x = honest(v)
		x.anchors = append(x.anchors, forge.InvoiceRoot(forge.Stranger("invoice")))
		m.add(x, forge.Fails(proof.CheckRoot, 0), "another-%s", v)
		x = honest(v)
		delete(x.Header, "checkpoint")
		x.anchors = append(x.anchors, forge.InvoiceRoot(forge.Stranger("invoice")))
		m.add(x, forge.Fails(proof.CheckRoot, 0), "two-without-a-checkpoint-%s", v)
	}
}

func ownDeltas(m *maker) {
	for _, v := range few {
		for i := range days {
			list := func(own forge.M) []any { return own["deltas"].([]any) }
			for _, c := range []struct {
				name  string
				want  forge.Want
				apply func(own forge.M)
			}{
				{"same", forge.Verified(), func(own forge.M) {}},
				{"amount", forge.Fails(proof.CheckOwnDeltas, forge.Line(i)), func(own forge.M) {
					list(own)[i].(forge.M)["delta"] = forge.Amount("-49")
				}},
				{"missing", forge.Fails(proof.CheckOwnDeltas, forge.Line(i)), func(own forge.M) {
					own["deltas"] = append(list(own)[:i:i], list(own)[i+1:]...)
				}},
				{"missing-of-a-part", forge.Verified(), func(own forge.M) {
					own["deltas"] = append(list(own)[:i:i], list(own)[i+1:]...)
					own["partial"] = true
				}},
				{"more", forge.Fails(proof.CheckOwnDeltas, 0), func(own forge.M) {
					own["deltas"] = append(list(own), forge.M{"referenceId": "credit-9", "delta": forge.Number(i + 1)})
				}},
				{"more-of-a-part", forge.Fails(proof.CheckOwnDeltas, 0), func(own forge.M) {
					own["deltas"] = append(list(own), forge.M{"referenceId": "credit-9", "delta": forge.Number(i + 1)})
					own["partial"] = true
				}},
				{"another-case", forge.Fails(proof.CheckOwnDeltas, forge.Line(i)), func(own forge.M) {
					list(own)[i].(forge.M)["referenceId"] = "Usage" + list(own)[i].(forge.M)["referenceId"].(string)[5:]
				}},
				{"another-customer", forge.Refuse(), func(own forge.M) {
					list(own)[i].(forge.M)["customerId"] = "customer_bolt"
				}},
				{"twice", forge.Refuse(), func(own forge.M) { own["deltas"] = append(list(own), list(own)[i]) }},
				{"no-reference", forge.Refuse(), func(own forge.M) { delete(list(own)[i].(forge.M), "referenceId") }},
			} {
				x := honest(v)
				own := x.Own()
				c.apply(own)
				x.anchors = append(x.anchors, own)
				m.add(x, c.want, "%s-%s-%d", c.name, v, i)
			}
		}
	}
}

func earlier(m *maker) {
	for _, v := range few {
		base := func() (*mutant, forge.M) {
			return honest(v), forge.Month(forge.January, 31, v).Earlier(proof.Verified)
		}
		for _, c := range []struct {
			name  string
			want  forge.Want
			apply func(x *mutant, e forge.M)
		}{
			{"same", forge.Verified(), func(x *mutant, e forge.M) {}},
			{"its-end-is-the-start", forge.Verified(), func(x *mutant, e forge.M) { x.startAt("-1550") }},
			{"its-end-is-another", forge.Fails(proof.CheckStart, 0), func(x *mutant, e forge.M) { x.startAt("-1551") }},
			{"only-consistent", forge.RestsOn(proof.CheckStart), func(x *mutant, e forge.M) {
				e["verdict"] = "consistent"
				x.startAt("-1550")
			}},
			{"incomplete", forge.Refuse(), func(x *mutant, e forge.M) { e["verdict"] = "incomplete" }},
			{"ended-above-0", forge.RestsOn(proof.CheckStart), func(x *mutant, e forge.M) { e["balance"] = "0.01" }},
			{"ended-at-0", forge.Verified(), func(x *mutant, e forge.M) { e["balance"] = "0" }},
			{"not-the-days-before", forge.RestsOn(proof.CheckStart), func(x *mutant, e forge.M) {
				e["usageDays"] = forge.M{"first": "2026-01-01", "last": "2026-01-30"}
				x.startAt("-1550")
			}},
			{"overlaps", forge.Fails(proof.CheckStart, 0), func(x *mutant, e forge.M) { e["window"].(forge.M)["end"] = "2026-02-02T00:00:00.000000001Z" }},
			{"leaves-a-span", forge.RestsOn(proof.CheckStart), func(x *mutant, e forge.M) { e["window"].(forge.M)["end"] = "2026-02-01T23:59:59.999999999Z" }},
			{"another-customer", forge.Refuse(), func(x *mutant, e forge.M) { e["account"].(forge.M)["customerId"] = "customer_bolt" }},
			{"another-resource", forge.Refuse(), func(x *mutant, e forge.M) { e["account"].(forge.M)["resource"] = "requests" }},
			{"another-environment", forge.Refuse(), func(x *mutant, e forge.M) { e["environment"] = "test" }},
			{"a-unit-under-a-start-of-0", forge.Verified(), func(x *mutant, e forge.M) { e["account"].(forge.M)["unit"] = "hours" }},
			{"a-unit-under-its-end", forge.RestsOn(proof.CheckStart), func(x *mutant, e forge.M) {
				e["account"].(forge.M)["unit"] = "hours"
				x.startAt("-1550")
			}},
			{"two-units", forge.Fails(proof.CheckStart, 0), func(x *mutant, e forge.M) {
				e["account"].(forge.M)["unit"] = "hours"
				for i := range x.Lines {
					x.Item(i)["metadata"].(forge.M)["unit"] = "minutes"
					x.seal(i, batch)
				}
				x.startAt("-1550")
				x.sealAbove(recorded)
			}},
		} {
			x, e := base()
			x.anchors = append(x.anchors, e)
			c.apply(x, e)
			if len(x.anchors) == 1 {
				x.anchors = append(x.anchors, e)
			}
			m.add(x, c.want, "%s-%s", c.name, v)
		}
		for i := range days {
			x, e := base()
			e["billed"] = append(e["billed"].([]any), forge.M{"referenceId": x.Item(i)["referenceId"]})
			x.anchors = append(x.anchors, e)
			m.add(x, forge.Fails(proof.CheckReferences, forge.Line(i)), "billed-%s-%d", v, i)

			x, e = base()
			e["billed"] = append(e["billed"].([]any), forge.M{"recordId": x.Lines[i]["recordId"]})
			x.anchors = append(x.anchors, e)
			m.add(x, forge.Fails(proof.CheckOrder, forge.Line(i)), "recorded-%s-%d", v, i)

			// Late usage: bound where January's evidence is there and did not bill it.
			for _, known := range []bool{true, false} {
				x, e = base()
				x.Item(i)["referenceId"] = fmt.Sprintf("usage:customer_acme:2026-01-%02d:late-1", i+1)
				x.seal(i, recorded)
				want := forge.RestsOn(proof.CheckUsageDays)
				if known {
					x.anchors = append(x.anchors, e)
					want = forge.Verified()
				}
				m.add(x, want, "late-%t-%s-%d", known, v, i)
			}

			// Carried deltas: bound by the record of their batch and January's evidence.
			for _, bound := range []bool{true, false} {
				for _, known := range []bool{true, false} {
					x, e = base()
					x.Item(i)["referenceId"] = fmt.Sprintf("usage:customer_acme:2026-01-%02d:late-1", i+1)
					x.Lines[i]["carried"] = forge.Window(forge.January)
					x.seal(i, batch)
					x.Seal()
					x.anchors = []forge.M{x.Record()}
					want := forge.RestsOn(proof.CheckCarried)
					if bound {
						x.anchors = append(x.anchors, x.BatchRecord(i))
					}
					if known {
						x.anchors = append(x.anchors, e)
					}
					if bound && known {
						want = forge.Verified()
					}
					m.add(x, want, "carried-%t-%t-%s-%d", bound, known, v, i)
				}
			}
		}
	}
}

// startAt sets the starting balance and the claim that follows.
func (x *mutant) startAt(balance string) {
	x.Header["startingBalance"] = balance
	x.SealTotals()
}
