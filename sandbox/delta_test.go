package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestADeltaIsCheckedFieldByField(t *testing.T) {
	t.Parallel()
	const sound = `"customerId":"acme","delta":-5,"reason":"r"`
	for _, c := range []struct{ name, body, message string }{
		{"customerId missing", `{"delta":-5,"reason":"r"}`, "customerId must be a non-empty string"},
		{"customerId null", `{"customerId":null,"delta":-5,"reason":"r"}`, "customerId must be a non-empty string"},
		{"customerId a number", `{"customerId":7,"delta":-5,"reason":"r"}`, "customerId must be a string"},
		{"customerId with a space", `{"customerId":"a b","delta":-5,"reason":"r"}`, "customerId must be 1 to 128 characters"},
		{"customerId of 129", `{"customerId":"` + strings.Repeat("a", 129) + `","delta":-5,"reason":"r"}`, "customerId must be 1 to 128 characters"},
		{"delta missing", `{"customerId":"acme","reason":"r"}`, "delta must be a number"},
		{"delta a string", `{"customerId":"acme","delta":"-5","reason":"r"}`, "delta must be a number"},
		{"delta zero", `{"customerId":"acme","delta":-0.0,"reason":"r"}`, "delta must not be zero"},
		{"delta that underflows to zero", `{"customerId":"acme","delta":1e-999,"reason":"r"}`, "delta must not be zero"},
		{"delta beyond binary64", `{"customerId":"acme","delta":1e999,"reason":"r"}`, "delta must be a finite number"},
		{"delta beyond the range", `{"customerId":"acme","delta":-1000000001,"reason":"r"}`, "delta must be between -1000000000 and 1000000000"},
		{"reason missing", `{"customerId":"acme","delta":-5}`, "reason must be a non-empty string"},
		{"reason of 501", `{"customerId":"acme","delta":-5,"reason":"` + strings.Repeat("ü", 501) + `"}`, "reason must be at most 500 characters"},
		{"referenceId a number", `{` + sound + `,"referenceId":1}`, "referenceId must be a string"},
		{"metadata an array", `{` + sound + `,"metadata":[]}`, "metadata must be an object"},
		{"metadata too deep", `{` + sound + `,"metadata":{"a":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}}`, "metadata has no canonical form"},
		{"adjusts nothing", `{` + sound + `,"adjusts":{}}`, "adjusts must name either a referenceId or a recordId"},
		{"adjusts by both", `{` + sound + `,"adjusts":{"referenceId":"a","recordId":"b"}}`, "adjusts must name either a referenceId or a recordId"},
		{"a vendor, by a direct tenant", `{` + sound + `,"vendorAccountId":"v"}`, "vendorAccountId is for middleware tenants only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			b.post("/api/v1/balance/delta", c.body).refused(400, "", c.message)
			require.Empty(t, b.Recorded(sandbox.Test, ""), "nothing is recorded")
		})
	}
	t.Run("the widest that is allowed", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		r := b.post("/api/v1/balance/delta", fmt.Sprintf(`{"customerId":%q,"delta":-1000000000,"reason":%q,"metadata":{}}`,
			strings.Repeat("a", 128), strings.Repeat("ü", 500)))
		require.Equal(t, 201, r.status, r.body)
	})
	t.Run("a middleware tenant must name the vendor", func(t *testing.T) {
		t.Parallel()
		b := newBox(t, sandbox.MiddlewareTenant())
		b.post("/api/v1/balance/delta", `{`+sound+`}`).refused(400, "", "vendorAccountId is required")
		require.Equal(t, 201, b.post("/api/v1/balance/delta", `{`+sound+`,"vendorAccountId":"v"}`).status)
	})
}

