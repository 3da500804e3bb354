package sandbox_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

const checkpointPath = "/api/v1/balance/checkpoint"

func TestACheckpointIsIdempotentPerResolvedScope(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-5", "1")
	b.emit("globex", "-5", "1")
	b.verify()
	first := b.post(checkpointPath, `{"customerId":"acme"}`)
	require.Equal(t, 201, first.status)
	for _, same := range []string{
		`{"customerId":"acme","period":"2026-02"}`,
		`{"customerId":"acme","timePreset":"current_month"}`,
		`{"customerId":"acme","startDate":"2026-02-01T00:00:00Z","endDate":"2026-03-01T00:00:00Z"}`,
		`{"customerId":"acme","startDate":"2026-02-01","endDate":"2026-03-01","timePreset":"custom"}`,
	} {
		r := b.post(checkpointPath, same)
		require.Equal(t, 200, r.status, same)
		require.Equal(t, first.at("data.checkpointId"), r.at("data.checkpointId"), same)
	}
	b.emit("acme", "-6", "2")
	b.verify()
	again := b.post(checkpointPath, `{"customerId":"acme"}`)
	require.Equal(t, first.at("data.proofRoot"), again.at("data.proofRoot"), "a later delta is not under it")
	require.Equal(t, "1", again.at("data.deltaCount"))
	require.Equal(t, "VERIFIED", again.at("data.status"))

	for _, other := range []string{
		`{"customerId":"globex"}`,
		`{}`,
		`{"customerId":"acme","period":"2026-01"}`,
		`{"customerId":"acme","startDate":"2026-02-01","endDate":"2026-02-28"}`,
	} {
		r := b.post(checkpointPath, other)
		require.Equal(t, 201, r.status, other)
		require.NotEqual(t, first.at("data.checkpointId"), r.at("data.checkpointId"), other)
	}
}

func TestWhatACheckpointRefuses(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-5", "1")
	b.verify()
	hash := `"0x` + strings.Repeat("0", 64) + `"`
	for _, c := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"a customer that is not there", `{"customerId":"nobody"}`, 404, "CUSTOMER_NOT_FOUND"},
		{"a month to come", `{"customerId":"acme","period":"2026-03"}`, 400, ""},
		{"a month and dates", `{"customerId":"acme","period":"2026-02","startDate":"2026-02-01"}`, 400, "INVALID_SCOPE_COMBINATION"},
		{"a starting checkpoint", `{"customerId":"acme","startingCheckpoint":"x"}`, 400, ""},
		{"an unknown mode", `{"customerId":"acme","mode":"all"}`, 400, ""},
		{"a mode without its fingerprints", `{"customerId":"acme","mode":"fingerprints"}`, 400, ""},
		{"a fingerprint that is no hash", `{"customerId":"acme","mode":"fingerprints","fingerprints":["x"]}`, 400, ""},
		{"a fingerprint outside the scope", `{"customerId":"acme","mode":"fingerprints","fingerprints":[` + hash + `]}`, 422, "VALIDATION_ERROR"},
		{"a vendor, by a direct tenant", `{"customerId":"acme","vendorAccountId":"v"}`, 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := b.post(checkpointPath, c.body)
			require.Equal(t, c.status, r.status, r.body)
			require.Equal(t, c.code, r.at("error.code"))
		})
	}
	require.Equal(t, "0", b.get("/api/v1/balance/checkpoints").at("data.pagination.total"))
}

func TestACheckpointCanChooseItsDeltas(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-5", "1")
	chosen := b.emit("acme", "-6", "2").at("data.contentHash")
	b.verify()
	r := b.post(checkpointPath, `{"customerId":"acme","mode":"fingerprints","fingerprints":["`+chosen+`"]}`)
	require.Equal(t, 201, r.status, r.body)
	require.Equal(t, "-6", r.at("data.netChange"))
	require.Equal(t, chosen, r.at("data.proofRoot"), "one item's root is its leaf")
	require.Equal(t, "-11", b.post(checkpointPath, `{"customerId":"acme"}`).at("data.netChange"))
}

// Odd nodes are duplicated, so three equal items and four have one root. The sandbox does
// not hide it: the count is what tells them apart.
func TestListsThatShareARootKeepTheirCounts(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for range 3 {
		b.emit("acme", "-1", "")
	}
	b.verify()
	three := b.get("/api/v1/balance/receipt/acme")
	b.emit("acme", "-1", "")
	b.verify()
	four := b.get("/api/v1/balance/receipt/acme")
	require.Equal(t, three.at("data.proofRoot"), four.at("data.proofRoot"))
	require.Equal(t, []string{"3", "4"}, []string{three.at("data.deltaCount"), four.at("data.deltaCount")})

	root := b.post(checkpointPath, `{"customerId":"acme"}`).at("data.proofRoot")
	b.verify()
	require.Equal(t, "4", b.get("/api/v1/verify/"+root).at("summary.recordCount"), "the checkpoint's count")
}

