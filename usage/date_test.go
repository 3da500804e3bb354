package usage_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/usage"
)

var (
	firstDay = usage.NewDate(1, time.January, 1)
	lastDay  = usage.NewDate(9999, time.December, 31)
)

func TestADateIsTheUTCDayOfAnInstant(t *testing.T) {
	t.Parallel()
	tokyo, honolulu := time.FixedZone("Tokyo", 9*60*60), time.FixedZone("Honolulu", -10*60*60)
	for name, c := range map[string]struct {
		at   time.Time
		want string
	}{
		"the first instant":          {time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), "2026-02-01"},
		"the last instant":           {time.Date(2026, 2, 1, 23, 59, 59, 999_999_999, time.UTC), "2026-02-01"},
		"early in the east":          {time.Date(2026, 2, 1, 8, 59, 0, 0, tokyo), "2026-01-31"},
		"late in the west":           {time.Date(2026, 2, 28, 14, 0, 0, 0, honolulu), "2026-03-01"},
		"before 1970":                {time.Date(1969, 12, 31, 23, 59, 59, 1, time.UTC), "1969-12-31"},
		"the start of 1970":          {time.Unix(0, 0), "1970-01-01"},
		"a leap day":                 {time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC), "2028-02-29"},
		"the first day there is":     {time.Time{}, "0001-01-01"},
		"the last day there is":      {time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), "9999-12-31"},
		"before all days":            {time.Time{}.Add(-1), "0000-00-00"},
		"after all days":             {time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "0000-00-00"},
		"as far as an instant goes":  {time.Unix(math.MaxInt64, 0), "0000-00-00"},
		"as early as an instant can": {time.Unix(math.MinInt64, 0), "0000-00-00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, usage.DateOf(c.at).String())
			require.Equal(t, c.want == "0000-00-00", usage.DateOf(c.at).IsZero())
		})
	}
}

func TestNewDateNormalisesLikeTimeDate(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]usage.Date{
		"2026-02-01": usage.NewDate(2026, time.February, 1),
		"2026-03-02": usage.NewDate(2026, time.February, 30),
		"2028-03-01": usage.NewDate(2028, time.February, 30),
		"2027-01-31": usage.NewDate(2026, 13, 31),
		"2026-01-31": usage.NewDate(2026, time.February, 0),
		"2025-12-01": usage.NewDate(2026, 0, 1),
		"9999-12-30": usage.NewDate(10000, time.January, -1),
	} {
		require.Equal(t, want, got.String())
	}
	for _, none := range []usage.Date{
		{}, usage.NewDate(0, time.December, 31), usage.NewDate(10000, time.January, 1), usage.NewDate(-2026, time.January, 1),
		usage.NewDate(math.MaxInt, time.January, 1), usage.NewDate(math.MinInt, math.MinInt, math.MinInt), usage.NewDate(math.MinInt, 1, 1), usage.NewDate(2026, math.MinInt, 1), usage.NewDate(2026, 1, math.MinInt), usage.NewDate(2026, math.MaxInt, 1), usage.NewDate(2026, 1, math.MaxInt),
	} {
		require.True(t, none.IsZero())
		require.Equal(t, usage.Date{}, none)
	}
}

func TestParseDateTakesAnExistingDayInOneSpelling(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-02-01", "2028-02-29", "0001-01-01", "9999-12-31", "1969-07-20"} {
		d, err := usage.ParseDate(text)
		require.NoError(t, err)
		require.Equal(t, text, d.String())
	}
	for _, text := range []string{
		"", "2026", "2026-02", "2026-2-1", "2026-02-1", "26-02-01", "2026-02-30", "2026-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "0000-01-01", "0000-00-00",
		"10000-01-01", "+2026-02-01", "-2026-02-01", " 2026-02-01", "2026-02-01 ", "2026-02-01T00:00:00Z", "2026/02/01", "20260201", "2026-02-01\n", "２０２６-02-01",
	} {
		d, err := usage.ParseDate(text)
		require.ErrorIs(t, err, usage.ErrInvalid, text)
		require.True(t, d.IsZero())
	}
}

