package interop

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// errorInput is a scripted run of one method.
type errorInput struct {
	Call       string          `json:"call"`
	MaxRetries *int            `json:"maxRetries"`
	Responses  []scriptedReply `json:"responses"`

	// Of kind client.
	APIKey     string                     `json:"apiKey"`
	Options    map[string]json.RawMessage `json:"options"`
	ClosedWith *string                    `json:"closedWith"`
}

type scriptedReply struct {
	NetworkError *string           `json:"networkError"`
	Status       int               `json:"status"`
	Headers      map[string]string `json:"headers"`
	Body         string            `json:"body"`
}

type errorExpected struct {
	Attempts int             `json:"attempts"`
	Delays   []json.Number   `json:"delays"`
	Error    *officialError  `json:"error"`
	Result   json.RawMessage `json:"result"`
	Refused  *officialError  `json:"refused"`
	Crash    json.RawMessage `json:"crash"`

	Usage *struct {
		URL       string  `json:"url"`
		ChainID   *string `json:"chainIdHeader"`
		TimeoutMs int     `json:"timeoutMs"`
	} `json:"usage"`
}

// officialError is an exception of the official SDK.
type officialError struct {
	Class        string          `json:"class"`
	Code         string          `json:"code"`
	Message      string          `json:"message"`
	Status       int             `json:"status"`
	RetryAfter   *json.Number    `json:"retryAfter"`
	RetryAfterMs *json.Number    `json:"retryAfterMs"`
	CustomerID   *string         `json:"customerId"`
	APIBody      json.RawMessage `json:"apiBody"`
}

// TestVectorsErrors holds the client's errors, retries, waits and results against those of
// the official Python SDK. errorDifferences are the cases in which it does otherwise on
// purpose.
func TestVectorsErrors(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, v := range load(t, "errors.json") {
		reason, different := errorDifferences[v.ID]
		used[v.ID] = different
		t.Run(v.ID, func(t *testing.T) {
			in, want := read[errorInput](t, v.Input), read[errorExpected](t, v.Expected)
			var problem string
			if v.Kind == "client" {
				problem = compareClient(t, in, want)
			} else {
				synctest.Test(t, func(t *testing.T) { problem = compareRun(t, in, want) })
			}
			switch {
			case different && problem == "":
				t.Errorf("agrees, so it must not be listed as different: %s", reason)
			case !different && problem != "":
				t.Error(problem)
			}
		})
	}
	for id := range errorDifferences {
		require.True(t, used[id], "difference %q names no case", id)
	}
}

// script answers requests in order, the last answer for ever, and notes when they came.
type script struct {
	replies []scriptedReply
	times   []time.Time
	last    *http.Request
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.last = r
	s.times = append(s.times, time.Now())
	next := s.replies[min(len(s.times), len(s.replies))-1]
	if next.NetworkError != nil {
		return nil, errors.New(*next.NetworkError)
	}
	resp := &http.Response{
		StatusCode: next.Status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(next.Body)), ContentLength: int64(len(next.Body)),
	}
	for name, value := range next.Headers {
		resp.Header.Set(name, value)
	}
	return resp, nil
}

// run plays a case against the client and gives the raw result.
func run(t *testing.T, s *script, in errorInput, opts ...pacspace.CallOption) (json.RawMessage, error) {
	t.Helper()
	clientOpts := []pacspace.Option{pacspace.WithHTTPClient(&http.Client{Transport: s})}
	if in.MaxRetries != nil {
		clientOpts = append(clientOpts, pacspace.WithMaxRetries(*in.MaxRetries))
	}
	client, err := pacspace.New("pk_test_demo", clientOpts...)
	if err != nil {
		return nil, err
	}
	ctx := t.Context()
	switch in.Call {
	case "balance.usage":
		r, err := client.Balance.Usage(ctx, opts...)
		if err != nil {
			return nil, err
		}
		return r.RawJSON(), nil
	case "balance.emit":
		// The official SDK sends no Idempotency-Key of its own and repeats all the same;
		// this one repeats only with one.
		p := pacspace.DeltaParams{CustomerID: "c", Delta: pacspace.NewDecimal(-1), Reason: "u", ReferenceID: "r"}
		d, err := client.Balance.Emit(ctx, p, opts...)
		if err != nil {
			return nil, err
		}
		return d.RawJSON(), nil
	case "verify":
		r, err := client.Public.Verify(ctx, "0xroot", "", opts...)
		if err != nil {
			return nil, err
		}
		return r.RawJSON(), nil
	}
	t.Fatalf("no method for %s", in.Call)
	return nil, nil
}

