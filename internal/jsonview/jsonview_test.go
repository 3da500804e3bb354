package jsonview

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

const testDepth = 100

func parse(t *testing.T, text string) Value {
	t.Helper()
	v, err := Parse([]byte(text), testDepth)
	require.NoError(t, err)
	return v
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		offset     int
	}{
		{"an empty text", "", 0},
		{"white space alone", " \n\t", 3},
		{"a byte order mark", "\xEF\xBB\xBF{}", 0},
		{"a byte that is not UTF-8", "\"a\xFFb\"", 2},
		{"a surrogate written as raw bytes", "\"\xED\xA0\x80\"", 1},
		{"two values", "1 2", 2},
		{"a leading zero", "01", 1},
		{"a leading plus", "+1", 0},
		{"a fraction without digits", "1.", 1},
		{"an exponent without digits", "1e+", 1},
		{"a minus alone", "-", 0},
		{"minus NaN", "-NaN", 0},
		{"a word in another case", "True", 0},
		{"half a word", "nul", 0},
		{"a trailing comma in an array", "[1,]", 3},
		{"a trailing comma in an object", `{"a":1,}`, 7},
		{"a missing comma", "[1 2]", 3},
		{"a missing colon", `{"a" 1}`, 5},
		{"a name without quotes", `{a:1}`, 1},
		{"a name that is a number", `{1:1}`, 1},
		{"an array that does not end", "[1", 2},
		{"an object that does not end", `{"a":1`, 6},
		{"a string that does not end", `"a`, 2},
		{"a string that ends in a backslash", `"a\`, 3},
		{"a control character in a string", "\"a\nb\"", 2},
		{"an unknown escape", `"\x41"`, 2},
		{"an escape of three digits", `"\u00e"`, 2},
		{"an upper-case U escape", `"\U0041"`, 2},
		{"an integer of 4301 digits", strings.Repeat("9", 4301), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tc.text), testDepth)
			var syntax *SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.Equal(t, tc.offset, syntax.Offset, err.Error())
		})
	}
}

func TestParseKeepsToTheDepth(t *testing.T) {
	t.Parallel()
	nested := func(depth int) []byte {
		return []byte(strings.Repeat(`[{"a":`, depth/2) + "1" + strings.Repeat("}]", depth/2))
	}
	_, err := Parse(nested(10), 10)
	require.NoError(t, err)
	_, err = Parse(nested(12), 11)
	require.ErrorIs(t, err, ErrDepth)
	_, err = Parse([]byte(`[[],[],[]]`), 2)
	require.NoError(t, err, "siblings are not nested")
}

func TestMembers(t *testing.T) {
	t.Parallel()
	v := parse(t, ` { "b" : 1 , "a" : [ 2 , { "b" : 9 } ] , "\u0062" : "x\"}" , "" : null } `)

	t.Run("the last of equal names wins, at the place of the first", func(t *testing.T) {
		t.Parallel()
		var got []string
		for _, m := range v.Members() {
			got = append(got, m.Name+"="+string(m.Value.Raw()))
		}
		require.Equal(t, []string{`b="x\"}"`, `a=[ 2 , { "b" : 9 } ]`, `=null`}, got)
	})
	t.Run("Get finds the same", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, `"x\"}"`, string(v.Get("b").Raw()))
		require.Equal(t, Null, v.Get("").Kind())
		require.Equal(t, Absent, v.Get("B").Kind())
		require.Equal(t, Absent, v.Get("a").Get("b").Kind(), "an array has no members")
	})
	t.Run("Pick says whether there are others", func(t *testing.T) {
		t.Parallel()
		members, exact := v.Pick("", "a", "b")
		require.True(t, exact)
		require.Equal(t, String, members[2].Kind())
		_, exact = v.Pick("a", "b")
		require.False(t, exact)
		_, exact = v.Pick("", "a", "b", "c")
		require.False(t, exact)
		_, exact = v.Get("a").Pick()
		require.False(t, exact, "an array is no empty object")
	})
	t.Run("an object with many names keeps the same rule", func(t *testing.T) {
		t.Parallel()
		var text strings.Builder
		for i := range 3 * smallObject {
			fmt.Fprintf(&text, `,"k%d":%d`, i, i)
		}
		v := parse(t, `{"k0":"first","last":0`+text.String()+`,"last":1}`)
		members := v.Members()
		require.Len(t, members, 3*smallObject+1)
		require.Equal(t, "k0", members[0].Name)
		require.Equal(t, "0", string(members[0].Value.Raw()))
		require.Equal(t, "last", members[1].Name)
		require.Equal(t, "1", string(members[1].Value.Raw()))
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text, want string
		lone             bool
	}{
		{"every short escape", `"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", false},
		{"an escaped pair is one character", `"\ud83d\ude00"`, "\U0001F600", false},
		{"digits of an escape in either case", `"\u00E9\u00e9"`, "éé", false},
		{"a lone high surrogate", `"a\ud800b"`, "a\xED\xA0\x80b", true},
		{"a lone low surrogate", `"\udfff"`, "\xED\xBF\xBF", true},
		{"halves in the wrong order stay two", `"\ude00\ud83d"`, "\xED\xB8\x80\xED\xA0\xBD", true},
		{"two high halves before a low one", `"\ud83d\ud83d\ude00"`, "\xED\xA0\xBD\U0001F600", true},
		{"an escaped NUL", `"\u0000"`, "\x00", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, ok := parse(t, tc.text).Text()
			require.True(t, ok)
			require.Equal(t, tc.want, got)
			require.True(t, parse(t, tc.text).Is(tc.want))
			require.Equal(t, tc.lone, !utf8.ValidString(got))
		})
	}
	_, ok := parse(t, "1").Text()
	require.False(t, ok)
}

