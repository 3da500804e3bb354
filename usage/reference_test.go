package usage_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/usage"
)

var day = usage.NewDate(2026, time.February, 1)

const maxSuffix = 999_999_999

func TestValidateCustomerIDHoldsTheContractsRule(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "customer_acme", "acme:gpu-seconds", "A.b-C_9:", ":", "...", ".a", strings.Repeat("x", 128)} {
		require.NoError(t, usage.ValidateCustomerID(id), id)
	}
	for _, id := range []string{"", strings.Repeat("x", 129), "a b", "a/b", "a%2Fb", "é", "a\x00", "a\n", "a\xff", "a+b", "a@b", "a,b", ".", "..", strings.Repeat("é", 10_000)} {
		err := usage.ValidateCustomerID(id)
		require.ErrorIs(t, err, usage.ErrInvalid, id)
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 1200)
	}
}

func TestTheFormsOfADaysReferences(t *testing.T) {
	t.Parallel()
	require.Equal(t, "usage:customer_acme:2026-02-01", usage.DailyReference("customer_acme", day))
	require.Equal(t, "daily_usage_flush:2026-02-01", usage.DailyReason(day))
	for text, want := range map[string]usage.Reference{
		"usage:acme:2026-02-01":                             {CustomerID: "acme", Day: day},
		"usage:acme:2026-02-01:part-2":                      {CustomerID: "acme", Day: day, Part: 2},
		"usage:acme:2026-02-01:late-1":                      {CustomerID: "acme", Day: day, Late: 1},
		"usage:acme:2026-02-01:again-1":                     {CustomerID: "acme", Day: day, Again: 1},
		"usage:acme:2026-02-01:late-12:part-34:again-56":    {CustomerID: "acme", Day: day, Late: 12, Part: 34, Again: 56},
		"usage:acme:2026-02-01:late-999999999":              {CustomerID: "acme", Day: day, Late: maxSuffix},
		"usage:acme:gpu-seconds:2026-02-01":                 {CustomerID: "acme:gpu-seconds", Day: day},
		"usage:usage:acme:2026-01-01:late-1:2026-02-01":     {CustomerID: "usage:acme:2026-01-01:late-1", Day: day},
		"usage:acme:2026-01-01:2026-02-01:again-1":          {CustomerID: "acme:2026-01-01", Day: day, Again: 1},
		"usage:acme:again-1:2026-02-01":                     {CustomerID: "acme:again-1", Day: day},
		"usage:::2026-02-01":                                {CustomerID: ":", Day: day},
		"usage:acme:part-2:2026-02-01:part-2":               {CustomerID: "acme:part-2", Day: day, Part: 2},
		"usage:acme:2026-02-01:late-1:part-2:2026-02-01":    {CustomerID: "acme:2026-02-01:late-1:part-2", Day: day},
		"usage:" + strings.Repeat("x", 128) + ":2026-02-01": {CustomerID: strings.Repeat("x", 128), Day: day},
		"usage:acme:9999-12-31:again-2":                     {CustomerID: "acme", Day: lastDay, Again: 2},
	} {
		t.Run(text[:min(len(text), 60)], func(t *testing.T) {
			t.Parallel()
			got, err := usage.ParseReference(text)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, text, got.String())
			require.NoError(t, got.Validate())
			base := got.Base()
			require.Zero(t, base.Again)
			require.Equal(t, text[:len(base.String())], base.String(), "a repeat only adds to its base")
		})
	}
}

func TestParseReferenceRefusesEveryOtherText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "usage:", "usage", "usage:2026-02-01", "usage::2026-02-01", "acme:2026-02-01", "Usage:acme:2026-02-01", " usage:acme:2026-02-01", "usage:acme:2026-02-01 ",
		"inv_2026_02_item_001", "sum_0123456789abcdef", "usage:acme", "usage:acme:2026-02-30", "usage:acme:2026-2-1", "usage:acme:0000-00-00", "usage:acme:2026-02-01:",
		"usage:acme:2026-02-01:late-0", "usage:acme:2026-02-01:late-01", "usage:acme:2026-02-01:late-", "usage:acme:2026-02-01:late--1", "usage:acme:2026-02-01:late-+1", "usage:acme:2026-02-01:late-1 ",
		"usage:acme:2026-02-01:Late-1", "usage:acme:2026-02-01:late-1000000000", "usage:acme:2026-02-01:late-99999999999999999999", "usage:acme:2026-02-01:late-١",
		"usage:acme:2026-02-01:part-1", "usage:acme:2026-02-01:part-0", "usage:acme:2026-02-01:again-0",
		"usage:acme:2026-02-01:part-2:late-1", "usage:acme:2026-02-01:again-1:late-1", "usage:acme:2026-02-01:again-1:part-2", // out of order
		"usage:acme:2026-02-01:late-1:late-2", "usage:acme:2026-02-01:again-1:again-1", "usage:acme:2026-02-01:part-2:part-2", // twice
		"usage:ac me:2026-02-01", "usage:é:2026-02-01", "usage:" + strings.Repeat("x", 129) + ":2026-02-01", strings.Repeat("usage:", 100_000),
	} {
		got, err := usage.ParseReference(text)
		require.ErrorIs(t, err, usage.ErrInvalid, text)
		require.Equal(t, usage.Reference{}, got)
		require.Less(t, len(err.Error()), 1200)
	}
}

