package pacspace_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/pacspace/pacspace-go"

// floors are the packages of the root module from the ground up. A package imports only
// from floors below its own.
var floors = [][]string{
	{"decimal", "usage", "internal/canonical", "internal/keccak", "internal/jsonview", "internal/wait", "internal/pages"},
	{"proof/sealed"},
	{"proof"},
	{"internal/idem", "internal/wire", "internal/transport", "internal/filekind"},
	{"webhook", "record"},
	{""},
	{"sandbox", "metering"},
	{"reconcile"},
	helpers,
}

// helpers are what tests of several modules share. They stand on top: no package that a
// program links may import one.
var helpers = []string{"internal/memtx", "internal/memstore", "internal/storetest", "internal/agentstore", "internal/agenttest", "internal/pgtest"}

func TestPackagesImportOnlyFromFloorsBelow(t *testing.T) {
	t.Parallel()
	level := map[string]int{}
	for i, floor := range floors {
		for _, p := range floor {
			level[p] = i
		}
	}
	for dir, imports := range importsOf(t) {
		own, known := level[dir]
		require.True(t, known, "package %q stands on no floor", dir)
		for _, imported := range imports {
			rest, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			rest = strings.TrimPrefix(rest, "/")
			below, known := level[rest]
			require.True(t, known, "%q imports %q, which stands on no floor", dir, rest)
			together := below == own && (own == 0 || own == 3 || own == len(floors)-1)
			require.True(t, below < own || together, "%q imports %q, which is not below it", dir, rest)
		}
	}
}

// Each dependency has one place, so that it can be replaced there and is in no exported
// signature.
func TestDependenciesHaveOnePlace(t *testing.T) {
	t.Parallel()
	places := map[string]string{
		"github.com/hashicorp/go-retryablehttp": "internal/transport",
		"github.com/google/uuid":                "internal/idem",
		"github.com/shopspring/decimal":         "decimal",
		"golang.org/x/crypto/sha3":              "internal/keccak",

		"github.com/cloudflare/circl/simd/keccakf1600": "internal/keccak",
	}
	for dir, imports := range importsOf(t) {
		if slices.Contains(helpers, dir) {
			continue
		}
		for _, imported := range imports {
			if strings.HasPrefix(imported, module) || !strings.Contains(strings.Split(imported, "/")[0], ".") {
				continue
			}
			require.Equal(t, places[imported], dir, "%s is imported by %q", imported, dir)
		}
	}
}

// Whoever checks a proof offline links no network code.
func TestProofAndDecimalLinkNoNetwork(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"./proof/...", "./decimal", "./usage", "./record", "./internal/canonical", "./internal/filekind"} {
		deps := goList(t, "-deps", p)
		for _, dep := range []string{"net", "net/http", "crypto/tls"} {
			require.NotContains(t, deps, dep, "%s links %s", p, dep)
		}
	}
}

// What a program links when it imports the root package: nothing that only tests need.
func TestRootLinksOnlyTheListedModules(t *testing.T) {
	t.Parallel()
	linked := map[string]bool{}
	for _, line := range goList(t, "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".") {
		if line != "" && line != module {
			linked[line] = true
		}
	}
	var got []string
	for m := range linked {
		got = append(got, m)
	}
	slices.Sort(got)
	require.Equal(t, []string{
		"github.com/cloudflare/circl",
		"github.com/google/uuid",
		"github.com/hashicorp/go-cleanhttp",
		"github.com/hashicorp/go-retryablehttp",
		"github.com/shopspring/decimal",
		"golang.org/x/crypto",
		"golang.org/x/sys", // of x/crypto and circl: which instructions the processor has
	}, got)
}

func TestSandboxDoesNotLinkTesting(t *testing.T) {
	t.Parallel()
	require.NotContains(t, goList(t, "-deps", "./sandbox"), "testing")
}

// importsOf reads the imports of every package of the root module, tests left out.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			nested := filepath.Join(path, "go.mod")
			if found, _ := filepath.Glob(nested); path != "." && (len(found) > 0 || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if dir == "." {
			dir = ""
		}
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if !slices.Contains(imports[dir], name) {
				imports[dir] = append(imports[dir], name)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, imports)
	return imports
}

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
