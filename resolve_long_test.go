package pacspace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// The service bounds how wide a scope is; an outage may be longer.
func TestResolveFindsADeltaAfterALongOutage(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.Limits(1, 366, 2555), sandbox.RequestLog(100))
	p := v.lost(february(1), "-50", true)
	for day := range 25 { // enough to push it off the page of latest activity
		v.flush("acme", february(3+day), "-1")
	}
	v.clock.Advance(100 * 24 * time.Hour)
	before := v.posts()
	d, err := v.Balance.Resolve(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, "usage:acme:2026-02-01", d.ReferenceID)
	require.Equal(t, before, v.posts(), "nothing was sent")
}

// Another key than the first one is another request to the service.
func TestResolveSendsUnderTheFirstKeyOnly(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.ReferencesRepeat(), sandbox.Delays(time.Hour, 10*time.Hour))
	p := v.lost(february(1), "-50", true)
	p.IdempotencyKey = "usage:acme:2026-02-01"
	_, err := v.Balance.Resolve(t.Context(), p, pacspace.WithIdempotencyKey("another"))
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	require.ErrorContains(t, err, "idempotencyKey")
	_, err = v.Balance.Resolve(t.Context(), p, pacspace.WithIdempotencyKey(p.IdempotencyKey))
	require.NoError(t, err)
	require.Len(t, v.box.Recorded(sandbox.Test, "acme"), 1)
}

// A time in the future would keep the key young for ever.
func TestResolveRefusesAFirstSendInTheFuture(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	_, err := v.Balance.Resolve(t.Context(), pacspace.ResolveParams{
		Delta: daily(t, "acme", february(1), "-50"), FirstSent: v.clock.Now().Add(24 * time.Hour),
	})
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	require.ErrorContains(t, err, "firstSent")
	require.Empty(t, v.box.Recorded(sandbox.Test, "acme"))
}
