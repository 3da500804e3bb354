package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// requestRule is one way in which our requests differ from the official ones on purpose.
// rewrite makes of an official request the one that is wanted here and tells whether it
// changed anything.
type requestRule struct {
	name, reason string
	rewrite      func(in requestInput, official *request, ours request) bool
}

// customerRule is applied where a call is made, not where requests are compared.
const customerRule = "customer id outside the documented letters"

var requestRules = []requestRule{
	{"customer id outside the documented letters", "refused before sending: 1 to 128 letters, digits and _ - . : and not . or .. alone", nil},
	{"Content-Type", "sent only with a body, so no GET has one", func(_ requestInput, official *request, _ request) bool {
		return official.body == nil && official.drop("Content-Type")
	}},
	{"Accept", "application/json is asked for", func(_ requestInput, official *request, _ request) bool {
		official.header["Accept"] = "application/json"
		return true
	}},
	{"Idempotency-Key of a write", "made where the caller gives none: the referenceId of a delta, a hash of a batch's body, a UUID for a checkpoint; a delta without a referenceId has none", func(_ requestInput, official *request, ours request) bool {
		key, made := ours.header["Idempotency-Key"]
		if official.header["Idempotency-Key"] != "" || !made || !ownKey(ours, key) {
			return false
		}
		official.header["Idempotency-Key"] = key
		return true
	}},
	{"Idempotency-Key of a read", "not sent: a read has none, and compare is a read", func(_ requestInput, official *request, _ request) bool {
		return official.read() && official.drop("Idempotency-Key")
	}},
	{"X-Credit-Pool-Id of a public call", "not sent: it routes the calls of a key, and a public call has none", func(_ requestInput, official *request, _ request) bool {
		return strings.HasPrefix(official.path, "/api/v1/verify/") && official.drop("X-Credit-Pool-Id")
	}},
	{"X-Chain-Id of polls", "the options of emit-and-wait hold for its polls too", func(in requestInput, official *request, ours request) bool {
		if in.Call != "balance.emit_and_wait" || official.method != http.MethodGet || in.options()["chainId"] == nil {
			return false
		}
		official.header["X-Chain-Id"] = ours.header["X-Chain-Id"]
		return true
	}},
	{"startDate and endDate", "sent with timePreset=custom, as instants in UTC: a window is of type time.Time", func(_ requestInput, official *request, _ request) bool {
		start, end := official.field("startDate"), official.field("endDate")
		from, err := instant([]byte(`"` + start + `"`))
		to, err2 := instant([]byte(`"` + end + `"`))
		if err != nil || err2 != nil || start == utc(from) && end == utc(to) && official.field("timePreset") == "custom" {
			return false
		}
		official.set("startDate", utc(from))
		official.set("endDate", utc(to))
		official.set("timePreset", "custom")
		return true
	}},
	{"granularity", "sent: the official SDK drops it", func(in requestInput, official *request, _ request) bool {
		word, _ := in.options()["granularity"].(string)
		if word == "" || in.Call != "balance.derive" && in.Call != "balance.compare" {
			return false
		}
		official.set("granularity", word)
		return true
	}},
	{"vendorAccountId", "sent: the official SDK has no such option", func(in requestInput, official *request, _ request) bool {
		if id, _ := in.options()["vendorAccountId"].(string); id != "" {
			official.set("vendorAccountId", id)
			return true
		}
		return false
	}},
	{"null and empty optional fields", "left out, as their absence means the same; the startingBalance of compare is always sent", func(_ requestInput, official *request, _ request) bool {
		changed := false
		body, _ := official.body.(map[string]any)
		for name, value := range body {
			if value != nil && value != "" {
				continue
			}
			delete(body, name)
			if changed = true; name == "startingBalance" {
				body[name] = json.Number("0")
			}
		}
		for name, values := range official.query {
			if values[0] == "" {
				official.query.Del(name)
				changed = true
			}
		}
		return changed
	}},
	{"offset 0", "left out: it is where a list begins", func(_ requestInput, official *request, _ request) bool {
		if official.query.Get("offset") != "0" {
			return false
		}
		official.query.Del("offset")
		return true
	}},
	{"numbers in a query", "written as RFC 8785 writes them, not as Python does", func(_ requestInput, official *request, _ request) bool {
		text := official.query.Get("startingBalance")
		d, err := pacspace.ParseDecimal(text)
		if err != nil {
			return false
		}
		own, err := d.AppendJSON(nil)
		if err != nil || string(own) == text {
			return false
		}
		official.query.Set("startingBalance", string(own))
		return true
	}},
}

