package verifypage

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoRequestLeavesThePage(t *testing.T) {
	t.Parallel()
	b := open(t)
	require.Equal(t, "verified", b.check(acme(t)).Verdict)
	b.lock.Lock()
	defer b.lock.Unlock()
	require.NotEmpty(t, b.requests)
	for _, address := range b.requests {
		require.True(t, address == b.url || strings.HasPrefix(address, "blob:"), address)
	}
}

// The policy stops requests even of code that tries, in the page and in a worker.
func TestThePolicyStopsRequests(t *testing.T) {
	t.Parallel()
	b := open(t)
	var seen atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		seen.Add(1)
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	t.Cleanup(server.Close)
	answer, err := http.Get(server.URL)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.EqualValues(t, 1, seen.Load(), "the server sees a request")

	const attempts = `(async (url) => {
		const settled = [];
		const attempt = async (name, f) => settled.push([name, await Promise.resolve().then(f).then(() => "went out", () => "stopped")]);
		const loads = (element) => new Promise((resolve, reject) => { element.onload = resolve; element.onerror = reject; document.body.append(element); });
		const of = (name, attributes) => Object.assign(document.createElement(name), attributes);
		const inWorker = (code) => new Promise((resolve, reject) => {
			const w = new Worker(URL.createObjectURL(new Blob([code])));
			w.onmessage = (e) => e.data === "went out" ? resolve() : reject();
			w.onerror = reject;
		});
		await attempt("fetch", () => fetch(url));
		await attempt("image", () => loads(of("img", { src: url })));
		await attempt("script", () => loads(of("script", { src: url })));
		await attempt("style", () => loads(of("link", { rel: "stylesheet", href: url })));
		await attempt("XMLHttpRequest", () => new Promise((resolve, reject) => { const x = new XMLHttpRequest(); x.onload = resolve; x.onerror = reject; x.open("GET", url); x.send(); }));
		await attempt("WebSocket", () => new Promise((resolve, reject) => { const s = new WebSocket(url.replace("http", "ws")); s.onopen = resolve; s.onerror = reject; }));
		await attempt("fetch in a worker", () => inWorker("fetch(" + JSON.stringify(url) + ").then(() => postMessage('went out'), () => postMessage('stopped'))"));
		await attempt("importScripts in a worker", () => inWorker("try { importScripts(" + JSON.stringify(url) + "); postMessage('went out') } catch { postMessage('stopped') }"));
		await attempt("eval", () => (0, eval)("1"));
		navigator.sendBeacon(url, "x");
		const form = of("form", { action: url, method: "post", target: "x" });
		document.body.append(form, of("iframe", { name: "x", src: url }));
		form.submit();
		await new Promise((soon) => setTimeout(soon, 100));
		return settled;
	})`
	for _, attempt := range evaluate[[][2]string](b, attempts+"("+strconv.Quote(server.URL+"/")+")") {
		require.Equal(t, "stopped", attempt[1], attempt[0])
	}
	require.EqualValues(t, 1, seen.Load(), "the server saw nothing of the page")
}
