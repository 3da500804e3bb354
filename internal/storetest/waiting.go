package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
)

// Blocking is a store that lets transactions run beside each other and can tell when one
// waits for a row that another holds. Transactions of any other store follow each other.
type Blocking interface {
	metering.Store
	// AwaitBlocked returns once a transaction waits for a delta, or with ctx.
	AwaitBlocked(ctx context.Context) error
}

var waitingTests = []test{
	{"a listing that is to wait sees rows that another transaction holds", func(t *testing.T, s metering.Store) {
		base := metering.OutboxDelta{ReferenceID: "usage:acme:2026-02-03:part-2", CustomerID: "acme", Day: Day, State: metering.StateFrozen}
		update(t, s, func(ctx context.Context, tx metering.Tx) { require.NoError(t, tx.PutDelta(ctx, &base)) })
		held, ended := make(chan struct{}), make(chan error, 1)
		listing, listed := context.WithCancel(t.Context())
		defer listed()
		go func() {
			first := true
			ended <- s.Update(t.Context(), func(tx metering.Tx) error {
				d, err := tx.Delta(t.Context(), base.ReferenceID)
				if err != nil {
					return err
				}
				if first {
					first = false
					close(held)
				}
				if b, ok := s.(Blocking); ok {
					if err := b.AwaitBlocked(listing); err != nil {
						return fmt.Errorf("the listing did not wait: %w", err)
					}
				}
				d.State = metering.StateConfirmed
				return tx.PutDelta(t.Context(), d)
			})
		}()
		<-held
		var got []metering.OutboxDelta
		require.NoError(t, s.Update(t.Context(), func(tx metering.Tx) (err error) {
			got, err = tx.Deltas(t.Context(), metering.DeltaQuery{CustomerID: "acme", Wait: true}, 10)
			return err
		}))
		listed()
		require.NoError(t, <-ended)
		require.Len(t, got, 1)
		require.Equal(t, metering.StateConfirmed, got[0].State)
	}},
}
