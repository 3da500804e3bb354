package pacspace

import (
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Version is the version of this SDK, as its User-Agent carries it.
const Version = "0.1.0"

// The words of usage and of exact numbers, so that a service imports one package.
type (
	// Decimal is an exact decimal number; see package decimal.
	Decimal = decimal.Decimal
	// Date is a UTC day; see package usage.
	Date = usage.Date
	// Period is a UTC month, written YYYY-MM; see package usage.
	Period = usage.Period
	// Window is a half-open span of time; see package usage.
	Window = usage.Window
	// Account is one customer id with its resource and unit; see package usage.
	Account = usage.Account
	// Reference is a parsed usage reference; see package usage.
	Reference = usage.Reference
)

// NewDecimal is the whole number i.
func NewDecimal(i int64) Decimal { return decimal.New(i) }

// ParseDecimal reads a JSON number, such as -42.50 or 1e-7, exactly. Its errors match
// decimal.ErrSyntax and decimal.ErrRange.
func ParseDecimal(s string) (Decimal, error) { return decimal.Parse(s) }

// NewDate is a UTC day; like [time.Date] it normalises days beyond a month's end.
func NewDate(year int, month time.Month, day int) Date { return usage.NewDate(year, month, day) }

// DateOf is the UTC day of an instant.
func DateOf(t time.Time) Date { return usage.DateOf(t) }

// DailyReference is the referenceId of a customer's usage of a day:
// usage:{customerId}:{YYYY-MM-DD}. It can be made again from what a service knows, so a
// retry after a crash names the same delta.
func DailyReference(customerID string, day Date) string { return usage.DailyReference(customerID, day) }

// DailyReason is the reason of a daily flush: daily_usage_flush:{YYYY-MM-DD}.
func DailyReason(day Date) string { return usage.DailyReason(day) }

// ParseReference reads a usage reference in any of its forms; see [usage.ParseReference].
func ParseReference(s string) (Reference, error) { return usage.ParseReference(s) }
