package proof

import (
	"fmt"
	"strconv"
	"strings"
)

// String returns the report in one line, as in
//
//	verified: 28 deltas of compute-minutes, balance -1400, root 0x7f3a..., completeness not shown
func (r *Report) String() string {
	parts := []string{r.subject()}
	switch r.Verdict {
	case Verified, Consistent:
		parts = append(parts, "balance "+r.Balance.String())
		if !r.Root.IsZero() {
			parts = append(parts, "root "+r.Root.Short())
		}
		parts = append(parts, r.rests()...)
		parts = append(parts, r.Completeness.words())
	case Incomplete:
		parts = append(parts, "claimed balance "+r.ClaimedBalance.String(), "not checked: "+strings.Join(r.open(), ", "))
	case DoesNotMatch:
		parts = append(parts, "claimed balance "+r.ClaimedBalance.String(), r.First.String())
	}
	return r.heading() + ": " + strings.Join(parts, ", ")
}

// heading is the verdict, with a loud word where it is about a test.
func (r *Report) heading() string {
	if r.Environment == EnvironmentTest {
		return string(r.Verdict) + " (TEST)"
	}
	return string(r.Verdict)
}

func (r *Report) subject() string {
	subject := deltas(r.Count)
	if r.Account.Resource != "" {
		subject += " of " + shown(r.Account.Resource)
	}
	return subject
}

// rests says in short what a consistent verdict rests on.
func (r *Report) rests() []string {
	var parts, values []string
	for _, c := range r.Checks {
		for _, rest := range c.Rests {
			switch {
			case rest.On == onInvoice:
				parts = append(parts, "follows from the root printed on the invoice")
			case len(values) == 0 || values[len(values)-1] != rest.Value:
				values = append(values, rest.Value)
			}
		}
	}
	switch n := len(values); {
	case n == 1:
		parts = append(parts, values[0]+" not bound from outside the file")
	case n > 1:
		parts = append(parts, strings.Join(values[:n-1], ", ")+" and "+values[n-1]+" not bound from outside the file")
	}
	return parts
}

// open returns the needed checks that were not made.
func (r *Report) open() []string {
	var names []string
	for _, c := range r.Checks {
		if c.Needed && c.Outcome == NotChecked {
			names = append(names, c.Name)
		}
	}
	return names
}

func (c Completeness) words() string {
	switch c {
	case CompleteByOwn:
		return "complete by the buyer's own deltas"
	case CompleteBySequence:
		return "complete as far as the vendor's sequence numbers say"
	default:
		return "completeness not shown"
	}
}

// Text returns the report in some dozens of lines for people: what it comes to, every
// check, and what it cannot show. The lines end in LF.
func (r *Report) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	line("%s", strings.ToUpper(string(r.Verdict)))
	if r.Environment == EnvironmentTest {
		line("This is evidence of the TEST environment. It is no bill.")
	}
	line("%s", r.Verdict.Meaning())
	line("")
	line("Account   %s", r.accountText())
	line("Usage     %s", r.Days)
	line("Recorded  %s", r.Window)
	line("Deltas    %s", r.countText())
	line("Balance   from %s to %s; claimed is %s", r.StartingBalance, r.Balance, r.ClaimedBalance)
	if !r.Root.IsZero() {
		line("Root      %s", r.Root)
	}
	if r.First != nil {
		line("")
		line("First difference: %s", r.First)
	}
	line("")
	line("Checks")
	for _, c := range r.Checks {
		line("  %-12s%s", c.Outcome, c.Name)
		if c.Reason != "" {
			line("              %s", c.Reason)
		}
		for _, rest := range c.Rests {
			line("              rests on the %s: %s: %s", rest.On, rest.Value, rest.Why)
		}
	}
	line("")
	line("Scheme %s", r.Scheme)
	for _, s := range r.Levels {
		line("  %s", s)
	}
	r.lateText(line)
	line("")
	line("What this cannot show")
	for _, limit := range r.Limits {
		line("  - %s", limit)
	}
	return b.String()
}

