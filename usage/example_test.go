package usage_test

import (
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

func ExampleDailyReference() {
	day := usage.NewDate(2026, time.February, 1)
	fmt.Println(usage.DailyReference("customer_acme", day))
	fmt.Println(usage.DailyReason(day))
	// Output:
	// usage:customer_acme:2026-02-01
	// daily_usage_flush:2026-02-01
}

func ExampleParseReference() {
	r, err := usage.ParseReference("usage:acme:gpu-seconds:2026-02-01:late-1")
	fmt.Println(r.CustomerID, r.Day, r.Late, err)

	_, err = usage.ParseReference("usage:acme:2026-02-30")
	fmt.Println(err)
	// Output:
	// acme:gpu-seconds 2026-02-01 1 <nil>
	// usage: invalid reference "usage:acme:2026-02-30": the customer id must be followed by a day and then only by :late-N, :part-N, :again-N in this order
}

func ExamplePeriod_RecordingWindow() {
	february := usage.Period("2026-02")
	fmt.Println(february.First(), "to", february.Last())
	fmt.Println(february.Window())
	fmt.Println(february.RecordingWindow())
	// Output:
	// 2026-02-01 to 2026-02-28
	// [2026-02-01T00:00:00Z, 2026-03-01T00:00:00Z)
	// [2026-02-02T00:00:00Z, 2026-03-02T00:00:00Z)
}

func ExamplePeriod_Days() {
	for day := range usage.Period("2026-02").Days() {
		if day.Start().Weekday() == time.Sunday {
			fmt.Print(day, " ")
		}
	}
	// Output: 2026-02-01 2026-02-08 2026-02-15 2026-02-22
}
