package interop

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// What the checker expects and brings, at random: mostly what fits the evidence.

// expectation is what the checker expects.
func (v *vendor) expectation(h proof.Header) object {
	e := object{"customerId": v.account.CustomerID, "resource": "compute-minutes"}
	if h.Environment == proof.EnvironmentTest && v.IntN(3) > 0 {
		e["environment"] = "test"
	}
	if h.Period != "" && v.IntN(2) == 0 {
		e["period"] = string(h.Period)
	} else {
		e["usageDays"] = object{"first": h.Days.First.String(), "last": h.Days.Last.String()}
	}
	if v.metaUnit && v.IntN(2) == 0 {
		e["unit"] = "minute"
	}
	if v.IntN(3) == 0 {
		e["balance"] = h.ClaimedBalance.String()
	}
	if v.IntN(4) == 0 {
		e["variant"] = string(pick(v.Rand, v.variant, pick(v.Rand, proof.Variants()...)))
	}
	for _, name := range []string{"customerId", "resource", "usageDays", "period"} {
		if v.odd() {
			delete(e, name)
		}
	}
	switch {
	case v.odd():
		e["customerId"] = "someone_else"
	case v.odd():
		e["resource"] = "storage"
	case v.odd():
		e["unit"] = "hour"
	case v.odd():
		e["balance"] = "3"
	case v.odd():
		delete(e, "period")
		e["usageDays"] = object{"first": "2026-01-31", "last": h.Days.Last.String()}
	}
	return e
}

