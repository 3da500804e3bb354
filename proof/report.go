package proof

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Report is what a verification found. It is the same for the same file, expectation and
// anchors. String is one line, Text is for people, and json.Marshal writes everything.
type Report struct {
	Verdict Verdict `json:"verdict"`
	// Checks are all checks in a fixed order.
	Checks []Check `json:"checks"`
	// First is the divergence of the first check that failed; nil where none did.
	First *Divergence `json:"first,omitempty"`

	Account     usage.Account `json:"account"`
	Environment Environment   `json:"environment"`
	Period      usage.Period  `json:"period,omitempty"`
	Days        Days          `json:"usageDays"`
	Window      usage.Window  `json:"window"`

	// Count is the number of deltas in the file; Carried of them are carried.
	Count   int `json:"count"`
	Carried int `json:"carried"`
	// StartingBalance is the header's, Balance the one that the deltas lead to from there,
	// ClaimedBalance the header's claim. NetChange is the sum of the deltas under the
	// checkpoint. All are exact and in units of the account.
	StartingBalance decimal.Decimal `json:"startingBalance"`
	Balance         decimal.Decimal `json:"balance"`
	ClaimedBalance  decimal.Decimal `json:"claimedBalance"`
	NetChange       decimal.Decimal `json:"netChange"`
	// Root is the checkpoint root that the deltas were held against; zero where there is
	// none.
	Root Hash `json:"root,omitzero"`

	// Scheme is the named scheme and Levels is how far its rules were seen to be the
	// service's.
	Scheme string     `json:"scheme"`
	Levels []Standing `json:"levels"`
	// Late lists usage of days before the billed ones, at most 100 of LateCount. Undated
	// counts the deltas whose reference names no usage day.
	Late      []LateDelta `json:"late,omitempty"`
	LateCount int         `json:"lateCount"`
	Undated   int         `json:"undated"`
	// Sources count the deltas by where their items come from.
	Sources []SourceCount `json:"sources,omitempty"`

	// Completeness says whether deltas may have been left out of the evidence.
	Completeness Completeness `json:"completeness"`
	// Limits are what this report cannot show, in sentences for people.
	Limits []string `json:"limits"`

	earlier *Earlier // nil where the verdict allows none
}

// Standing says how a level of the scheme stands.
type Standing struct {
	// Level is "item", "batch" or "checkpoint".
	Level string `json:"level"`
	// Reproduced and NotReproduced count the service's hashes of this level in the file.
	Reproduced    int `json:"reproduced"`
	NotReproduced int `json:"notReproduced"`
	// Variants are those that reproduced them here, Elsewhere those that did in earlier
	// evidence or in a probe. A tree of one delta has no node and tells no variant.
	Variants  []Variant `json:"variants,omitempty"`
	Elsewhere []Variant `json:"elsewhere,omitempty"`
}

// SourceCount is how many items come from a source.
type SourceCount struct {
	Source Source `json:"source"`
	Deltas int    `json:"deltas"`
}

// Completeness says whether evidence was shown to have all deltas.
type Completeness string

// The values of Completeness.
const (
	CompleteNotShown   Completeness = "not shown"              // deltas may have been left out
	CompleteByOwn      Completeness = "shown by own deltas"    // the buyer's own deltas are all there, and no others
	CompleteBySequence Completeness = "stated by the sequence" // the vendor's numbers have no gap, from where they ended before up to the last delta; no hash holds a number
)

// Check returns the check of a name, such as CheckRoot; the zero Check for an unknown name.
func (r *Report) Check(name string) Check {
	i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		return Check{}
	}
	return r.Checks[i]
}

// ErrNoAnchor is the answer of Report.Anchor where the evidence can carry nothing further.
// What to do: settle what the report says about this evidence first.
var ErrNoAnchor = errors.New("proof: anchor: the evidence is neither verified nor consistent")

// Anchor returns what the next verification of the account can take from this one: the end
// is its start, and what was billed here must not be billed again. It is there for a
// verified report and for a consistent one, whose end binds less. It remembers all
// references and record ids of the file.
func (r *Report) Anchor() (*Earlier, error) {
	if r.earlier == nil {
		return nil, fmt.Errorf("%w but %q; settle that first", ErrNoAnchor, string(r.Verdict))
	}
	return r.earlier, nil
}

// balance is where the deltas lead from the start.
func (v *verification) balance() decimal.Decimal {
	return v.header.StartingBalance.Add(v.all.sum)
}

func (v *verification) report() *Report {
	v.settle()
	root := v.target()
	if v.under.count > 0 && !root.IsZero() {
		v.scheme.note(levelCheckpoint, v.rootBy(root), v.under.count > 1)
	}
	r := &Report{
		Account: v.header.Account, Environment: v.header.Environment, Period: v.header.Period,
		Days: v.header.Days, Window: v.header.Window,
		Count: v.all.count, Carried: v.all.count - v.under.count,
		StartingBalance: v.header.StartingBalance, Balance: v.balance(),
		ClaimedBalance: v.header.ClaimedBalance, NetChange: v.under.sum,
		Root: root, Scheme: Scheme,
		Completeness: CompleteNotShown,
	}
	for _, c := range v.checks {
		result := c.result()
		r.Checks = append(r.Checks, result)
		if r.First == nil {
			r.First = result.Divergence
		}
		if days, ok := c.(*daysCheck); ok {
			r.Late, r.LateCount, r.Undated = days.late, days.lateCount, days.undated
		}
	}
	r.Verdict = verdict(r.Checks)
	for l := range levels {
		r.Levels = append(r.Levels, Standing{
			Level: levelNames[l], Reproduced: v.scheme.reproduced[l], NotReproduced: v.scheme.differing[l],
			Variants: v.scheme.here[l].list(), Elsewhere: v.scheme.elsewhere[l].list(),
		})
	}
	for _, source := range sourceWords {
		if n := v.sources[source]; n > 0 {
			r.Sources = append(r.Sources, SourceCount{source, n})
		}
	}
	r.Completeness = v.completeness(r)
	r.Limits = r.limits()
	if r.Verdict == Verified || r.Verdict == Consistent {
		r.earlier = v.earlier(r)
	}
	return r
}

// completeness asks what shows that no delta was left out.
func (v *verification) completeness(r *Report) Completeness {
	if r.Verdict != Verified && r.Verdict != Consistent {
		return CompleteNotShown
	}
	if v.known.hasOwn && !v.known.partial && r.Check(CheckOwnDeltas).Outcome == Passed {
		return CompleteByOwn
	}
	if r.Check(CheckGaps).Outcome == Passed && v.sequenceBegins() {
		return CompleteBySequence
	}
	return CompleteNotShown
}

// sequenceBegins tells whether the account's sequence is known to begin where the file's
// does: where earlier verified evidence ended, or with an account's first index.
func (v *verification) sequenceBegins() bool {
	if _, known := v.firstIndex(); known {
		return true
	}
	first := v.firstSeen
	return first != nil && v.header.StartingBalance.IsZero() &&
		v.known.probed(v.header.Environment, func(p *ProbeResult) bool { return p.FirstIndex != nil && *p.FirstIndex == *first })
}

// earlier makes the anchor for the next verification.
func (v *verification) earlier(r *Report) *Earlier {
	account := r.Account
	account.Resource, account.Unit = v.unit.resource.want, v.unit.unit.want
	e := &Earlier{
		verdict: r.Verdict, account: account, environment: r.Environment, days: r.Days,
		window: r.Window, balance: r.Balance, count: r.Count, root: r.Root,
		lastIndex: v.last, confirmed: v.scheme.here, deltas: v.billed,
	}
	return e
}
