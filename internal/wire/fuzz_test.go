package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// FuzzAnswer reads any body in every way there is. It must not panic, and must read a
// string as encoding/json does wherever it reads one at all.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"success":true,"data":{"recordId":"r","delta":-5.5,"rows":[{"a":1},{}],"list":["x"],"at":"2026-02-01T00:00:00Z"}}`,
		`{"error":{"message":["a","b"],"code":"C","retryAfterSeconds":"2.5","customerId":"c"}}`,
		`{"statusCode":200,"data":[{"recordId":"\ud83d\ude00"}]}`,
		`{"recordId":"\ud800","recordId":"b\\"}`, `[]`, `"`, "{\"a\":\"\xff\"}", `{"a":[[[]]],"b":{"c":{}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		failure := wire.ReadFailure(body)
		if failure.RetryAfter < 0 {
			t.Fatalf("a negative wait: %v", failure.RetryAfter)
		}
		wire.Pending(202, body)
		a, err := wire.Unwrap(body)
		if err != nil {
			return
		}
		o, err := a.Object("rows")
		if err != nil {
			return
		}
		read := o.String("recordId")
		if o.Err() == nil && read != "" {
			var want map[string]json.RawMessage
			var text string
			if json.Unmarshal([]byte(a.Payload), &want) == nil && json.Unmarshal(want["recordId"], &text) == nil && text != read {
				t.Fatalf("read %q, encoding/json reads %q", read, text)
			}
		}
		for _, name := range []string{"rows", "list", "a", "b", "delta", "at", "data"} {
			o.Decimal(name)
			o.Int(name)
			o.Bool(name)
			o.Time(name)
			o.Text(name)
			o.Strings(name)
			if raw := o.Raw(name); raw != nil && !json.Valid(raw) {
				t.Fatalf("%s is %q, which is not JSON", name, raw)
			}
			o.Object(name).Object("c").String("d")
			for row := range o.Array(name) {
				row.String("a")
				row.Object("c")
			}
		}
	})
}
