package keccak

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// message returns n bytes that no other call returns.
func message(random *rand.Rand, n int) []byte {
	m := make([]byte, n)
	for i := range m {
		m[i] = byte(random.Uint32())
	}
	return m
}

func TestABatchHashesAsSum256Does(t *testing.T) {
	t.Parallel()
	t.Run("every length around every block, alone and with others", func(t *testing.T) {
		t.Parallel()
		random := rand.New(rand.NewPCG(1, 2))
		var b Batch
		for n := range (maxBlocks+2)*rate + 2 {
			for _, many := range []int{1, 2, 3, 4, 5, 9} {
				if many > 1 && n%rate > 3 && n%rate < rate-3 {
					continue
				}
				sums := make([][Size]byte, many)
				want := make([][Size]byte, many)
				for i := range many {
					m := message(random, n)
					copy(b.Next(n, &sums[i]), m)
					want[i] = Sum256(m)
				}
				b.Flush()
				require.Equal(t, want, sums, "%d messages of %d bytes", many, n)
			}
		}
	})
	t.Run("lengths in any order, flushed at any time", func(t *testing.T) {
		t.Parallel()
		random := rand.New(rand.NewPCG(3, 4))
		var b Batch
		for range 200 {
			many := random.IntN(40)
			sums, want := make([][Size]byte, many), make([][Size]byte, many)
			for i := range many {
				m := message(random, random.IntN(1300))
				copy(b.Next(len(m), &sums[i]), m)
				want[i] = Sum256(m)
			}
			b.Flush()
			require.Equal(t, want, sums)
		}
	})
}

func TestABatchAllocatesNothingOnceItIsWarm(t *testing.T) {
	var b Batch
	var sums [16][Size]byte
	work := func() {
		for i := range sums {
			b.Next(60*i, &sums[i])
		}
		b.Flush()
	}
	work()
	require.Zero(t, testing.AllocsPerRun(100, work))
}

func BenchmarkBatch(b *testing.B) {
	var batch Batch
	var sums [4][Size]byte
	b.SetBytes(149)
	for i := 0; b.Loop(); i++ {
		batch.Next(149, &sums[i%4])
	}
}

func BenchmarkSum256(b *testing.B) {
	m := make([]byte, 149)
	b.SetBytes(149)
	b.ReportAllocs()
	for b.Loop() {
		Sum256(m)
	}
}
