package record_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/record"
)

// historyOf makes a history of committed entries with one payload each.
func historyOf(t testing.TB, refs ...record.PayloadRef) []byte {
	t.Helper()
	type receipt struct {
		Seq     int            `json:"seq"`
		Content map[string]any `json:"recordContent"`
	}
	var receipts []receipt
	for seq, ref := range refs {
		receipts = append(receipts, receipt{seq, map[string]any{"title": "t", "payloads": []any{ref}}})
	}
	text, err := json.Marshal(map[string]any{"schema": "record-history-bundle/v1", "receipts": receipts})
	require.NoError(t, err)
	return text
}

func fingerprint(t testing.TB, text string, params record.FingerprintParams) *record.FileFingerprint {
	t.Helper()
	f, err := record.Fingerprint(strings.NewReader(text), params)
	require.NoError(t, err)
	return f
}

func TestCheckHistoryComparesWhatSomeoneHolds(t *testing.T) {
	t.Parallel()
	plain := fingerprint(t, "one", record.FingerprintParams{Alg: record.FingerprintPlain})
	blinded := fingerprint(t, "two", record.FingerprintParams{})
	history := historyOf(t, plain.Ref, blinded.Ref)
	file := func(text string, blinding *record.Blinding) []record.HeldFile {
		return []record.HeldFile{{Source: strings.NewReader(text), Blinding: blinding}}
	}
	for _, tc := range []struct {
		name   string
		expect []record.Expectation
		ok     bool
		needed []int
	}{
		{"nothing is expected", nil, true, nil},
		{"a reference that is there", []record.Expectation{{Entry: 1, Payloads: []record.PayloadRef{plain.Ref}}}, true, nil},
		{"a reference of another entry", []record.Expectation{{Entry: 2, Payloads: []record.PayloadRef{plain.Ref}}}, false, nil},
		{"the file of a plain payload", []record.Expectation{{Entry: 1, Files: file("one", nil)}}, true, nil},
		{"another file", []record.Expectation{{Entry: 1, Files: file("two", nil)}}, false, nil},
		{"the file of a blinded payload with its blinding", []record.Expectation{{Entry: 2, Files: file("two", blinded.Blinding)}}, true, nil},
		{"the same without its blinding", []record.Expectation{{Entry: 2, Files: file("two", nil)}}, false, []int{2}},
		{"another file with that blinding", []record.Expectation{{Entry: 2, Files: file("one", blinded.Blinding)}}, false, nil},
		{"a blinding that belongs to another file matches nothing, plain payloads included", []record.Expectation{{Entry: 1, Files: file("one", blinded.Blinding)}}, false, nil},
		{"of two expectations for one entry the later one counts", []record.Expectation{{Entry: 1, Files: file("x", nil)}, {Entry: 1, Files: file("one", nil)}}, true, nil},
		{"an entry that is not there changes nothing", []record.Expectation{{Entry: 9, Files: file("x", nil)}}, true, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			check, err := record.CheckHistory(history, tc.expect...)
			require.NoError(t, err)
			require.Equal(t, tc.ok, check.OK, check.Reason)
			require.Equal(t, tc.needed, check.BlindingFileNeeded)
			require.Equal(t, tc.needed != nil, check.Note != "")
			require.Len(t, check.Entries, 2)
			if !tc.ok {
				require.Equal(t, "semantic", check.FailedCheck)
				require.Equal(t, "A fingerprint you hold is not among the committed payloads.", check.Reason)
			}
			for i, entry := range check.Entries {
				require.Equal(t, i+1, entry.Entry)
				require.Equal(t, "committed", entry.Status)
				require.Equal(t, "transition", entry.Kind)
			}
		})
	}
}

func TestCheckHistoryListsEntries(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, history, failed, reason, rows string }{
		{"receipts and pending entries by seq", `{"receipts":[{"seq":1,"recordContent":{"failureClass":1}},{"seq":0,"recordContent":{"attemptedTarget":null}}],"pendingEntries":[{"seq":2}]}`, "", "", "1 committed attempt, 2 committed failure, 3 queued "},
		{"a list of entries counts more than receipts", `{"entries":[{"seq":4,"status":"committed"}],"receipts":[{"seq":0}]}`, "", "", "5 committed "},
		{"a failed entry is the first thing to say", `{"entries":[{"seq":0,"status":"committed"},{"seq":1,"status":"failed","sentence":"A record opens with recorded."}]}`, "schema", "A record opens with recorded.", "1 committed , 2 failed "},
		{"nothing is committed", `{"entries":[{"seq":0,"status":"COMMITTED"}]}`, "schema", "No committed entries.", "1 COMMITTED "},
		{"an empty history", `{}`, "schema", "No committed entries.", ""},
		{"another schema is not read", `{"schema":"record-history-bundle/v3","receipts":[{"seq":0}]}`, "schema", "Not a record-history-bundle/v1.", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			check, err := record.CheckHistory([]byte(tc.history))
			require.NoError(t, err)
			require.Equal(t, tc.failed, check.FailedCheck)
			require.Equal(t, tc.reason, check.Reason)
			require.Equal(t, tc.failed == "", check.OK)
			var rows []string
			for _, entry := range check.Entries {
				rows = append(rows, fmt.Sprintf("%d %s %s", entry.Entry, entry.Status, entry.Kind))
			}
			require.Equal(t, tc.rows, strings.Join(rows, ", "))
		})
	}
}

