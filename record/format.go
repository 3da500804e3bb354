package record

import (
	"strings"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// hasFormat reports whether text has one of the formats that a content's strings may need.
// Only the shape counts: month 99 passes, as it does at the service.
func hasFormat(text, format string) bool {
	switch format {
	case formatTime:
		return isTime(text)
	case formatSignedDecimal:
		whole, fraction, has := strings.Cut(strings.TrimPrefix(text, "-"), ".")
		return isDigits(whole) && (!has || isDigits(fraction))
	case formatCurrency:
		return len(text) == 3 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	case formatHyphen:
		for word := range strings.SplitSeq(text, "-") {
			if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
				return false
			}
		}
	}
	return true
}

// isTime reports whether text is shaped like 2026-02-01T12:34:56Z, perhaps with a fraction.
func isTime(text string) bool {
	const shape = "0000-00-00T00:00:00"
	if len(text) < len(shape)+1 || !strings.HasSuffix(text, "Z") {
		return false
	}
	for i := range len(shape) {
		if shape[i] == '0' && !isDigits(text[i:i+1]) || shape[i] != '0' && text[i] != shape[i] {
			return false
		}
	}
	rest := text[len(shape) : len(text)-1]
	fraction, has := strings.CutPrefix(rest, ".")
	return rest == "" || has && isDigits(fraction)
}

// isBytes32 reports whether text is 0x and 64 hexadecimal digits, in either case.
func isBytes32(text string) bool {
	lower := strings.ToLower(text)
	return len(text) == 66 && lower[:2] == "0x" && isHex64(lower[2:])
}

// utf16Length is the length of a string as JavaScript counts it.
func utf16Length(v jsonview.Value) int {
	text, _ := v.Text()
	units := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= 0xF0:
			units += 2 // beyond U+FFFF: a pair
		case c < 0x80 || c >= 0xC0:
			units++
		}
	}
	return units
}
