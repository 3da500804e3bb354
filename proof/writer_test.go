package proof

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

func TestHeadersThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*Header)
		says   string
	}{
		{"no customer", func(h *Header) { h.Account.CustomerID = "" }, "account.customerId"},
		{"a resource that is not UTF-8", func(h *Header) { h.Account.Resource = "\xff" }, "resource"},
		{"an environment that does not exist", func(h *Header) { h.Environment = "staging" }, "environment"},
		{"neither period nor days", func(h *Header) { h.Period, h.Days = "", Days{} }, "usageDays"},
		{"a period that does not exist", func(h *Header) { h.Period, h.Days = "2026-13", Days{} }, "usageDays"},
		{"days that are not the period's", func(h *Header) { h.Days.First = h.Days.First.AddDays(1) }, "usageDays"},
		{"no window", func(h *Header) { h.Window = usage.Window{} }, "window"},
		{"a window past the year 9999", func(h *Header) { h.Window.End = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "window.end"},
		{"a negative count", func(h *Header) { h.Count = -1 }, "count"},
		{"a count past the limit", func(h *Header) { h.Count = MaxDeltas + 1 }, "count"},
		{"a variant that does not exist", func(h *Header) { h.Variant = "base64" }, "variant"},
		{"a carried delta without a name", func(h *Header) { h.Carried = []CarriedLine{{}} }, "carried"},
		{"a delta carried from this window", func(h *Header) {
			h.Carried = []CarriedLine{{ReferenceID: "r", Window: h.Window}}
		}, "carried"},
		{"more carried deltas than deltas", func(h *Header) {
			h.Count, h.Carried = 0, []CarriedLine{{ReferenceID: "r", Window: usage.Period("2026-01").RecordingWindow()}}
		}, "carried"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := february(t, 2).header
			tc.change(&h)
			var file bytes.Buffer
			_, err := NewWriter(&file, h)
			require.ErrorIs(t, err, ErrWriter)
			require.ErrorContains(t, err, tc.says)
			require.Zero(t, file.Len(), "nothing was written")
		})
	}
}

func TestHeadersAreFilledIn(t *testing.T) {
	t.Parallel()
	h := february(t, 0).header
	h.Environment, h.Days, h.Variant, h.Checkpoint = "", Days{}, "", Checkpoint{}
	h.Window.Start = h.Window.Start.In(time.FixedZone("CET", 3600))
	var file bytes.Buffer
	w, err := NewWriter(&file, h)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	reader, err := NewReader(&file)
	require.NoError(t, err)
	got := reader.Header()
	require.Equal(t, EnvironmentLive, got.Environment)
	require.Equal(t, DaysOf(month), got.Days)
	require.Equal(t, VariantHex0x, got.Variant)
	require.Equal(t, month.RecordingWindow(), got.Window)
}

func TestLinesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*Line)
		says   string
	}{
		{"an amount that binary64 rounds", func(l *Line) { l.Item.Delta = number(t, "0.12345678901234567891") }, "delta"},
		{"metadata with a name twice", func(l *Line) { l.Item.Metadata = json.RawMessage(`{"a":1,"a":2}`) }, "metadata"},
		{"a reference that is not UTF-8", func(l *Line) { l.Item.ReferenceID = "\xff" }, "referenceId"},
		{"another customer id than the service takes is written and found later", nil, ""},
		{"a sequence out of turn", func(l *Line) { l.Sequence = 2 }, "its sequence is 2"},
		{"nothing that names the delta", func(l *Line) { l.Item.ReferenceID, l.RecordID = "", "" }, "referenceId"},
		{"an item that is not known whole, without its hash", func(l *Line) {
			l.Item.Metadata, l.Sources.Metadata, l.ContentHash = nil, SourceUnknown, Hash{}
		}, "contentHash"},
		{"metadata that is there and called unknown", func(l *Line) { l.Sources.Metadata = SourceUnknown }, "item.metadata"},
		{"a reason that is there and called unknown", func(l *Line) { l.Sources.Reason = SourceUnknown }, "item.reason"},
		{"a field without a source", func(l *Line) { l.Sources.Proof = "" }, "sources.contentHash"},
		{"a source that does not exist", func(l *Line) { l.Sources.Item = "guessed" }, "sources.item"},
		{"a negative index", func(l *Line) { l.Index = new(int64(-1)) }, "index"},
		{"a carried delta that the header does not list", func(l *Line) { l.Carried = carriedFrom("2026-01") }, "carried list"},
		{"a line past the limit", func(l *Line) {
			l.Item.Metadata = json.RawMessage(`{"x":"` + string(bytes.Repeat([]byte("x"), MaxLineBytes)) + `"}`)
		}, "bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := february(t, 1)
			var file bytes.Buffer
			w, err := NewWriter(&file, b.header)
			require.NoError(t, err)
			header := file.Len()
			if tc.change == nil {
				b.lines[0].Item.CustomerID = "somebody else"
				require.NoError(t, w.Write(b.lines[0]))
				return
			}
			line := b.lines[0]
			tc.change(&line)
			err = w.Write(line)
			require.ErrorIs(t, err, ErrWriter)
			require.ErrorContains(t, err, tc.says)
			require.Equal(t, header, file.Len(), "nothing was written")

			require.NoError(t, w.Write(b.lines[0]), "a refused line changes nothing")
			require.NoError(t, w.Close())
			require.Equal(t, string(b.write(t)), file.String())
		})
	}
}

func TestEvidenceThatCannotBeClosed(t *testing.T) {
	t.Parallel()
	b := february(t, 2)
	b.lines[1].Carried = carriedFrom("2026-01")
	b.seal(t)
	w, err := NewWriter(io.Discard, b.header)
	require.NoError(t, err)
	require.NoError(t, w.Write(b.lines[0]))
	require.ErrorContains(t, w.Close(), "announces 2 deltas and 1 were written")
	uncarried := b.lines[1]
	uncarried.Carried = nil
	require.NoError(t, w.Write(uncarried))
	require.ErrorContains(t, w.Close(), "lists 1 carried deltas and 0 were written")
	require.ErrorContains(t, w.Write(b.lines[1]), "announces 2 deltas")
}

func TestAClosedWriterStaysClosed(t *testing.T) {
	t.Parallel()
	b := february(t, 1)
	w, err := NewWriter(io.Discard, b.header)
	require.NoError(t, err)
	require.NoError(t, w.Write(b.lines[0]))
	require.NoError(t, w.Close())
	require.ErrorIs(t, w.Close(), ErrWriter)
	require.ErrorIs(t, w.Write(b.lines[0]), ErrWriter)
}

// A full disk fails after some bytes.
type full struct{ left int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		return f.left, errFull
	}
	f.left -= len(p)
	return len(p), nil
}

func TestAFailingDisk(t *testing.T) {
	t.Parallel()
	b := february(t, 2)
	_, err := NewWriter(&full{}, b.header)
	require.ErrorIs(t, err, errFull)
	w, err := NewWriter(&full{left: 700}, b.header)
	require.NoError(t, err)
	require.ErrorIs(t, w.Write(b.lines[0]), errFull)
	require.ErrorIs(t, w.Write(b.lines[0]), errFull, "the error stays")
	require.ErrorIs(t, w.Close(), errFull)
}

func TestSumsPastTheDigitsAreRefusedAtTheEnd(t *testing.T) {
	t.Parallel()
	b := february(t, 2)
	b.lines[0].Item.Delta, b.lines[1].Item.Delta = number(t, "1e300"), number(t, "1e-300")
	for i := range b.lines {
		b.lines[i].ContentHash, b.lines[i].ItemHashes = Hash{1}, nil
	}
	b.header.ClaimedBalance = decimal.New(1)
	w, err := NewWriter(io.Discard, b.header)
	require.NoError(t, err)
	require.NoError(t, w.Write(b.lines[0]))
	require.NoError(t, w.Write(b.lines[1]))
	require.ErrorContains(t, w.Close(), "sum: more than 128 digits")
}
