package pacspace_test

import (
	"context"
	"fmt"
	"log"

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
