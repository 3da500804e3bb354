package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

func TestLicencesFileIsWhatTheGeneratorWrites(t *testing.T) {
	t.Parallel()
	want, err := Document(t.Context(), root)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(root, "docs", "licences.md"))
	require.NoError(t, err)
	require.Equal(t, want, string(got), "docs/licences.md is out of date; at the root: go run ./interop/licencedoc > docs/licences.md")
}

// accepted are the licences that a dependency may have. Another one is a decision for the
// maintainers, with its reason in the commit.
var accepted = []string{"MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "MPL-2.0"}

func TestEveryDependencyHasALicenceThatIsAccepted(t *testing.T) {
	t.Parallel()
	dependencies, err := read(t.Context(), root)
	require.NoError(t, err)
	require.Greater(t, len(dependencies), 8)
	for _, d := range dependencies {
		for _, licence := range d.licences {
			require.Contains(t, accepted, licence, d.path)
		}
	}
}
