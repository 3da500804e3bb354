package verifypage

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// focused is the element that has the focus: its id or, where it has none, its text.
func (b *tab) focused() string {
	b.t.Helper()
	return evaluate[string](b, "document.activeElement.id || document.activeElement.textContent.trim()")
}

func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		b.do(chromedp.KeyEvent(key))
	}
}

// save writes a file that can be chosen.
func save(t *testing.T, u upload) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), u.name)
	require.NoError(t, os.WriteFile(path, u.content, 0o644))
	return path
}

// A person without a mouse fills in the form, reads the report and looks at a path. Only
// the browser's own dialog for files is passed over.
func TestTheKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	b, honest := open(t), acme(t)
	var walked []string
	for range 14 {
		b.press(kb.Tab)
		walked = append(walked, b.focused())
	}
	require.Equal(t, []string{
		"file", "root", "anchors", "own", "ownPartial", "customerId", "resource", "period", "balance", "More", "verify", "Licences",
	}, walked[:12])

	b.do(
		chromedp.SetUploadFiles(chromedp.ID("file"), []string{save(t, honest.File[0])}),
		chromedp.SetUploadFiles(chromedp.ID("anchors"), []string{save(t, honest.Anchors[0])}),
		chromedp.Focus(chromedp.ID("customerId")),
	)
	b.press("customer_acme", kb.Tab, "compute-minutes", kb.Tab, "2026-02", kb.Tab, kb.Tab, " ")
	require.Equal(t, "More", b.focused())
	b.press(kb.Tab, kb.Tab, kb.Tab, kb.Tab)
	require.Equal(t, "environment", b.focused())
	b.press("t", kb.Tab, kb.Tab)
	require.Equal(t, "verify", b.focused())
	b.press(kb.Enter)
	got := evaluate[shown](b, "finished()")
	require.Equal(t, "verified", got.Verdict, got)
	require.Equal(t, "verdict", b.focused(), "the verdict is read first")

	b.press(kb.Tab, kb.Tab)
	require.Equal(t, "choice", b.focused())
	b.press("7", kb.Enter) // after the 1 that stands there, which Tab selects
	require.Eventually(t, func() bool {
		return evaluate[bool](b, "document.getElementById('path').textContent.includes('leaf 7 of 28')")
	}, patience, soon)

	rest := map[string]bool{}
	for range 9 {
		b.press(kb.Tab)
		rest[b.focused()] = true
	}
	for _, name := range []string{"Show its path", "The hashes in full", "The report as text", "Print", "Save as text", "Save as JSON", "Keep as anchor for the next invoice"} {
		require.True(t, rest[name], "%s cannot be reached: %v", name, rest)
	}
	require.Empty(t, b.errors)
}

func TestWithoutAFileTheFormSaysSo(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.do(chromedp.Focus(chromedp.ID("root")))
	b.press(kb.Enter)
	require.Equal(t, "Choose a file first.", evaluate[shown](b, "finished()").Status)
	require.Equal(t, "file", b.focused())
}
