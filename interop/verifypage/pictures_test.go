package verifypage

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestPictures takes the pictures of the documentation, of what the page shows in light and
// in dark, and one of a narrow screen. PACSPACE_PICTURES names a folder to keep them in.
func TestPictures(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("PACSPACE_PICTURES")
	if folder == "" {
		folder = t.TempDir()
	}
	b := open(t)
	honest := acme(t)
	changed := honest
	changed.File = []upload{{"acme-changed.jsonl", changedCopy(honest.File[0].content)}}

	for _, picture := range []struct {
		name, scheme  string
		width, height int64
		form          form
		verdict, from string
	}{
		{"verify-page.png", "light", 880, 1000, honest, "verified", "#result"},
		{"verify-page-dark.png", "dark", 880, 580, changed, "does not match", "#result"},
		{"form.png", "light", 880, 1000, honest, "verified", "body"},
		{"form-dark.png", "dark", 880, 1000, honest, "verified", "body"},
		{"path.png", "light", 880, 1100, honest, "verified", "#path"},
		{"checks.png", "dark", 880, 1400, changed, "does not match", "#checks"},
		{"narrow.png", "light", 360, 1400, honest, "verified", "#pictures"},
	} {
		b.emulate(picture.scheme, "")
		b.do(chromedp.EmulateViewport(picture.width, picture.height))
		got := b.check(picture.form)
		require.Equal(t, picture.verdict, got.Verdict)
		evaluate[bool](b, "scrollTo(0, document.querySelector('"+picture.from+"').getBoundingClientRect().top + scrollY - 16), document.activeElement.blur(), true")
		shot := run(b, chromedp.CaptureScreenshot())
		size, err := png.DecodeConfig(bytes.NewReader(shot))
		require.NoError(t, err)
		require.EqualValues(t, picture.width, size.Width)
		if strings.HasPrefix(picture.name, "verify-page") { // in the documentation
			require.Less(t, len(shot), 100_000, picture.name)
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, picture.name), shot, 0o644))

		require.True(t, evaluate[bool](b, "document.documentElement.scrollWidth <= innerWidth"), "%s scrolls sideways", picture.name)
	}
}

// emulate sets the colour scheme and, where one is given, the medium.
func (b *tab) emulate(scheme, medium string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(b.t, err)
}

// changedCopy is evidence with one amount changed and nothing else.
func changedCopy(evidence []byte) []byte {
	return bytes.Replace(evidence, []byte(`"delta":-`), []byte(`"delta":-1`), 1)
}
