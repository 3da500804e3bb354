package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/metering"
)

var batchColumns = []string{"batch_id", "key", "body", "single", "count", "done", "attempts",
	"first_sent", "unknown", "not_before", "owner", "epoch", "lease_end", "created_at"}

func batchDest(b *metering.OutboxBatch) []any {
	return []any{&b.ID, &b.Key, &b.Body, &b.Single, &b.Count, &b.Done, &b.Attempts,
		timeColumn{&b.FirstSent}, &b.Unknown, timeColumn{&b.NotBefore}, &b.Owner, &b.Epoch, timeColumn{&b.LeaseEnd}, timeColumn{&b.CreatedAt}}
}

func (t *meterTx) Batch(ctx context.Context, id string) (*metering.OutboxBatch, error) {
	b := new(metering.OutboxBatch)
	found, err := t.one(ctx, "meter_batch", []string{id},
		"SELECT "+strings.Join(batchColumns, ", ")+" FROM meter_batch WHERE batch_id = ?",
		[]any{id}, batchDest(b)...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, metering.ErrNotFound
	}
	return b, nil
}

func (t *meterTx) PutBatch(ctx context.Context, b *metering.OutboxBatch) error {
	return t.put(ctx, "meter_batch", []string{b.ID}, 1, batchColumns,
		b.ID, b.Key, notNil(b.Body), b.Single, b.Count, b.Done, b.Attempts,
		t.dialect.time(b.FirstSent), b.Unknown, t.dialect.instant(b.NotBefore), b.Owner, b.Epoch, t.dialect.instant(b.LeaseEnd), t.dialect.instant(b.CreatedAt))
}

func (t *meterTx) FreeBatches(ctx context.Context, now time.Time, limit int) ([]metering.OutboxBatch, error) {
	at := t.dialect.instant(now)
	var out []metering.OutboxBatch
	err := t.query(ctx, "list meter_batch", func(rows *sql.Rows) error {
		var b metering.OutboxBatch
		if err := rows.Scan(batchDest(&b)...); err != nil {
			return err
		}
		out = append(out, b)
		return nil
	}, "SELECT "+strings.Join(batchColumns, ", ")+" FROM meter_batch WHERE NOT done AND not_before <= ? AND lease_end <= ? ORDER BY unknown DESC, created_at, batch_id LIMIT ?"+t.lockFree(),
		at, at, limit)
	return out, err
}