// difference is a call that is not sent here, or answered otherwise, on purpose: the
// cases, with * for any text, what differs, and why.
type difference struct{ cases, problem, reason string }

var requestDifferences = []difference{
	{"*", "chainId: must be above 0", "a chain id is a positive number"},
	{"*", "chainId: not a whole number", "a chain id is a number, not any text"},
	{"*", "delta: must be between", "a delta beyond the service's range is refused before sending"},
	{"*", "delta: must not be zero", "the service refuses a delta of zero, so it is refused before sending"},
	{"*", "delta: not a number", "a delta is a Decimal, which is sent as a JSON number"},
	{"*", "reason: must ", "a reason has 1 to 500 characters"},
	{"*", "binary64", "a number that binary64 would change is refused, in amounts and in metadata: the service would hash another one"},
	{"*", "adjusts: must name either", "an adjustment names one delta"},
	{"*", "idempotencyKey: must be", "a key is 1 to 255 printable ASCII characters: what a header carries unharmed; an empty one is a mistake, not a wish for none"},
	{"*", "creditPoolId: must be", "a credit pool is 1 to 255 printable ASCII characters: what a header carries unharmed"},
	{"*", "limit: must ", "a page has a row at least, and at most what the service documents: 1000, of customers 100"},
	{"*", "offset: must not be negative", "an offset, a page or a limit below zero is refused before sending"},
	{"*", "age: must not be negative", "an offset, a page or a limit below zero is refused before sending"},
	{"emit/extra-headers", "header X-Api-Key: is set by the client", "a call cannot take the place of the client's key; a client of its own can"},
	{"*", `must not be "." or ".."`, "an id of dots would name another path"},
	{"*", "Id: must not be empty", "without an id it is another path"},
	{"*", "proofRoot: must not be empty", "without an id it is another path"},
	{"*", "Sequence: not a whole number", "a sequence number is a number"},
	{"*", "scope: must be a period or a span of time here", "a checkpoint to start from is refused where the official SDK drops it: checkpoints, their list, receipts"},
	{"*", "scope: takes no starting balance here", "a starting balance is refused where the official SDK drops it"},
	{"*", "scope: takes no granularity here", "a granularity is refused where the official SDK drops it"},
	{"*", "scope: one of a period", "a Scope is one of several everywhere; the official SDK checks derive and compare alone"},
	{"*", "scope: a span has two ends", "a span has two ends everywhere; the official SDK checks derive and compare alone"},
	{"*", "timePreset: no such preset", "the presets are those that the service documents"},
	{"*", "startDate: not a time", "a span has instants for its ends"},
	{"*", "refused: pacspace: period: ", "a period is checked before sending: a month, written YYYY-MM"},
	{"*", "months: not a whole number", "true is no number of months"},
	{"*", "fingerprints: not a list of strings", "fingerprints are strings by the service's documents"},
	{"*", "displayName: must not be empty", "the service requires it"},
	{"verify/source-", "requests: want 0, got 1", "the empty Source is the service's default"},
	{"summaries/*", "summaries: there is no queue in the client", "totals are queued in package metering, which keeps them through a crash"},
	{"summaries/*", "result: ", "a batch tells each delta's outcome; one that the answer does not name is unknown, not submitted"},
	{"*", "another delta stands under this reference", "an answer about another delta than the one that was sent is an error"},
	{"*", "field computedBalance must be given", "an answer without a balance is an error, not 0"},
	{"*", "field neutralBalance must be given", "an answer without a balance is an error, not 0"},
	{"*", "field verified must be given", "an answer that does not say whether the root is verified is an error"},
	{"verify/success-false", "result: ", "an answer that tells of a failure is an error"},
	{"invoice-proof/list-answer", "result: ", "an answer of another form is an error, not an empty result"},
	{"wait/unknown-status-becomes-queued", "result: ", "an unknown status is kept, and statuses in metadata and rows are left alone"},
	{"webhooks/list-all", "result: ", "a delivery's status is kept, not made QUEUED"},
}

// wantedDifference finds the difference that a problem of a case is.
func wantedDifference(id, problem string) (difference, bool) {
	for _, d := range requestDifferences {
		if d.matches(id, problem) {
			return d, true
		}
	}
	return difference{}, false
}

func (d difference) matches(id, problem string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(d.cases), `\*`, ".*")
	return regexp.MustCompile("^"+pattern+"$").MatchString(id) && strings.Contains(problem, d.problem)
}

