// Package storetest is what every [metering.Store] must do. Each store runs it in its own
// tests.
package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

// Run runs the suite. open returns a new, empty store each time and closes it at the end
// of the test that it is given.
func Run(t *testing.T, open func(t *testing.T) metering.Store) {
	for _, suite := range []struct {
		name  string
		tests []test
	}{
		{"record", recordTests},
		{"buckets", bucketTests},
		{"deltas", deltaTests},
		{"batches", batchTests},
		{"settings and accounts", settingTests},
		{"transactions", transactionTests},
		{"waiting", waitingTests},
	} {
		for _, c := range suite.tests {
			t.Run(suite.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, open(t))
			})
		}
	}
}

type test struct {
	name string
	run  func(t *testing.T, s metering.Store)
}

// Day is the usage day of the suites, and Noon an instant of it.
var (
	Day  = usage.NewDate(2026, time.February, 3)
	Noon = time.Date(2026, time.February, 3, 12, 0, 0, 0, time.UTC)
)

// entry is an event of customer acme at Noon.
func entry(id, amount string) metering.Entry {
	return metering.Entry{
		ID: id, CustomerID: "acme", Day: Day, Amount: Dec(amount),
		Time: Noon, Due: Day.End().Add(time.Hour), Fingerprint: 1,
	}
}

// Dec reads a number of a test, whose author wrote it well.
func Dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

func record(t *testing.T, s metering.Store, entries ...metering.Entry) []metering.Recorded {
	t.Helper()
	out, err := s.Record(t.Context(), entries)
	require.NoError(t, err)
	return out
}

func update(t *testing.T, s metering.Store, fn func(ctx context.Context, tx metering.Tx)) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx metering.Tx) error {
		fn(t.Context(), tx)
		return nil
	}))
}

func view(t *testing.T, s metering.Store, fn func(ctx context.Context, tx metering.Tx)) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(tx metering.Tx) error {
		fn(t.Context(), tx)
		return nil
	}))
}

// bucketOf reads a bucket that must be there.
func bucketOf(t *testing.T, s metering.Store, customerID string, day usage.Date) *metering.Bucket {
	t.Helper()
	var out *metering.Bucket
	view(t, s, func(ctx context.Context, tx metering.Tx) {
		b, err := tx.Bucket(ctx, customerID, day)
		require.NoError(t, err)
		out = b
	})
	return out
}

// sameBucket compares what numbers with == cannot.
func sameBucket(t *testing.T, want, got *metering.Bucket) {
	t.Helper()
	require.Equal(t, want.Open.String(), got.Open.String())
	require.Equal(t, want.Frozen.String(), got.Frozen.String())
	w, g := *want, *got
	w.Open, w.Frozen, g.Open, g.Frozen = decimal.Decimal{}, decimal.Decimal{}, decimal.Decimal{}, decimal.Decimal{}
	require.Equal(t, w, g)
}

func sameDelta(t *testing.T, want, got *metering.OutboxDelta) {
	t.Helper()
	require.Equal(t, want.Amount.String(), got.Amount.String())
	w, g := *want, *got
	w.Amount, g.Amount = decimal.Decimal{}, decimal.Decimal{}
	require.Equal(t, w, g)
}

// references are those of deltas, in order.
func references(deltas []metering.OutboxDelta) []string {
	out := make([]string, len(deltas))
	for i, d := range deltas {
		out[i] = d.ReferenceID
	}
	return out
}

// names are customer and day of buckets, in order.
func names(buckets []metering.Bucket) []string {
	out := make([]string, len(buckets))
	for i, b := range buckets {
		out[i] = fmt.Sprintf("%s %s", b.CustomerID, b.Day)
	}
	return out
}
