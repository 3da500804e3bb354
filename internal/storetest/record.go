package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
)

var recordTests = []test{
	{"an event is counted once, and a retry of it is a duplicate", func(t *testing.T, s metering.Store) {
		require.Equal(t, []metering.Recorded{metering.RecordedNew}, record(t, s, entry("a", "1.5")))
		require.Equal(t, []metering.Recorded{metering.RecordedDuplicate}, record(t, s, entry("a", "1.5")))
		sameBucket(t, &metering.Bucket{
			CustomerID: "acme", Day: day, Open: dec("1.5"), Count: 1, First: noon, Last: noon, Due: day.End().Add(time.Hour),
		}, bucketOf(t, s, "acme", day))
	}},
	{"an id twice in one call is counted once", func(t *testing.T, s metering.Store) {
		require.Equal(t,
			[]metering.Recorded{metering.RecordedNew, metering.RecordedNew, metering.RecordedDuplicate},
			record(t, s, entry("b", "1"), entry("a", "2"), entry("b", "1")))
		require.Equal(t, "3", bucketOf(t, s, "acme", day).Open.String())
	}},
	{"an id with other content is a conflict and adds nothing, in one call and in two", func(t *testing.T, s metering.Store) {
		other := entry("a", "7")
		other.Fingerprint = 1<<63 + 5
		require.Equal(t, []metering.Recorded{metering.RecordedNew, metering.RecordedConflict}, record(t, s, entry("a", "1"), other))
		other.Day, other.CustomerID = day.AddDays(1), "globex"
		require.Equal(t, []metering.Recorded{metering.RecordedConflict}, record(t, s, other))
		require.Equal(t, "1", bucketOf(t, s, "acme", day).Open.String())
		view(t, s, func(ctx context.Context, tx metering.Tx) {
			_, err := tx.Bucket(ctx, "globex", day.AddDays(1))
			require.ErrorIs(t, err, metering.ErrNotFound)
		})
	}},
	{"a fingerprint of 64 bits comes back whole", func(t *testing.T, s metering.Store) {
		e := entry("a", "1")
		e.Fingerprint = 1<<64 - 1
		record(t, s, e)
		require.Equal(t, []metering.Recorded{metering.RecordedDuplicate}, record(t, s, e))
		e.Fingerprint = 1<<63 - 1
		require.Equal(t, []metering.Recorded{metering.RecordedConflict}, record(t, s, e))
	}},
	{"sums are exact", func(t *testing.T, s metering.Store) {
		record(t, s, entry("a", "0.1"), entry("b", "0.2"), entry("c", "-0.000000000000000000000000001"))
		record(t, s, entry("d", "999999999999"), entry("e", "1"))
		require.Equal(t, "1000000000000.299999999999999999999999999", bucketOf(t, s, "acme", day).Open.String())
	}},
	{"sums that come to zero stay open, with their count", func(t *testing.T, s metering.Store) {
		record(t, s, entry("a", "5"), entry("b", "-5"))
		b := bucketOf(t, s, "acme", day)
		require.True(t, b.Open.IsZero())
		require.EqualValues(t, 2, b.Count)
		require.False(t, b.Due.IsZero())
	}},
	{"dimensions keep each value once, sorted, the smallest where there are too many", func(t *testing.T, s metering.Store) {
		e, f, g := entry("a", "1"), entry("b", "1"), entry("c", "1")
		e.Dimensions = map[string]string{"plan": "growth", "región": "eu"}
		f.Dimensions = map[string]string{"plan": "basic"}
		g.Dimensions = map[string]string{"plan": "growth"}
		record(t, s, e, f)
		record(t, s, g)
		require.Equal(t, metering.Dimensions{"plan": {"basic", "growth"}, "región": {"eu"}}, bucketOf(t, s, "acme", day).Dimensions)
		var many []metering.Entry
		for i := range metering.MaxDimensionValues + 7 {
			e := entry(fmt.Sprintf("m%04d", i), "1")
			e.CustomerID = "globex"
			e.Dimensions = map[string]string{"host": fmt.Sprintf("h%04d", metering.MaxDimensionValues+6-i)}
			many = append(many, e)
		}
		record(t, s, many[:60]...)
		record(t, s, many[60:]...)
		hosts := bucketOf(t, s, "globex", day).Dimensions["host"]
		require.Len(t, hosts, metering.MaxDimensionValues)
		require.Equal(t, "h0000", hosts[0])
		require.Equal(t, fmt.Sprintf("h%04d", metering.MaxDimensionValues-1), hosts[len(hosts)-1])
	}},
	{"dimensions beyond a day's bound are those with the greatest names, whatever came first", func(t *testing.T, s metering.Store) {
		const size = metering.MaxDimensionNames + 30
		names := []string{"Ä", "a", "b\tc"} // the first is the greatest, byte by byte
		for i := range size - len(names) {
			names = append(names, fmt.Sprintf("n%04d", i))
		}
		want := metering.Dimensions{"a": {"x", "y"}, "b\tc": {"x", "y"}}
		for i := range metering.MaxDimensionNames - 2 {
			want[fmt.Sprintf("n%04d", i)] = []string{"x", "y"}
		}
		orders := map[string]func(i int) int{
			"forwards":  func(i int) int { return i },
			"backwards": func(i int) int { return size - 1 - i },
			"mixed":     func(i int) int { return i * 37 % size }, // 37 and 130 have no common divisor
		}
		for order, at := range orders {
			for _, calls := range []int{1, 3, 20} {
				var entries []metering.Entry
				for i := range 2 * size {
					e := entry(fmt.Sprintf("%s-%d-%03d", order, calls, i), "1")
					e.CustomerID = fmt.Sprintf("%s-%d", order, calls)
					e.Dimensions = map[string]string{names[at(i%size)]: []string{"y", "x"}[i/size]}
					entries = append(entries, e)
				}
				for part := range slices.Chunk(entries, (len(entries)+calls-1)/calls) {
					record(t, s, part...)
					bucketOf(t, s, part[0].CustomerID, day) // a store that puts aside adds it up here
				}
				require.Equal(t, want, bucketOf(t, s, entries[0].CustomerID, day).Dimensions, "%s in %d calls", order, calls)
			}
		}
		e := entry("all at once", "1")
		e.CustomerID, e.Dimensions = "globex", map[string]string{}
		for _, name := range names {
			e.Dimensions[name] = "x"
		}
		record(t, s, e)
		require.Len(t, bucketOf(t, s, "globex", day).Dimensions, metering.MaxDimensionNames)
		require.NotContains(t, bucketOf(t, s, "globex", day).Dimensions, "Ä")
	}},
	{"first and last are the times of the events, whatever their order", func(t *testing.T, s metering.Store) {
		a, b, c := entry("a", "1"), entry("b", "1"), entry("c", "1")
		a.Time, b.Time = noon.Add(time.Hour), noon.Add(-time.Hour)
		record(t, s, a)
		record(t, s, b, c)
		bucket := bucketOf(t, s, "acme", day)
		require.Equal(t, noon.Add(-time.Hour), bucket.First)
		require.Equal(t, noon.Add(time.Hour), bucket.Last)
	}},
	{"an open bucket keeps its due, one that was closed takes the new one", func(t *testing.T, s metering.Store) {
		first, later := entry("a", "1"), entry("b", "2")
		later.Due = first.Due.Add(time.Hour)
		record(t, s, first)
		record(t, s, later)
		require.Equal(t, first.Due, bucketOf(t, s, "acme", day).Due)
		update(t, s, func(ctx context.Context, tx metering.Tx) {
			b, err := tx.Bucket(ctx, "acme", day)
			require.NoError(t, err)
			b.Generation, b.Frozen, b.Base = 1, b.Open, "usage:acme:2026-02-03"
			b.Open, b.Count, b.First, b.Last, b.Due = dec("0"), 0, time.Time{}, time.Time{}, time.Time{}
			require.NoError(t, tx.PutBucket(ctx, b))
		})
		late := entry("c", "4")
		late.Due = first.Due.Add(9 * time.Hour)
		record(t, s, late)
		sameBucket(t, &metering.Bucket{
			CustomerID: "acme", Day: day, Generation: 1, Open: dec("4"), Count: 1, First: noon, Last: noon,
			Due: late.Due, Frozen: dec("3"), Base: "usage:acme:2026-02-03",
		}, bucketOf(t, s, "acme", day))
	}},
	{"an event for a day that totals feed is refused, and nothing of its call is recorded", func(t *testing.T, s metering.Store) {
		update(t, s, func(ctx context.Context, tx metering.Tx) {
			require.NoError(t, tx.PutBucket(ctx, &metering.Bucket{CustomerID: "acme", Day: day, Totals: true, Open: dec("9"), Due: noon}))
		})
		other := entry("b", "1")
		other.CustomerID = "globex"
		_, err := s.Record(t.Context(), []metering.Entry{other, entry("a", "1")})
		var totals *metering.TotalsError
		require.ErrorAs(t, err, &totals)
		require.Equal(t, metering.TotalsError{CustomerID: "acme", Day: day}, *totals)
		require.Equal(t, []metering.Recorded{metering.RecordedNew}, record(t, s, other))
		require.Equal(t, "9", bucketOf(t, s, "acme", day).Open.String())
	}},
	{"a duplicate does not meet the day's totals", func(t *testing.T, s metering.Store) {
		record(t, s, entry("a", "1"))
		update(t, s, func(ctx context.Context, tx metering.Tx) {
			require.NoError(t, tx.PutBucket(ctx, &metering.Bucket{CustomerID: "acme", Day: day, Totals: true, Open: dec("9"), Due: noon}))
		})
		require.Equal(t, []metering.Recorded{metering.RecordedDuplicate}, record(t, s, entry("a", "1")))
	}},
	{"ids of every kind are told apart", func(t *testing.T, s metering.Store) {
		ids := []string{
			"0190163d-8694-739b-aea5-966c26f8ad90", "0190163D-8694-739B-AEA5-966C26F8AD90", "0190163d8694739baea5966c26f8ad90",
			"01J0B3V1MMECXTX59PCGKFHBCG", "01j0b3v1mmecxtx59pcgkfhbcg", "a", "A", "a ", " a", "ä", "a\u0308", "0", "00",
			strings.Repeat("x", metering.MaxEventID), strings.Repeat("x", metering.MaxEventID-1) + "y",
			"8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "\U0010ffff", "sixteen bytes id",
		}
		var entries []metering.Entry
		for _, id := range ids {
			entries = append(entries, entry(id, "1"))
		}
		for i, r := range record(t, s, entries...) {
			require.Equal(t, metering.RecordedNew, r, "id %q", ids[i])
		}
		for i, r := range record(t, s, entries...) {
			require.Equal(t, metering.RecordedDuplicate, r, "id %q", ids[i])
		}
		require.EqualValues(t, len(ids), bucketOf(t, s, "acme", day).Count)
	}},
	{"many writers with the same ids count each once", func(t *testing.T, s metering.Store) {
		const writers, calls, size = 8, 5, 40
		var wg sync.WaitGroup
		fresh := make([]int, writers)
		errs := make([]error, writers)
		for w := range writers {
			wg.Go(func() {
				for c := range calls {
					var entries []metering.Entry
					for i := range size {
						n := i
						if w%2 == 1 {
							n = size - 1 - i // the other way round
						}
						e := entry(fmt.Sprintf("%d-%d", c, n), "1")
						e.CustomerID = fmt.Sprintf("customer-%d", n%3)
						entries = append(entries, e)
					}
					out, err := s.Record(t.Context(), entries)
					if err != nil {
						errs[w] = err
						return
					}
					for _, r := range out {
						if r == metering.RecordedNew {
							fresh[w]++
						}
					}
				}
			})
		}
		wg.Wait()
		total := 0
		for w := range writers {
			require.NoError(t, errs[w])
			total += fresh[w]
		}
		require.Equal(t, calls*size, total)
		sum := dec("0")
		for i := range 3 {
			sum = sum.Add(bucketOf(t, s, fmt.Sprintf("customer-%d", i), day).Open)
		}
		require.Equal(t, fmt.Sprint(calls*size), sum.String())
	}},
	{"an id is forgotten once it is swept, and not before", func(t *testing.T, s metering.Store) {
		record(t, s, entry("a", "1"), entry("b", "1"))
		now, err := s.Now(t.Context())
		require.NoError(t, err)
		n, err := s.Sweep(t.Context(), now.Add(-time.Hour))
		require.NoError(t, err)
		require.Zero(t, n)
		require.Equal(t, []metering.Recorded{metering.RecordedDuplicate}, record(t, s, entry("a", "1")))
		n, err = s.Sweep(t.Context(), now.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, 2, n)
		require.Equal(t, []metering.Recorded{metering.RecordedNew}, record(t, s, entry("a", "1")))
	}},
	{"a call without events does nothing", func(t *testing.T, s metering.Store) {
		require.Empty(t, record(t, s))
	}},
	{"a call whose context has ended records nothing", func(t *testing.T, s metering.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Record(ctx, []metering.Entry{entry("a", "1")})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []metering.Recorded{metering.RecordedNew}, record(t, s, entry("a", "1")))
	}},
}
