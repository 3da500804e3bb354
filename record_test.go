package pacspace_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/record"
	"github.com/pacspace/pacspace-go/sandbox"
)

// paused is an entry that the intake takes.
func paused(reference string) pacspace.EntryParams {
	return pacspace.EntryParams{
		Title:      "Press paused",
		OccurredAt: time.Date(2026, time.February, 10, 11, 59, 0, 0, time.FixedZone("", 3600)),
		ActorID:    "agent-7",
		Note:       "guard open",
		Payloads: []record.PayloadRef{{
			Alg: record.FingerprintPlain, Digest: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", ByteLength: "5",
		}},
		ReferenceID: reference,
	}
}

// write emits an entry of press-4 that must be taken.
func (v *vendor) write(p pacspace.EntryParams) *pacspace.QueuedEntry {
	v.t.Helper()
	q, err := v.Records.Emit(v.t.Context(), "press-4", p)
	require.NoError(v.t, err)
	return q
}

// answering is a client of a service whose answers are given.
func answering(t *testing.T, answer httpmock.Responder, opts ...pacspace.Option) (*pacspace.Client, *httpmock.MockTransport) {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(answer)
	client, err := pacspace.New("pk_test_a.secretsecret", append([]pacspace.Option{pacspace.WithHTTPClient(&http.Client{Transport: mock})}, opts...)...)
	require.NoError(t, err)
	return client, mock
}

func TestAnEntryIsWrittenAndReadBack(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	q := v.write(paused("pause-1"))
	require.True(t, q.Status.Is(pacspace.EntryQueued), q.Status)
	require.Equal(t, record.DefaultType, q.RecordType)
	require.Equal(t, "press-4", q.EntityID)
	require.JSONEq(t, `{
		"content": {"actorId":"agent-7","note":"guard open","occurredAt":"2026-02-10T10:59:00Z","title":"Press paused",
			"payloads":[{"alg":"sha-256","byteLength":"5","digest":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}]},
		"lifecycle": "recorded", "referenceId": "pause-1"}`, string(v.box.Requests()[0].Body))
	require.Empty(t, v.box.Requests()[0].IdempotencyKey, "the referenceId in the body is the key")

	page, err := v.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{})
	require.NoError(t, err)
	require.Equal(t, pacspace.EntryQueued, page.Pending[0].Status)
	require.Equal(t, 1, page.Pending[0].Entry)
	v.settle()
	page, err = v.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{})
	require.NoError(t, err)
	require.Equal(t, "record-history-bundle/v2", page.Schema)
	require.Equal(t, q.RecordKey, page.RecordKey)
	require.Empty(t, page.Pending)
	require.Equal(t, pacspace.EntryCommitted, page.Entries[0].Status)
	require.Equal(t, q.ReceiptID, page.Entries[0].ReceiptID)
	require.Zero(t, page.NextEntry)

	receipt, err := v.Records.Receipt(t.Context(), "press-4", 1)
	require.NoError(t, err)
	require.Equal(t, page.Receipts[0], *receipt)
	require.Equal(t, "semantic-receipt/v3", receipt.Schema)
	require.Contains(t, string(receipt.RawJSON()), `"revealed"`)

	held, err := record.Fingerprint(strings.NewReader("hello"), record.FingerprintParams{Alg: record.FingerprintPlain})
	require.NoError(t, err)
	check, err := record.CheckHistory(page.RawJSON(), record.Expectation{Entry: 1, Payloads: []record.PayloadRef{held.Ref}})
	require.NoError(t, err)
	require.True(t, check.OK, check.Reason)
}

