package faults_test

import (
	"context"
	"net/http"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// waitScenes are the ways in which a service asks for a wait. Every wait is bounded by 5
// seconds, whatever is asked.
func waitScenes() []scene {
	const slow = `{"message":"slow down"}`
	header := func(values ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(values); i += 2 {
			h[values[i]] = []string{values[i+1]}
		}
		return h
	}
	at := func(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
	noon := time.Date(2000, time.January, 1, 12, 0, 0, 0, time.UTC)
	midnight := time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) // when a bubble's clock starts

	var list []scene
	for _, w := range []struct {
		name        string
		header      http.Header
		body        string
		least, most time.Duration
	}{
		{"no wait", nil, slow, 250 * time.Millisecond, oneWait},
		{"seconds", header("Retry-After", "2"), slow, 2 * time.Second, 2200 * time.Millisecond},
		{"seconds with a fraction", header("Retry-After", "1.5"), slow, 1500 * time.Millisecond, 1650 * time.Millisecond},
		{"a date by the service's clock", header("Date", at(noon), "Retry-After", at(noon.Add(3*time.Second))), slow, 3 * time.Second, 3300 * time.Millisecond},
		{"a date where the service tells no time", http.Header{"Date": nil, "Retry-After": {at(midnight.Add(3 * time.Second))}}, slow, 3 * time.Second, 3300 * time.Millisecond},
		{"a date that is over", header("Date", at(noon), "Retry-After", at(noon.Add(-time.Hour))), slow, 250 * time.Millisecond, oneWait},
		{"a date far off", header("Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"), slow, 4500 * time.Millisecond, 5 * time.Second},
		{"a date that is none", header("Retry-After", "Fri, 32 Dec 9999"), slow, 250 * time.Millisecond, oneWait},
		{"negative seconds", header("Retry-After", "-5"), slow, 250 * time.Millisecond, oneWait},
		{"no seconds", header("Retry-After", "0"), slow, 250 * time.Millisecond, oneWait},
		{"a day", header("Retry-After", "86400"), slow, 4500 * time.Millisecond, 5 * time.Second},
		{"more seconds than an int64 holds", header("Retry-After", "99999999999999999999"), slow, 250 * time.Millisecond, 5 * time.Second},
		{"a word", header("Retry-After", "soon"), slow, 250 * time.Millisecond, oneWait},
		{"a body that says another wait than the header", header("Retry-After", "4"), `{"retryAfterSeconds":1}`, time.Second, 1100 * time.Millisecond},
		{"a body that says it in text", header("Retry-After", "4"), `{"error":{"retryAfterSeconds":"1"}}`, time.Second, 1100 * time.Millisecond},
		{"a body that says no wait", header("Retry-After", "4"), `{"retryAfterSeconds":0}`, 250 * time.Millisecond, oneWait},
		{"a body that says nonsense", header("Retry-After", "2"), `{"retryAfterSeconds":{}}`, 2 * time.Second, 2200 * time.Millisecond},
	} {
		list = append(list, scene{
			fault: "429 with " + w.name, call: "emit",
			arrange: fails(sandbox.Fault{Status: 429, Header: w.header, Body: []byte(w.body)}),
			want:    want{attempts: 2, recorded: 1, atLeast: w.least, within: w.most},
		})
	}
	return append(list,
		scene{
			fault: "503 with seconds", call: "derive",
			arrange: fails(sandbox.Fault{Status: 503, RetryAfter: 3}),
			want:    want{attempts: 2, atLeast: 3 * time.Second, within: 3300 * time.Millisecond},
		},
		scene{
			fault: "a wait that is longer than the deadline", call: "emit", deadline: 2 * time.Second,
			arrange: fails(sandbox.Fault{Status: 429, RetryAfter: 4, Times: -1}),
			want: want{attempts: 1, fails: true, status: 429, code: "RATE_LIMITED",
				is: []error{pacspace.ErrRateLimited, context.DeadlineExceeded}, within: 0},
		},
		scene{
			fault: "a deadline between two waits", call: "emit", deadline: time.Second,
			longest: true,
			arrange: fails(sandbox.Fault{Status: 503, Times: -1, Body: []byte(`{}`)}),
			want: want{attempts: 2, fails: true, unknown: true, status: 503,
				is: []error{pacspace.ErrUnavailable, context.DeadlineExceeded}, within: time.Second},
		},
		scene{
			fault: "the customer is written to too often", call: "emit",
			arrange: func(r *rig) { r.box.SetCadence(sandbox.Test, "acme", time.Hour) },
			want: want{attempts: 1, fails: true, status: 429, code: "CADENCE_LIMIT",
				is: []error{pacspace.ErrCadenceLimit, pacspace.ErrRateLimited}},
			then: func(r *rig, err error) {
				var c *pacspace.CadenceLimitError
				require.ErrorAs(r, err, &c)
				require.Equal(r, "acme", c.CustomerID)
				require.Equal(r, time.Hour, c.RetryAfter)
			},
		},
	)
}
