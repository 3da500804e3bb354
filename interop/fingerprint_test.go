package interop

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/record"
)

// stricterFingerprints and the others below are the wanted differences of fingerprint.json.
var stricterFingerprints = map[string]string{
	"options/alg--blind-none":  "an empty alg is the zero value: not given",
	"options/alg--blind-true":  "an empty alg is the zero value: not given",
	"options/alg--blind-false": "an empty alg is the zero value: not given",
}

// withoutSource are the cases of a parameter that does nothing but add a note to the
// result. There is none here.
var withoutSource = map[string]string{
	"check/with-source":       "no source parameter, so no note about it",
	"check/with-empty-source": "no source parameter, so no note about it",
}

func TestVectorsFingerprint(t *testing.T) {
	t.Parallel()
	for _, v := range load(t, "fingerprint.json") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			switch v.Kind {
			case "digest":
				fingerprintDigest(t, v)
			case "again":
				fingerprintAgain(t, v)
			case "options":
				fingerprintOptions(t, v)
			case "blinding-value":
				blindingValue(t, v)
			case "blinding-file":
				blindingFile(t, v)
			case "guard":
				guard(t, v)
			case "check":
				check(t, v)
			default:
				require.Fail(t, "unknown kind", v.Kind)
			}
		})
	}
}

// blindingParts are a blinding's as a vector has them. A null stays empty, which is as
// wrong; a number stays its text and is seen in the raw JSON.
type blindingParts struct {
	ValueHex           string
	Digest, ByteLength json.RawMessage
}

func (p blindingParts) make(t *testing.T) (*record.Blinding, error) {
	t.Helper()
	text := func(raw json.RawMessage) (s string) {
		if json.Unmarshal(raw, &s) != nil {
			return "not a string"
		}
		return s
	}
	return record.NewBlinding(unhex(t, p.ValueHex), text(p.Digest), text(p.ByteLength))
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	require.NoError(t, err)
	return b
}

// requireRecordError compares a refusal with the official one: code, status and sentence.
func requireRecordError(t *testing.T, want *refusal, err error) {
	t.Helper()
	var refused *record.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, *want, refusal{Class: want.Class, Code: refused.Code, Message: refused.Message, Status: refused.Status})
	require.ErrorIs(t, err, pacspace.ErrInvalid)
}

func fingerprintDigest(t *testing.T, v vector) {
	in := read[struct{ BytesHex, ValueHex string }](t, v.Input)
	want := read[struct {
		Plain, Blinded   record.PayloadRef
		BlindingFileText string
	}](t, v.Expected)
	source := unhex(t, in.BytesHex)

	plain, err := record.Fingerprint(bytes.NewReader(source), record.FingerprintParams{Alg: record.FingerprintPlain})
	require.NoError(t, err)
	require.Equal(t, want.Plain, plain.Ref)
	require.Nil(t, plain.Blinding)

	// A given value is taken only where its digest is the one that we compute.
	blinding, err := record.NewBlinding(unhex(t, in.ValueHex), want.Blinded.Digest, want.Blinded.ByteLength)
	require.NoError(t, err)
	blinded, err := record.Fingerprint(bytes.NewReader(source), record.FingerprintParams{Blinding: blinding})
	require.NoError(t, err)
	require.Equal(t, want.Blinded, blinded.Ref)
	require.Equal(t, want.BlindingFileText, string(blinded.Blinding.FileText()))
}

