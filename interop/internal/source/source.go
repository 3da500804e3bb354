// Package source reads what the root package's source says of the API: its routes, and
// which exported method reaches which of them. It parses and resolves the package alone,
// without what it imports, so it takes milliseconds.
package source

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Route is one entry of the route table.
type Route struct {
	Var    string // the variable's name
	Method string // of HTTP
	Path   string // with each id as its name in braces
	Retry  string // the rule's name, as in retryKeyed
	Doc    string // section of the API contract
	Public bool
}

// Endpoint names the route as the service's documents do.
func (r Route) Endpoint() string { return r.Method + " " + r.Path }

// Method is one exported method that makes requests.
type Method struct {
	// Name is as a program writes it behind the client, as in Balance.Emit; that of a type
	// which is no service begins with the type, that of a function with the package.
	Name string
	Doc  string // its comment
	File string
	// Direct are the routes that the method uses itself, by variable, and Calls the other
	// methods of this list that it calls.
	Direct []string
	Calls  []string
	// Key is what the method makes an Idempotency-Key with, a function of package idem;
	// empty where it makes none.
	Key string
}

// EscapeHatch is the method that calls any path, so it reaches no route of the table.
const EscapeHatch = "Do"

// API is what the source says.
type API struct {
	Routes  []Route // in the order of the source
	Methods []Method
}

// Reaches are the routes that a method uses, itself or through others, in the order of
// the table.
func (a *API) Reaches(name string) []Route {
	reached, seen := map[string]bool{}, map[string]bool{}
	var walk func(string)
	walk = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, m := range a.Methods {
			if m.Name != name {
				continue
			}
			for _, r := range m.Direct {
				reached[r] = true
			}
			for _, c := range m.Calls {
				walk(c)
			}
		}
	}
	walk(name)
	var list []Route
	for _, r := range a.Routes {
		if reached[r.Var] {
			list = append(list, r)
		}
	}
	return list
}

// Read reads the root package in a directory.
func Read(dir string) (*API, error) {
	p, err := parse(dir)
	if err != nil {
		return nil, err
	}
	api := &API{}
	if api.Routes, err = p.routes(); err != nil {
		return nil, err
	}
	groups, err := p.groups()
	if err != nil {
		return nil, err
	}
	for object, decl := range p.funcs {
		name := groups.name(object)
		if name == "" {
			continue
		}
		m := Method{Name: name, Doc: decl.Doc.Text(), File: p.fset.Position(decl.Pos()).Filename}
		p.follow(object, &m, groups, map[*types.Func]bool{})
		api.Methods = append(api.Methods, m)
	}
	slices.SortFunc(api.Methods, func(a, b Method) int { return cmp.Compare(a.Name, b.Name) })
	api.Methods = api.requesting()
	return api, nil
}

// requesting are the methods that make requests, and of their calls those to such methods.
func (a *API) requesting() []Method {
	var list []Method
	for _, m := range a.Methods {
		if m.Name == EscapeHatch || len(a.Reaches(m.Name)) > 0 {
			list = append(list, m)
		}
	}
	for i, m := range list {
		var calls []string
		for _, c := range m.Calls {
			if slices.ContainsFunc(list, func(m Method) bool { return m.Name == c }) {
				calls = append(calls, c)
			}
		}
		slices.Sort(calls)
		list[i].Calls = calls
	}
	return list
}

// client is the group of the client's own methods.
const client = "Client"

// pkg is the root package, parsed, with its own names resolved.
type pkg struct {
	fset  *token.FileSet
	files []*ast.File
	info  types.Info
	funcs map[*types.Func]*ast.FuncDecl
}

func parse(dir string) (*pkg, error) {
	p := &pkg{
		fset:  token.NewFileSet(),
		info:  types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}},
		funcs: map[*types.Func]*ast.FuncDecl{},
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(p.fset, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
	}
	if len(p.files) == 0 {
		return nil, fmt.Errorf("source: no Go files in %s", dir)
	}
	// What is imported is left empty, so its names are errors that are passed over.
	conf := types.Config{Importer: empty{}, Error: func(error) {}}
	_, _ = conf.Check("pacspace", p.fset, p.files, &p.info)
	for _, f := range p.files {
		for _, d := range f.Decls {
			if decl, ok := d.(*ast.FuncDecl); ok {
				if object, ok := p.info.Defs[decl.Name].(*types.Func); ok {
					p.funcs[object] = decl
				}
			}
		}
	}
	return p, nil
}

// empty imports every package as one without names.
type empty struct{}

func (empty) Import(name string) (*types.Package, error) {
	p := types.NewPackage(name, path.Base(name))
	p.MarkComplete()
	return p, nil
}

