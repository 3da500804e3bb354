package corpus

import (
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

// zero is the root of nothing.
var zero = proof.Hash{}.String()

func header(m *maker) {
	for _, v := range proof.Variants() {
		other := proof.VariantRaw
		if v == other {
			other = proof.VariantHex
		}
		account := func(h forge.M) forge.M { return h["account"].(forge.M) }
		checkpoint := func(h forge.M) forge.M { return h["checkpoint"].(forge.M) }
		for _, c := range []struct {
			name  string
			want  forge.Want
			apply func(x *mutant, h forge.M)
		}{
			{"environment", forge.Fails(proof.CheckEnvironment, 0), func(x *mutant, h forge.M) { h["environment"] = "test" }},
			{"customer", forge.Fails(proof.CheckAccount, 0), func(x *mutant, h forge.M) { account(h)["customerId"] = "customer_bolt" }},
			{"customer-case", forge.Fails(proof.CheckAccount, 0), func(x *mutant, h forge.M) { account(h)["customerId"] = "Customer_acme" }},
			{"resource", forge.Fails(proof.CheckUnit, 0), func(x *mutant, h forge.M) { account(h)["resource"] = "requests" }},
			{"no-resource", forge.Verified(), func(x *mutant, h forge.M) { delete(account(h), "resource") }},
			{"unit", forge.RestsOn(proof.CheckUnit), func(x *mutant, h forge.M) { account(h)["unit"] = "hours" }},
			{"no-period", forge.Verified(), func(x *mutant, h forge.M) { delete(h, "period") }},
			{"period", forge.Refuse(), func(x *mutant, h forge.M) { h["period"] = "2026-03" }},
			{"period-and-days", forge.Refuse(), func(x *mutant, h forge.M) {
				// The window of February ends after the first of March, and not after its last day begins.
				h["period"], h["usageDays"] = "2026-03", forge.Days(forge.February.Next())
			}},
			{"period-days-and-window", forge.Fails(proof.CheckUsageDays, 0), func(x *mutant, h forge.M) {
				march := forge.February.Next()
				h["period"], h["usageDays"], h["window"] = "2026-03", forge.Days(march), forge.Window(march)
			}},
			{"first-day", forge.Fails(proof.CheckUsageDays, 0), func(x *mutant, h forge.M) {
				delete(h, "period")
				h["usageDays"].(forge.M)["first"] = "2026-02-02"
			}},
			{"last-day", forge.Fails(proof.CheckUsageDays, 0), func(x *mutant, h forge.M) {
				delete(h, "period")
				h["usageDays"].(forge.M)["last"] = "2026-02-27"
			}},
			{"days-under-a-period", forge.Refuse(), func(x *mutant, h forge.M) { h["usageDays"].(forge.M)["first"] = "2026-02-02" }},
			{"days-backwards", forge.Refuse(), func(x *mutant, h forge.M) {
				delete(h, "period")
				h["usageDays"] = forge.M{"first": "2026-02-28", "last": "2026-02-01"}
			}},
			{"window-start", forge.Verified(), func(x *mutant, h forge.M) { h["window"].(forge.M)["start"] = "2026-01-01T00:00:00Z" }},
			{"window-end", forge.Verified(), func(x *mutant, h forge.M) { h["window"].(forge.M)["end"] = "2026-03-09T00:00:00Z" }},
			{"window-backwards", forge.Refuse(), func(x *mutant, h forge.M) { h["window"].(forge.M)["start"] = "2026-03-02T00:00:00Z" }},
			{"window-before-the-days", forge.Refuse(), func(x *mutant, h forge.M) { h["window"].(forge.M)["end"] = "2026-02-28T00:00:00Z" }},
			{"start", forge.Fails(proof.CheckBalance, 0), func(x *mutant, h forge.M) { h["startingBalance"] = "-1" }},
			{"start-sealed", forge.RestsOn(proof.CheckStart), func(x *mutant, h forge.M) {
				h["startingBalance"] = "-1"
				x.SealTotals()
			}},
			{"claim", forge.Fails(proof.CheckBalance, 0), func(x *mutant, h forge.M) { h["claimedBalance"] = "-301" }},
			{"claim-fraction", forge.Fails(proof.CheckBalance, 0), func(x *mutant, h forge.M) { h["claimedBalance"] = "-300.0000000000000001" }},
			{"count-less", forge.Refuse(), func(x *mutant, h forge.M) { h["count"] = forge.Number(days - 1) }},
			{"count-more", forge.Fails(proof.CheckCount, 0), func(x *mutant, h forge.M) { h["count"] = forge.Number(days + 1) }},
			{"variant", forge.Fails(proof.CheckRoot, 0), func(x *mutant, h forge.M) { h["variant"] = string(other) }},
			{"variant-sealed", forge.Verified(), func(x *mutant, h forge.M) {
				h["variant"] = string(other)
				x.Trailer["root"] = other.Root(x.Leaves()).String()
			}},
			{"root", forge.Fails(proof.CheckRoot, 0), func(x *mutant, h forge.M) { checkpoint(h)["proofRoot"] = forge.Stranger("root") }},
			{"root-of-a-pair", forge.Fails(proof.CheckRoot, 0), func(x *mutant, h forge.M) {
				checkpoint(h)["proofRoot"] = v.Root(x.Leaves()[:2]).String()
			}},
			{"root-zero", forge.Verified(), func(x *mutant, h forge.M) { checkpoint(h)["proofRoot"] = zero }},
			{"checkpoint-id", forge.Verified(), func(x *mutant, h forge.M) { checkpoint(h)["id"] = "chk_2" }},
			{"no-checkpoint-id", forge.Verified(), func(x *mutant, h forge.M) { delete(checkpoint(h), "id") }},
			{"no-checkpoint", forge.Verified(), func(x *mutant, h forge.M) { delete(h, "checkpoint") }},
			{"no-checkpoint-and-no-record", forge.Open(proof.CheckRoot), func(x *mutant, h forge.M) {
				delete(h, "checkpoint")
				x.anchors = []forge.M{}
			}},
			{"carried-without-a-line", forge.Fails(proof.CheckOrder, 0), func(x *mutant, h forge.M) {
				h["carried"] = []any{forge.M{"recordId": "rec_9", "window": forge.Window(forge.January)}}
			}},
			{"carried-by-no-id", forge.Refuse(), func(x *mutant, h forge.M) {
				h["carried"] = []any{forge.M{"window": forge.Window(forge.January)}}
			}},
			{"carried-empty", forge.Refuse(), func(x *mutant, h forge.M) { h["carried"] = []any{} }},
			{"scheme", forge.Refuse(), func(x *mutant, h forge.M) { h["scheme"] = "pacspace-merkle-v2" }},
			{"format", forge.Refuse(), func(x *mutant, h forge.M) { h["format"] = "pacspace-evidence/v2" }},
		} {
			x := honest(v)
			c.apply(x, x.Header)
			m.add(x, c.want, "%s-%s", c.name, v)
		}
	}
}

func trailer(m *maker) {
	for _, v := range proof.Variants() {
		for _, c := range []struct {
			name  string
			want  forge.Want
			apply func(t forge.M)
		}{
			{"count-less", forge.Fails(proof.CheckCount, 0), func(t forge.M) { t["count"] = forge.Number(days - 1) }},
			{"count-more", forge.Fails(proof.CheckCount, 0), func(t forge.M) { t["count"] = forge.Number(days + 1) }},
			{"count-zero", forge.Fails(proof.CheckCount, 0), func(t forge.M) { t["count"] = forge.Number(0) }},
			{"sum", forge.Fails(proof.CheckBalance, 0), func(t forge.M) { t["sum"] = "-301" }},
			{"sum-sign", forge.Fails(proof.CheckBalance, 0), func(t forge.M) { t["sum"] = "300" }},
			{"root", forge.Fails(proof.CheckRoot, 0), func(t forge.M) { t["root"] = forge.Stranger("trailer") }},
			{"root-zero", forge.Fails(proof.CheckRoot, 0), func(t forge.M) { t["root"] = zero }},
			{"end", forge.Refuse(), func(t forge.M) { t["end"] = "pacspace-evidence/v2" }},
			{"a-line-too", forge.Refuse(), func(t forge.M) { t["sequence"] = forge.Number(days + 1) }},
		} {
			x := honest(v)
			c.apply(x.Trailer)
			m.add(x, c.want, "%s-%s", c.name, v)
		}
	}
}
