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
		if err := d.readLicences(ctx, root); err != nil {
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
		if !slices.Contains(d.requiredBy, name) {
			d.requiredBy = append(d.requiredBy, name)
		}
	}
	out, err := run(ctx, at, nil, "list", "./...")
	if err != nil {
		return err
	}
	// A package such as storetest is for tests, so no program links it.
	packages := slices.DeleteFunc(strings.Fields(string(out)), func(p string) bool { return strings.HasSuffix(p, "test") })
	for _, system := range systems {
		args := append([]string{"list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}"}, packages...)
		out, err := run(ctx, at, []string{"GOOS=" + system, "GOARCH=amd64"}, args...)
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

// readLicences reads the licence files at a module's top. The licence itself must be one
// that is known, so that a person looks at another one. Further files, such as
// LICENSE-3RD-PARTY.md, are notices of what it has from others: they are named, with the
// licences that stand in them.
func (d *dependency) readLicences(ctx context.Context, root string) error {
	var downloaded struct{ Dir, Error string }
	if err := goJSON(ctx, root, []string{"GOWORK=off"}, &downloaded, "mod", "download", "-json", d.path+"@"+d.version); err != nil {
		return fmt.Errorf("licencedoc: %s@%s: %w %s", d.path, d.version, err, downloaded.Error)
	}
	entries, err := os.ReadDir(downloaded.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, _, _ := strings.Cut(strings.ToUpper(e.Name()), ".")
		own := name == "LICENSE" || name == "LICENCE" || name == "COPYING"
		further := strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "LICENCE")
		if e.IsDir() || !own && !further {
			continue
		}
		text, err := os.ReadFile(filepath.Join(downloaded.Dir, e.Name()))
		if err != nil {
			return err
		}
		coverage := licensecheck.Scan(text)
		if own && coverage.Percent < minCoverage {
			return fmt.Errorf("licencedoc: %s@%s: %s: only %.0f%% of it is a known licence; read it, and say in interop/licencedoc what it is", d.path, d.version, e.Name(), coverage.Percent)
		}
		if !own {
			d.notices = append(d.notices, e.Name())
		}
		for _, m := range coverage.Match {
			if !m.IsURL && !slices.Contains(d.licences, m.ID) {
				d.licences = append(d.licences, m.ID)
			}
		}
	}
	if len(d.licences) == 0 {
		return fmt.Errorf("licencedoc: %s@%s: no licence file; ask its authors, or do without it", d.path, d.version)
	}
	return nil
}

// minCoverage is how much of a licence file must be text of licences, in percent; the rest
// is names and notices.
const minCoverage = 75

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
