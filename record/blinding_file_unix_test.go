//go:build unix

package record_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/record"
)

func TestAPipeIsNoPlaceForABlindingFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, syscall.Mkfifo(path+record.BlindingFileSuffix, 0o600))
	_, err := record.WriteBlindingFile(path, exampleBlinding(t))
	recordRefused(t, err, "VALIDATION_ERROR", notRegularFile)
}
