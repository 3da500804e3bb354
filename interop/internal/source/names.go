package source

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
)

// Names are what the Go files of a repository declare.
type Names struct {
	Exported map[string]map[string]bool // top-level names by the package's, of what users import
	Declared map[string]bool            // functions, methods, types and other top-level names, of all packages
	Tests    []string                   // functions of test files

	members map[string]map[string]bool // fields and methods by type, of types that are called alike together
	embeds  map[string][]string
}

// ReadNames reads the repository at root. What users import is any package that is neither
// internal nor a command.
func ReadNames(root string) (*Names, error) {
	n := &Names{
		Exported: map[string]map[string]bool{}, Declared: map[string]bool{},
		members: map[string]map[string]bool{}, embeds: map[string][]string{},
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, "_test.go") {
			for _, d := range f.Decls {
				if d, ok := d.(*ast.FuncDecl); ok && d.Recv == nil {
					n.Tests = append(n.Tests, d.Name.Name)
				}
			}
			return nil
		}
		n.add(f, !strings.Contains(filepath.ToSlash(path), "internal/") && f.Name.Name != "main")
		return nil
	})
	return n, err
}

func (n *Names) add(f *ast.File, imported bool) {
	for _, d := range f.Decls {
		for _, name := range declared(d) {
			n.Declared[name.Name] = true
			if imported && name.IsExported() {
				if n.Exported[f.Name.Name] == nil {
					n.Exported[f.Name.Name] = map[string]bool{}
				}
				n.Exported[f.Name.Name][name.Name] = true
			}
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv != nil {
				n.Declared[d.Name.Name] = true
				n.member(baseOf(d.Recv.List[0].Type), d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.TypeSpec); ok {
					n.addType(s)
				}
			}
		}
	}
}

// addType notes the fields of a struct, the methods of an interface, and of which type
// another is an alias.
func (n *Names) addType(s *ast.TypeSpec) {
	var fields *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		fields = t.Fields
	case *ast.InterfaceType:
		fields = t.Methods
	default:
		if s.Assign.IsValid() {
			n.embeds[s.Name.Name] = append(n.embeds[s.Name.Name], baseOf(s.Type))
		}
		return
	}
	for _, field := range fields.List {
		for _, name := range field.Names {
			n.member(s.Name.Name, name.Name)
		}
		if len(field.Names) == 0 {
			base := baseOf(field.Type)
			n.member(s.Name.Name, base)
			n.embeds[s.Name.Name] = append(n.embeds[s.Name.Name], base)
		}
	}
}

func (n *Names) member(of, name string) {
	if n.members[of] == nil {
		n.members[of] = map[string]bool{}
	}
	n.members[of][name] = true
}

// Anywhere tells whether a package that users import exports a name.
func (n *Names) Anywhere(name string) bool {
	for _, exported := range n.Exported {
		if exported[name] {
			return true
		}
	}
	return false
}

// Member tells whether a type has a field or a method, its own or an embedded type's, and
// whether there is such a type.
func (n *Names) Member(of, name string) (is, known bool) {
	members, known := n.members[of]
	if members[name] {
		return true, true
	}
	for _, embedded := range n.embeds[of] {
		if embedded != of {
			is, _ := n.Member(embedded, name)
			if is {
				return true, true
			}
		}
	}
	return false, known
}

// baseOf is the name of a type without its package, star and parameters.
func baseOf(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.StarExpr:
		return baseOf(t.X)
	case *ast.SelectorExpr:
		return t.Sel.Name
	case *ast.IndexExpr:
		return baseOf(t.X)
	case *ast.IndexListExpr:
		return baseOf(t.X)
	}
	return ""
}
