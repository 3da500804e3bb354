package sealed

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// hold checks what must be so of every result, whatever it was made from.
func hold(t *testing.T, r *Result) {
	t.Helper()
	_, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotEmpty(t, r.Limits())
	require.NotEmpty(t, r.String())
	require.NotEmpty(t, r.Text())
	if r.Err() != nil {
		require.Empty(t, r.Entries, "a refusal shows nothing")
		require.NotEmpty(t, r.Reason)
		return
	}
	require.Empty(t, r.Detail)
	for _, entry := range r.Entries {
		require.NotEqual(t, entry.Checked, entry.Note != "")
		withheld := 0
		for _, member := range entry.WithheldMembers {
			withheld += member.Leaves
		}
		require.True(t, withheld == 0 || withheld == entry.Withheld)
		require.True(t, entry.Content == nil || entry.Withheld == 0)
	}
}

func FuzzVerifyDisclosure(f *testing.F) {
	for _, version := range []Version{V2, V3} {
		r := sealRecord(f, version)
		f.Add(r.historyText(f), r.disclose(f, map[int][]string{0: {"/title"}, 2: everything(2)}))
	}
	f.Add([]byte(`{"recordHashVersion":3}`), []byte(`{"schema":"record-disclosure/v2","entries":[{"seq":0.0}]}`))
	f.Fuzz(func(t *testing.T, history, disclosure []byte) {
		result := VerifyDisclosure(history, disclosure)
		hold(t, result)
		if result.Verdict() != Consistent {
			return
		}
		// The canonical form is the same disclosure, unless a number's spelling matters.
		text, err := canonical.Transform(disclosure, canonical.Official)
		require.NoError(t, err)
		require.Equal(t, result, VerifyDisclosure(history, text))
	})
}

// FuzzHistory keeps a true disclosure and changes the history: whatever it says, the fields
// that are shown are those that were sealed.
func FuzzHistory(f *testing.F) {
	r := sealRecord(f, V3)
	disclosure := r.disclose(f, map[int][]string{0: {"/title"}, 1: {"/note"}})
	shown := VerifyDisclosure(r.historyText(f), disclosure).Entries
	f.Add(r.historyText(f))
	f.Add(bytes.ReplaceAll(r.historyText(f), []byte(`"merkleProof":[]`), []byte(`"merkleProof":null`)))
	f.Add([]byte(`{"entries":[{"seq":true},{"seq":1.0}]}`))
	f.Fuzz(func(t *testing.T, history []byte) {
		result := VerifyDisclosure(history, disclosure)
		hold(t, result)
		if result.Verdict() == Consistent {
			require.Equal(t, shown, result.Entries)
		}
	})
}

func FuzzVerifyLinkCopy(f *testing.F) {
	for _, version := range []Version{V2, V3} {
		r := sealRecord(f, version)
		file, err := EncodeLinkCopy(r.historyText(f), r.disclose(f, map[int][]string{0: {"/title"}, 2: everything(2)}))
		require.NoError(f, err)
		f.Add(file)
	}
	f.Add([]byte(`{"schema":"record-link-copy/v1","sealHistory":{"schema":"record-seal-history/v1","entries":[{"seq":[]}]},"disclosure":{"entries":[{"seq":null},{"seq":"0"},{"seq":true}]}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		hold(t, VerifyLinkCopy(file))
	})
}

// FuzzCommit checks that a content that can be sealed is put together again from all of its
// leaves, and that each of them opens.
func FuzzCommit(f *testing.F) {
	for _, content := range testContents {
		f.Add([]byte(content))
	}
	f.Add([]byte(`{"":[],"/":[[]],"~":{"~1":"\ud83d\ude00"},"n":-0.0}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, version := range []Version{V2, V3} {
			c, err := version.Commit(content, filled(1))
			if err != nil {
				return
			}
			entry, err := c.Disclose(0, Hash{})
			require.NoError(t, err)
			entry.Revealed = c.Revealed
			e := disclosedEntry{leaves: entry.Leaves, items: entry.Items, revealed: entry.Revealed}
			recordHash, refusal := e.open(version)
			require.Nil(t, refusal)
			require.Equal(t, c.RecordHash, recordHash)
			var row Entry
			e.show(&row, version)
			want, err := canonical.Transform(content, canonical.Official)
			require.NoError(t, err)
			require.Equal(t, string(want), string(row.Content))
		}
	})
}
