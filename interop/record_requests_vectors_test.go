package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
)

// recordRequestRules say how our requests about records differ on purpose, beside
// requestRules.
var recordRequestRules = []requestRule{
	{"empty optional fields of a content", "left out, as their absence means the same", func(_ requestInput, official *request, _ request) bool {
		body, _ := official.body.(map[string]any)
		content, _ := body["content"].(map[string]any)
		changed := false
		for _, name := range []string{"kind", "instructedBy", "description", "note", "references"} {
			if v, ok := content[name]; ok && (v == "" || reflect.DeepEqual(v, []any{})) {
				delete(content, name)
				changed = true
			}
		}
		return changed
	}},
	{"headers beside a grant", "kept: the official SDK drops them", func(in requestInput, official *request, _ request) bool {
		headers, _ := in.options()["headers"].(map[string]any)
		if in.Kwargs["grant"] == nil || headers == nil {
			return false
		}
		for name, value := range headers {
			official.header[http.CanonicalHeaderKey(name)], _ = value.(string)
		}
		return true
	}},
}

// recordDifferences are the calls about records that are not sent here, or answered
// otherwise, on purpose.
var recordDifferences = []difference{
	{"records-emit/no-payloads", "refused: record: content.payloads must carry at least 1", "the intake's own rules are asked before anything is sent"},
	{"records-emit/seq-text-kept", "amends.seq: not a whole number", "a seq is a number"},
	{"records-emit/bad-no-entry", "refusal: ", "a reference without an entry has the entry 0, which is no entry either"},
	{"records-emit/bad-entry-*", "refusal: ", "an entry is an int, so what is no whole number cannot be given"},
	{"receipt-entry/*", "refusal: ", "an entry is an int, so what is no whole number cannot be given"},
	{"records-*/bad-*", "refusal: ", "an entry is an int, of which 0 leaves an end of a range open"},
	{"id/*-empty", "record: must not be empty", "without a record it is another path"},
	{"id/*-dot*", `must not be "." or ".."`, "such a name would be another path"},
	{"records-*/record-null", "record: must not be empty", "without a record it is another path"},
	{"grants-create/no-record", "record: must not be empty", "without a record it is another path"},
	{"records-history/list-answer", "result: ", "an answer that is no history is an error"},
	{"records-history/html-answer", "result: ", "an answer that is no history is an error"},
	{"records-history/next-not-a-number", "result: ", "a next page that cannot be found is an error, not an early end"},
	{"records-history/enveloped-answer-kept", "result: ", "a history in an envelope is read like one without"},
	{"not-encrypted/*", "refusal: ", "encrypted records have no methods here; their endpoints are reached by Client.Do"},
	{"open/history-not-an-object", "refusal: ", "a history that is no object is an answer of another form"},
	{"open/access-code-wrong", "refusal: ", "the server's own code is kept beside the kind"},
	{"open/history-refused-html", "refusal: ", "an error without a message has the official fallback of other calls"},
	{"open/history-429", "refusal: ", "the server's own code is kept beside the kind, and it gave none"},
	{"*", "it holds none of the fields that were asked for", "an answer that is no history is an error"},
}

// TestVectorsRecordRequests does for records what TestVectorsRequests does for the rest, and
// compares the codes and sentences of refusals too.
func TestVectorsRecordRequests(t *testing.T) {
	t.Parallel()
	ran, same, refused := 0, 0, 0
	rules, differences := map[string]bool{}, map[difference]bool{}
	for _, v := range load(t, "requests.json") {
		if !strings.HasPrefix(v.Kind, recordCalls) {
			continue
		}
		ran++
		t.Run(v.ID, func(t *testing.T) {
			in, want := read[requestInput](t, v.Input), read[requestExpected](t, v.Expected)
			problems := compareRecordCall(t, in, want, rules)
			for _, problem := range problems {
				d, wanted := recordDifference(v.ID, problem)
				if !wanted {
					t.Error(problem)
				}
				differences[d] = true
			}
			switch {
			case len(problems) > 0:
			case want.Refused != nil:
				refused++
			default:
				same++
			}
		})
	}
	require.NotZero(t, ran)
	t.Logf("%d calls about records: %d as the official SDK's, %d refused with its code and sentence, %d otherwise on purpose", ran, same, refused, ran-same-refused)
	if os.Getenv("PACSPACE_VECTORS") != "" {
		return // other cases need not use all that is listed
	}
	for _, r := range recordRequestRules {
		require.True(t, rules[r.name], "rule %q is never used", r.name)
	}
	for _, d := range recordDifferences {
		require.True(t, differences[d], "difference %q: %q names no case", d.cases, d.problem)
	}
}

