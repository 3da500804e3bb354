package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
)

// chunk is how many rows one statement writes or reads. Fifty are about as fast as more
// and keep the statement small.
const chunk = 50

// recordSQLite adds exact decimals in Go, since SQLite has none; the store's writer is
// alone, so nobody changes a bucket between the read and the write.
func (c *core) recordSQLite(ctx context.Context, group []*counted) error {
	return c.update(ctx, c, func(t *txn) error {
		t.quiet = true // repetitions alone change nothing and need no sync
		if err := t.markSeen(ctx, group); err != nil {
			return err
		}
		if err := t.recall(ctx, group); err != nil {
			return err
		}
		for adds := range slices.Chunk(additions(group), chunk) {
			if err := t.addToBuckets(ctx, adds); err != nil {
				return err
			}
		}
		return nil
	})
}

var seenHead = "INSERT INTO meter_seen (id, arrived, fingerprint) VALUES "

// markSeen inserts the ids and finds out which of them are fresh.
func (t *txn) markSeen(ctx context.Context, group []*counted) error {
	arrived := arrival(t.at)
	for part := range slices.Chunk(group, chunk) {
		args := make([]any, 0, 3*len(part))
		for _, c := range part {
			args = append(args, c.id, arrived, int64(c.entry.Fingerprint))
		}
		next, fresh := 0, 0
		err := t.query(ctx, "write meter_seen", func(rows *sql.Rows) error {
			var id sql.RawBytes
			if err := rows.Scan(&id); err != nil {
				return err
			}
			// Rows come back in the order in which they were inserted.
			for next < len(part) && string(part[next].id) != string(id) {
				next++
			}
			if next == len(part) {
				return errors.New("an id came back that was not inserted")
			}
			part[next].fresh = true
			fresh++
			return nil
		}, seenHead+rowsOf(len(part), 3)+" ON CONFLICT DO NOTHING RETURNING id", args...)
		if err != nil {
			return err
		}
		t.wrote = t.wrote || fresh > 0
	}
	return nil
}

// recall reads the fingerprints of the ids that were seen before.
func (t *txn) recall(ctx context.Context, group []*counted) error {
	var old []*counted
	for _, c := range group {
		if !c.fresh {
			old = append(old, c)
		}
	}
	for part := range slices.Chunk(old, chunk) {
		byID := make(map[string]*counted, len(part))
		args := make([]any, len(part))
		for i, c := range part {
			byID[string(c.id)] = c
			args[i] = c.id
		}
		err := t.query(ctx, "read meter_seen", func(rows *sql.Rows) error {
			var id []byte
			var fingerprint int64
			if err := rows.Scan(&id, &fingerprint); err != nil {
				return err
			}
			if c := byID[string(id)]; c != nil {
				c.seen, c.known = fingerprint, true
			}
			return nil
		}, "SELECT id, fingerprint FROM meter_seen WHERE "+in("id", len(part)), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// addToBuckets adds to at most chunk buckets.
func (t *txn) addToBuckets(ctx context.Context, adds []*addition) error {
	byKey := make(map[dayKey]*addition, len(adds))
	keys := make([]any, 0, 2*len(adds))
	for _, a := range adds {
		byKey[a.key] = a
		keys = append(keys, a.key.customerID, a.key.day.String())
	}
	var refused error
	err := t.query(ctx, "read meter_bucket", func(rows *sql.Rows) error {
		var key dayKey
		var open decimal.Decimal
		var old addition
		var dimensions string
		var totals bool
		if err := rows.Scan(&key.customerID, dayColumn{&key.day}, &totals, &open, &old.count, &dimensions,
			timeColumn{&old.first}, timeColumn{&old.last}, timeColumn{&old.due}); err != nil {
			return err
		}
		if totals {
			refused = &metering.TotalsError{CustomerID: key.customerID, Day: key.day}
			return nil
		}
		a := byKey[key]
		a.sum = a.sum.Add(open)
		a.count += old.count
		a.first, a.last = earliest(old.first, a.first), latest(old.last, a.last)
		if !old.due.IsZero() {
			a.due, a.open = old.due, true
		}
		return a.mergeDimensions(dimensions)
	}, "SELECT customer_id, day, totals, open, count, dimensions, first_at, last_at, due FROM meter_bucket WHERE (customer_id, day) IN (VALUES "+rowsOf(len(adds), 2)+")", keys...)
	if err = cmp.Or(err, refused); err != nil {
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
	for name, values := range a.dimensions {
		for _, v := range values {
			old[name] = with(old[name], v)
		}
	}
	a.dimensions = old
	return nil
}
