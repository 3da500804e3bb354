package invoice

import (
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/bojanz/currency"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
)

// Money is an amount of a currency, in the currency's own digits.
type Money struct {
	Amount   pacspace.Decimal
	Currency string // ISO 4217, such as EUR
}

// Charge is a money line: what was used of one resource, carried lines included, and what
// it costs.
type Charge struct {
	Resource string
	Used     pacspace.Decimal // exact; a credit is negative
	Price    Price
	Amount   Money // Used times Price, rounded once
}

// roundingRule is the sentence about rounding on a statement with prices.
const roundingRule = "Each amount is the exact quantity times the unit price, rounded once to the currency's digits, halves away from zero."

// charge makes the money lines. A resource without a price is an error: leaving it out
// would be a gift, and nobody would notice.
func (s *Statement) charge(prices map[string]Price) error {
	if len(prices) == 0 {
		return nil
	}
	if len(prices) > maxPrices {
		return detailsError("prices", "has %d entries; at most %d are taken", len(prices), maxPrices)
	}
	for resource, p := range prices {
		if p.Currency == "" || !currency.IsValid(p.Currency) { // the library takes an empty one for valid
			return detailsError("prices", "%.100q: %.20q is no currency; give an ISO 4217 code such as EUR", resource, p.Currency)
		}
		if !short(p.PerUnit) {
			return detailsError("prices", "%.100q: has more than %d digits", resource, MaxDigits)
		}
	}
	used := map[string]pacspace.Decimal{}
	for _, l := range slices.Concat(s.Lines, s.Carried) {
		used[l.Resource] = used[l.Resource].Add(l.Used())
	}
	if len(used) == 0 {
		used[s.Account.Resource] = pacspace.Decimal{} // nothing was used, and that costs nothing
	}
	totals := map[string]pacspace.Decimal{}
	for _, resource := range slices.Sorted(maps.Keys(used)) {
		p, ok := prices[resource]
		if !ok {
			return detailsError("prices", "none for resource %.100q, of which there is usage; add it, 0 where it is free", resource)
		}
		digits, _ := currency.GetDigits(p.Currency)
		amount := round(used[resource].Mul(p.PerUnit), int(digits))
		totals[p.Currency] = totals[p.Currency].Add(amount)
		if !short(used[resource]) || !short(amount) || !short(totals[p.Currency]) {
			return detailsError("prices", "%.100q: the quantity or its price has more than %d digits", resource, MaxDigits)
		}
		s.Charges = append(s.Charges, Charge{resource, used[resource], p, Money{amount, p.Currency}})
	}
	for _, code := range slices.Sorted(maps.Keys(totals)) {
		s.Totals = append(s.Totals, Money{totals[code], code})
	}
	return nil
}

// round rounds to a number of digits after the point, halves away from zero.
func round(d pacspace.Decimal, digits int) pacspace.Decimal {
	text, negative := strings.CutPrefix(d.String(), "-")
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) <= digits {
		return d
	}
	n, _ := new(big.Int).SetString(whole+fraction[:digits], 10) // digits only, by Decimal.String
	if fraction[digits] >= '5' {
		n.Add(n, big.NewInt(1))
	}
	rounded, err := decimal.Parse(n.String() + "e-" + strconv.Itoa(digits))
	if err != nil {
		return d // beyond what is a Decimal; it has too many digits and is refused above
	}
	if negative {
		return rounded.Neg()
	}
	return rounded
}

// Name is what the amount is as a total: to pay, or in the customer's favour.
func (m Money) Name() string {
	if m.Amount.Sign() < 0 {
		return "Total in your favour"
	}
	return "Total"
}
