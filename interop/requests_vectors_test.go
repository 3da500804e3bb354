package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// requestInput is one call of the official SDK.
type requestInput struct {
	APIKey    string          `json:"apiKey"`
	Client    map[string]any  `json:"client"`
	Call      string          `json:"call"`
	Args      []any           `json:"args"`
	Kwargs    map[string]any  `json:"kwargs"`
	Responses []scriptedReply `json:"responses"`
	Now       string          `json:"now"`
}

// requestExpected is what the official SDK made of it.
type requestExpected struct {
	Requests []struct {
		Method, Target string
		Headers        map[string]string
		Body           json.RawMessage
	} `json:"requests"`
	Result         json.RawMessage `json:"result"`
	Refused, Crash json.RawMessage
}

// recordCalls is the group of calls that this test leaves to that of sealed records.
const recordCalls, recordCases = "records.", 130

// TestVectorsRequests holds what each call sends against what the official SDK sends:
// method, path to the byte, query, headers and body by their values. requestRules say how
// our requests differ on purpose, requestDifferences which calls are not sent or are
// answered otherwise; anything else fails.
func TestVectorsRequests(t *testing.T) {
	t.Parallel()
	all := append(load(t, "requests.json"), ownCases(t)...)
	records, ran, differ, otherwise := 0, 0, 0, 0
	rules, differences := map[string]bool{}, map[difference]bool{}
	for _, v := range all {
		if strings.HasPrefix(v.Kind, recordCalls) {
			records++
			continue
		}
		ran++
		t.Run(v.ID, func(t *testing.T) {
			in, want := read[requestInput](t, v.Input), read[requestExpected](t, v.Expected)
			problems := compareCall(t, in, want, rules)
			for _, problem := range problems {
				if strings.HasPrefix(problem, "result: ") {
					otherwise++
				} else {
					differ++
				}
				d, wanted := wantedDifference(v.ID, problem)
				if !wanted {
					t.Error(problem)
				}
				differences[d] = true
			}
		})
	}
	require.Equal(t, len(all), ran+records)
	require.NotZero(t, ran)
	t.Logf("%d calls, %d of them beside the vectors: %d requests are as wanted, %d are not sent on purpose; %d answers are read otherwise on purpose; %d calls of sealed records are not here",
		ran, len(ownCases(t)), ran-differ, differ, otherwise, records)
	if os.Getenv("PACSPACE_VECTORS") != "" {
		return // other cases need not use all that is listed
	}
	require.Equal(t, recordCases, records, "cases of sealed records, which have a test of their own")
	for _, r := range requestRules {
		require.True(t, rules[r.name], "rule %q is never used", r.name)
	}
	for _, d := range requestDifferences {
		require.True(t, differences[d], "difference %q: %q names no case", d.cases, d.problem)
	}
}

// compareCall makes a call and says all that differs from the official one.
func compareCall(t *testing.T, in requestInput, want requestExpected, used map[string]bool) []string {
	official := officialRequests(t, want)
	if id, ok := in.customer(); ok && !documentedID(id) {
		// Refused before sending. All else must be as in the official request.
		_, sent, err := in.play(t)
		if err == nil || len(sent) > 0 || !strings.Contains(err.Error(), "customerId") {
			return []string{fmt.Sprintf("customer %q: want a refusal, got %v", id, err)}
		}
		used[customerRule] = true
		for i := range official {
			official[i].rename(id)
		}
		in.rename(plainID)
	}
	result, sent, err := in.play(t)
	if len(sent) == 0 && err != nil {
		if len(official) == 0 {
			return nil // both refuse
		}
		return []string{"refused: " + err.Error()}
	}
	if len(official) != len(sent) {
		return []string{fmt.Sprintf("requests: want %d, got %d", len(official), len(sent))}
	}
	var problems []string
	for i, o := range official {
		ours := sent[i]
		for _, r := range requestRules {
			if r.rewrite != nil && r.rewrite(in, &o, ours) {
				used[r.name] = true
			}
		}
		problems = append(problems, o.differs(ours)...)
	}
	return append(problems, compareResult(t, want, result, err)...)
}

// request is a request by its values.
type request struct {
	method, path string
	query        url.Values
	header       map[string]string
	body         any
}

func officialRequests(t *testing.T, want requestExpected) []request {
	var list []request
	for _, r := range want.Requests {
		path, query, _ := strings.Cut(r.Target, "?")
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		list = append(list, request{r.Method, path, values, r.Headers, read[any](t, r.Body)})
	}
	return list
}

// differs compares two requests, numbers of their bodies by their values.
func (r request) differs(ours request) []string {
	var problems []string
	for _, part := range []struct {
		name      string
		want, got any
	}{
		{"method", r.method, ours.method},
		{"path", r.path, ours.path},
		{"query", r.query, ours.query},
		{"headers", r.header, ours.header},
		{"body", byValue(r.body), byValue(ours.body)},
	} {
		if !reflect.DeepEqual(part.want, part.got) {
			problems = append(problems, fmt.Sprintf("%s: want %v, got %v", part.name, part.want, part.got))
		}
	}
	return problems
}

