package pacspace_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"time"

	"github.com/pacspace/pacspace-go"
)

// What goes onto an invoice: the root, the links and the access code beside them.
func ExampleReceiptService_InvoiceProof() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	proof, err := client.Receipts.InvoiceProof(context.Background(), "customer_acme", pacspace.RecordingWindow("2026-02"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*proof.DeltaCount, "deltas,", proof.FinalBalance)
	fmt.Println("a link:", proof.VerifyURL != "", "a code:", len(proof.AccessHint) == 6)
	// Output:
	// 3 deltas, -150
	// a link: true a code: true
}

func ExampleReceiptService_Scoped() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	receipt, err := client.Receipts.Scoped(context.Background(), "customer_acme", pacspace.InPeriod("2026-02"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Period, receipt.FinalBalance)
	// Output: 2026-02 -150
}

// A customer's receipts, and the newest of them as a document.
func ExampleReceiptService_List() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)
	ctx := context.Background()
	if _, err := client.Balance.Checkpoint(ctx, pacspace.CheckpointParams{CustomerID: "customer_acme"}); err != nil {
		log.Fatal(err)
	}
	clock.Advance(time.Minute)

	list, err := client.Receipts.List(ctx, "customer_acme", 25)
	if err != nil {
		log.Fatal(err)
	}
	document, err := client.Receipts.Document(ctx, list[0].ReceiptID, pacspace.DocumentParams{
		CustomerDisplayName: new(true), Locale: "en-US", Timezone: "UTC", Unit: "minutes",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(list), document.CustomerID, document.ProofRoot == list[0].ProofRoot)
	// Output: 1 customer_acme true
}

// Whoever has a receipt's id reads it without a key.
func ExamplePublic_ReceiptPDF() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)
	ctx := context.Background()
	checkpoint, err := client.Balance.Checkpoint(ctx, pacspace.CheckpointParams{CustomerID: "customer_acme"})
	if err != nil {
		log.Fatal(err)
	}
	clock.Advance(time.Minute)

	public, err := pacspace.NewPublic(pacspace.WithBaseURL(server.URL), pacspace.WithEnvironment(pacspace.EnvironmentTest))
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := public.ReceiptDocument(ctx, checkpoint.CheckpointID)
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := public.ReceiptPDF(ctx, checkpoint.CheckpointID, &file); err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.CustomerID, file.String()[:5])
	// Output: customer_acme %PDF-
}
