package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
)

// refuseTotals looks for a bucket that totals feed.
func (t *txn) refuseTotals(ctx context.Context, adds []*addition) error {
	some := false
	err := t.query(ctx, "look for totals", func(rows *sql.Rows) error { return rows.Scan(&some) },
		"SELECT EXISTS (SELECT 1 FROM meter_bucket WHERE totals)") // most stores have none
	if err != nil || !some {
		return err
	}
	var refused error
	for part := range slices.Chunk(adds, chunk) {
		err := t.query(ctx, "look for totals", func(rows *sql.Rows) error {
			var key dayKey
			err := rows.Scan(&key.customerID, dayColumn{&key.day})
			refused = &metering.TotalsError{CustomerID: key.customerID, Day: key.day}
			return err
		}, "SELECT customer_id, day FROM meter_bucket WHERE (customer_id, day) IN (VALUES "+rowsOf(len(part), 2)+") AND totals", keysOf(part)...)
		if err != nil || refused != nil {
			return cmp.Or(err, refused)
		}
	}
	return nil
}

func keysOf(adds []*addition) []any {
	keys := make([]any, 0, 2*len(adds))
	for _, a := range adds {
		keys = append(keys, a.key.customerID, a.key.day.String())
	}
	return keys
}

// addToBuckets adds to at most chunk buckets.
func (t *txn) addToBuckets(ctx context.Context, adds []*addition) error {
	byKey := make(map[dayKey]*addition, len(adds))
	for _, a := range adds {
		byKey[a.key] = a
	}
	err := t.query(ctx, "read meter_bucket", func(rows *sql.Rows) error {
		var key dayKey
		var open decimal.Decimal
		var old addition
		var dimensions string
		if err := rows.Scan(&key.customerID, dayColumn{&key.day}, &open, &old.count, &dimensions,
			timeColumn{&old.first}, timeColumn{&old.last}, timeColumn{&old.due}); err != nil {
			return err
		}
		a := byKey[key]
		a.sum = a.sum.Add(open)
		a.count += old.count
		a.first, a.last = earliest(old.first, a.first), latest(old.last, a.last)
		if !old.due.IsZero() {
			a.due, a.open = old.due, true
		}
		return a.mergeDimensions(dimensions)
	}, "SELECT customer_id, day, open, count, dimensions, first_at, last_at, due FROM meter_bucket WHERE (customer_id, day) IN (VALUES "+rowsOf(len(adds), 2)+")", keysOf(adds)...)
	if err != nil {
		return err
	}
	// A bucket that is open keeps its due, and is then left out of the statement that sets
	// it: the index by due is written whenever it is set, changed or not.
	var opened, going []*addition
	for _, a := range adds {
		if a.open {
			going = append(going, a)
		} else {
			opened = append(opened, a)
		}
	}
	if err := t.writeBuckets(ctx, opened, ", due = excluded.due"); err != nil {
		return err
	}
	return t.writeBuckets(ctx, going, "")
}

func (t *txn) writeBuckets(ctx context.Context, adds []*addition, set string) error {
	if len(adds) == 0 {
		return nil
	}
	args := make([]any, 0, 8*len(adds))
	for _, a := range adds {
		dimensions, err := marshalDimensions(a.dimensions)
		if err != nil {
			return err
		}
		args = append(args, a.key.customerID, a.key.day.String(), a.sum.String(), a.count, dimensions,
			t.dialect.time(a.first), t.dialect.time(a.last), t.dialect.time(a.due))
	}
	_, err := t.exec(ctx, "write meter_bucket", "INSERT INTO meter_bucket (customer_id, day, open, count, dimensions, first_at, last_at, due) VALUES "+rowsOf(len(adds), 8)+
		" ON CONFLICT (customer_id, day) DO UPDATE SET open = excluded.open, count = excluded.count, dimensions = excluded.dimensions, first_at = excluded.first_at, last_at = excluded.last_at"+set, args...)
	return err
}

func (a *addition) mergeDimensions(stored string) error {
	old, err := unmarshalDimensions(stored)
	if err != nil || old == nil {
		return err
	}
	old.AddAll(a.dimensions)
	a.dimensions = old
	return nil
}
