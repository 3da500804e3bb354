package sandbox

import (
	"strconv"

	"github.com/pacspace/pacspace-go/decimal"
)

// The service is written in JavaScript, so by default sums are binary64 sums, rounded at
// every step; [ExactSums] is the other possibility. Nothing else here computes in binary.

// sum adds the amounts of rows in their order.
func (s *Sandbox) sum(rows []*delta) decimal.Decimal {
	if s.cfg.exactSums {
		var total decimal.Decimal
		for _, d := range rows {
			total = total.Add(d.amount)
		}
		return total
	}
	total := 0.0
	for _, d := range rows {
		total += d.binary
	}
	return fromBinary(total)
}

// add adds two numbers as the service would.
func (s *Sandbox) add(a, b decimal.Decimal) decimal.Decimal {
	if s.cfg.exactSums {
		return a.Add(b)
	}
	return fromBinary(toBinary(a) + toBinary(b))
}

// toBinary is the nearest binary64 number.
func toBinary(d decimal.Decimal) float64 {
	f, _ := strconv.ParseFloat(d.String(), 64) // what is read is bounded, so no error can come
	return f
}

// fromBinary is the shortest decimal number that stands for f.
func fromBinary(f float64) decimal.Decimal {
	d, _ := decimal.Parse(strconv.FormatFloat(f, 'g', -1, 64)) // sums of bounded amounts are finite
	return d
}
