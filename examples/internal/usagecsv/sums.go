package usagecsv

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Usage is what a file holds.
type Usage struct {
	// Totals are in the order in which a service would settle them: by the day after which
	// they are due, then by customer, then by usage day.
	Totals    []Total
	Customers []string        // sorted
	Calls     int             // lines of usage
	Sum       decimal.Decimal // of all lines
	First     time.Time       // earliest and latest time of usage
	Last      time.Time
}

// Total is what one customer used on one UTC day, as far as it had arrived when the total
// was due.
type Total struct {
	CustomerID string
	Day        usage.Date // of usage
	// Due is the day after whose end and grace the total is complete: the usage day itself,
	// or a later day where the usage arrived late.
	Due usage.Date
	// Late numbers the totals of one customer and day: 0 is the first one, which is the only
	// one unless usage arrived late.
	Late   int
	Amount decimal.Decimal // exact sum
	Calls  int
	First  time.Time // earliest and latest time of its usage
	Last   time.Time
}

// sums adds calls up.
type sums struct {
	grace  time.Duration
	totals map[totalKey]*Total
	calls  int
	sum    decimal.Decimal
}

type totalKey struct {
	customer string
	day, due usage.Date
}

func newSums(grace time.Duration) *sums {
	return &sums{grace: grace, totals: map[totalKey]*Total{}}
}

// due is the day after which a call's total is complete. A day is closed at its end plus
// grace, so what arrives at an instant goes into the day of that instant minus grace.
func (s *sums) due(c Call) usage.Date {
	day := usage.DateOf(c.At)
	if open := usage.DateOf(c.Arrived.Add(-s.grace)); open.After(day) {
		return open
	}
	return day
}

// add counts one call. A fault means that there are more totals than fit.
func (s *sums) add(c Call) (fault string) {
	key := totalKey{c.CustomerID, usage.DateOf(c.At), c.Due}
	t := s.totals[key]
	if t == nil {
		if len(s.totals) == MaxTotals {
			return fmt.Sprintf("more than %d customers and days; split the file", MaxTotals)
		}
		t = &Total{CustomerID: c.CustomerID, Day: key.day, Due: key.due, First: c.At, Last: c.At}
		s.totals[key] = t
	}
	t.Amount = t.Amount.Add(c.Amount)
	t.Calls++
	t.First, t.Last = earlier(t.First, c.At), later(t.Last, c.At)
	s.sum = s.sum.Add(c.Amount)
	s.calls++
	return ""
}

// usage brings the totals into order and numbers the late ones. There is at least one.
func (s *sums) usage() *Usage {
	u := &Usage{Calls: s.calls, Sum: s.sum}
	totals := slices.SortedFunc(maps.Values(s.totals), func(a, b *Total) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.CustomerID, b.CustomerID), a.Day.Compare(b.Day))
	})
	type customerDay struct {
		customer string
		day      usage.Date
	}
	seen := map[customerDay]int{}
	customers := map[string]struct{}{}
	u.First, u.Last = totals[0].First, totals[0].Last
	for _, t := range totals {
		k := customerDay{t.CustomerID, t.Day}
		t.Late = seen[k]
		seen[k]++
		customers[t.CustomerID] = struct{}{}
		u.First, u.Last = earlier(u.First, t.First), later(u.Last, t.Last)
		u.Totals = append(u.Totals, *t)
	}
	u.Customers = slices.Sorted(maps.Keys(customers))
	return u
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