func fingerprintAgain(t *testing.T, v vector) {
	in := read[struct {
		BytesHex string
		Blinding blindingParts
	}](t, v.Input)
	want := read[struct {
		Ref     record.PayloadRef
		Refused *refusal
	}](t, v.Expected)
	blinding, err := in.Blinding.make(t)
	require.NoError(t, err)
	got, err := record.Fingerprint(bytes.NewReader(unhex(t, in.BytesHex)), record.FingerprintParams{Blinding: blinding})
	if want.Refused != nil {
		requireRecordError(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.Ref, got.Ref)
}

func fingerprintOptions(t *testing.T, v vector) {
	in := read[struct {
		Alg      *string
		Blind    *bool
		BytesHex string
		Blinding *blindingParts
	}](t, v.Input)
	want := read[struct {
		Alg     string
		Blinded bool
		Refused *refusal
	}](t, v.Expected)
	// The official SDK has a second word for the algorithm, blind. Here there is one word,
	// so that two cannot disagree.
	var params record.FingerprintParams
	switch {
	case in.Alg != nil && in.Blind != nil && *in.Alg == algOf(!*in.Blind):
		require.NotNil(t, want.Refused, "the two disagree, which cannot be said here")
		return
	case in.Alg != nil:
		params.Alg = *in.Alg
	case in.Blind != nil:
		params.Alg = algOf(*in.Blind)
	}
	if in.Blinding != nil {
		var err error
		params.Blinding, err = in.Blinding.make(t)
		require.NoError(t, err)
	}
	got, err := record.Fingerprint(bytes.NewReader(unhex(t, in.BytesHex)), params)
	if reason, ok := stricterFingerprints[v.ID]; ok {
		require.NoError(t, err, reason)
		return
	}
	if want.Refused != nil {
		requireRecordError(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.Alg, got.Ref.Alg)
	require.Equal(t, want.Blinded, got.Blinding != nil)
}

func blindingValue(t *testing.T, v vector) {
	in := read[blindingParts](t, v.Input)
	want := read[struct{ Refused *refusal }](t, v.Expected)
	_, err := in.make(t)
	if want.Refused != nil {
		requireRecordError(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
}

func blindingFile(t *testing.T, v vector) {
	in := read[struct{ BytesHex string }](t, v.Input)
	want := read[struct {
		Accepted *struct{ ValueHex, Digest, ByteLength string }
		Refused  *refusal
	}](t, v.Expected)
	text := unhex(t, in.BytesHex)
	got, err := record.ParseBlindingFile(text)
	if want.Refused != nil {
		requireRecordError(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, record.PayloadRef{Alg: record.FingerprintBlinded, Digest: want.Accepted.Digest, ByteLength: want.Accepted.ByteLength}, got.Ref())
	require.Equal(t, string(text), string(got.FileText()))
	require.Contains(t, string(got.FileText()), want.Accepted.ValueHex)
}

// guard checks what would be sent: the payloads as they were given, or a refusal.
func guard(t *testing.T, v vector) {
	in := read[struct{ PayloadsJson string }](t, v.Input)
	want := read[struct {
		SentPayloads json.RawMessage
		Refused      *refusal
		Requests     int
	}](t, v.Expected)
	err := record.Guard(json.RawMessage(`{"title":"t","occurredAt":"2026-02-01T00:00:00Z","actorId":"a","payloads":` + in.PayloadsJson + `}`))
	if want.Refused != nil {
		require.Zero(t, want.Requests)
		requireRecordError(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	require.Equal(t, 1, want.Requests)
	require.Equal(t, jcs(t, want.SentPayloads), jcs(t, json.RawMessage(in.PayloadsJson)))
}

func check(t *testing.T, v vector) {
	in := read[struct {
		HistoryJson string
		ExpectJson  *string
	}](t, v.Input)
	want := read[struct {
		Result  map[string]json.RawMessage
		Refused *refusal
		Crash   *refusal
	}](t, v.Expected)
	got, err := record.CheckHistory([]byte(in.HistoryJson), expectations(t, in.ExpectJson)...)
	switch {
	case want.Crash != nil: // a bug of the official SDK; here a proper refusal
		var refused *record.Error
		require.ErrorAs(t, err, &refused)
		return
	case want.Refused != nil:
		requireRecordError(t, want.Refused, err)
		return
	}
	require.NoError(t, err)
	if reason, ok := withoutSource[v.ID]; ok {
		require.NotEqual(t, "null", string(want.Result["note"]), reason)
		want.Result["note"] = json.RawMessage("null")
	}
	require.Equal(t, jcs(t, want.Result), jcs(t, got))
}

// expectations reads the rows of a case: their JSON without the files, which JSON cannot
// hold, and the files beside it.
func expectations(t *testing.T, text *string) []record.Expectation {
	t.Helper()
	if text == nil {
		return nil
	}
	var rows []json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(*text), &rows))
	files := make([][]record.HeldFile, len(rows))
	for i, row := range rows {
		if !strings.Contains(string(row), `"files"`) {
			continue
		}
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(row, &members))
		for _, file := range read[[]struct {
			SourceHex string
			Blinding  *blindingParts
		}](t, members["files"]) {
			held := record.HeldFile{Source: bytes.NewReader(unhex(t, file.SourceHex))}
			if file.Blinding != nil {
				var err error
				held.Blinding, err = file.Blinding.make(t)
				require.NoError(t, err)
			}
			files[i] = append(files[i], held)
		}
		delete(members, "files")
		var err error
		rows[i], err = json.Marshal(members)
		require.NoError(t, err)
	}
	joined, err := json.Marshal(rows)
	require.NoError(t, err)
	expect, err := record.ParseExpectations(joined)
	require.NoError(t, err)
	for i := range expect {
		expect[i].Files = files[i]
	}
	return expect
}

// The wanted differences must name cases of our own copy, or nobody would see one vanish.
func TestWantedDifferencesNameCases(t *testing.T) {
	t.Setenv("PACSPACE_VECTORS", "")
	for file, lists := range map[string][]map[string]string{
		"fingerprint.json": {stricterFingerprints, withoutSource},
		"link-copy.json":   {stricterLinkCopies},
		"seal.json":        {stricterWords, stricterVersions},
	} {
		ids := map[string]bool{}
		for _, v := range load(t, file) {
			ids[v.ID] = true
		}
		for _, list := range lists {
			for id, reason := range list {
				require.True(t, ids[id], "%s has no case %s (%s)", file, id, reason)
			}
		}
	}
}
