package proof

import (
	"fmt"
	"strings"
)

// Verdict is what a verification comes to.
type Verdict string

// The verdicts, from the best to the worst.
const (
	// Verified: every needed check passed; root, count and net change are bound by the
	// public record, account, unit and usage days by what the checker expects and hashed
	// fields, the start is zero or bound by earlier verified evidence.
	Verified Verdict = "verified"
	// Consistent: every needed check passed, and some values rest on the file itself or on
	// the invoice. Report.Checks say which.
	Consistent Verdict = "consistent"
	// Incomplete: nothing failed, and a needed check could not be made.
	Incomplete Verdict = "incomplete"
	// DoesNotMatch: a check failed. Report.First says where.
	DoesNotMatch Verdict = "does not match"
)

// Outcome is what a check came to.
type Outcome string

// The outcomes of a check.
const (
	Passed     Outcome = "passed"
	Failed     Outcome = "failed"
	NotChecked Outcome = "not checked"
)

// The names of the checks, in the order in which they are reported. The first CheckCarried
// and those before it are needed for Verified; the others count only when they fail.
const (
	CheckFormat      = "format"
	CheckEnvironment = "environment"
	CheckAccount     = "account"
	CheckUnit        = "unit"
	CheckOrder       = "order"
	CheckReferences  = "references"
	CheckUsageDays   = "usage days"
	CheckStart       = "start"
	CheckContent     = "content hashes"
	CheckBalance     = "balance"
	CheckRoot        = "checkpoint root"
	CheckCount       = "count"
	CheckNetChange   = "net change"
	CheckCarried     = "carried deltas"

	CheckMembership  = "membership"
	CheckBatches     = "batch roots"
	CheckChain       = "chain"
	CheckGaps        = "gaps"
	CheckAdjustments = "adjustments"
	CheckOwnDeltas   = "own deltas"
)

// Check is one check of a report.
type Check struct {
	// Name is one of the Check constants.
	Name string `json:"name"`
	// Needed tells whether Verified needs the check to pass.
	Needed  bool    `json:"needed"`
	Outcome Outcome `json:"outcome"`
	// Reason says why the check failed or was not made, or what is worth knowing of one
	// that passed, in one sentence.
	Reason string `json:"reason,omitempty"`
	// Rests are what the check took from the file or the invoice for want of something
	// better. A passed check with Rests allows Consistent at most.
	Rests []Rest `json:"rests,omitempty"`
	// Divergence is the first place where a failed check differs.
	Divergence *Divergence `json:"divergence,omitempty"`
}

// Rest is a value that nothing outside binds.
type Rest struct {
	Value string `json:"value"` // as in "count"
	On    string `json:"on"`    // "file" or "invoice"
	Why   string `json:"why"`   // one sentence
}

const (
	onFile    = "file"
	onInvoice = "invoice"
)

// Divergence is a place where the evidence does not match.
type Divergence struct {
	// Check is the name of the check that failed.
	Check string `json:"check"`
	// Line is the line of the file, the header being line 1. It is 0 where the difference
	// is in no one line.
	Line int `json:"line,omitzero"`
	// Record and Reference are the recordId and referenceId of the delta, where it has them.
	Record    string `json:"record,omitempty"`
	Reference string `json:"reference,omitempty"`
	// Expected is what should be there and Found what is, both as text.
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

// String returns one line: place, expected and found.
func (d *Divergence) String() string {
	var b strings.Builder
	if d.Line > 0 {
		fmt.Fprintf(&b, "line %d", d.Line)
		if name := d.name(); name != "" {
			fmt.Fprintf(&b, " (%s)", name)
		}
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s: expected %s, found %s", d.Check, shown(d.Expected), shown(d.Found))
	return b.String()
}

func (d *Divergence) name() string {
	if d.Reference != "" {
		return shown(d.Reference)
	}
	return shown(d.Record)
}

// verdict is the whole rule.
func verdict(checks []Check) Verdict {
	v := Verified
	for _, c := range checks {
		switch {
		case c.Outcome == Failed:
			return DoesNotMatch
		case !c.Needed:
		case c.Outcome == NotChecked:
			v = Incomplete
		case len(c.Rests) > 0 && v == Verified:
			v = Consistent
		}
	}
	return v
}
