package pgtest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAClusterStartsAndLeavesNothingBehind(t *testing.T) {
	t.Setenv(Env, "")
	c, err := Start(t.Context(), "max_connections=10")
	if errors.Is(err, ErrMissing) && os.Getenv("PACSPACE_INTEROP") != "required" {
		t.Skip(err)
	}
	require.NoError(t, err)
	bin, err := binaries()
	require.NoError(t, err)
	out, err := exec.Command(filepath.Join(bin, "psql"), c.DSN, "-Atc", "SHOW max_connections").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "10\n", string(out))
	require.NoError(t, c.Stop())
	require.NoDirExists(t, c.dir)
}

func TestANamedServerIsTakenAsItIs(t *testing.T) {
	t.Setenv(Env, "host=somewhere")
	c, err := Start(t.Context())
	require.NoError(t, err)
	require.Equal(t, "host=somewhere", c.DSN)
	require.NoError(t, c.Stop())
}
