package canonical_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// Whatever the text: both modes take what is JSON and refuse what is not, the result is
// its own canonical form, and it means what the text means by encoding/json's reading.
func FuzzTransform(f *testing.F) {
	for _, text := range []string{
		submitted, `{"b":[1.50,-0,1e21],"a":{"\u00e9":"\ud83d\ude00"}}`, `{"a":1,"\u0061":2}`, `"\ud800"`, `[1e400]`, `[0.1000000000000000055]`,
		"{\"\ufb33\":1,\"\U0001F600\":2}", ` [ { } , [ ] , "\b\u000b\/" ] `, "\"\xff\"", `{"a":`, `[01]`, "\ufeff1",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		official, officialErr := canonical.Transform(text, canonical.Official)
		strict, strictErr := canonical.Transform(text, canonical.Strict)

		isJSON := json.Valid(text) && utf8.Valid(text)
		if officialErr == nil {
			require.True(t, isJSON)
		} else if isJSON {
			require.True(t, errors.Is(officialErr, canonical.ErrRange) || errors.Is(officialErr, canonical.ErrLimit), "%v", officialErr)
		}

		require.Equal(t, strictErr == nil && bytes.Equal(strict, text), canonical.IsCanonical(text))
		if strictErr == nil {
			require.NoError(t, officialErr)
			require.Equal(t, string(official), string(strict))
			require.True(t, canonical.IsCanonical(strict))
			require.Equal(t, oracle(t, text), string(strict))
		} else {
			failure, ok := errors.AsType[*canonical.Error](strictErr)
			require.True(t, ok)
			require.LessOrEqual(t, failure.Offset, len(text))
			require.False(t, strings.ContainsAny(strictErr.Error(), "\n\r"))
		}
		if officialErr == nil {
			again, err := canonical.Transform(official, canonical.Official)
			require.NoError(t, err)
			require.Equal(t, string(official), string(again))
			if !errors.Is(strictErr, canonical.ErrText) { // encoding/json would replace lone surrogates
				require.Equal(t, oracle(t, text), string(official))
			}
		}
	})
}

// Strict takes a number exactly when the shortest text of the nearest binary64 is the same
// number, by exact rational arithmetic; Official takes all but overflow.
func FuzzAppendNumber(f *testing.F) {
	for _, text := range []string{"0", "-0", "1.50", "9007199254740993", "18446744073709551616", "5e-324", "4.9e-324", "1e400", "1e-400", "295147905179352830000", "0.00000010"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		official, officialErr := canonical.AppendNumber(nil, []byte(text), canonical.Official)
		strict, strictErr := canonical.AppendNumber(nil, []byte(text), canonical.Strict)
		if !json.Valid([]byte(text)) || strings.Trim(text, "0123456789+-.eE") != "" {
			require.ErrorIs(t, officialErr, canonical.ErrSyntax)
			require.ErrorIs(t, strictErr, canonical.ErrSyntax)
			return
		}
		exact, ok := smallRat(text)
		if !ok {
			return
		}
		nearest, err := strconv.ParseFloat(text, 64)
		if math.IsInf(nearest, 0) {
			require.ErrorIs(t, officialErr, canonical.ErrRange)
			require.Error(t, strictErr)
			return
		}
		require.NoError(t, err)
		require.NoError(t, officialErr)
		held, err := strconv.ParseFloat(string(official), 64)
		require.NoError(t, err)
		require.True(t, held == nearest, "%s became %s", text, official) //nolint:testifylint // -0 is 0
		shortest, _ := smallRat(strconv.FormatFloat(nearest, 'e', -1, 64))
		require.Equal(t, shortest.Cmp(exact) == 0, strictErr == nil, "%s: %v", text, strictErr)
		if strictErr == nil {
			require.Equal(t, string(official), string(strict))
		}
	})
}

// smallRat reads a number whose exact value is of a size that a test can afford.
func smallRat(text string) (*big.Rat, bool) {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(text[i+1:]); err != nil || e > 2000 || e < -2000 {
			return nil, false
		}
	}
	if len(text) > 2000 {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// A Go string comes back from its canonical form as it was, or is refused for its UTF-8.
func FuzzAppendString(f *testing.F) {
	for _, text := range []string{"", "plain", "\"\\\b\f\n\r\t\x00\x1f\x7f", "é€\U0001F600\u2028<>&", "\xff", "\xed\xa0\x80", "\ufffd"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := canonical.AppendString(nil, text)
		marshaled, marshalErr := canonical.Marshal(text)
		if !utf8.ValidString(text) {
			require.ErrorIs(t, err, canonical.ErrText)
			require.ErrorIs(t, marshalErr, canonical.ErrText)
			return
		}
		require.NoError(t, err)
		require.NoError(t, marshalErr)
		require.Equal(t, string(marshaled), string(got))
		require.True(t, canonical.IsCanonical(got))
		var back string
		require.NoError(t, json.Unmarshal(got, &back))
		require.Equal(t, text, back)
	})
}
