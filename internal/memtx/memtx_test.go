package memtx_test

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/memtx"
)

func TestTheClockDoesNotGoBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.February, 3, 12, 0, 0, 0, time.UTC)
	db := memtx.New(func() time.Time { return now })
	first, err := db.Now(t.Context())
	require.NoError(t, err)
	now = now.Add(-2 * time.Hour)
	second, err := db.Now(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestAFailedUpdateLeavesNothing(t *testing.T) {
	t.Parallel()
	ours := errors.New("ours")
	tests := []struct {
		name string
		end  func(cancel func()) error
	}{
		{"its function fails", func(func()) error { return ours }},
		{"its context ends", func(cancel func()) error { cancel(); return nil }},
		{"its function panics", func(func()) error { panic(ours) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			db := memtx.New(time.Now)
			rows := map[string]int{"kept": 1, "changed": 2}
			func() {
				defer func() { _ = recover() }()
				require.Error(t, db.Update(ctx, func(tx *memtx.Tx) error {
					require.NoError(t, memtx.Put(tx, rows, "changed", 3))
					require.NoError(t, memtx.Put(tx, rows, "changed", 4))
					require.NoError(t, memtx.Put(tx, rows, "new", 5))
					require.NoError(t, memtx.Delete(tx, rows, "kept"))
					return tt.end(cancel)
				}))
			}()
			require.Equal(t, map[string]int{"kept": 1, "changed": 2}, rows)
			_, err := db.Now(t.Context())
			require.NoError(t, err, "the lock is free again")
		})
	}
}

func TestAViewRefusesToWriteEvenWhereNobodyLooks(t *testing.T) {
	t.Parallel()
	rows := map[string]int{"kept": 1}
	err := memtx.New(time.Now).View(t.Context(), func(tx *memtx.Tx) error {
		_ = memtx.Put(tx, rows, "new", 2)
		_ = memtx.Delete(tx, rows, "kept")
		return nil
	})
	require.ErrorContains(t, err, "only reads")
	require.Equal(t, map[string]int{"kept": 1}, rows)
}

func TestListSelectsSortsAndCuts(t *testing.T) {
	t.Parallel()
	odd := func(v *int) bool { return *v%2 == 1 }
	got := memtx.List(map[string]int{"a": 5, "b": 1, "c": 2, "d": 3}, 2, odd, func(a, b *int) int { return cmp.Compare(*a, *b) })
	require.Equal(t, []int{1, 3}, got)
}
