package interop

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	// A name of theirs in a table's first column or in the list of what is not here.
	quotedInMigrating = regexp.MustCompile("`((?:PacSpace|balance|customers|records|webhooks)\\.[a-z_.]+)[(`]")
	queueOfSummaries  = "balance.submission"
)

// Whoever comes from the official Python SDK finds each of its names, and none is made up.
func TestMigratingNamesEveryCallOfThePythonSDK(t *testing.T) {
	t.Parallel()
	python := pythonWithSDK(t)
	out, err := output(t.Context(), python, filepath.Join("python", "names.py"))
	require.NoError(t, err)
	document, err := os.ReadFile(filepath.Join("..", "docs", "migrating.md"))
	require.NoError(t, err)

	theirs := map[string]bool{queueOfSummaries: true}
	for _, name := range strings.Fields(out) {
		if strings.HasPrefix(name, queueOfSummaries+".") {
			name = queueOfSummaries // the same methods again
		}
		theirs[name] = true
		found := regexp.MustCompile("`" + regexp.QuoteMeta(name) + "[(`]").Match(document)
		require.True(t, found, "docs/migrating.md does not say what becomes of %s", name)
	}
	require.Greater(t, len(theirs), 60)

	named := 0
	for line := range strings.Lines(string(document)) {
		first := line
		if strings.HasPrefix(line, "|") {
			first = strings.Split(line, "|")[1]
		}
		for _, m := range quotedInMigrating.FindAllStringSubmatch(first, -1) {
			require.True(t, theirs[m[1]], "docs/migrating.md names %s, which the Python SDK does not have", m[1])
			named++
		}
	}
	require.Greater(t, named, 50)
	t.Logf("the official Python SDK's %d names agreed with docs/migrating.md", len(theirs))
}
