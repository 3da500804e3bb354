package trace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/examples/internal/trace"
	"github.com/pacspace/pacspace-go/usage"
)

// The trace is what its package says it is.
func TestTrace(t *testing.T) {
	t.Parallel()
	u, err := trace.Read()
	require.NoError(t, err)
	first, last := usage.NewDate(2026, time.February, 1), usage.NewDate(2026, time.February, 28)

	calls := map[string]map[usage.Date]int{} // in time, per customer and day
	late := 0
	for _, total := range u.Totals {
		if total.Late > 0 {
			late++
			require.Equal(t, "customer_elm", total.CustomerID)
			require.Equal(t, usage.NewDate(2026, time.February, 17), total.Day)
			require.Equal(t, usage.NewDate(2026, time.February, 19), total.Due)
			require.Equal(t, 1, total.Calls)
			require.Equal(t, "37", total.Amount.String())
			continue
		}
		require.Equal(t, total.Day, total.Due)
		require.Equal(t, 1, total.Amount.Sign())
		if calls[total.CustomerID] == nil {
			calls[total.CustomerID] = map[usage.Date]int{}
		}
		calls[total.CustomerID][total.Day] = total.Calls
	}

	t.Run("five customers, all of February", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, []string{"customer_acme", "customer_birch", "customer_cedar", "customer_elm", "customer_fir"}, u.Customers)
		require.Equal(t, first, usage.DateOf(u.First))
		require.Equal(t, last, usage.DateOf(u.Last))
	})

	t.Run("one customer is idle for one day, and nobody else ever", func(t *testing.T) {
		t.Parallel()
		for _, customer := range u.Customers {
			for day := range usage.Period("2026-02").Days() {
				idle := customer == "customer_birch" && day == usage.NewDate(2026, time.February, 14)
				require.Equal(t, idle, calls[customer][day] == 0, "%s on %s", customer, day)
			}
		}
	})

	t.Run("one line arrives after its day was settled", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, 1, late)
		require.Len(t, u.Totals, 5*28-1+1)
	})

	t.Run("an office works on weekdays, by day", func(t *testing.T) {
		t.Parallel()
		var week, weekend int
		for day, n := range calls["customer_acme"] {
			if d := day.Start().Weekday(); d == time.Saturday || d == time.Sunday {
				weekend += n
			} else {
				week += n
			}
		}
		require.Greater(t, week/20, 3*weekend/8)
	})

	t.Run("releases make bursts", func(t *testing.T) {
		t.Parallel()
		elm := calls["customer_elm"]
		for _, day := range []int{5, 12, 24} {
			require.Greater(t, elm[usage.NewDate(2026, time.February, day)], 3*elm[usage.NewDate(2026, time.February, 4)])
		}
	})

	t.Run("one customer is billed in tenths, the others in whole minutes", func(t *testing.T) {
		t.Parallel()
		for _, total := range u.Totals {
			if total.CustomerID != "customer_cedar" {
				require.NotContains(t, total.Amount.String(), ".")
			}
		}
		require.Contains(t, string(trace.CSV()), ",customer_cedar,63.3,")
		require.Contains(t, u.Sum.String(), ".")
	})

	t.Run("it is small, plain text in the order of arrival", func(t *testing.T) {
		t.Parallel()
		text := string(trace.CSV())
		require.Less(t, len(text), 200_000)
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		require.Len(t, lines, u.Calls+1)
		before := ""
		for _, line := range lines[1:] {
			arrived := line[strings.LastIndex(line, ",")+1:]
			require.GreaterOrEqual(t, arrived, before)
			before = arrived
		}
	})

	t.Run("a copy of it can be changed", func(t *testing.T) {
		t.Parallel()
		clear(trace.CSV())
		again, err := trace.Read()
		require.NoError(t, err)
		require.True(t, u.Sum.Equal(again.Sum))
	})
}
