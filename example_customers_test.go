package pacspace_test

import (
	"context"
	"fmt"
	"log"

	"github.com/pacspace/pacspace-go"
)

// A customer's record comes into being with the first delta.
func ExampleCustomerService_All() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	for customer, err := range client.Customers.All(context.Background(), pacspace.CustomersParams{Search: "acme"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(customer.CustomerID, customer.TotalDeltas)
	}
	// Output: customer_acme 3
}

func ExampleCustomerService_Get() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	customer, err := client.Customers.Get(context.Background(), "customer_acme", pacspace.ActivityParams{DeltaLimit: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(customer.ComputedBalance, "in", *customer.ActivityTotal, "deltas, the latest", customer.Activity[0].ReferenceID)
	// Output: -150 in 3 deltas, the latest usage:customer_acme:2026-02-03
}

// The service documents no field of its summary, so what it says is read from its JSON.
func ExampleCustomerService_Summary() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	summary, err := client.Customers.Summary(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(summary.RawJSON()))
	// Output: {"totalCustomers":1,"activeCustomers":1,"totalDeltas":3,"verifiedDeltas":3,"period":"2026-02"}
}

// Making a record before its first delta is a call of the dashboard, which takes a token
// of its own.
func ExampleCustomerService_Create() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)

	customer, err := client.Customers.Create(context.Background(), pacspace.CustomerParams{
		DisplayName: "Acme", CustomerID: "customer_acme", UnitLabel: "minutes",
	}, pacspace.WithDashboardToken(server.DashboardToken()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(customer.CustomerID, customer.TotalDeltas)
	// Output: customer_acme 0
}
