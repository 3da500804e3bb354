package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/interop/attacks"
	"github.com/pacspace/pacspace-go/interop/corpus"
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/stretchr/testify/require"
)

// opinion is what a verifier says: the verdict and the first finding, on which two have to
// agree, and the outcome of each check, on which these two agree as well. Where the input is
// refused the verdict is "refused" and the rest is empty.
type opinion struct {
	Verdict string
	First   finding // zero where nothing failed
	Checks  []outcome
}

type finding struct {
	Check string
	Line  int
}

type outcome struct {
	Name, Outcome string
	Rests         bool
	why           string // the Go report's words, for people
}

// indexed is a line of an index: evidence with expectation and anchors, which stand there
// or in files beside it, and what they must come to where that is known.
type indexed struct {
	File    string            `json:"file"`
	Expect  json.RawMessage   `json:"expect,omitempty"`
	Anchors []json.RawMessage `json:"anchors,omitempty"`
	Verdict string            `json:"verdict,omitempty"`
	First   *finding          `json:"first,omitempty"`
}

// TestSecondOpinion holds the Go verifier against verify_evidence.py, which was written from
// docs/evidence-format.md alone: over evidence made at random, sound and broken, over files
// at the limits, over the attacks and over the corpus of mutations. A difference is a mistake in one of the two,
// or a gap in the document.
//
// PACSPACE_SECOND_OPINION says how many files are made at random, and PACSPACE_SEED from
// what; the same seed makes the same files. PACSPACE_KEEP names a folder to keep them in.
func TestSecondOpinion(t *testing.T) {
	python := systemPython(t)
	t.Run("evidence made at random", func(t *testing.T) {
		t.Parallel()
		dir := folder(t)
		count, seed := fromEnvironment(t, "PACSPACE_SECOND_OPINION", 800), fromEnvironment(t, "PACSPACE_SEED", 1)
		var all []specimen
		for i := range count {
			r := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
			s := makeSpecimen(t, r)
			if i%2 == 1 {
				s = breakSpecimen(t, r, s)
			}
			all = append(all, s)
		}
		saveAll(t, dir, all)
		seen := compareOpinions(t, python, filepath.Join(dir, "index.jsonl"))
		for _, verdict := range []string{"verified", "consistent", "incomplete", "does not match", "refused"} {
			require.GreaterOrEqual(t, seen[verdict], count/40, "files at random that are %s", verdict)
		}
	})
	t.Run("looks and limits", func(t *testing.T) {
		t.Parallel()
		dir := folder(t)
		saveAll(t, dir, edgeSpecimens(t))
		seen := compareOpinions(t, python, filepath.Join(dir, "index.jsonl"))
		require.Greater(t, seen["refused"], 60)
	})
	t.Run("the attacks", func(t *testing.T) {
		t.Parallel()
		dir := folder(t)
		require.NoError(t, forge.Write(dir, attacks.All(), func(a *attacks.Attack) *forge.Case { return &a.Case }))
		compareOpinions(t, python, filepath.Join(dir, "index.jsonl"))
	})
	t.Run("the corpus of mutations", func(t *testing.T) {
		t.Parallel()
		dir := folder(t)
		all := slices.Collect(corpus.All())
		require.NoError(t, forge.Write(dir, all, func(m *corpus.Mutation) *forge.Case { return &m.Case }))
		compareOpinions(t, python, filepath.Join(dir, "index.jsonl"))
	})
}

// systemPython is a Python 3.9 or newer; its standard library is enough. Without one the
// test is skipped, or fails where PACSPACE_INTEROP=required.
func systemPython(t *testing.T) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err == nil {
		err = exec.Command(python, "-c", "import sys; sys.exit(sys.version_info < (3, 9))").Run()
	}
	switch {
	case err == nil:
		return python
	case os.Getenv("PACSPACE_INTEROP") == "required":
		t.Fatalf("PACSPACE_INTEROP=required, and there is no Python 3.9 or newer: %v", err)
	default:
		t.Skipf("there is no Python 3.9 or newer: %v", err)
	}
	return ""
}

