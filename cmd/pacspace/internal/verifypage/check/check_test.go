package check_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage/check"
	"github.com/pacspace/pacspace-go/proof"
)

const expected = `{"customerId":"customer_acme","resource":"compute-minutes","period":"2026-02","balance":"-15","environment":"live"}`

func TestVerifyTakesWhatTheFormHas(t *testing.T) {
	t.Parallel()
	m := evidence(t, 3, nil)
	own := "referenceId,delta\nusage:customer_acme:2026-02-01,-5\nusage:customer_acme:2026-02-02,-5\nusage:customer_acme:2026-02-03,-5\n"
	ownLines := ""
	for day := range 3 {
		ownLines += fmt.Sprintf("{\"referenceId\":\"usage:customer_acme:2026-02-0%d\",\"delta\":\"-5\"}\n", day+1)
	}
	for name, test := range map[string]struct {
		in   check.Input
		want string
	}{
		"the file alone is consistent":                         {check.Input{Request: []byte(`{}`)}, "consistent: 3 deltas"},
		"with the public record and what is expected verified": {check.Input{Request: []byte(expected), Anchors: []check.Source{m.record(t, 3, -15)}}, "verified: 3 deltas"},
		"the root of the invoice binds it to the invoice":      {check.Input{Request: []byte(`{"root":" ` + m.root.String() + ` "}`)}, "follows from the root printed on the invoice"},
		"another root does not match":                          {check.Input{Request: []byte(`{"root":"0x` + fmt.Sprintf("%064x", 7) + `"}`)}, "does not match: "},
		"another balance does not match":                       {check.Input{Request: []byte(`{"balance":"-16"}`)}, "does not match: "},
		"an own list as CSV shows that all is there":           {check.Input{Request: []byte(expected), Own: source{"own.csv", []byte(own)}}, "complete by the buyer's own deltas"},
		"an own list as JSON lines does so too":                {check.Input{Request: []byte(expected), Own: source{"own.jsonl", []byte(ownLines)}}, "complete by the buyer's own deltas"},
		"a part of it does not":                                {check.Input{Request: []byte(`{"ownPartial":true}`), Own: source{"own.csv", []byte(own)}}, "completeness not shown"},
		"half a root is refused":                               {check.Input{Request: []byte(`{"root":"0x12"}`)}, "the root on the invoice is 0x and 64 hex digits; copy it whole"},
		"an unreadable balance is refused":                     {check.Input{Request: []byte(`{"balance":"five"}`)}, "what you expect cannot be read: "},
		"a month that is none is refused":                      {check.Input{Request: []byte(`{"period":"2026-13"}`)}, "2026-13"},
		"an anchor that is none is refused by name":            {check.Input{Request: []byte(`{}`), Anchors: []check.Source{source{"x.json", []byte("{}")}}}, `the anchor file "x.json": `},
		"an own list that is none is refused by name":          {check.Input{Request: []byte(`{}`), Own: source{"y.csv", nil}}, `your own list "y.csv": `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.in.File = m
			answer := check.Verify(&test.in)
			require.Contains(t, answer.Line, test.want)
			require.Equal(t, answer.Report == nil, answer.Verdict == check.Refused)
			if answer.Report != nil {
				require.Equal(t, answer.Report.Text(), answer.Text)
				require.Equal(t, answer.Report.String(), answer.Line)
			}
		})
	}
}

func TestVerifyTellsFilesApart(t *testing.T) {
	t.Parallel()
	m := evidence(t, 3, nil)
	history, half := disclosure(t)
	link := source{"link.json", fmt.Appendf(nil, `{"schema":"record-link-copy/v1","sealHistory":%s,"disclosure":%s}`, history.content, half.content)}
	for name, test := range map[string]struct {
		in   check.Input
		kind string
		want string
	}{
		"a disclosure with its history":   {check.Input{File: half, History: history}, "record-disclosure/v2", "consistent: 1 of 1 entry checked"},
		"a history with its disclosure":   {check.Input{File: history, History: half}, "record-seal-history/v1", "consistent: 1 of 1 entry checked"},
		"a disclosure alone":              {check.Input{File: half}, "record-disclosure/v2", "one half of what is needed"},
		"a disclosure with evidence":      {check.Input{File: half, History: m}, "record-disclosure/v2", "evidence has no history"},
		"a copy of a link":                {check.Input{File: link}, "record-link-copy/v1", "consistent: 1 of 1 entry checked"},
		"a copy of a link that is cut":    {check.Input{File: source{"link.json", bytes.Replace(link.content, []byte("-50"), []byte("-51"), 1)}}, "record-link-copy/v1", "does not match: "},
		"an anchor":                       {check.Input{File: m.record(t, 3, -15)}, "pacspace-anchor/v1", "this is an anchor"},
		"any other file":                  {check.Input{File: source{"x", []byte("hello")}}, "", "this is none of PacSpace's files"},
		"evidence with a byte order mark": {check.Input{File: source{"x", append([]byte("\xef\xbb\xbf"), m.content...)}}, "", "it begins with a byte order mark; save the file as UTF-8 without one"},
		"an empty file":                   {check.Input{File: source{"x", nil}}, "", "this is none of PacSpace's files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, err := check.Kind(test.in.File)
			require.NoError(t, err)
			require.Equal(t, test.kind, kind)
			require.Contains(t, check.Verify(&test.in).Line, test.want)
		})
	}
}

func TestARefusedDisclosureShowsNoField(t *testing.T) {
	t.Parallel()
	history, half := disclosure(t)
	honest := check.Verify(&check.Input{File: half, History: history})
	require.Equal(t, []check.Fact{{Name: "/amount", Value: `"-50"`}, {Name: "/customerId", Value: `"customer_acme"`}}, honest.Entries[0].Fields)
	half.content = bytes.Replace(half.content, []byte("-50"), []byte("-51"), 1)
	refused := check.Verify(&check.Input{File: half, History: history})
	require.Equal(t, "does not match", refused.Verdict)
	require.Empty(t, refused.Entries)
}

func TestTheEndOfAMonthIsTheStartOfTheNext(t *testing.T) {
	t.Parallel()
	m := evidence(t, 3, nil)
	first := check.Verify(&check.Input{File: m, Request: []byte(expected), Anchors: []check.Source{m.record(t, 3, -15)}})
	kept, err := first.Anchor()
	require.NoError(t, err)
	again := check.Verify(&check.Input{File: m, Request: []byte(expected), Anchors: []check.Source{source{"kept.json", []byte(kept)}}})
	require.Equal(t, "does not match", again.Verdict, "what was billed once is not billed again")
	require.Equal(t, proof.CheckReferences, again.First.Check)
	_, err = again.Anchor()
	require.ErrorIs(t, err, proof.ErrNoAnchor)
	_, err = check.Verify(&check.Input{File: source{}}).Anchor()
	require.Error(t, err)
}

// The page would read a number of JSON in binary64.
func TestAnAnswerHasNoAmountAsANumber(t *testing.T) {
	t.Parallel()
	m := evidence(t, 3, nil)
	answer := check.Verify(&check.Input{File: m, Request: []byte(expected)})
	text, err := json.Marshal(answer)
	require.NoError(t, err)
	require.NotContains(t, string(text), ":-15")
	require.Contains(t, answer.Facts, check.Fact{Name: "Balance as claimed", Value: "-15"})
	require.Equal(t, proof.Consistent, answer.Report.Verdict)
}
