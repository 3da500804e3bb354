package pacspace_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

func TestUsageDeltasRecordATotalExactly(t *testing.T) {
	t.Parallel()
	day := pacspace.Reference{CustomerID: "acme", Day: february(1)}
	late := day
	late.Late = 2
	for _, c := range []struct {
		name       string
		reference  pacspace.Reference
		used       string
		amounts    []string
		references []string
	}{
		{"usage is negative", day, "50", []string{"-50"}, []string{"usage:acme:2026-02-01"}},
		{"a credit is positive", day, "-3.5", []string{"3.5"}, []string{"usage:acme:2026-02-01"}},
		{"a zero day sends nothing", day, "0", nil, nil},
		{"late usage adjusts the day", late, "1", []string{"-1"}, []string{"usage:acme:2026-02-01:late-2"}},
		{"the service's bound is still one delta", day, "1000000000", []string{"-1000000000"}, []string{"usage:acme:2026-02-01"}},
		{"beyond the service's bound", day, "2500000000.5", []string{"-1000000000", "-1000000000", "-500000000.5"},
			[]string{"usage:acme:2026-02-01", "usage:acme:2026-02-01:part-2", "usage:acme:2026-02-01:part-3"}},
		{"more digits than binary64 holds", day, "123456789.12345678901", []string{"-123456789.123456", "-0.00000078901"},
			[]string{"usage:acme:2026-02-01", "usage:acme:2026-02-01:part-2"}},
		{"both, and late", late, "1000000000.0000000001", []string{"-1000000000", "-0.0000000001"},
			[]string{"usage:acme:2026-02-01:late-2", "usage:acme:2026-02-01:late-2:part-2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			deltas, err := pacspace.UsageDeltas(c.reference, number(t, c.used), nil)
			require.NoError(t, err)
			var amounts, references []string
			var sum pacspace.Decimal
			for _, d := range deltas {
				amounts = append(amounts, d.Delta.String())
				references = append(references, d.ReferenceID)
				sum = sum.Add(d.Delta)
				require.True(t, d.Delta.Binary64())
				require.Equal(t, c.reference.Late > 0, d.Adjusts != nil)
			}
			require.Equal(t, c.amounts, amounts)
			require.Equal(t, c.references, references)
			require.True(t, sum.Equal(number(t, c.used).Neg()))
		})
	}
}

func TestUsageDeltasRefuses(t *testing.T) {
	t.Parallel()
	day := pacspace.Reference{CustomerID: "acme", Day: february(1)}
	_, err := pacspace.UsageDeltas(day, number(t, "1e13"), nil)
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	require.ErrorContains(t, err, "used")
	day.Part = 2
	_, err = pacspace.UsageDeltas(day, number(t, "1"), nil)
	require.ErrorContains(t, err, "reference.part")
	_, err = pacspace.UsageDeltas(pacspace.Reference{CustomerID: "a b", Day: february(1)}, number(t, "1"), nil)
	require.ErrorIs(t, err, pacspace.ErrInvalid)
}
