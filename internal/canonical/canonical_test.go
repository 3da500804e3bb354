package canonical_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

func TestAppendWritesTheOneForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"white space goes":                           {" \t\r\n{ \"a\" : [ 1 , null ] } \n", `{"a":[1,null]}`},
		"a scalar is a text":                         {` "x" `, `"x"`},
		"literals stay":                              {`[true,false,null]`, `[true,false,null]`},
		"empty containers stay":                      {`[ {} , [ ] ]`, `[{},[]]`},
		"members are sorted at every level":          {`{"b":{"d":1,"c":2},"a":[{"z":1,"y":2}]}`, `{"a":[{"y":2,"z":1}],"b":{"c":2,"d":1}}`},
		"array elements keep their order":            {`[3,1,2]`, `[3,1,2]`},
		"a prefix sorts first":                       {`{"ab":1,"a":2,"":3}`, `{"":3,"a":2,"ab":1}`},
		"a space sorts before a longer name's quote": {`{"a!":1,"a":2,"a ":3}`, `{"a":2,"a ":3,"a!":1}`},
		"names sort by UTF-16, not by code point":    {`{"` + "\uFB33" + `":1,"` + "\U0001F600" + `":2}`, `{"` + "\U0001F600" + `":2,"` + "\uFB33" + `":1}`},
		"names sort by what an escape means":         {`{"\u0062":1,"\u0061":2}`, `{"a":2,"b":1}`},
		"an escaped quote sorts as a quote":          {`{"a\"":1,"a!":2,"a#":3}`, `{"a!":2,"a\"":1,"a#":3}`},
		"a backslash sorts behind letters' capitals": {`{"\\":1,"Z":2,"a":3,"\n":4}`, `{"\n":4,"Z":2,"\\":1,"a":3}`},
		"only the escapes that must be":              {`"\u003c\/\u00e9\u20ac\u007f"`, `"</é€` + "\x7f" + `"`},
		"short escapes for the five that have one":   {`"\u0008\u0009\u000a\u000c\u000d"`, `"\b\t\n\f\r"`},
		"lower-case hex for other controls":          {`"\u000B\u001F\u0000"`, `"\u000b\u001f\u0000"`},
		"an escaped pair becomes its character":      {`"\uD83D\uDE00"`, `"` + "\U0001F600" + `"`},
		"HTML and line separators are not escaped":   {"\"<>&\u2028\u2029\"", "\"<>&\u2028\u2029\""},
		"Unicode is not normalised":                  {"{\"e\u0301\":1,\"\u00e9\":2}", "{\"e\u0301\":1,\"\u00e9\":2}"},
		"an escape in a long plain string":           {`"0123456789abcdef\u0041 0123456789abcdef"`, `"0123456789abcdefA 0123456789abcdef"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range []canonical.Mode{canonical.Strict, canonical.Official} {
				got, err := canonical.Transform([]byte(c.text), mode)
				require.NoError(t, err)
				require.Equal(t, c.want, string(got))
				again, err := canonical.Transform(got, mode)
				require.NoError(t, err)
				require.Equal(t, c.want, string(again))
			}
			require.True(t, canonical.IsCanonical([]byte(c.want)))
			require.Equal(t, c.text == c.want, canonical.IsCanonical([]byte(c.text)))
		})
	}
}

func TestRefusalsNameTheRuleThePlaceAndTheKind(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", canonical.MaxDepth)
	for name, c := range map[string]struct {
		text   string
		kind   error
		path   string
		offset int
	}{
		"nothing":                               {"", canonical.ErrSyntax, "", 0},
		"white space alone":                     {"  ", canonical.ErrSyntax, "", 2},
		"a byte order mark":                     {"\ufeff1", canonical.ErrSyntax, "", 0},
		"a second value":                        {"1 2", canonical.ErrSyntax, "", 2},
		"a closing bracket too many":            {"[1]]", canonical.ErrSyntax, "", 3},
		"a NUL":                                 {"\x00", canonical.ErrSyntax, "", 0},
		"a comment":                             {"/**/1", canonical.ErrSyntax, "", 0},
		"half a literal":                        {"nul", canonical.ErrSyntax, "", 0},
		"another language's literal":            {"True", canonical.ErrSyntax, "", 0},
		"NaN":                                   {`{"a":NaN}`, canonical.ErrSyntax, "a", 5},
		"Infinity":                              {`[-Infinity]`, canonical.ErrSyntax, "[0]", 1},
		"a leading zero":                        {`[01]`, canonical.ErrSyntax, "[0]", 1},
		"a point without digits":                {`1.`, canonical.ErrSyntax, "", 0},
		"an exponent without digits":            {`1e+`, canonical.ErrSyntax, "", 0},
		"a sign without digits":                 {`-`, canonical.ErrSyntax, "", 0},
		"a plus sign":                           {`+1`, canonical.ErrSyntax, "", 0},
		"a comma at the end of an array":        {`[1,]`, canonical.ErrSyntax, "[1]", 3},
		"a comma at the end of an object":       {`{"a":1,}`, canonical.ErrSyntax, "", 7},
		"a comma at the start":                  {`[,1]`, canonical.ErrSyntax, "[0]", 1},
		"no comma":                              {`{"a":1 "b":2}`, canonical.ErrSyntax, "", 7},
		"no colon":                              {`{"a" 1}`, canonical.ErrSyntax, "", 5},
		"no value":                              {`{"a":}`, canonical.ErrSyntax, "a", 5},
		"a name that is no string":              {`{1:2}`, canonical.ErrSyntax, "", 1},
		"an open array":                         {`[1`, canonical.ErrSyntax, "", 2},
		"an open object":                        {`{"a":{"b":1`, canonical.ErrSyntax, "a", 11},
		"an open string":                        {`["abc`, canonical.ErrSyntax, "[0]", 1},
		"a string that ends in a backslash":     {`"\`, canonical.ErrSyntax, "", 1},
		"an unknown escape":                     {`"\x41"`, canonical.ErrSyntax, "", 1},
		"a short \\u escape":                    {`"\u12"`, canonical.ErrSyntax, "", 1},
		"a \\u escape that is not hex":          {`"\u00g0"`, canonical.ErrSyntax, "", 1},
		"a raw control character":               {"{\"a\":\"x\ny\"}", canonical.ErrSyntax, "a", 7},
		"invalid UTF-8 in a value":              {"{\"metadata\":{\"plan\":\"gr\xffowth\"}}", canonical.ErrText, "metadata.plan", 23},
		"invalid UTF-8 in a name":               {"{\"a\":{\"\xc3\":1}}", canonical.ErrText, "a", 7},
		"an overlong form":                      {"\"\xc0\xaf\"", canonical.ErrText, "", 1},
		"a surrogate as UTF-8":                  {"\"\xed\xa0\x80\"", canonical.ErrText, "", 1},
		"a name that needs quotes in the path":  {`{"a.b":{"":[0,1e400]}}`, canonical.ErrRange, `["a.b"][""][1]`, 14},
		"overflow":                              {`{"metadata":{"tokens":1e309}}`, canonical.ErrRange, "metadata.tokens", 22},
		"overflow by digits":                    {"-" + strings.Repeat("9", 310), canonical.ErrRange, "", 0},
		"overflow by rounding":                  {"1.7976931348623159e308", canonical.ErrRange, "", 0},
		"an array too deep":                     {deep + "[", canonical.ErrLimit, "...", canonical.MaxDepth},
		"an object too deep":                    {deep + `{"a":1}`, canonical.ErrLimit, "...", canonical.MaxDepth},
		"far too deep, and it does not recurse": {strings.Repeat(`{"a":`, 1_000_000), canonical.ErrLimit, "...", 5 * canonical.MaxDepth},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range []canonical.Mode{canonical.Strict, canonical.Official} {
				before := []byte("before")
				got, err := canonical.Append(before, []byte(c.text), mode)
				require.Equal(t, "before", string(got))
				failure, ok := errors.AsType[*canonical.Error](err)
				require.True(t, ok, "%v", err)
				require.ErrorIs(t, err, c.kind)
				require.Equal(t, c.offset, failure.Offset, err)
				if c.path == "..." {
					require.True(t, strings.HasPrefix(failure.Path, "..."), failure.Path)
				} else {
					require.Equal(t, c.path, failure.Path, err)
				}
				require.NotContains(t, err.Error(), "\n")
				require.Less(t, len(err.Error()), 700)
			}
			require.False(t, canonical.IsCanonical([]byte(c.text)))
		})
	}
}

func TestStrictRefusesWhatOfficialReads(t *testing.T) {
	t.Parallel()
	many := wide(0, 40) // past the room on the stack, and past the simple sort
	for name, c := range map[string]struct {
		text     string
		kind     error
		path     string
		official string
	}{
		"a name twice in order":             {`{"a":1,"a":2}`, canonical.ErrDuplicate, "a", `{"a":2}`},
		"a name twice out of order":         {`{"b":1,"a":2,"b":3}`, canonical.ErrDuplicate, "b", `{"a":2,"b":3}`},
		"a name three times":                {`{"b":1,"a":0,"b":{"x":1},"b":[]}`, canonical.ErrDuplicate, "b", `{"a":0,"b":[]}`},
		"a name twice by an escape":         {`{"a":1,"\u0061":2}`, canonical.ErrDuplicate, "a", `{"a":2}`},
		"a name twice, not plain":           {`{"é":1,"\u00e9":2}`, canonical.ErrDuplicate, `["\u00e9"]`, `{"é":2}`},
		"a name twice in a nested object":   {`{"z":0,"m":[{"a":1,"a":2}]}`, canonical.ErrDuplicate, "m[0].a", `{"m":[{"a":2}],"z":0}`},
		"a name twice among many":           {`{` + many + `,"k07":1,"j":0,"k07":2}`, canonical.ErrDuplicate, "k07", `{"j":0,` + wide(0, 7) + `,"k07":2,` + wide(8, 40) + `}`},
		"a lone first half":                 {`"\uD800"`, canonical.ErrText, "", `"\ud800"`},
		"a lone second half":                {`["x\udfffy"]`, canonical.ErrText, "[0]", `["x\udfffy"]`},
		"two halves in the wrong order":     {`"\ude00\ud83d"`, canonical.ErrText, "", `"\ude00\ud83d"`},
		"a first half before a whole pair":  {`"\ud83d\ud83d\ude00"`, canonical.ErrText, "", `"\ud83d` + "\U0001F600" + `"`},
		"a first half before an escape":     {`"\ud83d\n"`, canonical.ErrText, "", `"\ud83d\n"`},
		"lone halves as names":              {`{"\udfff":2,"\ud800\udc00":3,"\ud800":1}`, canonical.ErrText, "", `{"\ud800":1,"` + "\U00010000" + `":3,"\udfff":2}`},
		"2^53 + 1":                          {`{"metadata":{"n":9007199254740993}}`, canonical.ErrInexact, "metadata.n", `{"metadata":{"n":9007199254740992}}`},
		"a power of two with another form":  {`18446744073709551616`, canonical.ErrInexact, "", `18446744073709552000`},
		"a fraction with a tail":            {`0.1000000000000000055511151231257827`, canonical.ErrInexact, "", `0.1`},
		"one digit too many":                {`333333333.33333329`, canonical.ErrInexact, "", `333333333.3333333`},
		"underflow":                         {`1e-400`, canonical.ErrInexact, "", `0`},
		"the finest number in another form": {`4.9e-324`, canonical.ErrInexact, "", `5e-324`},
		"a number text without end":         {`0.1` + strings.Repeat("0", canonical.MaxNumberLength), canonical.ErrLimit, "", `0.1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := canonical.Transform([]byte(c.text), canonical.Strict)
			require.ErrorIs(t, err, c.kind)
			failure, _ := errors.AsType[*canonical.Error](err)
			require.Equal(t, c.path, failure.Path)
			require.False(t, canonical.IsCanonical([]byte(c.text)))

			got, err := canonical.Transform([]byte(c.text), canonical.Official)
			require.NoError(t, err)
			require.Equal(t, c.official, string(got))
		})
	}
}

func TestNumbersHaveECMAScriptsForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "-0.0": "0", "0e5": "0", "-0E-999999999999": "0", "0.000": "0",
		"1": "1", "-1.0": "-1", "1e0": "1", "120e-1": "12", "1E+2": "100", "0.1e1": "1", "4.50": "4.5",
		"999999999999999": "999999999999999", "9007199254740991": "9007199254740991", "9007199254740992": "9007199254740992",
		"1e20": "100000000000000000000", "1e21": "1e+21", "123456789e13": "1.23456789e+21", "-1e22": "-1e+22",
		"295147905179352830000": "295147905179352830000", "1.5e300": "1.5e+300", "1.7976931348623157e308": "1.7976931348623157e+308",
		"0.000001": "0.000001", "0.0000010": "0.000001", "0.0000001": "1e-7", "0.00000123": "0.00000123", "0.000000123": "1.23e-7",
		"1e-7": "1e-7", "5e-324": "5e-324", "2.2250738585072014e-308": "2.2250738585072014e-308", "0.30000000000000004": "0.30000000000000004",
		"100000000000000000000000e-23": "1", "0." + strings.Repeat("0", 400) + "5e400": "0.5", "1" + strings.Repeat("0", 400) + "e-400": "1",
	} {
		t.Run(text[:min(len(text), 25)], func(t *testing.T) {
			t.Parallel()
			for _, mode := range []canonical.Mode{canonical.Strict, canonical.Official} {
				got, err := canonical.AppendNumber([]byte("n="), []byte(text), mode)
				require.NoError(t, err)
				require.Equal(t, "n="+want, string(got))
			}
			require.True(t, canonical.IsCanonical([]byte(want)))
		})
	}
	for _, text := range []string{"", "1 ", " 1", "1,2", "0x1", "1_0", "Infinity", "-", ".5", "5.", "1e", "00", "-01"} {
		got, err := canonical.AppendNumber([]byte("n="), []byte(text), canonical.Official)
		require.ErrorIs(t, err, canonical.ErrSyntax, text)
		require.Equal(t, "n=", string(got))
	}
}

// ParseFloat stops reading an exponent at five digits. The zeros that make up for it must
// not change the number.
func TestOfficialReadsNumbersOfAnyLength(t *testing.T) {
	t.Parallel()
	const far = 200_000
	tie := "9007199254740993" // halfway between ...992 and ...994, and to even goes down
	for name, c := range map[string]struct{ text, want string }{
		"zeros against a huge exponent":     {"0." + strings.Repeat("0", far) + "25e200001", "2.5"},
		"zeros against a huge low exponent": {"25" + strings.Repeat("0", far) + "e-200000", "25"},
		"a tie goes to even":                {tie + "." + strings.Repeat("0", far), "9007199254740992"},
		"a last digit tips the tie":         {tie + "." + strings.Repeat("0", far) + "1", "9007199254740994"},
		"a tail of digits":                  {"0.1" + strings.Repeat("3", far), "0.13333333333333333"},
		"an exponent beyond every integer":  {"1e-99999999999999999999999", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := canonical.Transform([]byte(c.text), canonical.Official)
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))
		})
	}
	_, err := canonical.Transform([]byte("1e99999999999999999999999"), canonical.Official)
	require.ErrorIs(t, err, canonical.ErrRange)
}

