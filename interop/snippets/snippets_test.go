// Package snippets holds what the documents show to what the code is: every Go snippet of
// README.md and docs/*.md compiles, every link leads somewhere, and what the prose names is
// there. The shell blocks are run by package docshell.
package snippets

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/markdown"
)

const (
	root   = "../.."
	module = "github.com/pacspace/pacspace-go"
)

// imported are the packages that a snippet may use without saying so.
var imported = []string{
	"context", "encoding/json", "errors", "fmt", "io", "iter", "log", "log/slog", "maps", "net/http", "os",
	"path/filepath", "slices", "strings", "testing", "time",
	module, module + "/decimal", module + "/usage", module + "/proof", module + "/proof/sealed", module + "/webhook", module + "/record", module + "/sandbox",
	module + "/metering", module + "/reconcile", module + "/sqlstore", module + "/invoice",
}

// TestSnippetsCompile type-checks each document's snippets in their order. One sees the
// names of those before it, and beyond them those of testdata/given.go: what the prose
// names and no snippet makes. A variable that nothing uses is all that is overlooked.
func TestSnippetsCompile(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	total := 0
	for _, document := range documents(t) {
		blocks, err := blocksOf(document)
		require.NoError(t, err)
		total += len(blocks)
		if len(blocks) > 0 {
			t.Run(filepath.Base(document), func(t *testing.T) {
				for _, err := range c.check(filepath.Base(document), blocks) {
					t.Error(err)
				}
			})
		}
	}
	t.Logf("%d snippets compile", total)
	require.Greater(t, total, 4)
}

// TestProgramsPrintWhatTheirDocumentSays runs the snippets that are whole programs.
func TestProgramsPrintWhatTheirDocumentSays(t *testing.T) {
	t.Parallel()
	ran := 0
	for _, document := range documents(t) {
		blocks, err := blocksOf(document)
		require.NoError(t, err)
		for _, b := range blocks {
			if !b.program() {
				continue
			}
			ran++
			name := filepath.Join(t.TempDir(), "main.go")
			require.NoError(t, os.WriteFile(name, []byte(b.code), 0o600))
			cmd := exec.CommandContext(t.Context(), "go", "run", name)
			cmd.Dir = root
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s:%d: %s", filepath.Base(document), b.line, out)
			require.Equal(t, b.prints, string(out), "%s:%d", filepath.Base(document), b.line)
		}
	}
	require.Positive(t, ran)
}

func documents(t *testing.T) []string {
	t.Helper()
	all, err := markdown.Documents(root)
	require.NoError(t, err)
	return all
}

// block is one snippet: its code, the line of the document before its first, and what a
// block of text behind it says that it prints.
type block struct {
	code   string
	line   int
	prints string
}

func (b block) program() bool { return strings.HasPrefix(b.code, "package main\n") }

// blocksOf finds the fenced blocks of Go in a document.
func blocksOf(document string) ([]block, error) {
	all, err := markdown.Blocks(document)
	if err != nil {
		return nil, err
	}
	var blocks []block
	for i, b := range all {
		switch {
		case b.Language == "go":
			blocks = append(blocks, block{code: b.Text, line: b.Line})
		case b.Language == "text" && i > 0 && all[i-1].Language == "go":
			blocks[len(blocks)-1].prints = b.Text
		}
	}
	return blocks, nil
}

// checker type-checks against the packages as they are built.
type checker struct {
	fset     *token.FileSet
	importer types.Importer
	imports  string
	given    string
}

