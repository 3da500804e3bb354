package jsonview

import (
	"bytes"
	"cmp"
	"unicode/utf16"
	"unicode/utf8"
)

// equalString reports whether the string text, quotes included, means s.
func equalString(text []byte, s string) bool {
	body := text[1 : len(text)-1]
	if bytes.IndexByte(body, '\\') < 0 {
		return string(body) == s
	}
	return decodeString(text) == s
}

// decodeString returns what a checked string text, quotes included, means.
func decodeString(text []byte) string {
	body := text[1 : len(text)-1]
	if bytes.IndexByte(body, '\\') < 0 {
		return string(body)
	}
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			out = append(out, body[i])
			continue
		}
		i++
		switch body[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			unit, _ := hex4(body, i+1)
			i += 4
			if low, ok := escapedUnit(body, i+1); ok && utf16.IsSurrogate(rune(unit)) {
				if r := utf16.DecodeRune(rune(unit), rune(low)); r != utf8.RuneError {
					out = utf8.AppendRune(out, r)
					i += 6
					continue
				}
			}
			out = appendUnit(out, unit)
		default: // quote, backslash, slash
			out = append(out, body[i])
		}
	}
	return string(out)
}

// escapedUnit reads \uXXXX at i.
func escapedUnit(text []byte, i int) (uint16, bool) {
	if i+6 > len(text) || text[i] != '\\' || text[i+1] != 'u' {
		return 0, false
	}
	return hex4(text, i+2)
}

// appendUnit appends one code unit that is no half of a pair, surrogates as three bytes.
func appendUnit(dst []byte, unit uint16) []byte {
	if utf16.IsSurrogate(rune(unit)) {
		return append(dst, 0xE0|byte(unit>>12), 0x80|byte(unit>>6&0x3F), 0x80|byte(unit&0x3F))
	}
	return utf8.AppendRune(dst, rune(unit))
}

// hex4 reads four hexadecimal digits at i.
func hex4(text []byte, i int) (uint16, bool) {
	if i+4 > len(text) {
		return 0, false
	}
	var unit uint16
	for _, c := range text[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | uint16(c)
	}
	return unit, true
}

// CompareUTF16 orders two valid UTF-8 strings by their UTF-16 code units, as RFC 8785
// orders names. It differs from comparing bytes only where a character beyond U+FFFF
// meets one from U+E000 on.
func CompareUTF16(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		if pairA, pairB := a[i] >= 0xF0, b[i] >= 0xF0; pairA != pairB && min(a[i], b[i]) >= 0xEE {
			if pairA {
				return -1
			}
			return 1
		}
		return cmp.Compare(a[i], b[i])
	}
	return cmp.Compare(len(a), len(b))
}
