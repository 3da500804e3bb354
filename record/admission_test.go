package record_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/record"
)

const (
	someRef   = `{"alg":"sha-256","digest":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","byteLength":"7"}`
	someEntry = `{"recordKey":"0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","seq":0}`
)

// action is a content that the intake takes, with more members after it.
func action(more string) string {
	return `{"title":"Arm 4 paused","occurredAt":"2026-02-01T10:00:00Z","actorId":"cell-4","payloads":[` + someRef + `]` + more + `}`
}

func TestAdmitRecord(t *testing.T) {
	t.Parallel()
	balance := func(more string) string {
		return `{"customerId":"c","amount":"-12.50","currency":"USD","reason":"r","referenceId":"i","occurredAt":"2026-02-01T10:00:00.25Z"` + more + `}`
	}
	for _, tc := range []struct{ name, recordType, lifecycle, content, code, message string }{
		{"an action", "machine-action-record", "recorded", action(""), "", ""},
		{"an action with everything", "machine-action-record", "amended", action(`,"instructedBy":"x","kind":"agent-2","description":"","note":"","references":[` + someEntry + `],"amends":` + someEntry + `,"more":[1]`), "", ""},
		{"a type without a published layout is the service's matter", "something-else", "any", `[]`, "", ""},
		{"no object", "machine-action-record", "recorded", `[]`, "RECORD_CONTENT_INVALID", "content must be an object"},
		{"no title", "machine-action-record", "recorded", `{"occurredAt":null}`, "RECORD_CONTENT_INVALID", "content.title is required by record-content/machine-action-record/v1"},
		{"no payloads", "machine-action-record", "recorded", `{"title":"t","occurredAt":"2026-02-01T10:00:00Z","actorId":"a"}`, "RECORD_PAYLOADS_REQUIRED", "content.payloads must carry at least 1 payload-ref/v1"},
		{"an empty list of payloads", "machine-action-record", "recorded", `{"title":"t","occurredAt":"2026-02-01T10:00:00Z","actorId":"a","payloads":[]}`, "RECORD_PAYLOADS_REQUIRED", "content.payloads must carry at least 1 payload-ref/v1"},
		{"PacSpace's own fields", "machine-action-record", "recorded", action(`,"seq":1`), "RECORD_CONTENT_INVALID", "content.seq is PacSpace bookkeeping and is never part of a sealed record"},
		{"fields that PacSpace writes", "machine-action-record", "recorded", action(`,"failureClass":"x"`), "RECORD_CONTENT_INVALID", "content.failureClass is written by PacSpace and cannot be supplied"},
		{"a time with an offset", "machine-action-record", "recorded", strings.Replace(action(""), "00Z", "00+01:00", 1), "RECORD_CONTENT_INVALID", "content.occurredAt must be string (rfc3339-utc)"},
		{"a kind with a capital", "machine-action-record", "recorded", action(`,"kind":"Agent"`), "RECORD_CONTENT_INVALID", "content.kind must be string (lowercase-hyphen)"},
		{"references that are none", "machine-action-record", "recorded", action(`,"references":[{"recordKey":"0x00","seq":0}]`), "RECORD_CONTENT_INVALID", "content.references must be an array of record-ref/v1"},
		{"a present null", "machine-action-record", "recorded", action(`,"amends":null`), "RECORD_CONTENT_INVALID", "content.amends must be { recordKey, seq }"},
		{"a title of 121 characters", "machine-action-record", "recorded", strings.Replace(action(""), "Arm 4 paused", strings.Repeat("x", 121), 1), "RECORD_TITLE_TOO_LONG", "content.title is longer than 120 characters"},
		{"a title of 61 characters that count double", "machine-action-record", "recorded", strings.Replace(action(""), "Arm 4 paused", strings.Repeat("\U0001F600", 61), 1), "RECORD_TITLE_TOO_LONG", "content.title is longer than 120 characters"},
		{"a title of 60 such is allowed", "machine-action-record", "recorded", strings.Replace(action(""), "Arm 4 paused", strings.Repeat("\U0001F600", 60), 1), "", ""},
		{"an unknown algorithm", "machine-action-record", "recorded", strings.Replace(action(""), "sha-256", "md5", 1), "RECORD_PAYLOAD_ALG_UNSUPPORTED", "payload alg is not supported; use one of sha-256, hmac-sha-256"},
		{"a reference deep in an unknown field", "machine-action-record", "recorded", action(`,"x":[{"y":{"alg":"sha-256","digest":"","byteLength":""}}]`), "RECORD_CONTENT_INVALID", "payload digest must be 64 lowercase hex characters"},
		{"inside a reference only blinding material is looked for", "machine-action-record", "recorded", strings.Replace(action(""), `"7"`, `"007","x":{"alg":"md5","digest":1,"byteLength":2}`, 1), "", ""},
		{"blinding material", "machine-action-record", "recorded", action(`,"x":{"schema":"pacspace-blinding/v1"}`), "RECORD_BLINDING_INCLUDED", "This write includes a blinding file or its value. Send only the fingerprint's alg, digest and byteLength; the blinding file stays with you."},
		{"more than 65535 leaves", "machine-action-record", "recorded", action(`,"x":[0` + strings.Repeat(",0", 65535) + `]`), "RECORD_CONTENT_INVALID", "This entry has more than 65535 fields and list items. Split it across entries."},
		{"a lifecycle of another type", "machine-action-record", "active", action(""), "RECORD_STATE_UNKNOWN", "lifecycle=active is not in the layout"},
		{"the content is looked at before the lifecycle", "machine-action-record", "active", action(`,"seq":1`), "RECORD_CONTENT_INVALID", "content.seq is PacSpace bookkeeping and is never part of a sealed record"},

		{"a balance", "balance-account", "active", balance(`,"metadataDigest":"0x` + strings.Repeat("AB", 32) + `"`), "", ""},
		{"an adjustment that is none is an unknown field of the older layout", "balance-account", "active", balance(`,"adjusts":{}`), "", ""},
		{"an amount with a plus", "balance-account", "active", strings.Replace(balance(""), "-12.50", "+1", 1), "RECORD_CONTENT_INVALID", "content.amount must be string (signed-decimal)"},
		{"an amount with an exponent", "balance-account", "active", strings.Replace(balance(""), "-12.50", "1e3", 1), "RECORD_CONTENT_INVALID", "content.amount must be string (signed-decimal)"},
		{"a currency in lower case", "balance-account", "active", strings.Replace(balance(""), "USD", "usd", 1), "RECORD_CONTENT_INVALID", "content.currency must be string (iso-4217)"},
		{"a meter", "usage-meter", "suspended", `{"customerId":"c","meterId":"m","referenceId":"i","occurredAt":"2026-02-01T10:00:00Z"}`, "", ""},
		{"a model", "model-version-record", "submitted", `{"modelId":"m","versionLabel":"v","buildDigest":` + someRef + `,"recordedAt":"2026-02-01T10:00:00Z","actorId":"a"}`, "", ""},
		{"a cell", "geoint-aoi-cell", "registered", `{"cellRef":"c","windowStart":"2026-02-01T10:00:00Z","windowEnd":"2026-02-01T11:00:00Z","actorId":"a","payloads":[]}`, "", ""},
		{"an entity with a count that is none", "geoint-tracked-entity", "detected", `{"observedAt":"2026-02-01T10:00:00Z","position":{},"sourceRef":"s","actorId":"a","modelRecordRef":{},"conclusion":"c","sourceCount":1.5}`, "RECORD_CONTENT_INVALID", "content.sourceCount must be integer"},
		{"an entity with a count written 2.0", "geoint-tracked-entity", "lost", `{"observedAt":"2026-02-01T10:00:00Z","position":{},"sourceRef":"s","actorId":"a","modelRecordRef":{},"conclusion":"c","sourceCount":2.0}`, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := record.Admit(tc.recordType, tc.lifecycle, json.RawMessage(tc.content))
			if tc.code == "" {
				require.NoError(t, err)
				return
			}
			recordRefused(t, err, tc.code, tc.message)
		})
	}
}

