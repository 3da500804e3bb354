package interop

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/keccak"
	"github.com/pacspace/pacspace-go/proof"
)

func TestVectorsKeccak(t *testing.T) {
	t.Parallel()
	for _, v := range load(t, "keccak.json") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			message, err := hex.DecodeString(read[struct {
				Hex string `json:"hex"`
			}](t, v.Input).Hex)
			require.NoError(t, err)
			want := read[struct {
				Keccak256 string `json:"keccak256"`
			}](t, v.Expected).Keccak256
			require.NotEmpty(t, want)
			require.Equal(t, want, proof.Hash(keccak.Sum256(message)).String())
			// The state is fed in two pieces too: a block boundary may lie in either.
			half := len(message) / 2
			require.Equal(t, want, proof.Hash(keccak.Sum256(message[:half], message[half:])).String())
		})
	}
}
