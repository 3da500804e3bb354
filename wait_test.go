package pacspace_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// The clock stands still in these tests, so nothing is ever verified.
func TestWaitTellsATimeLimitFromACancellation(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	d := v.flush("acme", february(1), "-50")
	t.Run("a time limit", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := v.Balance.Wait(ctx, d.RecordID, pacspace.WithPollInterval(time.Hour))
		require.ErrorIs(t, err, pacspace.ErrTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("a cancellation", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		_, err := v.Balance.Wait(ctx, d.RecordID, pacspace.WithPollInterval(time.Hour))
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, pacspace.ErrTimeout)
	})
}

// What was accepted must not get lost because it took long: its caller would send it
// again as another one.
func TestEmitAndWaitReturnsTheDeltaThatItCouldNotWaitFor(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.box.Inject(sandbox.Fault{Method: "GET", Times: -1, Status: 403})
	d, err := v.Balance.EmitAndWait(t.Context(), daily(t, "acme", february(1), "-50"))
	require.ErrorIs(t, err, pacspace.ErrForbidden)
	require.NotErrorIs(t, err, pacspace.ErrOutcomeUnknown)
	require.NotEmpty(t, d.RecordID)
	require.Equal(t, "usage:acme:2026-02-01", d.IdempotencyKey)
	require.Equal(t, d.RecordID, v.box.Recorded(sandbox.Test, "acme")[0].RecordID)
}
