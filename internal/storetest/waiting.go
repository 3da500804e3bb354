package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
)

var waitingTests = []test{
	{"a listing that is to wait sees rows that another transaction holds", func(t *testing.T, s metering.Store) {
		base := metering.OutboxDelta{ReferenceID: "usage:acme:2026-02-03:part-2", CustomerID: "acme", Day: day, State: metering.StateFrozen}
		update(t, s, func(ctx context.Context, tx metering.Tx) { require.NoError(t, tx.PutDelta(ctx, &base)) })
		held, ended := make(chan struct{}), make(chan error, 1)
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
				time.Sleep(50 * time.Millisecond) // long enough for the other to come to the row
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
		require.NoError(t, <-ended)
		require.Len(t, got, 1)
		require.Equal(t, metering.StateConfirmed, got[0].State)
	}},
}
