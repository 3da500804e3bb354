package proof

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the document for customers quotes from a report is what a report says.
func TestTheDocumentForCustomersQuotesReportsAsTheyAre(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "docs", "what-a-proof-shows.md"))
	require.NoError(t, err)
	document := string(text)
	for _, v := range []Verdict{Verified, Consistent, Incomplete, DoesNotMatch} {
		require.Contains(t, document, "| **"+string(v)+"** |")
	}
	for _, c := range []Completeness{CompleteNotShown, CompleteByOwn, CompleteBySequence} {
		require.Contains(t, strings.ToLower(document), c.words())
	}
	b := february(t, 28)
	report := verify(t, b.write(t), buyer(), b.record())
	require.Contains(t, document, strings.Replace(report.String(), report.Root.Short(), "0x7f3a...", 1))
	asked := regexp.MustCompile(`(?m)^\| "([^"]+)" (?:rests on the file|not checked)`).FindAllStringSubmatch(document, -1)
	require.Len(t, asked, 7)
	for _, quoted := range asked {
		require.True(t, report.Check(quoted[1]).Needed, quoted[1])
	}
}
