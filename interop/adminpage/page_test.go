// Package adminpage tests a meter's admin page with an agent's section in Chromium, as an
// operator has it.
package adminpage

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/interop/internal/chromium"
)

// shown is what stands on the page: the words at its top, and under each heading either a
// table's rows or a text.
type shown struct {
	Title  string
	Top    string
	Alerts []string
	Tables map[string][][]string
	Texts  map[string]string
	Images int
}

const read = `(() => {
  const out = { Title: document.title, Top: document.querySelector("h1 + p").textContent, Tables: {}, Texts: {},
    Alerts: [...document.querySelectorAll(".alert")].map((e) => e.textContent), Images: document.images.length };
  for (const heading of document.querySelectorAll("h2")) {
    const below = heading.nextElementSibling;
    if (below.tagName !== "TABLE") out.Texts[heading.textContent] = below.textContent;
    else out.Tables[heading.textContent] = [...below.rows].slice(1).map((row) => [...row.cells].map((c) => c.innerText.trim()));
  }
  return out;
})()`

// section is the agent's, as JSON under its heading.
type section struct {
	Events struct {
		Pending int `json:"pending"`
	} `json:"events"`
	Open       int   `json:"open"`
	Untold     int   `json:"untold"`
	LagSeconds int64 `json:"lagSeconds"`
	Mismatches []struct {
		Kind, CustomerID, Period, Expected, Found, First string
		Told                                             bool
	} `json:"mismatches"`
}

func TestAnOperatorSeesMeterAndAgent(t *testing.T) {
	t.Parallel()
	options := chromium.Options(t)
	s := newStage(t)

	// Three customers used something. The ledger refuses what one of them used, and the
	// billing department has written down too little for another.
	s.record("acme", "12.5")
	s.record("acme", "0.1")
	s.record("globex", "7")
	s.record("initech", "3")
	s.settle()
	s.clock.Set(day.End().Add(3 * 24 * time.Hour))
	for range 3 { // applied; compared; still so after a while
		s.work()
		s.clock.Advance(time.Hour)
	}
	// A delta comes from elsewhere, and nobody applies it for 90 seconds.
	s.emitElsewhere("globex")
	s.record("acme", "2.25")
	s.clock.Advance(90 * time.Second)

	admin := httptest.NewServer(s.meter.Admin(s.agent.Section()))
	t.Cleanup(admin.Close)
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, 5*time.Minute) // only ends what hangs
	t.Cleanup(stop)
	heard := &heard{}
	require.NoError(t, chromedp.Listen(ctx, heard.hear))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Run(ctx, chromedp.Navigate(admin.URL+"/"))
	require.NoError(t, err)
	page, err := chromedp.Run(ctx, chromedp.Evaluate[shown](read))
	require.NoError(t, err)

	require.Equal(t, "Metering", page.Title)
	require.Contains(t, page.Top, "As of 2026-02-07 03:02:30 UTC. The oldest delivery waits for 73h")
	require.Empty(t, page.Alerts, "nothing is paused")
	states := map[string]string{}
	for _, row := range page.Tables["Deliveries"] {
		states[row[0]] = row[1]
	}
	require.Equal(t, "1", states["open days"])
	require.Equal(t, "0", states["days due"])
	require.Equal(t, "2", states["verified"])
	require.Equal(t, "1", states["parked"])

	parked := page.Tables["Parked: these wait for a person"]
	require.Len(t, parked, 1)
	require.Equal(t, []string{"usage:initech:2026-02-03", "-3", "FAILED"}, parked[0][:3])
	require.Contains(t, parked[0][3], refusal, "what the service says is text")
	require.Zero(t, page.Images, "and nothing else")

	sums := map[string][]string{}
	for _, row := range page.Tables["Recent days"] {
		sums[row[0]+" "+row[1]] = row[2:]
	}
	require.Equal(t, map[string][]string{
		"2026-02-07 acme": {"events", "2.25", "1", "0", "0"},
	}, sums)

	var agent section
	require.NoError(t, json.Unmarshal([]byte(page.Texts["Reconciliation"]), &agent), "%s", page.Texts["Reconciliation"])
	require.Equal(t, 1, agent.Events.Pending)
	require.EqualValues(t, 90, agent.LagSeconds)
	require.Zero(t, agent.Untold)
	kinds := map[string]string{}
	for _, m := range agent.Mismatches {
		require.True(t, m.Told)
		require.Equal(t, "2026-02", m.Period)
		kinds[m.CustomerID+" "+m.Kind] = m.Expected + " / " + m.Found
	}
	require.Equal(t, map[string]string{"globex books": "-6.5 / -7", "initech failed": "recorded / failed", "initech books": "-3 / 0"}, kinds)
	require.Equal(t, len(kinds), agent.Open)

	heard.lock.Lock()
	defer heard.lock.Unlock()
	require.Empty(t, heard.errors)
	require.Equal(t, []string{admin.URL + "/"}, heard.requests, "the page needs nothing else")
}

// heard is what the browser tells meanwhile.
type heard struct {
	lock     sync.Mutex
	requests []string
	errors   []string
}

func (h *heard) hear(event any) {
	h.lock.Lock()
	defer h.lock.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		h.requests = append(h.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		h.errors = append(h.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		text, _ := json.Marshal(e.Args)
		h.errors = append(h.errors, string(text))
	}
}
