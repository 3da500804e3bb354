package metering

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Event is one use that is to be counted.
type Event struct {
	// ID names the event, the same on every retry: 1 to 255 bytes of UTF-8 without control
	// characters. Ids that begin with their time (UUIDv7, ULID) keep a store fast.
	ID string
	// CustomerID is the account: see [usage.ValidateCustomerID].
	CustomerID string
	// Amount is in the account's unit. Usage is positive here; a credit is negative.
	Amount decimal.Decimal
	// Time is when it happened. The day of the event is its day in UTC.
	Time time.Time
	// Dimensions are what else is known, such as plan or model: at most 20 of an event, of
	// 4096 bytes together. They go out in the delta's metadata: the value, or a sorted list
	// where a day had several. Of names and values beyond 4096 bytes a day only the number of
	// names goes out, as omittedDimensions; names beyond [MaxDimensionNames] are neither kept
	// nor in that number. The names resource and unit are the account's.
	Dimensions map[string]string
}

// Bounds of an event, and of a call.
const (
	MaxEvents         = 10_000 // events of one call of Record
	MaxEventID        = 255    // bytes
	MaxDimensions     = 20     // of one event
	MaxDimensionName  = 64     // bytes
	MaxDimensionValue = 256    // bytes
	MaxDimensionBytes = 4096   // of the names and values of one event together
	// MaxAmount is the largest magnitude of one event or total: what a day's deltas can
	// hold in all their parts.
	MaxAmount = 1000 * pacspace.MaxDelta
	// MaxAmountText is the longest amount, in characters: what stores hold. One that refused
	// an amount would refuse the events of other callers that share its commit.
	MaxAmountText = 40
)

// The names of metadata that the meter writes itself.
const (
	metaResource = "resource"
	metaUnit     = "unit"
	metaOmitted  = "omittedDimensions"
)

// EventError is an event or a total that breaks a rule. Nothing of its call was stored. It
// matches [pacspace.ErrInvalid]. What to do: correct the event or total that the index and
// the rule name, and make the same call again.
type EventError struct {
	Index int    // in the call, from 0
	ID    string // of the event; of a total the customer id
	Rule  string
}

func (e *EventError) Error() string {
	return fmt.Sprintf("metering: event %d, id %q: %s; nothing of the call was stored", e.Index, e.ID, e.Rule)
}

// Is matches [pacspace.ErrInvalid].
func (e *EventError) Is(target error) bool { return target == pacspace.ErrInvalid }

// check names the rule that an event breaks, "" for none. Its time is checked once the
// store's clock is known.
func (e *Event) check() string {
	switch {
	case len(e.ID) == 0 || len(e.ID) > MaxEventID || !printable(e.ID):
		return fmt.Sprintf("id must be 1 to %d bytes of UTF-8 without control characters, the same on every retry", MaxEventID)
	case e.Time.IsZero():
		return "time must be given: it decides the day"
	case len(e.Dimensions) > MaxDimensions:
		return fmt.Sprintf("dimensions must be at most %d", MaxDimensions)
	}
	if err := usage.ValidateCustomerID(e.CustomerID); err != nil {
		return "customerId: " + err.Error()
	}
	if usage.DateOf(e.Time).IsZero() {
		return "time must lie in the years 0001 to 9999"
	}
	size := 0
	for name, value := range e.Dimensions {
		size += len(name) + len(value)
		switch {
		case name == metaResource || name == metaUnit:
			return fmt.Sprintf("dimensions: %q is the account's and is set by Bind", name)
		case name == metaOmitted:
			return fmt.Sprintf("dimensions: %q is written by the meter", name)
		case name == "" || len(name) > MaxDimensionName || !printable(name):
			return fmt.Sprintf("dimensions: a name must be 1 to %d bytes of UTF-8 without control characters", MaxDimensionName)
		case len(value) > MaxDimensionValue || !printable(value):
			return fmt.Sprintf("dimensions: the value of %q must be at most %d bytes of UTF-8 without control characters", name, MaxDimensionValue)
		}
	}
	if size > MaxDimensionBytes {
		return fmt.Sprintf("dimensions: names and values must have at most %d bytes together, and have %d", MaxDimensionBytes, size)
	}
	return checkAmount(e.Amount)
}

func checkAmount(d decimal.Decimal) string {
	switch {
	case len(d.String()) > MaxAmountText:
		return fmt.Sprintf("amount must have at most %d characters", MaxAmountText)
	case d.Abs().Cmp(decimal.New(MaxAmount)) > 0:
		return fmt.Sprintf("amount must be between -%d and %[1]d; count in a larger unit", int64(MaxAmount))
	}
	return ""
}

func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// fingerprint is over all that an event says, so that a retry that says something else is
// seen. Its bytes never change: stores keep it.
func (e *Event) fingerprint() uint64 {
	b := make([]byte, 0, 256)
	text := func(s string) {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	text(e.CustomerID)
	text(e.Amount.String())
	b = binary.BigEndian.AppendUint64(b, uint64(e.Time.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(e.Time.Nanosecond()))
	for _, name := range slices.Sorted(maps.Keys(e.Dimensions)) {
		text(name)
		text(e.Dimensions[name])
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}

// entry is the event as a store counts it.
func (e *Event) entry() Entry {
	return Entry{
		ID: e.ID, CustomerID: e.CustomerID, Day: usage.DateOf(e.Time), Amount: e.Amount,
		Time: e.Time.UTC(), Dimensions: maps.Clone(e.Dimensions), Fingerprint: e.fingerprint(),
	}
}
