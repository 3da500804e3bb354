package pacspace_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/pacspace/pacspace-go"
)

// A checkpoint commits to a window's deltas under one proof root. The same scope gives
// the same checkpoint, however often it is asked for.
func ExampleBalanceService_Checkpoint() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)

	params := pacspace.CheckpointParams{CustomerID: "customer_acme", Scope: pacspace.RecordingWindow("2026-02")}
	checkpoint, err := client.Balance.Checkpoint(context.Background(), params)
	if err != nil {
		log.Fatal(err)
	}
	again, err := client.Balance.Checkpoint(context.Background(), params)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(checkpoint.Status, again.ProofRoot == checkpoint.ProofRoot)
	// Output: QUEUED true
}

func ExampleBalanceService_Checkpoints() {
	server, clock := laptop()
	defer server.Close()
	client := connect(server, clock)
	threeDays(client, clock)
	ctx := context.Background()
	for days := range 3 {
		start := pacspace.NewDate(2026, time.February, 2)
		scope := pacspace.Between(start.Start(), start.AddDays(days).End())
		if _, err := client.Balance.Checkpoint(ctx, pacspace.CheckpointParams{CustomerID: "customer_acme", Scope: scope}); err != nil {
			log.Fatal(err)
		}
	}

	var listed []pacspace.Checkpoint
	for checkpoint, err := range client.Balance.Checkpoints(ctx, pacspace.CheckpointsParams{CustomerID: "customer_acme"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(checkpoint.EndDate.Format(time.DateOnly), *checkpoint.DeltaCount, checkpoint.NetChange)
		listed = append(listed, checkpoint)
	}
	change := listed[len(listed)-1].ChangeSince(listed[0])
	fmt.Println("from the first to the last:", *change.Deltas, change.NetChange)
	// Output:
	// 2026-02-03 1 -50
	// 2026-02-04 2 -100
	// 2026-02-05 3 -150
	// from the first to the last: 2 -100
}
