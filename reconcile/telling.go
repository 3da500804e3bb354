package reconcile

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// checkTelling finds what the service itself says against a delta.
func (v *view) checkTelling(f findings) {
	resource := ""
	for i := range v.deltas {
		d := &v.deltas[i]
		one := Differing{ReferenceID: d.ReferenceID, RecordID: d.RecordID, Day: d.Day}
		if d.State == DeltaFailed {
			if !v.replaced(d) {
				one.What, one.Expected = "will not be recorded: "+clip(cmp.Or(d.Error, "no reason given")), d.Delta.String()
				f.add(KindFailed, "recorded", "failed", one, "the reason above; correct it and send the day again under the reference's :again form")
			}
			continue
		}
		if d.Doubt != "" {
			one.What = d.Doubt
			f.add(KindDoubt, "verified", d.Doubt, one, "the verification of "+cmp.Or(d.RecordID, d.ReceiptID))
		}
		if when := v.ahead(d); when != "" {
			one.What = when
			f.add(KindDoubt, "recorded by now", when, one, "the clock of the agent's store, and the delta's times and reference at the service")
		}
		for _, c := range d.Contradictions {
			one.What, one.Expected, one.Found = "was told with another "+c.Field, c.Kept, c.Told
			if c.Field == "delta" {
				one.What = "was told with two amounts"
			}
			f.add(KindChanged, one.Expected, one.Found, one, "both webhook deliveries, and the delta in the service's list")
		}
		one.What, one.Expected, one.Found = "", "", ""
		if d.untold() && !v.superseded(d) {
			one.What = "was verified, and the service does not tell its amount"
			f.add(KindAmount, "an amount", "none", one, "the delta's status at the service, by its record id")
		}
		switch is := resourceOf(d); {
		case is == "":
		case resource == "":
			resource = is
		case is != resource:
			one.What, one.Expected, one.Found = "counts another resource", resource, is
			f.add(KindMixed, resource, is, one, "a balance has one unit: give each resource a customer id of its own")
		}
	}
}

// aheadOf is how far a delta may lie ahead of the agent's clock before that is an alert.
const aheadOf = 24 * time.Hour

// ahead says that a delta lies in the future, "" where it does not: nobody can have used or
// recorded something then.
func (v *view) ahead(d *Delta) string {
	limit := v.now.Add(aheadOf)
	switch at := d.RecordedAt(); {
	case at.After(limit):
		return "is told as recorded at " + at.UTC().Format(time.RFC3339) + ", ahead of the agent's clock"
	case !d.Day.IsZero() && d.Day.Start().After(limit):
		return "names a usage day that is ahead of the agent's clock"
	default:
		return ""
	}
}

// longestText bounds, in bytes, what others say and an operator reads.
const longestText = 500

func clip(s string) string {
	if len(s) <= longestText {
		return s
	}
	return strings.ToValidUTF8(s[:longestText], "") + " ..."
}

// replaced tells whether a failed delta, or one that stands for the same usage, was
// recorded after all.
func (v *view) replaced(failed *Delta) bool {
	base, err := usage.ParseReference(failed.ReferenceID)
	for i := range v.deltas {
		d := &v.deltas[i]
		if d.State != DeltaVerified {
			continue
		}
		// What tells of a failure need not name the reference, but names the record.
		if d.RecordID != "" && d.RecordID == failed.RecordID {
			return true
		}
		if d.ReferenceID == "" {
			continue
		}
		if d.ReferenceID == failed.ReferenceID {
			return true
		}
		if other, otherErr := usage.ParseReference(d.ReferenceID); err == nil && otherErr == nil && other.Base() == base.Base() {
			return true
		}
	}
	return false
}

