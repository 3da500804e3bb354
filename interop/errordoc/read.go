package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/pacspace/pacspace-go"

// The kinds of entries, in the order of a package's tables.
const (
	ofType     = iota // a type with the method Error
	ofSentinel        // a variable ErrX
	ofCode            // a constant CodeX, or one of the type ErrorKind
)

// entry is one error that a program can meet.
type entry struct {
	kind     int
	name     string
	text     string // a sentinel's message, a code's value
	happened string
	todo     string
}

type pkg struct {
	name, path string
	entries    []entry
}

func (p pkg) kind(kind int) []entry {
	return slices.DeleteFunc(slices.Clone(p.entries), func(e entry) bool { return e.kind != kind })
}

// notImported are the folders without a package that a user imports.
var notImported = []string{"benchmarks", "cmd", "examples", "interop", "internal", "testdata", "docs"}

// readPackages reads the packages with errors, the root package first, then by name.
func readPackages(root string) ([]pkg, error) {
	var packages []pkg
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path != root && (slices.Contains(notImported, d.Name()) || strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		p, err := readPackage(root, path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if p.path = module; rel != "." {
			p.path += "/" + filepath.ToSlash(rel)
		}
		if len(p.entries) > 0 {
			packages = append(packages, p)
		}
		return nil
	})
	slices.SortFunc(packages, func(a, b pkg) int { return cmp.Compare(a.path, b.path) })
	return packages, err
}

// readPackage reads the exported errors of the files in a directory of the module at root,
// in the order of their files and lines.
func readPackage(root, dir string) (pkg, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return pkg{}, err
	}
	r := reader{root: root, fset: token.NewFileSet(), errors: map[string]string{}}
	var parsed []*ast.File
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(r.fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return pkg{}, err
		}
		r.pkg.name = f.Name.Name
		parsed = append(parsed, f)
		r.findErrorTypes(f)
	}
	for _, f := range parsed {
		if err := r.readFile(f); err != nil {
			return pkg{}, err
		}
	}
	return r.pkg, nil
}

type reader struct {
	root   string
	fset   *token.FileSet
	errors map[string]string // the types with the method Error, as a program names the error
	pkg    pkg
}

func (r *reader) findErrorTypes(f *ast.File) {
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv == nil || fn.Name.Name != "Error" || fn.Type.Params.NumFields() > 0 {
			continue
		}
		of, pointer := fn.Recv.List[0].Type, ""
		if star, ok := of.(*ast.StarExpr); ok {
			of, pointer = star.X, "*"
		}
		if id, ok := of.(*ast.Ident); ok {
			r.errors[id.Name] = pointer + id.Name
		}
	}
}

