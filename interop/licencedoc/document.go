package main

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed guide.md
var guide string

// Document writes docs/licences.md for the repository in a directory.
func Document(ctx context.Context, root string) (string, error) {
	dependencies, err := read(ctx, root)
	if err != nil {
		return "", err
	}
	linked := slices.DeleteFunc(slices.Clone(dependencies), func(d dependency) bool { return len(d.linkedBy) == 0 })
	tests := slices.DeleteFunc(slices.Clone(dependencies), func(d dependency) bool { return len(d.linkedBy) > 0 })
	var b strings.Builder
	b.WriteString("<!-- Written by: go run ./interop/licencedoc > docs/licences.md -->\n\n")
	b.WriteString(guide)
	b.WriteString("\n## What a program links\n\n| module | version | licence | linked by |\n|---|---|---|---|\n")
	for _, d := range linked {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.path, d.version, d.terms(), quoted(d.linkedBy))
	}
	b.WriteString("\n## What only tests need\n\nNo program that imports these modules links them; `go test` of the modules themselves does.\n\n| module | version | licence | required by |\n|---|---|---|---|\n")
	for _, d := range tests {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.path, d.version, d.terms(), quoted(d.requiredBy))
	}
	return b.String(), nil
}

func quoted(names []string) string {
	return "`" + strings.Join(names, "`, `") + "`"
}

// dependency is a module of somebody else's.
type dependency struct {
	path, version string   // the newest that one of our modules requires
	licences      []string // as SPDX names them
	notices       []string // files with the terms of what it has from others
	linkedBy      []string // our modules whose packages link it
	requiredBy    []string // our modules whose go.mod has it
}

// terms is the cell of its licences.
func (d dependency) terms() string {
	terms := strings.Join(d.licences, " and ")
	if len(d.notices) > 0 {
		terms += "; see its " + quoted(d.notices)
	}
	return terms
}

func byPath(a, b dependency) int { return cmp.Compare(a.path, b.path) }
