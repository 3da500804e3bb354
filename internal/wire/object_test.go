package wire_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/wire"
)

func parse(t *testing.T, text string) *wire.Object {
	t.Helper()
	o, err := wire.Parse([]byte(text))
	require.NoError(t, err)
	return o
}

func TestTheFirstNameThatIsPresentAndNotNullWins(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"the newest name":                        {`{"recordId":"new","anchorId":"old"}`, "new"},
		"whatever their order in the text":       {`{"anchorId":"old","recordId":"new"}`, "new"},
		"the older name alone":                   {`{"anchorId":"old"}`, "old"},
		"the older name where the newer is null": {`{"recordId":null,"anchorId":"old"}`, "old"},
		"an empty newer one is an answer":        {`{"recordId":"","anchorId":"old"}`, ""},
		"neither":                                {`{}`, ""},
		"names in another case are other names":  {`{"RecordID":"x"}`, ""},
		"a name that stands twice: the last":     {`{"recordId":"a","recordId":"b"}`, "b"},
		"a name written with escapes":            {`{"record\u0049d":"x"}`, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := parse(t, c.text)
			require.Equal(t, c.want, o.String("recordId", "anchorId"))
			require.NoError(t, o.Err())
		})
	}
}

func TestNumbersAreReadFromTheirDigits(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`-42.50`:                               "-42.5",
		`1e3`:                                  "1000",
		`9007199254740993`:                     "9007199254740993",
		`0.1000000000000000055511151231257827`: "0.1000000000000000055511151231257827",
		`"12.5"`:                               "12.5",
		`" 7 "`:                                "7",
		`null`:                                 "0",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			o := parse(t, `{"n":`+text+`}`)
			require.Equal(t, want, o.Decimal("n").String())
			require.NoError(t, o.Err())
		})
	}
	for text, want := range map[string]int64{`5`: 5, `5.0`: 5, `5e0`: 5, `"5"`: 5, `-0`: 0, `9223372036854775807`: 9223372036854775807} {
		t.Run("whole "+text, func(t *testing.T) {
			t.Parallel()
			o := parse(t, `{"n":`+text+`}`)
			require.Equal(t, want, *o.IntPtr("n"))
			require.NoError(t, o.Err())
		})
	}
}

func TestTimesAreReadInTheFormsThatOccur(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 4, 18, 14, 32, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		`"2026-04-18T14:32:00.000Z"`:     at,
		`"2026-04-18T14:32:00Z"`:         at,
		`"2026-04-18T14:32:00.0000001Z"`: at.Add(100),
		`"2026-04-18T16:32:00+02:00"`:    at,
		`"2026-04-18T14:32:00"`:          at,
		`"2026-04-18 14:32:00"`:          at,
		`"2026-04-18"`:                   at.Truncate(24 * time.Hour),
		`1776522720`:                     at,
		`1776522720000`:                  at,
		`null`:                           {},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			o := parse(t, `{"t":`+text+`}`)
			require.True(t, want.Equal(o.Time("t")), "%v", o.Time("t"))
			require.NoError(t, o.Err())
		})
	}
}

