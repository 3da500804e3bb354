// Command gen writes the trace: gen FILE. The same program always writes the same bytes: it
// draws from one seeded source and computes in integers, so that neither a processor nor a
// release of Go can round a line differently.
package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], generate(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// customer is how one customer uses the service.
type customer struct {
	id string
	// hours holds how many jobs start in each hour of a weekday, in tenths of a job.
	hours [24]int
	// weekend and busy are per cent of a weekday.
	weekend int
	busy    map[int]int // by day of the month; 0 is an idle day
	// shortest and longest job, in tenths of a minute. Short jobs are the most frequent.
	shortest, longest int
	tenths            bool // billed in tenths of a minute, not in whole ones
}

var customers = []customer{
	{
		id:    "customer_acme", // an office
		hours: [24]int{0, 0, 0, 0, 0, 1, 4, 12, 22, 28, 30, 26, 16, 22, 28, 26, 20, 12, 6, 3, 2, 1, 1, 0}, weekend: 18,
		shortest: 10, longest: 900,
	},
	{
		id:    "customer_birch", // people in the evening, more of them at weekends
		hours: [24]int{14, 9, 5, 3, 1, 1, 0, 0, 0, 1, 2, 3, 4, 4, 5, 5, 6, 8, 11, 15, 19, 22, 21, 18}, weekend: 140,
		busy:     map[int]int{14: 0},
		shortest: 10, longest: 300,
	},
	{
		id:    "customer_cedar", // machines round the clock
		hours: [24]int{8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8}, weekend: 100,
		shortest: 3, longest: 1250, tenths: true,
	},
	{
		id:    "customer_elm", // quiet, but for its releases
		hours: [24]int{2, 1, 1, 1, 1, 1, 2, 3, 5, 8, 9, 8, 6, 7, 9, 8, 7, 5, 4, 3, 3, 2, 2, 2}, weekend: 50,
		busy:     map[int]int{5: 650, 12: 480, 24: 900, 25: 300},
		shortest: 20, longest: 450,
	},
	{
		id:    "customer_fir", // one batch each night and hardly more
		hours: [24]int{0, 0, 40, 15, 0, 0, 0, 0, 1, 2, 2, 1, 1, 1, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0}, weekend: 90,
		shortest: 300, longest: 2400,
	},
}

// line is one job.
type line struct {
	at, arrived time.Time
	customer    string
	tenths      int // of a minute
	whole       bool
}

// late is the job whose record lay on a machine without a network for a day and a half.
var late = line{
	at:       time.Date(2026, time.February, 17, 23, 41, 8, 0, time.UTC),
	arrived:  time.Date(2026, time.February, 19, 6, 20, 0, 0, time.UTC),
	customer: "customer_elm",
	tenths:   370,
	whole:    true,
}

// source draws integers by a rule that stands here, not in a library.
type source struct{ pcg *rand.PCG }

// below is an integer in [0, n). Its bias is far below what a trace could show.
func (s source) below(n int) int { return int(s.pcg.Uint64() % uint64(n)) }

func generate() []byte {
	s := source{rand.NewPCG(2026, 2)}
	lines := []line{late}
	for _, c := range customers {
		for day := time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC); day.Month() == time.February; day = day.AddDate(0, 0, 1) {
			lines = append(lines, c.day(s, day)...)
		}
	}
	slices.SortFunc(lines, func(a, b line) int {
		return cmp.Or(a.arrived.Compare(b.arrived), a.at.Compare(b.at), cmp.Compare(a.customer, b.customer), cmp.Compare(a.tenths, b.tenths))
	})
	var out bytes.Buffer
	out.WriteString("time,customer,compute_minutes,arrived\n")
	for _, l := range lines {
		fmt.Fprintf(&out, "%s,%s,%s,%s\n", l.at.Format(time.RFC3339), l.customer, l.minutes(), l.arrived.Format(time.RFC3339))
	}
	return out.Bytes()
}

// day is what the customer does on one day.
func (c customer) day(s source, day time.Time) []line {
	percent := 100
	if d := day.Weekday(); d == time.Saturday || d == time.Sunday {
		percent = c.weekend
	}
	if busy, ok := c.busy[day.Day()]; ok {
		percent = percent * busy / 100
	}
	var lines []line
	for hour, tenths := range c.hours {
		// The part of a job that is left over starts with that probability.
		jobs, rest := tenths*percent/1000, tenths*percent%1000
		if s.below(1000) < rest {
			jobs++
		}
		for range jobs {
			at := day.Add(time.Duration(hour)*time.Hour + time.Duration(s.below(3600))*time.Second)
			lines = append(lines, line{
				at:       at,
				arrived:  at.Add(time.Duration(1+s.below(20)) * time.Second),
				customer: c.id,
				tenths:   c.length(s),
				whole:    !c.tenths,
			})
		}
	}
	return lines
}

// length of a job: the product of two draws makes short jobs the most frequent.
func (c customer) length(s source) int {
	span := c.longest - c.shortest + 1
	return c.shortest + s.below(span)*(1+s.below(span))/span
}

// minutes as they are billed: in tenths, or up to the next whole minute.
func (l line) minutes() string {
	if l.whole {
		return fmt.Sprint((l.tenths + 9) / 10)
	}
	if l.tenths%10 == 0 {
		return fmt.Sprint(l.tenths / 10)
	}
	return fmt.Sprintf("%d.%d", l.tenths/10, l.tenths%10)
}