// compareRun says what differs, empty where nothing does.
func compareRun(t *testing.T, in errorInput, want errorExpected) string {
	s := &script{replies: in.Responses}
	result, err := run(t, s, in)
	switch {
	case want.Crash != nil:
		if err == nil {
			return "the official SDK breaks here, ours gives a result"
		}
		return "" // any error of ours is better than a crash
	case want.Error == nil && want.Refused == nil:
		if err != nil {
			return "want a result, got " + err.Error()
		}
		if !sameJSON(t, want.Result, result) {
			return "want the result " + string(want.Result) + ", got " + string(result)
		}
	case err == nil:
		return "want an error, got " + string(result)
	case want.Refused != nil:
		return ""
	default:
		if p := compareError(t, *want.Error, err); p != "" {
			return p
		}
	}
	if len(s.times) != want.Attempts {
		return "attempts: want " + jsonText(want.Attempts) + ", got " + jsonText(len(s.times))
	}
	return compareWaits(t, want, s.times)
}

// compareWaits holds each wait against the official one: without jitter, and without
// the bound of 5 seconds, the two are equal.
func compareWaits(t *testing.T, want errorExpected, times []time.Time) string {
	for i, d := range want.Delays {
		seconds, err := d.Float64()
		require.NoError(t, err)
		official := time.Duration(seconds * float64(time.Second))
		got := times[i+1].Sub(times[i])
		low, high := official/2, official
		if official != 500*time.Millisecond<<i { // asked for by the service
			low, high = official, official+official/10
		} else if official >= time.Second { // may have been asked for
			high += official / 10
		}
		const bound = 5 * time.Second
		if high > bound {
			low, high = min(low, bound-bound/10), bound
		}
		if got < low || got > high {
			return "wait " + jsonText(i+1) + ": want " + low.String() + " to " + high.String() + ", got " + got.String()
		}
	}
	return ""
}

// compareError holds an error of ours against the official one: its kind, message,
// status, wait, customer and body.
func compareError(t *testing.T, want officialError, err error) string {
	var (
		api  *pacspace.APIError
		lost *pacspace.TransportError
		odd  *pacspace.DecodeError
	)
	got := officialError{Message: err.Error()}
	switch {
	case errors.As(err, &odd):
		got = officialError{Code: "API_ERROR", Message: "Unexpected response format", Status: odd.StatusCode}
	case errors.As(err, &lost):
		got = officialError{Code: "NETWORK_ERROR", Message: "Network error: " + lost.Err.Error()}
	case errors.As(err, &api):
		got = official(t, api)
		if p := compareBody(t, want, api); p != "" {
			return p
		}
		if want.RetryAfter != nil || api.Kind == pacspace.KindRateLimited || api.Kind == pacspace.KindUnavailable {
			if p := compareSeconds(t, want.RetryAfter, api.RetryAfter, time.Second); p != "" {
				return p
			}
		}
		if limit, ok := errors.AsType[*pacspace.CadenceLimitError](err); ok {
			if p := compareSeconds(t, want.RetryAfterMs, limit.RetryAfter, time.Millisecond); p != "" {
				return p
			}
			if customer := limit.CustomerID; (want.CustomerID == nil) != (customer == "") || want.CustomerID != nil && *want.CustomerID != customer {
				return "customer: got " + customer
			}
		}
	}
	if got.Code != want.Code || got.Message != want.Message || got.Status != want.Status {
		return "want " + want.Code + " " + jsonText(want.Status) + " " + want.Message + ", got " + got.Code + " " + jsonText(got.Status) + " " + got.Message
	}
	return ""
}

// official is what the official SDK makes of an answer: a fixed code for some statuses,
// the server's for the others, its own where there is none.
func official(t *testing.T, e *pacspace.APIError) officialError {
	t.Helper()
	code := string(e.Kind)
	if e.Kind == pacspace.KindOther || e.Kind == pacspace.KindValidation {
		if e.Code != "" {
			code = e.Code
		}
	}
	return officialError{Code: code, Message: e.Message, Status: e.StatusCode}
}

// compareBody wants the object that the error came in to be readable from ours.
func compareBody(t *testing.T, want officialError, e *pacspace.APIError) string {
	if want.APIBody == nil {
		return ""
	}
	body := json.RawMessage(e.Body())
	var outer struct{ Error json.RawMessage }
	if json.Unmarshal(body, &outer) == nil && strings.HasPrefix(strings.TrimSpace(string(outer.Error)), "{") {
		body = outer.Error
	}
	if !sameJSON(t, want.APIBody, body) {
		return "body: want " + string(want.APIBody) + ", got " + string(body)
	}
	return ""
}

