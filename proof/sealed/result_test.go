package sealed

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResultSaysWhatItShowsAndWhatItDoesNot(t *testing.T) {
	t.Parallel()
	r := sealRecord(t, V3)
	result := VerifyDisclosure(r.historyText(t), r.disclose(t, map[int][]string{0: {"/title"}, 2: everything(2)}))

	require.Equal(t, "consistent: 2 of 2 entries checked, 5 fields shown and 4 withheld, ledger not checked", result.String())
	text := result.Text()
	for _, want := range []string{"Entry 1: 1 field shown, 4 withheld", `/title = "Arm 4 paused"`, "Entry 3: 4 fields shown, 0 withheld", "Not checked:", "The ledger was not read"} {
		require.Contains(t, text, want)
	}
	refusal := VerifyDisclosure(r.historyText(t), []byte(`{}`))
	require.Equal(t, "unreadable: This is not a record disclosure this version can read.", refusal.String())
	require.Contains(t, refusal.Text(), "schema: want record-disclosure/v1 or record-disclosure/v2")
	require.EqualError(t, refusal.Err(), "sealed: This is not a record disclosure this version can read. (schema: want record-disclosure/v1 or record-disclosure/v2)")
}

func TestResultJSONHoldsTheOfficialAnswerAndOurs(t *testing.T) {
	t.Parallel()
	r := sealRecord(t, V2)
	result := VerifyDisclosure(r.historyText(t), r.disclose(t, map[int][]string{0: {"/title"}}))
	text, err := json.Marshal(result)
	require.NoError(t, err)
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &members))
	require.Equal(t, `"consistent"`, string(members["verdict"]))
	require.NotEmpty(t, members["limits"])
	delete(members, "verdict")
	delete(members, "limits")
	official, err := json.Marshal(members)
	require.NoError(t, err)
	require.Equal(t, `{"chainCheck":"not-checked","chainCheckNote":"This check covers each shown field up to its record hash and its seal, and compares them with the record's seal history. It does not check the ledger; run @pacspace-io/check for that.","code":null,"entries":[{"seq":0,"status":"checked","fields":[{"pointer":"/title","value":"Arm 4 paused"}],"withheld":4,"content":null,"note":null}],"ok":true,"reason":null,"seq":null}`, string(official))
}

func TestResultIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	versions(t, func(t *testing.T, version Version) {
		r := sealRecord(t, version)
		history, disclosure := r.historyText(t), r.disclose(t, map[int][]string{0: {"/payloads"}, 1: nil, 2: everything(2)})
		first := VerifyDisclosure(history, disclosure)
		for range 10 {
			require.Equal(t, first, VerifyDisclosure(history, disclosure))
			require.Equal(t, disclosure, r.disclose(t, map[int][]string{0: {"/payloads"}, 1: nil, 2: everything(2)}))
		}
	})
}

func TestTextShowsNothingThatATerminalWouldObey(t *testing.T) {
	t.Parallel()
	c, err := V2.Commit([]byte("{\"a\u009b2J\":\"\\u001b[31m\u202e\"}"), Hash{})
	require.NoError(t, err)
	result := &Result{Entries: []Entry{{Checked: true, Shown: []Field{{c.Revealed[0].Pointer, c.Revealed[0].Value}}}}}
	require.Contains(t, result.Text(), `/a\u009b2J = "\u001b[31m\u202e"`)
}
