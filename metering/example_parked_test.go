package metering_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/webhook"
)

// A delta that the service will not record waits for a person, and goes out again as one of
// its own.
func ExampleMeter_Retry() {
	ctx := context.Background()
	meter, clock := exampleMeter()
	_, err := meter.Record(ctx, metering.Event{
		ID: "job-1", CustomerID: "customer_acme", Amount: pacspace.NewDecimal(50), Time: clock.Now(),
	})
	if err != nil {
		log.Fatal(err)
	}
	clock.Advance(14 * time.Hour)
	if _, err := meter.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	// As a webhook tells it: webhook.Event.DeltaFailed reads it from a delivery.
	failed := &webhook.DeltaFailed{CustomerID: "customer_acme", ReferenceID: "usage:customer_acme:2026-02-01", Error: "the ledger is full"}
	if err := meter.Failed(ctx, failed); err != nil {
		log.Fatal(err)
	}

	for d, err := range meter.Parked(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(d.ReferenceID, d.State, d.ErrorCode, d.Note)
		again, err := meter.Retry(ctx, d.ReferenceID, metering.RetryParams{Reason: "support says the ledger has room"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(again.ReferenceID, again.State)
	}
	// Output:
	// usage:customer_acme:2026-02-01 parked FAILED the service could not record it: the ledger is full; Retry sends it under the next :again reference
	// usage:customer_acme:2026-02-01:again-1 frozen
}
