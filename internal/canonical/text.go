package canonical

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendString appends s as a canonical JSON string, in quotes. Invalid UTF-8, which is how
// a Go string would hold a lone surrogate too, gives an *Error and dst as it was.
func AppendString(dst []byte, s string) ([]byte, error) {
	out := append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			out = appendRune(out, rune(c))
			i++
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		if size == 1 {
			return dst, &Error{Offset: -1, Rule: invalidUTF8, Err: ErrText}
		}
		out = append(out, s[i:i+size]...)
		i += size
	}
	return append(out, '"'), nil
}

const (
	invalidUTF8   = "invalid UTF-8; give text as valid UTF-8, bytes as base64 or hex text"
	loneSurrogate = "lone surrogate; give whole Unicode characters"
)

// text reads the string at pos. plain says that it is ASCII without escapes.
func (r *reader) text(dst []byte) (out []byte, plain bool, err *Error) {
	src, i, rest := r.src, r.pos+1, r.pos // rest: where the bytes begin that are not copied yet
	for plain = true; ; plain = false {
		i = skipPlain(src, i)
		if i == len(src) {
			return nil, false, r.fail(ErrSyntax, "the string that begins here does not end")
		}
		switch c := src[i]; {
		case c == '"':
			r.pos = i + 1
			return append(dst, src[rest:r.pos]...), plain, nil
		case c == '\\':
			dst = append(dst, src[rest:i]...)
			r.pos = i
			if dst, err = r.escape(dst); err != nil {
				return nil, false, err
			}
			i, rest = r.pos, r.pos
		case c < ' ':
			r.pos = i
			return nil, false, r.fail(ErrSyntax, "control character in a string; escape it")
		default:
			_, size := utf8.DecodeRune(src[i:])
			if size == 1 {
				r.pos = i
				return nil, false, r.fail(ErrText, invalidUTF8)
			}
			i += size
		}
	}
}

// SkipPlain returns the place of the first byte from i on that is a quote, a backslash, a
// control character or not ASCII, or the end. It looks at eight bytes at a time.
func SkipPlain(src []byte, i int) int { return skipPlain(src, i) }

// skipPlain returns the place of the first byte from i on that is a quote, a backslash, a
// control character or not ASCII, or the end. It looks at eight bytes at a time.
func skipPlain(src []byte, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(src); i += 8 {
		w := binary.LittleEndian.Uint64(src[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		// Each term has the high bit set in a byte that it looks for; a borrow can mark a
		// byte above it wrongly, never one below, and only the lowest counts.
		found := (w | (quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & high
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(src); i++ {
		if c := src[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// escape reads the escape at pos and writes its canonical form.
func (r *reader) escape(dst []byte) ([]byte, *Error) {
	rest := r.src[r.pos:]
	if len(rest) < 2 {
		return nil, r.fail(ErrSyntax, "the text ends within an escape")
	}
	switch rest[1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		r.pos += 2
		return append(dst, rest[:2]...), nil
	case '/':
		r.pos += 2
		return append(dst, '/'), nil
	case 'u':
		return r.unicode(dst, rest)
	default:
		return nil, r.fail(ErrSyntax, "unknown escape in a string")
	}
}

// unicode reads the \uXXXX that rest begins with, and its second half where it has one.
func (r *reader) unicode(dst, rest []byte) ([]byte, *Error) {
	c, ok := hex4(rest[2:])
	if !ok {
		return nil, r.fail(ErrSyntax, "malformed \\u escape; it takes four hex digits")
	}
	if !utf16.IsSurrogate(c) {
		r.pos += 6
		return appendRune(dst, c), nil
	}
	if len(rest) >= 12 && rest[6] == '\\' && rest[7] == 'u' {
		if low, ok := hex4(rest[8:]); ok {
			if pair := utf16.DecodeRune(c, low); pair != utf8.RuneError {
				r.pos += 12
				return utf8.AppendRune(dst, pair), nil
			}
		}
	}
	if r.mode == Strict {
		return nil, r.fail(ErrText, loneSurrogate)
	}
	r.pos += 6
	return appendEscape(dst, c), nil
}

// hex4 reads four hex digits.
func hex4(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	var c rune
	for _, h := range text[:4] {
		switch {
		case '0' <= h && h <= '9':
			h -= '0'
		case 'a' <= h && h <= 'f':
			h -= 'a' - 10
		case 'A' <= h && h <= 'F':
			h -= 'A' - 10
		default:
			return 0, false
		}
		c = c<<4 | rune(h)
	}
	return c, true
}

// appendRune writes a character, escaped where it must be.
func appendRune(dst []byte, c rune) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', byte(c))
	case '\b':
		return append(dst, '\\', 'b')
	case '\t':
		return append(dst, '\\', 't')
	case '\n':
		return append(dst, '\\', 'n')
	case '\f':
		return append(dst, '\\', 'f')
	case '\r':
		return append(dst, '\\', 'r')
	}
	if c < ' ' {
		return appendEscape(dst, c)
	}
	return utf8.AppendRune(dst, c)
}

// appendEscape writes \uxxxx with lower-case digits.
func appendEscape(dst []byte, c rune) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', digits[c>>12&15], digits[c>>8&15], digits[c>>4&15], digits[c&15])
}
