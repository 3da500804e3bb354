package main

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/modules"
)

const version = "v0.1.0"

func TestProxyHoldsWhatIsCommitted(t *testing.T) {
	t.Parallel()
	root := repository(t, "require "+modules.Root+" v0.1.0")
	require.NoError(t, os.WriteFile(filepath.Join(root, "later.go"), []byte("package later\n"), 0o600))
	folder := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, write(&out, root, folder, version))

	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	require.Regexp(t, `^`+modules.Root+` \. [1-9][0-9]+$`, lines[0])
	require.Regexp(t, `^`+modules.Root+`/sqlstore sqlstore [1-9][0-9]+$`, lines[1])

	at := filepath.Join(folder, filepath.FromSlash(modules.Root), "@v", version)
	require.Equal(t, []string{"go.mod", "go.work", "root.go"}, names(t, at+".zip", modules.Root))
	at = filepath.Join(folder, filepath.FromSlash(modules.Root), "sqlstore", "@v", version)
	require.Equal(t, []string{"go.mod", "store.go"}, names(t, at+".zip", modules.Root+"/sqlstore"))
	mod, err := os.ReadFile(at + ".mod")
	require.NoError(t, err)
	require.Contains(t, string(mod), "require")
}

func TestModulesThatWouldNotInstallAreRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, line, want string }{
		{"a sibling at another version", "require " + modules.Root + " v0.0.9", "a release of v0.1.0 requires it at v0.1.0"},
		{"a replace", "require " + modules.Root + " v0.1.0\nreplace " + modules.Root + " => ../", "holds a replace"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, write(&bytes.Buffer{}, repository(t, tc.line), t.TempDir(), version), tc.want)
		})
	}
}

// repository commits a root module, sqlstore with a line in its go.mod, and interop, which
// nobody installs.
func repository(t *testing.T, line string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.work":           "go 1.26.0\n\nuse (\n\t.\n\t./interop\n\t./sqlstore\n)\n",
		"go.mod":            "module " + modules.Root + "\n\ngo 1.26.0\n",
		"root.go":           "package root\n",
		"sqlstore/go.mod":   "module " + modules.Root + "/sqlstore\n\ngo 1.26.0\n\n" + line + "\n",
		"sqlstore/store.go": "package sqlstore\n",
		"interop/go.mod":    "module " + modules.Root + "/interop\n\ngo 1.26.0\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "-m", "t"}} {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", root}, args...)...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return root
}

func names(t *testing.T, file, path string) []string {
	t.Helper()
	z, err := zip.OpenReader(file)
	require.NoError(t, err)
	defer z.Close()
	var all []string
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, path+"@"+version+"/")
		require.True(t, ok, f.Name)
		all = append(all, name)
	}
	return all
}
