// Command modproxy writes every module of this repository that users install, as it is
// committed, into a folder that serves as a module proxy (GOPROXY=file://FOLDER): so a
// release can be installed before it is tagged. It prints one line for each module, its
// path, its folder and the size of its zip in bytes.
//
//	go run ./interop/modproxy FOLDER VERSION
//	go run ./interop/modproxy -list
//
// The second only prints paths and folders.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/pacspace/pacspace-go/interop/internal/modules"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "-list":
		err = list(os.Stdout, ".")
	case len(os.Args) == 3:
		err = write(os.Stdout, ".", os.Args[1], os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: go run ./interop/modproxy FOLDER VERSION, or -list")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "modproxy:", err)
		os.Exit(1)
	}
}

// list prints the modules of the repository at root.
func list(out io.Writer, root string) error {
	all, err := modules.Installed(root)
	if err != nil {
		return err
	}
	for _, m := range all {
		fmt.Fprintln(out, m.Path(), m.Dir)
	}
	return nil
}

// write writes the proxy for the repository at root, as its HEAD has it.
func write(out io.Writer, root, folder, version string) error {
	clone, err := cloneOf(root)
	if err != nil {
		return err
	}
	defer os.RemoveAll(clone)
	all, err := modules.Installed(clone)
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := requiresSiblings(m, version); err != nil {
			return err
		}
		size, err := writeModule(clone, folder, m, version)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Path(), err)
		}
		fmt.Fprintf(out, "%s %s %d\n", m.Path(), m.Dir, size)
	}
	return nil
}

// cloneOf is a new clone: what is committed, and a whole repository where root may be a
// worktree, which the zips are not made from.
func cloneOf(root string) (string, error) {
	dir, err := os.MkdirTemp("", "modproxy")
	if err != nil {
		return "", err
	}
	if out, err := exec.Command("git", "clone", "--quiet", "--shared", root, dir).CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("git clone: %w: %s", err, out), os.RemoveAll(dir))
	}
	return dir, nil
}

// requiresSiblings: what is released together is required together, and from a proxy.
func requiresSiblings(m modules.Module, version string) error {
	for _, r := range m.Mod.Require {
		if ours := r.Mod.Path == modules.Root || strings.HasPrefix(r.Mod.Path, modules.Root+"/"); ours && r.Mod.Version != version {
			return fmt.Errorf("%s/go.mod: requires %s; a release of %s requires it at %s", m.Dir, r.Mod, version, version)
		}
	}
	if len(m.Mod.Replace) > 0 {
		return fmt.Errorf("%s/go.mod: holds a replace, which does not count for users; drop it", m.Dir)
	}
	return nil
}

func writeModule(clone, folder string, m modules.Module, version string) (size int64, err error) {
	escaped, err := module.EscapePath(m.Path())
	if err != nil {
		return 0, err
	}
	at := filepath.Join(folder, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		return 0, err
	}
	dir := m.Dir
	if dir == "." {
		dir = ""
	}
	mod, err := os.ReadFile(filepath.Join(clone, m.Dir, "go.mod"))
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(at, version+".mod"), mod, 0o600); err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(at, version+".info"), fmt.Appendf(nil, `{"Version":%q}`, version), 0o600); err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(at, "list"), []byte(version+"\n"), 0o600); err != nil {
		return 0, err
	}
	file, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		return 0, err
	}
	if err := zip.CreateFromVCS(file, module.Version{Path: m.Path(), Version: version}, clone, "HEAD", dir); err != nil {
		return 0, fmt.Errorf("zip: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), file.Close()
}
