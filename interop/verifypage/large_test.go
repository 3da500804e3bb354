package verifypage

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// soon is how often something is looked at that will come.
const soon = 20 * time.Millisecond

// deltas is how many the large evidence has: PACSPACE_PAGE_DELTAS, or so many that it takes
// the page a moment.
func deltas(t *testing.T) int {
	t.Helper()
	text := os.Getenv("PACSPACE_PAGE_DELTAS")
	if text == "" {
		return 30_000
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// large writes evidence of n deltas of customers' parts of days, and says what is expected.
func large(t *testing.T, n int) (path string, f form) {
	t.Helper()
	const february = usage.Period("2026-02")
	line := func(i int) proof.Line {
		day := february.First().AddDays(i * 28 / n)
		reference := usage.Reference{CustomerID: "customer_acme", Day: day, Part: i + 2}.String()
		item := proof.Item{
			CustomerID: "customer_acme", Delta: decimal.New(-int64(i%90) - 10), Reason: usage.DailyReason(day), ReferenceID: reference,
			Metadata: json.RawMessage(`{"resource":"compute-minutes"}`),
		}
		hash, err := proof.VariantHex0x.ItemHash(item)
		require.NoError(t, err)
		return proof.Line{
			Item: item, RecordID: fmt.Sprintf("rec_%d", i), ContentHash: hash, VerifiedAt: day.End(),
			Sources: proof.Sources{Item: proof.SourceSubmitted, Record: proof.SourceDerived, Proof: proof.SourceWebhook},
		}
	}
	leaves, sum := make([]proof.Hash, n), decimal.New(0)
	for i := range n {
		l := line(i)
		leaves[i] = l.ContentHash
		sum = sum.Add(l.Item.Delta)
	}
	root := proof.VariantHex0x.Root(leaves)
	path = filepath.Join(t.TempDir(), "large.jsonl")
	file, err := os.Create(path)
	require.NoError(t, err)
	out := bufio.NewWriter(file)
	w, err := proof.NewWriter(out, proof.Header{
		Account: usage.Account{CustomerID: "customer_acme", Resource: "compute-minutes"}, Period: february, Window: february.RecordingWindow(),
		ClaimedBalance: sum, Count: n, Checkpoint: proof.Checkpoint{ID: "chk_1", Root: root},
	})
	require.NoError(t, err)
	for i := range n {
		require.NoError(t, w.Write(line(i)))
	}
	require.NoError(t, w.Close())
	require.NoError(t, out.Flush())
	require.NoError(t, file.Close())
	return path, form{Text: map[string]string{"customerId": "customer_acme", "resource": "compute-minutes", "period": "2026-02", "root": root.String()}}
}

// The page verifies large evidence while it stays alive: it beats, and it tells how far it
// is. With PACSPACE_PAGE_DELTAS=1000000 the log has its time next to package proof's.
func TestLargeEvidence(t *testing.T) {
	n := deltas(t)
	path, f := large(t, n)
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	started := time.Now()
	want, err := proof.Verify(file, proof.Expect{CustomerID: "customer_acme", Resource: "compute-minutes", Period: "2026-02"}, rootOf(t, f))
	require.NoError(t, err)
	native := time.Since(started)

	b := open(t)
	evaluate[shown](b, "check({ text: "+asJSON(t, f.Text)+" })") // types, and has no file to verify yet
	b.do(chromedp.SetUploadFiles(chromedp.ID("file"), []string{path}))
	evaluate[bool](b, `(() => {
	  window.beats = []; window.told = new Set();
	  window.timer = setInterval(() => { if (!document.getElementById("cancel").hidden) { beats.push(performance.now()); told.add(document.getElementById("progress").value); } }, 20);
	  window.clicked = performance.now();
	  new MutationObserver((_, o) => { if (document.getElementById("verdict")) { window.answered = performance.now(); o.disconnect(); } }).observe(document.getElementById("result"), { childList: true });
	  document.getElementById("verify").click();
	  return true;
	})()`)
	got := evaluate[shown](b, "finished()")
	require.Equal(t, want.Text(), got.Text)
	require.Contains(t, got.Balance, fmt.Sprintf("over %d deltas", n))

	seen := evaluate[struct {
		Beats, Told           int
		Gap, Verdict, Picture float64
	}](b, `({ beats: beats.length, told: told.size, gap: Math.max(...beats.map((at, i) => at - (beats[i - 1] ?? clicked))),
	  verdict: answered - clicked, picture: beats.at(-1) - clicked })`)
	require.Greater(t, seen.Beats, 3, "the page stood still")
	require.Greater(t, seen.Told, 2, "no progress was shown")
	t.Logf("%d deltas: the page has the verdict after %.1f s and the pictures after %.1f s, package proof after %.1f s; the page stood still for %.0f ms at most",
		n, seen.Verdict/1000, seen.Picture/1000, native.Seconds(), seen.Gap)

	// The last delta's path, which is the furthest to read.
	evaluate[bool](b, "document.getElementById('choice').value = '"+strconv.Itoa(n)+"', document.querySelector('#pictures form button').click(), true")
	require.Eventually(t, func() bool {
		return evaluate[bool](b, "document.getElementById('path').textContent.includes('leaf "+strconv.Itoa(n)+" of "+strconv.Itoa(n)+"')")
	}, patience, soon)

	// Again, and cancelled by the keyboard as soon as it runs.
	b.do(chromedp.Focus(chromedp.ID("verify")))
	b.press(kb.Enter, kb.Tab)
	require.Equal(t, "cancel", b.focused())
	b.press(kb.Enter)
	got = evaluate[shown](b, "finished()")
	require.Equal(t, "Cancelled. There is no verdict.", got.Status)
	require.Empty(t, got.Verdict)
	require.Equal(t, "verify", b.focused())

	// What was cancelled can be done.
	require.Equal(t, "verified", b.check(acme(t)).Verdict)
	require.Empty(t, b.errors)
}

func rootOf(t *testing.T, f form) proof.Anchor {
	t.Helper()
	root, err := proof.ParseHash(f.Text["root"])
	require.NoError(t, err)
	return proof.InvoiceRoot{Root: root}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}
