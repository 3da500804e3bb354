package proof

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseHash(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("5d0e8d98", 8)
	for _, tc := range []struct {
		name, text string
		ok         bool
	}{
		{"0x and 64 lower-case digits", "0x" + digits, true},
		{"upper-case digits, as some services print them", "0x" + strings.ToUpper(digits), true},
		{"without 0x", digits, false},
		{"with an upper-case X", "0X" + digits, false},
		{"a digit short", "0x" + digits[1:], false},
		{"a digit long", "0x" + digits + "0", false},
		{"a letter that is no digit", "0x" + digits[1:] + "g", false},
		{"nothing", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h, err := ParseHash(tc.text)
			if !tc.ok {
				require.ErrorIs(t, err, ErrHash)
				require.True(t, h.IsZero())
				return
			}
			require.NoError(t, err)
			require.Equal(t, "0x"+digits, h.String())
		})
	}
}

func TestHashInJSON(t *testing.T) {
	t.Parallel()
	var v struct {
		Root Hash `json:"root,omitzero"`
	}
	text, err := json.Marshal(v)
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(text))

	v.Root = keccakOf([]byte("pac"), []byte("space"))
	text, err = json.Marshal(v)
	require.NoError(t, err)
	require.JSONEq(t, `{"root":"0x85829296368d6fad41c41ca951be2ec4d238ab4c87a3df77accf1adeb2b4bc1a"}`, string(text))
	require.Equal(t, "0x8582...", v.Root.Short())

	before := v.Root
	require.ErrorIs(t, json.Unmarshal([]byte(`{"root":"0x12"}`), &v), ErrHash)
	require.Equal(t, before, v.Root, "a refused text changes nothing")
}
