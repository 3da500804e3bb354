// Package usage says what a usage day is, what a billing period is, and how the deltas of
// a day are called, so that a meter, an invoice and a checker that never met agree.
//
// Days are civil dates in UTC ([Date]), months are "YYYY-MM" ([Period]), instants are
// time.Time, and a [Window] is half-open. Usage of one account and one day becomes one
// delta, whose name is a [Reference].
//
// A delta carries no time of its own: the service files it under the time at which it
// recorded it. The delta of 28 February is flushed on 1 March, so an invoice for February
// covers [Period.RecordingWindow] and not the month.
package usage

import (
	"errors"
	"fmt"
	"strconv"
)

// Account is one balance with one unit: a customer id of the service together with what
// is counted under it. The service sums per customer id, so a customer with two resources
// has two accounts with two customer ids.
type Account struct {
	CustomerID string `json:"customerId"` // see ValidateCustomerID
	Resource   string `json:"resource"`   // what is counted, as in compute-minutes
	Unit       string `json:"unit"`       // what one of it is, as in minute
}

// MaxCustomerID is the most characters of a customer id. Source: API contract, section 2.1.
const MaxCustomerID = 128

// ValidateCustomerID accepts 1 to 128 of the characters A-Z a-z 0-9 _ - . : and nothing
// else. The ids "." and ".." are refused too: no address can carry them, so what was
// written under one could never be read. Source: API contract, section 2.1.
func ValidateCustomerID(id string) error {
	if id == "" || len(id) > MaxCustomerID {
		return invalid("customer id", id, "it must have 1 to 128 characters")
	}
	if id == "." || id == ".." {
		return invalid("customer id", id, "it must not be . or .., which no address can carry")
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '_', c == '-', c == '.', c == ':':
		default:
			return invalid("customer id", id, "it may hold letters, digits and _ - . : only")
		}
	}
	return nil
}

// ErrInvalid is found by errors.Is in every error of this package. What to do: mend the
// text that the error names, by the rule that it states.
var ErrInvalid = errors.New("invalid")

// invalid returns the error for a text that is not what it should be, in one bounded line.
func invalid(what, text, rule string) error {
	const most = 160
	quoted := strconv.QuoteToASCII(text[:min(len(text), most)])
	if len(text) > most {
		quoted += "..."
	}
	return fmt.Errorf("usage: %w %s %s: %s", ErrInvalid, what, quoted, rule)
}