// compareSeconds holds a wait against one in whole units, where absent and 0 are one.
func compareSeconds(t *testing.T, want *json.Number, got, unit time.Duration) string {
	whole := int64(0)
	if want != nil {
		f, err := want.Float64()
		require.NoError(t, err)
		whole = int64(math.Min(f, float64(math.MaxInt64/unit)))
	}
	if int64(got/unit) != whole {
		return "wait: want " + jsonText(whole) + " of " + unit.String() + ", got " + got.String()
	}
	return ""
}

// compareClient holds a constructor against the official one.
func compareClient(t *testing.T, in errorInput, want errorExpected) string {
	s := &script{replies: []scriptedReply{{Status: 200, Body: `{"success":true,"data":{"allowed":true}}`}}}
	opts := []pacspace.Option{pacspace.WithHTTPClient(&http.Client{Transport: s})}
	for name, value := range in.Options {
		switch name {
		case "base_url":
			opts = append(opts, pacspace.WithBaseURL(read[string](t, value)))
		case "timeout":
			opts = append(opts, pacspace.WithAttemptTimeout(time.Duration(read[int64](t, value))*time.Millisecond))
		default:
			return "no such option: " + name
		}
	}
	client, err := pacspace.New(in.APIKey, opts...)
	if err == nil && in.ClosedWith != nil {
		require.NoError(t, client.Close())
	}
	if err == nil {
		_, err = client.Balance.Usage(context.Background())
	}
	switch {
	case want.Refused != nil && err == nil:
		return "want a refusal"
	case want.Refused != nil:
		return ""
	case err != nil:
		return "want a client, got " + err.Error()
	}
	chain := ""
	if want.Usage.ChainID != nil {
		chain = *want.Usage.ChainID
	}
	if got := s.last.URL.String(); got != want.Usage.URL {
		return "URL: want " + want.Usage.URL + ", got " + got
	}
	if got := s.last.Header.Get("X-Chain-Id"); got != chain {
		return "chain: want " + chain + ", got " + got
	}
	return ""
}

