package interop

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/source"
)

// TestEveryExportedNameIsDocumented holds every package of the root module to a comment on
// each exported name, and every quantity of the root package to its unit.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	packages, err := source.Packages("..")
	require.NoError(t, err)
	require.Greater(t, len(packages), 10)
	for _, dir := range packages {
		t.Run(filepath.ToSlash(filepath.Clean(dir)), func(t *testing.T) {
			t.Parallel()
			files := parseDir(t, dir)
			for _, gap := range undocumented(files) {
				t.Error(gap)
			}
			if dir == ".." {
				for _, gap := range withoutUnit(files) {
					t.Error(gap)
				}
			}
		})
	}
}

// TestEveryRequestNamesItsSource holds each method that makes a request to a line that
// says where the service documents it.
func TestEveryRequestNamesItsSource(t *testing.T) {
	t.Parallel()
	api, err := source.Read("..")
	require.NoError(t, err)
	require.Greater(t, len(api.Methods), 25)
	for _, m := range api.Methods {
		if m.Name == source.EscapeHatch {
			continue // it calls what has no section
		}
		if !namesItsSource.MatchString(m.Doc) {
			t.Errorf("%s: %s: no line \"Source: API contract, section N\"", m.File, m.Name)
		}
	}
}

// Sealed records have a contract of their own.
var namesItsSource = regexp.MustCompile(`(?m)^Source: (API|records) contract, sections? [0-9]`)

type parsed struct {
	fset  *token.FileSet
	files []*ast.File
}

func parseDir(t *testing.T, dir string) parsed {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	p := parsed{fset: token.NewFileSet()}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(p.fset, name, nil, parser.ParseComments)
		require.NoError(t, err)
		p.files = append(p.files, f)
	}
	return p
}

// undocumented lists what has no comment: the package, and each exported name of its top
// level. A group of constants or variables may share one.
func undocumented(p parsed) []string {
	var gaps []string
	gap := func(n ast.Node, name string) {
		gaps = append(gaps, fmt.Sprintf("%s: %s has no comment", p.fset.Position(n.Pos()), name))
	}
	packaged := false
	for _, f := range p.files {
		packaged = packaged || f.Doc.Text() != ""
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc.Text() == "" && !implied(d.Name.Name) {
					gap(d, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() && s.Doc.Text() == "" && d.Doc.Text() == "" {
							gap(s, s.Name.Name)
						}
					case *ast.ValueSpec:
						for _, n := range s.Names {
							if n.IsExported() && s.Doc.Text() == "" && s.Comment.Text() == "" && d.Doc.Text() == "" {
								gap(s, n.Name)
							}
						}
					}
				}
			}
		}
	}
	if !packaged {
		gaps = append(gaps, "the package has no comment")
	}
	return gaps
}

// implied are the methods whose name is all there is to say: those of the error interface.
func implied(method string) bool { return method == "Error" || method == "Unwrap" }

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if generic, ok := t.(*ast.IndexExpr); ok {
		t = generic.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}

// withoutUnit lists the exported fields that are a Decimal and do not say in which unit,
// in their own comment or in that of their struct.
func withoutUnit(p parsed) []string {
	var gaps []string
	for _, f := range p.files {
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range gen.Specs {
				spec, ok := s.(*ast.TypeSpec)
				if !ok || !spec.Name.IsExported() {
					continue
				}
				of, ok := spec.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, field := range of.Fields.List {
					comment := field.Doc.Text() + field.Comment.Text() + spec.Doc.Text() + gen.Doc.Text()
					if isDecimal(field.Type) && field.Names[0].IsExported() && !strings.Contains(comment, "unit") {
						gaps = append(gaps, fmt.Sprintf("%s: %s.%s does not say its unit", p.fset.Position(field.Pos()), spec.Name.Name, field.Names[0].Name))
					}
				}
			}
		}
	}
	return gaps
}

func isDecimal(t ast.Expr) bool {
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.Name == "Decimal"
}

// The linter finds what it looks for.
func TestDocumentationLinter(t *testing.T) {
	t.Parallel()
	p := parsed{fset: token.NewFileSet()}
	f, err := parser.ParseFile(p.fset, "x.go", `package x
type Bare struct {
	Amount *Decimal
	Told Decimal // in the balance's unit
	hidden Decimal
}
// Said is documented.
type Said int
func (Bare) Method() {}
func (*Generic[T]) Method() {}
func (hidden) Method() {}
func (Said) Error() string { return "" }
const A, B = 1, 2
// A group has one comment.
const (
	C = 1
	D = 2
)
var E int // a trailing one
func Func() {}
`, parser.ParseComments)
	require.NoError(t, err)
	p.files = []*ast.File{f}
	require.Equal(t, []string{
		"x.go:2:6: Bare has no comment", "x.go:9:1: Method has no comment", "x.go:10:1: Method has no comment",
		"x.go:13:7: A has no comment", "x.go:13:7: B has no comment", "x.go:20:1: Func has no comment",
		"the package has no comment",
	}, undocumented(p))
	require.Equal(t, []string{"x.go:3:2: Bare.Amount does not say its unit"}, withoutUnit(p))
}
