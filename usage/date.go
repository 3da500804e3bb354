package usage

import (
	"cmp"
	"fmt"
	"time"
)

// Date is a civil day in UTC, from 0001-01-01 to 9999-12-31. It is comparable with ==. The
// zero Date is no day: it comes out where a day would lie outside those years.
type Date struct {
	n int32 // days, 0001-01-01 being 1
}

const (
	dateLayout = "2006-01-02"
	daySeconds = 24 * 60 * 60
	firstDay   = -719162 // 0001-01-01, in days since 1970-01-01
	lastDay    = 2932896 // 9999-12-31
)

// NewDate returns the day of a year, month and day of the month. Like time.Date it
// normalises values outside their usual ranges: 30 February is 2 March, or 1 March in a
// leap year.
func NewDate(year int, month time.Month, day int) Date {
	// Further out the answer is no day anyway, and time.Date would wrap around.
	const far = 10_000_000
	for _, n := range [...]int{year, int(month), day} {
		if n < -far || n > far {
			return Date{}
		}
	}
	return DateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DateOf returns the day in UTC on which t lies, whatever t's own location says.
func DateOf(t time.Time) Date {
	seconds := t.Unix()
	days := seconds / daySeconds
	if seconds%daySeconds < 0 {
		days--
	}
	return fromUnixDay(days)
}

func fromUnixDay(days int64) Date {
	if days < firstDay || days > lastDay {
		return Date{}
	}
	return Date{n: int32(days - firstDay + 1)}
}

// ParseDate reads YYYY-MM-DD, exactly and an existing day. Errors match ErrInvalid.
func ParseDate(s string) (Date, error) {
	if len(s) == len(dateLayout) && s[4] == '-' && s[7] == '-' {
		year, ok := digits(s[:4])
		month, ok2 := digits(s[5:7])
		day, ok3 := digits(s[8:])
		// What time.Date has to normalise is no day of the calendar.
		if t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC); ok && ok2 && ok3 && t.Day() == day && int(t.Month()) == month {
			if d := DateOf(t); !d.IsZero() {
				return d, nil
			}
		}
	}
	return Date{}, invalid("date", s, "it must be an existing day written YYYY-MM-DD")
}

func digits(s string) (n int, ok bool) {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// IsZero tells whether d is no day. The JSON option omitzero goes by it.
func (d Date) IsZero() bool { return d == Date{} }

// Start returns the instant at which the day begins in UTC; for the zero Date the zero
// time.
func (d Date) Start() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Unix((int64(d.n)-1+firstDay)*daySeconds, 0).UTC()
}

// End returns the instant at which the next day begins, so that the day is [Start, End);
// for the zero Date the zero time.
func (d Date) End() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.Start().Add(24 * time.Hour)
}

// AddDays returns the day n days later, or earlier for a negative n. The zero Date stays
// what it is.
func (d Date) AddDays(n int) Date {
	if d.IsZero() || n > lastDay-firstDay || n < firstDay-lastDay {
		return Date{}
	}
	return fromUnixDay(int64(d.n) - 1 + firstDay + int64(n))
}

// Compare returns -1, 0 or +1 as d is before, on or after e. It fits slices.SortFunc.
func (d Date) Compare(e Date) int { return cmp.Compare(d.n, e.n) }

// Before tells whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.n < e.n }

// After tells whether d is a later day than e.
func (d Date) After(e Date) bool { return d.n > e.n }

// Period returns the month that the day lies in; for the zero Date "".
func (d Date) Period() Period {
	if d.IsZero() {
		return ""
	}
	return PeriodOf(d.Start())
}

// String returns YYYY-MM-DD. The zero Date prints as 0000-00-00, which no function reads.
func (d Date) String() string {
	if d.IsZero() {
		return "0000-00-00"
	}
	return d.Start().Format(dateLayout)
}

// GoString prints the call that makes the day, for %#v.
func (d Date) GoString() string {
	if d.IsZero() {
		return "usage.Date{}"
	}
	t := d.Start()
	return fmt.Sprintf("usage.NewDate(%d, time.%s, %d)", t.Year(), t.Month(), t.Day())
}

// MarshalText returns YYYY-MM-DD. For the zero Date it fails: a field that may be unset
// takes the JSON option omitzero.
func (d Date) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, invalid("date", "", "it is not set; set it, or leave the field out with omitzero")
	}
	return d.Start().AppendFormat(nil, dateLayout), nil
}

// UnmarshalText reads what ParseDate reads.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
