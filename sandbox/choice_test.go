package sandbox_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

// probe shows what a choice changes, as one text.
type probe struct {
	ask           func(b *box) string
	without, with string // the answer by default and under the choice
}

// Every choice has a probe that answers one thing by default and another under the choice.
func TestEveryChoiceChangesWhatItSays(t *testing.T) {
	t.Parallel()
	month := func(b *box) response {
		b.emit("acme", "-5", "1")
		b.emit("globex", "-6", "1")
		b.emit("acme", "-7", "2")
		b.verify()
		return b.get("/api/v1/balance/derive/acme")
	}
	checkpoint := func(b *box) string { return b.post(checkpointPath, `{"customerId":"acme"}`).at("data.proofRoot") }
	public := func(b *box) response {
		month(b)
		root := checkpoint(b)
		b.verify()
		return b.get("/api/v1/verify/" + root)
	}
	event := func(b *box) received {
		r := &receiver{status: 200}
		return deliveredThrough(b, r, func() { b.emit("acme", "-5", "1"); b.verify() })
	}
	status := func(r response) string { return fmt.Sprint(r.status) }
	const keyed = "Idempotency-Key: k"
	edge := func(b *box) string { // one delta received just before, and one at the end of the scope
		b.clock.Set(time.Date(2026, 2, 9, 23, 59, 59, 900e6, time.UTC))
		b.emit("acme", "-1", "before")
		b.clock.Set(time.Date(2026, 2, 10, 0, 0, 0, 0, time.UTC))
		b.emit("acme", "-10", "at")
		b.verify()
		return b.get("/api/v1/balance/derive/acme?startDate=2026-02-09&endDate=2026-02-10").at("data.computedBalance")
	}
	leaf := func(v proof.Variant) string {
		return v.Leaf([]byte(`{"customerId":"acme","delta":-5,"reason":"r"}`)).String()
	}
	root := func(v proof.Variant) string {
		return v.Root([]proof.Hash{v.Leaf([]byte(`{"customerId":"acme","delta":-5,"reason":"r"}`)), v.Leaf([]byte(`{"customerId":"acme","delta":-6,"reason":"r"}`))}).String()
	}
	two := `{"deltas":[{"customerId":"acme","delta":-5,"reason":"r"},{"customerId":"acme","delta":-6,"reason":"r"}]}`

	probes := map[string]probe{
		"ReferencesRepeat": {ask: func(b *box) string {
			b.emit("acme", "-5", "1")
			return b.emit("acme", "-5", "1").at("data.idempotent")
		}, without: "true", with: ""},
		"ReferencesNotCompared": {ask: func(b *box) string {
			b.emit("acme", "-5", "1")
			r := b.post(deltaPath, `{"customerId":"acme","delta":-6,"reason":"r","referenceId":"1"}`)
			return status(r) + r.at("data.delta")
		}, without: "422", with: "200-5"},
		"AdjustsVerified": {ask: func(b *box) string {
			b.emit("acme", "-5", "1")
			return status(b.post(deltaPath, `{"customerId":"acme","delta":-1,"reason":"r","adjusts":{"referenceId":"1"}}`))
		}, without: "201", with: "422"},
		"KeysExpireAfter": {ask: func(b *box) string {
			b.post(deltaPath, oneDelta, keyed)
			b.clock.Advance(time.Hour)
			b.post(deltaPath, oneDelta, keyed)
			return fmt.Sprint(len(b.Recorded(sandbox.Test, "")))
		}, without: "1", with: "2"},
		"KeysIgnoreFormatting": {ask: func(b *box) string {
			b.post(deltaPath, oneDelta, keyed)
			return status(b.post(deltaPath, `{"delta":-5.0, "reason":"r", "customerId":"acme"}`, keyed))
		}, without: "409", with: "201"},
		"RefusalsReplayed": {ask: func(b *box) string {
			b.SetCadence(sandbox.Test, "acme", time.Minute)
			b.post(deltaPath, oneDelta)
			b.post(deltaPath, oneDelta, keyed)
			b.clock.Advance(time.Hour)
			return status(b.post(deltaPath, oneDelta, keyed))
		}, without: "201", with: "429"},
		"PendingInError": {ask: func(b *box) string {
			b.Inject(sandbox.Fault{Pending: true})
			return b.post(deltaPath, oneDelta, keyed).at("error.code")
		}, without: "", with: "IDEMPOTENCY_PENDING"},
		"BatchRefusedWhole": {ask: func(b *box) string {
			r := b.post(batchPath, `{"deltas":[`+oneDelta+`,{"customerId":"acme","delta":0,"reason":"r"}]}`)
			return fmt.Sprint(r.status, len(b.Recorded(sandbox.Test, ""))) + r.at("error.message")
		}, without: "201 1", with: "422 0deltas[1]: delta must not be zero"},
		"BatchWithoutIDs": {ask: func(b *box) string {
			r := b.post(batchPath, two)
			return r.at("data.results.0.recordId") + r.at("data.results.0.status")
		}, without: "rec_t000000000001QUEUED", with: "QUEUED"},
		"Scheme": {ask: func(b *box) string { return b.post(batchPath, two).at("data.results.0.receiptId") },
			without: root(proof.VariantHex0x), with: root(proof.VariantRaw)},
		"UnknownScheme": {ask: func(b *box) string {
			r := b.post(deltaPath, oneDelta)
			return fmt.Sprint(r.at("data.contentHash") == leaf(proof.VariantHex0x), r.at("data.receiptId") == r.at("data.contentHash"))
		}, without: "true true", with: "false false"},
		"CheckpointOverProofs": {ask: func(b *box) string {
			r := b.post(batchPath, two)
			b.verify()
			batch, err := proof.ParseHash(r.at("data.results.0.receiptId"))
			require.NoError(b.t, err)
			return fmt.Sprint(checkpoint(b) == proof.VariantHex0x.Root([]proof.Hash{batch, batch}).String())
		}, without: "false", with: "true"},
		"CheckpointPerCustomer": {ask: func(b *box) string {
			month(b)
			r := b.post(checkpointPath, `{}`)
			return r.at("data.deltaCount") + "|" + r.at("data.checkpoints.0.deltaCount") + r.at("data.checkpoints.1.customerId")
		}, without: "3|", with: "|2globex"},
		"ChainPerTenant": {ask: func(b *box) string {
			month(b)
			globex := b.get("/api/v1/balance/derive/globex")
			return fmt.Sprint(globex.at("data.deltas.0.previousProofHash") == b.get("/api/v1/balance/derive/acme").at("data.deltas.0.proofHash"))
		}, without: "false", with: "true"},
		"ChainFromZero": {ask: func(b *box) string { return month(b).at("data.deltas.0.previousProofHash") },
			without: "", with: proof.Hash{}.String()},
		"NoChain": {ask: func(b *box) string { return fmt.Sprint(month(b).at("data.deltas.1.previousProofHash") == "") },
			without: "false", with: "true"},
		"IndexPerCustomer":      {ask: func(b *box) string { return month(b).at("data.deltas.1.deltaIndex") }, without: "3", with: "2"},
		"IndexMissing":          {ask: func(b *box) string { return month(b).at("data.deltas.1.deltaIndex") }, without: "3", with: ""},
		"WindowsByVerification": {ask: edge, without: "-1", with: "0"},
		"InclusiveEnd":          {ask: edge, without: "-1", with: "-11"},
		"ExactSums": {ask: func(b *box) string {
			for i := range 10 {
				b.emit("acme", "0.1", fmt.Sprint(i))
			}
			b.verify()
			return b.get("/api/v1/balance/derive/acme").at("data.computedBalance")
		}, without: "0.9999999999999999", with: "1"},
		"UnknownCustomerRefused": {ask: func(b *box) string { return status(b.get("/api/v1/balance/derive/nobody")) }, without: "200", with: "404"},
		"CompareNeedsCustomer": {ask: func(b *box) string {
			return status(b.post("/api/v1/balance/compare", `{"yourBalance":1,"theirBalance":1,"startingBalance":0}`))
		}, without: "201", with: "400"},
		"CompareNeedsStart": {ask: func(b *box) string {
			return status(b.post("/api/v1/balance/compare", `{"customerId":"acme","yourBalance":1,"theirBalance":1}`))
		}, without: "201", with: "400"},
		"RowsWithMetadata": {ask: func(b *box) string {
			b.post(deltaPath, `{"customerId":"acme","delta":-1,"reason":"r","metadata":{"b":1,"a":2}}`)
			b.verify()
			return b.get("/api/v1/balance/derive/acme").at("data.deltas.0.metadata")
		}, without: "", with: `{"a":2,"b":1}`},
		"RowsWithoutHashes": {ask: func(b *box) string {
			r := month(b)
			return fmt.Sprint(r.at("data.deltas.1.contentHash") == "", r.at("data.deltas.1.proofHash") == "", r.at("data.deltas.1.receiptId") == "")
		}, without: "false false false", with: "true true false"},
		"RecordWithoutCount":     {ask: func(b *box) string { return public(b).at("summary.recordCount") }, without: "2", with: ""},
		"RecordWithoutNetChange": {ask: func(b *box) string { return public(b).at("summary.netChange") }, without: "-12", with: ""},
		"RecordLists":            {ask: func(b *box) string { return public(b).at("records.1.amount") }, without: "", with: "-7"},
		"UnknownRootIsFalse": {ask: func(b *box) string {
			r := b.get("/api/v1/verify/0x00")
			return status(r) + r.at("verified")
		}, without: "404", with: "200false"},
		"VerifyEnveloped": {ask: func(b *box) string { return public(b).at("data.verified") }, without: "", with: "true"},
		"ChainUnavailable": {ask: func(b *box) string {
			r := b.get("/api/v1/verify/" + public(b).at("proofRoot") + "?source=chain")
			return r.at("verified") + " " + r.at("message")
		}, without: "true ok", with: "false chain unavailable"},
		"ReceiptNeedsCheckpoint": {ask: func(b *box) string {
			month(b)
			return status(b.get("/api/v1/balance/receipt/acme"))
		}, without: "200", with: "404"},
		"Permalinks": {ask: func(b *box) string {
			month(b)
			r := b.get("/api/v1/balance/invoice-proof/acme")
			return fmt.Sprint(r.at("data.verifyUrl") == r.at("data.customerLinkUrl"))
		}, without: "false", with: "true"},
		"WebhookMilliseconds": {ask: func(b *box) string { return event(b).header.Get("X-PacSpace-Timestamp") },
			without: "1770724801", with: "1770724801000"},
		"EventIDPerAttempt": {ask: func(b *box) string {
			first := event(b).header.Get("X-Event-ID")
			b.post("/api/v1/balance/webhooks/"+first+"/retry", `{}`)
			return b.redelivered(first)
		}, without: "same", with: "changed"},
		"EventsAsDocumented": {ask: func(b *box) string { e := b.read(event(b).body); return e.at("id") + e.at("timestamp") },
			without: "evt_t0000000000012026-02-10T12:00:00.150Z", with: "2026-02-10T12:00:00.150Z"},
		"EventsAsPython": {ask: func(b *box) string { return b.read(event(b).body).at("data.sequenceNumber") }, without: "", with: "1"},
		"RecordHash": {ask: func(b *box) string {
			b.act("press-4", "a")
			b.verify()
			return b.get(recordPath("press-4", "history")).at("receipts.0.schema")
		}, without: "semantic-receipt/v3", with: "semantic-receipt/v6"},
		"RecordPage": {ask: func(b *box) string {
			b.act("press-4", "a")
			b.act("press-4", "b")
			return b.get(recordPath("press-4", "history")).header.Get("X-Next-From-Seq")
		}, without: "", with: "1"},
		"StatusCodeEnvelopes": {ask: func(b *box) string {
			r := b.get("/api/v1/balance/limits")
			return r.at("success") + r.at("statusCode") + r.at("data.maxScopeMonths")
		}, without: "true12", with: "20012"},
		"DirectPayloads": {ask: func(b *box) string { return b.get("/api/v1/balance/limits").at("maxScopeMonths") }, without: "", with: "12"},
		"FlatErrors":     {ask: func(b *box) string { return b.get("/nowhere").at("code") }, without: "", with: "NOT_FOUND"},
		"StatusCodeErrors": {ask: func(b *box) string { return b.get("/nowhere").at("statusCode") + b.get("/nowhere").at("error") },
			without: `{"code":"NOT_FOUND","message":"Cannot GET /nowhere"}`, with: "404Not Found"},
		"ValidationCode": {ask: func(b *box) string { return b.post(deltaPath, `{}`).at("error.code") }, without: "", with: "VALIDATION_ERROR"},
		"MessageLists": {ask: func(b *box) string { return b.post(deltaPath, `{}`).at("error.message") },
			without: "customerId must be a non-empty string", with: `["customerId must be a non-empty string"]`},
		"LegacyNames": {ask: func(b *box) string {
			r := month(b)
			return r.at("data.deltaCount") + r.at("data.deltasCount") + r.at("data.deltas.0.anchorId")
		}, without: "2", with: "2rec_t000000000001"},
	}

	for _, c := range sandbox.Choices() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			p, known := probes[c.Name]
			require.True(t, known, "a choice without a probe")
			require.NotEqual(t, p.without, p.with)
			require.NotEmpty(t, c.Source)
			require.NotEqual(t, c.Default, c.Instead)
			require.Equal(t, p.without, p.ask(newBox(t)), "by default %s", c.Default)
			require.Equal(t, p.with, p.ask(newBox(t, c.Option)), "instead %s", c.Instead)
		})
	}
	require.Len(t, sandbox.Choices(), len(probes))
}

