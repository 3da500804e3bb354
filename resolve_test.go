package pacspace_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

const emitPath = "/api/v1/balance/delta"

// lost emits a delta whose answer never comes: recorded says whether the service did it.
func (v *vendor) lost(day pacspace.Date, amount string, recorded bool) pacspace.ResolveParams {
	v.t.Helper()
	fault := sandbox.Fault{Method: "POST", Path: emitPath, Times: -1, Drop: true, AfterWrite: recorded}
	if !recorded {
		fault = sandbox.Fault{Method: "POST", Path: emitPath, Times: -1, Status: 503}
	}
	remove := v.box.Inject(fault)
	defer remove()
	p := daily(v.t, "acme", day, amount)
	v.clock.Set(day.End())
	sent := v.clock.Now()
	_, err := v.Balance.Emit(v.t.Context(), p, pacspace.WithMaxRetries(0))
	require.ErrorIs(v.t, err, pacspace.ErrOutcomeUnknown)
	return pacspace.ResolveParams{Delta: p, FirstSent: sent}
}

func TestResolveTurnsUnknownIntoAnAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		options  []sandbox.Option
		recorded bool
		later    time.Duration // between the lost answer and Resolve
		posts    int           // sent by Resolve
		unknown  bool
	}{
		{"recorded and listed: nothing is sent", nil, true, time.Minute, 0, false},
		{"recorded and still queued: the same key is the same request", []sandbox.Option{sandbox.Delays(time.Hour, 10*time.Hour)}, true, time.Minute, 1, false},
		{"not recorded: it is sent", nil, false, time.Minute, 1, false},
		{"not recorded, the key may be forgotten: a person decides", nil, false, 21 * time.Hour, 0, true},
		{"recorded, listed, the key forgotten: nothing is sent", nil, true, 48 * time.Hour, 0, false},
		{"references that do not de-duplicate", []sandbox.Option{sandbox.ReferencesRepeat()}, true, time.Minute, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, append(c.options, sandbox.RequestLog(100))...)
			p := v.lost(february(1), "-50", c.recorded)
			v.clock.Advance(c.later)
			before := v.posts()
			d, err := v.Balance.Resolve(t.Context(), p)
			require.Equal(t, c.posts, v.posts()-before)
			if c.unknown {
				require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
				require.ErrorIs(t, err, pacspace.ErrKeyTooOld)
				require.Empty(t, v.box.Recorded(sandbox.Test, "acme"))
				return
			}
			require.NoError(t, err)
			require.NotEmpty(t, d.RecordID)
			require.Len(t, v.box.Recorded(sandbox.Test, "acme"), 1)
			require.Equal(t, "-50", v.box.Sum(sandbox.Test, "acme").String())
		})
	}
}

// The reference holds, but the amount is another: that is not the delta that was sent.
func TestResolveComparesTheAmount(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.RequestLog(100))
	v.flush("acme", february(1), "-50")
	v.settle()
	p := pacspace.ResolveParams{Delta: daily(t, "acme", february(1), "-51"), FirstSent: v.clock.Now().Add(-time.Hour)}
	before := v.posts()
	_, err := v.Balance.Resolve(t.Context(), p)
	require.ErrorIs(t, err, pacspace.ErrReferenceConflict)
	require.ErrorContains(t, err, "sent -51, recorded -50")
	require.Equal(t, before, v.posts(), "nothing was sent")
}

// What the second attempt was told says nothing of the first.
func TestResolveStaysUnknownAfterALaterRefusal(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.lost(february(1), "-50", false)
	v.box.Inject(sandbox.Fault{Method: "POST", Path: emitPath, Times: -1, Status: 402, Code: "INSUFFICIENT_CREDITS"})
	_, err := v.Balance.Resolve(t.Context(), p)
	require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
	require.ErrorIs(t, err, pacspace.ErrPaymentRequired)
}

func TestResolveStaysUnknownWhenItCannotLook(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.lost(february(1), "-50", true)
	v.box.Inject(sandbox.Fault{Method: "GET", Times: -1, Status: 403})
	_, err := v.Balance.Resolve(t.Context(), p)
	require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
	require.ErrorIs(t, err, pacspace.ErrForbidden)
}

func TestResolveNeedsATimeAndAReference(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := daily(t, "acme", february(1), "-50")
	_, err := v.Balance.Resolve(t.Context(), pacspace.ResolveParams{Delta: p})
	require.ErrorContains(t, err, "firstSent")
	p.ReferenceID = ""
	_, err = v.Balance.Resolve(t.Context(), pacspace.ResolveParams{Delta: p, FirstSent: v.clock.Now()})
	require.ErrorContains(t, err, "delta.referenceId")
	require.True(t, errors.Is(err, pacspace.ErrInvalid))
}

// posts is how many deltas were posted so far.
func (v *vendor) posts() int {
	n := 0
	for _, r := range v.box.Requests() {
		if r.Method == "POST" && r.Path == emitPath {
			n++
		}
	}
	return n
}
