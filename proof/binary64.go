package proof

import (
	"strconv"

	"github.com/pacspace/pacspace-go/decimal"
)

// The service adds in binary64, and a vendor may print what it answers. A binary64Sum adds
// as it does, in the order of the file, only to recognise such a number: no balance of ours
// comes from it.
type binary64Sum struct {
	deltas, balance, begin float64 // from 0, and from the starting balance
}

func (s *binary64Sum) start(balance decimal.Decimal) {
	s.begin = nearest(balance)
	s.balance = s.begin
}

func (s *binary64Sum) add(d decimal.Decimal) {
	f := nearest(d)
	s.deltas += f
	s.balance += f
}

func (s *binary64Sum) addRow(r *row) {
	if !r.amount.small {
		s.add(r.line.Item.Delta)
		return
	}
	f := r.amount.binary64()
	s.deltas += f
	s.balance += f
}

// is tells whether a number is what a reader would print for one of the two balances.
func (s *binary64Sum) is(claim decimal.Decimal) bool {
	return prints(s.balance, claim) || prints(s.begin+s.deltas, claim)
}

// nearest cannot fail on a decimal: past the range it gives an infinity, which no claim is
// the print of.
func nearest(d decimal.Decimal) float64 {
	f, _ := strconv.ParseFloat(d.String(), 64)
	return f
}

// prints tells whether the shortest text of f is the claim. An infinity or no number at all
// has no such text: it must not pass for 0.
func prints(f float64, claim decimal.Decimal) bool {
	d, err := decimal.Parse(strconv.FormatFloat(f, 'g', -1, 64))
	return err == nil && claim.Equal(d)
}

// withinRounding tells whether a sum that was made in binary64, in whatever order, can be
// this far from the exact one.
func withinRounding(sum decimal.Decimal, exact tally) bool {
	return sum.Sub(exact.sum).Abs().Cmp(decimal.SumError64(exact.abs, exact.count)) <= 0
}
