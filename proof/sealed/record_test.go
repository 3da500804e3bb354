package sealed

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A record for the tests: three entries of a machine's actions, sealed as the service does.

func filled(b byte) Hash {
	var h Hash
	for i := range h {
		h[i] = b
	}
	return h
}

var (
	testRecordKey = filled(0x33)
	testChain     = Chain{ID: 296, Contract: Address{0xAB, 1}}
	testLayout    = LayoutRef{ID: 6, Version: 1, Digest: filled(0x11)}
	testContents  = []string{
		`{"title":"Arm 4 paused","actorId":"cell-4","occurredAt":"2026-02-01T10:00:00Z","payloads":[{"alg":"sha-256","digest":"aa","byteLength":"3"},{"alg":"sha-256","digest":"bb","byteLength":"4"}]}`,
		`{"title":"Arm 4 resumed","actorId":"cell-4","occurredAt":"2026-02-01T10:05:00Z","payloads":["x"],"note":"by hand"}`,
		`{"title":"Shift closed","empty":[],"deep":{"a":[1,{"b":null}]},"a/b~c":1.50}`,
	}
)

type record struct {
	version     Version
	commitments []*Commitment
	history     History
}

func sealRecord(t testing.TB, version Version) *record {
	t.Helper()
	r := &record{version: version, history: History{RecordKey: testRecordKey, Chain: testChain, Layout: testLayout, Version: version}}
	previous := Word{}
	for i, content := range testContents {
		commitment, err := version.Commit([]byte(content), filled(byte(0x50+i)))
		require.NoError(t, err)
		r.commitments = append(r.commitments, commitment)
		input, err := version.SealInput(commitment.RecordHash)
		require.NoError(t, err)
		state := State{0, 6, 1, 1, 0, 0, 0, byte(i)}
		word := NewWord(state, Seal(testLayout, state, input, opening(i)))
		r.history.Entries = append(r.history.Entries, HistoryEntry{
			Seq: uint32(i), PreviousWord: previous, NewWord: word, RecordHash: &commitment.RecordHash,
			ItemIndex: uint32(i), ItemOpening: filled(0x77), BatchID: 9,
		})
		previous = word
	}
	return r
}

func opening(i int) Hash { return filled(byte(0x60 + i)) }

func (r *record) historyText(t testing.TB) []byte {
	t.Helper()
	text, err := r.history.Encode()
	require.NoError(t, err)
	return text
}

// disclose shows, for each entry by its seq, the leaves at some pointers.
func (r *record) disclose(t testing.TB, show map[int][]string) []byte {
	t.Helper()
	d := Disclosure{RecordKey: testRecordKey, Chain: testChain, Layout: testLayout, Version: r.version}
	for i, commitment := range r.commitments {
		pointers, ok := show[i]
		if !ok {
			continue
		}
		entry, err := commitment.Disclose(uint32(i), opening(i), pointers...)
		require.NoError(t, err)
		d.Entries = append(d.Entries, entry)
	}
	text, err := d.Encode()
	require.NoError(t, err)
	return text
}

// everything names each member of the i-th content.
func everything(i int) []string {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(testContents[i]), &members); err != nil {
		panic(err)
	}
	var pointers []string
	for name := range members {
		pointers = append(pointers, pointerTo(name, wholeMember))
	}
	return pointers
}

// edit changes a JSON text through a map and gives a disclosure its digest anew.
func edit(t testing.TB, text []byte, redigest bool, change func(map[string]any)) []byte {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal(text, &members))
	change(members)
	if redigest {
		out, err := json.Marshal(members)
		require.NoError(t, err)
		members["digest"], err = disclosureDigest(out)
		require.NoError(t, err)
	}
	out, err := json.Marshal(members)
	require.NoError(t, err)
	return out
}

func entryOf(members map[string]any, i int) map[string]any {
	return members["entries"].([]any)[i].(map[string]any)
}

func versions(t *testing.T, test func(t *testing.T, version Version)) {
	t.Helper()
	for _, version := range []Version{V2, V3} {
		t.Run(fmt.Sprintf("record hash v%d", version), func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}
