package metering

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/idem"
	"github.com/pacspace/pacspace-go/usage"
)

const (
	closePage = 100 // due buckets that are read at once
	// heldWait is how long a day that the gate or its own first delta holds back waits.
	heldWait = time.Minute
)

// Codes of parked deltas that are ours and not the service's. What to do: look at the delta
// in [Meter.Parked] and at the record, then [Meter.Retry] or [Meter.Discard] it with the
// reason.
const (
	CodeFailed     = "FAILED"             // the service says that the delta failed
	CodeUnknown    = "OUTCOME_UNKNOWN"    // it may have been recorded, and its key is too old
	CodeUnverified = "NOT_VERIFIED"       // accepted without a record id, and never listed since
	CodeKeyKnown   = "KEY_CONFLICT"       // the key knows another body
	CodeDiffers    = "REFERENCE_CONFLICT" // another delta stands under the reference
	CodeOutOfRange = "OUT_OF_RANGE"       // no deltas can hold the amount
	CodeInvalid    = "INVALID"            // the client refuses to send it
	CodeBytes      = "OTHER_VERSION"      // this version would not send the stored bytes
	CodeRecorded   = "RECORDED_OTHERWISE" // discarded, and a person found its usage in the record
)

// errHeld says why a due bucket is not closed yet.
type errHeld struct{ why error }

func (e *errHeld) Error() string { return e.why.Error() }

// dayKey names a bucket.
type dayKey struct {
	customerID string
	day        usage.Date
}

// closeDue closes the buckets that are due, each in a transaction of its own, so that one
// never stops another. Those that are held back stay due, for all to see, and are tried
// again once their wait is over.
func (m *Meter) closeDue(ctx context.Context) error {
	for {
		var due []Bucket
		var now time.Time
		limit := closePage + len(m.held)
		err := m.store.View(ctx, func(tx Tx) (err error) {
			now = tx.Now()
			due, err = tx.DueBuckets(ctx, now, limit)
			return err
		})
		if err != nil {
			return err
		}
		moved := false
		for i := range due {
			b := &due[i]
			key := dayKey{b.CustomerID, b.Day}
			if m.held[key].After(now) {
				continue
			}
			delete(m.held, key)
			closed, err := m.closeBucket(ctx, b)
			if held, ok := errors.AsType[*errHeld](err); ok {
				m.held[key] = now.Add(heldWait)
				m.tell(ctx, Change{Kind: ChangeHeld, CustomerID: b.CustomerID, Day: b.Day, Err: held.why})
			} else if err != nil {
				return err
			}
			moved = moved || closed || err != nil
		}
		if len(due) < limit || !moved {
			return nil
		}
	}
}

// closeBucket closes a bucket as it was seen, or leaves it as it is: another replica may
// have closed it, or more may have come. The error is an *errHeld where it is held back.
func (m *Meter) closeBucket(ctx context.Context, seen *Bucket) (closed bool, err error) {
	if err := m.ask(ctx, seen); err != nil {
		return false, err
	}
	var changes []Change
	err = m.store.Update(ctx, func(tx Tx) error {
		changes = nil
		b, err := tx.Bucket(ctx, seen.CustomerID, seen.Day)
		switch {
		case err != nil:
			return err
		case b.Due.IsZero() || b.Due.After(tx.Now()) || b.Generation != seen.Generation:
			return nil
		case m.set.gate != nil && !b.Open.Equal(seen.Open):
			return nil // the gate was asked about another amount
		}
		changes, err = m.freeze(ctx, tx, b)
		return err
	})
	if err != nil {
		return false, err
	}
	m.tell(ctx, changes...)
	return changes != nil, nil
}

// ask asks the gate about what would go out, outside of the transaction.
func (m *Meter) ask(ctx context.Context, b *Bucket) error {
	if m.set.gate == nil || b.Open.IsZero() {
		return nil
	}
	var account usage.Account
	err := m.store.View(ctx, func(tx Tx) (err error) {
		account, err = tx.Account(ctx, b.CustomerID)
		return err
	})
	if err != nil {
		return err
	}
	if err := m.set.gate(ctx, account, b.Day, b.Open); err != nil {
		return &errHeld{err}
	}
	return nil
}

// freeze turns what is open in a bucket into deltas whose bytes will not change.
func (m *Meter) freeze(ctx context.Context, tx Tx, b *Bucket) ([]Change, error) {
	changes := []Change{{Kind: ChangeClosed, CustomerID: b.CustomerID, Day: b.Day}}
	if !b.Open.IsZero() {
		rows, err := m.rows(ctx, tx, b)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if err := tx.PutDelta(ctx, &rows[i]); err != nil {
				return nil, err
			}
			changes = append(changes, Change{
				Kind: ChangeState, CustomerID: b.CustomerID, Day: b.Day,
				ReferenceID: rows[i].ReferenceID, To: rows[i].State, Code: rows[i].ErrorCode,
			})
		}
		if b.Base == "" {
			b.Base = rows[0].ReferenceID
		}
		changes[0].Count = len(rows)
	}
	b.Generation++
	b.Frozen = b.Frozen.Add(b.Open)
	b.Open, b.Count, b.Dimensions, b.Metadata = decimal.Decimal{}, 0, nil, nil
	b.First, b.Last, b.Due = time.Time{}, time.Time{}, time.Time{}
	return changes, tx.PutBucket(ctx, b)
}