// newChecker asks the go command, in the workspace, where each package's export data is.
func newChecker(t *testing.T) *checker {
	t.Helper()
	c := &checker{fset: token.NewFileSet()}
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}"}
	for _, p := range imported {
		if sub, ours := strings.CutPrefix(p, module+"/"); ours {
			if files, _ := filepath.Glob(filepath.Join(root, filepath.FromSlash(sub), "*.go")); len(files) == 0 {
				continue
			}
		}
		args = append(args, p)
		name := ""
		if p == module {
			name = "pacspace "
		}
		c.imports += fmt.Sprintf("import %s%q\n", name, p)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %s", exit.Stderr)
	}
	require.NoError(t, err)
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		p, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[p] = file
	}
	c.importer = importer.ForCompiler(c.fset, runtime.Compiler, func(p string) (io.ReadCloser, error) {
		if exports[p] == "" {
			return nil, fmt.Errorf("package %s is not there", p)
		}
		return os.Open(exports[p])
	})
	given, err := os.ReadFile(filepath.Join("testdata", "given.go"))
	require.NoError(t, err)
	c.given = string(given)
	return c
}

// check is what the compiler has against a document's snippets. Those that are declarations
// are put beside the others; a whole program stands alone.
func (c *checker) check(document string, blocks []block) []error {
	var body, ends bytes.Buffer
	files := []string{c.given}
	var problems []error
	for _, b := range blocks {
		at := fmt.Sprintf("//line %s:%d\n", path.Base(document), b.line+1)
		switch {
		case b.program():
			problems = append(problems, c.compile(at+b.code)...)
		case c.parses("package p\n" + b.code):
			files = append(files, "package snippets\n"+c.imports+at+b.code)
		default:
			fmt.Fprintf(&body, "{\n%s%s", at, b.code)
			ends.WriteString("}\n")
		}
	}
	files = append(files, "package snippets\n"+c.imports+"func _() error {\n"+body.String()+ends.String()+"panic(0)\n}\n")
	return append(problems, c.compile(files...)...)
}

func (c *checker) parses(text string) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", text, 0)
	return err == nil
}

// compile type-checks the files of one package.
func (c *checker) compile(texts ...string) []error {
	var problems []error
	var files []*ast.File
	for _, text := range texts {
		f, err := parser.ParseFile(c.fset, "given.go", text, 0)
		if err != nil {
			return []error{err}
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: c.importer, Error: func(err error) {
		if e, ok := errors.AsType[types.Error](err); ok && e.Soft {
			return // a name that is declared and not used
		}
		problems = append(problems, err)
	}}
	_, err := conf.Check(files[0].Name.Name, c.fset, files, nil)
	if e, ok := errors.AsType[types.Error](err); len(problems) == 0 && err != nil && !(ok && e.Soft) {
		problems = append(problems, err)
	}
	return problems
}

// The checker finds what it looks for, and says where it stands.
func TestCheckerFindsWhatDoesNotCompile(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	for _, tc := range []struct {
		name, text, want string
	}{
		{"a name that is not there", "a\n```go\nclient.Balance.Emitt(ctx)\n```\n", "x.md:3: client.Balance.Emitt undefined"},
		{"a name that a later snippet makes", "```go\n_ = x\n```\n\n```go\nx := 1\n```\n", "x.md:2: undefined: x"},
		{"a wrong type", "```go\nvar d pacspace.Decimal = 1.5\n```\n", "x.md:2: cannot use 1.5"},
		{"no Go", "```go\nfunc {\n```\n", "x.md:2: expected "},
		{"a program of its own", "```go\npackage main\n\nfunc main() { missing() }\n```\n", "x.md:4: undefined: missing"},
		{"a declaration", "```go\nfunc f() { missing() }\n```\n", "x.md:2: undefined: missing"},
		{"a name of the snippet before, and one that is not used", "```go\nx, y := 1, 2\n```\n\n```go\nx := x + 1\n_ = x\n```\n", ""},
		{"another language", "```sh\ngo run ./examples/quickstart\n```\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			blocks, err := blocksOf(write(t, tc.text))
			require.NoError(t, err)
			problems := c.check("x.md", blocks)
			if tc.want == "" {
				require.Empty(t, problems)
				return
			}
			require.NotEmpty(t, problems)
			require.Contains(t, problems[0].Error(), tc.want)
		})
	}
	_, err := blocksOf(write(t, "```go\nx := 1\n"))
	require.ErrorContains(t, err, "never closed")
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.md")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}
