// Package modules knows the modules of this repository that users install.
package modules

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"
)

// Root is the path of the module at the top of the repository.
const Root = "github.com/pacspace/pacspace-go"

// notInstalled are the modules of the workspace that no user installs.
var notInstalled = []string{"benchmarks", "examples", "interop"}

// Module is one that users install.
type Module struct {
	Dir string // inside the repository, with slashes; "." for the root module
	Mod *modfile.File
}

// Path is the module's path.
func (m Module) Path() string { return m.Mod.Module.Mod.Path }

// Installed reads which modules of the workspace users install, in the order of go.work:
// a module that is not there yet is not among them.
func Installed(root string) ([]Module, error) {
	name := filepath.Join(root, "go.work")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	work, err := modfile.ParseWork(name, text, nil)
	if err != nil {
		return nil, err
	}
	var found []Module
	for _, use := range work.Use {
		m := Module{Dir: filepath.ToSlash(filepath.Clean(use.Path))}
		if slices.Contains(notInstalled, m.Dir) {
			continue
		}
		name := filepath.Join(root, m.Dir, "go.mod")
		if text, err = os.ReadFile(name); err != nil {
			return nil, err
		}
		if m.Mod, err = modfile.Parse(name, text, nil); err != nil {
			return nil, err
		}
		if want := pathOf(m.Dir); m.Path() != want {
			return nil, fmt.Errorf("%s: module %s; a module in this folder is %s", name, m.Path(), want)
		}
		found = append(found, m)
	}
	return found, nil
}

func pathOf(dir string) string {
	if dir == "." {
		return Root
	}
	return Root + "/" + dir
}
