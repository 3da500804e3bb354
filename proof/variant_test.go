package proof

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The leaves and the three colon nodes were computed apart from this code; see the API
// contract, section 5.3.
func TestPublishedValues(t *testing.T) {
	t.Parallel()
	a := VariantHex0x.Leaf([]byte(`{"a":1}`))
	b := VariantHex0x.Leaf([]byte(`{"a":2}`))
	require.Equal(t, "0x5d0e8d98ddb6d7254709af4899f741c9c30b4be52a8c307573b2f63f45d877a9", a.String())
	require.Equal(t, "0xcea425bba642442dce136f0b07a3d2a4212d52cff7d217c055ac7b7a838629aa", b.String())
	for variant, node := range map[Variant]string{
		VariantHex0x: "0x640f4c59aae1fc50c287e000296ea92702774100001cd38727250d0aa78c5c70",
		VariantHex:   "0xb98b4814a8c22ad9b44f5b3fba111f231486f52b1a97d1e8a8736753532f5cc5",
		VariantRaw:   "0xd8be5575d0c36db2597867519c63bad054e08736236f8a8a6acc94f50ff80b71",
	} {
		require.Equal(t, node, variant.Node(a, b).String(), variant)
	}
}

// Each message is spelt out here, so that the byte formulas are written down twice.
func TestVariantsAreTheirByteFormulas(t *testing.T) {
	t.Parallel()
	item := `{"a":1}`
	left, right := keccakOf([]byte("left")), keccakOf([]byte("right"))
	l, r := hex.EncodeToString(left[:]), hex.EncodeToString(right[:])
	for _, tc := range []struct {
		variant    Variant
		leaf, node string
	}{
		{VariantHex0x, "pacspace:item:v1:" + item, "pacspace:node:v1:0x" + l + "0x" + r},
		{VariantHex, "pacspace:item:v1:" + item, "pacspace:node:v1:" + l + r},
		{VariantRaw, "pacspace:item:v1:" + item, "pacspace:node:v1:" + string(left[:]) + string(right[:])},
		{VariantHex0xNul, "pacspace:item:v1\x00" + item, "pacspace:node:v1\x000x" + l + "0x" + r},
		{VariantHexNul, "pacspace:item:v1\x00" + item, "pacspace:node:v1\x00" + l + r},
		{VariantRawNul, "pacspace:item:v1\x00" + item, "pacspace:node:v1\x00" + string(left[:]) + string(right[:])},
	} {
		t.Run(string(tc.variant), func(t *testing.T) {
			t.Parallel()
			require.NoError(t, tc.variant.Validate())
			require.Equal(t, keccakOf([]byte(tc.leaf)), tc.variant.Leaf([]byte(item)))
			require.Equal(t, keccakOf([]byte(tc.node)), tc.variant.Node(left, right))
		})
	}
	require.Len(t, Variants(), 6)
}

func TestTheZeroVariantIsThePublishedText(t *testing.T) {
	t.Parallel()
	require.NoError(t, Variant("").Validate())
	require.Equal(t, VariantHex0x.Leaf([]byte("{}")), Variant("").Leaf([]byte("{}")))
	require.Equal(t, VariantHex0x.Node(Hash{1}, Hash{2}), Variant("").Node(Hash{1}, Hash{2}))
}

func TestAnUnknownVariantHasNoHashes(t *testing.T) {
	t.Parallel()
	v := Variant("base64")
	require.ErrorIs(t, v.Validate(), ErrVariant)
	require.True(t, v.Leaf([]byte("{}")).IsZero())
	require.True(t, v.Node(Hash{1}, Hash{2}).IsZero())
	require.True(t, v.Root([]Hash{{1}}).IsZero())
	_, err := v.ProveInclusion([]Hash{{1}}, 0)
	require.ErrorIs(t, err, ErrVariant)
	require.ErrorIs(t, v.VerifyInclusion(Hash{1}, 0, 1, nil, Hash{1}), ErrVariant)
}

func TestMatch(t *testing.T) {
	t.Parallel()
	item := sampleItem()
	for _, v := range Variants() {
		hash, err := v.ItemHash(item)
		require.NoError(t, err)
		found, err := MatchItem(item, hash)
		require.NoError(t, err)
		require.Len(t, found, 3, "a leaf shows the label alone")
		require.Contains(t, found, v)

		leaves := []Hash{hash, {2}, {3}}
		require.Equal(t, []Variant{v}, MatchRoot(leaves, v.Root(leaves)))
	}
	none, err := MatchItem(item, Hash{9})
	require.NoError(t, err)
	require.Empty(t, none)
	require.Len(t, MatchRoot([]Hash{{7}}, Hash{7}), 6, "one leaf shows nothing")

	item.Metadata = []byte(`{"a":1,"a":2}`)
	_, err = MatchItem(item, Hash{})
	require.ErrorIs(t, err, ErrItem)
	require.False(t, strings.Contains(err.Error(), "\n"))
}