// What Validate refuses must not turn into the text of another, valid reference.
func TestAnInvalidReferenceHasNoTextThatParses(t *testing.T) {
	t.Parallel()
	for _, r := range []usage.Reference{
		{}, {CustomerID: "acme"}, {Day: day}, {CustomerID: "a b", Day: day}, {CustomerID: "acme:2026-01-01:late-1"},
		{CustomerID: "acme", Day: day, Late: -1}, {CustomerID: "acme", Day: day, Part: 1}, {CustomerID: "acme", Day: day, Part: -2}, {CustomerID: "acme", Day: day, Again: -1},
		{CustomerID: "acme", Day: day, Late: maxSuffix + 1}, {CustomerID: "acme", Day: day, Part: maxSuffix + 1}, {CustomerID: "acme", Day: day, Again: maxSuffix + 1},
	} {
		require.ErrorIs(t, r.Validate(), usage.ErrInvalid, r)
		_, err := usage.ParseReference(r.String())
		require.ErrorIs(t, err, usage.ErrInvalid, r)
	}
}

// Two references have one text only if they are one reference. Customer ids are made of
// the very pieces that could confuse them.
func TestReferenceTextsAreInjective(t *testing.T) {
	t.Parallel()
	pieces := []string{"a", ":", "usage:", ":2026-02-01", "2026-02-01", ":late-1", ":part-2", ":again-1", "late-1", "-", "1", ".x"}
	days := []usage.Date{day, day.AddDays(1), firstDay, lastDay}
	random := rand.New(rand.NewPCG(4, 2))
	seen := map[string]usage.Reference{}
	for range 200_000 {
		var r usage.Reference
		for range 1 + random.IntN(5) {
			r.CustomerID += pieces[random.IntN(len(pieces))]
		}
		r.Day = days[random.IntN(len(days))]
		r.Late, r.Part, r.Again = random.IntN(3), random.IntN(3), random.IntN(3)
		if r.Part > 0 {
			r.Part++ // there is no part 1
		}
		text := r.String()
		if other, ok := seen[text]; ok && other != r {
			t.Fatalf("%#v and %#v are both %s", r, other, text)
		}
		seen[text] = r
		if back, err := usage.ParseReference(text); err != nil || back != r {
			t.Fatalf("%#v reads back as %#v, %v", r, back, err)
		}
	}
	require.Greater(t, len(seen), 50_000)
}

// Whatever the text: what is taken is valid, prints as it was, and its parts make it anew.
func FuzzParseReference(f *testing.F) {
	for _, text := range []string{
		"usage:acme:2026-02-01", "usage:acme:gpu:2026-02-01:late-1:part-2:again-3", "usage:a:2026-01-01:late-1:2026-02-01", "usage:acme:2026-02-01:part-1", "usage:acme:2026-02-30", "sum_00",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := usage.ParseReference(text)
		if err != nil {
			require.ErrorIs(t, err, usage.ErrInvalid)
			require.Equal(t, usage.Reference{}, r)
			require.False(t, strings.ContainsAny(err.Error(), "\n\r"))
			return
		}
		require.NoError(t, r.Validate())
		require.Equal(t, text, r.String())
		require.True(t, strings.HasPrefix(text, usage.DailyReference(r.CustomerID, r.Day)))
		require.Equal(t, r.Late == 0 && r.Part == 0 && r.Again == 0, text == usage.DailyReference(r.CustomerID, r.Day))
	})
}

// Whatever the fields: valid ones read back, others never read as something else.
func FuzzReference(f *testing.F) {
	f.Add("acme", 2026, 2, 1, 0, 0, 0)
	f.Add("a:2026-01-01:late-1", 9999, 12, 31, 1, 2, 3)
	f.Add("", 0, 0, 0, -1, 1, -1)
	f.Fuzz(func(t *testing.T, id string, y, m, d, late, part, again int) {
		r := usage.Reference{CustomerID: id, Day: usage.NewDate(y, time.Month(m), d), Late: late, Part: part, Again: again}
		back, err := usage.ParseReference(r.String())
		if r.Validate() != nil {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, r, back)
	})
}
