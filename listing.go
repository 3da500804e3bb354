package pacspace

import (
	"context"
	"errors"
	"fmt"

	"github.com/pacspace/pacspace-go/decimal"
)

// listing is a window as the service derives it: the balance that it computed, and the
// deltas that it lists, each once, replayed exactly.
type listing struct {
	deltas   []Delta
	ids      []string // of the deltas
	computed Decimal
	sum, abs Decimal
}

// maxListings is how often a list that moves is read before giving up.
const maxListings = 3

// list reads a window. A customer whom the service does not know has nothing in it.
func (s *BalanceService) list(ctx context.Context, customerID string, w Window, opts []CallOption) (*listing, error) {
	for n := 1; ; n++ {
		l, err := s.listOnce(ctx, customerID, w, opts)
		switch api, ok := errors.AsType[*APIError](err); {
		case ok && api.Code == customerNotFound:
			return &listing{}, nil
		case errors.Is(err, ErrListMoved) && n < maxListings:
			continue
		}
		return l, err
	}
}

// customerNotFound is the server's code for a customer without a delta; a 404 with
// another one may as well mean another address. Source: API contract, section 1.6.
const customerNotFound = "CUSTOMER_NOT_FOUND"

func (s *BalanceService) listOnce(ctx context.Context, customerID string, w Window, opts []CallOption) (*listing, error) {
	l := &listing{}
	seen := map[string]bool{}
	for page, err := range s.pages(ctx, customerID, in(w), opts) {
		if err != nil {
			return nil, err
		}
		l.computed = page.ComputedBalance
		for _, d := range page.Deltas {
			id := listedID(d)
			switch {
			case id == "":
				return nil, fmt.Errorf("%w: a listed delta has neither a recordId nor a referenceId, so it cannot be told from others", ErrRecordDisagrees)
			case seen[id]:
				return nil, fmt.Errorf("%w: %q is listed twice in %s", ErrRecordDisagrees, id, w)
			}
			seen[id] = true
			l.ids, l.deltas = append(l.ids, id), append(l.deltas, d)
			l.sum, l.abs = l.sum.Add(d.Delta), l.abs.Add(d.Delta.Abs())
		}
	}
	return l, nil
}

// listedID is what a listed delta is remembered by.
func listedID(d Delta) string {
	if d.RecordID == "" && d.ReferenceID != "" {
		return "reference " + d.ReferenceID // which no record id looks like
	}
	return d.RecordID
}

// agrees reports whether a sum of the service is the exact sum, or differs from it by no
// more than summing in binary64 does.
func (l *listing) agrees(sum Decimal) (ok, rounded bool) {
	if sum.Equal(l.sum) {
		return true, false
	}
	ok = sum.Sub(l.sum).Abs().Cmp(decimal.SumError64(l.abs, len(l.deltas))) <= 0
	return ok, ok
}