func TestAppendStringEscapesLikeTheReaderAndRefusesInvalidUTF8(t *testing.T) {
	t.Parallel()
	for c := range rune(0x3000) {
		text := "a" + string(c) + "z"
		got, err := canonical.AppendString([]byte("s="), text)
		require.NoError(t, err)
		read, err := canonical.Transform(fmt.Appendf(nil, `"a\u%04xz"`, c), canonical.Strict)
		require.NoError(t, err)
		require.Equal(t, "s="+string(read), string(got))
	}
	for _, bad := range []string{"\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80"} {
		got, err := canonical.AppendString([]byte("s="), bad)
		require.ErrorIs(t, err, canonical.ErrText)
		require.Equal(t, "s=", string(got))
	}
}

// The nesting limit counts what is open at once, not what there is.
func TestTheDeepestAllowedTextPasses(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(`{"a":[`, canonical.MaxDepth/2) + strings.Repeat(`]}`, canonical.MaxDepth/2)
	got, err := canonical.Transform([]byte(text), canonical.Strict)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
	require.True(t, canonical.IsCanonical(got))
	wide := "[" + strings.Repeat("[],", 10_000) + "[]]"
	require.True(t, canonical.IsCanonical([]byte(wide)))
}

// Whatever the order of the members, and whatever their number against the room on the
// stack and the two ways to sort, the result is one.
func TestTheOrderOfMembersDoesNotMatter(t *testing.T) {
	t.Parallel()
	alphabet := []string{"a", "b", `\n`, `\"`, `\\`, "é", `\u20ac`, "\ue000", "\uffff", "\U0001F600", `\ud800\udc00`, `\udbff\udfff`}
	random := rand.New(rand.NewPCG(7, 9))
	for _, size := range []int{0, 1, 2, 3, 23, 24, 25, 31, 32, 33, 34, 100, 700} {
		members := make([]string, size)
		for i := range members {
			name := alphabet[random.IntN(len(alphabet))] + alphabet[random.IntN(len(alphabet))] + strconv.Itoa(i)
			members[i] = fmt.Sprintf(`"%s":{"y":[{"b":%d,"a":"%d"}],"x":%d}`, name, i, i, i)
		}
		var want []byte
		for range 20 {
			random.Shuffle(size, func(i, j int) { members[i], members[j] = members[j], members[i] })
			got, err := canonical.Transform([]byte("{"+strings.Join(members, ",")+"}"), canonical.Strict)
			require.NoError(t, err)
			if want == nil {
				want = got
			}
			require.Equal(t, string(want), string(got))
		}
		require.True(t, canonical.IsCanonical(want))
		require.Equal(t, oracle(t, want), string(want))
	}
}