func TestUint(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text    string
		limit   uint64
		want    uint64
		ok, int bool
	}{
		{"0", 10, 0, true, true},
		{"-0", 10, 0, true, true},
		{"-0.0", 10, 0, true, false},
		{"4.0", 10, 4, true, false},
		{"40e-1", 10, 4, true, false},
		{"1e1", 10, 10, true, false},
		{"11", 10, 0, false, true},
		{"11.0", 10, 0, false, false},
		{"-1", 10, 0, false, true},
		{"1.5", 10, 0, false, false},
		{"9007199254740991", MaxSafeInteger, MaxSafeInteger, true, true},
		{"9007199254740992", MaxSafeInteger, 0, false, true},
		{"9007199254740991.4", MaxSafeInteger, MaxSafeInteger, true, false},
		{"18446744073709551616", MaxSafeInteger, 0, false, true},
		{"1e999", MaxSafeInteger, 0, false, false},
		{"NaN", MaxSafeInteger, 0, false, false},
		{"-Infinity", MaxSafeInteger, 0, false, false},
		{"true", 10, 0, false, false},
		{`"4"`, 10, 0, false, false},
	} {
		t.Run(tc.text, func(t *testing.T) {
			t.Parallel()
			v := parse(t, tc.text)
			got, ok := v.Uint(tc.limit)
			require.Equal(t, tc.ok, ok)
			if ok {
				require.Equal(t, tc.want, got)
				require.True(t, v.Equals(tc.want))
			}
			require.Equal(t, tc.int, v.IsInteger())
		})
	}
}

func TestWholeAndFiniteNumbers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text                    string
		whole, negative, finite bool
	}{
		{"0", true, false, true},
		{"-0", true, false, true},
		{"-0.0", true, false, true},
		{"-1", true, true, true},
		{"-1.0", true, true, true},
		{"1e300", true, false, true},
		{strings.Repeat("9", 400), true, false, true},
		{"0.5", false, false, true},
		{"1e400", false, false, false},
		{"NaN", false, false, false},
		{"-Infinity", false, true, false},
		{`"1"`, false, false, false},
		{"true", false, false, false},
	} {
		t.Run(tc.text, func(t *testing.T) {
			t.Parallel()
			v := parse(t, tc.text)
			negative, whole := v.IsWhole()
			require.Equal(t, tc.whole, whole)
			require.Equal(t, tc.negative, negative)
			require.Equal(t, tc.finite, v.IsFinite())
		})
	}
}

func TestWithoutLeavesTheOthers(t *testing.T) {
	t.Parallel()
	require.Equal(t, `{"a":1,"c":{ "b" : 2 },"a":3}`, string(parse(t, ` { "a" : 1, "b":0 , "c" : { "b" : 2 }, "\u0062":1,"a":3}`).Without("b")))
	require.Equal(t, `{}`, string(parse(t, `{"b":0}`).Without("b")))
	require.Nil(t, parse(t, `[]`).Without("b"))
}

