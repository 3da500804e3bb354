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

const batchPath = "/api/v1/balance/delta/batch"

func TestABatchFailsItemByItem(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.CadenceLimit(time.Hour), sandbox.PlanLimit(4))
	b.emit("early", "-1", "e1")
	b.emit("known", "-1", "k1")
	r := b.post(batchPath, `{"deltas":[
		{"customerId":"acme","delta":-5,"reason":"r","referenceId":"a1"},
		{"customerId":"early","delta":-5,"reason":"r","referenceId":"e2"},
		{"customerId":"globex","delta":0,"reason":"r","referenceId":"g1"},
		{"customerId":"known","delta":-1,"reason":"usage","referenceId":"k1"},
		{"customerId":"acme","delta":-5,"reason":"r","referenceId":"a1"},
		{"customerId":"acme","delta":-6,"reason":"r","referenceId":"a1"},
		{"customerId":"initech","delta":-7,"reason":"r"},
		{"customerId":"hooli","delta":-8,"reason":"r"},
		"junk"]}`)
	require.Equal(t, 201, r.status, r.body)
	for i, want := range []struct{ status, err, idempotent string }{
		{"QUEUED", "", ""},
		{"FAILED", "CADENCE_LIMIT", ""},
		{"FAILED", "VALIDATION_ERROR", ""},
		{"QUEUED", "", "true"},
		{"QUEUED", "", "true"},
		{"FAILED", "REFERENCE_CONFLICT", ""},
		{"QUEUED", "", ""},
		{"FAILED", "INSUFFICIENT_CREDITS", ""},
		{"FAILED", "VALIDATION_ERROR", ""},
	} {
		at := fmt.Sprintf("data.results.%d.", i)
		require.Equal(t, fmt.Sprint(i), r.at(at+"index"))
		require.Equal(t, want.status, r.at(at+"status"), "item %d", i)
		require.Equal(t, want.err, r.at(at+"error"), "item %d", i)
		require.Equal(t, want.idempotent, r.at(at+"idempotent"), "item %d", i)
	}
	require.Equal(t, "4", r.at("data.totalQueued"))
	require.Equal(t, "5", r.at("data.totalFailed"))
	require.Equal(t, "early", r.at("data.results.1.customerId"), "a refused item is echoed")
	require.Equal(t, "-5", r.at("data.results.1.delta"))
	require.Equal(t, "3600", r.at("data.results.1.retryAfterSeconds"))
	require.Len(t, b.Recorded(sandbox.Test, ""), 4)
}

func TestABatchSharesOneProof(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	r := b.post(batchPath, `{"deltas":[
		{"customerId":"acme","delta":-1,"reason":"r"},
		{"customerId":"globex","delta":0,"reason":"r"},
		{"customerId":"globex","delta":-2,"reason":"r"},
		{"customerId":"acme","delta":-3,"reason":"r"}]}`)
	var leaves []proof.Hash
	for _, i := range []int{0, 2, 3} {
		leaf, err := proof.ParseHash(r.at(fmt.Sprintf("data.results.%d.itemHash", i)))
		require.NoError(t, err)
		leaves = append(leaves, leaf)
	}
	root := proof.VariantHex0x.Root(leaves).String()
	require.Equal(t, root, r.at("data.results.0.receiptId"), "over the items that were accepted, in their order")
	require.Equal(t, root, r.at("data.results.3.receiptId"))
	b.verify()

	delta := b.get("/api/v1/balance/delta/" + r.at("data.results.2.recordId"))
	require.Equal(t, root, delta.at("data.proofHash"))
	require.Contains(t, delta.at("data.itemHashes"), delta.at("data.contentHash"))

	public := b.get("/api/v1/verify/" + root)
	require.Equal(t, "3", public.at("summary.recordCount"))
	require.Equal(t, "-6", public.at("summary.netChange"))
}

func TestABatchHasOneToAHundredDeltas(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	item := `{"customerId":"acme","delta":-1,"reason":"r"}`
	for _, c := range []struct {
		name, body string
		status     int
	}{
		{"no list", `{}`, 400},
		{"null", `{"deltas":null}`, 400},
		{"an empty list", `{"deltas":[]}`, 400},
		{"an object", `{"deltas":{}}`, 400},
		{"100", `{"deltas":[` + strings.Repeat(item+",", 99) + item + `]}`, 201},
		{"101", `{"deltas":[` + strings.Repeat(item+",", 100) + item + `]}`, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.status, b.post(batchPath, c.body).status)
		})
	}
}