// Meaning returns what the verdict says of a balance, in a sentence for people.
func (v Verdict) Meaning() string {
	switch v {
	case Verified:
		return "The balance follows from the recorded deltas, and the public record confirms their root, count and sum."
	case Consistent:
		return "The balance follows from the deltas of the file, but not everything is bound from outside the file."
	case Incomplete:
		return "Nothing speaks against the balance, but not everything could be checked."
	default:
		return "The balance does not follow from what was recorded, or is not the one that was expected."
	}
}

func (r *Report) accountText() string {
	text := shown(r.Account.CustomerID)
	if r.Account.Resource != "" {
		text += ", " + shown(r.Account.Resource)
	}
	if r.Account.Unit != "" {
		text += " in " + shown(r.Account.Unit)
	}
	return text + " (" + string(r.Environment) + ")"
}

func (r *Report) countText() string {
	text := strconv.Itoa(r.Count)
	if r.Carried > 0 {
		text += fmt.Sprintf(", of which %d carried from an earlier window", r.Carried)
	}
	for i, s := range r.Sources {
		if i == 0 {
			text += "; stated as "
		} else {
			text += ", "
		}
		text += fmt.Sprintf("%s (%d)", s.Source, s.Deltas)
	}
	return text
}

func (r *Report) lateText(line func(string, ...any)) {
	if r.LateCount == 0 && r.Undated == 0 {
		return
	}
	line("")
	line("Outside of the usage days")
	for _, late := range r.Late {
		line("  late: line %d, %s", late.Line, shown(late.Reference))
	}
	if more := r.LateCount - len(r.Late); more > 0 {
		line("  late: %d more", more)
	}
	if r.Undated > 0 {
		line("  without a usage day: %s", deltas(r.Undated))
	}
}

// String returns how a level stands, in one line.
func (s Standing) String() string {
	text := fmt.Sprintf("%-11s%d of %d hashes reproduced", s.Level, s.Reproduced, s.Reproduced+s.NotReproduced)
	if len(s.Variants) > 0 {
		text += " by " + either(s.Variants)
	}
	if len(s.Elsewhere) > 0 {
		text += "; elsewhere by " + either(s.Elsewhere)
	}
	return text
}

func either(variants []Variant) string {
	words := make([]string, len(variants))
	for i, v := range variants {
		words[i] = string(v)
	}
	return strings.Join(words, " or ")
}

// limits puts into words what a report of this kind cannot show.
func (r *Report) limits() []string {
	limits := []string{
		"It is about quantities, not prices: what a unit costs is for the contract.",
		"It is about what was recorded: whether that usage took place is for the customer's own books.",
	}
	switch r.Completeness {
	case CompleteNotShown:
		limits = append(limits, "Deltas may have been left out. The customer's own list of deltas would show it.")
	case CompleteBySequence:
		limits = append(limits, "The numbers that show no gap are the vendor's and no hash holds them, and there may be deltas after the last one. The customer's own list of deltas would show it.")
	case CompleteByOwn:
	}
	limits = append(limits,
		"Times are as the vendor states them. Only the usage days in the references of the deltas are hashed.",
		"The ledger behind the public record was not read; the record's answer is taken as the service gave it.")
	return append(limits, r.schemeLimit())
}

// schemeLimit says how far the scheme is the service's.
func (r *Report) schemeLimit() string {
	var shownAt []string
	for _, s := range r.Levels {
		if len(s.Variants)+len(s.Elsewhere) > 0 {
			shownAt = append(shownAt, s.Level)
		}
	}
	const origin = "The rules of " + Scheme + " come from a published text that was withdrawn, and PacSpace never confirmed them. "
	if len(shownAt) == 0 {
		return origin + "Nothing here shows that they are the service's."
	}
	return origin + "Here they led to the service's hashes of the level " + strings.Join(shownAt, " and ") + "."
}

// shown returns a text of a file or an anchor for a line of a report: cut where it is long,
// and quoted where it could be taken for something else.
func shown(s string) string {
	const most = 120
	if s == "" {
		return "nothing"
	}
	cut := ""
	if len(s) > most {
		s, cut = s[:most], "..."
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || c == '"' {
			return strconv.QuoteToASCII(s) + cut
		}
	}
	return s + cut
}