func TestAnEmptyCheckpointHasTheZeroRoot(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-5", "1")
	r := b.post(checkpointPath, `{"customerId":"acme","period":"2026-01"}`)
	require.Equal(t, proof.Hash{}.String(), r.at("data.proofRoot"))
	b.verify()
	public := b.get("/api/v1/verify/" + r.at("data.proofRoot"))
	require.Equal(t, "true", public.at("verified"))
	require.Equal(t, "0", public.at("summary.recordCount"))
}

func TestCheckpointsAreListed(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-5", "1")
	b.emit("globex", "-5", "1")
	b.verify()
	for _, body := range []string{`{"customerId":"acme","period":"2026-01"}`, `{"customerId":"acme"}`, `{"customerId":"globex"}`} {
		b.post(checkpointPath, body)
	}
	for query, want := range map[string]int{
		"": 3, "customerId=acme": 2, "period=2026-02": 2, "customerId=acme&period=2026-02": 1, "limit=2": 2, "offset=2": 1,
		"customerId=nobody": 0, "startDate=2026-01-01&endDate=2026-03-01": 3,
	} {
		r := b.get("/api/v1/balance/checkpoints?" + query)
		require.Equal(t, want, strings.Count(r.body, "checkpointId"), query)
	}
	b.get("/api/v1/balance/checkpoints?period=x").refused(400, "", "period")
	b.get("/api/v1/balance/checkpoints?customerId=a%20b").refused(400, "", "customerId")
}

func TestAScopedReceiptRestsOnTheCheckpointOfItsScope(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-5", "1")
	b.verify()
	before := b.get("/api/v1/balance/invoice-proof/acme?period=2026-02")
	require.Equal(t, "2026-02", before.at("data.period"))
	require.Equal(t, "-5", before.at("data.finalBalance"))
	require.Equal(t, "true", b.get("/api/v1/verify/"+before.at("data.proofRoot")).at("verified"), "it can be verified without a checkpoint too")
	require.Equal(t, before.body, b.get("/api/v1/balance/invoice-proof/acme?period=2026-02").body, "asking twice makes no second one")

	checkpoint := b.post(checkpointPath, `{"customerId":"acme"}`)
	b.emit("acme", "-6", "2")
	b.verify()
	after := b.get("/api/v1/balance/invoice-proof/acme?period=2026-02")
	require.Equal(t, checkpoint.at("data.checkpointId"), after.at("data.receiptId"))
	require.Equal(t, checkpoint.at("data.proofRoot"), after.at("data.proofRoot"))
	require.Equal(t, "-5", after.at("data.finalBalance"), "the straggler is not under the checkpoint")
	require.Equal(t, before.at("data.accessHint"), after.at("data.accessHint"), "a customer's code stays")
	require.Regexp(t, `^https://app\.pacspace\.io/c/cus_[0-9a-f]{12}$`, after.at("data.customerLinkUrl"))
	require.Equal(t, "app.pacspace.io", after.at("data.customerLinkHost"))

	scoped := b.get("/api/v1/balance/receipt/acme?period=2026-02")
	require.Equal(t, after.at("data.proofRoot"), scoped.at("data.proofRoot"))
	require.Empty(t, scoped.at("data.accessHint"), "the code belongs to the invoice")
	b.get("/api/v1/balance/receipt/nobody").refused(404, "CUSTOMER_NOT_FOUND", "")
	b.get("/api/v1/balance/receipt/acme?startingCheckpoint=x").refused(400, "", "startingCheckpoint")
}

func TestLinksNameTheAddressOfTheRequestUnlessOneIsGiven(t *testing.T) {
	t.Parallel()
	srv := sandbox.Start(t)
	b := &box{Sandbox: srv.Sandbox, t: t}
	b.emit("acme", "-5", "1")
	require.Equal(t, "http://example.com/verify/"+b.get("/api/v1/balance/receipt/acme").at("data.proofRoot"), b.get("/api/v1/balance/receipt/acme").at("data.verifyUrl"))
}

