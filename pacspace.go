// Package pacspace is the Go SDK of PacSpace: a record of usage that exists before the
// invoice does. One side writes what was used, both sides can check it later.
//
//	client, err := pacspace.New(os.Getenv("PACSPACE_API_KEY"))
//	day := pacspace.NewDate(2026, time.February, 1)
//	delta, err := client.Balance.Emit(ctx, pacspace.DeltaParams{
//		CustomerID:  "customer_acme",
//		Delta:       pacspace.NewDecimal(-50), // 50 minutes used
//		Reason:      pacspace.DailyReason(day),
//		ReferenceID: pacspace.DailyReference("customer_acme", day),
//		Metadata:    pacspace.Metadata{"resource": "compute-minutes"},
//	})
//
// # Balances
//
// A customer id has one balance in one unit, which is the sum of its verified deltas.
// Usage is negative. [BalanceService.Derive] adds the deltas of a [Scope] up,
// [BalanceService.Compare] says which of two views agrees with them, and
// [BalanceService.Checkpoint] commits to them under one proof root. Every amount is a
// [Decimal]: exact, and sent as a JSON number.
//
// # Usage days and windows
//
// A delta carries no time of its own: the service files it under the time at which it
// recorded it. The usage of 28 February, emitted on 1 March, is in March. So an invoice
// covers a [RecordingWindow], while [InPeriod] is the service's plain month, and a bare
// Scope its current one. [BalanceService.ClosePeriod] closes such a window: it checks
// that all accounts of it agree and returns what the invoice and its evidence carry.
//
// # Checking without trust
//
// [NewPublic] needs no key. [Public.Anchor] fetches once what the public record says of
// the root on an invoice; package proof then verifies the evidence offline, for ever.
//
// # Errors
//
// An error says in one line what is wrong and what to do. [errors.Is] knows the sentinels
// of this package, such as [ErrInvalid] and [ErrRateLimited]; [APIError] keeps the
// service's own code. [ErrOutcomeUnknown] is neither success nor refusal: the delta may
// or may not have been recorded, and [BalanceService.Resolve] finds out.
//
// # Retries
//
// Reads are repeated after a transient failure. A write is repeated only with its
// Idempotency-Key, which is made from the operation itself, so that the same write after
// a crash is the same request. API.md lists every endpoint with its rule.
//
// # Webhooks and records
//
// Package webhook checks deliveries and reads their events; it needs no client.
//
// [Client.Records] writes sealed records of what machines did, which carry fingerprints
// instead of files: see package record and [RecordService.Emit]. [Public.OpenLink] opens a
// link to one without a key, and package proof/sealed checks what was disclosed, offline.
//
// Package sandbox is the whole API in one process, for laptops and tests.
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

// DailyReference is the referenceId of a customer's usage of a day:
// usage:{customerId}:{YYYY-MM-DD}. It can be made again from what a service knows, so a
// retry after a crash names the same delta.
func DailyReference(customerID string, day Date) string { return usage.DailyReference(customerID, day) }

// DailyReason is the reason of a daily flush: daily_usage_flush:{YYYY-MM-DD}.
func DailyReason(day Date) string { return usage.DailyReason(day) }
