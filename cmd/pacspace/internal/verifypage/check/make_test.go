package check_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage/check"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/usage"
)

// source is a file in memory.
type source struct {
	name    string
	content []byte
}

func (s source) Name() string    { return s.name }
func (s source) Open() io.Reader { return bytes.NewReader(s.content) }

// made is evidence of n deltas of -5, one a day from February on, and its root.
type made struct {
	source
	root proof.Hash
}

// evidence makes evidence; change may change a line after its content hash was made.
func evidence(t *testing.T, n int, change func(number int, l *proof.Line)) made {
	t.Helper()
	const february = usage.Period("2026-02")
	sum := decimal.New(0)
	var leaves []proof.Hash
	var lines []proof.Line
	var carried []proof.CarriedLine
	window := usage.Window{Start: february.RecordingWindow().Start, End: february.RecordingWindow().Start.AddDate(5, 0, 0)}
	for i := range n {
		day := february.First().AddDays(i)
		l := proof.Line{
			Item: proof.Item{
				CustomerID: "customer_acme", Delta: decimal.New(-5), Reason: usage.DailyReason(day),
				ReferenceID: usage.DailyReference("customer_acme", day), Metadata: json.RawMessage(`{"resource":"compute-minutes"}`),
			},
			VerifiedAt: window.Start.Add(time.Duration(i) * 24 * time.Hour),
			Sources:    proof.Sources{Item: proof.SourceSubmitted, Record: proof.SourceDerived, Proof: proof.SourceWebhook},
		}
		hash, err := proof.VariantHex0x.ItemHash(l.Item)
		require.NoError(t, err)
		l.ContentHash = hash
		if change != nil {
			change(i+1, &l)
		}
		if l.Carried == nil {
			leaves = append(leaves, hash)
		} else {
			carried = append(carried, proof.CarriedLine{ReferenceID: l.Item.ReferenceID, Window: *l.Carried})
		}
		sum = sum.Add(l.Item.Delta)
		lines = append(lines, l)
	}
	root := proof.VariantHex0x.Root(leaves)
	var out bytes.Buffer
	w, err := proof.NewWriter(&out, proof.Header{
		Account: usage.Account{CustomerID: "customer_acme", Resource: "compute-minutes"},
		Days:    proof.Days{First: february.First(), Last: february.First().AddDays(max(n, 28) - 1)},
		Window:  window, Carried: carried, ClaimedBalance: sum, Count: n,
		Checkpoint: proof.Checkpoint{ID: "chk_1", Root: root},
	})
	require.NoError(t, err)
	for _, l := range lines {
		require.NoError(t, w.Write(l))
	}
	require.NoError(t, w.Close())
	return made{source{"february.jsonl", out.Bytes()}, root}
}

// record is an anchor file of the public record's answer.
func (m made) record(t *testing.T, count, sum int64) source {
	t.Helper()
	anchor, err := proof.NewPublicRecord(proof.PublicRecord{
		Root: m.root, Verified: true, RecordCount: new(count), NetChange: new(decimal.New(sum)), Source: "record.example",
	})
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, proof.WriteAnchor(&out, anchor))
	return source{"record.json", out.Bytes()}
}

// look verifies evidence and looks at it.
func look(t *testing.T, m made) *check.Survey {
	t.Helper()
	answer := check.Verify(&check.Input{File: m, Request: []byte(`{}`)})
	require.NotNil(t, answer.Report, answer.Line)
	survey, err := check.Look(m, answer.Report)
	require.NoError(t, err)
	return survey
}

// disclosure seals one entry and shows two of its fields.
func disclosure(t *testing.T) (history, disclosure source) {
	t.Helper()
	entry, err := sealed.V3.Commit([]byte(`{"amount":"-50","currency":"USD","customerId":"customer_acme"}`), sealed.Hash{31: 1})
	require.NoError(t, err)
	input, err := sealed.V3.SealInput(entry.RecordHash)
	require.NoError(t, err)
	recordKey, opening := sealed.Hash{31: 2}, sealed.Hash{31: 3}
	layout, chain, state := sealed.LayoutRef{ID: 7, Version: 2, Digest: sealed.Hash{31: 4}}, sealed.Chain{ID: 296}, sealed.State{1: 7, 2: 2, 3: 1}
	seal := sealed.Seal(layout, state, input, opening)
	h, err := (&sealed.History{RecordKey: recordKey, Chain: chain, Layout: layout, Version: sealed.V3, Entries: []sealed.HistoryEntry{{
		NewWord: sealed.NewWord(state, seal), RecordHash: &entry.RecordHash,
	}}}).Encode()
	require.NoError(t, err)
	shown, err := entry.Disclose(0, opening, "/amount", "/customerId")
	require.NoError(t, err)
	d, err := (&sealed.Disclosure{RecordKey: recordKey, Chain: chain, Layout: layout, Version: sealed.V3, Entries: []sealed.DisclosedEntry{shown}}).Encode()
	require.NoError(t, err)
	return source{"history.json", h}, source{"disclosure.json", d}
}
