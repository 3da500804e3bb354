package pacspace_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

// A probe with a test key finds out how the service hashes, and is kept as an anchor.
func ExampleBalanceService_Probe() {
	server, clock := laptop(sandbox.Scheme(proof.VariantRaw))
	defer server.Close()
	clock.Step(time.Second) // so that time goes on while the probe waits
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now))
	if err != nil {
		log.Fatal(err)
	}
	probed, err := client.Balance.Probe(context.Background(), pacspace.ProbeParams{}, pacspace.WithPollInterval(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("batches:", probed.Batch)
	fmt.Println("checkpoints:", probed.Checkpoint)
	fmt.Println("the chain goes by customer:", probed.ChainPerAccount)

	folder, err := os.MkdirTemp("", "anchors-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file, err := os.Create(filepath.Join(folder, "probe.json"))
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	if err := proof.WriteAnchor(file, probed); err != nil {
		log.Fatal(err)
	}
	// Output:
	// batches: [raw]
	// checkpoints: [raw]
	// the chain goes by customer: true
}