// checkTwice finds usage that was recorded more than once: one reference twice, or a delta
// and its repeat.
func (v *view) checkTwice(f findings) {
	seen := map[string]*Delta{}
	for i := range v.deltas {
		d := &v.deltas[i]
		if d.State != DeltaVerified || d.ReferenceID == "" {
			continue
		}
		name := d.ReferenceID
		if ref, err := usage.ParseReference(name); err == nil {
			name = ref.Base().String()
		}
		first := seen[name]
		if first == nil {
			seen[name] = d
			continue
		}
		f.add(KindTwice, "once", "twice", Differing{
			ReferenceID: d.ReferenceID, RecordID: d.RecordID, Day: d.Day, Found: d.Delta.String(),
			What: "counts usage that " + cmp.Or(first.RecordID, first.ReferenceID) + " counts already",
		}, "both records; one of them needs an adjustment")
	}
	// Rows without ids cannot be told apart and are kept as one delta.
	for _, rows := range v.listed {
		kept := 0
		for i := range v.deltas {
			if v.deltas[i].Name == rows[0].Name && v.deltas[i].State == DeltaVerified {
				kept++
			}
		}
		if kept < len(rows) {
			d := rows[kept]
			f.add(KindTwice, "once", strconv.Itoa(len(rows))+" times", Differing{
				ReferenceID: d.ReferenceID, RecordID: d.RecordID, Day: d.Day, Found: d.Delta.String(),
				What: "is listed more than once, and nothing in the list tells the rows apart",
			}, "the rows of the service's list under that reference; the running balance counts them once")
		}
	}
}

// checkService holds the service's answers against each other.
func (v *view) checkService(f findings) {
	for i := range v.unlisted {
		d := &v.unlisted[i]
		f.add(KindUnlisted, "listed", "not listed", Differing{
			ReferenceID: d.ReferenceID, RecordID: d.RecordID, Day: d.Day, Expected: d.Delta.String(), What: "is known and not in the service's list",
		}, "the delta's status at the service, by its record id")
	}
	s := v.service
	if s == nil {
		return
	}
	r := f.report
	r.Derived, r.Listed = new(s.balance), s.sum
	window := v.period.RecordingWindow().String()
	if s.untold > 0 {
		f.note("the service's list leaves out " + strconv.Itoa(s.untold) + " amounts, so that its balance cannot be held against it")
		return
	}
	switch off := s.balance.Sub(s.sum).Abs(); {
	case off.IsZero():
	case off.Cmp(decimal.SumError64(s.abs, s.count)) <= 0:
		f.note("the service's balance " + s.balance.String() + " is rounded: its deltas add up to " + s.sum.String())
	default:
		r.Mismatches = append(r.Mismatches, Mismatch{
			Kind: KindDerived, CustomerID: v.customerID, Period: v.period, Expected: s.sum.String(), Found: s.balance.String(), Count: s.count,
			Evidence: []string{"derive of " + v.customerID + " for " + window + ": its " + strconv.Itoa(s.count) + " deltas do not add up to its balance"},
		})
		return
	}
	// Compare adds in binary64, too: what is as near as that allows agrees.
	c := v.compared
	if c == nil {
		return
	}
	near := c.NeutralBalance.Sub(s.sum).Abs().Cmp(decimal.SumError64(s.abs, s.count)) <= 0
	if near && (c.MatchesYours || !c.NeutralBalance.Equal(v.yours)) {
		return
	}
	found := c.NeutralBalance.String()
	if near {
		found += ", which it says does not match itself"
	}
	r.Mismatches = append(r.Mismatches, Mismatch{
		Kind: KindCompared, CustomerID: v.customerID, Period: v.period, Expected: s.sum.String(), Found: found, Count: s.count,
		Evidence: []string{"compare and derive of " + v.customerID + " for " + window},
	})
}

// resourceOf is what the metadata says is counted, "" where it does not.
func resourceOf(d *Delta) string {
	var m struct {
		Resource string `json:"resource"`
	}
	if json.Unmarshal(d.Metadata, &m) != nil {
		return ""
	}
	return m.Resource
}