func TestContentThatIsNoJSONIsRefused(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 600) + strings.Repeat("]", 600)
	for _, content := range []string{"", "{", `{"a":1}}`, "\xff", deep} {
		var refused *record.Error
		require.ErrorAs(t, record.Guard(json.RawMessage(content)), &refused)
		require.Equal(t, "RECORD_CONTENT_INVALID", refused.Code)
		require.ErrorAs(t, record.Admit("usage-meter", "active", json.RawMessage(content)), &refused)
	}
}

func TestBlindingMaterialIsFoundWhereverItStands(t *testing.T) {
	t.Parallel()
	file := string(exampleBlinding(t).FileText())
	const (
		material = "This payload includes a blinding file or its value. Pass the fingerprint's ref as the payload, and keep its blinding file with the file. Nothing was sent."
		extra    = "A blinded fingerprint carries only alg, digest and byteLength. Move any other field out of it. Nothing was sent."
	)
	ref := strings.Replace(someRef, "sha-256", "hmac-sha-256", 1)
	for _, tc := range []struct{ name, part, message string }{
		{"a blinding's file", file, material},
		{"its file without the schema", strings.Replace(file, `"schema": "pacspace-blinding/v1",`, "", 1), extra},
		{"a reference with its blinding beside it", `{"ref":` + ref + `,"blinding":"x"}`, material},
		{"a blinded reference with a note", strings.Replace(ref, "}", `,"note":1}`, 1), extra},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, content := range []string{"%s", "[[%s]]", `{"a":{"b":[1,%s]}}`, `{"payloads":[` + someRef + `,%s]}`, `{"alg":"sha-256","digest":%s}`} {
				err := record.Guard(json.RawMessage(fmt.Sprintf(content, tc.part)))
				recordRefused(t, err, "RECORD_BLINDING_INCLUDED", tc.message)
				require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), exampleValue, "a refusal repeats nothing")
			}
		})
	}
	for _, fine := range []string{ref, `{"ref":` + ref + `,"blinding":null}`, `{"alg":"md5","note":1}`, `"pacspace-blinding/v1"`, `{"schema":"pacspace-blinding/v2"}`} {
		require.NoError(t, record.Guard(json.RawMessage(fine)))
	}
}

