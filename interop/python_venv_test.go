package interop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pythonRequirements pins the official SDK, by version and by hash.
var pythonRequirements = filepath.Join("python", "requirements.txt")

// pythonSDKVersion is the pinned version.
func pythonSDKVersion(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(pythonRequirements)
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^pacspace-sdk==(\S+)`).FindSubmatch(text)
	require.NotNil(t, found, "%s does not pin pacspace-sdk", pythonRequirements)
	return string(found[1])
}

// pythonWithSDK is an interpreter that has the official SDK: that of a virtual environment
// in the user's cache folder, which is made where it is missing. A test that cannot have
// one is skipped, or fails where PACSPACE_INTEROP=required.
func pythonWithSDK(t *testing.T) string {
	t.Helper()
	python, err := findOrMakeEnvironment(t.Context(), t.TempDir, pythonSDKVersion(t))
	switch {
	case err == nil:
		return python
	case os.Getenv("PACSPACE_INTEROP") == "required":
		t.Fatalf("PACSPACE_INTEROP=required, and the official Python SDK cannot be had: %v", err)
	default:
		t.Skipf("the official Python SDK cannot be had: %v", err)
	}
	return ""
}

func findOrMakeEnvironment(ctx context.Context, temp func() string, version string) (python string, err error) {
	base, err := exec.LookPath("python3")
	if err != nil {
		return "", fmt.Errorf("no python3: install Python 3 with its venv module (python3 and python3-venv on Debian)")
	}
	requirements, err := os.ReadFile(pythonRequirements)
	if err != nil {
		return "", err
	}
	build, err := output(ctx, base, "-c", "import sys; print(sys.executable, sys.version)")
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s", build, requirements))
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = temp()
	}
	parent := filepath.Join(cache, "pacspace-go-interop")
	home := filepath.Join(parent, "python-sdk-"+version+"-"+hex.EncodeToString(digest[:6]))
	if usable(ctx, home, version) == nil {
		return interpreter(home), nil
	}

	// It is made beside its place and moved there whole, so that a run that is broken off,
	// or another one at the same time, leaves none that is half made.
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	making, err := os.MkdirTemp(parent, "making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(making)
	if err := makeEnvironment(ctx, base, making); err != nil {
		return "", err
	}
	if err := usable(ctx, making, version); err != nil {
		return "", err
	}
	if err := os.RemoveAll(home); err != nil {
		return "", err
	}
	if err := os.Rename(making, home); err != nil && usable(ctx, home, version) != nil {
		return "", err
	}
	return interpreter(home), nil
}

// makeEnvironment installs what is pinned, which is all that the SDK needs.
func makeEnvironment(ctx context.Context, base, dir string) error {
	if _, err := output(ctx, base, "-m", "venv", dir); err != nil {
		return fmt.Errorf("no virtual environment: %w; install Python's venv module (python3-venv on Debian)", err)
	}
	_, err := output(ctx, interpreter(dir), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
		"--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", pythonRequirements)
	if err != nil {
		return fmt.Errorf("pip: %w; is there a network?", err)
	}
	return nil
}

// usable says why an environment cannot be used, if it cannot.
func usable(ctx context.Context, dir, version string) error {
	got, err := output(ctx, interpreter(dir), "-c", "import importlib.metadata, pacspace_sdk; print(importlib.metadata.version('pacspace-sdk'))")
	if err == nil && got != version {
		err = fmt.Errorf("it has version %s, not %s", got, version)
	}
	return err
}

func interpreter(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", "python.exe")
	}
	return filepath.Join(dir, "bin", "python")
}

// output is what a command printed; its error has the last line of what it said.
func output(ctx context.Context, name string, args ...string) (string, error) {
	const enough = 3 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, enough)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		last := text[strings.LastIndexByte(text, '\n')+1:]
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(name), args[0], err, last)
	}
	return text, nil
}
