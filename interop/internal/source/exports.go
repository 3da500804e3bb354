package source

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// Exports are the exported top-level names of the package in a directory, by the package's
// name, without those of its tests.
func Exports(dir string) (map[string]map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	exports := map[string]map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		names := exports[f.Name.Name]
		if names == nil {
			names = map[string]bool{}
			exports[f.Name.Name] = names
		}
		for _, d := range f.Decls {
			for _, name := range declared(d) {
				if name.IsExported() {
					names[name.Name] = true
				}
			}
		}
	}
	return exports, nil
}

// declared are the names of a top-level declaration, none of a method.
func declared(d ast.Decl) (names []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name)
			case *ast.ValueSpec:
				names = append(names, s.Names...)
			}
		}
	}
	return names
}
