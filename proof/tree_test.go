package proof

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/keccak"
)

// rootByLevels is the definition of a root, written without regard to memory.
func rootByLevels(v Variant, leaves []Hash) Hash {
	if len(leaves) == 0 {
		return Hash{}
	}
	for len(leaves) > 1 {
		if len(leaves)%2 == 1 {
			leaves = append(leaves[:len(leaves):len(leaves)], leaves[len(leaves)-1])
		}
		var parents []Hash
		for i := 0; i < len(leaves); i += 2 {
			parents = append(parents, v.Node(leaves[i], leaves[i+1]))
		}
		leaves = parents
	}
	return leaves[0]
}

func distinctLeaves(n int) []Hash {
	leaves := make([]Hash, n)
	for i := range leaves {
		leaves[i] = keccakOf(binary.BigEndian.AppendUint64(nil, uint64(i)))
	}
	return leaves
}

func keccakOf(parts ...[]byte) Hash { return Hash(keccak.Sum256(parts...)) }

func TestTreeIsTheDefinition(t *testing.T) {
	t.Parallel()
	for _, v := range Variants() {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			leaves := distinctLeaves(70)
			tree := newTree(v)
			for n := range len(leaves) + 1 {
				require.Equal(t, rootByLevels(v, leaves[:n]), tree.root(), "%d leaves", n)
				require.Equal(t, tree.root(), v.Root(leaves[:n]))
				if n < len(leaves) {
					tree.add(leaves[n])
				}
			}
		})
	}
}

func TestRootsOfFewItems(t *testing.T) {
	t.Parallel()
	require.True(t, VariantHex0x.Root(nil).IsZero(), "no items: 32 zero bytes")
	require.Equal(t, Hash{5}, VariantHex0x.Root([]Hash{{5}}), "one item: its leaf, no tree")
	a, b, c := Hash{1}, Hash{2}, Hash{3}
	v := VariantRaw
	require.Equal(t, v.Node(v.Node(a, b), v.Node(c, c)), v.Root([]Hash{a, b, c}), "an odd last node is paired with itself")
}

// sharesRoot looks for a shorter list with the same root by trying them all, which is what
// tree.finish answers while streaming.
func sharesRoot(v Variant, leaves []Hash) bool {
	for n := 1; n < len(leaves); n++ {
		if rootByLevels(v, leaves[:n]) == rootByLevels(v, leaves) {
			return true
		}
	}
	return false
}

func TestDoubledTailsAreSeenAtEveryLevel(t *testing.T) {
	t.Parallel()
	const v = VariantRaw
	random := rand.New(rand.NewPCG(1, 2))
	doubledLists := 0
	for range 500 {
		// Few different leaves, and blocks copied to the end, make doubled tails likely.
		leaves := make([]Hash, 1+random.IntN(24))
		for i := range leaves {
			leaves[i] = Hash{byte(random.IntN(3))}
		}
		for block := 1; block <= 4 && block <= len(leaves); block *= 2 {
			if random.IntN(2) == 0 {
				leaves = append(leaves, leaves[len(leaves)-block:]...)
			}
		}
		tree := newTree(v)
		for _, leaf := range leaves {
			tree.add(leaf)
		}
		_, doubled := tree.finish()
		require.Equal(t, sharesRoot(v, leaves), doubled, "%v", leaves)
		if doubled {
			doubledLists++
		}
	}
	require.Greater(t, doubledLists, 50)
}

func TestRepeatable(t *testing.T) {
	t.Parallel()
	const v = VariantRaw
	for n := 1; n <= 40; n++ {
		leaves := distinctLeaves(n)
		tree := newTree(v)
		for _, leaf := range leaves {
			tree.add(leaf)
		}
		block := tree.repeatable()
		if n&(n-1) == 0 {
			require.Zero(t, block, "%d leaves", n)
			continue
		}
		longer := append(leaves[:n:n], leaves[n-block:]...)
		require.Equal(t, v.Root(leaves), v.Root(longer), "%d leaves", n)
		for fewer := 1; fewer < block; fewer++ {
			require.NotEqual(t, v.Root(leaves), v.Root(append(leaves[:n:n], leaves[n-fewer:]...)), "%d leaves, %d repeated", n, fewer)
		}
	}
}

func TestInclusion(t *testing.T) {
	t.Parallel()
	for _, v := range []Variant{VariantHex0x, VariantRawNul} {
		for n := 1; n <= 20; n++ {
			leaves := distinctLeaves(n)
			root := v.Root(leaves)
			for i, leaf := range leaves {
				path, err := v.ProveInclusion(leaves, i)
				require.NoError(t, err)
				require.NoError(t, v.VerifyInclusion(leaf, i, n, path, root), "leaf %d of %d", i, n)
				requireNoOther(t, v, leaf, i, n, path, root)
			}
		}
	}
}

// requireNoOther changes each part of a good proof in turn.
func requireNoOther(t *testing.T, v Variant, leaf Hash, i, n int, path []Hash, root Hash) {
	t.Helper()
	require.ErrorIs(t, v.VerifyInclusion(Hash{1}, i, n, path, root), ErrNotIncluded, "another leaf")
	require.ErrorIs(t, v.VerifyInclusion(leaf, i, n, path, Hash{1}), ErrNotIncluded, "another root")
	require.ErrorContains(t, v.VerifyInclusion(leaf, i, n, append(path[:len(path):len(path)], root), root), "hashes and leaf", "a longer path")
	for k := range path {
		changed := append([]Hash(nil), path...)
		changed[k][31] ^= 1
		require.ErrorIs(t, v.VerifyInclusion(leaf, i, n, changed, root), ErrNotIncluded, "another sibling")
	}
	if len(path) > 0 {
		require.ErrorIs(t, v.VerifyInclusion(leaf, i, n, path[:len(path)-1], root), ErrNotIncluded, "a shorter path")
	}
	for other := range n {
		if other != i {
			require.Error(t, v.VerifyInclusion(leaf, other, n, path, root), "another index")
		}
	}
}

func TestInclusionRefusesPlacesOutside(t *testing.T) {
	t.Parallel()
	leaves := distinctLeaves(3)
	for _, index := range []int{-1, 3} {
		_, err := VariantHex.ProveInclusion(leaves, index)
		require.ErrorIs(t, err, ErrNotIncluded)
		require.ErrorIs(t, VariantHex.VerifyInclusion(leaves[0], index, 3, nil, Hash{}), ErrNotIncluded)
	}
	require.ErrorIs(t, VariantHex.VerifyInclusion(leaves[0], 0, 0, nil, Hash{}), ErrNotIncluded)
}
