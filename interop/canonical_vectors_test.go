package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// jcsCase is a case of jcs.json: a JSON text, and its canonical text or the stage at which
// the official SDK refused it.
type jcsCase struct {
	text, canonical, sha256 string
	refused                 bool
}

func jcsCases(t *testing.T) map[string]jcsCase {
	t.Helper()
	cases := map[string]jcsCase{}
	for _, v := range load(t, "jcs.json") {
		in := read[struct{ JSON string }](t, v.Input)
		out := read[struct {
			Canonical  *string
			UTF8SHA256 string
			Refused    *struct{ Stage string }
		}](t, v.Expected)
		require.NotEqual(t, out.Canonical == nil, out.Refused == nil, "%s: canonical or refused", v.ID)
		require.NotContains(t, cases, v.ID)
		c := jcsCase{text: in.JSON, refused: out.Refused != nil, sha256: out.UTF8SHA256}
		if out.Canonical != nil {
			c.canonical = *out.Canonical
		}
		cases[v.ID] = c
	}
	return cases
}

// jcsDifferences are the cases in which Official mode is wanted to differ from the official
// SDK, each with its reason. There is none.
var jcsDifferences = map[string]string{}

func TestVectorsJCS(t *testing.T) {
	t.Parallel()
	for id, c := range jcsCases(t) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			got, err := canonical.Transform([]byte(c.text), canonical.Official)
			if reason, wanted := jcsDifferences[id]; wanted {
				require.False(t, (err != nil) == c.refused && string(got) == c.canonical, "no longer differs, though: %s", reason)
				return
			}
			if c.refused {
				require.ErrorAs(t, err, new(*canonical.Error))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.canonical, string(got))
			sum := sha256.Sum256(got)
			require.Equal(t, c.sha256, hex.EncodeToString(sum[:]))

			again, err := canonical.Transform(got, canonical.Official)
			require.NoError(t, err)
			require.Equal(t, c.canonical, string(again), "the canonical text is its own canonical form")
		})
	}
}

// TestVectorsJCSStrict holds Strict mode to the same cases. It refuses three things that
// the official SDK takes, and for each refusal the case must show the thing, by a reading
// of its own. All else has the same canonical text in both modes.
func TestVectorsJCSStrict(t *testing.T) {
	t.Parallel()
	for id, c := range jcsCases(t) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			got, err := canonical.Transform([]byte(c.text), canonical.Strict)
			if c.refused {
				require.ErrorAs(t, err, new(*canonical.Error))
				return
			}
			if reasons := whyStrictRefuses(t, c); len(reasons) > 0 {
				failure, ok := errors.AsType[*canonical.Error](err)
				require.True(t, ok)
				require.Contains(t, reasons, failure.Err)
				require.False(t, canonical.IsCanonical([]byte(c.text)))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.canonical, string(got))
			require.True(t, canonical.IsCanonical(got))
			require.Equal(t, c.text == c.canonical, canonical.IsCanonical([]byte(c.text)))
		})
	}
}

var (
	surrogateEscape = regexp.MustCompile(`[^\\](?:\\\\)*\\ud[89a-f][0-9a-f]{2}`) // not an escaped backslash before a u
	scalars         = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*`)
)

// whyStrictRefuses finds all that Strict mode must refuse in a text that the official SDK
// took, without asking our own reader.
func whyStrictRefuses(t *testing.T, c jcsCase) []error {
	t.Helper()
	var reasons []error
	// The canonical text escapes a surrogate only where it stands alone.
	if surrogateEscape.MatchString(c.canonical) {
		reasons = append(reasons, canonical.ErrText)
	}
	// A later member that replaces an earlier one leaves fewer tokens behind.
	given, kept := scalars.FindAllString(c.text, -1), scalars.FindAllString(c.canonical, -1)
	if len(given) > len(kept) {
		reasons = append(reasons, canonical.ErrDuplicate)
	}
	for _, token := range given {
		if token[0] != '"' && !survives(t, token) {
			reasons = append(reasons, canonical.ErrInexact)
		}
		if len(token) > canonical.MaxNumberLength && token[0] != '"' {
			reasons = append(reasons, canonical.ErrLimit)
		}
	}
	return reasons
}

// survives tells whether the text that any reader would print for a number is that number.
// ParseFloat, FormatFloat and Rat are exact.
func survives(t *testing.T, number string) bool {
	t.Helper()
	nearest, err := strconv.ParseFloat(number, 64)
	require.NoError(t, err)
	shortest, ok := new(big.Rat).SetString(strconv.FormatFloat(nearest, 'e', -1, 64))
	require.True(t, ok)
	exact, ok := new(big.Rat).SetString(number)
	require.True(t, ok)
	return exact.Cmp(shortest) == 0
}
