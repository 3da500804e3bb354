package proof

import (
	"fmt"
	"strings"
)

// A finding is what a check has found so far. It begins as passed, and what is worse stays:
// the first failure is the one that is kept.
type finding struct {
	v *verification
	Check
}

func needed(v *verification, name string) finding {
	return finding{v: v, Check: Check{Name: name, Needed: true, Outcome: Passed}}
}

// extra begins a check that counts only when it fails: until it has looked at something, it
// is not made.
func extra(v *verification, name string) finding {
	return finding{v: v, Check: Check{Name: name, Outcome: Passed}}
}

// delta is for checks that look at the whole file alone.
func (f *finding) delta(*delta) {}

// fail keeps the first failure. d is nil where it is in no one line.
func (f *finding) fail(d *delta, reason, expected, found string) {
	if f.Outcome == Failed {
		return
	}
	f.Outcome, f.Reason = Failed, reason
	f.Divergence = &Divergence{Check: f.Name, Expected: strings.Clone(expected), Found: strings.Clone(found)}
	if d != nil {
		f.Divergence.Line, f.Divergence.Record, f.Divergence.Reference = d.number, strings.Clone(d.RecordID), strings.Clone(d.Item.ReferenceID)
	}
}

// failFirst is a failure that comes before any other: the file is not about what is
// expected, whatever its lines say.
func (f *finding) failFirst(reason, expected, found string) {
	f.Outcome = Passed
	f.fail(nil, reason, expected, found)
}

// failWhole is a failure of the whole file. Where only one delta has a content hash that is
// not reproduced, it is named: something does not match for certain, and that is the place
// to look.
func (f *finding) failWhole(reason, expected, found string) {
	f.fail(f.v.suspect(), reason, expected, found)
}

// skip says that the check could not be made.
func (f *finding) skip(reason string, args ...any) {
	if f.Outcome != Failed {
		f.Outcome, f.Reason = NotChecked, fmt.Sprintf(reason, args...)
	}
}

// note says something of a check that passed.
func (f *finding) note(reason string, args ...any) {
	if f.Outcome == Passed {
		f.Reason = fmt.Sprintf(reason, args...)
	}
}

func (f *finding) rest(value, on, why string, args ...any) {
	f.Rests = append(f.Rests, Rest{Value: value, On: on, Why: fmt.Sprintf(why, args...)})
}

// done returns the check as it is reported: one that did not pass has nothing to rest on.
func (f *finding) done() Check {
	if f.Outcome != Passed {
		f.Rests = nil
	}
	return f.Check
}

// suspect returns the only delta whose content hash is not reproduced, nil if there is none
// or more than one.
func (v *verification) suspect() *delta {
	if v.scheme.differing[levelItem] != 1 {
		return nil
	}
	return v.lone
}

// deltas returns "1 delta", "2 deltas" and so on.
func deltas(n int) string {
	if n == 1 {
		return "1 delta"
	}
	return fmt.Sprintf("%d deltas", n)
}

// have returns "1 delta has", "2 deltas have" and so on.
func have(n int) string { return verb(n, "has", "have") }

func verb(n int, one, more string) string {
	if n == 1 {
		return deltas(n) + " " + one
	}
	return deltas(n) + " " + more
}

// where returns a place in words.
func (v *verification) where(at place) string {
	if at < 0 {
		return fmt.Sprintf("earlier evidence of %s", v.known.earlier[-1-at].days)
	}
	return fmt.Sprintf("line %d", at)
}