func TestReceiptDocuments(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	emitted := b.emit("acme", "-5", "1")
	b.verify()
	id := b.post(checkpointPath, `{"customerId":"acme"}`).at("data.checkpointId")
	b.get("/api/v1/balance/receipts/"+id).refused(404, "NOT_FOUND", "Receipt")
	b.verify()

	r := b.get("/api/v1/balance/receipts/" + id + "?locale=de-DE&timezone=UTC&unit=minutes&customerDisplayName=true")
	for name, want := range map[string]string{
		"receiptId": id, "customerId": "acme", "finalBalance": "-5", "locale": "de-DE", "unit": "minutes",
		"links.permalink": "https://app.pacspace.io/receipt/" + id,
	} {
		require.Equal(t, want, r.at("data."+name), name)
	}
	public := b.get("/api/v1/receipt/"+id, "X-Api-Key: ")
	require.Equal(t, r.at("data.proofRoot"), public.at("data.proofRoot"))
	require.Equal(t, "credits", public.at("data.unit"))

	submission := b.get("/api/v1/balance/receipts/" + emitted.at("data.receiptId"))
	require.Equal(t, "1", submission.at("data.deltaCount"), "an emit's receiptId is a proof root and has a document too")

	b.get("/api/v1/balance/receipts/"+id+"?timezone=Mars/Olympus").refused(400, "", "timezone")
	b.get("/api/v1/balance/receipts/"+id+"?customerDisplayName=maybe").refused(400, "", "customerDisplayName")
	b.get("/api/v1/receipt/rcpt_nothing").refused(404, "NOT_FOUND", "")
	b.get("/api/v1/receipt/rcpt_nothing.pdf").refused(404, "NOT_FOUND", "")

	b.get("/api/v1/balance/receipt/acme?period=2026-01")
	list := b.get("/api/v1/balance/customers/acme/receipts")
	require.Equal(t, "rcpt_t000000000001", list.at("data.0.receiptId"), "the newest first")
	require.Equal(t, id, list.at("data.1.receiptId"))
	require.Empty(t, b.get("/api/v1/balance/customers/acme/receipts?limit=1").at("data.1"))
	b.get("/api/v1/balance/customers/nobody/receipts").refused(404, "CUSTOMER_NOT_FOUND", "")
}

// Every object of the PDF stands where its cross-reference table says, and the stream is
// as long as it says: what a strict reader needs.
func TestAReceiptIsAWholePDF(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-5", "1")
	b.verify()
	id := b.post(checkpointPath, `{"customerId":"acme"}`).at("data.checkpointId")
	b.verify()
	r := b.get("/api/v1/receipt/"+id+".pdf", "X-Api-Key: ")
	require.Equal(t, 200, r.status)
	require.Equal(t, "application/pdf", r.header.Get("Content-Type"))
	pdf := []byte(r.body)
	require.True(t, bytes.HasPrefix(pdf, []byte("%PDF-1.")))
	require.True(t, bytes.HasSuffix(pdf, []byte("%%EOF\n")))
	require.Contains(t, r.body, "(Receipt       "+id+")")

	_, tail, found := bytes.Cut(pdf, []byte("startxref\n"))
	require.True(t, found)
	table, err := strconv.Atoi(strings.Fields(string(tail))[0])
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(pdf[table:], []byte("xref\n0 6\n")))
	entries := strings.Split(string(pdf[table:]), "\n")[2:8]
	for n, entry := range entries {
		require.Len(t, entry, 19, "with its line end an entry has 20 bytes")
		if n > 0 {
			offset, err := strconv.Atoi(entry[:10])
			require.NoError(t, err)
			require.True(t, bytes.HasPrefix(pdf[offset:], fmt.Appendf(nil, "%d 0 obj\n", n)), "object %d", n)
		}
	}
	_, after, _ := strings.Cut(r.body, "/Length ")
	length, err := strconv.Atoi(strings.Fields(after)[0])
	require.NoError(t, err)
	_, stream, _ := strings.Cut(r.body, "stream\n")
	require.True(t, strings.HasPrefix(stream[length:], "\nendstream"))
}

func TestPublicVerifyNeedsNoKeyAndShowsNoDeltas(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.emit("acme", "-5", "1").at("data.receiptId")
	b.verify()
	r := b.get("/api/v1/verify/"+first, "X-Api-Key: ")
	for name, want := range map[string]string{
		"verified": "true", "message": "ok", "proofRoot": first, "recordedAt": "2026-02-10T12:00:00.150Z",
		"summary.recordCount": "1", "summary.netChange": "-5", "summary.endingBalance": "-5",
		"summary.firstRecordAt": "2026-02-10T12:00:00.000Z", "records": "[]", "success": "",
	} {
		require.Equal(t, want, r.at(name), name)
	}
	require.NotContains(t, r.body, "acme")

	for _, source := range []string{"", "db", "chain", "both"} {
		require.Equal(t, "true", b.get("/api/v1/verify/"+first+"?source="+source).at("verified"), source)
	}
	b.get("/api/v1/verify/"+first+"?source=ledger").refused(400, "", "source")
	b.get("/api/v1/verify/"+proof.Hash{1}.String()).refused(404, "NOT_FOUND", "Proof root")
	b.get("/api/v1/verify/junk").refused(404, "NOT_FOUND", "Proof root")

	require.Equal(t, 200, b.get("/api/v1/verify/"+first, "X-Chain-Id: 296").status, "test data under the test chain")
	require.Equal(t, 404, b.get("/api/v1/verify/"+first, "X-Chain-Id: 295").status, "and not under the live one")
}

