package pacspace_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/sandbox"
)

// What the types of this file's tables are given to keep. Each holds the same word, so
// that one search finds them all.
const (
	keptWord    = "hunter2topsecret"
	keptKey     = "pk_test_types." + keptWord
	keptWebhook = "whsec_" + keptWord
	keptToken   = "dashboard." + keptWord
	keptGrant   = "grs_" + keptWord
)

// Every exported type of every package of the module stands in one of these tables, by
// its kind: one that keeps a secret is printed while it keeps one, one that does not is
// held to having nowhere to keep it, and an interface is printed by what implements it.
func TestEveryExportedTypeHasItsPlaceAmongWhatKeepsSecrets(t *testing.T) {
	t.Parallel()
	want := exportedTypes(t)
	require.Greater(t, len(want), 150)
	got := map[string]bool{}
	for name := range keepers(t) {
		name, _, _ = strings.Cut(name, ",")
		got[name] = true
	}
	for _, v := range dataTypes {
		got[typeName(reflect.TypeOf(v))] = true
	}
	for name, holds := range interfaces {
		require.NotEmpty(t, holds, name)
		got[name] = true
	}
	var missing []string
	for name := range want {
		if !got[name] {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	require.Empty(t, missing, "put these types into one of the tables of secrets_table_test.go")
	for name := range got {
		require.True(t, want[name], "there is no exported type %s", name)
	}
}

func TestWhatKeepsASecretNeverPrintsIt(t *testing.T) {
	t.Parallel()
	for name, v := range keepers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireKept(t, v)
			requireKept(t, struct{ V any }{v})
			if strings.HasPrefix(name, "sandbox.") {
				return // its keys guard nothing: that its methods hide them is enough
			}
			requireKept(t, struct{ v any }{v}) // where fmt calls no methods
			if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && !r.IsNil() {
				requireKept(t, r.Elem().Interface())
			}
		})
	}
}

// Data has no place for a secret: no field, at any depth, is named like one, keeps one,
// or is code or a connection that could hold one out of sight.
func TestDataHasNoPlaceForASecret(t *testing.T) {
	t.Parallel()
	keeps := map[string]bool{}
	for name := range keepers(t) {
		name, _, _ = strings.Cut(name, ",")
		keeps[name] = true
	}
	for _, v := range dataTypes {
		name := typeName(reflect.TypeOf(v))
		require.NoError(t, placeForASecret(reflect.TypeOf(v), keeps, map[reflect.Type]bool{}), name)
	}
	require.Error(t, placeForASecret(reflect.TypeFor[struct{ apiKey string }](), keeps, map[reflect.Type]bool{}))
	require.Error(t, placeForASecret(reflect.TypeFor[[]struct{ Client *pacspace.Client }](), keeps, map[reflect.Type]bool{}))
	require.Error(t, placeForASecret(reflect.TypeFor[struct{ key func() string }](), keeps, map[reflect.Type]bool{}))
}

func placeForASecret(t reflect.Type, keeps map[string]bool, seen map[reflect.Type]bool) error {
	if seen[t] || t.PkgPath() == "time" || t.PkgPath() == "math/big" {
		return nil
	}
	seen[t] = true
	if len(seen) > 1 && keeps[typeName(t)] {
		return fmt.Errorf("it holds a %v, which keeps a secret", t)
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return placeForASecret(t.Elem(), keeps, seen)
	case reflect.Map:
		return errors.Join(placeForASecret(t.Key(), keeps, seen), placeForASecret(t.Elem(), keeps, seen))
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if t == reflect.TypeFor[func()]() { // decimal's way to forbid ==
			return nil
		}
		return fmt.Errorf("it holds a %v, which could keep anything", t)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.Type.Kind() == reflect.Func && f.IsExported() {
				continue // the caller's own code, which he put there
			}
			for _, word := range []string{"secret", "token", "password", "apikey", "credential", "bearer"} {
				if strings.Contains(strings.ToLower(f.Name), word) {
					return fmt.Errorf("field %s is named like a secret", f.Name)
				}
			}
			if err := placeForASecret(f.Type, keeps, seen); err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
		}
	}
	return nil
}

