package interop

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// referenceDifferences are the cases in which SummaryReference does otherwise than the
// official SDK on purpose, each with the reason.
var referenceDifferences = map[string]string{
	"delta/true":                                "an amount is a number, not true",
	"customer/13-none":                          "a customer id is a string; the text that Python makes of null is nobody's id",
	"customer/14-5":                             "a customer id is a string, not a number",
	"customer/15-true":                          "a customer id is a string, not true",
	"customer/16-1-5":                           "a customer id is a string, not a number",
	"customer/17-x":                             "a customer id is a string, not a list",
	"start/18-2026-w05-7":                       "the window is of type time.Time; Go's own parser reads no week dates",
	"start/34-2026-02-01t00-00-00-z":            "the window is of type time.Time; Go's own parser takes no space before the zone",
	"start/37-2026-02-01t00-00-00-24-00":        "the window is of type time.Time, and an offset of 24 hours still names an instant",
	"start/39-0001-01-01t00-00-00z":             "the zero time.Time is one that was never set",
	"end/03-2026-02-01t00-00-00-5z":             "windows are compared as instants; Python compares their texts, in which a fraction comes before Z",
	"end/06-2026-02-01t00-00-00-000001z":        "windows are compared as instants; Python compares their texts, in which a fraction comes before Z",
	"window/half-second-start-whole-second-end": "windows are compared as instants; Python takes this one, which ends before it starts",
	"own/own":        "a summary with a referenceId of its own needs no other; give it to DeltaParams",
	"own/own-padded": "a summary with a referenceId of its own needs no other; give it to DeltaParams",
	"own/unicode":    "a summary with a referenceId of its own needs no other; give it to DeltaParams",
}

// summary is what the official coordinator is given. Any field may have any type there.
type summary struct {
	CustomerID  json.RawMessage `json:"customerId"`
	Delta       json.RawMessage `json:"delta"`
	WindowStart json.RawMessage `json:"windowStart"`
	WindowEnd   json.RawMessage `json:"windowEnd"`
	ReferenceID json.RawMessage `json:"referenceId"`
}

// TestVectorsReferenceID holds the automatic referenceId of a summary against that of the
// official SDK.
func TestVectorsReferenceID(t *testing.T) {
	t.Parallel()
	for _, v := range load(t, "reference-id.json") {
		t.Run(v.ID, func(t *testing.T) {
			t.Parallel()
			in := read[struct{ SummaryJSON string }](t, v.Input)
			want := read[struct {
				ReferenceID    string
				Refused, Crash json.RawMessage
			}](t, v.Expected)
			got, err := summaryReference(in.SummaryJSON)
			agrees := err == nil && got == want.ReferenceID
			if want.ReferenceID == "" {
				require.True(t, want.Refused != nil || want.Crash != nil, "a case without an answer")
				agrees = err != nil
			}
			if reason, wanted := referenceDifferences[v.ID]; wanted {
				require.False(t, agrees, "it agrees, so it must not be listed as different: %s", reason)
				return
			}
			require.True(t, agrees, "want %s, got %s: %v", v.Expected, got, err)
		})
	}
}

// summaryReference calls SummaryReference with what a summary says, as far as Go's types
// can say it.
func summaryReference(text string) (string, error) {
	var s summary
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return "", err // such as NaN, which is not JSON
	}
	var own, customer string
	if json.Unmarshal(s.ReferenceID, &own) == nil && strings.TrimSpace(own) != "" {
		return "", fmt.Errorf("the summary has a referenceId of its own")
	}
	if err := jsonString(s.CustomerID, &customer); err != nil {
		return "", fmt.Errorf("customerId: %w", err)
	}
	delta, err := pacspace.ParseDecimal(string(s.Delta)) // a JSON number, by its digits
	if err != nil {
		return "", err
	}
	var window pacspace.Window
	if window.Start, err = instant(s.WindowStart); err != nil {
		return "", fmt.Errorf("windowStart: %w", err)
	}
	if window.End, err = instant(s.WindowEnd); err != nil {
		return "", fmt.Errorf("windowEnd: %w", err)
	}
	return pacspace.SummaryReference(customer, delta, window)
}

// jsonString reads a JSON string and nothing else, null and absence included.
func jsonString(data json.RawMessage, to *string) error {
	if len(data) == 0 || data[0] != '"' {
		return fmt.Errorf("not a string")
	}
	return json.Unmarshal(data, to)
}

// isoLayouts are the forms of ISO 8601 that Go's own parser reads, a fraction of a second
// included.
var isoLayouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02",
	"2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07:00", "2006-01-02T15Z07:00",
	"20060102T150405Z0700", "20060102",
}

// instant reads a time, UTC where it names no zone, as a caller of the helper would have
// to: the helper takes a time.Time.
func instant(data json.RawMessage) (time.Time, error) {
	var text string
	if err := jsonString(data, &text); err != nil {
		return time.Time{}, err
	}
	for _, layout := range isoLayouts {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("not a time: %q", text)
}

// The wanted differences must name cases of our own copy, or nobody would see one vanish.
func TestReferenceDifferencesNameCases(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, v := range load(t, "reference-id.json") {
		ids[v.ID] = true
	}
	for id := range referenceDifferences {
		require.True(t, ids[id], id)
	}
}