func TestKeysAreEqualWherePythonHoldsThemEqual(t *testing.T) {
	t.Parallel()
	key := func(text string) string {
		k, ok := parse(t, text).Key()
		require.True(t, ok, text)
		return k
	}
	for _, same := range [][]string{
		{"0", "-0", "0.0", "-0.0", "0e9", "false"},
		{"1", "1.0", "10e-1", "true"},
		{"1e21", "1000000000000000000000"},
		{"0.5", "5e-1"},
		{`"a"`, `"\u0061"`},
	} {
		for _, text := range same {
			require.Equal(t, key(same[0]), key(text), text)
		}
	}
	different := []string{"0", "1", "2", `"0"`, `"1"`, "null", `"null"`, "0.5", "9007199254740993", "9007199254740992.0"}
	for i, a := range different {
		for _, b := range different[i+1:] {
			require.NotEqual(t, key(a), key(b), "%s and %s", a, b)
		}
	}
	for _, text := range []string{"[]", "{}"} {
		_, ok := parse(t, text).Key()
		require.False(t, ok)
	}
}

func TestTruthAndPythonText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text, python string
		truthy       bool
	}{
		{"null", "None", false},
		{"true", "True", true},
		{"false", "False", false},
		{"0", "0", false},
		{"-0", "0", false},
		{"-0.0", "-0.0", false},
		{"1.0", "1.0", true},
		{"1e16", "1e+16", true},
		{"1e15", "1000000000000000.0", true},
		{"0.00001", "1e-05", true},
		{"0.0001", "0.0001", true},
		{"1e400", "inf", true},
		{"NaN", "nan", true},
		{`""`, "", false},
		{`"x"`, "x", true},
		{"[ ]", "[]", false},
		{`[0,"a\"'",{"b":null}]`, `[0, 'a"\'', {'b': None}]`, true},
		{`["it's","\n\u0001\u0085\u200b\ud800é"]`, `["it's", '\n\x01\x85\u200b\ud800é']`, true},
		{"{ }", "{}", false},
	} {
		t.Run(tc.text, func(t *testing.T) {
			t.Parallel()
			v := parse(t, tc.text)
			require.Equal(t, tc.python, v.PythonText())
			require.Equal(t, tc.truthy, v.Truthy())
		})
	}
	require.False(t, Value{}.Truthy())
	require.Empty(t, Value{}.PythonText())
}

func TestCompareUTF16(t *testing.T) {
	t.Parallel()
	ordered := []string{"", "\x00", "/a", "/a/0", "/a/10", "/a/2", "é", "퟿", "\U0001F600", "\U0010FFFF", "\uE000", "\uFB33", "\uFFFF"}
	for i, a := range ordered {
		for j, b := range ordered {
			require.Equal(t, cmpInt(i, j), CompareUTF16(a, b), "%q and %q", a, b)
			require.Equal(t, cmpInt(i, j), CompareUTF16("x"+a, "x"+b), "%q and %q", a, b)
		}
	}
}

func cmpInt(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// FuzzParse compares with encoding/json: what one accepts the other accepts too, but for
// the rules that differ on purpose, and looking into an accepted text never panics.
func FuzzParse(f *testing.F) {
	f.Add(`{"a":[1,2.50,{"b":null}],"c":"\ud83d\ude00"}`)
	f.Add(`[NaN,-Infinity,1e999,"\ud800"]`)
	f.Add("{\"a\" : 1 ,\t\"a\":\n2}")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse([]byte(text), testDepth)
		switch {
		case err != nil:
			if json.Valid([]byte(text)) && utf8.ValidString(text) && strings.Count(text, "[")+strings.Count(text, "{") <= testDepth && len(text) <= MaxIntegerDigits {
				t.Fatalf("refused valid JSON: %v", err)
			}
			return
		case !json.Valid([]byte(text)) && !strings.Contains(text, "NaN") && !strings.Contains(text, "Infinity"):
			t.Fatal("accepted what is not JSON")
		}
		walk(t, v)
	})
}

func walk(t *testing.T, v Value) {
	v.Truthy()
	v.Key()
	v.Uint(MaxSafeInteger)
	v.PythonText()
	for e := range v.Elements() {
		walk(t, e)
	}
	for _, m := range v.Members() {
		if got := v.Get(m.Name); string(got.Raw()) != string(m.Value.Raw()) {
			t.Fatalf("Get(%q) found %s, not %s", m.Name, got.Raw(), m.Value.Raw())
		}
		walk(t, m.Value)
	}
}
