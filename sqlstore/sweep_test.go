package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// Ids are forgotten by their arrival, wherever they lie among those that stay: several
// transactions of a sweep's size, with old ids at the ends of some and in none of others.
func TestASweepForgetsByArrivalAndNothingElse(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		now := noon
		s := newStore(t, b, sqlstore.WithClock(func() time.Time { return now }))
		const n = 12_000
		record := func(from, step int) {
			var entries []metering.Entry
			for i := from; i < n; i += step {
				entries = append(entries, entry(fmt.Sprintf("id-%05d", i), "1"))
			}
			_, err := s.Record(t.Context(), entries)
			require.NoError(t, err)
		}
		record(0, 7)
		now = now.Add(36 * 24 * time.Hour)
		record(1, 7)
		old := (n + 6) / 7
		swept, err := s.Sweep(t.Context(), noon)
		require.NoError(t, err)
		require.Zero(t, swept, "what arrived at the very time stays")
		swept, err = s.Sweep(t.Context(), noon.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, old, swept)
		r, err := s.Record(t.Context(), []metering.Entry{entry("id-00000", "1"), entry("id-00001", "1"), entry("id-11998", "1")})
		require.NoError(t, err)
		require.Equal(t, []metering.Recorded{metering.RecordedNew, metering.RecordedDuplicate, metering.RecordedNew}, r)
		swept, err = s.Sweep(t.Context(), noon.Add(time.Minute))
		require.NoError(t, err)
		require.Zero(t, swept)
	})
}
