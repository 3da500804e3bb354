package decimal_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
)

// Whatever the text: Parse takes exactly the JSON numbers within the bounds, String is
// plain and reads back, and the value is the one that big.Rat reads.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"0", "-0.0", "-12.50", "1e400", "1e-401", "0e999999999999", "1e1000000000", "01", ".5", "9007199254740993", "0.30000000000000004", "+1", "1e"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := decimal.Parse(text)
		if !json.Valid([]byte(text)) || strings.Trim(text, "0123456789+-.eE") != "" {
			require.ErrorIs(t, err, decimal.ErrSyntax)
			return
		}
		if outOfBounds(text) {
			require.ErrorIs(t, err, decimal.ErrRange)
			return
		}
		require.NoError(t, err)

		plain := d.String()
		require.NotContains(t, plain, "e")
		require.NotEqual(t, "-0", plain)
		require.False(t, strings.Contains(plain, ".") && strings.HasSuffix(plain, "0"), plain)
		back, err := decimal.Parse(plain)
		require.NoError(t, err)
		require.True(t, back.Equal(d))
		require.Equal(t, plain, back.String())

		exact := rat(t, plain)
		if mantissa, _, _ := strings.Cut(strings.ToLower(text), "e"); strings.Trim(mantissa, "-0.") == "" {
			require.Equal(t, "0", plain) // whatever the exponent, which big.Rat cannot afford
		} else {
			require.Zero(t, exact.Cmp(rat(t, text)))
		}
		require.Equal(t, exact.Sign(), d.Sign())

		nearest, _ := exact.Float64()
		survives := !math.IsInf(nearest, 0) && exact.Cmp(rat(t, strconv.FormatFloat(nearest, 'e', -1, 64))) == 0
		require.Equal(t, survives, d.Binary64())
		if out, err := d.AppendJSON(nil); err == nil {
			require.Zero(t, exact.Cmp(rat(t, string(out))))
		}
	})
}

// Sums, differences, products and order agree with rational arithmetic.
func FuzzArithmetic(f *testing.F) {
	f.Add("0.1", "0.2")
	f.Add("-1e400", "1e-400")
	f.Add("9223372036854775807", "1.000")
	f.Add("99999999999999999999", "-99999999999999999999")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, errX := decimal.Parse(a)
		y, errY := decimal.Parse(b)
		if errors.Join(errX, errY) != nil {
			return
		}
		p, q := rat(t, x.String()), rat(t, y.String())
		for name, c := range map[string]struct {
			got  decimal.Decimal
			want *big.Rat
		}{
			"sum": {x.Add(y), new(big.Rat).Add(p, q)}, "difference": {x.Sub(y), new(big.Rat).Sub(p, q)}, "product": {x.Mul(y), new(big.Rat).Mul(p, q)},
			"negative": {x.Neg(), new(big.Rat).Neg(p)}, "absolute": {x.Abs(), new(big.Rat).Abs(p)},
		} {
			require.Zero(t, c.want.Cmp(rat(t, c.got.String())), name)
		}
		require.Equal(t, p.Cmp(q), x.Cmp(y))
		require.Equal(t, p.Cmp(q) == 0, x.Equal(y))
		require.Equal(t, p.Cmp(q) == 0, x.String() == y.String())
		require.True(t, x.Add(y).Sub(y).Equal(x))
	})
}

func rat(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	require.True(t, ok, text)
	return r
}

// outOfBounds applies the documented bounds to a JSON number by cutting up its text.
func outOfBounds(text string) bool {
	mantissa, power, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(text, "-")), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return false
	}
	exponent := new(big.Int)
	if power != "" {
		exponent.SetString(strings.TrimPrefix(power, "+"), 10)
	}
	significant := strings.TrimRight(digits, "0")
	exponent.Add(exponent, big.NewInt(int64(len(digits)-len(significant)-len(fraction))))
	return len(significant) > decimal.MaxDigits || exponent.CmpAbs(big.NewInt(decimal.MaxExponent)) > 0
}
