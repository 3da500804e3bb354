package simulation_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
)

// circumstance is a row of the table in docs/guarantees.md: choices of the service, and
// what else has to come together.
type circumstance struct {
	title   string
	choices []string
	again   bool
	runs    int
}

const (
	rowRuns  = 8   // of a row that loses nothing
	lossRuns = 200 // of a row that loses something that must be found
)

// circumstances are the helpful service, each choice of the sandbox by itself, and what
// loses a guarantee only together.
func circumstances() []circumstance {
	rows := []circumstance{{title: "none", choices: []string{}, runs: rowRuns}}
	for _, c := range sandbox.Choices() {
		row := circumstance{title: "`" + c.Name + "`", choices: []string{c.Name}, runs: rowRuns}
		if c.Name == "CheckpointOverProofs" {
			row.runs = lossRuns
		}
		rows = append(rows, row)
	}
	return append(rows,
		circumstance{"`ReferencesRepeat` and `KeysExpireAfter`", []string{"ReferencesRepeat", "KeysExpireAfter"}, false, lossRuns},
		circumstance{"`ReferencesRepeat`, and a refused request comes again", []string{"ReferencesRepeat"}, true, lossRuns},
		circumstance{"a refused request comes again", []string{}, true, rowRuns},
		circumstance{"`ReferencesRepeat` and `RefusalsReplayed`, and a refused request comes again", []string{"ReferencesRepeat", "RefusalsReplayed"}, true, rowRuns},
	)
}

// found is what runs under a circumstance showed.
func (c circumstance) found(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state")
	lost := map[guarantee]bool{}
	verdicts := map[string]bool{}
	for n := range c.runs {
		w := simulate(t, setting{seed: uint64(n + 1), file: file, only: c.choices, again: c.again})
		for _, b := range w.breaches {
			lost[b.of] = true
		}
		for v := range w.evidence() {
			verdicts[v] = true
		}
	}
	cells := []string{c.title}
	for _, g := range guarantees {
		if lost[g] {
			cells = append(cells, "**lost**")
		} else {
			cells = append(cells, "holds")
		}
	}
	var list []string
	for v := range verdicts {
		list = append(list, v)
	}
	slices.Sort(list)
	return "| " + strings.Join(append(cells, strings.Join(list, " or ")), " | ") + " |"
}

// evidence are the verdicts on the evidence of bills on which all is the program's own.
func (w *world) evidence() map[string]bool {
	out := map[string]bool{}
	for _, customer := range w.customers {
		for _, period := range w.periods {
			c, _ := load[closed](w.program.store, fmt.Sprintf("closing:%s:%s", customer, period))
			if c.Evidence != "" && len(w.foreign) == 0 {
				out[c.Evidence] = true
			}
		}
	}
	return out
}

// docs/guarantees.md says what was found, of every choice.
func TestSimulationFindsTheGuaranteesThatAreDocumented(t *testing.T) {
	t.Parallel()
	rows := circumstances()
	found := make([]string, len(rows))
	t.Run("rows", func(t *testing.T) {
		for i, row := range rows {
			t.Run(row.title, func(t *testing.T) {
				t.Parallel()
				found[i] = row.found(t)
			})
		}
	})
	header := "| The service does | "
	for _, g := range guarantees {
		header += string(g) + " | "
	}
	table := header + "evidence |\n|" + strings.Repeat("---|", len(guarantees)+2) + "\n" + strings.Join(found, "\n") + "\n"
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "guarantees.md"))
	require.NoError(t, err)
	_, documented, _ := strings.Cut(string(text), "\n\n| The service does |")
	documented, _, _ = strings.Cut("| The service does |"+documented, "\n\n")
	require.Equal(t, strings.TrimSpace(table), strings.TrimSpace(documented), "the table as it was found:\n%s", table)
}
