package decimal

// roundoff64 is 2^-53, the largest relative error of one binary64 operation, exactly.
var roundoff64, _ = Parse("1.1102230246251565404236316680908203125e-16")

// SumError64 bounds how far a sum made in binary64 can be from the exact one: of n
// numbers whose magnitudes add up to abs, in any order, each of them rounded to binary64
// first and the result printed in its shortest form. A sum that differs by more was not
// made of these numbers. The bound is (n+2) * 2^-53 * abs, and a little more for its own
// second order.
func SumError64(abs Decimal, n int) Decimal {
	terms := New(int64(n) + 3)
	return abs.Mul(roundoff64).Mul(terms)
}
