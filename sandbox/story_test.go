package sandbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

// A month of one customer: flushed day by day, derived, compared, checkpointed, proved.
func TestAMonthFromTheFirstDeltaToTheInvoice(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	const window = "startDate=2026-02-02T00:00:00Z&endDate=2026-03-02T00:00:00Z"

	var leaves []proof.Hash
	for day := time.Date(2026, 2, 2, 0, 5, 0, 0, time.UTC); day.Before(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)); day = day.AddDate(0, 0, 1) {
		b.clock.Set(day)
		date := day.AddDate(0, 0, -1).Format(time.DateOnly)
		r := b.emit("acme", "-50.25", "usage:acme:"+date)
		require.Equal(t, 201, r.status)
		require.Equal(t, "QUEUED", r.at("data.status"))

		item := proof.Item{CustomerID: "acme", Delta: parse(t, "-50.25"), Reason: "usage", ReferenceID: "usage:acme:" + date}
		leaf, err := proof.VariantHex0x.ItemHash(item)
		require.NoError(t, err)
		require.Equal(t, leaf.String(), r.at("data.contentHash"), "the leaf of the item as it was submitted")
		require.Equal(t, leaf.String(), r.at("data.receiptId"), "one item's root is its leaf")
		leaves = append(leaves, leaf)
	}
	b.verify()

	derived := b.get("/api/v1/balance/derive/acme?" + window)
	require.Equal(t, "-1407", derived.at("data.computedBalance"))
	require.Equal(t, "28", derived.at("data.deltaCount"))
	require.Equal(t, "usage:acme:2026-02-01", derived.at("data.deltas.0.referenceId"))
	require.Equal(t, leaves[27].String(), derived.at("data.latestReceiptId"))

	compared := b.post("/api/v1/balance/compare", `{"customerId":"acme","yourBalance":-1407,"theirBalance":-1406,"startingBalance":0,
		"startDate":"2026-02-02T00:00:00Z","endDate":"2026-03-02T00:00:00Z"}`)
	require.Equal(t, "-1407", compared.at("data.neutralBalance"))
	require.Equal(t, "true", compared.at("data.matchesYours"))
	require.Equal(t, "false", compared.at("data.matchesTheirs"))

	b.clock.Set(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))
	checkpoint := b.post("/api/v1/balance/checkpoint", `{"customerId":"acme","startDate":"2026-02-02T00:00:00Z","endDate":"2026-03-02T00:00:00Z"}`)
	root := checkpoint.at("data.proofRoot")
	require.Equal(t, proof.VariantHex0x.Root(leaves).String(), root, "over the content hashes in the listed order")
	require.Equal(t, "QUEUED", checkpoint.at("data.status"))
	require.Equal(t, "pending", b.get("/api/v1/verify/"+root).at("message"))
	b.verify()

	invoice := b.get("/api/v1/balance/invoice-proof/acme?" + window)
	require.Equal(t, root, invoice.at("data.proofRoot"))
	require.Equal(t, "https://app.pacspace.io/api/v1/verify/"+root, invoice.at("data.verificationApiUrl"))
	require.Len(t, invoice.at("data.accessHint"), 6)

	public := b.get("/api/v1/verify/"+root, "X-Api-Key: ")
	require.Equal(t, "true", public.at("verified"))
	require.Equal(t, "28", public.at("summary.recordCount"))
	require.Equal(t, "-1407", public.at("summary.netChange"))

	require.Len(t, b.Recorded(sandbox.Test, "acme"), 28)
	require.Equal(t, "-1407", b.Sum(sandbox.Test, "acme").String())
	require.Empty(t, b.Recorded(sandbox.Live, "acme"), "live is another data plane")
}

func parse(t *testing.T, text string) decimal.Decimal {
	t.Helper()
	d, err := decimal.Parse(text)
	require.NoError(t, err)
	return d
}