func TestRecordLayouts(t *testing.T) {
	t.Parallel()
	require.Empty(t, record.Layouts("no-such-type"))
	seen := map[int]bool{}
	for _, recordType := range []string{"geoint-tracked-entity", "model-version-record", "geoint-aoi-cell", "balance-account", "usage-meter", "machine-action-record"} {
		layouts := record.Layouts(recordType)
		require.NotEmpty(t, layouts)
		for _, layout := range layouts {
			require.False(t, seen[layout.ID], "each layout has an id of its own")
			seen[layout.ID] = true
			bits := 0
			for _, field := range layout.Fields {
				bits += field.Bits
			}
			require.Equal(t, 96, bits, layout.Name)
			require.Len(t, layout.Transitions, len(layout.Lifecycle))
			ends := 0
			for from, to := range layout.Transitions {
				require.Contains(t, layout.Lifecycle, from)
				if len(to) == 0 {
					ends++
				}
				for _, word := range to {
					require.Contains(t, layout.Lifecycle, word)
				}
			}
			require.Positive(t, ends, "a record can be closed")
		}
	}
	require.Len(t, seen, 7)
	require.Equal(t, []string{"recorded", "amended", "closed"}, record.Layouts("machine-action-record")[0].Lifecycle)
}

func FuzzAdmitRecord(f *testing.F) {
	f.Add("machine-action-record", "recorded", []byte(action("")))
	f.Add("balance-account", "", []byte(`{"amount":"-1.","adjusts":{"recordId":""}}`))
	f.Fuzz(func(t *testing.T, recordType, lifecycle string, content []byte) {
		for _, err := range []error{record.Admit(recordType, lifecycle, content), record.Guard(content)} {
			if err != nil {
				var refused *record.Error
				require.ErrorAs(t, err, &refused)
				require.NotEmpty(t, refused.Code)
			}
		}
	})
}