// net/http prints what a handler panics with. Nothing that the SDK hands out shows a
// secret there either.
func TestPanicsThatNetHTTPRecoversShowNoSecret(t *testing.T) {
	t.Parallel()
	var (
		mu   sync.Mutex
		text bytes.Buffer
	)
	values := keepers(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		panic(values[r.URL.Query().Get("name")])
	}))
	server.Config.ErrorLog = log.New(lockedWriter{&mu, &text}, "", 0)
	server.Start()
	for name := range values {
		_, err := server.Client().Get(server.URL + "?" + url.Values{"name": {name}}.Encode())
		require.Error(t, err)
	}
	server.Close()
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, len(values), strings.Count(text.String(), "http: panic serving"))
	requireNoTrace(t, "the log of panics", text.String())
}

type lockedWriter struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// What a client with every kind of secret is answered, refused, logs and observes holds
// none of them.
func TestWhatAClientHandsOutShowsNoSecret(t *testing.T) {
	t.Parallel()
	server := sandbox.Start(t, sandbox.WithAPIKey(keptKey), sandbox.WithDashboardToken(keptToken))
	var (
		logged   bytes.Buffer
		observed []pacspace.Attempt
	)
	handler := slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})
	client, err := pacspace.New(keptKey, pacspace.WithBaseURL(server.URL), pacspace.WithLogger(slog.New(handler)), pacspace.WithMaxRetries(0),
		pacspace.WithObserver(func(_ context.Context, a pacspace.Attempt) { observed = append(observed, a) }))
	require.NoError(t, err)
	day := pacspace.NewDate(2026, time.February, 1)
	delta := pacspace.DeltaParams{CustomerID: "acme", Delta: pacspace.NewDecimal(-50), Reason: pacspace.DailyReason(day), ReferenceID: pacspace.DailyReference("acme", day)}
	opts := func(r *pacspace.Response) []pacspace.CallOption {
		return []pacspace.CallOption{pacspace.WithResponse(r), pacspace.WithDashboardToken(keptToken), pacspace.WithGrant(keptGrant), pacspace.WithHeader("Cookie", keptWord)}
	}
	scope, root := pacspace.MonthsBack(1, time.Now()), ""
	calls := map[string]func(opts []pacspace.CallOption) (any, error){
		"derive": func(o []pacspace.CallOption) (any, error) {
			return client.Balance.Derive(t.Context(), "acme", scope, o...)
		},
		"compare": func(o []pacspace.CallOption) (any, error) {
			return client.Balance.Compare(t.Context(), pacspace.CompareParams{CustomerID: "acme", Scope: scope, Yours: delta.Delta, Theirs: delta.Delta}, o...)
		},
		"batch": func(o []pacspace.CallOption) (any, error) {
			return client.Balance.EmitBatch(t.Context(), []pacspace.DeltaParams{delta}, o...)
		},
		"checkpoint": func(o []pacspace.CallOption) (any, error) {
			return client.Balance.Checkpoint(t.Context(), pacspace.CheckpointParams{CustomerID: "acme", Scope: scope}, o...)
		},
		"usage":  func(o []pacspace.CallOption) (any, error) { return client.Balance.Usage(t.Context(), o...) },
		"limits": func(o []pacspace.CallOption) (any, error) { return client.Balance.Limits(t.Context(), o...) },
		"customers": func(o []pacspace.CallOption) (any, error) {
			return client.Customers.Get(t.Context(), "acme", pacspace.ActivityParams{}, o...)
		},
		"verify": func(o []pacspace.CallOption) (any, error) { return client.Public.Verify(t.Context(), root, "", o...) },
	}
	first, err := client.Balance.EmitAndWait(t.Context(), delta)
	require.NoError(t, err)
	root = first.ReceiptID
	require.NotEmpty(t, root)
	for _, faults := range [][]sandbox.Fault{
		nil,
		{{Times: -1, Status: 500, Message: "the request held " + keptKey}},
		{{Times: -1, Status: 401, Code: keptKey, Message: keptWord}},
		{{Times: -1, Drop: true}},
		{{Times: -1, Body: []byte("<html>" + keptKey), Status: 200}},
	} {
		server.ClearFaults()
		for _, f := range faults {
			server.Inject(f)
		}
		for name, call := range calls {
			if name == "verify" && len(faults) > 0 && !faults[0].Drop {
				continue // it carries no key that a service could repeat
			}
			var told pacspace.Response
			v, err := call(opts(&told))
			if faults == nil {
				require.NoError(t, err, name)
			} else {
				require.Error(t, err, name)
				require.NotContains(t, err.Error(), root)
			}
			requireKept(t, v)
			requireKept(t, told)
			requireKept(t, err)
		}
	}
	require.NotEmpty(t, observed)
	for _, a := range observed {
		requireKept(t, a)
		require.NotContains(t, fmt.Sprintf("%+v", a), root, "a proof root gives access to what it proves")
	}
	require.NotEmpty(t, logged.String())
	requireNoTrace(t, "the log", logged.String())
	require.NotContains(t, logged.String(), root)
}