func (r *reader) readFile(f *ast.File) error {
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		group := gen.Doc.Text()
		if !gen.Lparen.IsValid() {
			group = "" // the comment of the one thing itself
		}
		for _, s := range gen.Specs {
			var err error
			switch s := s.(type) {
			case *ast.TypeSpec:
				if name := r.errors[s.Name.Name]; name != "" && s.Name.IsExported() {
					err = r.add(s, entry{kind: ofType, name: name}, cmp.Or(s.Doc.Text(), gen.Doc.Text()), group)
				}
			case *ast.ValueSpec:
				err = r.value(f, s, gen, group)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) value(f *ast.File, s *ast.ValueSpec, gen *ast.GenDecl, group string) error {
	for i, id := range s.Names {
		e := entry{name: id.Name}
		switch of, _ := s.Type.(*ast.Ident); {
		case !id.IsExported() || i >= len(s.Values):
			continue
		case gen.Tok == token.VAR && strings.HasPrefix(id.Name, "Err"):
			e.kind = ofSentinel
		case gen.Tok == token.CONST && (strings.HasPrefix(id.Name, "Code") || of != nil && of.Name == "ErrorKind"):
			e.kind = ofCode
		default:
			continue
		}
		own := s.Doc.Text()
		if !gen.Lparen.IsValid() {
			own = gen.Doc.Text()
		}
		var err error
		if e.text, err = r.message(f, s.Values[i]); err != nil {
			return err
		}
		if err := r.add(s, e, cmp.Or(own, s.Comment.Text()), group); err != nil {
			return err
		}
	}
	return nil
}

// add takes an entry with what its own comment says; what to do may be said once for a
// group.
func (r *reader) add(n ast.Node, e entry, own, group string) error {
	var ok bool
	if e.happened, e.todo, ok = split(own); !ok {
		_, e.todo, ok = split(group)
	}
	switch at := r.fset.Position(n.Pos()); {
	case e.happened == "":
		return fmt.Errorf("errordoc: %s: %s: its comment does not say what happened", at, e.name)
	case !ok || e.todo == "":
		return fmt.Errorf("errordoc: %s: %s: its comment does not say what to do; add a sentence that begins with %q", at, e.name, mark)
	}
	name := strings.TrimPrefix(e.name, "*")
	e.happened = strings.TrimPrefix(strings.TrimPrefix(e.happened, name+": "), name+" is ")
	r.pkg.entries = append(r.pkg.entries, e)
	return nil
}

const mark = "What to do:"

var (
	docLink = regexp.MustCompile(`\[(\*?[A-Z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*|[a-z]+\.[A-Z]\w*)\]`)
	source  = regexp.MustCompile(`(?m)^Source: .*$`)
)

// split parts a comment into what happened and what to do, the second being what stands
// behind the mark, up to the end of its paragraph.
func split(comment string) (happened, todo string, ok bool) {
	comment = source.ReplaceAllString(comment, "")
	var rest []string
	for paragraph := range strings.SplitSeq(strings.TrimSpace(comment), "\n\n") {
		text := docLink.ReplaceAllString(strings.Join(strings.Fields(paragraph), " "), "`$1`")
		before, after, found := strings.Cut(text, mark)
		if found {
			todo, ok = strings.TrimSpace(after), true
		}
		if before = strings.TrimSpace(before); before != "" {
			rest = append(rest, before)
		}
	}
	return strings.Join(rest, " "), todo, ok
}

// message is the text of errors.New or of a constant, empty where it is put together. What
// is another package's value has the text that it has there.
func (r *reader) message(f *ast.File, e ast.Expr) (string, error) {
	if selector, ok := e.(*ast.SelectorExpr); ok {
		return r.elsewhere(f, selector)
	}
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 {
		e = call.Args[0]
	}
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		return "", nil
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return "", nil
	}
	return text, nil
}

// elsewhere is the text of a value of another package of the module, which is called as its
// folder is.
func (r *reader) elsewhere(f *ast.File, selector *ast.SelectorExpr) (string, error) {
	of, _ := selector.X.(*ast.Ident)
	for _, imported := range f.Imports {
		path, err := strconv.Unquote(imported.Path.Value)
		rel, inside := strings.CutPrefix(path, module+"/")
		if err != nil || !inside || of == nil || rel[strings.LastIndex(rel, "/")+1:] != of.Name {
			continue
		}
		files, err := filepath.Glob(filepath.Join(r.root, filepath.FromSlash(rel), "*.go"))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			f, err := parser.ParseFile(r.fset, file, nil, parser.SkipObjectResolution)
			if err != nil {
				return "", err
			}
			if e := valueOf(f, selector.Sel.Name); e != nil {
				return r.message(f, e)
			}
		}
	}
	return "", fmt.Errorf("errordoc: %s: the value of %s.%s is not found", r.fset.Position(selector.Pos()), of, selector.Sel.Name)
}

// valueOf is what a file gives a variable or constant of its own line, nil for none.
func valueOf(f *ast.File, name string) ast.Expr {
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, s := range gen.Specs {
			if s, ok := s.(*ast.ValueSpec); ok && len(s.Values) == 1 && s.Names[0].Name == name {
				return s.Values[0]
			}
		}
	}
	return nil
}