// Entries count from 1 for the caller and from 0 on the wire.
func TestEntryNumbersAreConvertedAtTheBoundary(t *testing.T) {
	t.Parallel()
	const key = "0xabababababababababababababababababababababababababababababababab"
	v := newVendor(t)
	v.write(paused(""))
	p := paused("")
	p.Lifecycle = "amended"
	p.Amends = &pacspace.EntryRef{RecordKey: key, Entry: 1}
	p.References = []pacspace.EntryRef{{RecordKey: key, Entry: 3}, {RecordKey: key, Entry: 4}}
	v.write(p)
	var sent struct {
		Content struct {
			Amends     map[string]any
			References []map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(v.box.Requests()[1].Body, &sent))
	require.Equal(t, map[string]any{"recordKey": key, "seq": 0.0}, sent.Content.Amends)
	require.Equal(t, []map[string]any{{"recordKey": key, "seq": 2.0}, {"recordKey": key, "seq": 3.0}}, sent.Content.References)

	_, err := v.Records.Receipt(t.Context(), "press-4", 2)
	require.NoError(t, err)
	require.Equal(t, "/api/v1/records/machine-action-record/press-4/receipts/1", v.box.Requests()[2].Path)
}

func TestAnEntryIsRetriedByItsReferenceIDOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, reference string
		opts            []pacspace.CallOption
		sent            int
	}{
		{"with a referenceId it is sent again", "pause-1", nil, 2},
		{"without one it is sent once", "", nil, 1},
		{"an Idempotency-Key does not stand for one", "", []pacspace.CallOption{pacspace.WithIdempotencyKey("k")}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			v.box.Inject(sandbox.Fault{Status: 503, AfterWrite: true})
			q, err := v.Records.Emit(t.Context(), "press-4", paused(c.reference), c.opts...)
			require.Len(t, v.box.Requests(), c.sent)
			page, readErr := v.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{})
			require.NoError(t, readErr)
			require.Len(t, page.Entries, 1, "the service had written it the first time")
			if c.sent == 1 {
				require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
				return
			}
			require.NoError(t, err)
			require.Equal(t, page.Entries[0].ReceiptID, q.ReceiptID)
		})
	}
}

func TestAReferenceIDWithAnotherEntryIsAConflict(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	first := v.write(paused("pause-1"))
	require.Equal(t, first, v.write(paused("pause-1")))
	p := paused("pause-1")
	p.Title = "Press resumed"
	_, err := v.Records.Emit(t.Context(), "press-4", p)
	require.ErrorIs(t, err, pacspace.ErrConflict)
	require.NotErrorIs(t, err, pacspace.ErrOutcomeUnknown)
}

// What the intake would refuse is refused before it is sent, in the official order: entry
// numbers, references before amends; blinding material; the content; the lifecycle.
func TestAWrongEntryIsRefusedInTheOfficialOrder(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := pacspace.EntryParams{
		Title: strings.Repeat("x", 121), OccurredAt: time.Now(), ActorID: "a", Lifecycle: "done",
		References: []pacspace.EntryRef{{Entry: 1}, {Entry: -1}},
		Amends:     &pacspace.EntryRef{},
		Payloads:   []record.PayloadRef{{Alg: record.FingerprintBlinded, Digest: "x"}},
	}
	other := record.PayloadRef{Alg: "md5", Digest: strings.Repeat("0", 64), ByteLength: "1"}
	steps := []struct {
		code, message string
		mend          func()
	}{
		{"VALIDATION_ERROR", "references[1].entry is -1. Entries count from 1: the first entry is entry 1. (The HTTP API's seq counts the same positions from 0.)", func() { p.References = nil }},
		{"VALIDATION_ERROR", "amends.entry is 0. Entries count from 1: the first entry is entry 1. (The HTTP API's seq counts the same positions from 0.)", func() { p.Amends = nil }},
		{"RECORD_CONTENT_INVALID", "payload digest must be 64 lowercase hex characters", func() { p.Payloads = nil }},
		{"RECORD_TITLE_TOO_LONG", "content.title is longer than 120 characters", func() { p.Title = "t" }},
		{"RECORD_PAYLOADS_REQUIRED", "content.payloads must carry at least 1 payload-ref/v1", func() { p.Payloads = []record.PayloadRef{other} }},
		{"RECORD_PAYLOAD_ALG_UNSUPPORTED", "payload alg is not supported; use one of sha-256, hmac-sha-256", func() { p.Payloads[0].Alg = "sha-256" }},
		{"RECORD_STATE_UNKNOWN", "lifecycle=done is not in the layout", func() { p.Lifecycle = "" }},
	}
	for _, step := range steps {
		_, err := v.Records.Emit(t.Context(), "press-4", p)
		refused, ok := errors.AsType[*record.Error](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, step.code, refused.Code)
		require.Equal(t, step.message, refused.Message)
		require.Equal(t, 400, refused.Status)
		require.ErrorIs(t, err, pacspace.ErrInvalid)
		step.mend()
	}
	require.Empty(t, v.box.Requests(), "nothing was sent")
	v.write(p)
}

func TestEntriesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	for _, c := range []struct {
		name, record string
		change       func(*pacspace.EntryParams)
		field        string
	}{
		{"no record", "", func(*pacspace.EntryParams) {}, "record"},
		{"a record that is another path", "..", func(*pacspace.EntryParams) {}, "record"},
		{"no time", "press-4", func(p *pacspace.EntryParams) { p.OccurredAt = time.Time{} }, "occurredAt"},
		{"a title that is no UTF-8", "press-4", func(p *pacspace.EntryParams) { p.Title = "\xff" }, "content"},
		{"a reference that is no UTF-8", "press-4", func(p *pacspace.EntryParams) { p.ReferenceID = "\xff" }, "entry"},
		{"a content beside the other fields", "press-4", func(p *pacspace.EntryParams) { p.Content = map[string]any{} }, "content"},
		{"a content with a number that binary64 changes", "press-4", func(p *pacspace.EntryParams) {
			*p = pacspace.EntryParams{Content: json.RawMessage(`{"x":0.12345678901234567891}`)}
		}, "content"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := paused("")
			c.change(&p)
			_, err := v.Records.Emit(t.Context(), c.record, p)
			wrong, ok := errors.AsType[*pacspace.ParamError](err)
			require.True(t, ok, "%v", err)
			require.Contains(t, wrong.Field, c.field)
		})
	}
	require.Empty(t, v.box.Requests())
}

// Blinding material is refused wherever it stands, and no error holds any of it.
func TestBlindingMaterialIsNeverSent(t *testing.T) {
	t.Parallel()
	fingerprint, err := record.Fingerprint(strings.NewReader("the report"), record.FingerprintParams{})
	require.NoError(t, err)
	file := fingerprint.Blinding.FileText()
	var parts struct{ Value string }
	require.NoError(t, json.Unmarshal(file, &parts))
	require.Len(t, parts.Value, 64)
	deep := func(v any) any {
		return map[string]any{"payloads": []any{map[string]any{"x": []any{v}}}}
	}
	v := newVendor(t)
	for name, content := range map[string]any{
		"a blinding":                        deep(fingerprint.Blinding),
		"a blinding by value":               deep(*fingerprint.Blinding),
		"a fingerprint in place of its ref": deep(fingerprint),
		"a fingerprint by value":            deep(*fingerprint),
		"a blinding's file":                 deep(json.RawMessage(file)),
		"a ref with its blinding":           deep(map[string]any{"ref": fingerprint.Ref, "blinding": parts.Value}),
		"a ref with the value in it":        deep(map[string]any{"alg": "hmac-sha-256", "digest": fingerprint.Ref.Digest, "byteLength": fingerprint.Ref.ByteLength, "value": parts.Value}),
	} {
		for how, opts := range map[string][]pacspace.CallOption{"": nil, ", without admission": {pacspace.WithoutAdmission()}} {
			t.Run(name+how, func(t *testing.T) {
				_, err := v.Records.Emit(t.Context(), "press-4", pacspace.EntryParams{Content: content}, opts...)
				refused, ok := errors.AsType[*record.Error](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, "RECORD_BLINDING_INCLUDED", refused.Code)
				require.Contains(t, refused.Message, "Nothing was sent.")
				for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%x"} {
					require.NotContains(t, fmt.Sprintf(verb, err), parts.Value)
					require.NotContains(t, fmt.Sprintf(verb, err), fmt.Sprintf("%x", parts.Value))
				}
			})
		}
	}
	require.Empty(t, v.box.Requests())
	_, err = v.Records.Emit(t.Context(), "press-4", pacspace.EntryParams{Title: "t", OccurredAt: time.Now(), ActorID: "a", Payloads: []record.PayloadRef{fingerprint.Ref}})
	require.NoError(t, err)
	require.NotContains(t, string(v.box.Requests()[0].Body), parts.Value)
}

