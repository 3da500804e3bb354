package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

// Refused stands for a verdict where there is none: something cannot be read within the
// limits.
const Refused = "refused"

// Answer is what a verification came to, ready to be shown. Amounts are text, since a page
// would read a JSON number in binary64.
type Answer struct {
	Verdict string `json:"verdict"`
	// Kind is "balance", "record", or empty where there is no verdict.
	Kind string `json:"kind"`
	Test bool   `json:"test"`
	// Line is the report in one line, Meaning what the verdict says, Text the whole for
	// people and JSON for programs.
	Line    string `json:"line"`
	Meaning string `json:"meaning"`
	Text    string `json:"text"`
	JSON    string `json:"json,omitzero"`
	// First is where the evidence does not match.
	First  *proof.Divergence `json:"first,omitzero"`
	Facts  []Fact            `json:"facts,omitzero"`
	Checks []proof.Check     `json:"checks,omitzero"`
	// Levels say how far the scheme was seen to be the service's.
	Levels []string `json:"levels,omitzero"`
	// Entries are those of a sealed record that were disclosed.
	Entries []Entry `json:"entries,omitzero"`
	// Limits are what this cannot show.
	Limits []string `json:"limits,omitzero"`

	// Report is that of a balance.
	Report *proof.Report `json:"-"`
}

// Anchor is the anchor file of the end of a balance, for the next verification of the
// account. It is there for evidence that is verified or consistent.
func (a *Answer) Anchor() (string, error) {
	if a.Report == nil {
		return "", errors.New("only evidence of a balance has an end to keep")
	}
	anchor, err := a.Report.Anchor()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = proof.WriteAnchor(&b, anchor)
	return b.String(), err
}

// Fact is one thing that the file says or that follows from it.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Entry is a disclosed entry of a sealed record, counted from 1.
type Entry struct {
	Number uint64 `json:"number"`
	// Note says why the entry was not checked; empty where it was.
	Note     string `json:"note,omitzero"`
	Fields   []Fact `json:"fields"`
	Withheld int    `json:"withheld"`
}

func balance(r *proof.Report) *Answer {
	return &Answer{
		Verdict: string(r.Verdict), Kind: "balance", Test: r.Environment == proof.EnvironmentTest,
		Line: r.String(), Meaning: r.Verdict.Meaning(), Text: r.Text(), JSON: indented(r),
		First: r.First, Facts: facts(r), Checks: r.Checks, Levels: levels(r), Limits: r.Limits,
		Report: r,
	}
}

func facts(r *proof.Report) []Fact {
	list := []Fact{{"Customer", r.Account.CustomerID}}
	add := func(name, value string) {
		if value != "" {
			list = append(list, Fact{name, value})
		}
	}
	add("Resource", r.Account.Resource)
	add("Unit", r.Account.Unit)
	add("Usage days", r.Days.String())
	add("Recorded", moment(r.Window.Start)+" until before "+moment(r.Window.End))
	count := strconv.Itoa(r.Count)
	if r.Carried > 0 {
		count += fmt.Sprintf(", of which %d carried from an earlier window", r.Carried)
	}
	add("Deltas", count)
	add("Balance at the start", r.StartingBalance.String())
	add("Balance after all deltas", r.Balance.String())
	add("Balance as claimed", r.ClaimedBalance.String())
	if !r.Root.IsZero() {
		add("Root", r.Root.String())
	}
	if r.LateCount > 0 {
		add("Usage of earlier days", strconv.Itoa(r.LateCount)+" late")
	}
	if r.Undated > 0 {
		add("Without a usage day", strconv.Itoa(r.Undated))
	}
	return list
}

func moment(t time.Time) string {
	t = t.UTC()
	if t.Truncate(24 * time.Hour).Equal(t) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05.999999999") + " UTC"
}

func levels(r *proof.Report) []string {
	var list []string
	for _, level := range r.Levels {
		list = append(list, level.String())
	}
	return list
}

func record(r *sealed.Result) *Answer {
	a := &Answer{
		Verdict: string(r.Verdict()), Kind: "record",
		Line: r.String(), Meaning: r.Reason, Text: r.Text(), JSON: indented(r), Limits: r.Limits(),
	}
	switch r.Verdict() {
	case sealed.Consistent:
		a.Meaning = "The shown fields follow from the record's history as it was served. The ledger was not read."
	case sealed.Incomplete:
		a.Meaning = "Nothing speaks against the shown fields, but not every entry could be checked."
	}
	if r.Detail != "" {
		a.Facts = append(a.Facts, Fact{"Detail", r.Detail})
	}
	for _, e := range r.Entries {
		entry := Entry{Number: uint64(e.Seq) + 1, Note: e.Note, Fields: []Fact{}, Withheld: e.Withheld}
		for _, field := range e.Shown {
			entry.Fields = append(entry.Fields, Fact{field.Pointer, string(field.Value)})
		}
		a.Entries = append(a.Entries, entry)
	}
	return a
}

func refused(err error) *Answer {
	return &Answer{
		Verdict: Refused, Line: err.Error(), Text: "REFUSED\n" + err.Error() + "\n",
		Meaning: "There is no verdict, since something could not be read.",
	}
}

func indented(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return ""
	}
	return string(text) + "\n"
}