// anchors are what the checker brings.
func (v *vendor) anchors(h proof.Header, root proof.Hash) (out []object) {
	if v.IntN(8) > 0 {
		out = append(out, v.record(root))
	}
	if v.IntN(3) == 0 {
		out = append(out, object{"format": proof.AnchorFormat, "kind": "invoice-root", "root": root.String()})
	}
	if v.odd() {
		out = append(out, object{"format": proof.AnchorFormat, "kind": "invoice-root", "root": v.hash().String()})
	}
	if v.odd() {
		out = append(out, v.record(v.hash()))
	}
	out = append(out, v.records...)
	if v.IntN(4) > 0 {
		out = append(out, v.earlier...)
	}
	if v.IntN(3) == 0 {
		out = append(out, v.ownDeltas())
	}
	for v.IntN(3) == 0 {
		out = append(out, object{
			"format": proof.AnchorFormat, "kind": "probe",
			"environment": pick(v.Rand, "live", "live", "test"), "confirmed": v.confirmed(),
			"chainPerAccount": v.IntN(2) == 0, "indexPerAccount": v.IntN(2) == 0, "firstIndex": 100,
		})
	}
	v.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// record is the public record's answer for a root.
func (v *vendor) record(root proof.Hash) object {
	out := object{
		"format": proof.AnchorFormat, "kind": "public-record", "root": root.String(), "verified": true,
		"environment": "live", "source": "balance-api.pacspace.io",
	}
	n, sum, turned := 0, decimal.Decimal{}, decimal.Decimal{}
	for i, line := range v.lines {
		if line.Carried == nil {
			n, sum = n+1, sum.Add(line.Item.Delta)
			turned = turned.Add(v.lines[len(v.lines)-1-i].Item.Delta)
		}
	}
	near, err := sum.Nearest64()
	require.NoError(v.t, err)
	if v.IntN(8) > 0 {
		out["recordCount"] = n
	}
	if v.IntN(8) > 0 {
		out["netChange"] = pick(v.Rand, sum, near).String()
	}
	switch {
	case v.odd():
		out["recordCount"] = n + 1
	case v.odd():
		out["netChange"] = turned.Add(v.number("1", "1e-16")).String()
	case v.odd():
		out["environment"] = "test"
	}
	return out
}

func (v *vendor) ownDeltas() object {
	deltas := []any{}
	seen := map[string]bool{}
	for _, line := range v.lines {
		reference := line.Item.ReferenceID
		if reference == "" || seen[reference] || v.odd() {
			continue
		}
		seen[reference] = true
		own := object{"referenceId": reference, "delta": amountOf(v.t, line.Item)}
		if v.odd() {
			own["delta"] = 1
		}
		if v.IntN(2) == 0 {
			own["customerId"] = pick(v.Rand, line.Item.CustomerID, v.account.CustomerID)
		}
		deltas = append(deltas, own)
	}
	if v.odd() {
		deltas = append(deltas, object{"referenceId": "something else", "delta": -1})
	}
	out := object{"format": proof.AnchorFormat, "kind": "own-deltas", "deltas": deltas, "partial": v.IntN(2) == 0}
	return out
}

// makeEarlier makes the ends of earlier verifications, which fit one after another unless
// something is odd.
func (v *vendor) makeEarlier() {
	last, end := v.days.First.AddDays(-1), v.window.Start
	balance := v.start
	for range pick(v.Rand, 0, 0, 1, 1, 2, 3) {
		first := last.AddDays(-v.IntN(40))
		begin := first.End() // of the first day, when it was flushed
		e := object{
			"format": proof.AnchorFormat, "kind": "earlier",
			"verdict":     pick(v.Rand, "verified", "verified", "consistent"),
			"account":     object{"customerId": v.account.CustomerID, "resource": "compute-minutes"},
			"environment": "live",
			"usageDays":   object{"first": first.String(), "last": last.String()},
			"window":      window(begin, end),
			"balance":     balance.String(), "count": 2,
			"confirmed": v.confirmed(),
			"billed": []any{
				object{"referenceId": usage.DailyReference(v.account.CustomerID, last), "recordId": fmt.Sprintf("rec_old_%d", len(v.earlier))},
				object{"referenceId": "fee:" + last.String()},
			},
			"lastIndex": 99,
		}
		switch {
		case v.odd():
			e["account"] = object{"customerId": "someone_else"}
		case v.odd():
			e["environment"] = "test"
		case v.odd():
			e["balance"] = "17"
		case v.odd():
			e["window"] = window(begin, end.Add(time.Hour))
		case v.odd():
			delete(e, "lastIndex")
		case v.odd():
			e["lastIndex"] = 12
		case v.odd():
			e["account"] = object{"customerId": v.account.CustomerID}
		case v.odd():
			e["account"] = object{"customerId": v.account.CustomerID, "resource": "storage", "unit": "minute"}
		case v.odd():
			e["account"] = object{"customerId": v.account.CustomerID, "resource": "compute-minutes", "unit": "minute"}
		}
		v.earlier = append(v.earlier, e)
		if v.odd() { // another end of the same month
			tie := maps.Clone(e)
			tie["balance"], tie["verdict"], tie["lastIndex"] = "8", pick(v.Rand, "verified", "consistent"), 50
			v.earlier = append(v.earlier, tie)
		}
		if v.odd() { // a day that nothing reaches
			first = first.AddDays(-1)
		}
		last, end, balance = first.AddDays(-1), begin, v.number("5", "-5", "0")
	}
}

func (v *vendor) confirmed() object {
	out := object{}
	for _, level := range []string{"item", "batch", "checkpoint"} {
		out[level] = []any{}
		if !v.foreign && v.IntN(2) == 0 {
			out[level] = []any{string(pick(v.Rand, v.variant, pick(v.Rand, proof.Variants()...)))}
		}
	}
	return out
}

func window(start, end time.Time) object {
	return object{"start": start.UTC().Format(time.RFC3339Nano), "end": end.UTC().Format(time.RFC3339Nano)}
}

// amountOf is the delta of an item as its JSON has it.
func amountOf(t *testing.T, item proof.Item) json.Number {
	t.Helper()
	text, err := item.Canonical()
	require.NoError(t, err)
	var read struct{ Delta json.Number }
	require.NoError(t, json.Unmarshal(text, &read))
	return read.Delta
}

// disguise makes of a reference one that is it, repeats it or looks like it.
func disguise(r *rand.Rand, reference string) string {
	at := r.IntN(len(reference) + 1)
	for at < len(reference) && reference[at]&0xC0 == 0x80 {
		at++
	}
	put := func(s string) string { return reference[:at] + s + reference[at:] }
	switch r.IntN(10) {
	case 0:
		return reference
	case 1:
		return reference + ":again-1"
	case 2:
		return strings.ToUpper(reference)
	case 3:
		return put(pick(r, "\u200b", "\u00a0", " ", "\t", "\u00ad", "\u2066", "\u2028"))
	case 4:
		return strings.NewReplacer("u", "ｕ", "c", "ⅽ", "e", "ｅ", "2", "２").Replace(reference)
	case 5:
		return put(pick(r, "\u0301\u0323", "\u0323\u0301", "\u0345\u0301", "\u0301\u0345", "ﬁ", "ß", "ẞ", "İ", "ς", "Å", "\u0f73\u0f71", "가", "\u1100\u1161"))
	case 6:
		return reference + ":part-2"
	case 7:
		return reference + ":again-0"
	case 8:
		return reference + ":late-1:again-12"
	}
	return put(":")
}