func TestCheckHistoryRefuses(t *testing.T) {
	t.Parallel()
	blinding := exampleBlinding(t)
	const item = "Each expected item is a payload reference dict. Pass the fingerprint's ref."
	for _, tc := range []struct {
		name, history string
		expect        record.Expectation
		message       string
	}{
		{"an entry below 1", `{}`, record.Expectation{}, "expect[0].entry is 0. Entries count from 1: the first entry is entry 1. (The HTTP API's seq counts the same positions from 0.)"},
		{"a file without a reader", `{}`, record.Expectation{Entry: 1, Files: []record.HeldFile{{Blinding: blinding}}}, item},
		{"a blinding that is none", `{}`, record.Expectation{Entry: 1, Files: []record.HeldFile{{Source: strings.NewReader(""), Blinding: new(record.Blinding)}}}, notBlindingFile},
		{"a blinded reference of no form", `{}`, record.Expectation{Entry: 1, Payloads: []record.PayloadRef{{Alg: "hmac-sha-256"}}}, "payload digest must be 64 lowercase hex characters"},
		{"a history that is no JSON", `{`, record.Expectation{Entry: 1}, "history: at byte 1: a member's name must stand here"},
		{"a history that is no object", `[]`, record.Expectation{Entry: 1}, "history: want an object"},
		{"entries that are no objects", `{"entries":[1]}`, record.Expectation{Entry: 1}, "history: entries: want a list of objects"},
		{"more entries than any sealed history has", `{"entries":[{}` + strings.Repeat(",{}", 262144) + `]}`, record.Expectation{Entry: 1}, "history: more than 262144 entries"},
		{"more receipts than that", `{"receipts":[{}` + strings.Repeat(",{}", 262144) + `]}`, record.Expectation{Entry: 1}, "history: more than 262144 entries"},
		{"more than 64 MiB", strings.Repeat(" ", 64<<20) + `{}`, record.Expectation{Entry: 1}, "history: larger than 67108864 bytes"},
		{"a seq that is a list", `{"entries":[{"seq":[]}]}`, record.Expectation{Entry: 1}, "history: entries: seq: want an integer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := record.CheckHistory([]byte(tc.history), tc.expect)
			var refused *record.Error
			require.ErrorAs(t, err, &refused)
			require.Equal(t, tc.message, refused.Message)
		})
	}
	t.Run("the error of a file's reader comes back", func(t *testing.T) {
		t.Parallel()
		broken := errors.New("disk on fire")
		_, err := record.CheckHistory([]byte(`{}`), record.Expectation{Entry: 1, Files: []record.HeldFile{{Source: iotest.ErrReader(broken)}}})
		require.ErrorIs(t, err, broken)
	})
}

func TestParseExpectations(t *testing.T) {
	t.Parallel()
	expect, err := record.ParseExpectations([]byte(`[{"entry":2,"payloads":[{"alg":"sha-256","digest":"AB","byteLength":7}]},{"entry":"1"},{}]`))
	require.NoError(t, err)
	require.Len(t, expect, 3)
	require.Equal(t, 2, expect[0].Entry)
	require.Equal(t, []record.PayloadRef{{Alg: "sha-256", Digest: "AB", ByteLength: "7"}}, expect[0].Payloads)

	history := []byte(`{"entries":[{"seq":1,"status":"committed"}],"receipts":[{"seq":1,"recordContent":{"payloads":[{"alg":"sha-256","digest":"ab","byteLength":"7"}]}}]}`)
	check, err := record.CheckHistory(history, expect[0])
	require.NoError(t, err)
	require.True(t, check.OK, "the case of a digest and the type of a length do not matter")
	_, err = record.CheckHistory(history, expect[1])
	require.ErrorContains(t, err, "expect[0].entry is '1'.")
	_, err = record.CheckHistory(history, expect[2])
	require.ErrorContains(t, err, "Each expected row is a dict with an entry number.")
	for _, none := range []string{"", "{}", "null", "[", "1"} {
		_, err := record.ParseExpectations([]byte(none))
		require.ErrorIs(t, err, pacspace.ErrInvalid, none)
	}
	// A blinding is not repeated by the refusal of it.
	rows, err := json.Marshal([]any{map[string]any{"entry": 1, "payloads": []any{json.RawMessage(exampleBlinding(t).FileText())}}})
	require.NoError(t, err)
	expect, err = record.ParseExpectations(rows)
	require.NoError(t, err)
	_, err = record.CheckHistory(history, expect...)
	require.ErrorContains(t, err, "includes a blinding file")
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), exampleValue)
}

// FuzzCheckHistory reads histories and expectations of any kind.
func FuzzCheckHistory(f *testing.F) {
	ref := record.PayloadRef{Alg: "sha-256", Digest: strings.Repeat("0a", 32), ByteLength: "1"}
	f.Add(historyOf(f, ref, ref), []byte(`[{"entry":1,"payloads":[{"alg":"sha-256"}]}]`))
	f.Add([]byte(`{"entries":[{"seq":true},{"seq":0.0,"status":5},{"seq":1e400}]}`), []byte(`[{"entry":2},{"entry":99999999999999999999}]`))
	f.Add([]byte(`{"schema":"record-history-bundle/v2","receipts":[{"schema":"semantic-receipt/v3","seq":0,"revealed":[{"pointer":"/payloads/10","value":{}},{"pointer":"/payloads/9","value":1}]}]}`), []byte(`[]`))
	f.Fuzz(func(t *testing.T, history, rows []byte) {
		expect, err := record.ParseExpectations(rows)
		if err != nil {
			expect = nil
		}
		for i := range expect {
			expect[i].Files = []record.HeldFile{{Source: strings.NewReader("x")}}
		}
		check, err := record.CheckHistory(history, expect...)
		if err != nil {
			var refused *record.Error
			require.ErrorAs(t, err, &refused)
			return
		}
		require.Equal(t, check.OK, check.FailedCheck == "")
		text, err := json.Marshal(check)
		require.NoError(t, err)
		require.True(t, json.Valid(text))
	})
}
