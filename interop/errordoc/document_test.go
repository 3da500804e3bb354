package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

func TestErrorsFileIsWhatTheGeneratorWrites(t *testing.T) {
	t.Parallel()
	want, err := Document(root)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(root, "docs", "errors.md"))
	require.NoError(t, err)
	require.True(t, want == string(got), "docs/errors.md is out of date; at the root: go run ./interop/errordoc > docs/errors.md")
}

// noCodes are the words in capitals that the sources hold and that are no code of an error.
var noCodes = map[string]bool{
	"ACCESS_HINT": true, "PER_EVENT": true, "TENANT_BOUND": true, // values of fields
}

// Whatever code the sandbox answers with or a client refuses with can be looked up.
func TestEveryCodeHasItsLine(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join(root, "docs", "errors.md"))
	require.NoError(t, err)
	code := regexp.MustCompile(`"([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)"`)
	found := 0
	for _, pattern := range []string{"*.go", "sandbox/*.go", "internal/*/*.go", "proof/*.go", "proof/sealed/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(filepath.Dir(file), "test") { // storetest and its like
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, m := range code.FindAllStringSubmatch(string(text), -1) {
				if noCodes[m[1]] || strings.HasPrefix(m[1], "PACSPACE_") { // of the environment
					continue
				}
				found++
				if !strings.Contains(string(document), "`"+m[1]+"`") {
					t.Errorf("%s: %s has no line in docs/errors.md; add it to interop/errordoc/guide.md", file, m[1])
				}
			}
		}
	}
	require.Greater(t, found, 50)
}

func TestReaderRefusesAnErrorThatDoesNotSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, source, want string }{
		{"a sentinel without a word", "var ErrX = f(1)", "ErrX: its comment does not say what happened"},
		{"a sentinel that only says what happened", "// ErrX: it broke.\nvar ErrX = f(1)", "ErrX: its comment does not say what to do"},
		{"a group that says what to do, of a sentinel that says nothing", "// What to do: run.\nvar (\n\tErrX = f(1)\n)", "ErrX: its comment does not say what happened"},
		{"a mark with nothing behind it", "// ErrX: it broke. What to do:\nvar ErrX = f(1)", "ErrX: its comment does not say what to do"},
		{"a type", "// E is broken.\ntype E struct{}\nfunc (*E) Error() string { return `` }", "*E: its comment does not say what to do"},
		{"a type by value", "// E is broken.\ntype E int\nfunc (E) Error() string { return `` }", "E: its comment does not say what to do"},
		{"a code", "// CodeX: it broke.\nconst CodeX = `X`", "CodeX: its comment does not say what to do"},
		{"a value of a package that is not there", "import `github.com/pacspace/pacspace-go/internal/y`\n// ErrX: it broke. What to do: run.\nvar ErrX = y.ErrX", "the value of y.ErrX is not found"},
		{"a kind", "type ErrorKind string\nconst KindX ErrorKind = `X` // 400", "KindX: its comment does not say what to do"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "x.go"), []byte("package x\n"+tc.source+"\n"), 0o600))
			_, err := readPackages(dir)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestReaderTakesWhatCommentsSay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "internal", "y"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "internal", "y", "y.go"), []byte("package y\nvar ErrZ = errors.New(`of y`)\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.go"), []byte(`package x

import "github.com/pacspace/pacspace-go/internal/y"

// ErrX is returned by [Run] where | breaks it. What to
// do: ask [*Other.Word], then
// run again.
//
// Source: API contract, section 1.6.
var ErrX = errors.New("x: broken")

// Why it broke. What to do: mend it.
var (
	ErrY = other() // the second one
	ErrZ = y.ErrZ  // the third one
	errHidden = errors.New("hidden")
)

// Plain is no error.
type Plain struct{}

// Bad is one. What to do: look.
type Bad struct{}

func (b *Bad) Error() string { return "" }
func (Plain) Error(of int) string { return "" }
`), 0o600))
	packages, err := readPackages(dir)
	require.NoError(t, err)
	require.Equal(t, []pkg{{name: "x", path: module, entries: []entry{
		{kind: ofSentinel, name: "ErrX", text: "x: broken", happened: "returned by `Run` where | breaks it.", todo: "ask `*Other.Word`, then run again."},
		{kind: ofSentinel, name: "ErrY", happened: "the second one", todo: "mend it."},
		{kind: ofSentinel, name: "ErrZ", text: "of y", happened: "the third one", todo: "mend it."},
		{kind: ofType, name: "*Bad", happened: "one.", todo: "look."},
	}}}, packages)
	require.Equal(t, `Returned by `+"`Run`"+` where \| breaks it.`, cell(packages[0].entries[0].happened))
}
