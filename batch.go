package pacspace

import (
	"context"
	"fmt"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/idem"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// Batch is the service's answer to a batch, one item for each delta that was sent and in
// that order. A batch can fail in part: look at each item.
//
// Source: API contract, section 2.2.
type Batch struct {
	Raw
	TotalQueued int         `json:"totalQueued"`
	TotalFailed int         `json:"totalFailed"`
	Items       []BatchItem `json:"items"`

	// IdempotencyKey is the key that the batch was sent with.
	IdempotencyKey string `json:"-"`
}

// BatchItem is what became of one delta of a batch.
type BatchItem struct {
	// Params is the delta that was sent.
	Params DeltaParams `json:"params"`
	// Outcome says whether the service took it.
	Outcome Outcome `json:"outcome"`
	// Status, RecordID, ReceiptID and ContentHash are the service's, where it gave them.
	Status      Status `json:"status,omitempty"`
	RecordID    string `json:"recordId,omitempty"`
	ReceiptID   string `json:"receiptId,omitempty"`
	ContentHash string `json:"contentHash,omitempty"`
	// Error is the service's code for a refusal, such as CADENCE_LIMIT.
	Error string `json:"error,omitempty"`
	// Replayed says that the service had this delta already and counted it once.
	Replayed bool `json:"replayed,omitempty"`
}

// Outcome is what is known of a write.
type Outcome string

// The outcomes of a batch item.
const (
	OutcomeAccepted Outcome = "accepted" // the service took it
	OutcomeRefused  Outcome = "refused"  // the service did not take it; Error says why
	// OutcomeUnknown: the answer names the item not at all, more than once, or in words
	// that this version does not know. Send the same batch again, whole and in the same
	// order, so that it has the same key, for as long as that is younger than
	// [KeyLifetime]; past that [BalanceService.Resolve] looks for each item.
	OutcomeUnknown Outcome = "unknown"
)

// With returns the items with that outcome.
func (b *Batch) With(o Outcome) []BatchItem {
	var items []BatchItem
	for _, i := range b.Items {
		if i.Outcome == o {
			items = append(items, i)
		}
	}
	return items
}

// batchAnswer is a batch's answer before its rows are matched with what was sent.
type batchAnswer struct {
	Raw
	queued, failed int
	rows           []batchRow
}

type batchRow struct {
	index    int
	item     BatchItem
	customer string  // empty where the row does not repeat it
	delta    Decimal // zero where the row does not repeat it
}

func (a *batchAnswer) fromWire(o *wire.Object) {
	a.queued, a.failed = o.Int("totalQueued"), o.Int("totalFailed")
	for r := range o.Array("results") {
		row := batchRow{index: -1}
		if n := r.IntPtr("index"); n != nil {
			row.index = int(*n)
		}
		row.item = BatchItem{
			Status:      Status(r.String("status")),
			RecordID:    r.String("recordId", "anchorId"),
			ReceiptID:   r.String("receiptId"),
			ContentHash: r.String("itemHash", "contentHash"),
			Error:       r.Text("error"),
			Replayed:    r.Bool("idempotent"),
		}
		row.item.Outcome = row.item.outcome()
		row.customer, row.delta = r.String("customerId"), r.Decimal("delta")
		a.rows = append(a.rows, row)
	}
}

// EmitBatch writes up to [MaxBatchDeltas] deltas in one request. Each needs a referenceId
// and none may stand twice, since the items of a batch share one Idempotency-Key: by
// default "batch-" and the SHA-256 of the exact body, the caller's if given.
//
// A nil error means that the service answered; its items may still be refused or unknown.
//
// Source: API contract, sections 2.2 and 3.2.
func (s *BalanceService) EmitBatch(ctx context.Context, deltas []DeltaParams, opts ...CallOption) (*Batch, error) {
	if len(deltas) == 0 || len(deltas) > MaxBatchDeltas {
		return nil, &ParamError{Field: "deltas", Rule: fmt.Sprintf("must be 1 to %d deltas", MaxBatchDeltas)}
	}
	seen := make(map[string]int, len(deltas))
	for i, p := range deltas {
		if err := p.validate(); err != nil {
			return nil, paramError(fmt.Sprintf("deltas[%d]", i), err)
		}
		if p.ReferenceID == "" {
			return nil, &ParamError{Field: fmt.Sprintf("deltas[%d].referenceId", i), Rule: "must be given in a batch"}
		}
		if first, again := seen[p.ReferenceID]; again {
			return nil, &ParamError{Field: fmt.Sprintf("deltas[%d].referenceId", i), Rule: fmt.Sprintf("must not repeat that of deltas[%d]", first)}
		}
		seen[p.ReferenceID] = i
	}
	body, err := canonical.Marshal(struct {
		Deltas []DeltaParams `json:"deltas"`
	}{deltas})
	if err != nil {
		return nil, paramError("deltas", err)
	}
	in := call{route: routeEmitBatch, body: body, key: idem.Batch(body)}
	a, err := invoke[batchAnswer](ctx, s.core, in, opts)
	if err != nil {
		return nil, err
	}
	b := a.match(deltas)
	b.IdempotencyKey = in.keyOr(opts)
	return b, nil
}

// outcome reads what a row says. One that names neither a refusal nor a record, and no
// status that this version knows, says nothing.
func (i BatchItem) outcome() Outcome {
	switch {
	case i.Error != "" || i.Status.Is(StatusFailed):
		return OutcomeRefused
	case i.RecordID != "" || i.ReceiptID != "" || i.Replayed,
		i.Status.Is(StatusQueued), i.Status.Is(StatusProcessing), i.Status.Is(StatusVerified):
		return OutcomeAccepted
	}
	return OutcomeUnknown
}

// about reports whether a row is about the delta, as far as it says.
func (r batchRow) about(p DeltaParams) bool {
	return (r.customer == "" || r.customer == p.CustomerID) && (r.delta.IsZero() || r.delta.Equal(p.Delta))
}

// match gives each delta its row. A delta without exactly one row that is about it has an
// unknown outcome.
func (a *batchAnswer) match(deltas []DeltaParams) *Batch {
	b := &Batch{Raw: a.Raw, TotalQueued: a.queued, TotalFailed: a.failed, Items: make([]BatchItem, len(deltas))}
	rows := make([]int, len(deltas))
	for _, r := range a.rows {
		if r.index < 0 || r.index >= len(deltas) || !r.about(deltas[r.index]) {
			continue
		}
		rows[r.index]++
		b.Items[r.index] = r.item
	}
	for i := range b.Items {
		if rows[i] != 1 {
			b.Items[i] = BatchItem{Outcome: OutcomeUnknown}
		}
		b.Items[i].Params = deltas[i]
	}
	return b
}