// The content hash is over what was submitted: empty metadata is not absent metadata, and
// how a number was written does not count.
func TestTheContentHashIsTheLeafOfTheItemAsSubmitted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		item       proof.Item
	}{
		{"the least", `{"customerId":"acme","delta":-5,"reason":"r"}`,
			proof.Item{CustomerID: "acme", Delta: parse(t, "-5"), Reason: "r"}},
		{"a number written at length", `{"customerId":"acme","delta":-5.00e0,"reason":"r"}`,
			proof.Item{CustomerID: "acme", Delta: parse(t, "-5"), Reason: "r"}},
		{"null is absent", `{"customerId":"acme","delta":-5,"reason":"r","referenceId":null,"metadata":null,"adjusts":null}`,
			proof.Item{CustomerID: "acme", Delta: parse(t, "-5"), Reason: "r"}},
		{"unknown fields are not hashed", `{"customerId":"acme","delta":-5,"reason":"r","colour":"red"}`,
			proof.Item{CustomerID: "acme", Delta: parse(t, "-5"), Reason: "r"}},
		{"empty metadata is kept", `{"customerId":"acme","delta":-5,"reason":"r","metadata":{}}`,
			proof.Item{CustomerID: "acme", Delta: parse(t, "-5"), Reason: "r", Metadata: []byte(`{}`)}},
		{"all fields", `{"reason":"ü \"<&>","metadata":{"z":1.50,"a":[true,null]},"delta":0.1,"referenceId":"ref","customerId":"acme"}`,
			proof.Item{CustomerID: "acme", Delta: parse(t, "0.1"), Reason: `ü "<&>`, ReferenceID: "ref", Metadata: []byte(`{"a":[true,null],"z":1.5}`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			leaf, err := proof.VariantHex0x.ItemHash(c.item)
			require.NoError(t, err)
			r := b.post("/api/v1/balance/delta", c.body)
			require.Equal(t, leaf.String(), r.at("data.contentHash"), r.body)
			require.Equal(t, leaf, b.Recorded(sandbox.Test, "acme")[0].ContentHash)
		})
	}
	t.Run("an adjustment", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		b.emit("acme", "-5", "base")
		r := b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":-1,"reason":"late","adjusts":{"referenceId":"base"}}`)
		leaf, err := proof.VariantHex0x.ItemHash(proof.Item{CustomerID: "acme", Delta: parse(t, "-1"), Reason: "late", Adjusts: &proof.Adjusts{ReferenceID: "base"}})
		require.NoError(t, err)
		require.Equal(t, leaf.String(), r.at("data.contentHash"), r.body)
	})
	t.Run("a lone surrogate is hashed as the service's language holds it", func(t *testing.T) {
		t.Parallel()
		b := newBox(t)
		r := b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":-5,"reason":"\ud800"}`)
		require.Equal(t, proof.VariantHex0x.Leaf([]byte(`{"customerId":"acme","delta":-5,"reason":"\ud800"}`)).String(), r.at("data.contentHash"))
	})
}

func TestADeltaGoesFromQueuedToVerifiedByTheClock(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.Delays(2*time.Second, 5*time.Second))
	r := b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":-5,"reason":"r"}`)
	require.Equal(t, "QUEUED", r.at("data.status"))
	path := "/api/v1/balance/delta/" + r.at("data.recordId")

	for _, step := range []struct {
		at     time.Duration
		status string
		sum    string
	}{
		{1999 * time.Millisecond, "QUEUED", "0"},
		{2 * time.Second, "PROCESSING", "0"},
		{4999 * time.Millisecond, "PROCESSING", "0"},
		{5 * time.Second, "VERIFIED", "-5"},
	} {
		b.clock.Set(start.Add(step.at))
		require.Equal(t, step.status, b.get(path).at("data.status"), "%s", step.at)
		require.Equal(t, step.sum, b.get("/api/v1/balance/derive/acme").at("data.computedBalance"), "only verified deltas count")
	}
	b.clock.Advance(time.Hour)
	done := b.get(path)
	require.Equal(t, "2026-02-10T12:00:05.000Z", done.at("data.verifiedAt"), "when it was due, not when it was asked for")
	require.Equal(t, "1", done.at("data.deltaIndex"))
	require.Equal(t, r.at("data.receiptId"), done.at("data.proofHash"))
	require.JSONEq(t, fmt.Sprintf("[%q]", r.at("data.contentHash")), done.at("data.itemHashes"))
}

