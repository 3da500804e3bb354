package reconcile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever is told of a mismatch finds its kind in the agent's page, marked there where it
// waits before it is told.
func TestTheAgentsPageSaysWhatEachKindMeans(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/agent.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "| kind | it means | what to do |")
	require.True(t, found)
	table, _, _ := strings.Cut(rest, "\n\n")
	waits := map[Kind]bool{}
	for _, row := range strings.Split(table, "\n| ") {
		cell, _, _ := strings.Cut(row, " | ")
		names, mark, _ := strings.Cut(cell, " (")
		for _, name := range strings.Split(names, ", ") {
			if name, ok := strings.CutPrefix(name, "`"); ok {
				waits[Kind(strings.TrimSuffix(name, "`"))] = mark == "waits)"
			}
		}
	}
	kinds := kindsDeclared(t)
	require.Greater(t, len(kinds), 10)
	for _, k := range kinds {
		marked, ok := waits[k]
		require.True(t, ok, "docs/agent.md has no row of the kind %s", k)
		require.Equal(t, k.passing(), marked, "docs/agent.md, kind %s: whether it waits", k)
		delete(waits, k)
	}
	require.Empty(t, waits, "in docs/agent.md and no kind")
}

// kindsDeclared are the constants of type Kind.
func kindsDeclared(t *testing.T) (kinds []Kind) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "mismatch.go", nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if named, ok := spec.Type.(*ast.Ident); ok && named.Name == "Kind" {
			word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			kinds = append(kinds, Kind(word))
		}
		return true
	})
	return kinds
}
