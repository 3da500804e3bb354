// Package docshell runs the shell blocks of the documents as a reader does, each in a shell
// and as it stands there. A block that is neither run nor listed with what runs it instead
// fails, and so does a list that names a block which is gone.
package docshell

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/markdown"
)

const root = "../.."

// elsewhere has the blocks that are not run here, by document and first line, and what runs
// them instead.
var elsewhere = map[string]string{
	"README.md: go run ./examples/quickstart":                                         "run by CI itself: .ci/run reads both lines there, and this test is part of the second",
	"README.md: go get github.com/pacspace/pacspace-go":                               "run by CI itself: .ci/release-check, in a new module and from a proxy that has what is committed",
	"docs/invoices.md: go get github.com/pacspace/pacspace-go/invoice":                "run by CI itself: .ci/release-check",
	"docs/command.md: go install github.com/pacspace/pacspace-go/cmd/pacspace@latest": "run by CI itself: .ci/release-check",
}

// examplesOfTheCommand are run by the tests of cmd/pacspace, which know what each leads to.
func examplesOfTheCommand(document string, b markdown.Block) bool {
	return document == "docs/command.md" && strings.HasPrefix(b.Section, "pacspace ")
}

// jobs run all others.
var jobs = []struct {
	name   string
	blocks []string
	run    func(t *testing.T, shell shell, blocks []string)
}{
	{"an invoice is made and opened again", []string{"docs/invoices.md: go run ./examples/invoice"}, invoice},
	{"a month in five minutes", []string{
		"docs/command.md: pacspace sandbox --now 2026-02-15T12:00:00Z --env-file sandbox.env",
		"docs/command.md: . ./sandbox.env",
	}, month},
	{"a buyer gets an anchor and checks his invoice", []string{
		"docs/what-a-proof-shows.md: pacspace anchor get --root-file acme-2026-02.root --output acme-2026-02.anchor",
		"docs/what-a-proof-shows.md: pacspace verify acme-2026-02.jsonl --anchor acme-2026-02.anchor --customer customer_acme --resource compute-minutes --period 2026-02",
	}, buyer},
	{"a release is tagged", []string{`docs/releasing.md: version=v$(sed -n 's/^const Version = "\(.*\)"$/\1/p' pacspace.go)`}, release},
}

func TestShellBlocksDoWhatTheirDocumentSays(t *testing.T) {
	t.Parallel()
	blocks, _ := blocksOf(t)
	shell := newShell(t)
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) {
			t.Parallel()
			var texts []string
			for _, name := range j.blocks {
				b, found := blocks[name]
				require.True(t, found, "no document has this block any more: %s", name)
				texts = append(texts, b.Text)
			}
			j.run(t, shell, texts)
		})
	}
}

func TestEveryShellBlockIsRunSomewhere(t *testing.T) {
	t.Parallel()
	blocks, examples := blocksOf(t)
	listed := map[string]bool{}
	for _, j := range jobs {
		for _, name := range j.blocks {
			listed[name] = true
		}
	}
	for name, reason := range elsewhere {
		assert.NotEmpty(t, reason, name)
		assert.False(t, listed[name], "%s is listed twice", name)
		listed[name] = true
	}
	for name, b := range blocks {
		assert.True(t, listed[name], "line %d: nothing runs this block: add it to jobs, or to elsewhere with what runs it: %s", b.Line, name)
	}
	for name := range listed {
		_, found := blocks[name]
		assert.True(t, found, "no document has this block any more: %s", name)
	}
	assert.Greater(t, examples, 20, "docs/command.md lost its examples")
}

// A command in another kind of block would be run by nobody.
func TestCommandsStandInShellBlocks(t *testing.T) {
	t.Parallel()
	indented := regexp.MustCompile(`(?m)^(?: {4,}|\t+)(?:go|git|bash|pacspace|sqlite3|curl) .*$`)
	each(t, func(document, path string) {
		prose, err := markdown.Prose(path)
		require.NoError(t, err)
		assert.Empty(t, indented.FindAllString(prose, -1), "%s: put it between ```sh and ```", document)
		blocks, err := markdown.Blocks(path)
		require.NoError(t, err)
		for _, b := range blocks {
			assert.NotContains(t, []string{"bash", "shell", "console", "zsh"}, b.Language, "%s:%d: shell blocks are called sh", document, b.Line)
		}
	})
}

// blocksOf are the shell blocks of all documents by document and first line, without the
// examples of the command, which are counted.
func blocksOf(t *testing.T) (blocks map[string]markdown.Block, examples int) {
	t.Helper()
	blocks = map[string]markdown.Block{}
	each(t, func(document, path string) {
		found, err := markdown.Blocks(path)
		require.NoError(t, err)
		for _, b := range found {
			switch {
			case b.Language != "sh":
			case examplesOfTheCommand(document, b):
				examples++
			default:
				first, _, _ := strings.Cut(strings.TrimSpace(b.Text), "\n")
				name := document + ": " + strings.TrimSpace(strings.Split(first, " # ")[0])
				_, twice := blocks[name]
				require.False(t, twice, "two blocks begin alike: %s", name)
				blocks[name] = b
			}
		}
	})
	return blocks, examples
}

// each goes through the documents by their names in the repository.
func each(t *testing.T, do func(document, path string)) {
	t.Helper()
	paths, err := markdown.Documents(root)
	require.NoError(t, err)
	require.Greater(t, len(paths), 10)
	for _, path := range paths {
		name, err := filepath.Rel(root, path)
		require.NoError(t, err)
		do(filepath.ToSlash(name), path)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}
