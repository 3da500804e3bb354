package usage

import (
	"iter"
	"time"
)

// Period is a calendar month in UTC, written YYYY-MM, from 0001-01 to 9999-12. A literal
// is a Period: usage.Period("2026-02"). Methods of one that Validate refuses return zero
// values and empty sequences.
type Period string

const periodLayout = "2006-01"

// ParsePeriod reads YYYY-MM. Errors match ErrInvalid.
func ParsePeriod(s string) (Period, error) {
	p := Period(s)
	if err := p.Validate(); err != nil {
		return "", err
	}
	return p, nil
}

// PeriodOf returns the month in UTC in which t lies, "" if that is not in the years 0001
// to 9999.
func PeriodOf(t time.Time) Period {
	t = t.UTC()
	if DateOf(t).IsZero() {
		return ""
	}
	return Period(t.Format(periodLayout))
}

// Validate tells whether p is an existing month written YYYY-MM.
func (p Period) Validate() error {
	if p.First().IsZero() {
		return invalid("period", string(p), "it must be a month written YYYY-MM")
	}
	return nil
}

// First returns the first day of the month.
func (p Period) First() Date {
	t, err := time.Parse(periodLayout, string(p))
	if err != nil || len(p) != len(periodLayout) {
		return Date{}
	}
	return DateOf(t)
}

// Last returns the last day of the month.
func (p Period) Last() Date {
	first := p.First()
	if first.IsZero() {
		return Date{}
	}
	return DateOf(first.Start().AddDate(0, 1, -1))
}

// Start returns the instant at which the month begins in UTC.
func (p Period) Start() time.Time { return p.First().Start() }

// End returns the instant at which the next month begins in UTC.
func (p Period) End() time.Time { return p.Last().End() }

// Days yields the days of the month in order.
func (p Period) Days() iter.Seq[Date] {
	return func(yield func(Date) bool) {
		first, last := p.First(), p.Last()
		if first.IsZero() {
			return
		}
		// By count: the day after the last of all is the zero Date, which is before it.
		for i := range int(last.n-first.n) + 1 {
			if !yield(first.AddDays(i)) {
				return
			}
		}
	}
}

// Contains tells whether the day lies in the month.
func (p Period) Contains(d Date) bool {
	first := p.First()
	return !first.IsZero() && !d.Before(first) && !d.After(p.Last())
}

// Next returns the following month, "" after 9999-12.
func (p Period) Next() Period { return p.Last().AddDays(1).Period() }

// Previous returns the month before, "" before 0001-01.
func (p Period) Previous() Period { return p.First().AddDays(-1).Period() }

// Window returns the month as a window of instants, [Start, End).
func (p Period) Window() Window { return Window{Start: p.Start(), End: p.End()} }

// RecordingWindow returns the window in which the deltas of the month's days are recorded,
// when each day is flushed within the day that follows it: the month, one day later. The
// windows of consecutive months follow each other without gap or overlap, so that each
// delta is on exactly one invoice.
func (p Period) RecordingWindow() Window {
	w := p.Window()
	if w == (Window{}) {
		return w
	}
	return Window{Start: w.Start.Add(24 * time.Hour), End: w.End.Add(24 * time.Hour)}
}

// String returns the period as it is written.
func (p Period) String() string { return string(p) }
