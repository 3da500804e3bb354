package proof

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzReader: no input makes the reader panic or run on, and what it takes can be written
// again and means the same.
func FuzzReader(f *testing.F) {
	f.Add(february(f, 2).write(f))
	f.Add([]byte(`{"format":"pacspace-evidence/v1"}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		reader, err := NewReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		b := &bill{header: reader.Header()}
		for line, err := range reader.Lines() {
			if err != nil {
				require.NotContains(t, err.Error(), "\n")
				return
			}
			b.lines = append(b.lines, line)
		}
		if b.header.Count != len(b.lines) {
			return // the writer is stricter: it ends nothing that is short of its announcement
		}
		var out bytes.Buffer
		w, err := NewWriter(&out, b.header)
		require.NoError(t, err)
		for _, l := range b.lines {
			if err := w.Write(l); err != nil {
				return // its order is for the verifier to judge
			}
		}
		if w.Close() != nil {
			return
		}
		again, err := readAll(&out)
		require.NoError(t, err)
		require.Len(t, again, len(b.lines))
		for i := range again {
			require.Equal(t, b.lines[i].form, again[i].form)
			require.Equal(t, b.lines[i].ContentHash, again[i].ContentHash)
		}
	})
}

// FuzzVerify: no input makes the verifier panic or run on, and none gets a verdict for
// which the anchors do not stand.
func FuzzVerify(f *testing.F) {
	b := february(f, 2)
	f.Add(b.write(f))
	want := meaning(f, b.write(f))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, anchors := range [][]Anchor{nil, {b.record()}, {InvoiceRoot{b.header.Checkpoint.Root}, b.own()}} {
			report, err := Verify(bytes.NewReader(file), buyer(), anchors...)
			require.Equal(t, outcome(report, err), inOneChunk(file, buyer(), anchors))
			requireSameInChunks(t, file, buyer(), anchors...)
			if err != nil {
				require.NotContains(t, err.Error(), "\n")
				continue
			}
			requireSound(t, report)
			require.NotEmpty(t, report.Text())
			if report.Verdict == Verified {
				require.Equal(t, want, meaning(t, file))
			}
		}
	})
}

// FuzzItem: what is taken as an item has one canonical form.
func FuzzItem(f *testing.F) {
	f.Add([]byte(`{"customerId":"c","delta":-1,"reason":"","metadata":{"a":[1,"é"]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var item, again Item
		if item.UnmarshalJSON(text) != nil {
			return
		}
		form, err := item.Canonical()
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalJSON(form))
		same, err := again.Canonical()
		require.NoError(t, err)
		require.Equal(t, string(form), string(same))
		require.True(t, json.Valid(form))
	})
}

// FuzzReadAnchor: what is taken as an anchor can be kept and is the same then.
func FuzzReadAnchor(f *testing.F) {
	for _, a := range []Anchor{february(f, 2).record(), InvoiceRoot{Hash{1}}, february(f, 2).own(), verifiedMonth(f, "2026-01", 2), &ProbeResult{}} {
		var file bytes.Buffer
		require.NoError(f, WriteAnchor(&file, a))
		f.Add(file.Bytes())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := ReadAnchor(bytes.NewReader(text))
		if err != nil {
			return
		}
		var file bytes.Buffer
		require.NoError(t, WriteAnchor(&file, a))
		back, err := ReadAnchor(&file)
		require.NoError(t, err)
		require.IsType(t, a, back)
	})
}
