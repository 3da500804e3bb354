//go:build unix

package pacspace_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

func TestAPipeIsNoPlaceForABlindingFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, syscall.Mkfifo(path+pacspace.BlindingFileSuffix, 0o600))
	_, err := pacspace.WriteBlindingFile(path, exampleBlinding(t))
	recordRefused(t, err, "VALIDATION_ERROR", notRegularFile)
}