func TestRecordsOfAnotherType(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	cells := v.Records.OfType("geoint-aoi-cell")
	_, err := cells.Emit(t.Context(), "cell/7", pacspace.EntryParams{Lifecycle: "registered", Content: map[string]any{
		"cellRef": "c", "windowStart": "2026-02-10T11:00:00Z", "windowEnd": "2026-02-10T12:00:00Z", "actorId": "a",
	}})
	require.NoError(t, err)
	require.Equal(t, "/api/v1/records/geoint-aoi-cell/cell%2F7/transitions", v.box.Requests()[0].Path)
	_, err = cells.Emit(t.Context(), "cell/7", pacspace.EntryParams{Content: []int{1}})
	require.ErrorContains(t, err, "content must be an object")
	_, err = cells.HistoryPage(t.Context(), "cell/7", pacspace.EntryRange{})
	require.NoError(t, err)
	_, err = v.Records.HistoryPage(t.Context(), "cell/7", pacspace.EntryRange{})
	require.ErrorIs(t, err, pacspace.ErrNotFound)
	require.Equal(t, v.Records, cells.OfType(""))

	// A type, or a layout, that this SDK does not know is the service's to judge.
	_, err = v.Records.OfType("diary").Emit(t.Context(), "d", pacspace.EntryParams{Content: map[string]any{}})
	require.ErrorIs(t, err, pacspace.ErrNotFound)
	_, err = v.Records.Emit(t.Context(), "press-4", pacspace.EntryParams{Lifecycle: "newer", Content: map[string]any{}}, pacspace.WithoutAdmission())
	refused, ok := errors.AsType[*pacspace.APIError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "RECORD_CONTENT_INVALID", refused.Code)
}

func TestAnAnswerAboutAnotherRecordLeavesTheOutcomeOpen(t *testing.T) {
	t.Parallel()
	client, _ := answering(t, httpmock.NewStringResponder(200, `{"success":true,"data":{"entityId":"press-5"}}`))
	_, err := client.Records.Emit(t.Context(), "press-4", paused(""))
	require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
	client, _ = answering(t, httpmock.NewStringResponder(200, `{"success":true,"data":{"receipt":{"seq":4}}}`))
	_, err = client.Records.Receipt(t.Context(), "press-4", 1)
	require.ErrorContains(t, err, "it is entry 5, not 1")
}

func TestEncryptedRecordsAreReachableRaw(t *testing.T) {
	t.Parallel()
	const answer = `{"schema":"record-history-bundle/v3","recordType":"t","entityId":"w","receipts":[{"schema":"semantic-receipt/v5","seq":0,"envelopes":[{"kid":"k"}]}],"refused":[{"code":"X"}],"bundleDigest":"0x1"}`
	client, mock := answering(t, httpmock.NewStringResponder(200, answer))
	page, err := client.Records.HistoryPage(t.Context(), "w", pacspace.EntryRange{}, pacspace.WithHeader("X-PacSpace-Records-Encryption", "1"))
	require.NoError(t, err)
	require.JSONEq(t, answer, string(page.RawJSON()))
	require.Equal(t, 1, page.Receipts[0].Entry)
	require.Contains(t, string(page.Receipts[0].RawJSON()), `"envelopes":[{"kid":"k"}]`)

	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		require.Equal(t, "PUT", r.Method)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.JSONEq(t, `{"wrap":"w"}`, string(body))
		return httpmock.NewStringResponse(200, `{"success":true,"data":{"stored":true}}`), nil
	})
	var out struct{ Stored bool }
	require.NoError(t, client.Do(t.Context(), "PUT", "/api/v1/records/t/w/grants/g/key-wrap", map[string]string{"wrap": "w"}, &out))
	require.True(t, out.Stored)
}
