// Package pages goes through the rows of a store, which lists them a page at a time.
package pages

import "iter"

// Size is how many rows are read at once.
const Size = 500

// All goes through rows until a page is short. read returns at most Size rows: those after
// last, which is nil for the first page.
func All[T any](read func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last *T
		for {
			page, err := read(last)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < Size {
				return
			}
			last = &page[len(page)-1]
		}
	}
}