func TestCustomers(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for i := range 30 {
		b.clock.Advance(time.Hour)
		b.emit(fmt.Sprintf("customer_%02d", i), "-1", "x")
	}
	b.clock.Set(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	for i := range 25 {
		b.emit("customer_00", "-2", fmt.Sprint(i))
	}
	b.verify()

	list := b.get("/api/v1/balance/customers")
	require.Equal(t, "customer_00", list.at("data.customers.0.customerId"))
	require.Equal(t, "26", list.at("data.customers.0.totalDeltas"))
	require.Equal(t, "2026-02-10T13:00:00.000Z", list.at("data.customers.0.firstDeltaAt"))
	require.Equal(t, "30", list.at("data.pagination.total"))
	require.Equal(t, "2", list.at("data.pagination.totalPages"))
	require.Equal(t, "customer_25", b.get("/api/v1/balance/customers?page=2").at("data.customers.0.customerId"))
	require.Equal(t, "10", b.get("/api/v1/balance/customers?search=CUSTOMER_1").at("data.pagination.total"))
	b.get("/api/v1/balance/customers?limit=101").refused(400, "", "limit")
	b.get("/api/v1/balance/customers?page=0").refused(400, "", "page")

	summary := b.get("/api/v1/balance/customers/summary")
	require.Equal(t, "30", summary.at("data.totalCustomers"))
	require.Equal(t, "55", summary.at("data.totalDeltas"))
	require.Equal(t, "1", summary.at("data.activeCustomers"), "in the current month")

	detail := b.get("/api/v1/balance/customers/customer_00?deltaLimit=10")
	require.Equal(t, "-51", detail.at("data.computedBalance"), "of all time")
	require.Equal(t, "24", detail.at("data.recentActivity.items.0.referenceId"), "the latest first")
	require.Equal(t, "verified", detail.at("data.recentActivity.items.0.status"))
	require.Equal(t, "26", detail.at("data.recentActivity.pagination.total"))
	require.Regexp(t, `^0x[0-9a-f]{64}$`, detail.at("data.customerReference"))
	require.Equal(t, list.at("data.customers.0.customerReference"), detail.at("data.customerReference"))
	require.Equal(t, "x", b.get("/api/v1/balance/customers/customer_00?deltaPage=3&deltaLimit=10").at("data.recentActivity.items.5.referenceId"))
	require.Equal(t, "-50", b.get("/api/v1/balance/customers/customer_00?period=2026-03").at("data.computedBalance"))
	b.get("/api/v1/balance/customers/nobody").refused(404, "CUSTOMER_NOT_FOUND", "")
}

func TestADashboardSessionMakesCustomers(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.WithDashboardToken("jwt"))
	const path, body = "/dashboard/customers", `{"displayName":"Acme","customerId":"acme"}`
	b.post(path, body).refused(401, "UNAUTHORIZED", "dashboard session")
	b.post(path, body, "Authorization: Bearer wrong").refused(401, "UNAUTHORIZED", "")
	b.post(path, body, "Cookie: pacspace_session=jwt").refused(403, "FORBIDDEN", "CSRF")

	r := b.post(path, body, "Authorization: Bearer jwt")
	require.Equal(t, 201, r.status, r.body)
	require.Equal(t, "INHERIT", r.at("data.sharingStateHint"))
	b.post(path, body, "Authorization: Bearer jwt").refused(409, "CUSTOMER_EXISTS", "exists")
	b.emit("used", "-1", "")
	b.post(path, `{"displayName":"Used","customerId":"used"}`, "Authorization: Bearer jwt").refused(409, "CUSTOMER_EXISTS", "")
	b.post(path, `{}`, "Authorization: Bearer jwt").refused(400, "", "displayName")

	made := b.post(path, `{"displayName":"No id"}`, "Cookie: pacspace_session=jwt", "X-Pacspace-CSRF: 1", "X-Environment: production")
	require.Equal(t, "cust_l000000000001", made.at("data.customerId"), "in the environment that was named")
	require.Equal(t, "0", b.get("/api/v1/balance/customers/acme").at("data.totalDeltas"))
}
