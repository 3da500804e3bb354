package main

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed guide.md
var guide string

// Document writes docs/errors.md for the repository in a directory.
func Document(dir string) (string, error) {
	packages, err := readPackages(dir)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("<!-- Written by: go run ./interop/errordoc > docs/errors.md -->\n\n")
	b.WriteString(guide)
	for _, p := range packages {
		fmt.Fprintf(&b, "\n## Package %s\n\n`%s`\n", p.name, p.path)
		writeTable(&b, "Types, for `errors.As` and `errors.AsType`", p.kind(ofType))
		writeTable(&b, "Sentinels, for `errors.Is`", p.kind(ofSentinel))
		writeTable(&b, "Codes", p.kind(ofCode))
	}
	return b.String(), nil
}

func writeTable(b *strings.Builder, title string, entries []entry) {
	if len(entries) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n\n| error | what happened | what to do |\n|---|---|---|\n", title)
	for _, e := range entries {
		name := "`" + e.name + "`"
		if e.text != "" {
			name += ": `" + e.text + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, cell(e.happened), cell(e.todo))
	}
}

// cell is a sentence as a table's cell: a capital, one full stop, no bar.
func cell(s string) string {
	s = strings.ReplaceAll(strings.TrimSuffix(s, "."), "|", `\|`)
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