func fromEnvironment(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text, ok := os.LookupEnv(name)
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

// folder is where the files of a subtest go.
func folder(t *testing.T) string {
	t.Helper()
	keep := os.Getenv("PACSPACE_KEEP")
	if keep == "" {
		return t.TempDir()
	}
	dir := filepath.Join(keep, filepath.Base(t.Name()))
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return dir
}

// saveAll writes specimens and an index of them.
func saveAll(t *testing.T, dir string, all []specimen) {
	t.Helper()
	var index bytes.Buffer
	for i, s := range all {
		index.Write(marshal(t, s.save(t, dir, fmt.Sprintf("%05d", i))))
		index.WriteString("\n")
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.jsonl"), index.Bytes(), 0o600))
}

// save writes the files of a specimen and gives its line of the index.
func (s specimen) save(t *testing.T, dir, name string) indexed {
	t.Helper()
	write := func(name string, text []byte) string {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
		return name
	}
	out := indexed{
		File:   write(name+".jsonl", s.evidence),
		Expect: marshal(t, write(name+".expect.json", marshal(t, s.expect))),
	}
	for i, anchor := range s.anchors {
		out.Anchors = append(out.Anchors, marshal(t, write(fmt.Sprintf("%s.anchor-%d.json", name, i), anchor)))
	}
	return out
}

// compareOpinions runs both verifiers over an index and counts the verdicts.
func compareOpinions(t *testing.T, python, index string) map[string]int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, "-B", "verify_evidence.py", "--batch", index)
	var trouble bytes.Buffer
	cmd.Stderr = &trouble
	theirs, err := cmd.Output()
	require.NoError(t, err, "%s", &trouble)

	text, err := os.ReadFile(index)
	require.NoError(t, err)
	answers := bufio.NewScanner(bytes.NewReader(theirs))
	answers.Buffer(nil, len(theirs)+1)
	seen := map[string]int{}
	for line := range bytes.Lines(text) {
		var entry indexed
		require.NoError(t, json.Unmarshal(line, &entry))
		require.True(t, answers.Scan(), "no answer for %s", entry.File)
		var python struct {
			File, Error string
			opinion
		}
		require.NoError(t, json.Unmarshal(answers.Bytes(), &python))
		require.Equal(t, entry.File, python.File)
		ours, why := goOpinion(t, filepath.Dir(index), entry)
		seen[ours.Verdict]++
		if entry.Verdict != "" {
			require.Equal(t, entry.Verdict, ours.Verdict, entry.File)
			if entry.First != nil {
				require.Equal(t, *entry.First, ours.First, entry.File)
			}
		}
		if differences := ours.differences(python.opinion); len(differences) > 0 {
			t.Errorf("%s: the verifiers differ: %s\nGo: %v\nPython: %s", entry.File, strings.Join(differences, "; "), why, python.Error)
		}
	}
	require.NotEmpty(t, seen, "%s holds nothing", index)
	t.Logf("compared: %v", seen)
	return seen
}

// differences says where another opinion is another one.
func (o opinion) differences(other opinion) (out []string) {
	say := func(what string, a, b any) {
		if a != b {
			out = append(out, fmt.Sprintf("%s is %v in Go and %v in Python", what, a, b))
		}
	}
	say("the verdict", o.Verdict, other.Verdict)
	say("the first finding", o.First, other.First)
	for i := range max(len(o.Checks), len(other.Checks)) {
		if o.Verdict != "refused" && other.Verdict != "refused" {
			ours, theirs := o.Checks[i], other.Checks[i]
			say(fmt.Sprintf("%s (%s)", ours.Name, ours.why), ours.answer(), theirs.answer())
		}
	}
	return out
}

func (o outcome) answer() string {
	if o.Rests {
		return o.Outcome + " and rests on something"
	}
	return o.Outcome
}

// goOpinion is what package proof says, and why where it refuses.
func goOpinion(t *testing.T, dir string, entry indexed) (opinion, error) {
	t.Helper()
	refused := opinion{Verdict: "refused"}
	expect := readExpectation(t, dir, entry.Expect)
	var anchors []proof.Anchor
	for _, given := range entry.Anchors {
		anchor, err := proof.ReadAnchor(bytes.NewReader(inlineOrFile(t, dir, given)))
		if err != nil {
			return refused, err
		}
		anchors = append(anchors, anchor)
	}
	file, err := os.Open(filepath.Join(dir, entry.File))
	require.NoError(t, err)
	defer file.Close()
	report, err := proof.Verify(file, expect, anchors...)
	if err != nil {
		return refused, err
	}
	out := opinion{Verdict: string(report.Verdict)}
	for _, c := range report.Checks {
		out.Checks = append(out.Checks, outcome{c.Name, string(c.Outcome), c.Outcome == proof.Passed && len(c.Rests) > 0, fmt.Sprint(c.Reason, c.Divergence)})
	}
	if report.First != nil {
		out.First = finding{report.First.Check, report.First.Line}
	}
	return out, nil
}

// readExpectation reads an expectation, which stands in the index or in a file of its own.
func readExpectation(t *testing.T, dir string, given json.RawMessage) proof.Expect {
	t.Helper()
	if len(given) == 0 {
		return proof.Expect{}
	}
	given = inlineOrFile(t, dir, given)
	var read struct {
		CustomerID, Resource, Unit string
		UsageDays                  proof.Days
		Period                     usage.Period
		Balance                    *decimal.Decimal
		Variant                    proof.Variant
		Environment                proof.Environment
	}
	d := json.NewDecoder(bytes.NewReader(given))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&read))
	return proof.Expect{
		CustomerID: read.CustomerID, Resource: read.Resource, Unit: read.Unit, Period: read.Period,
		Days: read.UsageDays, Environment: read.Environment, Balance: read.Balance, Variant: read.Variant,
	}
}

// inlineOrFile is what stands in an index, or the text of the file that is named there.
func inlineOrFile(t *testing.T, dir string, given json.RawMessage) []byte {
	t.Helper()
	var name string
	if json.Unmarshal(given, &name) != nil {
		return given
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return text
}