// routes reads the variables that are composite literals of type route.
func (p *pkg) routes() ([]Route, error) {
	var list []Route
	for _, f := range p.files {
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, s := range gen.Specs {
				spec := s.(*ast.ValueSpec)
				for i, value := range spec.Values {
					literal, ok := value.(*ast.CompositeLit)
					if !ok || name(literal.Type) != "route" {
						continue
					}
					r, err := readRoute(spec.Names[i].Name, literal)
					if err != nil {
						return nil, err
					}
					list = append(list, r)
				}
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("source: no routes found")
	}
	return list, nil
}

func readRoute(variable string, literal *ast.CompositeLit) (Route, error) {
	r := Route{Var: variable}
	for _, e := range literal.Elts {
		field, ok := e.(*ast.KeyValueExpr)
		if !ok {
			return r, fmt.Errorf("source: %s: a field without its name", variable)
		}
		text := ""
		switch value := field.Value.(type) {
		case *ast.BasicLit:
			var err error
			if text, err = strconv.Unquote(value.Value); err != nil {
				return r, fmt.Errorf("source: %s: %w", variable, err)
			}
		case *ast.Ident:
			text = value.Name
		}
		switch name(field.Key) {
		case "method":
			r.Method = text
		case "path":
			r.Path = text
		case "retry":
			r.Retry = text
		case "doc":
			r.Doc = text
		case "public":
			r.Public = text == "true"
		}
	}
	if r.Method == "" || r.Path == "" || r.Retry == "" || r.Doc == "" {
		return r, fmt.Errorf("source: %s: it lacks method, path, retry or doc", variable)
	}
	return r, nil
}

// groups are the types whose methods make requests, and how a program reaches them:
// Client itself, the services that are its fields, and those that are theirs.
func (p *pkg) groups() (groups, error) {
	structs := map[string]*ast.StructType{}
	for _, f := range p.files {
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if of, ok := spec.Type.(*ast.StructType); ok {
					structs[spec.Name.Name] = of
				}
			}
			return true
		})
	}
	found := groups{client: client}
	var walk func(of *ast.StructType, prefix string)
	walk = func(of *ast.StructType, prefix string) {
		if of == nil {
			return
		}
		for _, field := range of.Fields.List {
			star, ok := field.Type.(*ast.StarExpr)
			if !ok || len(field.Names) != 1 || !field.Names[0].IsExported() {
				continue
			}
			service := name(star.X)
			if _, known := found[service]; known || structs[service] == nil {
				continue
			}
			found[service] = prefix + field.Names[0].Name
			walk(structs[service], found[service]+".")
		}
	}
	walk(structs[client], "")
	if len(found) == 1 {
		return nil, fmt.Errorf("source: Client has no services")
	}
	return found, nil
}

// groups are types by their names, and how a program reaches them.
type groups map[string]string

// name is a function's name as a program writes it, empty for what is not exported.
func (g groups) name(f *types.Func) string {
	of := receiver(f)
	switch {
	case !f.Exported() || of != "" && !ast.IsExported(of):
		return ""
	case of == "":
		return "pacspace." + f.Name()
	case of == client:
		return f.Name()
	case g[of] != "":
		return g[of] + "." + f.Name()
	}
	return of + "." + f.Name()
}

// follow collects what a function uses, through functions that are not methods of this
// list themselves.
func (p *pkg) follow(f *types.Func, m *Method, groups groups, seen map[*types.Func]bool) {
	decl := p.funcs[f]
	if seen[f] || decl == nil || decl.Body == nil {
		return
	}
	seen[f] = true
	ast.Inspect(decl.Body, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && name(s.X) == "idem" && m.Key == "" && s.Sel.Name != "Valid" {
			m.Key = s.Sel.Name
		}
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		switch used := p.info.Uses[id].(type) {
		case *types.Var:
			if strings.HasPrefix(used.Name(), "route") && typeName(used.Type()) == "route" && !slices.Contains(m.Direct, used.Name()) && used.Parent() == used.Pkg().Scope() {
				m.Direct = append(m.Direct, used.Name())
			}
		case *types.Func:
			used = used.Origin()
			called := groups.name(used)
			if called == "" {
				p.follow(used, m, groups, seen)
			} else if called != m.Name && !slices.Contains(m.Calls, called) {
				m.Calls = append(m.Calls, called)
			}
		}
		return true
	})
}

// receiver is the name of a method's type, empty for a function.
func receiver(f *types.Func) string {
	r := f.Signature().Recv()
	if r == nil {
		return ""
	}
	return typeName(r.Type())
}

func typeName(t types.Type) string {
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name()
	}
	return ""
}

func name(e ast.Expr) string {
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// Packages are the directories of the packages that a module offers: those below dir,
// without other modules, test data and what begins with a dot or underscore.
func Packages(dir string) ([]string, error) {
	found := map[string]bool{}
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			nested, _ := filepath.Glob(filepath.Join(at, "go.mod"))
			base := d.Name()
			if at != dir && (len(nested) > 0 || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(at, ".go") && !strings.HasSuffix(at, "_test.go") {
			found[filepath.Dir(at)] = true
		}
		return nil
	})
	var list []string
	for at := range found {
		list = append(list, at)
	}
	slices.Sort(list)
	return list, err
}
