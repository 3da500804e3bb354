package sealed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShownFieldsAreConsistentWithTheHistory(t *testing.T) {
	t.Parallel()
	versions(t, func(t *testing.T, version Version) {
		r := sealRecord(t, version)
		disclosure := r.disclose(t, map[int][]string{0: {"/title", "/payloads"}, 2: everything(2)})
		result := VerifyDisclosure(r.historyText(t), disclosure)

		require.Equal(t, Consistent, result.Verdict(), result.Reason)
		require.True(t, *result.ok())
		require.NoError(t, result.Err())
		require.Len(t, result.Entries, 2)

		first := result.Entries[0]
		require.Equal(t, uint32(0), first.Seq)
		require.Equal(t, []Field{
			{"/payloads/0", json.RawMessage(`{"alg":"sha-256","byteLength":"3","digest":"aa"}`)},
			{"/payloads/1", json.RawMessage(`{"alg":"sha-256","byteLength":"4","digest":"bb"}`)},
			{"/title", json.RawMessage(`"Arm 4 paused"`)},
		}, first.Shown)
		require.Equal(t, 2, first.Withheld)
		require.Nil(t, first.Content, "a content of which a part is withheld is not put together")

		last := result.Entries[1]
		require.Zero(t, last.Withheld)
		require.JSONEq(t, testContents[2], string(last.Content))
		require.Equal(t, "1.5", string(last.Shown[0].Value), "values are in canonical form")
	})
}

func TestWithheldMembersOfV3SayWhatCanBeGuessed(t *testing.T) {
	t.Parallel()
	r := sealRecord(t, V3)
	result := VerifyDisclosure(r.historyText(t), r.disclose(t, map[int][]string{0: {"/title", "/payloads/1"}}))
	withheld := make(map[Hash]WithheldMember)
	for _, member := range result.Entries[0].WithheldMembers {
		withheld[member.Tag] = member
	}
	require.Equal(t, map[Hash]WithheldMember{
		MemberTag("actorId"):    {MemberTag("actorId"), false, 1},
		MemberTag("occurredAt"): {MemberTag("occurredAt"), false, 1},
		MemberTag("payloads"):   {MemberTag("payloads"), true, 1},
	}, withheld)
	require.Contains(t, strings.Join(result.Limits(), "\n"), "can be guessed")

	r = sealRecord(t, V2)
	result = VerifyDisclosure(r.historyText(t), r.disclose(t, map[int][]string{0: {"/title"}}))
	require.Empty(t, result.Entries[0].WithheldMembers)
	require.NotContains(t, strings.Join(result.Limits(), "\n"), "can be guessed")
}

func TestADisclosureThatShowsNothingStillProvesItsEntry(t *testing.T) {
	t.Parallel()
	versions(t, func(t *testing.T, version Version) {
		r := sealRecord(t, version)
		result := VerifyDisclosure(r.historyText(t), r.disclose(t, map[int][]string{1: nil}))
		require.Equal(t, Consistent, result.Verdict())
		require.Empty(t, result.Entries[0].Shown)
		require.Equal(t, 5, result.Entries[0].Withheld)
	})
}

