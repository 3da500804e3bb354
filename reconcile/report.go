package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// Outcome is what a comparison came to.
type Outcome string

// The outcomes. Differs goes before Pending, and Pending before Matched.
const (
	Matched Outcome = "matched" // nothing differs, and nothing that is due is missing
	Pending Outcome = "pending" // nothing differs yet: something is under way or not due
	Differs Outcome = "differs"
)

// AccountReport is how a period of one account compares.
type AccountReport struct {
	CustomerID string       `json:"customerId"`
	Period     usage.Period `json:"period"`
	At         time.Time    `json:"at"`
	Outcome    Outcome      `json:"outcome"`
	// Due are the usage days that are held to account; zero where none is yet.
	Due proof.Days `json:"due,omitzero"`
	// Books is the own balance of these days, nil without a system of record; Record is what
	// was recorded of them. Both in the account's unit, exactly.
	Books  *decimal.Decimal `json:"books,omitempty"`
	Record decimal.Decimal  `json:"record"`
	// Derived is what the service's derive says of the period's recording window, nil where
	// it was not asked; Listed is the exact sum of the deltas that it lists there.
	Derived *decimal.Decimal `json:"derived,omitempty"`
	Listed  decimal.Decimal  `json:"listed"`
	// Matched counts deltas that agree; where the books name no deltas it counts those that
	// were recorded. Differing have another amount or other content, MissingInRecord are due
	// and not recorded, MissingInBooks were recorded and never sent, Pending are not due.
	Matched         int `json:"matched"`
	Differing       int `json:"differing"`
	MissingInRecord int `json:"missingInRecord"`
	MissingInBooks  int `json:"missingInBooks"`
	Pending         int `json:"pending"`
	// Mismatches are what differs, waiting ones included.
	Mismatches []Mismatch `json:"mismatches,omitempty"`
	// Notes are what a person should know: rounding, hashes whose scheme is not confirmed.
	Notes []string `json:"notes,omitempty"`
}

// Report is how a period compares, over all accounts.
type Report struct {
	Period   usage.Period    `json:"period"`
	At       time.Time       `json:"at"`
	Source   string          `json:"source"` // "agent" or "audit"
	Accounts []AccountReport `json:"accounts"`
}

// Count is the number of accounts with an outcome.
func (r *Report) Count(o Outcome) int {
	n := 0
	for i := range r.Accounts {
		if r.Accounts[i].Outcome == o {
			n++
		}
	}
	return n
}

// Account is the report of one account, nil where it is not in it.
func (r *Report) Account(customerID string) *AccountReport {
	i := slices.IndexFunc(r.Accounts, func(a AccountReport) bool { return a.CustomerID == customerID })
	if i < 0 {
		return nil
	}
	return &r.Accounts[i]
}

// String is the report in one line.
func (r *Report) String() string {
	return fmt.Sprintf("%s of %s: %d matched, %d pending, %d differ", r.Source, r.Period, r.Count(Matched), r.Count(Pending), r.Count(Differs))
}

// Text is the report for people, with a line for each account and for all that differs.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, at %s\n", r, r.At.UTC().Format(time.RFC3339))
	for i := range r.Accounts {
		a := &r.Accounts[i]
		fmt.Fprintf(&b, "%-8s %s: record %s", a.Outcome, a.CustomerID, a.Record)
		if a.Books != nil {
			fmt.Fprintf(&b, ", books %s", a.Books)
		}
		if a.Derived != nil {
			fmt.Fprintf(&b, ", derived %s", a.Derived)
		}
		fmt.Fprintf(&b, "; deltas: %d matched", a.Matched)
		for _, n := range []struct {
			n    int
			word string
		}{
			{a.Differing, "differing"}, {a.MissingInRecord, "missing in the record"},
			{a.MissingInBooks, "missing in the books"}, {a.Pending, "pending"},
		} {
			if n.n > 0 {
				fmt.Fprintf(&b, ", %d %s", n.n, n.word)
			}
		}
		b.WriteByte('\n')
		for j := range a.Mismatches {
			m := &a.Mismatches[j]
			fmt.Fprintf(&b, "         %s: expected %s, found %s", m.Kind, m.Expected, m.Found)
			if m.State == MismatchWaiting {
				b.WriteString(" (may resolve by itself)")
			}
			b.WriteByte('\n')
			if m.First != nil {
				fmt.Fprintf(&b, "           first: %s\n", m.First)
			}
			for _, e := range m.Evidence {
				fmt.Fprintf(&b, "           look at: %s\n", e)
			}
		}
		for _, note := range a.Notes {
			fmt.Fprintf(&b, "         note: %s\n", note)
		}
	}
	return b.String()
}