// The doc of each choice names the section that the list gives for it.
func TestTheDocOfAChoiceNamesItsSource(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "choice.go", nil, parser.ParseComments)
	require.NoError(t, err)
	docs := map[string]string{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			docs[f.Name.Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
	}
	for _, c := range sandbox.Choices() {
		require.True(t, strings.HasSuffix(docs[c.Name], " Source: API contract, section "+c.Source+"."), "%s: %s", c.Name, docs[c.Name])
	}
}

func TestAnUnknownSchemeCanBeOfOneLevel(t *testing.T) {
	t.Parallel()
	for _, level := range []sandbox.Level{sandbox.LevelItem, sandbox.LevelBatch, sandbox.LevelCheckpoint} {
		b := newBox(t, sandbox.UnknownScheme(level))
		r := b.post(deltaPath, oneDelta)
		b.verify()
		checkpoint := b.post(checkpointPath, `{"customerId":"acme"}`).at("data.proofRoot")
		content := r.at("data.contentHash")
		known := proof.VariantHex0x.Leaf([]byte(oneDelta)).String()
		require.Equal(t, level != sandbox.LevelItem, content == known, level)
		require.Equal(t, level != sandbox.LevelBatch, r.at("data.receiptId") == content, level)
		require.Equal(t, level != sandbox.LevelCheckpoint, checkpoint == content, level)
	}
}

// deliveredThrough registers an address, lets something happen, and returns the delivery.
func deliveredThrough(b *box, r *receiver, happen func()) received {
	b.t.Helper()
	_, err := b.AddWebhook(sandbox.Test, hook)
	require.NoError(b.t, err)
	b.hooks.set(r)
	happen()
	require.Equal(b.t, 1, b.deliver())
	return r.take()[0]
}

// redelivered delivers what is due and says whether its id is still the first one.
func (b *box) redelivered(first string) string {
	b.t.Helper()
	r := &receiver{status: 500}
	b.hooks.set(r)
	b.deliver()
	r.take()
	r.status = 200
	b.clock.Advance(time.Hour)
	b.deliver()
	if r.take()[0].header.Get("X-Event-ID") == first {
		return "same"
	}
	return "changed"
}

// hookSwitch sends webhooks to the receiver of the moment.
type hookSwitch struct{ to http.RoundTripper }

func (h *hookSwitch) set(to http.RoundTripper) { h.to = to }

func (h *hookSwitch) RoundTrip(r *http.Request) (*http.Response, error) { return h.to.RoundTrip(r) }
