package canonical

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlainValuesAreWrittenAsTheLongWayWritesThem(t *testing.T) {
	t.Parallel()
	all := ""
	for c := range rune(0x180) {
		all += string(c)
	}
	for name, v := range map[string]any{
		"null":              nil,
		"true":              true,
		"false":             false,
		"the empty string":  "",
		"every escape":      all,
		"line separators":   "\u2028\u2029\ufffd\U0001f600",
		"nil as an object":  map[string]any(nil),
		"the empty object":  map[string]any{},
		"names in disorder": map[string]any{"b": "2", "a": "1", "aa": nil, "\"": true, "\n": "x", "A": false, "": "none"},
		"objects in it":     map[string]any{"plan": "growth", "usage": map[string]any{"z": "1", "a": map[string]any{"b": true}}},
		"16 members":        manyMembers(16),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			short, ok := AppendPlain(nil, v)
			require.True(t, ok)
			long, err := marshalAny(v)
			require.NoError(t, err)
			require.Equal(t, string(long), string(short))
		})
	}
}

func TestOtherValuesTakeTheLongWay(t *testing.T) {
	t.Parallel()
	endless := map[string]any{}
	endless["self"] = endless
	type named string
	for name, v := range map[string]any{
		"a number":                   1,
		"a float":                    1.5,
		"a list":                     []any{"a"},
		"a named string":             named("a"),
		"a map of strings":           map[string]string{"a": "b"},
		"invalid UTF-8":              "\xff",
		"invalid UTF-8 in a name":    map[string]any{"\xff": "a"},
		"a name that is not ASCII":   map[string]any{"ä": "a"},
		"a number in an object":      map[string]any{"a": 1},
		"17 members":                 manyMembers(17),
		"a value that holds itself":  endless,
		"invalid UTF-8 in an object": map[string]any{"a": map[string]any{"b": "\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, ok := AppendPlain(nil, v)
			require.False(t, ok)
			long, wrong := marshalAny(v)
			got, err := Marshal(v)
			require.Equal(t, wrong, err)
			require.Equal(t, string(long), string(got))
		})
	}
}

func manyMembers(n int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[fmt.Sprint("name", i)] = "value"
	}
	return m
}