// sameJSON compares JSON by value, numbers by theirs.
func sameJSON(t *testing.T, a, b json.RawMessage) bool {
	t.Helper()
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// errorDifferences are the cases in which this SDK does otherwise on purpose, each with
// the reason.
var errorDifferences = map[string]string{
	"status/425-nested":                             "425 is retried: the service says that it was too early, not that it refused",
	"status/425-empty":                              "425 is retried: the service says that it was too early, not that it refused",
	"sequence/425-not-retried-get":                  "425 is retried: the service says that it was too early, not that it refused",
	"sequence/425-not-retried-post":                 "425 is retried: the service says that it was too early, not that it refused",
	"retry-after/429-09-2-5":                        "a Retry-After header with a fraction is read",
	"retry-after/429-10-5-0":                        "a Retry-After header with a fraction is read",
	"retry-after/429-11-1e1":                        "a Retry-After header with a fraction is read",
	"retry-after/503-09-2-5":                        "a Retry-After header with a fraction is read",
	"retry-after/503-10-5-0":                        "a Retry-After header with a fraction is read",
	"retry-after/503-11-1e1":                        "a Retry-After header with a fraction is read",
	"retry-after/429-15-5-0":                        "a Retry-After header is read in ASCII digits alone, without underscores or other scripts",
	"retry-after/429-21-x":                          "a Retry-After header is read in ASCII digits alone, without underscores or other scripts",
	"retry-after/503-15-5-0":                        "a Retry-After header is read in ASCII digits alone, without underscores or other scripts",
	"retry-after/503-21-x":                          "a Retry-After header is read in ASCII digits alone, without underscores or other scripts",
	"retry-after/429-17-wed-21-oct-2026":            "a Retry-After header with a date is read",
	"retry-after/429-18-wed-21-oct-2015":            "a Retry-After header with a date is read",
	"retry-after/503-17-wed-21-oct-2026":            "a Retry-After header with a date is read",
	"retry-after/503-18-wed-21-oct-2015":            "a Retry-After header with a date is read",
	"retry-after/500-not-read":                      "Retry-After counts whatever the status that carries it",
	"retry-after/408-not-read":                      "Retry-After counts whatever the status that carries it",
	"random/01":                                     "Retry-After counts whatever the status that carries it",
	"random/04":                                     "Retry-After counts whatever the status that carries it",
	"random/16":                                     "Retry-After counts whatever the status that carries it",
	"random/38":                                     "Retry-After counts whatever the status that carries it",
	"retry-after-body/429-nested-03-2-5":            "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/429-flat-03-2-5":              "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/503-nested-03-2-5":            "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/429-nested-04-0-5":            "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/429-flat-04-0-5":              "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/503-nested-04-0-5":            "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/429-nested-05-0-999":          "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/429-flat-05-0-999":            "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/503-nested-05-0-999":          "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/429-nested-08-2-5":            "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/429-flat-08-2-5":              "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/503-nested-08-2-5":            "a wait with a fraction is kept whole, not rounded down",
	"retry-after-body/429-nested-12-true":           "true is no number of seconds",
	"retry-after-body/429-flat-12-true":             "true is no number of seconds",
	"retry-after-body/503-nested-12-true":           "true is no number of seconds",
	"retry-after-body/cadence-12-true":              "true is no number of seconds",
	"retry-after-body/cadence-22-nan":               "NaN is not JSON, so the body says nothing",
	"retry-after-body/429-nested-26-1-0":            "an underscore belongs to no number",
	"retry-after-body/429-flat-26-1-0":              "an underscore belongs to no number",
	"retry-after-body/503-nested-26-1-0":            "an underscore belongs to no number",
	"retry-after-body/cadence-26-1-0":               "an underscore belongs to no number",
	"retry-after-body/outer-not-read-beside-nested": "a wait or a customer beside the nested error is read too",
	"cadence/customer-outer":                        "a wait or a customer beside the nested error is read too",
	"sequence/302-not-followed-get":                 "a read follows a redirect on its own host",
	"max-retries/-1-500":                            "a negative number of retries is refused when the client is made",
	"max-retries/-1-network":                        "a negative number of retries is refused when the client is made",
	"pending/202-flat":                              "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"pending/202-nested":                            "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"pending/200-flat":                              "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"pending/200-nested":                            "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"pending/201-nested":                            "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"pending/202-with-status":                       "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"pending/202-nested-more-fields":                "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"pending/202-header-not-read":                   "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"random/02":                                     "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"random/13":                                     "a write in progress is asked for again with its key, then ErrIdempotencyPending: it is no result",
	"random/07":                                     "a 2xx that cannot be read is an error, not an empty result",
	"random/26":                                     "a 2xx that cannot be read is an error, not an empty result",
	"random/31":                                     "a 2xx that cannot be read is an error, not an empty result",
	"success/200-data-null":                         "a 2xx that cannot be read is an error, not an empty result",
	"success/200-null":                              "a 2xx that cannot be read is an error, not an empty result",
	"success/200-empty":                             "a 2xx that cannot be read is an error, not an empty result",
	"success/201-empty":                             "a 2xx that cannot be read is an error, not an empty result",
	"success/200-html":                              "a 2xx that cannot be read is an error, not an empty result",
	"success/200-truncated":                         "a 2xx that cannot be read is an error, not an empty result",
	"success/204-empty":                             "a 2xx that cannot be read is an error, not an empty result",
	"success/200-data-list":                         "a typed method takes an object; client.Do gives any JSON",
	"success/200-data-number":                       "a typed method takes an object; client.Do gives any JSON",
	"success/200-list":                              "a typed method takes an object; client.Do gives any JSON",
	"success/public-no-data":                        "an answer without a field that was asked for is an error, not an empty result",
	"success/public-bare-object":                    "an answer without a field that was asked for is an error, not an empty result",
	"success/200-history-bundle-v1":                 "an answer without a field that was asked for is an error, not an empty result",
	"success/public-success-false":                  "a 2xx that tells of a failure is an error",
	"success/public-error-in-200":                   "a 2xx that tells of a failure is an error",
	"pending/202-data":                              "a status is kept as the service wrote it",
	"success/200-status-lower":                      "a status is kept as the service wrote it",
	"success/200-status-unknown":                    "a status is kept as the service wrote it",
	"success/200-status-null":                       "a status is kept as the service wrote it",
	"success/200-status-in-metadata":                "a status is kept as the service wrote it",
	"success/200-status-number":                     "a status is kept as the service wrote it",
	"client/empty-base-url":                         "an empty base URL is refused, since it is a mistake more often than a wish",
	"client/test-sandbox-url":                       "one address for both environments: WithBaseURL alone",
	"client/live-sandbox-url":                       "one address for both environments: WithBaseURL alone",
	"client/live-production-url":                    "one address for both environments: WithBaseURL alone",
	"client/test-production-url":                    "one address for both environments: WithBaseURL alone",
	"client/other-key":                              "one address for both environments: WithBaseURL alone",
	"client/upper-scheme":                           "the scheme is written in lower case, as RFC 3986 has it",
	"client/timeout-zero":                           "no time for an attempt is refused when the client is made",
	"client/sub-daily-needs-enterprise":             "summaries are submitted by package metering, not by the client",
	"client/cadence-zero":                           "summaries are submitted by package metering, not by the client",
}
