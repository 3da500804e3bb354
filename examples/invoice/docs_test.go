package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What docs/invoices.md shows is part of an Example, which is compiled and run, and its
// commands are those that stand in this example's comment.
func TestTheSnippetsOfTheDocsAreThoseOfTheExamples(t *testing.T) {
	t.Parallel()
	read := func(path string) string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	docs := read("../../docs/invoices.md")
	examples := strings.ReplaceAll(read("../../invoice/example_test.go"), "\n\t", "\n")
	snippets := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(docs, -1)
	require.Len(t, snippets, 4)
	for _, s := range snippets {
		require.Contains(t, examples, s[1])
	}
	require.Contains(t, docs, "```sh\ngo run ./examples/invoice\n```")
	require.Contains(t, read("main.go"), "//\tgo run ./examples/invoice\n")

	picture := regexp.MustCompile(`!\[.+\]\((.+)\)`).FindStringSubmatch(docs)
	require.NotNil(t, picture)
	info, err := os.Stat("../../docs/" + picture[1])
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(100<<10))
}
