package proof

import (
	"github.com/pacspace/pacspace-go/decimal"
)

// An amount is the number of a delta where it is small: coefficient / 10^places. Nearly all
// are, and adding them takes no big numbers.
type amount struct {
	coefficient int64
	places      uint8
	small       bool
}

const (
	// smallDigits is so few that a binary64 holds every coefficient, and that a sum of
	// smallSums of them fits into 64 bits.
	smallDigits = 15
	smallPlaces = 6
	smallSums   = 9_000
)

// smallAmount reads a JSON number that is its own canonical form and small. small is false
// for any other, which says nothing of whether it is well-formed.
func smallAmount(text []byte) amount {
	var a amount
	digits := text
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > smallDigits+1 || digits[0] == '.' || digits[0] == '0' && len(digits) > 1 && digits[1] != '.' {
		return amount{}
	}
	point := len(digits)
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			a.coefficient = a.coefficient*10 + int64(c-'0')
		case c == '.' && point == len(digits):
			point = i
		default:
			return amount{}
		}
	}
	count := len(digits)
	if point < len(digits) {
		count--
		places := len(digits) - 1 - point
		if places == 0 || places > smallPlaces || digits[len(digits)-1] == '0' {
			return amount{}
		}
		a.places = uint8(places)
	}
	if count > smallDigits || negative && a.coefficient == 0 {
		return amount{}
	}
	if negative {
		a.coefficient = -a.coefficient
	}
	a.small = true
	return a
}

var powers = [smallPlaces + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6}

// binary64 returns the binary64 next to the amount: the quotient of two that are exact is
// rounded once.
func (a amount) binary64() float64 { return float64(a.coefficient) / powers[a.places] }

func (a amount) decimal() decimal.Decimal { return scaled(a.coefficient, int(a.places)) }

// scaled returns a number of so many places.
func scaled(coefficient int64, places int) decimal.Decimal {
	return decimal.New(coefficient).Mul(tenths[places])
}

// tenths are 10^-n.
var tenths = func() (t [smallPlaces + 1]decimal.Decimal) {
	t[0] = decimal.New(1)
	tenth, _ := decimal.Parse("0.1")
	for i := 1; i < len(t); i++ {
		t[i] = t[i-1].Mul(tenth)
	}
	return t
}()

// An adder adds small amounts exactly, by their places.
type adder struct {
	sums, abs [smallPlaces + 1]int64
	used      [smallPlaces + 1]bool
	n         int
}

// add tells whether the adder is full then, so that it must be emptied.
func (s *adder) add(a amount) (full bool) {
	s.sums[a.places] += a.coefficient
	s.abs[a.places] += max(a.coefficient, -a.coefficient)
	s.used[a.places] = true
	s.n++
	return s.n == smallSums
}

// empty returns the sums and begins anew.
func (s *adder) empty() (sum, abs decimal.Decimal) {
	for places := range s.sums {
		if !s.used[places] {
			continue
		}
		sum = sum.Add(scaled(s.sums[places], places))
		abs = abs.Add(scaled(s.abs[places], places))
	}
	*s = adder{}
	return sum, abs
}
