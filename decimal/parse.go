package decimal

import (
	"errors"
	"fmt"
	"strconv"
)

// Bounds of what Parse takes. Every binary64 in its shortest form is well within them.
const (
	// MaxDigits is the most significant digits, counted from the first to the last that is
	// not zero.
	MaxDigits = 128
	// MaxExponent bounds the power of ten behind the last significant digit, either way:
	// the greatest number has up to 528 digits, the finest 400 places after the point.
	MaxExponent = 400
)

// Why a text was refused or a number cannot be written, for errors.Is.
var (
	// ErrSyntax: the text is no number by JSON's grammar. What to do: write it as in -12.5
	// or 1e-7.
	ErrSyntax = errors.New("not a JSON number")
	// ErrRange: more than MaxDigits digits, an exponent beyond MaxExponent, or a number
	// that binary64 does not reach. What to do: round it.
	ErrRange = errors.New("number out of bounds")
	// ErrInexact: the number would come back from the service as another one. What to do:
	// round it, or split it into parts of at most 15 digits.
	ErrInexact = errors.New("number not exact in binary64")
)

// Parse reads a number by JSON's grammar: an optional minus sign, digits without leading
// zeros, an optional fraction, an optional exponent. Signs like +1, forms like .5, 5. or
// 1_000, white space, NaN and Infinity are ErrSyntax; more than MaxDigits or MaxExponent is
// ErrRange. It decides before it allocates, so no text of any length costs more than
// reading it. Zeros that say nothing do not count: 1.50, 15e-1 and 1.5000 are one number.
func Parse(s string) (Decimal, error) { return parse(s) }

func parse[T string | []byte](text T) (Decimal, error) {
	n, ok := scan(text)
	switch {
	case !ok:
		return Decimal{}, fmt.Errorf("decimal: %w: %s; write it as in -12.5 or 1e-7", ErrSyntax, quote(text))
	case n.size == 0:
		return Decimal{}, nil
	case n.size > MaxDigits:
		return Decimal{}, fmt.Errorf("decimal: %w: %s has more than %d digits; round it", ErrRange, quote(text), MaxDigits)
	case n.exponent < -MaxExponent || n.exponent > MaxExponent:
		return Decimal{}, fmt.Errorf("decimal: %w: the exponent of %s is beyond %d", ErrRange, quote(text), MaxExponent)
	}
	return build(n.negative, n.digits[:n.size], n.exponent), nil
}

// number is digits x 10^exponent, the digits without zeros at either end: none for zero.
type number struct {
	negative bool
	digits   [MaxDigits]byte
	size     int // digits written; MaxDigits+1 if they did not fit
	zeros    int // read and not written: they count only if another digit follows
	exponent int
}

// scan checks the grammar and collects the digits, in one pass and without allocating.
func scan[T string | []byte](text T) (n number, ok bool) {
	i := 0
	if len(text) > 0 && text[0] == '-' {
		n.negative = true
		i++
	}
	whole := i
	i = scanDigits(&n, text, i)
	if i == whole || text[whole] == '0' && i > whole+1 {
		return n, false
	}
	if i < len(text) && text[i] == '.' {
		point := i + 1
		if i = scanDigits(&n, text, point); i == point {
			return n, false
		}
		n.exponent -= i - point
	}
	n.exponent += n.zeros
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		e, end := scanExponent(text, i+1)
		if end == i+1 {
			return n, false
		}
		n.exponent += e
		i = end
	}
	return n, i == len(text)
}

// scanDigits takes the digits from i on and returns the place behind them.
func scanDigits[T string | []byte](n *number, text T, i int) int {
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		switch {
		case text[i] == '0':
			if n.size > 0 {
				n.zeros++
			}
		case n.size+n.zeros >= MaxDigits:
			n.size, n.zeros = MaxDigits+1, 0
		default:
			for ; n.zeros > 0; n.zeros-- {
				n.digits[n.size] = '0'
				n.size++
			}
			n.digits[n.size] = text[i]
			n.size++
		}
	}
	return i
}

// scanExponent reads a signed exponent and returns it with the place behind it, which is
// where it began if there are no digits. It stops counting where every number is out of
// bounds, however many zeros the text has.
func scanExponent[T string | []byte](text T, i int) (exponent, end int) {
	const enough = 100_000_000 // ten times as much is still an int of 32 bits
	start, negative := i, false
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		negative = text[i] == '-'
		i++
	}
	first := i
	for ; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		if exponent = exponent*10 + int(text[i]-'0'); exponent > enough {
			exponent = enough
		}
	}
	if i == first {
		return 0, start
	}
	if negative {
		exponent = -exponent
	}
	return exponent, i
}

// quote shows the text in one bounded line.
func quote[T string | []byte](text T) string {
	const most = 60
	if len(text) > most {
		return strconv.QuoteToASCII(string(text[:most])) + "..."
	}
	return strconv.QuoteToASCII(string(text))
}
