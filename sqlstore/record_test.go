package sqlstore_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
)

func TestSumsAreExactWhateverTheirScaleAndMagnitude(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		s := newStore(t, b)
		amounts := []string{"0.1", "0.2", "-0.3", "123456789012345678901234567890.000000000001", "-1", "0.0000000000000000000000000000000000000001"}
		want := decimal.Decimal{}
		for i, a := range amounts {
			_, err := s.Record(t.Context(), []metering.Entry{entry(fmt.Sprint("e", i), a)})
			require.NoError(t, err)
			want = want.Add(storetest.Dec(a))
		}
		got := bucket(t, s, "acme", day)
		require.Equal(t, want.String(), got.Open.String())
		require.EqualValues(t, len(amounts), got.Count)
	})
}

func TestAnAmountThatNoSumCouldHoldIsRefused(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		s := newStore(t, b)
		_, err := s.Record(t.Context(), []metering.Entry{entry("a", "1"), entry("b", strings.Repeat("9", 41))})
		require.ErrorContains(t, err, `event "b": amount of 41 and 0 digits`)
		require.Nil(t, bucket(t, s, "acme", day), "nothing of the call is stored")
	})
}

// Ids are packed where they are UUIDs or ULIDs, which must not make two of them one.
func TestIDsOfAllFormsStayApart(t *testing.T) {
	t.Parallel()
	ids := []string{
		"018f4d2e-7b1a-7c3d-9e5f-0123456789ab", "018F4D2E-7B1A-7C3D-9E5F-0123456789AB", "018f4d2e7b1a7c3d9e5f0123456789ab",
		"018f4d2e-7b1a-7c3d-9e5f-0123456789ac", "01HZ3Q8W5Y0000000000000000", "01hz3q8w5y0000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
		"8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01HZ3Q8W5YI000000000000000", " ", "é", "e\u0301", "a", "A", strings.Repeat("x", 512),
		"\x01\x8f\x4d\x2e\x7b\x1a\x7c\x3d\x9e\x5f\x01\x23\x45\x67\x89\xab\x00",
	}
	onEach(t, func(t *testing.T, b backend) {
		s := newStore(t, b)
		for range 2 {
			var entries []metering.Entry
			for _, id := range ids {
				entries = append(entries, entry(id, "1"))
			}
			_, err := s.Record(t.Context(), entries)
			require.NoError(t, err)
			require.EqualValues(t, len(ids), bucket(t, s, "acme", day).Count)
		}
		for _, id := range []string{"", strings.Repeat("x", 513)} {
			_, err := s.Record(t.Context(), []metering.Entry{entry(id, "1")})
			require.ErrorContains(t, err, "it must have 1 to 512")
		}
	})
}

func TestBatchesOfAllSizesNameWhichWereNew(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		s := newStore(t, b)
		known := map[string]bool{}
		for _, n := range []int{1, 49, 50, 51, 137} {
			var entries []metering.Entry
			var want []metering.Recorded
			for i := range n {
				e := entry(fmt.Sprintf("id-%04d", i*7919%(2*n)), "1") // in no order, some of them known
				e.CustomerID = fmt.Sprint("customer-", i%60)
				e.Fingerprint = 1
				entries = append(entries, e)
				if known[e.ID] {
					want = append(want, metering.RecordedDuplicate)
				} else {
					want = append(want, metering.RecordedNew)
				}
				known[e.ID] = true
			}
			got, err := s.Record(t.Context(), entries)
			require.NoError(t, err)
			require.Equal(t, want, got, "%d entries", n)
		}
	})
}

func TestReplicasThatAreGivenTheSameEventsCountThemOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		connect := b.newDB(t)
		const replicas, batches, size = 4, 10, 200
		stores := make([]*namedStore, replicas)
		for i := range stores {
			stores[i] = &namedStore{Store: openStore(t, b, connect())}
		}
		var wg sync.WaitGroup
		for _, s := range stores {
			wg.Go(func() {
				for n := range batches {
					var entries []metering.Entry
					for i := range size {
						e := entry(fmt.Sprintf("id-%02d-%04d", n, i), "0.1")
						e.CustomerID = fmt.Sprint("customer-", i%17)
						entries = append(entries, e)
					}
					// Each replica brings them in another order.
					for i := range entries {
						j := (i*31 + s.fresh) % size
						entries[i], entries[j] = entries[j], entries[i]
					}
					results, err := s.Record(t.Context(), entries)
					if err != nil {
						s.err = err
						return
					}
					for _, r := range results {
						if r == metering.RecordedNew {
							s.fresh++
						}
					}
				}
			})
		}
		wg.Wait()
		fresh := 0
		for _, s := range stores {
			require.NoError(t, s.err)
			fresh += s.fresh
		}
		require.Equal(t, batches*size, fresh, "each event is new to one replica")
		sum := decimal.Decimal{}
		for i := range 17 {
			sum = sum.Add(bucket(t, stores[0], fmt.Sprint("customer-", i), day).Open)
		}
		require.Equal(t, fmt.Sprint(batches*size/10), sum.String())
	})
}

// namedStore is a replica with what it found new.
type namedStore struct {
	metering.Store
	fresh int
	err   error
}
