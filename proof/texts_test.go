package proof

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(21, 22))
	long := strings.Repeat("x", MaxTextBytes)
	var kept texts
	var want []string
	for i := range 3*textsPerPage + 17 {
		text := []string{
			fmt.Sprintf("usage:acme:2026-02-%02d:part-%d", 1+i%28, i),
			long[:random.IntN(len(long))],
			long[:maxShared+random.IntN(3)-1] + "y",
			"", "u", "usage:acme:2026-02-01:part-0", "usage:acme:2026-02-01:part-0é",
		}[min(random.IntN(40), 6)]
		require.Equal(t, uint32(i), kept.add(text))
		want = append(want, text)
	}
	for i, text := range want {
		require.Equal(t, text, kept.text(uint32(i)))
		require.True(t, kept.is(uint32(i), text))
		require.False(t, kept.is(uint32(i), text+"z"))
		require.False(t, kept.is(uint32(i), "z"+text))
		if text != "" {
			require.False(t, kept.is(uint32(i), text[:len(text)-1]))
			require.False(t, kept.is(uint32(i), text[:len(text)-1]+"\x00"))
		}
	}
}

func TestRunsHoldAnyNumbers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(23, 24))
	var list runs
	var want []int32
	next := int32(-3)
	for range 20_000 {
		switch random.IntN(200) {
		case 0:
			next = random.Int32() - random.Int32()
		case 1, 2, 3: // the same as before
		default:
			next++
		}
		list.add(next)
		want = append(want, next)
	}
	for i, v := range want {
		require.Equal(t, v, list.at(i), i)
	}

	var lines, constant runs
	for i := range int32(10_000) {
		lines.add(2 + i)
		constant.add(-1)
	}
	require.Len(t, lines.all, 1, "line numbers take no memory")
	require.Len(t, constant.all, 1)
}

// What a hash finds is confirmed by the texts: with all hashes equal everything is still
// found, and nothing else.
func TestAnIndexDoesNotTrustHashes(t *testing.T) {
	t.Parallel()
	for _, tagged := range []struct {
		name string
		tag  func(i int) uint32
	}{
		{"all hashes equal", func(int) uint32 { return 7 }},
		{"hashes that end a table", func(i int) uint32 { return ^uint32(i % 3) }},
		{"all hashes different", func(i int) uint32 { return uint32(i) * 2654435761 }},
	} {
		for _, expected := range []int{0, 10, 500, 1 << 30} {
			t.Run(fmt.Sprintf("%s, %d expected", tagged.name, expected), func(t *testing.T) {
				t.Parallel()
				x := index{expected: expected}
				var kept texts
				look := func(i int) (uint32, bool) {
					n, there, free := x.find(tagged.tag(i), func(n uint32) bool { return kept.is(n, fmt.Sprint(i)) })
					if !there {
						n = kept.add(fmt.Sprint(i))
						x.fill(free, tagged.tag(i), n)
					}
					return n, there
				}
				for i := range 500 {
					n, there := look(i)
					require.False(t, there)
					require.Equal(t, uint32(i), n)
					n, there = look(i / 2)
					require.True(t, there)
					require.Equal(t, uint32(i/2), n)
				}
				require.LessOrEqual(t, len(x.slots), 48*500, "what a file says of itself takes no memory")
			})
		}
	}
}
