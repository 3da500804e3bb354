package decimal

import (
	"fmt"
	"strconv"
)

// Nearest64 returns the number that a reader who computes in binary64 makes of d: the
// shortest decimal of the binary64 next to it. It is d itself where Binary64 holds. It is
// the one place that rounds, for a view that is only compared; the error is ErrRange where
// d is beyond every binary64.
func (d Decimal) Nearest64() (Decimal, error) {
	if d.Binary64() {
		return d, nil
	}
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return Decimal{}, fmt.Errorf("decimal: %w: %s is beyond binary64", ErrRange, quote(d.String()))
	}
	return Parse(strconv.FormatFloat(f, 'e', -1, 64))
}

// roundoff64 is 2^-53, the largest relative error of one binary64 operation, exactly.
var roundoff64, _ = Parse("1.1102230246251565404236316680908203125e-16")

// SumError64 bounds how far a sum made in binary64 can be from the exact one: of n
// numbers whose magnitudes add up to abs, in any order. Reading each number, each addition
// and printing the result are off by at most 2^-53 of what they handle, so the bound is
// (n+2) * 2^-53 * abs, as long as n stays below 90 million. A sum that differs by more was
// not made of these numbers.
func SumError64(abs Decimal, n int) Decimal {
	return abs.Mul(roundoff64).Mul(New(int64(n) + 2))
}