func (r *request) read() bool {
	return r.method == http.MethodGet || r.path == "/api/v1/balance/compare"
}

func (r *request) drop(header string) bool {
	_, had := r.header[header]
	delete(r.header, header)
	return had
}

// field is a text of the query or of the body.
func (r *request) field(name string) string {
	if body, ok := r.body.(map[string]any); ok {
		text, _ := body[name].(string)
		return text
	}
	return r.query.Get(name)
}

// set sets a field of the body, or of the query where there is no body.
func (r *request) set(name, value string) {
	if body, ok := r.body.(map[string]any); ok {
		body[name] = value
		return
	}
	r.query.Set(name, value)
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// ownKey tells whether a key is the one that the client makes for a write.
func ownKey(r request, key string) bool {
	body, _ := r.body.(map[string]any)
	switch r.path {
	case "/api/v1/balance/delta":
		reference, _ := body["referenceId"].(string)
		sum := sha256.Sum256([]byte(reference))
		return key == reference || key == "ref-"+hex.EncodeToString(sum[:])
	case "/api/v1/balance/delta/batch":
		return strings.HasPrefix(key, "batch-") && len(key) == len("batch-")+64
	case "/api/v1/balance/checkpoint":
		return uuidForm.MatchString(key)
	}
	return false
}

// ownCases are calls beside the vectors', for the differences that no case of them shows.
// What the official SDK sends is written down by its rule: each option as it is given.
func ownCases(t *testing.T) []vector {
	const (
		get = `{"requests":[{"method":"GET","target":"%s","headers":{"Content-Type":"application/json","X-Api-Key":"pk_test_demo","X-Chain-Id":"296"},"body":null}],"result":{}}`
		put = `{"requests":[{"method":"POST","target":"/api/v1/balance/delta","headers":{"Content-Type":"application/json","X-Api-Key":"pk_test_demo","X-Chain-Id":"296"%s},"body":%s}],"result":{}}`
	)
	var list []vector
	add := func(id, call, args, expected string) {
		input := `{"apiKey":"pk_test_demo","client":{},"call":"` + call + `","args":` + args + `,"kwargs":{},"responses":[{"status":200,"headers":{},"body":"{\"success\":true,\"data\":{}}"}]}`
		require.True(t, json.Valid([]byte(input)) && json.Valid([]byte(expected)), id)
		list = append(list, vector{ID: "own/" + id, Kind: call, Input: json.RawMessage(input), Expected: json.RawMessage(expected)})
	}
	add("customers-limit", "balance.customers", `[{"limit":500}]`, fmt.Sprintf(get, "/api/v1/balance/customers?limit=500"))
	add("customers-page", "balance.customers", `[{"page":-1}]`, fmt.Sprintf(get, "/api/v1/balance/customers?page=-1"))
	add("derive-limit", "balance.derive", `["c",{"limit":5000}]`, fmt.Sprintf(get, "/api/v1/balance/derive/c?limit=5000"))
	add("checkpoints-offset", "balance.list_checkpoints", `[{"offset":-1}]`, fmt.Sprintf(get, "/api/v1/balance/checkpoints?offset=-1"))
	add("gaps-limit", "balance.gaps", `["c",{"limit":-1}]`, fmt.Sprintf(get, "/api/v1/balance/gaps/c?limit=-1"))
	add("customer-page", "balance.customer", `["c",{"deltaPage":-1}]`, fmt.Sprintf(get, "/api/v1/balance/customers/c?deltaPage=-1"))
	add("emit-reason", "balance.emit", `["c",-5,""]`, fmt.Sprintf(put, "", `{"customerId":"c","delta":-5,"reason":""}`))
	add("emit-binary64", "balance.emit", `["c",-5,"u",{"metadata":{"n":9007199254740993}}]`, fmt.Sprintf(put, "", `{"customerId":"c","delta":-5,"reason":"u","metadata":{"n":9007199254740993}}`))
	add("emit-adjusts", "balance.emit", `["c",-5,"u",{"adjusts":{}}]`, fmt.Sprintf(put, "", `{"customerId":"c","delta":-5,"reason":"u","adjusts":{}}`))
	add("emit-credit-pool", "balance.emit", `["c",-5,"u",{"creditPoolId":"k\u00fc"}]`, fmt.Sprintf(put, `,"X-Credit-Pool-Id":"k\u00fc"`, `{"customerId":"c","delta":-5,"reason":"u"}`))
	return list
}
