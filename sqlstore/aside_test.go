package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// SQLite adds events to their buckets many calls later; nobody may notice.
func TestEventsOfManyCallsAndTwoProcessesAreInTheirBuckets(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{modernc, ncruces} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			connect := b.newDB(t)
			stores := []*sqlstore.Store{openStore(t, b, connect()), openStore(t, b, connect())}
			customers := []string{"acme", "a\tb", "a\nb", `a"b\`, "é"}
			want := map[string]decimal.Decimal{}
			count := map[string]int64{}
			due := day.End().Add(time.Hour)
			for i := range 400 {
				e := entry(fmt.Sprint("e", i), fmt.Sprintf("0.%03d", i))
				e.CustomerID = customers[i%len(customers)]
				e.Time = day.Start().Add(time.Duration(i) * time.Second)
				e.Due = due.Add(time.Duration(i) * time.Minute)
				e.Dimensions = map[string]string{"n": fmt.Sprint(i % 10)}
				_, err := stores[i%2].Record(t.Context(), []metering.Entry{e})
				require.NoError(t, err)
				want[e.CustomerID] = want[e.CustomerID].Add(e.Amount)
				count[e.CustomerID]++
				if i%150 == 7 {
					got := bucket(t, stores[(i+1)%2], e.CustomerID, day)
					require.Equal(t, want[e.CustomerID].String(), got.Open.String(), "what was acknowledged is seen by the other one")
				}
			}
			stores = append(stores, openStore(t, b, connect()))
			for n, name := range customers {
				for _, s := range stores {
					got := bucket(t, s, name, day)
					require.Equal(t, want[name].String(), got.Open.String())
					require.Equal(t, count[name], got.Count)
					require.Equal(t, day.Start().Add(time.Duration(n)*time.Second), got.First)
					require.Equal(t, day.Start().Add(time.Duration(395+n)*time.Second), got.Last)
					require.Equal(t, due.Add(time.Duration(n)*time.Minute), got.Due, "that of the event that opened it")
					require.Equal(t, []string{fmt.Sprint(n), fmt.Sprint(n + 5)}, got.Dimensions["n"])
				}
			}
		})
	}
}

func TestWhatWasSetAsideIsKeptWhereItCannotBeRead(t *testing.T) {
	t.Parallel()
	db := modernc.newDB(t)()
	s := openStore(t, modernc, db)
	_, err := s.Record(t.Context(), []metering.Entry{entry("a", "1")})
	require.NoError(t, err)
	_, err = db.Exec("UPDATE meter_aside SET additions = 'x' || additions")
	require.NoError(t, err)
	nothing := func(metering.Tx) error { return nil }
	require.ErrorContains(t, s.View(t.Context(), nothing), "meter_aside is not what was written")
	require.ErrorContains(t, s.Update(t.Context(), nothing), "meter_aside is not what was written")
	_, err = db.Exec("UPDATE meter_aside SET additions = substr(additions, 2)")
	require.NoError(t, err)
	require.Equal(t, "1", bucket(t, s, "acme", day).Open.String())
}
