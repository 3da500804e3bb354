package interop

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/webhook"
)

// webhookDifferences are the cases in which the Go SDK answers otherwise on purpose.
var webhookDifferences = map[string]string{
	"headers/list-of-two-second-good": "accepted: several signature headers count as one list, so a rotation's second line is not lost",
	"headers/list-first-empty":        "accepted: an empty line of the list is passed over like an empty part",
	"headers/two-spellings-first-bad": "accepted: names that differ by case are one header in HTTP",
}

// stricter says, per kind of case, why what passes only through Python's parsing (cases
// marked lenient) may be refused here, and with what.
var stricter = map[string]struct {
	reason string
	kind   error
}{
	"timestamp":        {"a timestamp is ASCII digits alone: no sign, space, underscore or other script", webhook.ErrTimestamp},
	"signature-header": {"only ASCII white space is cut off around a signature", webhook.ErrSignature},
	"body":             {"NaN and Infinity are not JSON", webhook.ErrBody},
}

type webhookInput struct {
	Secret    string      `json:"secret"`
	Signature string      `json:"signature"`
	Timestamp string      `json:"timestamp"`
	Headers   [][2]any    `json:"headers"`
	Body      string      `json:"body"`
	Now       json.Number `json:"now"`
	Tolerance *int64      `json:"tolerance"`
	Lenient   bool        `json:"lenient"`
}

type webhookExpected struct {
	EventJSON *string `json:"eventJson"`
	Refused   *struct {
		Message string `json:"message"`
	} `json:"refused"`
	Crash json.RawMessage `json:"crash"`
}

func TestVectorsWebhook(t *testing.T) {
	t.Parallel()
	for _, c := range load(t, "webhook.json") {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			in, want := read[webhookInput](t, c.Input), read[webhookExpected](t, c.Expected)
			event, err := verifyVector(t, in)
			accepted := want.EventJSON != nil
			if reason, differs := webhookDifferences[c.ID]; differs {
				require.NotEqual(t, accepted, err == nil, "listed as a difference (%s), and none: %v", reason, err)
				return
			}
			if rule, ok := stricter[c.Kind]; in.Lenient && err != nil && ok {
				require.ErrorIs(t, err, rule.kind, rule.reason)
				return
			}
			if !accepted {
				require.Error(t, err)
				requireSentinel(t, want, err)
				return
			}
			require.NoError(t, err)
			requireSameEvent(t, *want.EventJSON, event)
		})
	}
}

// verifyVector does what the case did in Python: construct, then verify.
func verifyVector(t *testing.T, in webhookInput) (*webhook.Event, error) {
	tolerance := 300 * time.Second
	if in.Tolerance != nil {
		tolerance = time.Duration(min(*in.Tolerance, math.MaxInt64/int64(time.Second))) * time.Second
	}
	now, err := in.Now.Float64()
	require.NoError(t, err)
	seconds, fraction := math.Modf(now)
	clock := time.Unix(int64(seconds), int64(fraction*1e9))
	v, err := webhook.NewVerifier([]string{in.Secret}, webhook.WithTolerance(tolerance),
		webhook.WithClock(func() time.Time { return clock }))
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	if in.Headers == nil {
		h.Set(webhook.SignatureHeader, in.Signature)
		h.Set(webhook.TimestampHeader, in.Timestamp)
	}
	for _, pair := range in.Headers {
		addHeader(h, pair[0].(string), pair[1])
	}
	return v.Verify([]byte(in.Body), h)
}

// addHeader adds a header as a server would: null is a header that did not come.
func addHeader(h http.Header, name string, value any) {
	switch value := value.(type) {
	case nil:
	case []any:
		for _, v := range value {
			addHeader(h, name, v)
		}
	default:
		h.Add(name, fmt.Sprint(value))
	}
}

// requireSentinel holds the reason of a refusal against that of the official SDK, where
// its message tells one.
func requireSentinel(t *testing.T, want webhookExpected, err error) {
	if want.Refused == nil {
		return // it crashed
	}
	message := want.Refused.Message
	var kinds []error
	switch {
	case strings.HasPrefix(message, "Missing"):
		kinds = []error{webhook.ErrMissing}
	case strings.HasPrefix(message, "Webhook secret"):
		kinds = []error{webhook.ErrInvalid}
	case strings.HasPrefix(message, "Signature mismatch"):
		kinds = []error{webhook.ErrSignature}
	case strings.HasPrefix(message, "Invalid timestamp"):
		kinds = []error{webhook.ErrTimestamp}
	case strings.HasPrefix(message, "Timestamp too old"):
		// It says so of the future too, reads signs that we refuse, and takes a tolerance
		// below zero that we do not.
		kinds = []error{webhook.ErrTooOld, webhook.ErrTooNew, webhook.ErrTimestamp, webhook.ErrInvalid}
	case strings.Contains(message, "payload"):
		kinds = []error{webhook.ErrBody}
	default:
		require.Fail(t, "a refusal that this test does not know", message)
	}
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return
		}
	}
	require.Fail(t, "refused for another reason", "got %v, want %s", err, message)
}

// requireSameEvent compares what was read with what Python read.
func requireSameEvent(t *testing.T, eventJSON string, event *webhook.Event) {
	var want map[string]any
	if err := json.Unmarshal([]byte(eventJSON), &want); err != nil {
		// Python writes a number that overflowed as Infinity; ours stays text.
		require.Contains(t, eventJSON, "Infinity")
		return
	}
	var got map[string]any
	require.NoError(t, json.Unmarshal(event.RawJSON(), &got))
	require.Equal(t, want, got)
	text := func(name string) string { s, _ := want[name].(string); return s }
	require.Equal(t, text("event"), string(event.Type))
	require.Equal(t, text("tenantId"), event.TenantID)
	if id := text("id"); id != "" {
		require.Equal(t, id, event.ID)
	} else {
		require.Regexp(t, `^sha256:[0-9a-f]{64}$`, event.ID)
	}
	if data, ok := want["data"]; ok {
		var own any
		require.NoError(t, json.Unmarshal(event.Data, &own))
		require.Equal(t, data, own)
	}
}
