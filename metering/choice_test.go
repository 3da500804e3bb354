package metering_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
)

// story is a day with answers that are lost, an amount in parts and usage that comes late.
func story(t *testing.T, options ...any) *rig {
	t.Helper()
	r := due(t, 3, options...)
	r.record("big", "customer-000", "1500000000", noon)
	for _, path := range []string{batchPath, deltaPath} {
		r.box.Inject(sandbox.Fault{Path: path, Drop: true, AfterWrite: true})
		r.box.Inject(sandbox.Fault{Path: path, Status: 503, Skip: 1})
	}
	r.settle()
	r.record("late", "customer-001", "7", noon)
	r.clock.Advance(2 * time.Hour)
	r.settle()
	return r
}

var storyEnd = []string{
	"usage:customer-000:2026-02-03 -1000000000", "usage:customer-000:2026-02-03:part-2 -500000001",
	"usage:customer-001:2026-02-03 -2", "usage:customer-001:2026-02-03:late-1 -7", "usage:customer-002:2026-02-03 -3",
}

// Each choice by itself leaves exactly-once as it is.
func TestEachReferenceCountsOnceUnderEveryChoice(t *testing.T) {
	t.Parallel()
	for _, c := range sandbox.Choices() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, storyEnd, story(t, c.Option).recorded(), c.Instead)
		})
	}
}

// Two choices together leave nothing that could tell a repeat, save that the service lists
// what it verified. docs/metering.md says so.
func TestWhereKeysDieSoonAndReferencesRepeat(t *testing.T) {
	t.Parallel()
	dying := func(verified time.Duration) []any {
		return []any{sandbox.ReferencesRepeat(), sandbox.KeysExpireAfter(time.Second), sandbox.Delays(0, verified)}
	}
	lost := func(r *rig) {
		r.box.Inject(sandbox.Fault{Path: deltaPath, Drop: true, AfterWrite: true})
		r.settle()
	}
	t.Run("a lost answer counts once where deltas are verified before they are asked about", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1, dying(time.Second)...)
		lost(r)
		require.Equal(t, wantAll(1), r.recorded())
	})
	t.Run("and twice where they are not", func(t *testing.T) {
		t.Parallel()
		r := due(t, 1, dying(time.Hour)...)
		lost(r)
		require.Equal(t, append(wantAll(1), wantAll(1)...), r.recorded())
	})
}
