package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

var settingTests = []test{
	{"a setting is empty until it is set", func(t *testing.T, s metering.Store) {
		for _, want := range []string{"", "one", `{"two":2}`, ""} {
			update(t, s, func(ctx context.Context, tx metering.Tx) { require.NoError(t, tx.SetSetting(ctx, "name", want)) })
			view(t, s, func(ctx context.Context, tx metering.Tx) {
				got, err := tx.Setting(ctx, "name")
				require.NoError(t, err)
				require.Equal(t, want, got)
				other, err := tx.Setting(ctx, "other")
				require.NoError(t, err)
				require.Empty(t, other)
			})
		}
	}},
	{"an account is bound once and for ever", func(t *testing.T, s metering.Store) {
		minutes := usage.Account{CustomerID: "acme", Resource: "compute-minutes", Unit: "minute"}
		update(t, s, func(ctx context.Context, tx metering.Tx) {
			_, err := tx.Account(ctx, "acme")
			require.ErrorIs(t, err, metering.ErrNotFound)
			bound, err := tx.BindAccount(ctx, minutes)
			require.NoError(t, err)
			require.Equal(t, minutes, bound)
		})
		update(t, s, func(ctx context.Context, tx metering.Tx) {
			bound, err := tx.BindAccount(ctx, usage.Account{CustomerID: "acme", Resource: "requests", Unit: "request"})
			require.NoError(t, err)
			require.Equal(t, minutes, bound)
		})
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			a, err := tx.Account(ctx, "acme")
			require.NoError(t, err)
			require.Equal(t, minutes, a)
		})
	}},
}

// errOurs is what a function of a transaction fails with.
var errOurs = errors.New("ours")

