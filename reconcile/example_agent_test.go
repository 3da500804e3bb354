package reconcile_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

// The agent stores what webhooks tell, and compares it with the books: Run goes through the
// rounds by itself. A program takes its store from sqlstore.
func ExampleNew() {
	ctx := context.Background()
	clock := sandbox.NewClock(time.Date(2026, time.February, 2, 1, 0, 0, 0, time.UTC))
	mux := http.NewServeMux()
	hooks := httptest.NewServer(mux)
	defer hooks.Close()
	box, err := sandbox.New(sandbox.WithClock(clock.Now), sandbox.WithWebhook(sandbox.Test, hooks.URL+"/hooks"))
	if err != nil {
		log.Fatal(err)
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier([]string{box.WebhookSecret(sandbox.Test)}, webhook.WithClock(clock.Now))
	if err != nil {
		log.Fatal(err)
	}

	first := pacspace.NewDate(2026, time.February, 1)
	agent, err := reconcile.New(client, agentstore.New(clock.Now),
		reconcile.WithSystemOfRecord(warehouse{first: decimal.New(50)}),
		reconcile.WithAlert(func(_ context.Context, m reconcile.Mismatch) error {
			fmt.Println("alert:", m.String())
			return nil // it was told; an error has it told again
		}))
	if err != nil {
		log.Fatal(err)
	}
	mux.Handle("POST /hooks", agent.Handler(verifier))

	if _, err := client.Balance.Emit(ctx, pacspace.DeltaParams{
		CustomerID: "customer_acme", Delta: decimal.New(-51), // one more than the books have
		Reason: pacspace.DailyReason(first), ReferenceID: pacspace.DailyReference("customer_acme", first),
	}); err != nil {
		log.Fatal(err)
	}
	for range 4 { // a day is compared once it is due, and a difference told once it stays
		clock.Advance(24 * time.Hour)
		if _, err := box.Deliver(ctx); err != nil {
			log.Fatal(err)
		}
		if err := agent.Work(ctx); err != nil {
			log.Fatal(err)
		}
	}
	account, err := agent.Account(ctx, "customer_acme")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.CustomerID, account.Balance)
	// Output:
	// alert: books: customer_acme, 2026-02: expected -50, found -51; first: 2026-02-01 differs as a day, expected -50, found -51
	// customer_acme -51
}
