package metering_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
)

// Whatever came first, and whatever was added to what, a day keeps the same dimensions: the
// smallest names with their smallest values.
func TestDimensionsAreTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	type pair struct{ name, value string }
	var all []pair
	want := metering.Dimensions{}
	for n := range metering.MaxDimensionNames + 5 {
		name := fmt.Sprintf("n%03d", n)
		for v := range []int{1, 3, metering.MaxDimensionValues + 2}[n%3] {
			value := fmt.Sprintf("v%03d", v)
			all = append(all, pair{name, value}, pair{name, value}) // each twice
			if n < metering.MaxDimensionNames && v < metering.MaxDimensionValues {
				want[name] = append(want[name], value)
			}
		}
	}
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var one, left, right metering.Dimensions
		for i, p := range all {
			one.Add(p.name, p.value)
			if i%2 == 0 {
				left.Add(p.name, p.value)
			} else {
				right.Add(p.name, p.value)
			}
		}
		left.AddAll(right)
		require.Equal(t, want, one)
		require.Equal(t, want, left)
		for _, values := range one {
			require.True(t, slices.IsSorted(values))
		}
	}
}
