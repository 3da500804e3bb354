package canonical_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/usage"
)

type emission struct {
	CustomerID  string          `json:"customerId"`
	Delta       decimal.Decimal `json:"delta"`
	ReferenceID string          `json:"referenceId,omitempty"`
	Metadata    map[string]any  `json:"metadata,omitzero"`
	Adjusts     *adjusts        `json:"adjusts,omitzero"`
	Raw         json.RawMessage `json:"raw,omitzero"`
	Hidden      string          `json:"-"`
	private     string
}

type adjusts struct {
	ReferenceID string `json:"referenceId"`
}

// word has its method on the value, pointed on the pointer; both write what they hold.
type word struct{ text string }

func (w word) MarshalText() ([]byte, error) { return []byte(w.text), nil }

type pointed struct{ Text string }

func (p *pointed) MarshalText() ([]byte, error) { return []byte(p.Text), nil }

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, io.ErrUnexpectedEOF }

type verbatim string

func (v verbatim) MarshalJSON() ([]byte, error) { return []byte(v), nil }

type embedded struct{ Inner string }

func TestMarshalWritesTheCanonicalFormOfGoValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"a delta, members sorted": {
			emission{CustomerID: "acme", Delta: decimal.New(-50), Metadata: map[string]any{"resource": "minutes", "events": 3, "plan": "<&>"}, Hidden: "\xff", private: "\xff"},
			`{"customerId":"acme","delta":-50,"metadata":{"events":3,"plan":"<&>","resource":"minutes"}}`,
		},
		"an empty metadata object stays, an absent one stays absent": {
			[]emission{{Metadata: map[string]any{}}, {}},
			`[{"customerId":"","delta":0,"metadata":{}},{"customerId":"","delta":0}]`,
		},
		"a nested pointer":                   {emission{Adjusts: &adjusts{ReferenceID: "r"}}, `{"adjusts":{"referenceId":"r"},"customerId":"","delta":0}`},
		"raw JSON is put in form":            {emission{Raw: json.RawMessage(` {"b": 1.50, "a":"\u00e9"} `)}, `{"customerId":"","delta":0,"raw":{"a":"é","b":1.5}}`},
		"nil is null":                        {nil, `null`},
		"a nil pointer is null":              {(*adjusts)(nil), `null`},
		"nil raw JSON is null":               {[]json.RawMessage{nil}, `[null]`},
		"integers":                           {[]any{int8(-1), uint64(9007199254740991), math.MaxInt32}, `[-1,9007199254740991,2147483647]`},
		"floats in ECMAScript's form":        {[]any{1e21, 1e-7, 0.1, float32(0.1), math.Copysign(0, -1), math.MaxFloat64}, `[1e+21,1e-7,0.1,0.1,0,1.7976931348623157e+308]`},
		"json.Number":                        {[]json.Number{"1.50", "-0"}, `[1.5,0]`},
		"a replacement character of its own": {"\ufffd", "\"\ufffd\""},
		"separators are not escaped":         {"\u2028\u2029", "\"\u2028\u2029\""},
		"bytes are base64":                   {[]byte{0xff, 0xfe}, `"//4="`},
		"an array of bytes is numbers":       {[2]byte{0xff, 0xfe}, `[255,254]`},
		"a date, a time":                     {[]any{usage.NewDate(2026, time.February, 1), time.Unix(0, 0).UTC()}, `["2026-02-01","1970-01-01T00:00:00Z"]`},
		"text methods":                       {[]any{word{"x"}, &pointed{"y"}, map[word]int{{"z"}: 1}, map[int]bool{7: true}}, `["x","y",{"z":1},{"7":true}]`},
		"an embedded struct":                 {struct{ embedded }{embedded{"x"}}, `{"Inner":"x"}`},
		"a nil text method":                  {[]*pointed{nil}, `[null]`},
		"a field called -": {struct {
			//lint:ignore SA5008 encoding/json documents that this names the field "-"
			Dash string `json:"-,"`
		}{"x"}, `{"-":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := canonical.Marshal(c.value)
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))
			require.True(t, canonical.IsCanonical(got))
		})
	}
}

func TestMarshalRefusesWhatWouldBeAlteredAndNamesTheField(t *testing.T) {
	t.Parallel()
	loop := map[string]any{}
	loop["again"] = loop
	type list struct{ Next *list }
	ring := &list{}
	ring.Next = ring
	in := func(v any) emission { return emission{Metadata: map[string]any{"tokens": v}} }
	for name, c := range map[string]struct {
		value any
		path  string
		kind  error
	}{
		"a string":                              {emission{CustomerID: "ac\xffme"}, "customerId", canonical.ErrText},
		"a lone surrogate in a string":          {in("\xed\xa0\x80"), "metadata.tokens", canonical.ErrText},
		"a map key":                             {emission{Metadata: map[string]any{"a\xff": 1}}, `metadata["a\xff"]`, canonical.ErrText},
		"an element of a slice":                 {in([]any{"x", []string{"y", "\xc3"}}), "metadata.tokens[1][1]", canonical.ErrText},
		"a field without a tag":                 {in(&embedded{"\xff"}), "metadata.tokens.Inner", canonical.ErrText},
		"a field of an embedded struct":         {struct{ embedded }{embedded{"\xff"}}, "Inner", canonical.ErrText},
		"what a text method returns":            {in(word{"\xff"}), "metadata.tokens", canonical.ErrText},
		"what a pointer's text method returns":  {&struct{ P pointed }{pointed{"\xff"}}, "P", canonical.ErrText},
		"a key's text method":                   {map[word]int{{"\xff"}: 1}, `["{\xff}"]`, canonical.ErrText},
		"raw JSON with invalid UTF-8":           {in(json.RawMessage("\"\xff\"")), "metadata.tokens", canonical.ErrText},
		"raw JSON with a lone surrogate":        {in(json.RawMessage(`{"a":"\ud800"}`)), "metadata.tokens.a", canonical.ErrText},
		"raw JSON with a name twice":            {emission{Raw: json.RawMessage(`{"a":1,"a":1}`)}, "raw.a", canonical.ErrDuplicate},
		"malformed raw JSON":                    {emission{Raw: json.RawMessage(`{"a":[1,}`)}, "raw.a[1]", canonical.ErrSyntax},
		"empty raw JSON":                        {emission{Raw: json.RawMessage{}}, "raw", canonical.ErrSyntax},
		"a method's JSON with a name twice":     {in(verbatim(`{"a":1,"a":1}`)), "metadata.tokens.a", canonical.ErrDuplicate},
		"a method's JSON with a lone surrogate": {in(verbatim(`"\ud800"`)), "metadata.tokens", canonical.ErrText},
		"an integer past 2^53":                  {in(int64(9007199254740993)), "metadata.tokens", canonical.ErrInexact},
		"the greatest uint64":                   {in(uint64(math.MaxUint64)), "metadata.tokens", canonical.ErrInexact},
		"a json.Number that is not exact":       {in(json.Number("0.12345678901234567890")), "metadata.tokens", canonical.ErrInexact},
		"a json.Number that overflows":          {in(json.Number("1e400")), "metadata.tokens", canonical.ErrRange},
		"an empty json.Number":                  {in(json.Number("")), "metadata.tokens", canonical.ErrSyntax},
		"a decimal that is not exact":           {emission{Delta: parse(t, "-0.12345678901234567")}, "delta", canonical.ErrInexact},
		"NaN":                                   {in(math.NaN()), "metadata.tokens", canonical.ErrRange},
		"an infinity":                           {in([]float32{float32(math.Inf(-1))}), "metadata.tokens[0]", canonical.ErrRange},
		"a map that contains itself":            {loop, "...", canonical.ErrLimit},
		"a list that contains itself":           {ring, "...", canonical.ErrLimit},
		"too many levels":                       {in(json.RawMessage(strings.Repeat("[", 511) + strings.Repeat("]", 511))), "...", canonical.ErrLimit},
		"a failing method":                      {in(failing{}), "", io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := canonical.Marshal(c.value)
			require.Nil(t, got)
			require.ErrorIs(t, err, c.kind)
			failure, ok := errors.AsType[*canonical.Error](err)
			require.True(t, ok)
			require.Equal(t, -1, failure.Offset)
			if c.path == "..." {
				require.True(t, strings.HasPrefix(failure.Path, "..."), failure.Path)
			} else {
				require.Equal(t, c.path, failure.Path, err)
			}
			require.NotContains(t, err.Error(), "\n")
		})
	}
	_, err := canonical.Marshal(in(make(chan int)))
	require.ErrorAs(t, err, new(*json.UnsupportedTypeError))
}

func parse(t *testing.T, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	require.NoError(t, err)
	return d
}

func ExampleMarshal() {
	body, err := canonical.Marshal(map[string]any{"delta": -50, "customerId": "customer_acme"})
	fmt.Println(string(body), err)

	_, err = canonical.Marshal(map[string]any{"metadata": map[string]any{"tokens": int64(9007199254740993)}})
	fmt.Println(err)
	// Output:
	// {"customerId":"customer_acme","delta":-50} <nil>
	// canonical: metadata.tokens: number 9007199254740993 is not exact in binary64; round it or send it as a string
}
