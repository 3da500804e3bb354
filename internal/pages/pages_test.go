package pages_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/pages"
)

// list reads the numbers from 1 to n, and counts its pages.
func list(n int, read *int) func(last *int) ([]int, error) {
	return func(last *int) (page []int, err error) {
		*read++
		next := 1
		if last != nil {
			next = *last + 1
		}
		for ; next <= n && len(page) < pages.Size; next++ {
			page = append(page, next)
		}
		return page, nil
	}
}

func TestEachRowComesOnceUpToAShortPage(t *testing.T) {
	t.Parallel()
	for n, reads := range map[int]int{0: 1, 1: 1, pages.Size - 1: 1, pages.Size: 2, 2*pages.Size + 7: 3} {
		read, seen := 0, 0
		rows := pages.All(list(n, &read))
		for row, err := range rows {
			require.NoError(t, err)
			seen++
			require.Equal(t, seen, row)
		}
		require.Equal(t, []int{n, reads}, []int{seen, read})
		for row, err := range rows { // once more from the start
			require.NoError(t, err)
			require.Equal(t, 1, row)
			break
		}
	}
}

func TestAnErrorEndsTheRows(t *testing.T) {
	t.Parallel()
	full, seen := errors.New("the disk is full"), 0
	read := 0
	rows := list(2*pages.Size, &read)
	for row, err := range pages.All(func(last *int) ([]int, error) {
		if last != nil {
			return nil, full
		}
		return rows(last)
	}) {
		if seen++; seen > pages.Size {
			require.ErrorIs(t, err, full)
			require.Zero(t, row)
			continue
		}
		require.NoError(t, err)
	}
	require.Equal(t, pages.Size+1, seen)
}
