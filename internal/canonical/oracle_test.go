package canonical_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// oracle makes the canonical form another way: encoding/json reads the whole text into
// values and writes the scalars, only the order of names is ours. It knows neither lone
// surrogates nor invalid UTF-8.
func oracle(t *testing.T, text []byte) string {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(text, &v))
	var b strings.Builder
	writeOracle(t, &b, v)
	return b.String()
}

func writeOracle(t *testing.T, b *strings.Builder, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		b.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeOracle(t, b, element)
		}
		b.WriteByte(']')
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.SortFunc(names, func(x, y string) int {
			return slices.Compare(utf16.Encode([]rune(x)), utf16.Encode([]rune(y)))
		})
		b.WriteByte('{')
		for i, name := range names {
			if i > 0 {
				b.WriteByte(',')
			}
			writeOracle(t, b, name)
			b.WriteByte(':')
			writeOracle(t, b, v[name])
		}
		b.WriteByte('}')
	case string:
		b.WriteByte('"')
		for _, c := range v {
			if escape, ok := escapes[c]; ok {
				b.WriteString(escape)
			} else if c < ' ' {
				fmt.Fprintf(b, `\u%04x`, c)
			} else {
				b.WriteRune(c)
			}
		}
		b.WriteByte('"')
	case float64:
		if v == 0 { // encoding/json keeps the sign
			v = 0
		}
		writeScalar(t, b, v)
	default:
		writeScalar(t, b, v)
	}
}

var escapes = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`}

// writeScalar leaves a number's form to encoding/json, which documents that it is
// ECMAScript's.
func writeScalar(t *testing.T, b *strings.Builder, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	b.Write(text)
}