// requireKept prints a value in every way that programs print values, an error with each
// of those that it wraps, and looks for the secret.
func requireKept(t *testing.T, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%x", "%X", "%s", "%d"} {
		requireNoTrace(t, verb, fmt.Sprintf(verb, v))
	}
	if text, err := json.Marshal(v); err == nil {
		requireNoTrace(t, "json", string(text))
	} else {
		requireNoTrace(t, "json's error", err.Error())
	}
	var text bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&text, nil)).Info("m", "v", v)
	requireNoTrace(t, "slog", text.String())
	switch e := v.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			requireKept(t, inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			requireKept(t, inner)
		}
	}
}

func requireNoTrace(t *testing.T, how, text string) {
	t.Helper()
	text = strings.ToLower(text)
	for _, form := range []string{
		keptWord,
		fmt.Sprintf("%x", keptWord),
		strings.Trim(fmt.Sprint([]byte(keptWord)), "[]"),
		base64.StdEncoding.EncodeToString([]byte(keptWord))[:20],
		base64.StdEncoding.EncodeToString([]byte(keptKey))[:40],
	} {
		require.NotContains(t, text, strings.ToLower(form), how)
	}
}

// exportedTypes names the exported types of the packages that others can import, by
// reading the source.
func exportedTypes(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "." {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if err == nil || d.Name() == "internal" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil || file.Name.Name == "main" {
			return err
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, s := range g.Specs {
				// An alias is another name of a type that has its place already.
				if s := s.(*ast.TypeSpec); s.Name.IsExported() && !s.Assign.IsValid() {
					names[file.Name.Name+"."+s.Name.Name] = true
				}
			}
		}
		return nil
	}))
	return names
}

func typeName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.String()
}

// errorsWith are errors of a call whose service repeats the key.
func errorsWith(t *testing.T) (api *pacspace.APIError, decode *pacspace.DecodeError, lost *pacspace.TransportError, cadence *pacspace.CadenceLimitError) {
	t.Helper()
	answer := func(status int, body string) error {
		mux := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if status == 0 {
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
		server := httptest.NewServer(mux)
		defer server.Close()
		client, err := pacspace.New(keptKey, pacspace.WithBaseURL(server.URL), pacspace.WithMaxRetries(0))
		require.NoError(t, err)
		_, err = client.Balance.Usage(t.Context())
		require.Error(t, err)
		return err
	}
	require.ErrorAs(t, answer(401, `{"message":"no key `+keptKey+`","code":"`+keptKey+`"}`), &api)
	require.ErrorAs(t, answer(200, "<html>"+keptKey), &decode)
	require.ErrorAs(t, answer(0, ""), &lost)
	require.ErrorAs(t, answer(429, `{"message":"`+keptWord+`","code":"CADENCE_LIMIT","customerId":"acme"}`), &cadence)
	return api, decode, lost, cadence
}

// keptLinkKey is a link's key whose bytes are the secret's.
func keptLinkKey(t *testing.T) sealed.LinkKey {
	t.Helper()
	var value [32]byte
	copy(value[:], keptWord+keptWord)
	key, ok := sealed.ParseLinkKey("dk=" + base64.RawURLEncoding.EncodeToString(value[:]))
	require.True(t, ok)
	return key
}