func TestADeltaCanFail(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.FailDeltas(func(d sandbox.Recorded) (string, bool) { return "LEDGER_REJECTED", d.ReferenceID == "bad" })
	bad := b.emit("acme", "-5", "bad").at("data.recordId")
	b.emit("acme", "-7", "good")
	b.verify()

	r := b.get("/api/v1/balance/delta/" + bad)
	require.Equal(t, "FAILED", r.at("data.status"))
	require.Equal(t, "LEDGER_REJECTED", r.at("data.error"))
	require.Equal(t, "-7", b.get("/api/v1/balance/derive/acme").at("data.computedBalance"))
	require.Equal(t, "-7", b.Sum(sandbox.Test, "acme").String())

	gaps := b.get("/api/v1/balance/gaps/acme")
	require.Equal(t, "true", gaps.at("data.hasGaps"))
	require.Equal(t, "1", gaps.at("data.gaps.0.sequence"))
	require.Equal(t, "false", b.get("/api/v1/balance/gaps/acme?fromSequence=2").at("data.hasGaps"))

	root := b.get("/api/v1/balance/delta/" + bad).at("data.receiptId")
	require.Equal(t, "false", b.get("/api/v1/verify/"+root).at("verified"), "nothing is on the record under its root")
}

func TestAReferenceCountsOncePerCustomer(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.emit("acme", "-5", "ref")
	again := b.emit("acme", "-5", "ref")
	require.Equal(t, 200, again.status)
	require.Equal(t, "true", again.at("data.idempotent"))
	require.Equal(t, first.at("data.recordId"), again.at("data.recordId"))

	b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":-6,"reason":"usage","referenceId":"ref"}`).
		refused(422, "REFERENCE_CONFLICT", "different delta")
	require.Equal(t, 201, b.emit("globex", "-5", "ref").status, "another customer's reference is another one")
	require.Equal(t, 201, b.emit("acme", "-5", "").status)
	require.Equal(t, 201, b.emit("acme", "-5", "").status, "without a reference nothing can be told apart")
	require.Len(t, b.Recorded(sandbox.Test, "acme"), 3)
}

func TestAnAdjustmentNamesADeltaOfTheSameCustomer(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	record := b.emit("acme", "-5", "base").at("data.recordId")
	b.emit("globex", "-5", "other")
	b.FailDeltas(func(d sandbox.Recorded) (string, bool) { return "no", d.ReferenceID == "bad" })
	b.emit("acme", "-5", "bad")
	b.verify()
	for _, c := range []struct {
		name, adjusts string
		status        int
	}{
		{"by reference", `{"referenceId":"base"}`, 201},
		{"by record", `{"recordId":"` + record + `"}`, 201},
		{"a reference that is not there", `{"referenceId":"nothing"}`, 422},
		{"another customer's", `{"referenceId":"other"}`, 422},
		{"one that failed", `{"referenceId":"bad"}`, 422},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":-1,"reason":"r","adjusts":`+c.adjusts+`}`)
			require.Equal(t, c.status, r.status, r.body)
		})
	}
}

func TestTheCadenceLimitNamesTheCustomerAndTheWait(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.CadenceLimit(time.Hour))
	b.emit("acme", "-5", "1")
	b.clock.Advance(59*time.Minute + 500*time.Millisecond)
	r := b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":-5,"reason":"usage"}`)
	r.refused(429, "CADENCE_LIMIT", "too often")
	require.Equal(t, "acme", r.at("error.customerId"))
	require.Equal(t, "60", r.at("error.retryAfterSeconds"))
	require.Equal(t, "60", r.header.Get("Retry-After"))

	require.Equal(t, 201, b.emit("globex", "-5", "1").status, "others go on")
	require.Equal(t, 200, b.emit("acme", "-5", "1").status, "a repeat is not a new delta")
	b.clock.Advance(time.Minute)
	require.Equal(t, 201, b.emit("acme", "-5", "2").status)

	b.SetCadence(sandbox.Test, "globex", 48*time.Hour)
	b.clock.Advance(24 * time.Hour)
	b.post("/api/v1/balance/delta", `{"customerId":"globex","delta":-5,"reason":"usage"}`).refused(429, "CADENCE_LIMIT", "")
}