// TestEveryWayToLie changes one thing at a time and expects the code, the entry and the
// verdict. That the sentences are the official ones is the vectors' matter.
func TestEveryWayToLie(t *testing.T) {
	t.Parallel()
	revealed := func(members map[string]any, i, j int) map[string]any {
		return entryOf(members, i)["revealed"].([]any)[j].(map[string]any)
	}
	zero := Hash{}.String()
	for _, tc := range []struct {
		name       string
		disclosure func(map[string]any)
		history    func(map[string]any)
		stale      bool // leave the digest as it was
		code       Code
		seq        *uint32
	}{
		{name: "a value is another", code: CodeLeafMismatch, seq: new(uint32(0)),
			disclosure: func(m map[string]any) { revealed(m, 0, 0)["value"] = "Arm 5 paused" }},
		{name: "a value is another, and its digest is kept", code: CodeDigestMismatch, stale: true,
			disclosure: func(m map[string]any) { revealed(m, 0, 0)["value"] = "Arm 5 paused" }},
		{name: "a field stands under another name", code: CodeLeafMismatch, seq: new(uint32(0)),
			disclosure: func(m map[string]any) { revealed(m, 0, 0)["pointer"] = "/titles" }},
		{name: "a salt is another", code: CodeLeafMismatch, seq: new(uint32(0)),
			disclosure: func(m map[string]any) { revealed(m, 0, 0)["salt"] = zero }},
		{name: "the second of two entries lies", code: CodeLeafMismatch, seq: new(uint32(1)),
			disclosure: func(m map[string]any) { revealed(m, 1, 0)["value"] = nil }},
		{name: "an entry is said to be another one", code: CodeSealMismatch, seq: new(uint32(2)),
			disclosure: func(m map[string]any) { entryOf(m, 1)["seq"] = 2 }},
		{name: "an entry that the history lacks", code: CodeNotInHistory, seq: new(uint32(7)),
			disclosure: func(m map[string]any) { entryOf(m, 1)["seq"] = 7 }},
		{name: "another opening", code: CodeSealMismatch, seq: new(uint32(1)),
			disclosure: func(m map[string]any) { entryOf(m, 1)["recordOpening"] = zero }},
		{name: "another record", code: CodeRecordMismatch,
			disclosure: func(m map[string]any) { m["recordKey"] = zero }},
		{name: "another chain", code: CodeRecordMismatch,
			disclosure: func(m map[string]any) { m["chain"].(map[string]any)["chainId"] = 295 }},
		{name: "another contract", code: CodeRecordMismatch,
			disclosure: func(m map[string]any) { m["chain"].(map[string]any)["contractAddress"] = Address{}.String() }},
		{name: "another layout", code: CodeRecordMismatch,
			disclosure: func(m map[string]any) { m["layout"].(map[string]any)["layoutVersion"] = 2 }},
		{name: "the history's word is another", code: CodeSealMismatch, seq: new(uint32(0)),
			history: func(m map[string]any) { entryOf(m, 0)["newWord"] = zero }},
		{name: "the history's record hash is another", code: CodeSealMismatch, seq: new(uint32(0)),
			history: func(m map[string]any) { entryOf(m, 0)["recordHash"] = zero }},
		{name: "a layout that no seal has room for", code: CodeMalformed,
			disclosure: func(m map[string]any) { m["layout"].(map[string]any)["layoutId"] = 65536 },
			history:    func(m map[string]any) { m["layout"].(map[string]any)["layoutId"] = 65536 }},
		{name: "an extra member", code: CodeMalformed,
			disclosure: func(m map[string]any) { m["more"] = 1 }},
		{name: "no entries", code: CodeMalformed,
			disclosure: func(m map[string]any) { m["entries"] = []any{} }},
		{name: "a history that is none", code: CodeMalformed,
			history: func(m map[string]any) { delete(m, "entries") }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			versions(t, func(t *testing.T, version Version) {
				r := sealRecord(t, version)
				history := r.historyText(t)
				disclosure := r.disclose(t, map[int][]string{0: {"/title"}, 1: {"/title"}})
				if tc.history != nil {
					history = edit(t, history, false, tc.history)
				}
				if tc.disclosure != nil {
					disclosure = edit(t, disclosure, !tc.stale, tc.disclosure)
				}
				result := VerifyDisclosure(history, disclosure)
				require.Equal(t, tc.code, result.Code, result.Detail)
				require.Equal(t, tc.seq, result.Seq)
				require.NotEmpty(t, result.Reason)
				require.NotEqual(t, CodeMalformed == tc.code, result.Verdict() == DoesNotMatch)
				require.False(t, *result.ok())
				require.Empty(t, result.Entries, "a refusal repeats nothing of what it refuses")
				var refusal *Refusal
				require.True(t, errors.As(result.Err(), &refusal))
				require.Equal(t, tc.code, refusal.Code)
			})
		})
	}
}

func TestADisclosureOfOneVersionDoesNotMatchAHistoryOfAnother(t *testing.T) {
	t.Parallel()
	v2, v3 := sealRecord(t, V2), sealRecord(t, V3)
	show := map[int][]string{0: {"/title"}}
	require.Equal(t, CodeVersionMismatch, VerifyDisclosure(v3.historyText(t), v2.disclose(t, show)).Code)
	require.Equal(t, CodeVersionMismatch, VerifyDisclosure(v2.historyText(t), v3.disclose(t, show)).Code)
}

func TestEntriesThatCannotBeCheckedAreIncomplete(t *testing.T) {
	t.Parallel()
	t.Run("record hash v1", func(t *testing.T) {
		t.Parallel()
		r := sealRecord(t, V2)
		d := Disclosure{RecordKey: testRecordKey, Chain: testChain, Layout: testLayout, Version: V1, Entries: []DisclosedEntry{
			{Seq: 0, RecordOpening: opening(0), Content: json.RawMessage(testContents[0])},
		}}
		disclosure, err := d.Encode()
		require.NoError(t, err)
		result := VerifyDisclosure(r.historyText(t), disclosure)
		require.Equal(t, Incomplete, result.Verdict())
		require.Nil(t, result.ok())
		require.NoError(t, result.Err())
		require.Equal(t, noteV1, result.Entries[0].Note)
		require.Empty(t, result.Entries[0].Shown, "what was not checked is not shown as if it were")
	})
	t.Run("a history without the record hash", func(t *testing.T) {
		t.Parallel()
		versions(t, func(t *testing.T, version Version) {
			r := sealRecord(t, version)
			r.history.Entries[1].RecordHash = nil
			result := VerifyDisclosure(r.historyText(t), r.disclose(t, map[int][]string{0: {"/title"}, 1: {"/title"}}))
			require.Equal(t, Incomplete, result.Verdict())
			require.True(t, result.Entries[0].Checked)
			require.Equal(t, noteNoRecordHash, result.Entries[1].Note)
		})
	})
}

