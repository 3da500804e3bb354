package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
)

// list is one group of wanted differences.
type list struct {
	title   string
	reasons []reason
}

// reason is why something is done otherwise, and in which cases of the vectors.
type reason struct {
	text  string
	cases []string
}

// kept says where each list of wanted differences belongs. Every list that the vector
// tests keep must stand here, so that none is missing from API.md.
var kept = []struct {
	title string
	vars  []string
}{
	{"Requests", []string{"requestRules", "requestDifferences"}},
	{"Errors, retries and waits", []string{"errorDifferences"}},
	{"Automatic reference ids", []string{"referenceDifferences"}},
	{"Webhooks", []string{"webhookDifferences", "stricter"}},
	{"Canonical JSON", []string{"jcsDifferences"}},
	{"Requests of sealed records", []string{"recordRequestRules", "recordDifferences"}},
	{"Fingerprints and histories of records", []string{"stricterFingerprints", "withoutSource"}},
	{"Sealed records", []string{"stricterWords", "stricterVersions", "stricterLinkCopies"}},
}

// differences reads the lists from the tests in a directory.
func differences(dir string) ([]list, error) {
	found, err := readLists(dir)
	if err != nil {
		return nil, err
	}
	var lists []list
	for _, k := range kept {
		l := list{title: k.title}
		for _, v := range k.vars {
			reasons, ok := found[v]
			if !ok {
				return nil, fmt.Errorf("apidoc: no list %s in %s", v, dir)
			}
			l.reasons = append(l.reasons, reasons...)
			delete(found, v)
		}
		lists = append(lists, l)
	}
	for v := range found {
		return nil, fmt.Errorf("apidoc: %s: a list of wanted differences that has no place; add it to interop/apidoc/differences.go", v)
	}
	return lists, nil
}

// readLists finds the variables that hold wanted differences: maps from strings to
// strings, and lists of structs with a reason.
func readLists(dir string) (map[string][]reason, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	found := map[string][]reason{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, s := range gen.Specs {
				spec := s.(*ast.ValueSpec)
				for i, value := range spec.Values {
					literal, ok := value.(*ast.CompositeLit)
					if !ok || !holdsReasons(literal.Type) {
						continue
					}
					reasons, err := readReasons(literal)
					if err != nil {
						return nil, fmt.Errorf("apidoc: %s: %s: %w", name, spec.Names[i].Name, err)
					}
					found[spec.Names[i].Name] = reasons
				}
			}
		}
	}
	return found, nil
}

// holdsReasons recognises the types of the lists.
func holdsReasons(t ast.Expr) bool {
	switch t := t.(type) {
	case *ast.ArrayType:
		element, ok := t.Elt.(*ast.Ident)
		return ok && (element.Name == "difference" || element.Name == "requestRule")
	case *ast.MapType:
		if of, ok := t.Value.(*ast.StructType); ok {
			first := of.Fields.List[0]
			return len(first.Names) == 1 && first.Names[0].Name == "reason"
		}
		key, isKey := t.Key.(*ast.Ident)
		value, isValue := t.Value.(*ast.Ident)
		return isKey && isValue && key.Name == "string" && value.Name == "string"
	}
	return false
}

// readReasons reads a list, the cases of one reason together, in the order of the source.
func readReasons(literal *ast.CompositeLit) ([]reason, error) {
	var reasons []reason
	for _, e := range literal.Elts {
		text, name, err := readDifference(e)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(reasons, func(r reason) bool { return r.text == text })
		if i < 0 {
			i = len(reasons)
			reasons = append(reasons, reason{text: text})
		}
		if name != "" {
			reasons[i].cases = append(reasons[i].cases, name)
		}
	}
	return reasons, nil
}

// readDifference reads one element: "case": "reason", "case": {"reason", ...}, or a struct
// of cases, problem and reason, or of name and reason.
func readDifference(e ast.Expr) (text, name string, err error) {
	switch e := e.(type) {
	case *ast.KeyValueExpr:
		if name, err = str(e.Key); err != nil {
			return "", "", err
		}
		if fields, ok := e.Value.(*ast.CompositeLit); ok {
			text, err = str(fields.Elts[0])
			return text, name, err
		}
		text, err = str(e.Value)
		return text, name, err
	case *ast.CompositeLit:
		var texts []string
		for _, field := range e.Elts {
			if s, err := str(field); err == nil {
				texts = append(texts, s)
			}
		}
		switch len(texts) {
		case 3: // cases, problem, reason
			if texts[0] != "*" {
				name = texts[0]
			}
			return texts[2], name, nil
		case 2: // name, reason
			return texts[0] + ": " + texts[1], "", nil
		}
	}
	return "", "", fmt.Errorf("an element that is not a case and its reason")
}

func str(e ast.Expr) (string, error) {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", fmt.Errorf("want a string")
	}
	return strconv.Unquote(literal.Value)
}