// wide returns the members "k00":0 and so on, from one number up to another.
func wide(from, to int) string {
	var members []string
	for i := from; i < to; i++ {
		members = append(members, fmt.Sprintf(`"k%02d":0`, i))
	}
	return strings.Join(members, ",")
}

func TestAppendKeepsWhatIsBeforeIt(t *testing.T) {
	t.Parallel()
	for _, room := range []int{0, 10, 10_000} {
		got, err := canonical.Append(append(make([]byte, 0, room), "kept"...), []byte(submitted), canonical.Strict)
		require.NoError(t, err)
		require.Equal(t, "kept"+oracle(t, []byte(submitted)), string(got))
	}
}

func TestNothingIsAllocatedWhereThereIsRoom(t *testing.T) {
	text := []byte(submitted)
	sorted, err := canonical.Transform(text, canonical.Strict)
	require.NoError(t, err)
	dst := make([]byte, 0, 3*len(text))
	for name, f := range map[string]func() bool{
		"unsorted":      func() bool { _, err := canonical.Append(dst, text, canonical.Strict); return err == nil },
		"sorted":        func() bool { _, err := canonical.Append(dst, sorted, canonical.Official); return err == nil },
		"check":         func() bool { return canonical.IsCanonical(sorted) },
		"check in vain": func() bool { return !canonical.IsCanonical(text) },
		"string":        func() bool { _, err := canonical.AppendString(dst, "a\né"); return err == nil },
		"number": func() bool {
			_, err := canonical.AppendNumber(dst, []byte("-0.30000000000000004"), canonical.Strict)
			return err == nil
		},
	} {
		ok := true
		require.Zero(t, testing.AllocsPerRun(100, func() { ok = f() && ok }), name)
		require.True(t, ok, name)
	}
}
