package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/metering"
)

var deltaColumns = []string{"reference_id", "customer_id", "day", "generation", "adjusts", "amount",
	"body", "key", "batch_id", "state", "attempts", "first_sent", "not_before", "error_code", "note",
	"record_id", "receipt_id", "content_hash", "created_at", "updated_at"}

func deltaDest(d *metering.OutboxDelta) []any {
	return []any{&d.ReferenceID, &d.CustomerID, dayColumn{&d.Day}, &d.Generation, &d.Adjusts, &d.Amount,
		&d.Body, &d.Key, &d.BatchID, &d.State, &d.Attempts, timeColumn{&d.FirstSent}, timeColumn{&d.NotBefore}, &d.ErrorCode, &d.Note,
		&d.RecordID, &d.ReceiptID, &d.ContentHash, timeColumn{&d.CreatedAt}, timeColumn{&d.UpdatedAt}}
}

func (t *meterTx) Delta(ctx context.Context, referenceID string) (*metering.OutboxDelta, error) {
	d := new(metering.OutboxDelta)
	found, err := t.one(ctx, "meter_delta", []string{referenceID},
		"SELECT "+strings.Join(deltaColumns, ", ")+" FROM meter_delta WHERE reference_id = ?",
		[]any{referenceID}, deltaDest(d)...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, metering.ErrNotFound
	}
	return d, nil
}

func (t *meterTx) PutDelta(ctx context.Context, d *metering.OutboxDelta) error {
	return t.put(ctx, "meter_delta", []string{d.ReferenceID}, 1, deltaColumns,
		d.ReferenceID, d.CustomerID, d.Day.String(), d.Generation, d.Adjusts, d.Amount.String(),
		notNil(d.Body), d.Key, d.BatchID, string(d.State), d.Attempts, t.dialect.time(d.FirstSent), t.dialect.instant(d.NotBefore), d.ErrorCode, d.Note,
		d.RecordID, d.ReceiptID, d.ContentHash, t.dialect.instant(d.CreatedAt), t.dialect.instant(d.UpdatedAt))
}

func (t *meterTx) ReadyDeltas(ctx context.Context, state metering.State, now time.Time, limit int) ([]metering.OutboxDelta, error) {
	var w where
	w.addIf(true, "state = ?", string(state))
	w.addIf(true, "not_before <= ?", t.dialect.instant(now))
	w.addIf(state == metering.StateFrozen, "batch_id = ''")
	return t.deltas(ctx, w.String(), w.args, "not_before, reference_id", limit, t.lockFree())
}

func (t *meterTx) Deltas(ctx context.Context, q metering.DeltaQuery, limit int) ([]metering.OutboxDelta, error) {
	var w where
	w.addIf(q.CustomerID != "", "customer_id = ?", q.CustomerID)
	w.addIf(!q.From.IsZero(), "day >= ?", q.From.String())
	w.addIf(!q.To.IsZero(), "day <= ?", q.To.String())
	w.addIf(q.BatchID != "", "batch_id = ? AND batch_id <> ''", q.BatchID)
	w.addIf(q.RecordID != "", "record_id = ? AND record_id <> ''", q.RecordID)
	w.addIf(q.AfterReferenceID != "", "reference_id > ?", q.AfterReferenceID)
	if len(q.States) > 0 {
		states := make([]any, len(q.States))
		for i, s := range q.States {
			states[i] = string(s)
		}
		w.addIf(true, in("state", len(states)), states...)
	}
	lock := t.lockFree()
	if q.Wait {
		lock = t.lock()
	}
	return t.deltas(ctx, w.String(), w.args, "reference_id", limit, lock)
}

func (t *meterTx) deltas(ctx context.Context, condition string, args []any, order string, limit int, lock string) ([]metering.OutboxDelta, error) {
	var out []metering.OutboxDelta
	err := t.query(ctx, "list meter_delta", func(rows *sql.Rows) error {
		var d metering.OutboxDelta
		if err := rows.Scan(deltaDest(&d)...); err != nil {
			return err
		}
		out = append(out, d)
		return nil
	}, "SELECT "+strings.Join(deltaColumns, ", ")+" FROM meter_delta WHERE "+condition+" ORDER BY "+order+" LIMIT ?"+lock,
		append(args, limit)...)
	return out, err
}

func (t *meterTx) CountDeltas(ctx context.Context) ([]metering.StateCount, error) {
	var out []metering.StateCount
	err := t.query(ctx, "count meter_delta", func(rows *sql.Rows) error {
		var c metering.StateCount
		if err := rows.Scan(&c.State, &c.Count, timeColumn{&c.Oldest}); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	}, "SELECT state, count(*), min(created_at) FROM meter_delta GROUP BY state ORDER BY state")
	return out, err
}

// notNil keeps an empty body from being stored as NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