func recordDifference(id, problem string) (difference, bool) {
	for _, d := range recordDifferences {
		if d.matches(id, problem) {
			return d, true
		}
	}
	return difference{}, false
}

func compareRecordCall(t *testing.T, in requestInput, want requestExpected, used map[string]bool) []string {
	official := officialRequests(t, want)
	for i := range official {
		header := map[string]string{}
		for name, value := range official[i].header {
			header[http.CanonicalHeaderKey(name)] = value
		}
		official[i].header = header
	}
	result, sent, err := in.play(t)
	if want.Refused != nil || want.Crash != nil {
		if err == nil {
			return []string{"refusal: the official SDK refuses, ours does not"}
		}
		if len(official) != len(sent) {
			return []string{fmt.Sprintf("requests: want %d, got %d", len(official), len(sent))}
		}
		if want.Crash != nil {
			return nil
		}
		return compareRefusal(t, want.Refused, err)
	}
	if len(sent) == 0 && err != nil {
		return []string{"refused: " + err.Error()}
	}
	if len(official) != len(sent) {
		return []string{fmt.Sprintf("requests: want %d, got %d", len(official), len(sent))}
	}
	var problems []string
	for i, o := range official {
		for _, list := range [][]requestRule{requestRules, recordRequestRules} {
			for _, r := range list {
				if r.rewrite != nil && r.rewrite(in, &o, sent[i]) {
					used[r.name] = true
				}
			}
		}
		problems = append(problems, o.differs(sent[i])...)
	}
	if err != nil {
		return append(problems, "result: "+err.Error())
	}
	return append(problems, compareRaw(t, want.Result, result)...)
}

// compareRefusal holds an error against an exception, by code and sentence.
func compareRefusal(t *testing.T, refused json.RawMessage, err error) []string {
	t.Helper()
	want := read[officialError](t, refused)
	code, message := "", err.Error()
	if e, ok := errors.AsType[*record.Error](err); ok {
		code, message = e.Code, e.Message
	} else if e, ok := errors.AsType[*sealed.Refusal](err); ok {
		code, message = string(e.Code), e.Reason
	} else if e, ok := errors.AsType[*pacspace.APIError](err); ok {
		code, message = e.Code, e.Message
	}
	if code != want.Code || message != want.Message {
		return []string{fmt.Sprintf("refusal: want %s %q, got %s %q", want.Code, want.Message, code, message)}
	}
	return nil
}

// compareRaw holds an answer as the service wrote it against the official result.
func compareRaw(t *testing.T, want json.RawMessage, result answered) []string {
	t.Helper()
	got := read[any](t, result.RawJSON())
	official := read[any](t, want)
	wanted, isObject := official.(map[string]any)
	own, _ := got.(map[string]any)
	if !isObject || own == nil {
		return []string{"result: want " + string(want)}
	}
	var problems []string
	for name := range union(wanted, own) {
		if !reflect.DeepEqual(byValue(wanted[name]), byValue(own[name])) {
			problems = append(problems, fmt.Sprintf("result: %s: want %v, got %v", name, wanted[name], own[name]))
		}
	}
	return problems
}

func union(a, b map[string]any) map[string]bool {
	names := map[string]bool{}
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	return names
}
