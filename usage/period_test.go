package usage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/usage"
)

func TestParsePeriodTakesAMonthInOneSpelling(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-02", "0001-01", "9999-12"} {
		p, err := usage.ParsePeriod(text)
		require.NoError(t, err)
		require.Equal(t, text, p.String())
	}
	for _, text := range []string{"", "2026", "2026-2", "2026-13", "2026-00", "0000-12", "10000-01", "2026-02-01", " 2026-02", "2026-02 ", "202602", "2026/02", "Feb 2026"} {
		p, err := usage.ParsePeriod(text)
		require.ErrorIs(t, err, usage.ErrInvalid, text)
		require.Empty(t, p)
		require.ErrorIs(t, usage.Period(text).Validate(), usage.ErrInvalid)
	}
}

func TestAPeriodIsItsDays(t *testing.T) {
	t.Parallel()
	for period, count := range map[usage.Period]int{"2026-02": 28, "2028-02": 29, "2100-02": 28, "2000-02": 29, "2026-04": 30, "2026-12": 31, "0001-01": 31, "9999-12": 31} {
		t.Run(period.String(), func(t *testing.T) {
			t.Parallel()
			days := slices.Collect(period.Days())
			require.Len(t, days, count)
			require.Equal(t, period.First(), days[0])
			require.Equal(t, period.Last(), days[count-1])
			require.True(t, slices.IsSortedFunc(days, usage.Date.Compare))
			for _, d := range days {
				require.Equal(t, period, d.Period())
				require.True(t, period.Contains(d))
				require.Equal(t, period, usage.PeriodOf(d.Start()))
				require.Equal(t, period, usage.PeriodOf(d.End().Add(-1)))
			}
			require.False(t, period.Contains(period.First().AddDays(-1)))
			require.False(t, period.Contains(period.Last().AddDays(1)))
			require.Equal(t, period.Start(), days[0].Start())
			require.Equal(t, period.End(), days[count-1].End())
		})
	}
	for range usage.Period("2026-02").Days() {
		break // a caller may stop
	}
}

func TestPeriodsFollowEachOther(t *testing.T) {
	t.Parallel()
	for p := usage.Period("1999-11"); p != "2101-01"; p = p.Next() {
		next := p.Next()
		require.Equal(t, p, next.Previous())
		require.True(t, next.Window().Follows(p.Window()))
		require.False(t, next.Window().Overlaps(p.Window()))
		require.True(t, next.RecordingWindow().Follows(p.RecordingWindow()), "each delta is on exactly one invoice")
		require.False(t, next.RecordingWindow().Overlaps(p.RecordingWindow()))
	}
	require.Empty(t, usage.Period("9999-12").Next())
	require.Empty(t, usage.Period("0001-01").Previous())
}

func TestThePeriodOfAnInstantIsTheOneInUTC(t *testing.T) {
	t.Parallel()
	require.Equal(t, usage.Period("2026-01"), usage.PeriodOf(time.Date(2026, 2, 1, 3, 0, 0, 0, time.FixedZone("Tokyo", 9*60*60))))
	require.Empty(t, usage.PeriodOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)))
	require.Empty(t, usage.PeriodOf(time.Time{}.Add(-1)))
}

// The delta of a day is flushed within the next one, so this is when a month's deltas are
// recorded.
func TestTheRecordingWindowHoldsTheFlushesOfTheMonthsDays(t *testing.T) {
	t.Parallel()
	february := usage.Period("2026-02")
	w := february.RecordingWindow()
	require.Equal(t, "[2026-02-02T00:00:00Z, 2026-03-02T00:00:00Z)", w.String())
	for day := range february.Days() {
		require.True(t, w.Contains(day.End()))
		require.True(t, w.Contains(day.End().Add(24*time.Hour-1)))
	}
	require.False(t, w.Contains(february.First().Start()), "January's last day is flushed here")
	require.False(t, w.Contains(february.Next().First().End()), "March's first day is flushed here")
}

func TestAPeriodThatIsNoneHasNothing(t *testing.T) {
	t.Parallel()
	none := usage.Period("2026-13")
	require.True(t, none.First().IsZero() && none.Last().IsZero() && none.Start().IsZero() && none.End().IsZero())
	require.Empty(t, slices.Collect(none.Days()))
	require.Empty(t, none.Next())
	require.Empty(t, none.Previous())
	require.False(t, none.Contains(usage.Date{}))
	require.Equal(t, usage.Window{}, none.Window())
	require.Equal(t, usage.Window{}, none.RecordingWindow())
	require.ErrorIs(t, none.RecordingWindow().Validate(), usage.ErrInvalid)
}

func TestWindows(t *testing.T) {
	t.Parallel()
	at := func(hour int) time.Time { return time.Date(2026, 2, 1, hour, 0, 0, 0, time.UTC) }
	w := usage.Window{Start: at(6), End: at(12)}

	require.NoError(t, w.Validate())
	for _, bad := range []usage.Window{{}, {Start: at(6)}, {End: at(6)}, {Start: at(6), End: at(6)}, {Start: at(7), End: at(6)}} {
		require.ErrorIs(t, bad.Validate(), usage.ErrInvalid)
		require.False(t, bad.Overlaps(w) && !bad.Start.Before(bad.End), "what holds no instant overlaps nothing")
	}

	require.True(t, w.Contains(at(6)), "the start is in")
	require.True(t, w.Contains(at(12).Add(-1)))
	require.False(t, w.Contains(at(12)), "the end is not")
	require.False(t, w.Contains(at(6).Add(-1)))

	for name, c := range map[string]struct {
		other             usage.Window
		overlaps, follows bool
	}{
		"before with a gap": {usage.Window{Start: at(1), End: at(5)}, false, false},
		"right before":      {usage.Window{Start: at(1), End: at(6)}, false, true},
		"across the start":  {usage.Window{Start: at(1), End: at(7)}, true, false},
		"within":            {usage.Window{Start: at(7), End: at(8)}, true, false},
		"the same":          {w, true, false},
		"around":            {usage.Window{Start: at(1), End: at(20)}, true, false},
		"right after":       {usage.Window{Start: at(12), End: at(20)}, false, false},
	} {
		require.Equal(t, c.overlaps, w.Overlaps(c.other), name)
		require.Equal(t, c.overlaps, c.other.Overlaps(w), name)
		require.Equal(t, c.follows, w.Follows(c.other), name)
	}

	elsewhere := usage.Window{Start: w.Start.In(time.FixedZone("Tokyo", 9*60*60)), End: w.End.Local()}
	require.True(t, w.Equal(elsewhere))
	require.False(t, w.Equal(usage.Window{Start: at(6), End: at(13)}))
	require.Equal(t, w.String(), elsewhere.String())
}
