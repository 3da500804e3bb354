package pacspace_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/pacspace/pacspace-go"
)

// Whoever holds a proof root asks the public record without a key.
func ExamplePublic_Verify() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)
	ctx := context.Background()
	proof, err := client.Receipts.InvoiceProof(ctx, "customer_acme", pacspace.RecordingWindow("2026-02"))
	if err != nil {
		log.Fatal(err)
	}

	public, err := pacspace.NewPublic(pacspace.WithBaseURL(server.URL), pacspace.WithEnvironment(pacspace.EnvironmentTest))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := public.Verify(ctx, proof.ProofRoot, pacspace.SourceBoth)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Verified, *answer.RecordCount, answer.NetChange)
	// Output: true 3 -150
}

// After a checkpoint the public record knows its root a little later. What it then says is
// kept as an anchor, to verify the invoice's evidence with.
func ExamplePublic_WaitVerified() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)
	ctx := context.Background()
	checkpoint, err := client.Balance.Checkpoint(ctx, pacspace.CheckpointParams{CustomerID: "customer_acme"})
	if err != nil {
		log.Fatal(err)
	}
	clock.Step(time.Second)

	public := client.Public // sends no key, as one of NewPublic
	answer, err := public.WaitVerified(ctx, checkpoint.ProofRoot, pacspace.WithPollInterval(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	anchor, err := public.Anchor(ctx, checkpoint.ProofRoot)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*answer.RecordCount, "deltas,", anchor.NetChange, anchor.Environment)
	// Output: 3 deltas, -150 test
}
