package canonical

import (
	"math"
	"strconv"
)

// AppendNumber appends the canonical form of a JSON number's text: what ECMAScript prints
// for the binary64 next to it, so -0 is 0, 1E2 is 100 and 0.0000001 is 1e-7.
//
// In Strict mode the text must mean exactly the number that the result means. 0.1 and 4.50
// pass. 9007199254740993 does not, since its nearest binary64 is ...992, nor does
// 18446744073709551616, a power of two whose shortest form is ...552000: a reader in
// another language would hold, and hash, another number than was written (ErrInexact).
//
// Overflow is ErrRange in both modes; underflow is ErrInexact in Strict, 0 in Official.
// Malformed text is ErrSyntax, one over MaxNumberLength in Strict mode ErrLimit. On
// failure dst is returned as it was.
func AppendNumber(dst, text []byte, mode Mode) ([]byte, error) {
	n, short := scanNumber(text)
	if n == 0 || n < len(text) {
		return dst, &Error{Rule: "malformed number", Err: ErrSyntax}
	}
	if short {
		return append(dst, text...), nil
	}
	out, err := appendNumber(dst, text, mode)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// scanNumber reads the number that src begins with by JSON's grammar and returns its
// length, 0 where there is none. short says that the text is its own canonical form: up to
// 15 digits always survive binary64, and six places after the point need no exponent.
func scanNumber(src []byte) (length int, short bool) {
	i := 0
	if len(src) > 0 && src[0] == '-' {
		i = 1
	}
	whole := countDigits(src[i:])
	if whole == 0 || whole > 1 && src[i] == '0' {
		return 0, false
	}
	zero := src[i] == '0'
	i += whole
	places, exponent := 0, false
	if i < len(src) && src[i] == '.' {
		places = countDigits(src[i+1:])
		if places == 0 {
			return 0, false
		}
		i += 1 + places
	}
	if i < len(src) && (src[i] == 'e' || src[i] == 'E') {
		exponent = true
		i++
		if i < len(src) && (src[i] == '-' || src[i] == '+') {
			i++
		}
		n := countDigits(src[i:])
		if n == 0 {
			return 0, false
		}
		i += n
	}
	switch {
	case exponent || whole+places > 15 || places > 6:
	case places > 0:
		short = src[i-1] != '0'
	default:
		short = !zero || src[0] != '-'
	}
	return i, short
}

func countDigits(src []byte) int {
	for i, c := range src {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(src)
}

// appendNumber does AppendNumber's work for a text that scanNumber took. The offset of its
// error is for the caller to set.
func appendNumber(dst, text []byte, mode Mode) ([]byte, *Error) {
	if mode == Strict && len(text) > MaxNumberLength {
		return dst, &Error{Rule: "number " + clip(text) + " is longer than 4300 characters; round it", Err: ErrLimit}
	}
	given := digitsOf(text)
	switch {
	case given.n == 0:
		return append(dst, '0'), nil
	case given.point > 309:
		return dst, beyond(text)
	case given.exact():
		return given.append(dst), nil
	case given.more && mode == Strict:
		return dst, inexact(text)
	}
	nearest := given.nearest(text)
	if math.IsInf(nearest, 0) {
		return dst, beyond(text)
	}
	var room [32]byte
	held := digitsOf(strconv.AppendFloat(room[:0], nearest, 'e', -1, 64))
	held.negative = given.negative // AppendFloat was given the absolute value
	if mode == Strict && held != given {
		return dst, inexact(text)
	}
	return held.append(dst), nil
}

func beyond(text []byte) *Error {
	return &Error{Rule: "number " + clip(text) + " is beyond binary64; send it as a string", Err: ErrRange}
}

func inexact(text []byte) *Error {
	return &Error{Rule: "number " + clip(text) + " is not exact in binary64; round it or send it as a string", Err: ErrInexact}
}

// maxShortest is the most digits that the shortest form of a binary64 has.
const maxShortest = 17

// decimal is a number as 0.d1d2d3... x 10^point, without leading and trailing zeros, so
// that equal numbers are equal values. n is 0 for zero; more says that there are further
// digits than fit, so that it is no shortest form.
type decimal struct {
	digits   [maxShortest]byte
	n        int
	point    int
	negative bool
	more     bool
}

// digitsOf reads a well-formed number text of any length without allocating.
func digitsOf(text []byte) decimal {
	var d decimal
	zeros, fraction := 0, false // zeros: not written, since only those before another digit count
	for i, c := range text {
		switch {
		case c == '-':
			d.negative = true
		case c == '.':
			fraction = true
		case c == 'e' || c == 'E':
			d.point += exponentOf(text[i+1:])
			return d
		case c == '0' && d.n == 0:
			if fraction {
				d.point--
			}
		default:
			if !fraction {
				d.point++
			}
			if c == '0' {
				zeros++
				continue
			}
			if d.n+zeros >= maxShortest {
				d.more = true
				continue
			}
			for ; zeros > 0; zeros-- {
				d.digits[d.n] = '0'
				d.n++
			}
			d.digits[d.n] = c
			d.n++
		}
	}
	return d
}

// exponentOf reads a signed exponent and stops counting where every number but zero is far
// out of binary64's range, however many zeros are in front of it.
func exponentOf(text []byte) int {
	const enough = 1 << 30
	e, sign := 0, 1
	for _, c := range text {
		switch {
		case c == '-':
			sign = -1
		case c >= '0' && e < enough/10:
			e = e*10 + int(c-'0')
		case c >= '0':
			e = enough
		}
	}
	return sign * e
}

// exact tells at once that a number survives binary64, as every one of at most 15 digits
// does that is not near the ends of the range.
func (d *decimal) exact() bool {
	return !d.more && d.n <= 15 && -290 < d.point && d.point < 290
}

// nearest returns the binary64 next to the absolute value of d, which text spells.
func (d *decimal) nearest(text []byte) float64 {
	var room [32]byte
	buf := append(room[:0], "0."...)
	if d.more {
		buf = appendSignificant(buf, text)
	} else {
		buf = append(buf, d.digits[:d.n]...)
	}
	buf = append(buf, 'e')
	// The text is written anew with a small exponent: ParseFloat stops reading exponents
	// at five digits, which zeros in front can make matter.
	buf = strconv.AppendInt(buf, int64(max(d.point, -400)), 10)
	// The only error is overflow, and it comes with an infinity.
	f, _ := strconv.ParseFloat(string(buf), 64)
	return f
}

// appendSignificant appends the digits of text from the first that is not zero on. What
// lies behind 800 of them can only tip a tie (the longest tie has 768), so one digit
// stands for all that follows.
func appendSignificant(buf, text []byte) []byte {
	n := 0
	for _, c := range text {
		switch {
		case c == 'e' || c == 'E':
			return buf
		case c == '-' || c == '.' || c == '0' && n == 0:
		case n < 800:
			buf = append(buf, c)
			n++
		case c != '0':
			return append(buf, '1')
		}
	}
	return buf
}

// append writes d as ECMAScript's Number::toString lays digits out.
func (d *decimal) append(dst []byte) []byte {
	if d.n == 0 {
		return append(dst, '0')
	}
	if d.negative {
		dst = append(dst, '-')
	}
	digits := d.digits[:d.n]
	switch {
	case d.n <= d.point && d.point <= 21:
		return appendZeros(append(dst, digits...), d.point-d.n)
	case 0 < d.point && d.point <= 21:
		dst = append(dst, digits[:d.point]...)
		dst = append(dst, '.')
		return append(dst, digits[d.point:]...)
	case -6 < d.point && d.point <= 0:
		dst = append(dst, '0', '.')
		return append(appendZeros(dst, -d.point), digits...)
	}
	dst = append(dst, digits[0])
	if d.n > 1 {
		dst = append(dst, '.')
		dst = append(dst, digits[1:]...)
	}
	dst = append(dst, 'e')
	if d.point > 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, int64(d.point-1), 10)
}

func appendZeros(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, '0')
	}
	return dst
}
