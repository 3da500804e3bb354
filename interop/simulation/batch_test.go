package simulation_test

import (
	"context"
	"errors"
	"time"

	"github.com/pacspace/pacspace-go"
)

// batchAge is how long a batch is sent again under its key: below the lifetime that keys
// are assumed to have, with room for the call itself.
const batchAge = pacspace.KeyLifetime - time.Hour

// flushBatch sends items as one batch. The batch and its items are stored at once.
func (p *program) flushBatch(list []item) {
	name := "batch:" + list[0].Delta.ReferenceID
	b := batch{FirstSent: time.Now()}
	values := map[string]any{}
	for _, it := range list {
		it.Batch, it.State = name, itemSending
		b.References = append(b.References, it.Delta.ReferenceID)
		values[it.Delta.ReferenceID] = it
	}
	values[name] = b
	p.batched = true
	p.store.put(values)
	p.sendBatch(name, b)
}

// sendBatch sends a batch, whole and in the same order, and settles it where the service
// answers. Past the age of its key it leaves the items to Resolve, which then only looks.
func (p *program) sendBatch(name string, b batch) {
	items := make([]item, len(b.References))
	deltas := make([]pacspace.DeltaParams, len(b.References))
	for i, reference := range b.References {
		items[i], _ = load[item](p.store, reference)
		deltas[i] = items[i].Delta
	}
	if b.Unknown && time.Since(b.FirstSent) >= batchAge {
		b.Settled = true
		values := map[string]any{name: b}
		for _, it := range items {
			it.State, it.FirstSent = itemUnknown, b.FirstSent.Add(-2*pacspace.KeyLifetime)
			values[it.Delta.ReferenceID] = it
		}
		p.store.put(values)
		return
	}
	open := b.Unknown
	if !open {
		b.FirstSent = time.Now()
	}
	b.Unknown = true // should the program die now
	p.store.put(map[string]any{name: b})
	var got *pacspace.Batch
	err := p.call(name, func(ctx context.Context) (err error) {
		got, err = p.biller.batch(ctx, deltas, b.Key)
		return err
	})
	values := map[string]any{}
	switch {
	case err == nil:
		b.Settled = true
		for i, result := range got.Items {
			items[i] = p.afterBatch(items[i], result)
			values[items[i].Delta.ReferenceID] = items[i]
			b.Settled = b.Settled && p.biller.settles(result) != pacspace.OutcomeUnknown
		}
		if !b.Settled {
			clear(values)
		}
	case open && !p.biller.forgets, p.biller.unknown(err):
	case p.biller.refused(err):
		if api, ok := errors.AsType[*pacspace.APIError](err); ok { // else a double took a lost answer for a refusal
			b.Key = api.IdempotencyKey
		}
		b.Unknown, b.Key = false, p.biller.nextKey(b.Key)
	default:
		b.Unknown = errors.Is(err, pacspace.ErrIdempotencyConflict)
	}
	values[name] = b
	p.store.put(values)
}

// afterBatch says what is known of an item of a batch that was answered.
func (p *program) afterBatch(it item, result pacspace.BatchItem) item {
	switch outcome := p.biller.settles(result); {
	case outcome == pacspace.OutcomeAccepted && result.Replayed:
		// The service had its reference, which says nothing of the amount: let Resolve look.
		it.State, it.FirstSent = itemUnknown, time.Now()
	case outcome == pacspace.OutcomeAccepted:
		it.State, it.RecordID = itemRecorded, result.RecordID
	case result.Error == "REFERENCE_CONFLICT":
		it.State, it.Why = itemParked, whyConflict
	case result.Error == string(pacspace.KindCadenceLimit):
		it.State, it.Key = itemUnsent, p.biller.nextKey(it.Key)
	default:
		it.State, it.Why = itemParked, whyRejected
	}
	return it
}
