package metering_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

// exampleMeter stands for a service's own set-up: a client of the service, here a sandbox,
// and a store, which is one of module sqlstore in a program. The clock stands at noon of
// 1 February 2026 in UTC.
func exampleMeter(options ...metering.Option) (*metering.Meter, *sandbox.Clock) {
	clock := sandbox.NewClock(time.Date(2026, time.February, 1, 12, 0, 0, 0, time.UTC))
	box, err := sandbox.New(sandbox.WithClock(clock.Now), sandbox.Delays(0, 0))
	if err != nil {
		log.Fatal(err)
	}
	server, err := box.Listen("localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	meter, err := metering.New(client, memstore.New(clock.Now), append(options, metering.WithAccounts("compute-minutes", "minute"))...)
	if err != nil {
		log.Fatal(err)
	}
	return meter, clock
}

func Example() {
	ctx := context.Background()
	meter, clock := exampleMeter()

	// Where something is used: an id of its own, the same on every retry.
	for i, minutes := range []int64{20, 30} {
		_, err := meter.Record(ctx, metering.Event{
			ID: fmt.Sprintf("job-%d", i), CustomerID: "customer_acme",
			Amount: pacspace.NewDecimal(minutes), Time: clock.Now(),
		})
		if err != nil {
			log.Fatal(err) // record the same events again
		}
	}

	// Run does this by itself once the day and its grace are over.
	clock.Advance(14 * time.Hour)
	if _, err := meter.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	for d, err := range meter.Deltas(ctx, metering.DeltaQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(d.ReferenceID, d.Amount, d.State)
	}
	// Output: usage:customer_acme:2026-02-01 -50 confirmed
}

func ExampleMeter_Submit() {
	ctx := context.Background()
	meter, clock := exampleMeter()
	day := pacspace.NewDate(2026, time.February, 1)
	clock.Advance(24 * time.Hour)

	// Totals come from a query, a file or a job: any iterator. Running the job again does no
	// harm, and a total that was corrected goes out as an adjustment.
	for _, acme := range []int64{50, 50, 57} {
		done, err := meter.Submit(ctx, day, func(yield func(metering.Total, error) bool) {
			_ = yield(metering.Total{CustomerID: "customer_acme", Amount: pacspace.NewDecimal(acme)}, nil) &&
				yield(metering.Total{CustomerID: "customer_globex", Amount: pacspace.NewDecimal(8)}, nil)
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(done.Fresh, "fresh,", done.Unchanged, "unchanged,", done.Changed, "changed")
		if _, err := meter.Flush(ctx); err != nil {
			log.Fatal(err)
		}
		clock.Advance(time.Hour)
		if _, err := meter.Flush(ctx); err != nil { // hears that they were verified
			log.Fatal(err)
		}
	}
	for d, err := range meter.Deltas(ctx, metering.DeltaQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(d.ReferenceID, d.Amount)
	}
	// Output:
	// 2 fresh, 0 unchanged, 0 changed
	// 0 fresh, 2 unchanged, 0 changed
	// 0 fresh, 1 unchanged, 1 changed
	// usage:customer_acme:2026-02-01 -50
	// usage:customer_acme:2026-02-01:late-1 -7
	// usage:customer_globex:2026-02-01 -8
}

func ExampleMeter_Import() {
	ctx := context.Background()
	meter, _ := exampleMeter()
	file := strings.NewReader(`id,customerId,amount,time,plan
job-1,customer_acme,12.5,2026-02-01T08:00:00Z,growth
job-2,customer_acme,7.5,2026-02-01T09:00:00Z,growth
job-1,customer_acme,12.5,2026-02-01T08:00:00Z,growth
`)
	imported, err := meter.Import(ctx, metering.ReadCSV(file))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(imported.Counted, "counted,", imported.Duplicates, "counted before")
	for d, err := range meter.Days(ctx, metering.BucketQuery{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(d.CustomerID, d.Day, d.Open, d.Dimensions)
	}
	// Output:
	// 2 counted, 1 counted before
	// customer_acme 2026-02-01 20 map[plan:[growth]]
}

func ExampleWithGate() {
	ctx := context.Background()
	books := map[string]pacspace.Decimal{"customer_acme": pacspace.NewDecimal(49)}
	meter, clock := exampleMeter(
		metering.WithGate(func(_ context.Context, a pacspace.Account, day pacspace.Date, amount pacspace.Decimal) error {
			if mine := books[a.CustomerID]; !mine.Equal(amount) {
				return fmt.Errorf("the meter says %s, the books say %s", amount, mine)
			}
			return nil
		}),
		metering.WithObserver(func(_ context.Context, c metering.Change) {
			if c.Kind == metering.ChangeHeld {
				fmt.Println(c.CustomerID, c.Day, "is held:", c.Err)
			}
		}))
	_, err := meter.Record(ctx, metering.Event{ID: "job-1", CustomerID: "customer_acme", Amount: pacspace.NewDecimal(50), Time: clock.Now()})
	if err != nil {
		log.Fatal(err)
	}
	clock.Advance(14 * time.Hour)
	_, err = meter.Flush(ctx)
	fmt.Println(err)
	// Output:
	// customer_acme 2026-02-01 is held: the meter says 50, the books say 49
	// metering: not all is delivered: 1 day due; it is kept and goes out later, parked deltas wait for Retry or Discard
}
