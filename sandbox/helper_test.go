package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
)

// start is where the clocks of the tests begin.
var start = time.Date(2026, time.February, 10, 12, 0, 0, 0, time.UTC)

// box is a sandbox on a clock of its own, asked without a network.
type box struct {
	*sandbox.Sandbox
	t     *testing.T
	clock *sandbox.Clock
	hooks *hookSwitch // where webhooks go, unless the test names a client
}

func newBox(t *testing.T, opts ...sandbox.Option) *box {
	t.Helper()
	clock := sandbox.NewClock(start)
	hooks := &hookSwitch{}
	s, err := sandbox.New(append([]sandbox.Option{
		sandbox.WithClock(clock.Now), sandbox.WithPublicURL("https://app.pacspace.io"), sandbox.WithWebhookClient(&http.Client{Transport: hooks}),
	}, opts...)...)
	require.NoError(t, err)
	return &box{Sandbox: s, t: t, clock: clock, hooks: hooks}
}

// verify lets enough time pass for everything to be verified.
func (b *box) verify() { b.clock.Advance(time.Second) }

// response is an answer with its JSON read into maps, numbers kept as text.
type response struct {
	t      *testing.T
	status int
	header http.Header
	body   string
	json   any
}

// do asks with the test key. Headers are "Name: value"; one with an empty value takes the
// header away.
func (b *box) do(method, target, body string, headers ...string) response {
	b.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-Api-Key", b.Key(sandbox.Test))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
		if value == "" {
			r.Header.Del(name)
		}
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	res := response{t: b.t, status: w.Code, header: w.Header(), body: w.Body.String()}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
		d.UseNumber()
		require.NoError(b.t, d.Decode(&res.json), res.body)
	}
	return res
}

func (b *box) get(target string, headers ...string) response {
	b.t.Helper()
	return b.do(http.MethodGet, target, "", headers...)
}

func (b *box) post(target, body string, headers ...string) response {
	b.t.Helper()
	return b.do(http.MethodPost, target, body, headers...)
}

// emit writes one delta that must be accepted.
func (b *box) emit(customer, amount, reference string) response {
	b.t.Helper()
	body := fmt.Sprintf(`{"customerId":%q,"delta":%s,"reason":"usage"}`, customer, amount)
	if reference != "" {
		body = fmt.Sprintf(`{"customerId":%q,"delta":%s,"reason":"usage","referenceId":%q}`, customer, amount, reference)
	}
	r := b.post("/api/v1/balance/delta", body)
	require.Less(b.t, r.status, 300, r.body)
	return r
}

// at finds a value by a path such as data.deltas.0.recordId, as text; absent is "".
func (r response) at(path string) string {
	r.t.Helper()
	v := r.json
	for name := range strings.SplitSeq(path, ".") {
		switch of := v.(type) {
		case map[string]any:
			v = of[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(of) {
				return ""
			}
			v = of[i]
		default:
			return ""
		}
	}
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	default:
		text, err := json.Marshal(v)
		require.NoError(r.t, err)
		return string(text)
	}
}

// refused asserts an error of the documented form.
func (r response) refused(status int, code, message string) {
	r.t.Helper()
	require.Equal(r.t, status, r.status, r.body)
	require.Equal(r.t, code, r.at("error.code"), r.body)
	require.Contains(r.t, r.at("error.message"), message)
}

func contextWithTimeout(r *http.Request, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), d)
}

// logAndMarshal writes values as slog and encoding/json do.
func logAndMarshal(t *testing.T, out *bytes.Buffer, values ...any) {
	t.Helper()
	for _, v := range values {
		slog.New(slog.NewTextHandler(out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(out, nil)).Info("json", "v", v)
		text, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(text)
	}
}

// fakeTB is a test that notes why it failed.
type fakeTB struct{ fatal string }

func (*fakeTB) Helper()        {}
func (*fakeTB) Cleanup(func()) {}
func (f *fakeTB) Fatalf(format string, args ...any) {
	f.fatal = fmt.Sprintf(format, args...)
	panic(f.fatal)
}
