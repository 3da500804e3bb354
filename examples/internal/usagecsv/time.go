package usagecsv

import (
	"strconv"
	"strings"
	"time"
)

// layouts of times; each also takes a fraction of a second. Those without a zone are UTC.
var layouts = [...]string{
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05Z07",
	"2006-01-02 15:04:05Z0700",
	"2006-01-02 15:04:05 UTC",
	"2006-01-02 15:04:05 -0700 MST",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02T15:04Z07:00",
	"2006-01-02",
}

// ParseTime reads a time in a common form: RFC 3339, the same with a space for the T, with
// or without a zone (UTC where there is none) and with up to nine digits of a fraction, a
// day alone, or Unix seconds with or without a fraction. Whole Unix numbers of 13, 16 and
// 19 digits are milliseconds, microseconds and nanoseconds. The result is UTC, between
// the years 1 and 9999.
func ParseTime(text string) (t time.Time, ok bool) {
	if t, ok = parseUnix(text); ok {
		return t, true
	}
	for _, layout := range layouts {
		t, err := time.Parse(layout, text)
		if err == nil {
			t = t.UTC()
			return t, t.Year() >= 1 && t.Year() <= 9999
		}
	}
	return time.Time{}, false
}

// parseUnix reads a Unix time. Fewer than nine digits are refused: 20260201 is a day
// without its dashes rather than a day of 1970.
func parseUnix(text string) (time.Time, bool) {
	whole, fraction, dotted := strings.Cut(text, ".")
	if !digits(whole) || dotted && !digits(fraction) || len(fraction) > 9 {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	switch {
	case len(whole) >= 9 && len(whole) <= 11:
		nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		return time.Unix(n, nanos).UTC(), true
	case dotted:
		return time.Time{}, false
	case len(whole) == 13:
		return time.UnixMilli(n).UTC(), true
	case len(whole) == 16:
		return time.UnixMicro(n).UTC(), true
	case len(whole) == 19:
		return time.Unix(0, n).UTC(), true
	default:
		return time.Time{}, false
	}
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
