package pacspace_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// What the service could not deliver is asked for again once the receiver is well.
func ExampleWebhookService_Retry() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	ctx := context.Background()
	status := http.StatusServiceUnavailable
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer receiver.Close()
	if _, err := server.AddWebhook(sandbox.Test, receiver.URL); err != nil {
		log.Fatal(err)
	}
	threeDays(client, clock)
	if _, err := server.Deliver(ctx); err != nil {
		log.Fatal(err)
	}

	var missed []pacspace.Delivery
	for delivery, err := range client.Webhooks.Deliveries(ctx, pacspace.DeliveriesParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(delivery.Event, delivery.Status)
		missed = append(missed, delivery)
	}
	status = http.StatusOK
	for _, delivery := range missed {
		if _, err := client.Webhooks.Retry(ctx, delivery.EventID); err != nil {
			log.Fatal(err)
		}
	}
	delivered, err := server.Deliver(ctx)
	fmt.Println("delivered:", delivered, err)
	// Output:
	// delta.verified PENDING
	// delta.verified PENDING
	// delta.verified PENDING
	// delivered: 3 <nil>
}
