package invoice

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Letters of the alphabet stand for themselves, a to d are written as the Hebrew letters
// alef to dalet, so that the order can be seen whatever shows this file.
func TestALineIsShownInTheOrderOfPaper(t *testing.T) {
	t.Parallel()
	hebrew := func(s string) string {
		out := []rune(s)
		for i, r := range out {
			if r >= 'a' && r <= 'd' {
				out[i] = 'א' + r - 'a'
			}
		}
		return string(out)
	}
	for _, c := range []struct{ name, read, shown string }{
		{"from the left", "XYZ 12", "XYZ 12"},
		{"from the right", "abc", "cba"},
		{"two words from the right", "ab cd", "dc ba"},
		{"a number after a word", "ab 12", "12 ba"},
		{"a number between words", "ab 12 cd", "dc 12 ba"},
		{"brackets", "(ab)", "(ba)"},
		{"a word from the left within", "ab XY cd", "dc XY ba"},
		{"a word from the right within", "XY ab ZZ", "XY ba ZZ"},
		{"with its number", "XY ab 1.5 ZZ", "XY 1.5 ba ZZ"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, hebrew(c.shown), shown(hebrew(c.read)))
		})
	}
}