func TestNumbersAreReadAsTheOfficialVerifierReadsThem(t *testing.T) {
	t.Parallel()
	r := sealRecord(t, V3)
	history, disclosure := r.historyText(t), r.disclose(t, map[int][]string{0: {"/title"}})
	replace := func(from, to string) []byte {
		text := bytes.Replace(disclosure, []byte(from), []byte(to), 1)
		require.NotEqual(t, string(disclosure), string(text))
		return text
	}
	t.Run("a seq written 0.0 is seq 0", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, Consistent, VerifyDisclosure(history, replace(`"seq":0`, `"seq":0.0`)).Verdict())
	})
	t.Run("and is repeated so in a sentence", func(t *testing.T) {
		t.Parallel()
		r := sealRecord(t, V3)
		r.history.Entries = r.history.Entries[1:]
		result := VerifyDisclosure(r.historyText(t), replace(`"seq":0`, `"seq":0.0`))
		require.Equal(t, "Entry 1.0 of this disclosure is not in the record's sealed history.", result.Reason)
		require.Equal(t, uint32(0), *result.Seq)
	})
	t.Run("a slot written as a fraction is none", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, CodeMalformed, VerifyDisclosure(history, replace(`,65535,`, `,65535.0,`)).Code)
	})
	t.Run("a layout id written as a fraction fits no seal", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, CodeMalformed, VerifyDisclosure(history, replace(`"layoutId":6`, `"layoutId":6.0`)).Code)
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	r := sealRecord(t, V2)
	history := r.historyText(t)
	big := func(version Version, size int) []byte {
		content := fmt.Sprintf(`{"blob":%q}`, strings.Repeat("a", size))
		c, err := version.Commit([]byte(content), filled(1))
		require.NoError(t, err)
		entry, err := c.Disclose(0, opening(0), "/blob")
		require.NoError(t, err)
		d := Disclosure{RecordKey: testRecordKey, Chain: testChain, Layout: testLayout, Version: version, Entries: []DisclosedEntry{entry}}
		text, err := d.Encode()
		if err != nil {
			require.ErrorContains(t, err, "more than 1048576")
			return nil
		}
		return text
	}
	t.Run("a disclosure of more than 1 MiB is too large, however it is written", func(t *testing.T) {
		t.Parallel()
		require.Nil(t, big(V2, MaxDisclosureBytes), "and is not made")
		text := edit(t, big(V2, 1000), true, func(m map[string]any) {
			entryOf(m, 0)["revealed"].([]any)[0].(map[string]any)["value"] = strings.Repeat("a", MaxDisclosureBytes)
		})
		require.Equal(t, CodeTooLarge, VerifyDisclosure(history, text).Code)
		require.Equal(t, Unreadable, VerifyDisclosure(history, text).Verdict())
		require.Equal(t, CodeTooLarge, VerifyDisclosure([]byte("{}"), text).Code, "the size is looked at before the history")
	})
	t.Run("white space does not count, up to our own limit", func(t *testing.T) {
		t.Parallel()
		text := r.disclose(t, map[int][]string{0: nil})
		spaced := append(bytes.Repeat([]byte{' '}, MaxDisclosureBytes), text...)
		require.Equal(t, Consistent, VerifyDisclosure(history, spaced).Verdict())
		require.Equal(t, CodeTooLarge, VerifyDisclosure(history, append(bytes.Repeat([]byte{' '}, maxTextBytes), text...)).Code)
	})
	t.Run("what nests beyond the official verifier's stack is malformed", func(t *testing.T) {
		t.Parallel()
		for depth, want := range map[int]Verdict{maxDisclosureDepth - 5: Consistent, maxDisclosureDepth - 4: Unreadable, 2000: Unreadable, 200_000: Unreadable} {
			require.Equal(t, want, VerifyDisclosure(nested(t, depth)).Verdict(), "depth %d", depth)
		}
	})
	t.Run("text that is no JSON is malformed on either side", func(t *testing.T) {
		t.Parallel()
		disclosure := r.disclose(t, map[int][]string{0: nil})
		for _, bad := range []string{"", "{", "null", "[]", "\xff", "{}{}"} {
			require.Equal(t, CodeMalformed, VerifyDisclosure(history, []byte(bad)).Code, "%q", bad)
			require.Equal(t, CodeMalformed, VerifyDisclosure([]byte(bad), disclosure).Code, "%q", bad)
			require.Equal(t, CodeMalformed, VerifyLinkCopy([]byte(bad)).Code, "%q", bad)
		}
	})
}

