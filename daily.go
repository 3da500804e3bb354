package pacspace

import (
	"fmt"
	"strings"
)

// maxParts bounds the parts of one total. Usage beyond a thousand times [MaxDelta] a day
// is counted in too small a unit.
const maxParts = 1000

// UsageDeltas makes the deltas that record what an account used on a day: one in nearly
// every case, none for zero. r names customer, day and, for usage that came after the day
// was settled, Late; a late delta adjusts the day's first one. used is the amount in the
// account's unit, and its sign is turned: 50 minutes used are the delta -50.
//
// A total beyond [MaxDelta], or one that binary64 does not hold, is split into numbered
// parts that add up to it exactly: part 1 has the plain reference, the next ones end in
// :part-2, :part-3 and so on.
//
// Source: API contract, sections 2.1 and 6.
func UsageDeltas(r Reference, used Decimal, m Metadata) ([]DeltaParams, error) {
	if r.Part != 0 {
		return nil, &ParamError{Field: "reference.part", Rule: "must be 0: the parts are numbered here"}
	}
	if err := r.Validate(); err != nil {
		return nil, paramError("reference", err)
	}
	parts, err := exactParts(used.Neg())
	if err != nil {
		return nil, err
	}
	deltas := make([]DeltaParams, 0, len(parts))
	for i, part := range parts {
		named := r
		if i > 0 {
			named.Part = i + 1
		}
		p := DeltaParams{
			CustomerID: r.CustomerID, Delta: part, Reason: DailyReason(r.Day),
			ReferenceID: named.String(), Metadata: m,
		}
		if r.Late > 0 {
			p.Adjusts = &Adjusts{ReferenceID: DailyReference(r.CustomerID, r.Day)}
		}
		deltas = append(deltas, p)
	}
	return deltas, nil
}

// exactParts splits an amount into deltas that the service takes and holds exactly.
func exactParts(rest Decimal) ([]Decimal, error) {
	var parts []Decimal
	limit := NewDecimal(MaxDelta * int64(rest.Sign()))
	for !rest.IsZero() {
		part := rest
		switch {
		case rest.Abs().Cmp(limit.Abs()) > 0:
			part = limit
		case !rest.Binary64():
			part = leadingDigits(rest)
		}
		if len(parts) == maxParts {
			return nil, &ParamError{Field: "used", Rule: fmt.Sprintf("must fit %d deltas; count in a larger unit", maxParts)}
		}
		parts = append(parts, part)
		rest = rest.Sub(part)
	}
	return parts, nil
}

// safeDigits is how many significant digits every binary64 holds.
const safeDigits = 15

// leadingDigits is d cut after its first safeDigits significant digits.
func leadingDigits(d Decimal) Decimal {
	text := []byte(d.String())
	seen := 0
	for i, c := range text {
		switch {
		case c < '0' || c > '9', c == '0' && seen == 0:
		case seen == safeDigits:
			text[i] = '0'
		default:
			seen++
		}
	}
	cut, err := ParseDecimal(strings.TrimSuffix(string(text), "."))
	if err != nil {
		return d // not reached: the text of a number with some digits made zero is a number
	}
	return cut
}
