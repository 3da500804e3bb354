package forge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// Refused stands for a verdict where there is none: the file or an anchor is refused.
const Refused = "refused"

// A Case is one verification and what it must come to. As JSON it is an entry of an index:
// any verifier of the format can be held to it.
type Case struct {
	ID string `json:"id"`
	// File is the name under which Write puts the evidence.
	File string `json:"file"`
	// Expect is what the checker expects, by the names of the format's section 7.
	Expect M `json:"expect"`
	// Anchors are what he brings, as anchor files have them.
	Anchors []M `json:"anchors"`
	Want
	Bytes []byte `json:"-"`
}

// Want is what a verification must come to.
type Want struct {
	// Verdict is one of the four, or Refused.
	Verdict string `json:"verdict"`
	// First is the first finding of a verdict that does not match.
	First *Finding `json:"first"`
	// Open are the needed checks that were not made, of an incomplete verdict.
	Open []string `json:"open,omitempty"`
	// Rests are the checks that rest on the file or the invoice, of a consistent verdict.
	Rests []string `json:"rests,omitempty"`
}

// Finding is a failed check and the line of the file, 0 where it is about no one line.
type Finding struct {
	Check string `json:"check"`
	Line  int    `json:"line"`
}

// Verified, RestsOn, Open, Fails and Refuse are what a case can want.
func Verified() Want                { return Want{Verdict: string(proof.Verified)} }
func RestsOn(checks ...string) Want { return Want{Verdict: string(proof.Consistent), Rests: checks} }
func Open(checks ...string) Want    { return Want{Verdict: string(proof.Incomplete), Open: checks} }
func Refuse() Want                  { return Want{Verdict: Refused} }
func Fails(check string, line int) Want {
	return Want{Verdict: string(proof.DoesNotMatch), First: &Finding{check, line}}
}

// Verify holds the case to package proof. The report is nil where it is refused, and the
// error says why.
func (c *Case) Verify() (Want, *proof.Report, error) {
	expect, err := readExpect(c.Expect)
	if err != nil {
		return Refuse(), nil, err
	}
	var anchors []proof.Anchor
	for i, text := range c.Anchors {
		a, err := proof.ReadAnchor(bytes.NewReader(Text(text)))
		if err != nil {
			return Refuse(), nil, fmt.Errorf("anchor %d: %w", i+1, err)
		}
		anchors = append(anchors, a)
	}
	report, err := proof.Verify(bytes.NewReader(c.Bytes), expect, anchors...)
	if err != nil {
		return Refuse(), nil, err
	}
	got := Want{Verdict: string(report.Verdict)}
	if report.First != nil {
		got.First = &Finding{report.First.Check, report.First.Line}
	}
	for _, check := range report.Checks {
		switch {
		case !check.Needed:
		case report.Verdict == proof.Incomplete && check.Outcome == proof.NotChecked:
			got.Open = append(got.Open, check.Name)
		case report.Verdict == proof.Consistent && len(check.Rests) > 0:
			got.Rests = append(got.Rests, check.Name)
		}
	}
	return got, report, nil
}

// Objections returns the checks that keep a report from Verified, and those that count only
// when they fail and did.
func Objections(r *proof.Report) []string {
	var names []string
	for _, c := range r.Checks {
		if c.Outcome == proof.Failed || c.Needed && (c.Outcome != proof.Passed || len(c.Rests) > 0) {
			names = append(names, c.Name)
		}
	}
	return names
}

func readExpect(m M) (proof.Expect, error) {
	var e struct {
		CustomerID, Resource, Unit string
		UsageDays                  proof.Days
		Balance                    *decimal.Decimal
		Environment                proof.Environment
		Variant                    proof.Variant
	}
	if err := json.Unmarshal(Text(m), &e); err != nil {
		return proof.Expect{}, err
	}
	return proof.Expect{CustomerID: e.CustomerID, Resource: e.Resource, Unit: e.Unit, Days: e.UsageDays,
		Balance: e.Balance, Environment: e.Environment, Variant: e.Variant}, nil
}

// Write writes the evidence of each case into a folder, beside index.jsonl with a case on
// each line and index.json with all of them in one array.
func Write[T any](folder string, entries []T, of func(*T) *Case) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for i := range entries {
		c := of(&entries[i])
		if err := os.WriteFile(filepath.Join(folder, c.File), c.Bytes, 0o644); err != nil {
			return err
		}
		if err := encoder.Encode(&entries[i]); err != nil {
			return err
		}
	}
	all := append([]byte("[\n"), bytes.ReplaceAll(bytes.TrimSpace(lines.Bytes()), []byte("\n"), []byte(",\n"))...)
	if err := os.WriteFile(filepath.Join(folder, "index.json"), append(all, "\n]\n"...), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "index.jsonl"), lines.Bytes(), 0o644)
}

// Day is a usage day of February, counted from 1.
func Day(n int) usage.Date { return February.First().AddDays(n - 1) }
