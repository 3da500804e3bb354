package idem_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/idem"
)

func TestAReferenceIsItsOwnKeyWhereAHeaderCanHoldIt(t *testing.T) {
	t.Parallel()
	const hashed = "" // the reference itself must not be the key
	for name, c := range map[string]struct{ reference, want string }{
		"a usage reference":             {"usage:acme:2026-02-01", "usage:acme:2026-02-01"},
		"all printable ASCII":           {"a !~\"b", "a !~\"b"},
		"255 characters":                {strings.Repeat("x", 255), strings.Repeat("x", 255)},
		"256 characters":                {strings.Repeat("x", 256), hashed},
		"a line end":                    {"a\nb", hashed},
		"another script":                {"usage:ünïcode:2026-02-01", hashed},
		"a space at the start":          {" a", hashed},
		"a space at the end":            {"a ", hashed},
		"nothing":                       {"", hashed},
		"bytes that are no text at all": {"\xff\xfe", hashed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := idem.Reference(c.reference)
			require.True(t, idem.Valid(key), "%q cannot be sent", key)
			if c.want != hashed {
				require.Equal(t, c.want, key)
				return
			}
			require.Len(t, key, len("ref-")+64)
			require.True(t, strings.HasPrefix(key, "ref-"))
			require.Equal(t, key, idem.Reference(c.reference), "the key must be the same every time")
		})
	}
}

// The hash is pinned: a key that changes between two releases turns a retry after an
// upgrade into a second delta.
func TestHashedKeysNeverChange(t *testing.T) {
	t.Parallel()
	require.Equal(t, "ref-607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f", idem.Reference("ü"))
	require.Equal(t, "batch-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", idem.Batch([]byte("{}")))
	require.NotEqual(t, idem.Batch([]byte(`{"a":1}`)), idem.Batch([]byte(`{"a":2}`)))
}

func TestRandomKeysDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		key, err := idem.Random()
		require.NoError(t, err)
		require.Len(t, key, 36)
		require.False(t, seen[key])
		seen[key] = true
	}
}