func TestAFieldOfAWrongTypeIsNamed(t *testing.T) {
	t.Parallel()
	read := map[string]func(*wire.Object){
		"a string":       func(o *wire.Object) { o.String("f") },
		"a number":       func(o *wire.Object) { o.Decimal("f") },
		"a whole number": func(o *wire.Object) { o.Int("f") },
		"true or false":  func(o *wire.Object) { o.Bool("f") },
		"a time":         func(o *wire.Object) { o.Time("f") },
		"an object":      func(o *wire.Object) { o.Object("f") },
		"an array":       func(o *wire.Object) { o.Strings("f") },
	}
	for _, c := range []struct{ reader, value, err string }{
		{"a string", `5`, "field f must be a string, not a number"},
		{"a string", `{}`, "field f must be a string, not an object"},
		{"a string", `"\ud800"`, "field f must be valid Unicode"},
		{"a string", `"\udc00\ud800"`, "field f must be valid Unicode"},
		{"a string", "\"\xff\"", "field f must be valid Unicode"},
		{"a number", `true`, "field f must be a number, not a boolean"},
		{"a number", `"x"`, "field f must be a number, not a string"},
		{"a number", `"NaN"`, "field f must be a number, not a string"},
		{"a number", `""`, "field f must be a number, not a string"},
		{"a number", `1e999`, "field f must be a number within the limits of package decimal"},
		{"a whole number", `5.5`, "field f must be a whole number of at most 64 bits"},
		{"a whole number", `1e30`, "field f must be a whole number of at most 64 bits"},
		{"true or false", `"true"`, "field f must be true or false, not a string"},
		{"true or false", `1`, "field f must be true or false, not a number"},
		{"a time", `"yesterday"`, "field f must be a time, not a string"},
		{"a time", `1.5`, "field f must be a time, not a number"},
		{"an object", `[]`, "field f must be an object, not an array"},
		{"an array", `"a"`, "field f must be an array, not a string"},
		{"an array", `["a",5]`, "field f[1] must be a string, not a number"},
	} {
		t.Run(c.reader+" from "+c.value, func(t *testing.T) {
			t.Parallel()
			o := parse(t, `{"f":`+c.value+`}`)
			read[c.reader](o)
			require.EqualError(t, o.Err(), c.err)
		})
	}
	t.Run("with its path", func(t *testing.T) {
		t.Parallel()
		o := parse(t, `{"a":{"rows":[{"n":1},{"n":"x"}]}}`)
		var sum int
		for row := range o.Object("a").Array("rows") {
			sum += row.Int("n")
		}
		require.Equal(t, 1, sum)
		require.EqualError(t, o.Err(), "field a.rows[1].n must be a whole number, not a string")
		var field *wire.FieldError
		require.True(t, errors.As(o.Err(), &field))
		require.Equal(t, "a.rows[1].n", field.Field)
	})
	t.Run("a row that is no object", func(t *testing.T) {
		t.Parallel()
		o := parse(t, `{"rows":[{},5]}`)
		for range o.Array("rows") {
		}
		require.EqualError(t, o.Err(), "field rows[1] must be an object, not a number")
	})
	t.Run("only the first is kept", func(t *testing.T) {
		t.Parallel()
		o := parse(t, `{"a":1,"b":2}`)
		o.String("a")
		o.String("b")
		require.EqualError(t, o.Err(), "field a must be a string, not a number")
	})
}

func TestARequiredFieldThatIsAbsentOrNullIsNamed(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*wire.Object){
		"decimal": func(o *wire.Object) { o.RequiredDecimal("f", "g") },
		"bool":    func(o *wire.Object) { o.RequiredBool("f", "g") },
		"string":  func(o *wire.Object) { o.RequiredString("f", "g") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := parse(t, `{"f":null}`)
			read(o)
			require.EqualError(t, o.Err(), "field f must be given")
		})
	}
}

func TestANilObjectReadsAsAnEmptyOne(t *testing.T) {
	t.Parallel()
	o := parse(t, `{}`).Object("absent")
	require.Nil(t, o)
	require.Empty(t, o.String("a"))
	require.True(t, o.Decimal("a").IsZero())
	require.Nil(t, o.IntPtr("a"))
	require.Nil(t, o.Raw("a"))
	require.Nil(t, o.Object("a"))
	require.Nil(t, o.Strings("a"))
	for range o.Array("a") {
		t.Fatal("nothing to go through")
	}
	require.NoError(t, o.Err())
	require.False(t, o.Known())
}

func TestAFieldWhoseTypeIsNotSettledKeepsItsText(t *testing.T) {
	t.Parallel()
	o := parse(t, `{"a":"$0.010/delta","b":0.020,"c":{"x": 1},"d":"line\nend","e":null}`)
	require.Equal(t, "$0.010/delta", o.Text("a"))
	require.Equal(t, "0.020", o.Text("b"))
	require.Equal(t, `{"x": 1}`, o.Text("c"))
	require.Equal(t, "line\nend", o.Text("d"))
	require.Empty(t, o.Text("e"))
	require.NoError(t, o.Err())
}

func TestRawKeepsBytesAndGivesACopy(t *testing.T) {
	t.Parallel()
	o := parse(t, `{"m": {"b":1.50,  "a":[ ]} }`)
	raw := o.Raw("m")
	require.Equal(t, `{"b":1.50,  "a":[ ]}`, string(raw))
	raw[0] = 'x'
	require.Equal(t, `{"b":1.50,  "a":[ ]}`, string(o.Raw("m")))
}

func TestStringsAreReadWithAllEscapes(t *testing.T) {
	t.Parallel()
	o := parse(t, `{"s":"\"\\\/\b\f\n\r\t\u00fc\ud83d\ude00ü"}`)
	require.Equal(t, "\"\\/\b\f\n\r\tü😀ü", o.String("s"))
	require.NoError(t, o.Err())
}
