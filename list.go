package pacspace

import "iter"

// listPage is how many rows the iterators over lists with an offset ask for.
const listPage = 100

// offsetPages goes through a list until a page is empty: the service may give fewer rows
// than it was asked for, so a short page is not the end. text is a row as the service
// wrote it. A page that begins with the row that began the one before says that the
// service passes over the offset, and would go on for ever.
func offsetPages[T any](text func(*T) string, fetch func(PageParams) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		first := ""
		for offset := 0; ; {
			rows, err := fetch(PageParams{Limit: listPage, Offset: offset})
			if err == nil && len(rows) > 0 && text(&rows[0]) == first {
				err = ErrListMoved
			}
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			if len(rows) == 0 {
				return
			}
			first = text(&rows[0])
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			offset += len(rows)
		}
	}
}
