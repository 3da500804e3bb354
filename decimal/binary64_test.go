package decimal_test

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
)

func TestNearest64IsWhatABinary64ReaderMakesOfANumber(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0": "0", "-42.5": "-42.5", "0.1": "0.1",
		"9007199254740993":         "9007199254740992",
		"-3000000000.123456789012": "-3000000000.123457",
		"0.30000000000000004440892098500626161694526672363281250": "0.30000000000000004",
	} {
		d, err := decimal.Parse(text)
		require.NoError(t, err)
		near, err := d.Nearest64()
		require.NoError(t, err)
		require.Equal(t, want, near.String())
		require.True(t, near.Binary64())
	}
	huge, err := decimal.Parse("1e400")
	require.NoError(t, err)
	_, err = huge.Nearest64()
	require.ErrorIs(t, err, decimal.ErrRange)
}

// However binary64 adds numbers up, the result is within the bound; and the bound is far
// too small for a number to be left out.
func TestSumError64BoundsBinary64Sums(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 64))
	for range 2_000 {
		var (
			exact, abs decimal.Decimal
			sum        float64
			n          = 1 + random.IntN(200)
		)
		for range n {
			text := strconv.FormatFloat((random.Float64()-0.5)*1e9, 'f', random.IntN(10), 64)
			d, err := decimal.Parse(text)
			require.NoError(t, err)
			f, _ := strconv.ParseFloat(text, 64)
			exact, abs, sum = exact.Add(d), abs.Add(d.Abs()), sum+f
		}
		printed, err := decimal.Parse(strconv.FormatFloat(sum, 'g', -1, 64))
		require.NoError(t, err)
		bound := decimal.SumError64(abs, n)
		require.LessOrEqual(t, printed.Sub(exact).Abs().Cmp(bound), 0, "off by %s, bound %s", printed.Sub(exact), bound)
		require.Negative(t, bound.Cmp(decimal.New(1)), "a whole unit is never rounding")
	}
}

func TestSumError64IsItsFormula(t *testing.T) {
	t.Parallel()
	abs := decimal.New(1 << 53)
	got, ok := new(big.Rat).SetString(decimal.SumError64(abs, 7).String())
	require.True(t, ok)
	require.Zero(t, got.Cmp(big.NewRat(9, 1)), "(n+2) * 2^-53 * abs")
}