func TestAUsedUpPlanRefusesWritesAndNothingElse(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.PlanLimit(2))
	b.emit("acme", "-5", "1")
	require.Equal(t, "1", b.get("/api/v1/balance/usage").at("data.remaining"))
	b.emit("acme", "-5", "2")
	b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":-5,"reason":"usage"}`).refused(402, "INSUFFICIENT_CREDITS", "used up")
	b.verify()
	require.Equal(t, "-10", b.get("/api/v1/balance/derive/acme").at("data.computedBalance"))
	usage := b.get("/api/v1/balance/usage")
	require.Equal(t, "0", usage.at("data.remaining"))
	require.Equal(t, "false", usage.at("data.allowed"))
	require.Equal(t, "true", newBox(t).get("/api/v1/balance/usage").at("data.allowed"), "no bound without the option")
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.MaxDeltas(1))
	b.emit("acme", "-5", "1")
	b.post("/api/v1/balance/delta", `{"customerId":"acme","delta":-5,"reason":"usage"}`).refused(503, "SERVICE_UNAVAILABLE", "maximum of 1 deltas")
	require.Equal(t, 201, b.post(checkpointPath, `{"customerId":"acme"}`).status)
	b.post(checkpointPath, `{"customerId":"acme","period":"2026-01"}`).refused(503, "SERVICE_UNAVAILABLE", "maximum of 1 checkpoints")
	b.post("/dashboard/customers", `{"displayName":"x"}`, "Authorization: Bearer "+b.DashboardToken()).refused(503, "SERVICE_UNAVAILABLE", "maximum of 1 customers")
}

func TestOldReceiptsAndDeliveriesAreForgotten(t *testing.T) {
	t.Parallel()
	b, r := newHookedBox(t)
	b.emit("acme", "-1", "")
	b.verify()
	receipt := func(n int) response {
		return b.get(fmt.Sprintf("/api/v1/balance/receipt/acme?startDate=2026-02-01&endDate=2026-02-12T00:00:00.%03dZ", n))
	}
	first := b.get("/api/v1/balance/receipt/acme")
	for n := range 999 {
		receipt(n)
	}
	require.Equal(t, 200, b.get("/api/v1/receipt/"+first.at("data.receiptId")).status)
	last := receipt(999)
	known := func(of response) int { return b.get("/api/v1/receipt/" + of.at("data.receiptId")).status }
	require.Equal(t, []int{404, 200}, []int{known(first), known(last)})
	require.Equal(t, 200, b.get("/api/v1/verify/"+first.at("data.proofRoot")).status, "the delta itself stands under that root")

	batch := `{"deltas":[` + strings.Repeat(`{"customerId":"acme","delta":-1,"reason":"r"},`, 9) + `{"customerId":"acme","delta":-1,"reason":"r"}]}`
	for range 900 {
		b.post(batchPath, batch)
	}
	b.verify()
	require.Equal(t, 1+1001+9000, b.deliver(), "those that are due are all delivered")
	require.Len(t, r.take(), 1+1001+9000)
	kept := b.Deliveries(sandbox.Test)
	require.Len(t, kept, 10_000)
	require.Equal(t, "evt_t000000000003", kept[0].EventID, "the oldest are gone")
	require.Equal(t, 404, b.post("/api/v1/balance/webhooks/evt_t000000000002/retry", `{}`).status)
}

func TestProofsAreLinked(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	link := func(id string) (proofHash, previous string) {
		r := b.get("/api/v1/balance/delta/" + id)
		return r.at("data.proofHash"), r.at("data.previousProofHash")
	}
	first := b.emit("acme", "-1", "1").at("data.recordId")
	other := b.emit("globex", "-1", "1").at("data.recordId")
	batch := b.post("/api/v1/balance/delta/batch", `{"deltas":[{"customerId":"acme","delta":-2,"reason":"r"},{"customerId":"acme","delta":-3,"reason":"r"}]}`)
	last := b.emit("acme", "-4", "4").at("data.recordId")
	b.verify()

	firstProof, none := link(first)
	require.Empty(t, none, "the first has no previous proof")
	_, none = link(other)
	require.Empty(t, none, "each customer has a chain of its own")
	batchProof, previous := link(batch.at("data.results.0.recordId"))
	require.Equal(t, firstProof, previous)
	_, previous = link(batch.at("data.results.1.recordId"))
	require.Equal(t, firstProof, previous, "items of one proof share the link")
	_, previous = link(last)
	require.Equal(t, batchProof, previous)
}
