package reconcile_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/internal/agenttest"
	"github.com/pacspace/pacspace-go/reconcile"
)

func inMemory(_ *testing.T, now func() time.Time) reconcile.Store { return agentstore.New(now) }

func TestDeliveriesInAnyOrderComeToTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			agenttest.AnyOrder(t, agenttest.Disorder{Customers: 5, Days: 28, Duplicates: 0.1, Lost: 0.05, Seed: seed}, inMemory)
		})
	}
}

// Set PACSPACE_DELIVERIES to 100000 for the large run.
func TestManyDeliveriesInAnyOrder(t *testing.T) {
	t.Parallel()
	n := 560
	if text := os.Getenv("PACSPACE_DELIVERIES"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	agenttest.AnyOrder(t, agenttest.Disorder{Customers: max(n/28, 4), Days: 28, Batch: 7, Duplicates: 0.1, Lost: 0.05, Seed: 100}, inMemory)
}

func TestWhereverItCrashesItComesToTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			agenttest.Crashing(t, agenttest.Disorder{Customers: 5, Days: 20, Seed: seed}, inMemory)
		})
	}
}