// byValue writes each number as one text, so that 1e2 and 100.0 are equal.
func byValue(v any) any {
	switch v := v.(type) {
	case json.Number:
		if d, err := pacspace.ParseDecimal(v.String()); err == nil {
			return json.Number(d.String())
		}
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = byValue(element)
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, value := range v {
			object[name] = byValue(value)
		}
		return object
	}
	return v
}

// answered is a result of ours: its typed fields and all that the service wrote.
type answered interface{ RawJSON() json.RawMessage }

// compareResult holds what a call returned against the official result: each of its
// fields in our typed one, or in the raw one where there is no typed field.
func compareResult(t *testing.T, want requestExpected, result answered, err error) []string {
	if want.Refused != nil || want.Crash != nil {
		if err == nil {
			return []string{"result: the official SDK gives an error, ours none"}
		}
		return nil
	}
	if err != nil {
		return []string{"result: " + err.Error()}
	}
	typed, marshalErr := json.Marshal(result)
	require.NoError(t, marshalErr)
	fields, isObject := read[any](t, want.Result).(map[string]any)
	if !isObject {
		return []string{"result: want " + string(want.Result)}
	}
	own, raw := read[map[string]any](t, typed), read[map[string]any](t, result.RawJSON())
	var problems []string
	for name, value := range fields {
		got, ok := own[name]
		if !ok {
			got = raw[name]
		}
		if !sameField(name, byValue(value), byValue(got)) {
			problems = append(problems, fmt.Sprintf("result: %s: want %v, got %v", name, value, got))
		}
	}
	return problems
}

// sameField compares two values of a result. The official SDK writes each status in
// capitals; ours keeps it as sent and compares it without regard to case.
func sameField(name string, want, got any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return false
		}
		for name, value := range want {
			if !sameField(name, value, object[name]) {
				return false
			}
		}
		return true
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return false
		}
		for i := range want {
			if !sameField("", want[i], list[i]) {
				return false
			}
		}
		return true
	case string:
		if text, ok := got.(string); ok && name == "status" {
			return strings.EqualFold(want, text)
		}
	}
	return reflect.DeepEqual(want, got)
}

// player answers requests in order, the last answer for ever, and keeps the requests.
type player struct {
	t       *testing.T
	replies script
	sent    []request
}

func (p *player) RoundTrip(r *http.Request) (*http.Response, error) {
	// The target as it stands on the wire.
	path, query, _ := strings.Cut(r.URL.RequestURI(), "?")
	values, err := url.ParseQuery(query)
	require.NoError(p.t, err)
	ours := request{r.Method, path, values, map[string]string{}, nil}
	for name, list := range r.Header {
		require.Len(p.t, list, 1)
		ours.header[name] = list[0]
	}
	require.True(p.t, strings.HasPrefix(ours.header["User-Agent"], "pacspace-go/"))
	delete(ours.header, "User-Agent")
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		require.NoError(p.t, err)
		ours.body = read[any](p.t, body)
	}
	p.sent = append(p.sent, ours)
	return p.replies.RoundTrip(r)
}

// play makes the call with our client.
func (in requestInput) play(t *testing.T) (answered, []request, error) {
	call, known := calls[in.Call]
	if !known {
		call, known = callsOfRecords[in.Call]
	}
	require.True(t, known, "no translation of %s", in.Call)
	p := &player{t: t, replies: script{replies: in.Responses}}
	g := &said{}
	opts := []pacspace.Option{pacspace.WithHTTPClient(&http.Client{Transport: p}), pacspace.WithMaxRetries(0)}
	if id := in.Client["chain_id"]; id != nil {
		opts = append(opts, pacspace.WithChainID(g.whole("chainId", id)))
	}
	if id := in.Client["credit_pool_id"]; id != nil {
		opts = append(opts, pacspace.WithCreditPool(fmt.Sprint(id)))
	}
	client, err := pacspace.New(in.APIKey, opts...)
	if err := errors.Join(g.err, err); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	result, err := call(ctx, client, in, g)
	return result, p.sent, err
}

var documented = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)

// documentedID tells whether an id may be a customer's by the service's documents, and
// can stand in a path.
func documentedID(id string) bool { return documented.MatchString(id) && id != "." && id != ".." }

// plainID takes the place of a customer id that is refused.
const plainID = "customer_plain"

// rename puts plainID in the place of a customer id: the last element of the path, or a
// field of the body or of the query.
func (r *request) rename(id string) {
	if at := strings.LastIndexByte(r.path, '/'); r.path[at+1:] == pythonQuote(id) {
		r.path = r.path[:at+1] + plainID
	}
	if r.query.Has("customerId") {
		r.query.Set("customerId", plainID)
	}
	if body, ok := r.body.(map[string]any); ok && body["customerId"] == id {
		body["customerId"] = plainID
	}
}

// pythonQuote escapes all but letters, digits and _.-~, as the official SDK does.
func pythonQuote(id string) string {
	var b bytes.Buffer
	for _, c := range []byte(id) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.-~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
