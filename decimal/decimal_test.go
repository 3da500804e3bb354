package decimal_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	shopspring "github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
)

func parse(t testing.TB, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	require.NoError(t, err)
	return d
}

func TestParseReadsJSONNumbersAndStringPrintsThemPlainly(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("0", 400)
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.000": "0", "-0e5": "0", "0e99999999999999999999": "0", "0e-99999999999999999999": "0",
		"1": "1", "-12.50": "-12.5", "100": "100", "100.000": "100", "1.5000": "1.5", "0.05": "0.05", "-0.5": "-0.5",
		"1e3": "1000", "1E+3": "1000", "1.5e-3": "0.0015", "150e-1": "15", "15e-1": "1.5", "1e-7": "0.0000001", "1e007": "10000000", "1.23e1": "12.3",
		"999999999999999999": "999999999999999999", "1000000000000000000": "1000000000000000000", "9999999999999999999.9": "9999999999999999999.9",
		"12345678901234567890.10":      "12345678901234567890.1",
		"1e400":                        "1" + zeros,
		"-1e-400":                      "-0." + zeros[1:] + "1",
		"1" + zeros + zeros + "e-800":  "1",
		"0." + zeros + zeros + "1e801": "1",
		"5e-324":                       "0." + zeros[:323] + "5",
		"1." + zeros + zeros + zeros:   "1",
		strings.Repeat("7", 128):       strings.Repeat("7", 128),
	} {
		t.Run(text[:min(len(text), 24)], func(t *testing.T) {
			t.Parallel()
			d := parse(t, text)
			require.Equal(t, want, d.String())
			require.True(t, d.Equal(parse(t, want)))
		})
	}
}

func TestParseRefusesWhatIsNoJSONNumberAndWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	for text, kind := range map[string]error{
		"": decimal.ErrSyntax, " 1": decimal.ErrSyntax, "1 ": decimal.ErrSyntax, "+1": decimal.ErrSyntax, "-": decimal.ErrSyntax, "--1": decimal.ErrSyntax,
		".5": decimal.ErrSyntax, "5.": decimal.ErrSyntax, "-.5": decimal.ErrSyntax, "01": decimal.ErrSyntax, "-01": decimal.ErrSyntax, "00": decimal.ErrSyntax,
		"1e": decimal.ErrSyntax, "1e+": decimal.ErrSyntax, "e5": decimal.ErrSyntax, "1e5.0": decimal.ErrSyntax, "1.e5": decimal.ErrSyntax, "1e5e5": decimal.ErrSyntax,
		"1.2.3": decimal.ErrSyntax, "1_000": decimal.ErrSyntax, "1,5": decimal.ErrSyntax, "0x10": decimal.ErrSyntax, "NaN": decimal.ErrSyntax, "Infinity": decimal.ErrSyntax,
		"null": decimal.ErrSyntax, "\"1\"": decimal.ErrSyntax, "−1": decimal.ErrSyntax, "١": decimal.ErrSyntax, "1\x00": decimal.ErrSyntax, "1\n2": decimal.ErrSyntax,
		"1e401": decimal.ErrRange, "1e-401": decimal.ErrRange, "1.5e-400": decimal.ErrRange, "-1e1000000000": decimal.ErrRange, "1e-1000000000": decimal.ErrRange,
		"1e99999999999999999999": decimal.ErrRange, "1e-99999999999999999999": decimal.ErrRange, "1e18446744073709551616": decimal.ErrRange,
		strings.Repeat("7", 129):             decimal.ErrRange,
		"1" + strings.Repeat("0", 127) + "1": decimal.ErrRange,
		"1" + strings.Repeat("0", 1_000_000): decimal.ErrRange,
		strings.Repeat("9", 1_000_000):       decimal.ErrRange,
		strings.Repeat("9", 1_000) + "x":     decimal.ErrSyntax,
	} {
		t.Run(text[:min(len(text), 24)], func(t *testing.T) {
			t.Parallel()
			d, err := decimal.Parse(text)
			require.ErrorIs(t, err, kind)
			require.True(t, d.IsZero())
			require.Less(t, len(err.Error()), 400)
			require.NotContains(t, err.Error(), "\n")
			require.True(t, strings.HasPrefix(err.Error(), "decimal: "), err)
		})
	}
}

// A refusal may cost the error, never the number that the text promises.
func TestHugeExponentsAreRefusedBeforeAnythingIsBuilt(t *testing.T) {
	for _, text := range []string{"1e1000000000", "-1e-1000000000", strings.Repeat("9", 100_000), "0." + strings.Repeat("0", 100_000) + "1"} {
		require.Less(t, testing.AllocsPerRun(10, func() { _, _ = decimal.Parse(text) }), 10.0)
	}
	require.Zero(t, testing.AllocsPerRun(10, func() { _, _ = decimal.Parse("0e1000000000") }))
}

