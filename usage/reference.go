package usage

import (
	"strconv"
	"strings"
)

// DailyReference returns the referenceId of an account's delta for a day:
// usage:{customerId}:{YYYY-MM-DD}. Source: API contract, section 6.
func DailyReference(customerID string, day Date) string {
	return Reference{CustomerID: customerID, Day: day}.String()
}

// DailyReason returns the reason of an account's delta for a day:
// daily_usage_flush:{YYYY-MM-DD}. Source: API contract, section 6.
func DailyReason(day Date) string { return "daily_usage_flush:" + day.String() }

// Reference is the referenceId of a daily delta, taken apart. A day has more than one
// delta where its usage cannot go in one, came late, or has to be sent again:
//
//	usage:acme:2026-02-01                  the day
//	usage:acme:2026-02-01:part-2           its second part, where one delta cannot hold it
//	usage:acme:2026-02-01:late-1           the first lot that came after the day was settled
//	usage:acme:2026-02-01:again-1          the day once more, after its delta failed
//	usage:acme:2026-02-01:late-1:part-2:again-1
//
// The suffixes stand in this order, each at most once, and their numbers have up to nine
// digits. Two references are equal exactly
// when their texts are, even where customer ids hold colons, dates or what looks like a
// suffix, since ParseReference reads from the right.
type Reference struct {
	CustomerID string // see ValidateCustomerID
	Day        Date   // the usage day, not the day of sending
	Late       int    // 0: on time; n: the nth lot of late usage
	Part       int    // 0: the first or only part; from 2 on the number of a further part
	Again      int    // 0: the first try; n: the nth repeat after a failure
}

const (
	maxSuffix       = 999_999_999
	referencePrefix = "usage:"
	lateSuffix      = ":late-"
	partSuffix      = ":part-"
	againSuffix     = ":again-"
)

// String returns the referenceId. Where Validate fails, it is a text that ParseReference
// refuses.
func (r Reference) String() string {
	var b strings.Builder
	b.WriteString(referencePrefix)
	b.WriteString(r.CustomerID)
	b.WriteByte(':')
	b.WriteString(r.Day.String())
	for _, suffix := range []struct {
		name string
		n    int
	}{{lateSuffix, r.Late}, {partSuffix, r.Part}, {againSuffix, r.Again}} {
		if suffix.n != 0 {
			b.WriteString(suffix.name)
			b.WriteString(strconv.Itoa(suffix.n))
		}
	}
	return b.String()
}

// Base returns the reference that this one repeats: the same without Again. A base and its
// repeats stand for one delta, of which at most one may count.
func (r Reference) Base() Reference {
	r.Again = 0
	return r
}

// Validate refuses a malformed customer id, a day that is not set, and numbers that no
// suffix has. Errors match ErrInvalid.
func (r Reference) Validate() error {
	if err := ValidateCustomerID(r.CustomerID); err != nil {
		return err
	}
	switch {
	case r.Day.IsZero():
		return invalid("reference", r.String(), "its day is not set")
	case r.Late < 0 || r.Late > maxSuffix:
		return invalid("reference", r.String(), "late is 0 or counts from 1")
	case r.Part < 0 || r.Part == 1 || r.Part > maxSuffix:
		return invalid("reference", r.String(), "part is 0 for the first part or counts from 2")
	case r.Again < 0 || r.Again > maxSuffix:
		return invalid("reference", r.String(), "again is 0 or counts from 1")
	}
	return nil
}

// ParseReference takes apart what String makes, and nothing else: a referenceId of another
// form, which the service allows as well, is an error that matches ErrInvalid. For every
// text that it takes, String gives the text back.
func ParseReference(s string) (Reference, error) {
	rest, ok := strings.CutPrefix(s, referencePrefix)
	if !ok {
		return Reference{}, invalid("reference", s, "it does not begin with usage:")
	}
	var r Reference
	rest, r.Again = cutSuffix(rest, againSuffix, 1)
	rest, r.Part = cutSuffix(rest, partSuffix, 2)
	rest, r.Late = cutSuffix(rest, lateSuffix, 1)
	colon := strings.LastIndexByte(rest, ':')
	if colon < 0 {
		return Reference{}, invalid("reference", s, "it must be usage:{customerId}:{YYYY-MM-DD}")
	}
	day, err := ParseDate(rest[colon+1:])
	if err != nil {
		return Reference{}, invalid("reference", s, "the customer id must be followed by a day and then only by :late-N, :part-N, :again-N in this order")
	}
	r.CustomerID, r.Day = rest[:colon], day
	if err := r.Validate(); err != nil {
		return Reference{}, err
	}
	return r, nil
}

// cutSuffix takes a suffix with its number off the right end. What is not written exactly
// as String writes it stays, and is then no date.
func cutSuffix(s, name string, least int) (string, int) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, 0
	}
	digits, ok := strings.CutPrefix(s[i:], name)
	if !ok {
		return s, 0
	}
	// Atoi takes signs and leading zeros, which String never writes.
	if digits == "" || digits[0] < '1' || digits[0] > '9' {
		return s, 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < least || n > maxSuffix {
		return s, 0
	}
	return s[:i], n
}
