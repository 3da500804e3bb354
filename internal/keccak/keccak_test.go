package keccak

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSum256(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, message, want string }{
		{"the empty message", "", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
		{"a word", "hello", "1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"},
		{"one byte short of a block, where padding is a single byte", strings.Repeat("a", 135), "34367dc248bbd832f4e3e69dfaac2f92638bd0bbd18f2912ba4ef454919cf446"},
		{"exactly one block", strings.Repeat("a", 136), "a6c4d403279fe3e0af03729caada8374b5ca54d8065329a3ebcaeb4b60aa386e"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			sum := Sum256([]byte(tc.message))
			require.Equal(t, tc.want, hex.EncodeToString(sum[:]))
		})
	}
}

func TestPartsAreJoinedWithoutSeparator(t *testing.T) {
	t.Parallel()
	whole := Sum256([]byte("pacspace:slot-item:v1\x00rest"))
	require.Equal(t, whole, Sum256([]byte("pacspace:slot-item:v1"), []byte{0}, nil, []byte("rest")))
	require.Equal(t, Sum256(), Sum256(nil, []byte{}))
}

func ExampleSum256() {
	fmt.Printf("%x\n", Sum256([]byte("pac"), []byte("space")))
	// Output: 85829296368d6fad41c41ca951be2ec4d238ab4c87a3df77accf1adeb2b4bc1a
}