// rows are the deltas of what is open in a bucket: one, save where its amount needs parts.
func (m *Meter) rows(ctx context.Context, tx Tx, b *Bucket) ([]OutboxDelta, error) {
	account, err := tx.Account(ctx, b.CustomerID)
	if err != nil {
		return nil, err
	}
	name, err := nameOf(ctx, tx, b)
	if err != nil {
		return nil, err
	}
	for ; ; name.Again++ {
		rows, err := m.rowsNamed(name, account, tx.Now(), b)
		if err != nil {
			return nil, err
		}
		if free, err := unused(ctx, tx, rows); err != nil || free {
			return rows, err
		}
	}
}

// rowsNamed are the deltas under that name.
func (m *Meter) rowsNamed(name usage.Reference, account usage.Account, now time.Time, b *Bucket) ([]OutboxDelta, error) {
	metadata, err := metadataOf(account, b)
	if err != nil {
		return nil, err
	}
	template := OutboxDelta{
		CustomerID: b.CustomerID, Day: b.Day, Generation: b.Generation + 1, Adjusts: b.Base,
		State: StateFrozen, NotBefore: now, CreatedAt: now, UpdatedAt: now,
	}
	deltas, err := pacspace.UsageDeltas(name, b.Open, metadata)
	if err != nil {
		d := template
		d.ReferenceID, d.Amount = name.String(), b.Open.Neg()
		d.State, d.ErrorCode, d.Note = StateParked, CodeOutOfRange, err.Error()
		return []OutboxDelta{d}, nil
	}
	rows := make([]OutboxDelta, len(deltas))
	for i, p := range deltas {
		p.Adjusts = nil
		if b.Base != "" {
			p.Adjusts = &pacspace.Adjusts{ReferenceID: b.Base}
		}
		d := template
		if err := d.setParams(p); err != nil {
			return nil, err
		}
		rows[i] = d
	}
	return rows, nil
}

// nameOf names the next lot of a bucket. The day's first delta has the plain name; what
// comes later adjusts that one, and waits until it is verified.
func nameOf(ctx context.Context, tx Tx, b *Bucket) (usage.Reference, error) {
	r := usage.Reference{CustomerID: b.CustomerID, Day: b.Day}
	if b.Base == "" {
		return r, nil
	}
	base, err := tx.Delta(ctx, b.Base)
	if err != nil {
		return r, err
	}
	if base.State != StateVerified {
		return r, &errHeld{fmt.Errorf("metering: %s: is %s: what came later for its day adjusts it and waits until it is verified", b.Base, base.State)}
	}
	r.Late = max(b.Generation, 1)
	return r, nil
}

// unused tells whether no delta stands under any of the rows' references. One that was
// discarded keeps its reference, and the next lot is a repeat.
func unused(ctx context.Context, tx Tx, rows []OutboxDelta) (bool, error) {
	for i := range rows {
		switch _, err := tx.Delta(ctx, rows[i].ReferenceID); {
		case err == nil:
			return false, nil
		case !errors.Is(err, ErrNotFound):
			return false, err
		}
	}
	return true, nil
}

// metadataOf is what goes out with a bucket's deltas.
func metadataOf(account usage.Account, b *Bucket) (pacspace.Metadata, error) {
	m := pacspace.Metadata{}
	if b.Metadata != nil {
		if err := decode(b.Metadata, &m); err != nil {
			return nil, err
		}
	}
	size, omitted := 0, 0
	for _, name := range slices.Sorted(maps.Keys(b.Dimensions)) {
		values := b.Dimensions[name]
		for _, value := range values {
			size += len(value)
		}
		switch size += len(name); {
		case size > maxMetadata:
			omitted++
		case len(values) == 1:
			m[name] = values[0]
		case len(values) > 1:
			m[name] = values
		}
	}
	if omitted > 0 {
		m[metaOmitted] = omitted
	}
	m[metaResource], m[metaUnit] = account.Resource, account.Unit
	return m, nil
}

// setParams freezes a delta's bytes.
func (d *OutboxDelta) setParams(p pacspace.DeltaParams) error {
	body, err := canonical.Marshal(p)
	if err != nil {
		return err
	}
	d.ReferenceID, d.Amount, d.Body, d.Key = p.ReferenceID, p.Delta, body, idem.Reference(p.ReferenceID)
	return nil
}

// Params is the delta as it is sent.
func (d *OutboxDelta) Params() (pacspace.DeltaParams, error) {
	var p pacspace.DeltaParams
	if err := decode(d.Body, &p); err != nil {
		return p, fmt.Errorf("metering: %s: the stored body cannot be read: %w", d.ReferenceID, err)
	}
	return p, nil
}

// decode reads JSON with its numbers as they are written.
func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(v)
}
