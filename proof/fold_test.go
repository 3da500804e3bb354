package proof

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, a, b string
		same       bool
	}{
		{"themselves", "usage:acme:2026-02-01", "usage:acme:2026-02-01", true},
		{"case", "usage:Acme:2026-02-01", "usage:acme:2026-02-01", true},
		{"a space at the end", "inv_1 ", "inv_1", true},
		{"a tab inside", "inv\t_1", "inv_1", true},
		{"a no-break space", "inv\u00a0_1", "inv_1", true},
		{"a zero-width joiner", "inv\u200d_1", "inv_1", true},
		{"composed and decomposed", "caf\u00e9", "cafe\u0301", true},
		{"the order of two marks", "a\u0323\u0307", "a\u0307\u0323", true},
		{"full-width digits", "inv_\uff11", "inv_1", true},
		{"a ligature", "\ufb01le", "file", true},
		{"sharp s", "Stra\u00dfe", "STRASSE", true},
		{"Greek final sigma", "\u03c3", "\u03c2", true},
		{"a Hangul syllable and its letters", "\uac01", "\u1100\u1161\u11a8", true},
		{"a Hangul syllable without a last letter", "\uac00", "\u1100\u1161", true},
		{"the first line of the table", "\u00a8", "\u0308", true},
		{"the last line of the table", "\U0002fa1d", "\U0002a600", true},
		{"another digit", "inv_1", "inv_2", false},
		{"two umlauts", "M\u00fcller", "M\u00f6ller", false},
		{"an umlaut and its vowel", "M\u00fcller", "Muller", false},
		{"two words in Chinese", "\u53d1\u7968", "\u8d26\u5355", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.same, fold(tc.a) == fold(tc.b), "%q and %q", fold(tc.a), fold(tc.b))
			require.Equal(t, fold(tc.a), fold(fold(tc.a)), "folding twice changes nothing")
		})
	}
}

func TestTheFoldTableIsInOrder(t *testing.T) {
	t.Parallel()
	last := rune(0)
	for line := range strings.Lines(foldTable) {
		r, size := utf8.DecodeRuneInString(line)
		require.Greater(t, r, last)
		require.GreaterOrEqual(t, r, rune(0x80))
		require.True(t, strings.HasSuffix(line, "\n"))
		require.Equal(t, strings.TrimSuffix(line[size:], "\n"), foldRune(r))
		last = r
	}
	require.Equal(t, "\u4e00", foldRune('\u4e00'), "a character without a line folds to itself")
}