func TestArithmeticIsExact(t *testing.T) {
	t.Parallel()
	d := func(text string) decimal.Decimal { return parse(t, text) }
	for name, c := range map[string]struct{ got, want decimal.Decimal }{
		"a tenth and two tenths":             {d("0.1").Add(d("0.2")), d("0.3")},
		"far apart":                          {d("1e30").Add(d("1e-30")), d("1000000000000000000000000000000.000000000000000000000000000001")},
		"past 64 bits":                       {decimal.New(math.MaxInt64).Add(decimal.New(1)), d("9223372036854775808")},
		"a difference of nothing":            {d("1.50").Sub(d("1.5")), decimal.Decimal{}},
		"a negative difference":              {decimal.New(2).Sub(d("2.25")), d("-0.25")},
		"a product has both factors' digits": {d("1.1").Mul(d("-1.01")), d("-1.111")},
		"the least integer":                  {decimal.New(math.MinInt64).Neg(), d("9223372036854775808")},
		"no negative zero":                   {decimal.Decimal{}.Neg(), decimal.New(0)},
		"absolute":                           {d("-0.5").Abs(), d("0.5")},
		"absolute of a positive":             {d("0.5").Abs(), d("0.5")},
		"the zero value is 0":                {decimal.Decimal{}.Add(decimal.Decimal{}).Mul(decimal.New(5)), decimal.New(0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, c.got.Equal(c.want), "%v", c.got)
			require.Equal(t, c.want.String(), c.got.String())
		})
	}
}

func TestResultsMayPassTheBoundsOfParse(t *testing.T) {
	t.Parallel()
	long := parse(t, strings.Repeat("9", decimal.MaxDigits))
	require.Equal(t, "1"+strings.Repeat("0", 128), long.Add(decimal.New(1)).String())
	require.Len(t, long.Mul(long).String(), 256)
	_, err := decimal.Parse(long.Mul(long).String())
	require.ErrorIs(t, err, decimal.ErrRange)
}

func TestOrderIsByValue(t *testing.T) {
	t.Parallel()
	var sorted, shuffled []decimal.Decimal
	for _, text := range []string{"-1e400", "-10", "-9.5", "-1e-400", "0", "1e-400", "0.1", "1", "1.05", "1.5", "1e30", "1e400"} {
		sorted = append(sorted, parse(t, text))
	}
	for i := range sorted {
		shuffled = append(shuffled, sorted[(i*5)%len(sorted)])
	}
	slices.SortFunc(shuffled, decimal.Decimal.Cmp)
	require.Equal(t, fmt.Sprint(sorted), fmt.Sprint(shuffled))
	for i, d := range sorted {
		require.Equal(t, d.Sign(), d.Cmp(decimal.Decimal{}))
		require.Equal(t, d.Sign() == 0, d.IsZero())
		for j, e := range sorted {
			require.Equal(t, i == j, d.Equal(e))
		}
	}
	require.True(t, parse(t, "1.50").Equal(parse(t, "15e-1")))
}

func TestBinary64TellsWhatAJavaScriptReaderKeeps(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // "" where it does not survive
		"0": "0", "0.1": "0.1", "-1482.75": "-1482.75", "1e21": "1e+21", "1e-7": "1e-7", "0.000001": "0.000001", "1000000000": "1000000000",
		"9007199254740991": "9007199254740991", "9007199254740992": "9007199254740992", "9007199254740993": "", "9007199254740994": "9007199254740994",
		"0.30000000000000004": "0.30000000000000004", "0.3000000000000000444": "", "18446744073709551616": "", "18446744073709552000": "18446744073709552000",
		"5e-324": "5e-324", "4.9e-324": "", "1e-400": "", "1.7976931348623157e308": "1.7976931348623157e+308", "1e309": "", "1e400": "",
		"0.1234567890123456789": "",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			d := parse(t, text)
			require.Equal(t, want != "", d.Binary64())
			got, err := d.AppendJSON([]byte("n="))
			require.Equal(t, "n="+want, string(got))
			if want == "" {
				require.ErrorIs(t, err, decimal.ErrInexact)
				return
			}
			require.NoError(t, err)
		})
	}
	huge := parse(t, strings.Repeat("9", 128))
	for range 6 {
		huge = huge.Mul(huge)
	}
	require.False(t, huge.Binary64(), "more digits than any number text may have")
	_, err := huge.AppendJSON(nil)
	require.Less(t, len(err.Error()), 300)
}

