package interop

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/interop/attacks"
	"github.com/pacspace/pacspace-go/interop/corpus"
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
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
	why           string // the Go report's words, for people
}

// indexed is a line of an index: evidence, and where expectation and anchors are. Paths
// begin at the index's folder.
type indexed struct {
	File    string          `json:"file"`
	Expect  json.RawMessage `json:"expect,omitempty"`
	Anchors []string        `json:"anchors,omitempty"`
}

// TestSecondOpinion holds the Go verifier against verify_evidence.py, which was written from
// docs/evidence-format.md alone: over evidence made at random, sound and broken, and over
// the attacks and the corpus beside this file. A difference is a mistake in one of the two,
// or a gap in the document.
//
// PACSPACE_SECOND_OPINION says how many files are made at random, and PACSPACE_SEED from
// what; the same seed makes the same files. PACSPACE_KEEP names a folder to keep them in.
func TestSecondOpinion(t *testing.T) {
	python := systemPython(t)
	t.Run("evidence made at random", func(t *testing.T) {
		t.Parallel()
		count, seed := fromEnvironment(t, "PACSPACE_SECOND_OPINION", 800), fromEnvironment(t, "PACSPACE_SEED", 1)
		seen := compareOpinions(t, python, saveAll(t, func(yield func(specimen) bool) {
			for i := range count {
				r := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
				s := makeSpecimen(t, r)
				if i%2 == 1 {
					s = breakSpecimen(t, r, s)
				}
				if !yield(s) {
					return
				}
			}
		}))
		for _, verdict := range []string{"verified", "consistent", "incomplete", "does not match", "refused"} {
			require.GreaterOrEqual(t, seen[verdict], count/40, "files at random that are %s", verdict)
		}
	})
	t.Run("attacks", func(t *testing.T) {
		t.Parallel()
		compareOpinions(t, python, saveAll(t, func(yield func(specimen) bool) {
			for _, a := range attacks.All() {
				if !yield(specimenOf(t, a.Case)) {
					return
				}
			}
		}))
	})
	t.Run("corpus", func(t *testing.T) {
		t.Parallel()
		compareOpinions(t, python, saveAll(t, func(yield func(specimen) bool) {
			for m := range corpus.All() {
				if !yield(specimenOf(t, m.Case)) {
					return
				}
			}
		}))
	})
}

func specimenOf(t *testing.T, c forge.Case) specimen {
	s := specimen{evidence: c.Bytes, expect: object(c.Expect)}
	for _, a := range c.Anchors {
		s.anchors = append(s.anchors, marshal(t, a))
	}
	return s
}

// saveAll writes specimens and gives the path of their index.
func saveAll(t *testing.T, specimens iter.Seq[specimen]) string {
	t.Helper()
	dir := cmp.Or(os.Getenv("PACSPACE_KEEP"), t.TempDir())
	path := filepath.Join(dir, "index.jsonl")
	file, err := os.Create(path)
	require.NoError(t, err)
	n := 0
	for s := range specimens {
		_, err := fmt.Fprintf(file, "%s\n", marshal(t, s.save(t, dir, fmt.Sprintf("%05d", n))))
		require.NoError(t, err)
		n++
	}
	require.NoError(t, file.Close())
	return path
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
		out.Anchors = append(out.Anchors, write(fmt.Sprintf("%s.anchor-%d.json", name, i), anchor))
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
			say(fmt.Sprintf("%s (%s)", ours.Name, ours.why), ours.Outcome, theirs.Outcome)
		}
	}
	return out
}

// goOpinion is what package proof says, and why where it refuses.
func goOpinion(t *testing.T, dir string, entry indexed) (opinion, error) {
	t.Helper()
	refused := opinion{Verdict: "refused"}
	expect := readExpectation(t, dir, entry.Expect)
	var anchors []proof.Anchor
	for _, name := range entry.Anchors {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		anchor, err := proof.ReadAnchor(bytes.NewReader(text))
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
		out.Checks = append(out.Checks, outcome{c.Name, string(c.Outcome), fmt.Sprint(c.Reason, c.Divergence)})
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
	var name string
	if json.Unmarshal(given, &name) == nil {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		given = text
	}
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
