package proof

import (
	_ "embed" // for foldTable
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// foldTable has a line for each character beyond ASCII that folds to something else: the
// character, what it folds to, a line end. The lines are in the order of the characters,
// which is the order of their bytes, so that it can be searched as it is. It was made by
// interop/fold_table.py from Unicode 14.0.
//
//go:embed fold.txt
var foldTable string

// fold returns what two references share when they differ only by case, by white space and
// invisible characters, or by normalisation: a person takes them for one.
func fold(s string) string {
	if ascii(s) {
		return foldASCII(s)
	}
	folded := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf):
		case r >= 0xAC00 && r <= 0xD7A3:
			folded = appendHangul(folded, r)
		case r < utf8.RuneSelf:
			folded = append(folded, unicode.ToLower(r))
		default:
			folded = append(folded, []rune(foldRune(r))...)
		}
	}
	sortMarks(folded)
	return string(folded)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldASCII returns s itself where nothing is to do, as for a usual reference.
func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r <= ' ' || r == 0x7f:
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		default:
			return r
		}
	}, s)
}

func foldRune(r rune) string {
	low, high := 0, len(foldTable) // the line, if there is one, begins within [low, high)
	for low < high {
		start := (low + high) / 2
		start = low + strings.LastIndexByte(foldTable[low:start], '\n') + 1
		end := start + strings.IndexByte(foldTable[start:], '\n')
		key, size := utf8.DecodeRuneInString(foldTable[start:])
		switch {
		case key == r:
			return foldTable[start+size : end]
		case key < r:
			low = end + 1
		default:
			high = start
		}
	}
	return string(r)
}

// appendHangul decomposes a syllable by the rule of the Unicode standard, section 3.12.
func appendHangul(dst []rune, r rune) []rune {
	const vowels, trails = 21, 28
	i := r - 0xAC00
	dst = append(dst, 0x1100+i/(vowels*trails), 0x1161+i%(vowels*trails)/trails)
	if trail := i % trails; trail > 0 {
		dst = append(dst, 0x11A7+trail)
	}
	return dst
}

// sortMarks puts each run of marks in the order of their code points: where two orders are
// one normalised text, they become one here.
func sortMarks(text []rune) {
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && unicode.Is(unicode.M, text[end]) {
			end++
		}
		slices.Sort(text[start:end])
		start = end + 1
	}
}
