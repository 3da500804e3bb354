package corpus

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/forge"
)

func TestCorpus(t *testing.T) {
	t.Parallel()
	byClass := map[string][]Mutation{}
	ids := map[string]bool{}
	for m := range All() {
		require.False(t, ids[m.ID], "%s stands there twice", m.ID)
		ids[m.ID] = true
		byClass[m.Class] = append(byClass[m.Class], m)
	}
	require.GreaterOrEqual(t, len(ids), 2000)
	verdicts := map[string]int{}
	for class, mutations := range byClass {
		for _, m := range mutations {
			verdicts[m.Verdict]++
		}
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			for _, m := range mutations {
				got, report, err := m.Verify()
				require.Equal(t, m.Want, got, "%s\n%v\n%v", m.ID, err, report)
			}
		})
	}
	for _, verdict := range []string{"verified", "consistent", "incomplete", "does not match", "refused"} {
		require.Greater(t, verdicts[verdict], 100, verdict)
	}
	t.Logf("%d mutations in %d classes: %v", len(ids), len(byClass), verdicts)
}

func TestTheCorpusIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	var first []Mutation
	for m := range All() {
		first = append(first, m)
		if len(first) == 500 {
			break
		}
	}
	i := 0
	for m := range All() {
		if i == len(first) {
			break
		}
		require.Equal(t, first[i], m)
		i++
	}
}

// The committed sample is what the generator makes: the corpus does not change by itself.
func TestTheSampleIsTheGenerators(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, forge.Write(folder, Sample(), func(m *Mutation) *forge.Case { return &m.Case }))
	want, err := os.ReadDir(filepath.Join("testdata", "sample"))
	require.NoError(t, err)
	got, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for _, file := range want {
		want, err := os.ReadFile(filepath.Join("testdata", "sample", file.Name()))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(folder, file.Name()))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), file.Name())
	}
}
