package invoice

import (
	"fmt"
	"strconv"

	"github.com/pacspace/pacspace-go"
)

// The words of a statement are the same in text, HTML and PDF, and stand here.

// Title is Invoice with prices, and Usage statement without.
func (s *Statement) Title() string {
	if len(s.Charges) > 0 {
		return "Invoice"
	}
	return "Usage statement"
}

// IsTest tells whether the statement is about test data, which it says in large letters.
func (s *Statement) IsTest() bool { return s.Environment == pacspace.EnvironmentTest }

// Fact is a name with its value.
type Fact struct{ Name, Value string }

// Facts are what stands at the top: number, dates, period, window and account.
func (s *Statement) Facts() []Fact {
	var facts []Fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, Fact{name, value})
		}
	}
	add("Number", s.Number)
	add("Issued", s.Issued.Format("2006-01-02"))
	add("Period", string(s.Period))
	add("Recorded from", instant(s.Window.Start))
	add("Recorded until", instant(s.Window.End))
	add("Account", s.Account.CustomerID)
	add("Resource", s.Account.Resource)
	if s.Account.Unit != s.Account.Resource {
		add("Unit", s.Account.Unit)
	}
	if s.IsTest() {
		add("Environment", "TEST")
	}
	return facts
}

// Sums lead from the lines to the balance: quantities as a customer reads them, and last
// the balance with the sign that it has on record.
func (s *Statement) Sums() []Fact {
	sums := []Fact{{"Used in this window", s.Quantity(used(s.Lines))}}
	if len(s.Carried) > 0 {
		sums = append(sums, Fact{"Carried from earlier windows", s.Quantity(used(s.Carried))})
	}
	if !s.StartingBalance.IsZero() {
		sums = append(sums, Fact{"Starting balance on record", s.Quantity(s.StartingBalance)})
	}
	return append(sums, Fact{"Balance on record", s.Quantity(s.Balance)})
}

func used(lines []Line) pacspace.Decimal {
	var sum pacspace.Decimal
	for _, l := range lines {
		sum = sum.Add(l.Used())
	}
	return sum
}

// ProofFacts are the proof's values, the root first, and the balance in the digits that a
// verifier prints; empty without a proof.
func (s *Statement) ProofFacts() []Fact {
	p := s.Proof
	if p == nil {
		return nil
	}
	facts := []Fact{{"Proof root", p.Root}}
	for _, f := range []Fact{{"Verify link", p.VerifyURL}, {"Access code", p.AccessCode}} {
		if f.Value != "" {
			facts = append(facts, f)
		}
	}
	facts = append(facts, Fact{"Balance", s.Balance.String()}, Fact{"Deltas", strconv.Itoa(p.DeltaCount)}, Fact{"Checkpoint", p.CheckpointID})
	if !p.RecordedAt.IsZero() {
		facts = append(facts, Fact{"Public record of", instant(p.RecordedAt)})
	}
	return facts
}

// Steps say how to check the statement; empty without a proof.
func (s *Statement) Steps() []string {
	if s.Proof == nil {
		return nil
	}
	look := "Ask your seller for the public record of the proof root."
	switch p := s.Proof; {
	case p.VerifyURL != "" && p.AccessCode != "":
		look = "Open the verify link and give the access code. Compare the record with this page."
	case p.VerifyURL != "":
		look = "Open the verify link. Compare the record with this page."
	}
	return []string{
		look,
		fmt.Sprintf("Save the evidence file %s, which comes with this statement; a PDF holds it as an attachment.", s.EvidenceName()),
		"Verify the file offline with any verifier of the format, such as pacspace verify, and the proof root printed here.",
	}
}

// Limits say what the proof does not show, or why there is none.
func (s *Statement) Limits() string {
	switch {
	case s.Proof != nil && len(s.Charges) > 0:
		return "The proof shows quantities, not prices: the amounts of money rest on the seller's prices. It does not show that no delta was left out."
	case s.Proof != nil:
		return "The proof shows quantities, not prices. It does not show that no delta was left out."
	case len(s.Carried) > 0:
		return "Nothing else was recorded in this window, so there is no checkpoint over it and no proof root here. The carried deltas are in the evidence file."
	}
	return "Nothing was recorded in this window, so there is no checkpoint, no proof root and nothing to verify."
}

// signRule is the sentence about signs.
const signRule = "Usage is recorded as a negative amount: the lines show what was used, the balance is as recorded."

// HasResources tells whether lines name resources other than the account's, and so need a
// column for them.
func (s *Statement) HasResources() bool {
	for _, lines := range [][]Line{s.Lines, s.Carried} {
		for _, l := range lines {
			if l.Resource != s.Account.Resource {
				return true
			}
		}
	}
	return false
}
