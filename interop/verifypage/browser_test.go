// Package verifypage tests the verify page in Chromium, as a person has it: a file that is
// opened from a disk.
package verifypage

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/chromium"
)

// patience is how long one action may take. It only ends what hangs.
const patience = 5 * time.Minute

// tab is a tab that has the page open.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string

	lock     sync.Mutex
	requests []string // the addresses that were asked for
	errors   []string // what stands in the console as an error
}

// page writes the page as the command does, once for all tests.
var page = sync.OnceValues(func() ([]byte, error) {
	return exec.Command("go", "run", "github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage/write").Output()
})

// open opens the page in a browser of its own.
func open(t *testing.T) *tab {
	t.Helper()
	html, err := page()
	require.NoError(t, err)
	return openPage(t, html)
}

func openPage(t *testing.T, html []byte) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "verify.html")
	require.NoError(t, os.WriteFile(file, html, 0o644))

	allocator, stop := chromedp.NewExecAllocator(t.Context(), chromium.Options(t)...)
	t.Cleanup(stop)
	ctx, close := chromedp.NewContext(allocator)
	t.Cleanup(close)
	b := &tab{t: t, ctx: ctx, url: "file://" + file}
	require.NoError(t, chromedp.Listen(ctx, b.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	b.do(chromedp.Navigate(b.url))
	evaluate[bool](b, driver)
	return b
}

func (b *tab) hear(event any) {
	b.lock.Lock()
	defer b.lock.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" {
			text, _ := json.Marshal(e.Args)
			b.errors = append(b.errors, string(text))
		}
	}
}

// do does actions, each within patience.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, action := range actions {
		run(b, action)
	}
}

func run[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	require.NoError(b.t, err)
	return value
}

// evaluate gives the value of an expression, a promise's once it is kept.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	return run(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// driver fills in the form and waits for what comes out.
const driver = `
window.fill = (id, files) => {
  const chosen = new DataTransfer();
  for (const [name, base64] of files) chosen.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
  document.getElementById(id).files = chosen.files;
  document.getElementById(id).dispatchEvent(new Event("change", { bubbles: true }));
};
window.finished = async () => {
  while (!document.getElementById("cancel").hidden) await new Promise((soon) => setTimeout(soon, 2));
  await new Promise((soon) => setTimeout(soon, 0));
  const text = (query) => document.querySelector(query)?.textContent ?? "";
  return {
    verdict: document.getElementById("verdict")?.dataset.verdict ?? "", line: text("#line"), text: text("#text pre"),
    first: text("#first-difference"), status: text("#status"), path: text("#path"), balance: document.querySelector("#balance-picture")?.getAttribute("aria-label") ?? "",
  };
};
window.check = async (form) => {
  for (const id of ["file", "history", "own", "anchors"]) window.fill(id, form[id] ?? []);
  for (const id of ["root", "customerId", "resource", "unit", "period", "first", "last", "balance", "environment", "variant"]) {
    const field = document.getElementById(id), value = form.text?.[id] ?? (id === "environment" ? "live" : "");
    if (field.tagName === "SELECT" && ![...field.options].some((o) => o.value === value)) field.add(new Option(value));
    field.value = value;
  }
  document.getElementById("verify").click();
  return window.finished();
};
true`

// shown is what the page shows after a verification.
type shown struct{ Verdict, Line, Text, First, Status, Path, Balance string }

// form is what is chosen and typed: files as name and content.
type form struct {
	File    []upload          `json:"file"`
	History []upload          `json:"history,omitempty"`
	Own     []upload          `json:"own,omitempty"`
	Anchors []upload          `json:"anchors,omitempty"`
	Text    map[string]string `json:"text,omitempty"`
}

type upload struct {
	name    string
	content []byte
}

func (u upload) MarshalJSON() ([]byte, error) { return json.Marshal([]any{u.name, u.content}) }

// check fills in the form, has the page verify, and gives what it shows.
func (b *tab) check(f form) shown {
	b.t.Helper()
	argument, err := json.Marshal(f)
	require.NoError(b.t, err)
	return evaluate[shown](b, "check("+string(argument)+")")
}

// quickstart runs the quickstart and gives the files that it leaves of one customer.
var quickstart = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "quickstart")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := exec.Command("go", "run", "github.com/pacspace/pacspace-go/examples/quickstart", "-out", dir).Run(); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range []string{"customer_acme-2026-02.jsonl", "customer_acme-2026-02.anchor.json"} {
		if files[strings.TrimPrefix(name, "customer_acme-2026-02")], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
})