func TestJSON(t *testing.T) {
	t.Parallel()
	type row struct {
		Amount   decimal.Decimal  `json:"amount"`
		Balance  *decimal.Decimal `json:"balance"`
		Optional decimal.Decimal  `json:"optional,omitzero"`
	}
	t.Run("a number or a string that holds one is read from its characters", func(t *testing.T) {
		t.Parallel()
		for text, want := range map[string]string{
			`12.50`: "12.5", `"12.50"`: "12.5", `-1e-7`: "-0.0000001", `"1E3"`: "1000", `"\u0031"`: "1", `9007199254740993`: "9007199254740993",
			`0.1000000000000000055511151231257827`: "0.1000000000000000055511151231257827",
		} {
			var r row
			require.NoError(t, json.Unmarshal([]byte(`{"amount":`+text+`,"balance":null}`), &r))
			require.Equal(t, want, r.Amount.String())
			require.Nil(t, r.Balance)
		}
	})
	t.Run("null, other values and other strings are refused and change nothing", func(t *testing.T) {
		t.Parallel()
		for _, text := range []string{`null`, `true`, `{}`, `[]`, `""`, `" 1"`, `"1 "`, `"NaN"`, `"null"`, `"+1"`, `1e401`, `"1e401"`} {
			r := row{Amount: decimal.New(7)}
			require.Error(t, json.Unmarshal([]byte(`{"amount":`+text+`}`), &r), text)
			require.Equal(t, "7", r.Amount.String(), text)
		}
		d := decimal.New(7)
		for _, raw := range []string{``, `"`, `"1`, `"\x"`, `1x`} { // not by way of encoding/json
			require.ErrorIs(t, d.UnmarshalJSON([]byte(raw)), decimal.ErrSyntax, raw)
		}
		require.Equal(t, "7", d.String())
	})
	t.Run("it is written plainly and exactly, and omitzero leaves zero out", func(t *testing.T) {
		t.Parallel()
		out, err := json.Marshal(row{Amount: parse(t, "1e21"), Balance: new(parse(t, "-0.00000010"))})
		require.NoError(t, err)
		require.Equal(t, `{"amount":1000000000000000000000,"balance":-0.0000001}`, string(out))
	})
}

func TestTextRoundTrips(t *testing.T) {
	t.Parallel()
	d := parse(t, "-1482.75")
	text, err := d.MarshalText()
	require.NoError(t, err)
	require.Equal(t, "-1482.75", string(text))
	var back decimal.Decimal
	require.NoError(t, back.UnmarshalText(text))
	require.True(t, back.Equal(d))
	require.ErrorIs(t, back.UnmarshalText(nil), decimal.ErrSyntax)
	require.True(t, back.Equal(d), "a refusal changes nothing")
}

func TestDatabaseColumns(t *testing.T) {
	t.Parallel()
	for _, column := range []any{"12.5", []byte("12.50"), "1250e-2"} {
		var d decimal.Decimal
		require.NoError(t, d.Scan(column))
		require.Equal(t, "12.5", d.String())
	}
	var d decimal.Decimal
	require.NoError(t, d.Scan(int64(math.MinInt64)))
	require.Equal(t, "-9223372036854775808", d.String())
	for _, column := range []any{nil, 12.5, true, "NaN", "", []byte(nil), int32(1)} {
		require.Error(t, d.Scan(column), "%T", column)
	}
	require.Equal(t, "-9223372036854775808", d.String())
	value, err := d.Value()
	require.NoError(t, err)
	require.Equal(t, "-9223372036854775808", value)
}

// 1.5 and 1.50 must not be told apart by accident.
func TestDecimalsCannotBeComparedWithTheEqualsSign(t *testing.T) {
	t.Parallel()
	require.False(t, reflect.TypeFor[decimal.Decimal]().Comparable())
}

func TestPrinting(t *testing.T) {
	t.Parallel()
	d := parse(t, "-12.50")
	for format, want := range map[string]string{
		"%v": "-12.5", "%s": "-12.5", "%+v": "-12.5", "%#v": `"-12.5"`, "%q": `"-12.5"`, "%8v|": "   -12.5|", "%-8s|": "-12.5   |",
		"%d": "%!d(decimal.Decimal=-12.5)", "%f": "%!f(decimal.Decimal=-12.5)", "%x": "%!x(decimal.Decimal=-12.5)",
	} {
		require.Equal(t, want, fmt.Sprintf(format, d), format)
	}
	require.Equal(t, "{-12.5 [0]}", fmt.Sprintf("%v", struct {
		A decimal.Decimal
		B []decimal.Decimal
	}{d, make([]decimal.Decimal, 1)}))
}

// Every program may set the library's variables. None of them may reach us.
func TestTheLibrarysVariablesDoNotMatter(t *testing.T) {
	quotes, trim, scientific, exponent := shopspring.MarshalJSONWithoutQuotes, shopspring.TrimTrailingZeros, shopspring.UseScientificNotation, shopspring.MaxDecodeExponent
	t.Cleanup(func() {
		shopspring.MarshalJSONWithoutQuotes, shopspring.TrimTrailingZeros, shopspring.UseScientificNotation, shopspring.MaxDecodeExponent = quotes, trim, scientific, exponent
	})
	shopspring.MarshalJSONWithoutQuotes, shopspring.TrimTrailingZeros, shopspring.UseScientificNotation, shopspring.MaxDecodeExponent = !quotes, false, true, 0
	for text, want := range map[string]string{"1.50": "1.5", "1e30": "1" + strings.Repeat("0", 30), "123456789012345678901234567890.10": "123456789012345678901234567890.1"} {
		d := parse(t, text)
		require.Equal(t, want, d.String())
		out, err := json.Marshal(d)
		require.NoError(t, err)
		require.Equal(t, want, string(out))
	}
}