var transactionTests = []test{
	{"an error undoes everything and is returned", func(t *testing.T, s metering.Store) {
		ctx := t.Context()
		put(t, s, metering.Bucket{CustomerID: "acme", Day: Day, Open: Dec("1"), Due: Noon})
		err := s.Update(ctx, func(tx metering.Tx) error {
			d := delta("r")
			return errors.Join(
				tx.SetSetting(ctx, "name", "value"),
				tx.PutBucket(ctx, &metering.Bucket{CustomerID: "acme", Day: Day}),
				tx.PutBucket(ctx, &metering.Bucket{CustomerID: "globex", Day: Day}),
				tx.PutDelta(ctx, &d),
				tx.PutBatch(ctx, &metering.OutboxBatch{ID: "b", CreatedAt: Noon, NotBefore: Noon}),
				errOurs,
			)
		})
		require.ErrorIs(t, err, errOurs)
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			value, err := tx.Setting(ctx, "name")
			require.NoError(t, err)
			require.Empty(t, value)
			_, err = tx.Bucket(ctx, "globex", Day)
			require.ErrorIs(t, err, metering.ErrNotFound)
			_, err = tx.Delta(ctx, "r")
			require.ErrorIs(t, err, metering.ErrNotFound)
			_, err = tx.Batch(ctx, "b")
			require.ErrorIs(t, err, metering.ErrNotFound)
		})
		require.Equal(t, "1", bucketOf(t, s, "acme", Day).Open.String())
	}},
	{"a panic undoes everything, and the store goes on", func(t *testing.T, s metering.Store) {
		require.Panics(t, func() {
			_ = s.Update(t.Context(), func(tx metering.Tx) error {
				_ = tx.SetSetting(t.Context(), "name", "value")
				panic("ours")
			})
		})
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			value, err := tx.Setting(ctx, "name")
			require.NoError(t, err)
			require.Empty(t, value)
		})
		update(t, s, func(ctx context.Context, tx metering.Tx) { require.NoError(t, tx.SetSetting(ctx, "name", "x")) })
	}},
	{"a view refuses to write", func(t *testing.T, s metering.Store) {
		require.Error(t, s.View(t.Context(), func(tx metering.Tx) error {
			return tx.SetSetting(t.Context(), "name", "value")
		}))
		require.Error(t, s.View(t.Context(), func(tx metering.Tx) error {
			_ = tx.PutBucket(t.Context(), &metering.Bucket{CustomerID: "acme", Day: Day})
			return nil
		}))
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			value, err := tx.Setting(ctx, "name")
			require.NoError(t, err)
			require.Empty(t, value)
			_, err = tx.Bucket(ctx, "acme", Day)
			require.ErrorIs(t, err, metering.ErrNotFound)
		})
	}},
	{"what was read is not changed by what is done to it", func(t *testing.T, s metering.Store) {
		d := delta("r")
		update(t, s, func(ctx context.Context, tx metering.Tx) {
			require.NoError(t, tx.PutDelta(ctx, &d))
			d.Body[0] = 'x'
			got, err := tx.Delta(ctx, "r")
			require.NoError(t, err)
			got.Body[1] = 'y'
		})
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			got, err := tx.Delta(ctx, "r")
			require.NoError(t, err)
			require.Equal(t, `{"delta":-12.5}`, string(got.Body))
		})
	}},
	{"updates of one row follow each other", func(t *testing.T, s metering.Store) {
		put(t, s, metering.Bucket{CustomerID: "acme", Day: Day})
		const writers, times = 6, 10
		var wg sync.WaitGroup
		errs := make(chan error, writers*times)
		for range writers {
			wg.Go(func() {
				for range times {
					errs <- s.Update(t.Context(), func(tx metering.Tx) error {
						b, err := tx.Bucket(t.Context(), "acme", Day)
						if err != nil {
							return err
						}
						b.Open = b.Open.Add(Dec("1"))
						b.Generation++
						return tx.PutBucket(t.Context(), b)
					})
				}
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		b := bucketOf(t, s, "acme", Day)
		require.Equal(t, writers*times, b.Generation)
		require.Equal(t, fmt.Sprint(writers*times), b.Open.String())
	}},
	{"two updates that make the same row agree on one", func(t *testing.T, s metering.Store) {
		var wg sync.WaitGroup
		errs := make(chan error, 8)
		for range 8 {
			wg.Go(func() {
				errs <- s.Update(t.Context(), func(tx metering.Tx) error {
					b, err := tx.Bucket(t.Context(), "acme", Day)
					if errors.Is(err, metering.ErrNotFound) {
						b, err = &metering.Bucket{CustomerID: "acme", Day: Day}, nil
					}
					if err != nil {
						return err
					}
					b.Open = b.Open.Add(Dec("1"))
					return tx.PutBucket(t.Context(), b)
				})
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, "8", bucketOf(t, s, "acme", Day).Open.String())
	}},
	{"events and an update that closes their bucket lose nothing between them", func(t *testing.T, s metering.Store) {
		const events = 60
		var wg sync.WaitGroup
		errs := make(chan error, 2*events)
		wg.Go(func() {
			for i := range events {
				_, err := s.Record(t.Context(), []metering.Entry{entry(fmt.Sprintf("e%d", i), "1")})
				errs <- err
			}
		})
		wg.Go(func() {
			for range events {
				errs <- s.Update(t.Context(), func(tx metering.Tx) error {
					b, err := tx.Bucket(t.Context(), "acme", Day)
					if errors.Is(err, metering.ErrNotFound) {
						return nil
					}
					if err != nil {
						return err
					}
					b.Frozen, b.Open, b.Count, b.Due = b.Frozen.Add(b.Open), Dec("0"), 0, time.Time{}
					return tx.PutBucket(t.Context(), b)
				})
			}
		})
		wg.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		b := bucketOf(t, s, "acme", Day)
		require.Equal(t, fmt.Sprint(events), b.Frozen.Add(b.Open).String())
	}},
	{"the clock goes forward, within transactions too", func(t *testing.T, s metering.Store) {
		last, err := s.Now(t.Context())
		require.NoError(t, err)
		require.Equal(t, time.UTC, last.Location())
		for range 5 {
			update(t, s, func(ctx context.Context, tx metering.Tx) {
				require.False(t, tx.Now().Before(last))
				require.Equal(t, tx.Now(), tx.Now())
				last = tx.Now()
			})
			now, err := s.Now(t.Context())
			require.NoError(t, err)
			require.False(t, now.Before(last))
			last = now
		}
	}},
	{"a context that has ended does nothing", func(t *testing.T, s metering.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.Update(ctx, func(tx metering.Tx) error { return tx.SetSetting(ctx, "name", "value") }), context.Canceled)
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			value, err := tx.Setting(ctx, "name")
			require.NoError(t, err)
			require.Empty(t, value)
		})
	}},
}
