package verifypage

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/stretchr/testify/require"
)

// acme is what the quickstart's first customer brings.
func acme(t *testing.T) form {
	t.Helper()
	files, err := quickstart()
	require.NoError(t, err)
	return form{
		File:    []upload{{"acme.jsonl", files[".jsonl"]}},
		Anchors: []upload{{"acme.anchor.json", files[".anchor.json"]}},
		Text:    map[string]string{"customerId": "customer_acme", "resource": "compute-minutes", "period": "2026-02", "environment": "test"},
	}
}

func TestTheQuickstartsEvidence(t *testing.T) {
	t.Parallel()
	b := open(t)
	honest := acme(t)

	got := b.check(honest)
	require.Equal(t, "verified", got.Verdict, got)
	require.Contains(t, got.Line, "verified (TEST): 28 deltas of compute-minutes, balance -13210,")
	require.Contains(t, got.Balance, "From 0 to -13210 over 28 deltas; claimed is -13210.")
	require.Equal(t, "Done.", got.Status)

	changed := honest
	changed.File = []upload{{"acme.jsonl", changedCopy(honest.File[0].content)}}
	got = b.check(changed)
	require.Equal(t, "does not match", got.Verdict, got)
	require.Contains(t, got.First, "usage:customer_acme:2026-02-01")
	require.Empty(t, b.errors)
}

// The end that the page keeps of one invoice is an anchor of the next one.
func TestTheEndIsKeptForTheNextInvoice(t *testing.T) {
	t.Parallel()
	b, honest := open(t), acme(t)
	require.Equal(t, "verified", b.check(honest).Verdict)
	saved := evaluate[string](b, `new Promise((resolve) => {
		URL.createObjectURL = (blob) => { blob.text().then(resolve); return "blob:null/x"; };
		[...document.querySelectorAll("button")].find((e) => e.textContent.startsWith("Keep as anchor")).click();
	})`)
	anchor, err := proof.ReadAnchor(strings.NewReader(saved))
	require.NoError(t, err)
	require.Equal(t, "-13210", anchor.(*proof.Earlier).Balance().String())

	honest.Anchors = append(honest.Anchors, upload{"kept.anchor.json", []byte(saved)})
	got := b.check(honest)
	require.Equal(t, "does not match", got.Verdict, "what was billed once is not billed again")
	require.Contains(t, got.First, "which earlier evidence of 2026-02-01 to 2026-02-28 has")
}

func TestADroppedFileIsChosen(t *testing.T) {
	t.Parallel()
	b := open(t)
	drop := func(on, name string) {
		evaluate[bool](b, `(() => {
			const dataTransfer = new DataTransfer();
			dataTransfer.items.add(new File(["x"], "`+name+`"));
			return document.querySelector("`+on+`").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
		})()`)
	}
	drop("h1", "anywhere.jsonl")
	drop("#anchors-hint", "record.json")
	drop("#own", "own.csv")
	require.Equal(t, []string{"anywhere.jsonl", "record.json", "own.csv"},
		evaluate[[]string](b, "['file', 'anchors', 'own'].map((id) => document.getElementById(id).files[0].name)"))
}

func TestABrowserWithoutWhatItTakesIsToldSo(t *testing.T) {
	t.Parallel()
	html, err := page()
	require.NoError(t, err)
	b := openPage(t, bytes.Replace(html, []byte("new DecompressionStream("), []byte("new NoSuchThing("), 1))
	require.Eventually(t, func() bool {
		return strings.Contains(evaluate[shown](b, "finished()").Status, "This browser cannot run the checker (NoSuchThing is not defined).")
	}, patience, soon)
	require.True(t, evaluate[bool](b, "document.getElementById('verify').disabled"))
}

func TestSealedRecords(t *testing.T) {
	t.Parallel()
	b := open(t)
	history, disclosure := sealedRecord(t)
	link := fmt.Appendf(nil, `{"schema":"record-link-copy/v1","sealHistory":%s,"disclosure":%s}`, history, disclosure)
	want := sealed.VerifyLinkCopy(link)
	require.Equal(t, sealed.Consistent, want.Verdict())

	got := b.check(form{File: []upload{{"link.json", link}}})
	require.Equal(t, "consistent", got.Verdict, got)
	require.Equal(t, want.Text(), got.Text)
	require.True(t, evaluate[bool](b, "document.getElementById('expected').hidden"), "nothing is expected of a record")
	require.Contains(t, evaluate[string](b, "document.querySelector('.entry').textContent"), `/amount"-50"`)

	got = b.check(form{File: []upload{{"disclosure.json", disclosure}}, History: []upload{{"history.json", history}}})
	require.Equal(t, "consistent", got.Verdict, got)
	require.Equal(t, sealed.VerifyDisclosure(history, disclosure).Text(), got.Text)

	got = b.check(form{File: []upload{{"disclosure.json", disclosure}}})
	require.Equal(t, "refused", got.Verdict, "half of it is no verdict")

	got = b.check(form{File: []upload{{"link.json", bytes.Replace(link, []byte("-50"), []byte("-51"), 1)}}})
	require.Equal(t, "does not match", got.Verdict, got)
	require.Equal(t, 0, evaluate[int](b, "document.querySelectorAll('.entry').length"))
	require.Empty(t, b.errors)
}

// sealedRecord seals one entry and shows two of its fields.
func sealedRecord(t *testing.T) (history, disclosure []byte) {
	t.Helper()
	entry, err := sealed.V3.Commit([]byte(`{"amount":"-50","currency":"USD","customerId":"customer_acme"}`), sealed.Hash{31: 1})
	require.NoError(t, err)
	input, err := sealed.V3.SealInput(entry.RecordHash)
	require.NoError(t, err)
	opening, state := sealed.Hash{31: 3}, sealed.State{1: 7, 2: 2, 3: 1}
	layout, chain, recordKey := sealed.LayoutRef{ID: 7, Version: 2, Digest: sealed.Hash{31: 4}}, sealed.Chain{ID: 296}, sealed.Hash{31: 2}
	word := sealed.NewWord(state, sealed.Seal(layout, state, input, opening))
	history, err = (&sealed.History{RecordKey: recordKey, Chain: chain, Layout: layout, Version: sealed.V3,
		Entries: []sealed.HistoryEntry{{NewWord: word, RecordHash: &entry.RecordHash}}}).Encode()
	require.NoError(t, err)
	shown, err := entry.Disclose(0, opening, "/amount", "/customerId")
	require.NoError(t, err)
	disclosure, err = (&sealed.Disclosure{RecordKey: recordKey, Chain: chain, Layout: layout, Version: sealed.V3,
		Entries: []sealed.DisclosedEntry{shown}}).Encode()
	require.NoError(t, err)
	return history, disclosure
}
