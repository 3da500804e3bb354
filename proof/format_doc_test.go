package proof

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
)

var update = flag.Bool("update", false, "write the example of docs/evidence-format.md anew")

// exampleBill is the example of the document: two days, the first with a fraction.
func exampleBill(t testing.TB) *bill {
	b := february(t, 2)
	b.lines[0].Item.Delta = number(t, "-42.5")
	b.rehash(t, 0)
	b.lines[1].PreviousProofHash = b.lines[0].ProofHash
	return b.seal(t)
}

func TestTheDocumentShowsWhatTheCodeWrites(t *testing.T) {
	path := filepath.Join("..", "docs", "evidence-format.md")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	b := exampleBill(t)
	report := verify(t, b.write(t), buyer(), b.record())
	require.Equal(t, Verified, report.Verdict)
	require.Equal(t, "-92.5", report.Balance.String())

	document := string(text)
	for _, block := range []struct{ marker, fence, want string }{
		{"<!-- example: made by the code -->\n", "```json\n", string(b.write(t))},
		{"<!-- report: made by the code -->\n", "```\n", report.Text()},
	} {
		before, after, found := strings.Cut(document, block.marker+block.fence)
		require.True(t, found, block.marker)
		shown, after, found := strings.Cut(after, "```")
		require.True(t, found)
		if *update {
			document = before + block.marker + block.fence + block.want + "```" + after
			continue
		}
		require.Equal(t, block.want, shown, "run go test ./proof -run Document -update")
	}
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(document), 0o644))
	}
}

// TestTheDocumentHasEveryNameAndLimit holds the tables of the document to the code.
func TestTheDocumentHasEveryNameAndLimit(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "evidence-format.md"))
	require.NoError(t, err)
	document := string(text)

	at := strings.Index(document, "## 9. The checks")
	b := february(t, 1)
	for _, c := range verify(t, b.write(t), buyer(), b.record()).Checks {
		i := strings.Index(document[at:], "| `"+c.Name+"` |")
		require.GreaterOrEqual(t, i, 0, "%s is missing or out of order", c.Name)
		at += i
	}
	for _, names := range [][]string{headerNames, lineNames, sourceNames, itemNames, anchorNames, accountNames, billedNames} {
		for _, name := range names {
			require.Contains(t, document, "`"+name+"`")
		}
	}
	for _, word := range sourceWords {
		require.Contains(t, document, "`"+string(word)+"`")
	}
	for _, f := range forms {
		require.Contains(t, document, "| `"+string(f.variant)+"` |")
	}
	for _, limit := range []int64{MaxLineBytes, MaxFileBytes, MaxDeltas, maxReferences, maxRememberedBytes, MaxOwnDeltas, maxAlike, MaxCarried, MaxItemHashes,
		MaxTextBytes, canonical.MaxDepth, canonical.MaxNumberLength, decimal.MaxDigits, maxAnchorBytes, maxAnchors} {
		require.Contains(t, document, "| "+grouped(limit), "the limit %d", limit)
	}
	for _, verdict := range []Verdict{Verified, Consistent, Incomplete, DoesNotMatch} {
		require.Contains(t, document, string(verdict))
	}
}

// grouped writes a number with commas.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	var b bytes.Buffer
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