// Day by day through whole cycles of the calendar, the first, the present and the last one:
// text, arithmetic, order, instants and month.
func TestDaysAgreeWithPackageTime(t *testing.T) {
	t.Parallel()
	const cycle = 146097 // days in 400 years
	for _, from := range []usage.Date{firstDay, usage.NewDate(1800, time.January, 1), lastDay.AddDays(-cycle)} {
		t.Run(from.String(), func(t *testing.T) {
			t.Parallel()
			previous := from
			for i := 1; i <= cycle; i++ {
				at := from.Start().AddDate(0, 0, i)
				d := from.AddDays(i)
				if d != usage.DateOf(at) || d != usage.NewDate(at.Date()) || d.Start() != at || d.End() != at.AddDate(0, 0, 1) ||
					d.String() != at.Format("2006-01-02") || string(d.Period()) != at.Format("2006-01") ||
					!previous.Before(d) || d.AddDays(-1) != previous || d.AddDays(-i) != from {
					t.Fatalf("%s is %v", at, d)
				}
				previous = d
			}
		})
	}
	require.Equal(t, lastDay, firstDay.AddDays(3652058))
	require.Equal(t, firstDay, lastDay.AddDays(-3652058))
}

func TestDaysEndWhereTheYearsEnd(t *testing.T) {
	t.Parallel()
	require.True(t, lastDay.AddDays(1).IsZero())
	require.True(t, firstDay.AddDays(-1).IsZero())
	require.True(t, lastDay.AddDays(math.MaxInt).IsZero())
	require.True(t, firstDay.AddDays(math.MinInt).IsZero())
	require.True(t, usage.Date{}.AddDays(1).IsZero(), "no day has no next day")
	require.Equal(t, 10000, lastDay.End().Year())
	require.True(t, usage.Date{}.Start().IsZero())
	require.True(t, usage.Date{}.End().IsZero())
	require.Equal(t, usage.Period(""), usage.Date{}.Period())
}

func TestDatesAreOrderedAndEqualByValue(t *testing.T) {
	t.Parallel()
	a, b := usage.NewDate(2026, time.February, 1), usage.NewDate(2026, time.February, 2)
	require.True(t, a.Before(b) && b.After(a) && !a.Before(a) && !a.After(a))
	require.Equal(t, a, b.AddDays(-1))
	require.Len(t, map[usage.Date]bool{a: true, b: true, b.AddDays(-1): true}, 2)
	days := []usage.Date{b, {}, a}
	slices.SortFunc(days, usage.Date.Compare)
	require.Equal(t, []usage.Date{{}, a, b}, days)
}

func TestDateTexts(t *testing.T) {
	t.Parallel()
	type row struct {
		Day   usage.Date         `json:"day"`
		Until usage.Date         `json:"until,omitzero"`
		Sums  map[usage.Date]int `json:"sums,omitempty"`
	}
	day := usage.NewDate(2026, time.February, 1)
	text, err := json.Marshal(row{Day: day, Sums: map[usage.Date]int{day: 3}})
	require.NoError(t, err)
	require.Equal(t, `{"day":"2026-02-01","sums":{"2026-02-01":3}}`, string(text))
	var back row
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, row{Day: day, Sums: map[usage.Date]int{day: 3}}, back)

	require.ErrorIs(t, json.Unmarshal([]byte(`{"day":"2026-02-30"}`), &back), usage.ErrInvalid)
	require.Equal(t, day, back.Day, "a refusal changes nothing")
	_, err = json.Marshal(row{})
	require.ErrorIs(t, err, usage.ErrInvalid, "a day that is not set has no text")

	require.Equal(t, "2026-02-01 {2026-02-01} usage.NewDate(2026, time.February, 1) usage.Date{}",
		fmt.Sprintf("%v %v %#v %#v", day, struct{ D usage.Date }{day}, day, usage.Date{}))
}
