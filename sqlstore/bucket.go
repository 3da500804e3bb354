package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

var bucketColumns = []string{"customer_id", "day", "totals", "generation", "open", "count",
	"dimensions", "first_at", "last_at", "metadata", "due", "frozen", "base"}

func (t *meterTx) Bucket(ctx context.Context, customerID string, day usage.Date) (*metering.Bucket, error) {
	var row bucketRow
	found, err := t.one(ctx, "meter_bucket", []string{customerID, day.String()},
		"SELECT "+strings.Join(bucketColumns, ", ")+" FROM meter_bucket WHERE customer_id = ? AND day = ?",
		[]any{customerID, day.String()}, row.dest()...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, metering.ErrNotFound
	}
	return row.bucket()
}

func (t *meterTx) PutBucket(ctx context.Context, b *metering.Bucket) error {
	dimensions, err := marshalDimensions(b.Dimensions)
	if err != nil {
		return err
	}
	return t.put(ctx, "meter_bucket", []string{b.CustomerID, b.Day.String()}, 2, bucketColumns,
		b.CustomerID, b.Day.String(), b.Totals, b.Generation, b.Open.String(), b.Count,
		dimensions, t.dialect.time(b.First), t.dialect.time(b.Last), b.Metadata, t.dialect.time(b.Due), b.Frozen.String(), b.Base)
}

func (t *meterTx) DueBuckets(ctx context.Context, now time.Time, limit int) ([]metering.Bucket, error) {
	return t.buckets(ctx, "due <= ?", []any{t.dialect.time(now)}, "due, customer_id, day", limit)
}

func (t *meterTx) Buckets(ctx context.Context, q metering.BucketQuery, limit int) ([]metering.Bucket, error) {
	var w where
	w.addIf(q.CustomerID != "", "customer_id = ?", q.CustomerID)
	w.addIf(!q.From.IsZero(), "day >= ?", q.From.String())
	w.addIf(!q.To.IsZero(), "day <= ?", q.To.String())
	w.addIf(q.OpenOnly, "due IS NOT NULL")
	w.addIf(q.TotalsOnly, "totals")
	w.addIf(!q.AfterDay.IsZero(), "(day, customer_id) > (?, ?)", q.AfterDay.String(), q.AfterCustomerID)
	return t.buckets(ctx, w.String(), w.args, "day, customer_id", limit)
}

func (t *meterTx) buckets(ctx context.Context, condition string, args []any, order string, limit int) ([]metering.Bucket, error) {
	var out []metering.Bucket
	err := t.query(ctx, "list meter_bucket", func(rows *sql.Rows) error {
		var row bucketRow
		if err := rows.Scan(row.dest()...); err != nil {
			return err
		}
		b, err := row.bucket()
		if err == nil {
			out = append(out, *b)
		}
		return err
	}, "SELECT "+strings.Join(bucketColumns, ", ")+" FROM meter_bucket WHERE "+condition+" ORDER BY "+order+" LIMIT ?"+t.lockFree(),
		append(args, limit)...)
	return out, err
}

func (t *meterTx) CountOpen(ctx context.Context, now time.Time) (metering.OpenCount, error) {
	var c metering.OpenCount
	err := t.query(ctx, "count meter_bucket", func(rows *sql.Rows) error {
		return rows.Scan(&c.Open, &c.Due, timeColumn{&c.Oldest})
	}, "SELECT count(*), coalesce(sum(CASE WHEN due <= ? THEN 1 ELSE 0 END), 0), min(due) FROM meter_bucket WHERE due IS NOT NULL", t.dialect.time(now))
	return c, err
}

// bucketRow is a bucket as the database holds it.
type bucketRow struct {
	b          metering.Bucket
	dimensions string
}

func (r *bucketRow) dest() []any {
	b := &r.b
	return []any{&b.CustomerID, dayColumn{&b.Day}, &b.Totals, &b.Generation, &b.Open, &b.Count,
		&r.dimensions, timeColumn{&b.First}, timeColumn{&b.Last}, &b.Metadata, timeColumn{&b.Due}, &b.Frozen, &b.Base}
}

func (r *bucketRow) bucket() (*metering.Bucket, error) {
	var err error
	if r.b.Dimensions, err = unmarshalDimensions(r.dimensions); err != nil {
		return nil, err
	}
	return &r.b, nil
}

func marshalDimensions(d metering.Dimensions) (string, error) {
	if len(d) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(d)
	return string(text), err
}

func unmarshalDimensions(text string) (metering.Dimensions, error) {
	if text == "{}" {
		return nil, nil
	}
	var d metering.Dimensions
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return nil, errors.New("sqlstore: a bucket's dimensions are not what was written: not an object of lists")
	}
	return d, nil
}

// where collects conditions that must all hold.
type where struct {
	conditions []string
	args       []any
}

func (w *where) addIf(wanted bool, condition string, args ...any) {
	if wanted {
		w.conditions = append(w.conditions, condition)
		w.args = append(w.args, args...)
	}
}

func (w *where) String() string {
	if len(w.conditions) == 0 {
		return "true"
	}
	return strings.Join(w.conditions, " AND ")
}

// in returns column IN (?, ...) for n values.
func in(column string, n int) string {
	return fmt.Sprintf("%s IN %s", column, rowsOf(1, n))
}
