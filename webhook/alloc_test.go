//go:build !race

package webhook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/webhook"
)

// The race detector makes sync.Pool forget at random, so this holds without it alone.
func TestSignatureCheckDoesNotAllocate(t *testing.T) {
	body, signature, timestamp := eventOf1KiB()
	v, err := webhook.NewVerifier([]string{webhookSecret})
	require.NoError(t, err)
	allocations := testing.AllocsPerRun(1000, func() {
		if err := v.VerifySignature(signature, timestamp, body); err != nil {
			t.Fatal(err)
		}
	})
	require.Zero(t, allocations)
}
