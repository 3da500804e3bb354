package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// chunk is how many rows one statement writes or reads. Fifty are about as fast as more
// and keep the statement small.
const chunk = 50

// recordSQLite marks the ids and puts the sums aside, both in one transaction. The buckets
// lie on many pages, a group of events lies on one; see setAside.
func (c *core) recordSQLite(ctx context.Context, group []*counted) error {
	return c.update(ctx, c, func(t *txn) error {
		t.quiet = true // repetitions alone change nothing and need no sync
		if err := t.markSeen(ctx, group); err != nil {
			return err
		}
		if err := t.recall(ctx, group); err != nil {
			return err
		}
		adds := additions(group)
		if len(adds) == 0 {
			return nil
		}
		if err := t.refuseTotals(ctx, adds); err != nil {
			return err
		}
		return t.setAside(ctx, adds)
	})
}

const seenHead = "INSERT INTO meter_seen (id, arrived, fingerprint) VALUES "

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
