package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manualFile is the page for people, made from the commands' own help.
const manualFile = "../../../../docs/command.md"

const manualHead = `# The command

` + "`pacspace`" + ` is the command line tool of this SDK. With Go:

` + "```sh\ngo install github.com/pacspace/pacspace-go/cmd/pacspace@latest\n```" + `

This page is made from the help of the commands, which ` + "`pacspace help`" + ` shows too. Each
example is run by the tests.

## A month in five minutes

In one terminal, a stand-in of the service whose clock begins in the middle of February:

` + "```sh\npacspace sandbox --now 2026-02-15T12:00:00Z --env-file sandbox.env\n```" + `

In another, the vendor records a day's usage and closes the month, and the customer checks
it. The sandbox is a test environment, so the checker says so.

` + "```sh" + `
. ./sandbox.env
pacspace emit customer_acme --day 2026-02-14 --used 50 --resource compute-minutes --submissions sent.jsonl --wait
pacspace close customer_acme --period 2026-02 --first --resource compute-minutes --submissions sent.jsonl --closing acme.closing.json --evidence acme.jsonl --save-root acme.root

pacspace anchor get --root-file acme.root --environment test --output acme.anchor
pacspace verify acme.jsonl --customer customer_acme --resource compute-minutes --period 2026-02 --environment test --anchor acme.anchor
` + "```\n"

func TestTheManualIsThatOfTheCommands(t *testing.T) {
	t.Parallel()
	manual := manualOf(newRoot())
	if os.Getenv("PACSPACE_UPDATE") != "" {
		require.NoError(t, os.WriteFile(manualFile, []byte(manual), 0o644))
	}
	kept, err := os.ReadFile(manualFile)
	require.NoError(t, err)
	require.Equal(t, manual, string(kept), "docs/command.md is stale: run the tests of this package once with PACSPACE_UPDATE=1")
}

func newRoot() *cobra.Command { return (&app{}).root() }

// each goes through all commands that do something.
func each(root *cobra.Command, do func(*cobra.Command)) {
	for _, c := range root.Commands() {
		if c.Example != "" {
			do(c)
		}
		each(c, do)
	}
}

func manualOf(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(manualHead)
	fmt.Fprintf(&b, "\n## Keys, secrets, JSON and exit codes\n\n%s\n", paragraphs(strings.TrimSuffix(root.Long, exitCodes)))
	b.WriteString("Every command takes `--json`. Its names stay as they are; new ones may be added. An error is\nthen an object `error` with `message` and `exitCode` on the standard error output, and `code`,\n`status`, `requestId` and `idempotencyKey` where there are some. Text is for people and may\nchange. On a terminal a large file shows how far it is, and verdicts have a colour unless\n`NO_COLOR` is set.\n\n")
	fmt.Fprintf(&b, "```text\n%s\n```\n\n| command | |\n|---|---|\n", exitCodes)
	each(root, func(c *cobra.Command) {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
	})
	each(root, func(c *cobra.Command) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.CommandPath(), paragraphs(longOf(c)))
		fmt.Fprintf(&b, "```sh\n%s\n```\n", strings.Join(examplesOf(c), "\n"))
		if flags := c.LocalFlags().FlagUsagesWrapped(100); flags != "" {
			fmt.Fprintf(&b, "\n```text\n%s\n\n%s```\n", c.UseLine(), flags)
		}
	})
	return b.String()
}

func longOf(c *cobra.Command) string {
	if c.Long == "" {
		return c.Short + "."
	}
	return c.Long
}

// paragraphs lets what is indented stand as it is.
func paragraphs(text string) string {
	return regexp.MustCompile(`(?m)^  (\S.*)$`).ReplaceAllString(strings.TrimSpace(text), "    $1") + "\n"
}

func examplesOf(c *cobra.Command) (lines []string) {
	for line := range strings.Lines(c.Example) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

func TestEveryCommandHasItsHelp(t *testing.T) {
	t.Parallel()
	each(newRoot(), func(c *cobra.Command) {
		require.NotEmpty(t, c.Short, c.CommandPath())
		require.NotEqual(t, "help", c.Example)
		if c.Name() != "help" {
			require.NotEmpty(t, c.Annotations[jsonNames], "%s does not say what its JSON holds", c.CommandPath())
		}
		for _, line := range examplesOf(c) {
			require.True(t, strings.HasPrefix(line+" ", c.CommandPath()+" ") || strings.HasPrefix(line, "pacspace help "), line)
		}
	})
	leaves(newRoot(), func(c *cobra.Command) {
		require.NotEmpty(t, c.Example, "%s has no example", c.CommandPath())
	})
}

// leaves goes through all commands that hold no others.
func leaves(c *cobra.Command, do func(*cobra.Command)) {
	if !c.HasSubCommands() {
		do(c)
	}
	for _, sub := range c.Commands() {
		leaves(sub, do)
	}
}

// Each line that the help shows, and each of the manual, stands in a script that runs it.
// A script is no shell, so a redirection is a line of its own there; a port is a free one, and
// a day
// or a month may be another.
func TestEveryExampleIsRunByAScript(t *testing.T) {
	t.Parallel()
	run := map[string]bool{}
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	require.NoError(t, err)
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			fields := strings.Fields(line)
			at := slices.Index(fields, "pacspace")
			if at < 1 || at > 2 || (fields[0] != "exec" && fields[0] != "exits") {
				continue
			}
			if last := fields[len(fields)-1]; strings.HasPrefix(last, "&") {
				fields = fields[:len(fields)-1]
			}
			command := alike(strings.Join(fields[at:], " "))
			run[command] = true
			if file, ok := strings.CutPrefix(lines[max(i-1, 0)], "stdin "); ok {
				run[alike(command+" < "+file)] = true
			}
			if file, ok := strings.CutPrefix(lines[min(i+1, len(lines)-1)], "cp stdout "); ok {
				run[alike(command+" > "+file)] = true
			}
		}
	}
	each(newRoot(), func(c *cobra.Command) {
		for _, line := range examplesOf(c) {
			assert.True(t, run[alike(line)], "no script runs %q", line)
		}
	})
	for line := range strings.Lines(manualHead) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "pacspace ") {
			require.True(t, run[alike(line)], "no script runs %q of the manual", line)
		}
	}
}

func alike(line string) string {
	line = regexp.MustCompile(`\d{4}-\d{2}-\d{2}\b|\$YESTERDAY`).ReplaceAllString(line, "DAY")
	line = regexp.MustCompile(`\d{4}-\d{2}\b|\$MONTH`).ReplaceAllString(line, "MONTH")
	line = regexp.MustCompile(`localhost:(\d+|\$[A-Z]+)`).ReplaceAllString(line, "localhost:PORT")
	return strings.Replace(line, "sandbox --address localhost:PORT", "sandbox", 1)
}
