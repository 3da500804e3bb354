// Package decimal is the number that every quantity of the SDK is: exact, immutable and
// bounded where it is read. Nothing in it rounds but [Decimal.Nearest64], which says so.
//
// The zero value is 0. Two decimals are compared with [Decimal.Equal] or [Decimal.Cmp]; ==
// does not compile, because 1.5 and 1.50 are one number and two representations.
//
// The service computes in binary64. [Decimal.Binary64] tells whether a value survives that.
package decimal

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/shopspring/decimal"
)

// Decimal is an exact decimal number. It is safe for concurrent use.
//
// As JSON it is a number, written plainly and exactly; it reads a JSON number or a string
// that holds one. In a database it is text. It has no conversion from or to a binary
// floating point number: where one must come in, print it first and parse the text.
type Decimal struct {
	_ [0]func() // no ==, no map key
	d decimal.Decimal
}

// New returns the decimal for an integer.
func New(i int64) Decimal { return Decimal{d: decimal.NewFromInt(i)} }

// Add returns d + e, exactly.
func (d Decimal) Add(e Decimal) Decimal { return Decimal{d: d.d.Add(e.d)} }

// Sub returns d - e, exactly.
func (d Decimal) Sub(e Decimal) Decimal { return Decimal{d: d.d.Sub(e.d)} }

// Mul returns d * e, exactly. The product has as many digits as its factors together; a
// product of products grows without bound, and it panics when the exponent passes 32 bits,
// which takes more than five million factors as Parse gives them.
func (d Decimal) Mul(e Decimal) Decimal { return Decimal{d: d.d.Mul(e.d)} }

// Neg returns -d.
func (d Decimal) Neg() Decimal { return Decimal{d: d.d.Neg()} }

// Abs returns d without its sign.
func (d Decimal) Abs() Decimal { return Decimal{d: d.d.Abs()} }

// Cmp returns -1, 0 or +1 as d is less than, equal to or greater than e. It fits
// slices.SortFunc.
func (d Decimal) Cmp(e Decimal) int { return d.d.Cmp(e.d) }

// Equal tells whether d and e are the same number.
func (d Decimal) Equal(e Decimal) bool { return d.d.Equal(e.d) }

// Sign returns -1, 0 or +1.
func (d Decimal) Sign() int { return d.d.Sign() }

// IsZero tells whether d is 0. The JSON option omitzero goes by it.
func (d Decimal) IsZero() bool { return d.d.IsZero() }

// String returns the number as plain text: no exponent, no trailing zeros after the point,
// no -0. Equal decimals have equal texts.
func (d Decimal) String() string { return string(d.append(nil)) }

// Format prints String for %v, %s and %q, with width and flags. Other verbs are answered
// as package fmt answers wrong ones.
func (d Decimal) Format(f fmt.State, verb rune) {
	switch verb {
	case 'v', 's', 'q':
		fmt.Fprintf(f, fmt.FormatString(f, verb), d.String())
	default:
		fmt.Fprintf(f, "%%!%c(decimal.Decimal=%s)", verb, d.String())
	}
}

// append writes the plain text. It does so itself because the library's own text depends
// on variables that any package may set.
func (d Decimal) append(dst []byte) []byte {
	if d.d.IsZero() {
		return append(dst, '0')
	}
	if d.d.Sign() < 0 {
		dst = append(dst, '-')
	}
	var room [40]byte
	digits, exponent := d.appendDigits(room[:0]), int(d.d.Exponent())
	if exponent >= 0 {
		return appendZeros(append(dst, digits...), exponent)
	}
	for exponent < 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		exponent++
	}
	whole := len(digits) + exponent // digits in front of the point
	switch {
	case exponent == 0:
		return append(dst, digits...)
	case whole > 0:
		dst = append(dst, digits[:whole]...)
		dst = append(dst, '.')
		return append(dst, digits[whole:]...)
	default:
		return append(appendZeros(append(dst, '0', '.'), -whole), digits...)
	}
}

// appendDigits writes the digits of the coefficient, without its sign.
func (d Decimal) appendDigits(dst []byte) []byte {
	if d.d.NumDigits() > 18 {
		coefficient := d.d.Coefficient()
		return coefficient.Abs(coefficient).Append(dst, 10)
	}
	coefficient := d.d.CoefficientInt64() // takes no allocation
	return strconv.AppendInt(dst, max(coefficient, -coefficient), 10)
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}

// build returns coefficient x 10^exponent for digits as parse leaves them.
func build(negative bool, digits []byte, exponent int) Decimal {
	if len(digits) <= 18 {
		var i int64
		for _, c := range digits {
			i = i*10 + int64(c-'0')
		}
		if negative {
			i = -i
		}
		return Decimal{d: decimal.New(i, int32(exponent))}
	}
	coefficient, _ := new(big.Int).SetString(string(digits), 10)
	if negative {
		coefficient.Neg(coefficient)
	}
	return Decimal{d: decimal.NewFromBigInt(coefficient, int32(exponent))}
}
