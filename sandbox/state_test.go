package sandbox_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
)

// A sandbox that is started again from its file goes on as if nothing had happened: the
// same answers, keys, pipeline, chain, webhooks and numbers.
func TestTheStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	r := &receiver{status: 500}
	open := func() *box {
		return newBox(t, sandbox.StateFile(file), sandbox.WithWebhook(sandbox.Test, hook), sandbox.WithWebhookClient(&http.Client{Transport: r}))
	}
	b := open()
	b.FailDeltas(func(d sandbox.Recorded) (string, bool) { return "no", d.ReferenceID == "bad" })
	keyed := b.post(deltaPath, `{"customerId":"acme","delta":-1.5,"reason":"r","referenceId":"1","metadata":{"z":1,"a":[]}}`, "Idempotency-Key: k")
	b.emit("acme", "-2", "bad")
	b.post(batchPath, `{"deltas":[{"customerId":"acme","delta":-3,"reason":"r"},{"customerId":"globex","delta":-3,"reason":"r"}]}`)
	b.post(deltaPath, `{"customerId":"acme","delta":-0.25,"reason":"late","adjusts":{"referenceId":"1"}}`)
	b.verify()
	done := b.post(checkpointPath, `{"customerId":"acme","period":"2026-02"}`)
	b.verify()
	b.deliver()
	b.get("/api/v1/balance/receipt/globex")
	b.RotateWebhookSecret(sandbox.Test, hook, true)
	b.SetCadence(sandbox.Test, "globex", 48*time.Hour)
	pending := b.post(checkpointPath, `{"customerId":"acme","startDate":"2026-02-01","endDate":"2026-02-15"}`)
	b.emit("acme", "-4", "queued")
	b.post(deltaPath, oneDelta, "X-Api-Key: "+b.Key(sandbox.Live))
	require.NoError(t, b.Close())

	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it holds webhook secrets")

	again := open()
	again.clock.Set(b.clock.Now())
	questions := []string{
		"/api/v1/balance/derive/acme?limit=1000", "/api/v1/balance/derive/globex", "/api/v1/balance/checkpoints",
		"/api/v1/balance/customers", "/api/v1/balance/customers/acme", "/api/v1/balance/customers/acme/receipts",
		"/api/v1/balance/customers/globex/receipts", "/api/v1/balance/gaps/acme", "/api/v1/balance/usage", "/api/v1/balance/webhooks",
		"/api/v1/balance/delta/" + keyed.at("data.recordId"), "/api/v1/verify/" + done.at("data.proofRoot"),
		"/api/v1/verify/" + pending.at("data.proofRoot"), "/api/v1/balance/receipts/" + done.at("data.checkpointId"),
		"/api/v1/balance/invoice-proof/acme?period=2026-02",
	}
	compare := func() {
		for _, q := range questions {
			require.Equal(t, b.get(q).body, again.get(q).body, q)
		}
		require.Equal(t, b.Recorded(sandbox.Test, ""), again.Recorded(sandbox.Test, ""))
		require.Equal(t, b.Recorded(sandbox.Live, ""), again.Recorded(sandbox.Live, ""))
		require.Equal(t, b.WebhookSecret(sandbox.Test), again.WebhookSecret(sandbox.Test))
	}
	compare()
	require.Equal(t, "QUEUED", again.Recorded(sandbox.Test, "acme")[4].Status)

	again.clock.Set(b.clock.Now())
	for _, each := range []*box{b, again} {
		each.clock.Advance(time.Hour)
		require.Equal(t, keyed.body, each.post(deltaPath, `{"customerId":"acme","delta":-1.5,"reason":"r","referenceId":"1","metadata":{"z":1,"a":[]}}`, "Idempotency-Key: k").body)
		require.Equal(t, "rec_t000000000007", each.emit("acme", "-9", "new").at("data.recordId"), "numbers go on")
		require.Equal(t, "true", each.emit("acme", "-4", "queued").at("data.idempotent"))
		require.Equal(t, 429, each.post(deltaPath, `{"customerId":"globex","delta":-1,"reason":"r"}`).status)
		each.verify()
		each.deliver()
	}
	compare()
	require.Equal(t, "VERIFIED", again.Recorded(sandbox.Test, "acme")[4].Status, "the pipeline goes on")
}

func TestAStateFileThatIsNotUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	const delta = `{"recordId":"r","customerId":"c","delta":1,"reason":"r","contentHash":"0x0000000000000000000000000000000000000000000000000000000000000000","received":"2026-02-01T00:00:00Z"}`
	for _, c := range []struct{ name, text, problem string }{
		{"another version", `{"format":"pacspace-sandbox/v2","environments":{}}`, `its format is "pacspace-sandbox/v2", not "pacspace-sandbox/v1"`},
		{"no format", `{}`, `its format is ""`},
		{"not JSON", `state`, "not JSON"},
		{"half of it", `{"format":"pacspace-sandbox/v1","environments":{"test"`, "not JSON"},
		{"an unknown field", `{"format":"pacspace-sandbox/v1","colour":1}`, "not readable"},
		{"an unknown environment", `{"format":"pacspace-sandbox/v1","environments":{"staging":{}}}`, `"staging" is not known`},
		{"an environment that is null", `{"format":"pacspace-sandbox/v1","environments":{"test":null}}`, "not known"},
		{"a delta of nobody", `{"format":"pacspace-sandbox/v1","environments":{"test":{"deltas":[` + delta + `]}}}`, "names a customer that is not there"},
		{"a delta without a group", `{"format":"pacspace-sandbox/v1","environments":{"test":{"customers":[{"id":"c","createdAt":"2026-02-01T00:00:00Z"}],"deltas":[` + delta + `]}}}`, "belongs to no group"},
		{"a group of nothing", `{"format":"pacspace-sandbox/v1","environments":{"test":{"groups":[{"deltas":[7]}]}}}`, "delta number 7 is not there"},
		{"a receipt of nothing", `{"format":"pacspace-sandbox/v1","environments":{"test":{"receipts":[{"rows":[-1]}]}}}`, "delta number -1 is not there"},
		{"a checkpoint of nothing", `{"format":"pacspace-sandbox/v1","environments":{"test":{"checkpoints":[{"rows":[0]}]}}}`, "delta number 0 is not there"},
		{"a key without a digest", `{"format":"pacspace-sandbox/v1","environments":{"test":{"idempotencyKeys":[{"key":"k","request":"00"}]}}}`, "no digest"},
		{"a delivery to nobody", `{"format":"pacspace-sandbox/v1","environments":{"test":{"deliveries":[{"eventId":"e","endpoint":0}]}}}`, "an address that is not there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "state.json")
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
			_, err := sandbox.New(sandbox.StateFile(file))
			require.ErrorContains(t, err, "sandbox: state file: ")
			require.ErrorContains(t, err, c.problem)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestSavingLeavesNothingHalfWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "state.json")
	b := newBox(t, sandbox.StateFile(file))
	b.emit("acme", "-1", "")
	require.NoError(t, b.Save())
	require.NoError(t, b.Save())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "no file beside it")

	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	gone := newBox(t, sandbox.StateFile(filepath.Join(dir, "sub", "state.json")))
	require.NoError(t, os.Remove(filepath.Join(dir, "sub")))
	require.ErrorContains(t, gone.Close(), "sandbox: state file: not saved")
	require.ErrorContains(t, newBox(t).Save(), "no file is named")
	require.NoError(t, newBox(t).Close())
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]sandbox.Option{
		"WithClock":          sandbox.WithClock(nil),
		"API key":            sandbox.WithAPIKey("sk_secret"),
		"WithDashboardToken": sandbox.WithDashboardToken(""),
		"WithPublicURL":      sandbox.WithPublicURL("app.pacspace.io/"),
		"StateFile":          sandbox.StateFile(""),
		"Delays":             sandbox.Delays(2, 1),
		"Limits":             sandbox.Limits(0, 1, 1),
		"PlanLimit":          sandbox.PlanLimit(-1),
		"CadenceLimit":       sandbox.CadenceLimit(-1),
		"MaxDeltas":          sandbox.MaxDeltas(0),
		"MaxBody":            sandbox.MaxBody(-1),
		"RequestLog":         sandbox.RequestLog(-1),
		"WithWebhookClient":  sandbox.WithWebhookClient(nil),
		"KeysExpireAfter":    sandbox.KeysExpireAfter(-1),
		"Scheme":             sandbox.Scheme("md5"),
	} {
		_, err := sandbox.New(option)
		require.ErrorContains(t, err, "sandbox: "+name+": ")
		require.NotContains(t, err.Error(), "sk_secret")
		require.Contains(t, err.Error(), ";", "it says what to do")
	}
	_, err := sandbox.New(nil, sandbox.AnyKey())
	require.NoError(t, err, "a nil option is none")
}

func TestAStepLetsAPollingClientArrive(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.clock.Step(40 * time.Millisecond)
	id := b.emit("acme", "-1", "").at("data.recordId")
	var seen []string
	for range 5 {
		seen = append(seen, b.get("/api/v1/balance/delta/"+id).at("data.status"))
	}
	require.Equal(t, "QUEUED PROCESSING PROCESSING VERIFIED VERIFIED", strings.Join(seen, " "))
}

func TestIdsAreTheSameOnEveryRun(t *testing.T) {
	t.Parallel()
	id := func(opts ...sandbox.Option) string {
		return newBox(t, opts...).emit("acme", "-1", "").at("data.recordId")
	}
	require.Equal(t, "rec_t000000000001", id())
	require.Regexp(t, `^rec_[0-9a-f]{24}$`, id(sandbox.WithSeed(1)))
	require.Equal(t, id(sandbox.WithSeed(1)), id(sandbox.WithSeed(1)))
	require.NotEqual(t, id(sandbox.WithSeed(1)), id(sandbox.WithSeed(2)))
}

func TestStartFailsTheTestThatCannotHaveIt(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	func() {
		defer func() { _ = recover() }()
		sandbox.Start(tb, sandbox.MaxBody(0))
	}()
	require.Equal(t, "sandbox: MaxBody: below 1; give a whole number from 1", tb.fatal)

	s, err := sandbox.New()
	require.NoError(t, err)
	_, err = s.Listen("256.0.0.1:x")
	require.ErrorContains(t, err, "sandbox: listen: ")
}