// nested makes a record of one entry whose content holds a value nested this deep, with
// the disclosure that shows it. It is written by hand, since the package's own writer
// refuses what is too deep.
func nested(t *testing.T, depth int) (history, disclosure []byte) {
	t.Helper()
	value := strings.Repeat("[", depth-1) + "1" + strings.Repeat("]", depth-1)
	salt := filled(9)
	leaf := sha256Of([]byte("pacspace:record-leaf:v2\x00"), salt[:], []byte(`["/a",{"a":`+value+`}]`))
	recordHash, err := RecordHashV2([]Hash{leaf})
	require.NoError(t, err)
	word := NewWord(State{}, Seal(testLayout, State{}, recordHash, opening(0)))
	h := History{RecordKey: testRecordKey, Chain: testChain, Layout: testLayout, Version: V2, Entries: []HistoryEntry{{NewWord: word, RecordHash: &recordHash}}}
	history, err = h.Encode()
	require.NoError(t, err)
	rest := fmt.Sprintf(`"entries":[{"leaves":["%s"],"recordOpening":"%s","revealed":[{"pointer":"/a","salt":"%s","value":{"a":%s}}],"seq":0}],"layout":{"layoutDigest":"%s","layoutId":6,"layoutVersion":1},"recordHashVersion":2,"recordKey":"%s","schema":"record-disclosure/v1"}`,
		leaf, opening(0), salt, value, testLayout.Digest, testRecordKey)
	chain := fmt.Sprintf(`"chain":{"chainId":296,"contractAddress":"%s"}`, testChain.Contract)
	digest := sha256Of([]byte("pacspace:record-disclosure-digest:v1\x00"), []byte("{"+chain+","+rest))
	return history, []byte("{" + chain + `,"digest":"` + digest.String() + `",` + rest)
}

func TestLinkCopy(t *testing.T) {
	t.Parallel()
	versions(t, func(t *testing.T, version Version) {
		r := sealRecord(t, version)
		history := r.historyText(t)
		disclosure := r.disclose(t, map[int][]string{0: {"/title"}, 2: {"/deep"}})
		copyOf := func(history, disclosure []byte) *Result {
			text, err := EncodeLinkCopy(history, disclosure)
			require.NoError(t, err)
			require.Equal(t, SchemaLinkCopy, Schema(text))
			return VerifyLinkCopy(text)
		}
		t.Run("one file says the same as the two", func(t *testing.T) {
			t.Parallel()
			require.Equal(t, VerifyDisclosure(history, disclosure), copyOf(history, disclosure))
		})
		t.Run("the order of the history does not matter, and the last entry of a seq counts", func(t *testing.T) {
			t.Parallel()
			shuffled := edit(t, history, false, func(m map[string]any) {
				entries := m["entries"].([]any)
				wrong := map[string]any{"seq": 0, "recordHash": 1}
				m["entries"] = []any{nil, wrong, entries[2], "junk", entries[0]}
			})
			require.Equal(t, Consistent, copyOf(shuffled, disclosure).Verdict())
		})
		t.Run("a disclosed entry that the history lacks makes it malformed", func(t *testing.T) {
			t.Parallel()
			cut := edit(t, history, false, func(m map[string]any) { m["entries"] = m["entries"].([]any)[:1] })
			require.Equal(t, CodeMalformed, copyOf(cut, disclosure).Code)
		})
		t.Run("so does a missing record hash", func(t *testing.T) {
			t.Parallel()
			cut := edit(t, history, false, func(m map[string]any) { delete(entryOf(m, 0), "recordHash") })
			require.Equal(t, CodeMalformed, copyOf(cut, disclosure).Code)
		})
		t.Run("and a copy without a disclosure", func(t *testing.T) {
			t.Parallel()
			result := copyOf(history, []byte("null"))
			require.Equal(t, CodeMalformed, result.Code)
			require.Contains(t, result.Detail, "no disclosure")
		})
	})
}

func TestSchema(t *testing.T) {
	t.Parallel()
	r := sealRecord(t, V3)
	require.Equal(t, SchemaHistory, Schema(r.historyText(t)))
	require.Equal(t, SchemaDisclosureV2, Schema(r.disclose(t, map[int][]string{0: nil})))
	require.Equal(t, SchemaDisclosureV1, Schema(sealRecord(t, V2).disclose(t, map[int][]string{0: nil})))
	for _, none := range []string{"", "[]", `{"schema":1}`, `{"schema"`} {
		require.Empty(t, Schema([]byte(none)))
	}
}
