package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
	"golang.org/x/mod/semver"

	"github.com/pacspace/pacspace-go/interop/internal/modules"
)

// systems are those whose dependencies are looked at: some are linked on one only.
var systems = []string{"linux", "darwin", "windows"}

// read finds the dependencies of every module that users install, by path.
func read(ctx context.Context, root string) ([]dependency, error) {
	ours, err := modules.Installed(root)
	if err != nil {
		return nil, err
	}
	found := map[string]*dependency{}
	for _, m := range ours {
		if err := readModule(ctx, filepath.Join(root, m.Dir), m, found); err != nil {
			return nil, err
		}
	}
	var all []dependency
	for _, d := range found {
		if d.licences, err = licencesOf(ctx, root, d.path, d.version); err != nil {
			return nil, err
		}
		all = append(all, *d)
	}
	slices.SortFunc(all, byPath)
	return all, nil
}

// readModule adds what a module requires and what its packages link.
func readModule(ctx context.Context, at string, m modules.Module, found map[string]*dependency) error {
	name := m.Dir
	if name == "." {
		name = "pacspace-go"
	}
	for _, r := range m.Mod.Require {
		if isOurs(r.Mod.Path) {
			continue
		}
		d := found[r.Mod.Path]
		if d == nil {
			d = &dependency{path: r.Mod.Path}
			found[d.path] = d
		}
		if semver.Compare(r.Mod.Version, d.version) > 0 {
			d.version = r.Mod.Version
		}
		d.requiredBy = append(d.requiredBy, name)
	}
	for _, system := range systems {
		out, err := run(ctx, at, []string{"GOOS=" + system, "GOARCH=amd64"}, "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "./...")
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(out)) {
			path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
			if path == "" || isOurs(path) {
				continue
			}
			d := found[path]
			if d == nil { // required by one of our modules that this one requires
				d = &dependency{path: path, version: version}
				found[path] = d
			}
			if !slices.Contains(d.linkedBy, name) {
				d.linkedBy = append(d.linkedBy, name)
			}
		}
	}
	return nil
}

func isOurs(path string) bool {
	return path == modules.Root || strings.HasPrefix(path, modules.Root+"/")
}

// licencesOf names the licences that stand in the licence files at a module's top, as SPDX
// has them. A file that no licence covers is an error, so that a person looks at it.
func licencesOf(ctx context.Context, root, path, version string) ([]string, error) {
	var downloaded struct{ Dir, Error string }
	if err := goJSON(ctx, root, []string{"GOWORK=off"}, &downloaded, "mod", "download", "-json", path+"@"+version); err != nil {
		return nil, fmt.Errorf("licencedoc: %s@%s: %w %s", path, version, err, downloaded.Error)
	}
	entries, err := os.ReadDir(downloaded.Dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || !isLicence(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(downloaded.Dir, e.Name()))
		if err != nil {
			return nil, err
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < minCoverage {
			return nil, fmt.Errorf("licencedoc: %s@%s: %s: only %.0f%% of it is a known licence; read it, and say in interop/licencedoc what it is", path, version, e.Name(), coverage.Percent)
		}
		for _, m := range coverage.Match {
			if !m.IsURL && !slices.Contains(names, m.ID) {
				names = append(names, m.ID)
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("licencedoc: %s@%s: no licence file; ask its authors, or do without it", path, version)
	}
	return names, nil
}

// minCoverage is how much of a licence file must be text of licences, in percent; the rest
// is names and notices.
const minCoverage = 75

func isLicence(name string) bool {
	name = strings.ToUpper(name)
	return strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "LICENCE") || strings.HasPrefix(name, "COPYING")
}

func goJSON(ctx context.Context, dir string, env []string, into any, args ...string) error {
	out, err := run(ctx, dir, env, args...)
	if err != nil {
		return errors.Join(err, json.Unmarshal(out, into))
	}
	return json.Unmarshal(out, into)
}

func run(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("licencedoc: go %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
