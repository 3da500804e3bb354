package metering

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/canonical"
)

// deliver sends what may be sent now. It returns how long the pace asks to wait before the
// rest, 0 where there is no rest or where waiting would not help: in a pause, or while a
// delta waits for its time.
func (m *Meter) deliver(ctx context.Context) (time.Duration, error) {
	for {
		wait, err := m.paceOfWork(ctx)
		if err != nil || wait != 0 {
			return max(wait, 0), err
		}
		b, look, err := m.lease(ctx)
		if err != nil || b == nil {
			return 0, err
		}
		if err := m.attempt(ctx, b, look); err != nil && !errors.Is(err, errFenced) {
			return 0, err
		}
	}
}

// paceOfWork is the wait of the pace if there is something to send, and -1 in a pause.
func (m *Meter) paceOfWork(ctx context.Context) (wait time.Duration, err error) {
	err = m.store.View(ctx, func(tx Tx) error {
		wait = 0
		p, err := readPause(ctx, tx)
		if err != nil {
			return err
		}
		if p.Until.After(tx.Now()) {
			wait = -1
			return nil
		}
		next, err := m.nextSend(ctx, tx, false)
		if err != nil || next == 0 {
			return err
		}
		free, err := tx.FreeBatches(ctx, tx.Now(), 1)
		if err != nil {
			return err
		}
		ready, err := tx.ReadyDeltas(ctx, StateFrozen, tx.Now(), 1)
		if len(free)+len(ready) > 0 {
			wait = next
		}
		return err
	})
	return wait, err
}

// attempt brings a leased batch one step on. Whatever the service says is stored; an error
// is one of the store, or of ctx.
func (m *Meter) attempt(ctx context.Context, b *OutboxBatch, look bool) error {
	if b.Unknown || look {
		left, err := m.lookFor(ctx, b, b.FirstSent, m.notFound)
		if err != nil || left == 0 {
			return err
		}
	}
	if b.Unknown {
		now, err := m.store.Now(ctx)
		if err != nil {
			return err
		}
		if now.Sub(b.FirstSent) >= m.set.keyLifetime {
			return m.parkRest(ctx, b, CodeUnknown, fmt.Sprintf("the outcome is unknown, the service does not list it, and its key is older than %v: find out whether it was recorded, then Retry with NotRecorded, or Discard", m.set.keyLifetime))
		}
	}
	params, err := b.params()
	if err != nil {
		return err
	}
	if !b.sendable(params) {
		return m.parkRest(ctx, b, CodeBytes, "this version would send other bytes than are stored: Retry with the version that wrote them")
	}
	begun := time.Now()
	if wait, err := m.begin(ctx, b); err != nil || wait > 0 {
		return err
	}
	items, err := m.send(ctx, b, params, begun)
	// What the service said is stored even where ctx has ended by now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	if err != nil {
		return m.failed(ctx, b, err)
	}
	return m.answered(ctx, b, items)
}

// storeTime bounds the storing of an answer once the caller's context has ended.
const storeTime = 15 * time.Second

// sendable tells whether the client would send exactly the stored bytes.
func (b *OutboxBatch) sendable(params []pacspace.DeltaParams) bool {
	var body []byte
	var err error
	if b.Single {
		body, err = canonical.Marshal(params[0])
	} else {
		body, err = canonical.Marshal(batchBody{Deltas: params})
	}
	return err == nil && bytes.Equal(body, b.Body)
}

// item is what the service says of one delta of a batch.
type item struct {
	outcome                          pacspace.Outcome
	status                           pacspace.Status
	recordID, receiptID, contentHash string
	replayed                         bool // the service had the reference, and need not mean this amount
	code                             string
	wait                             time.Duration
}

// errPaused: this process stood still, and its lease may be over.
var errPaused = errors.New("metering: the process stood still before it sent")

// send makes one request. The client does not repeat it: each attempt is stored and counts
// for the pace. The time for it counts from before the attempt was stored, so that a process
// that stood still in between, by either clock, sends nothing.
func (m *Meter) send(ctx context.Context, b *OutboxBatch, params []pacspace.DeltaParams, begun time.Time) ([]item, error) {
	if now := time.Now(); max(now.Sub(begun), now.Round(0).Sub(begun.Round(0))) >= sendTime {
		return nil, errPaused
	}
	ctx, cancel := context.WithDeadline(ctx, begun.Add(sendTime))
	defer cancel()
	opts := []pacspace.CallOption{
		pacspace.WithIdempotencyKey(b.Key), pacspace.WithMaxRetries(0),
		// An answer that is still in progress is asked for later, and others go on meanwhile.
		pacspace.WithPollInterval(2 * sendTime),
	}
	if b.Single {
		d, err := m.client.Balance.Emit(ctx, params[0], opts...)
		if err != nil {
			return nil, err
		}
		it := itemOf(d)
		var answer struct {
			Idempotent bool `json:"idempotent"`
		}
		// Where the answer tells an amount, the client has compared it.
		it.replayed = d.Delta.IsZero() && json.Unmarshal(d.RawJSON(), &answer) == nil && answer.Idempotent
		return []item{it}, nil
	}
	batch, err := m.client.Balance.EmitBatch(ctx, params, opts...)
	if err != nil {
		return nil, err
	}
	waits := waitsOf(batch)
	items := make([]item, len(batch.Items))
	for i, it := range batch.Items {
		items[i] = item{
			outcome: it.Outcome, status: it.Status, code: it.Error, wait: waits[i], replayed: it.Replayed,
			recordID: it.RecordID, receiptID: it.ReceiptID, contentHash: it.ContentHash,
		}
		if it.Outcome == pacspace.OutcomeRefused && it.Error == "" {
			items[i].code = CodeFailed
		}
	}
	return items, nil
}

// itemOf reads an accepted delta: one that was found, or the answer to one sent alone.
func itemOf(d *pacspace.Delta) item {
	return item{
		outcome: pacspace.OutcomeAccepted, status: d.Status, code: d.Error,
		recordID: d.RecordID, receiptID: d.ReceiptID, contentHash: d.ContentHash,
	}
}

// waitsOf reads how long refused items are asked to wait, by their index. The service does
// not document the field in a batch's answer; it is read where it is there.
func waitsOf(b *pacspace.Batch) map[int]time.Duration {
	var answer struct {
		Results []struct {
			Index             *int        `json:"index"`
			RetryAfterSeconds json.Number `json:"retryAfterSeconds"`
		} `json:"results"`
	}
	waits := map[int]time.Duration{}
	if json.Unmarshal(b.RawJSON(), &answer) != nil {
		return waits
	}
	for _, r := range answer.Results {
		seconds, err := r.RetryAfterSeconds.Int64()
		if r.Index != nil && err == nil && seconds > 0 {
			waits[*r.Index] = time.Duration(min(seconds, maxWaitSeconds)) * time.Second
		}
	}
	return waits
}

// maxWaitSeconds bounds how long the service can make a delta wait at once: it is asked
// again after that.
const maxWaitSeconds = 7 * 24 * 60 * 60
