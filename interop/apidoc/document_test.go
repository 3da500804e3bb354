package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/source"
	"github.com/pacspace/pacspace-go/sandbox"
)

const root = "../.."

func TestAPIFileIsWhatTheGeneratorWrites(t *testing.T) {
	t.Parallel()
	want, err := Document(root)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(root, "API.md"))
	require.NoError(t, err)
	require.True(t, want == string(got), "API.md is out of date; at the root: go run ./interop/apidoc > API.md")
}

// The route table and the sandbox's are two accounts of one API.
func TestEveryEndpointHasAMethodAndASandbox(t *testing.T) {
	t.Parallel()
	api, err := source.Read(root)
	require.NoError(t, err)
	served := map[string]sandbox.Endpoint{}
	for _, e := range sandbox.Endpoints() {
		served[e.Method+" "+e.Path] = e
	}
	for _, r := range api.Routes {
		require.NotEmpty(t, methodsOf(api, r), "%s: no method uses %s", r.Endpoint(), r.Var)
		e, ok := served[r.Endpoint()]
		require.True(t, ok, "%s: not in the sandbox", r.Endpoint())
		require.Equal(t, e.Public, r.Public, r.Endpoint())
		require.Equal(t, e.Doc, r.Doc, r.Endpoint())
		delete(served, r.Endpoint())
	}
	require.Empty(t, served, "in the sandbox and without a route")
}

// An example with checked output calls each endpoint.
func TestEveryEndpointHasAnExample(t *testing.T) {
	t.Parallel()
	api, err := source.Read(root)
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(root, "example*_test.go"))
	require.NoError(t, err)
	var examples strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		examples.Write(text)
	}
	for _, r := range api.Routes {
		shown := false
		for _, m := range methodsOf(api, r) {
			own := strings.Replace(m, "Public.", "public.", 1) // the keyless client is a variable there
			shown = shown || strings.Contains(examples.String(), "."+m+"(") || strings.Contains(examples.String(), "\t"+own+"(") || strings.Contains(examples.String(), " "+own+"(")
		}
		require.True(t, shown, "%s: no example calls %v", r.Endpoint(), methodsOf(api, r))
	}
}

func TestNamesOfOtherSDKsAreAllUsed(t *testing.T) {
	t.Parallel()
	api, err := source.Read(root)
	require.NoError(t, err)
	routes := map[string]bool{}
	for _, r := range api.Routes {
		routes[r.Endpoint()] = true
	}
	for endpoint := range names {
		require.True(t, routes[endpoint], "%s has names and no route", endpoint)
	}
}

// withoutAnEndpoint says of the calls of the vectors that are in no row why that is so.
var withoutAnEndpoint = map[string]string{
	"balance.emit_and_wait":  "two endpoints, each in a row",
	"records.holders.list":   encrypted,
	"records.holders.remove": encrypted,
	"records.holdings.list":  encrypted,
	"records.keep_copy":      encrypted,
	"records.record_key":     encrypted,
	"records.rekey":          encrypted,
	"records.wire_id":        encrypted,
}

const encrypted = "encrypted records are not in this SDK"

// An endpoint may be left out of names only if the Python SDK has no call for it.
func TestEveryCallOfTheOfficialVectorsHasItsEndpoint(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "interop", "testdata", "vectors", "requests.json"))
	require.NoError(t, err)
	var all strings.Builder
	for _, n := range names {
		all.WriteString(n.python)
	}
	calls := map[string]bool{}
	for _, m := range regexp.MustCompile(`"call": "([\w.]+)"`).FindAllStringSubmatch(string(text), -1) {
		calls[m[1]] = true
	}
	require.Greater(t, len(calls), 30)
	for call := range calls {
		named := strings.Contains(all.String(), "`"+call+"`")
		require.Equal(t, !named, withoutAnEndpoint[call] != "", "%s: name it in interop/apidoc/names.go, or say why not", call)
	}
}

var (
	nameInGuide   = regexp.MustCompile(`\b(pacspace|sealed)\.([A-Z]\w*)`)
	methodInGuide = regexp.MustCompile(`\bclient\.([A-Z]\w*(?:\.[A-Z]\w*)?)\(`)
)

// The guide for people from other SDKs is written by hand; what it names must exist.
func TestTheGuideNamesWhatExists(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs", "migrating.md"))
	require.NoError(t, err)
	guide := guide + string(text)
	api, err := source.Read(root)
	require.NoError(t, err)
	methods := map[string]bool{}
	for _, m := range api.Methods {
		methods[m.Name] = true
	}
	exported := map[string]map[string]bool{}
	for _, dir := range []string{root, filepath.Join(root, "proof", "sealed")} {
		names, err := source.Exports(dir)
		require.NoError(t, err)
		maps.Copy(exported, names)
	}
	found := 0
	for _, m := range nameInGuide.FindAllStringSubmatch(guide, -1) {
		require.True(t, exported[m[1]][m[2]], "the guide names %s", m[0])
		found++
	}
	for _, m := range methodInGuide.FindAllStringSubmatch(guide, -1) {
		require.True(t, methods[m[1]], "the guide names client.%s", m[1])
		found++
	}
	require.Greater(t, found, 50)
}

func TestADifferenceWithoutAPlaceIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "x_test.go"), []byte("package x\n"+text), 0o600))
	}
	write(`var surprise = map[string]string{"a": "because"}`)
	_, err := differences(dir)
	require.ErrorContains(t, err, "no list requestRules")

	lists := ""
	for _, k := range kept {
		for _, v := range k.vars {
			lists += "var " + v + ` = map[string]string{"a": "because", "b": "because", "c": "of this"}` + "\n"
		}
	}
	write(lists)
	got, err := differences(dir)
	require.NoError(t, err)
	require.Len(t, got, len(kept))
	last := got[len(got)-1].reasons // of several lists, one behind the other
	require.Equal(t, []reason{{"because", []string{"a", "b"}}, {"of this", []string{"c"}}}, last[len(last)-2:])

	write(lists + `var surprise = map[string]string{"a": "because"}`)
	_, err = differences(dir)
	require.ErrorContains(t, err, "surprise")
	write(lists + `var surprise = map[string]string{"a": word}`)
	_, err = differences(dir)
	require.ErrorContains(t, err, "want a string")
}
