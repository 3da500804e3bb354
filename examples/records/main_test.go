package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnActionIsRecordedDisclosedAndChecked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, tell(t.Context(), dir, &out))
	for _, line := range []string{
		"recorded an entry of press-4, QUEUED",
		"consistent: 1 of 1 entry checked, 2 fields shown and 3 withheld, ledger not checked",
		`/title "Press paused"`,
		"a changed copy does not match",
		"the log and its blinding give the fingerprint of entry 1",
	} {
		require.Contains(t, out.String(), line)
	}
	require.NotContains(t, out.String(), "guard open", "the note was withheld")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, files, 2, "the log and its blinding")
	info, err := os.Stat(files[1])
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
