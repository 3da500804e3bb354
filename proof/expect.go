package proof

import (
	"errors"
	"fmt"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Expect is what the checker expects, from his contract or his order and not from the
// file. It is compared with hashed fields of the deltas and with the header; what is left
// empty rests on the file, so the verdict is at most Consistent and the report says why.
type Expect struct {
	// CustomerID is the customer's id with the vendor.
	CustomerID string
	// Resource is what is counted: metadata.resource of each delta.
	Resource string
	// Unit is what one of it is: metadata.unit of each delta. Leave it empty where the
	// deltas name only a resource.
	Unit string
	// Period is the billed month.
	Period usage.Period
	// Days are the billed usage days where they are not those of one month.
	Days Days
	// Environment is live where it is zero.
	Environment Environment
	// Balance, where it is given, is the balance on the invoice: the header must claim it.
	Balance *decimal.Decimal
	// Variant names the variant of the scheme to hold the file to; zero tries all of them.
	Variant Variant
}

// ErrExpect is what every refused Expect is, through errors.Is. What to do: mend the field
// that the error names.
var ErrExpect = errors.New("proof: expect")

// normal refuses what cannot be expected and fills in what is meant.
func (e Expect) normal() (Expect, error) {
	if e.CustomerID != "" {
		if err := usage.ValidateCustomerID(e.CustomerID); err != nil {
			return e, fmt.Errorf("%w: CustomerID: %w", ErrExpect, err)
		}
	}
	if e.Period != "" {
		if err := e.Period.Validate(); err != nil {
			return e, fmt.Errorf("%w: Period: %w", ErrExpect, err)
		}
		if !e.Days.IsZero() && e.Days != DaysOf(e.Period) {
			return e, fmt.Errorf("%w: Days: they are not those of the Period %s; give one of the two", ErrExpect, e.Period)
		}
		e.Days = DaysOf(e.Period)
	}
	if !e.Days.IsZero() && (e.Days.First.IsZero() || e.Days.Last.Before(e.Days.First)) {
		return e, fmt.Errorf("%w: Days: First and Last must be days in this order", ErrExpect)
	}
	if err := e.Variant.Validate(); err != nil {
		return e, fmt.Errorf("%w: Variant: %w", ErrExpect, err)
	}
	e.Environment = e.Environment.orLive()
	if e.Environment != EnvironmentLive && e.Environment != EnvironmentTest {
		return e, fmt.Errorf("%w: Environment: %q is neither live nor test", ErrExpect, string(e.Environment))
	}
	return e, nil
}
