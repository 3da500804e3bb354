package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// sweepChunk is how many ids one transaction of a sweep looks at, so that it holds up the
// events beside it for milliseconds.
const sweepChunk = 5000

// Sweep forgets ids that arrived before the instant; see [metering.Store]. Ids are
// forgotten by the full minute of their arrival.
func (s *Store) Sweep(ctx context.Context, before time.Time) (int, error) {
	if s.core.dialect == sqliteDialect {
		return s.core.sweepSQLite(ctx, arrival(before))
	}
	return s.core.sweepPostgres(ctx, arrival(before))
}

// sweepRest is how many times as long as it wrote a sweep then waits, so that what it takes
// of the writer's time is a tenth at most.
const sweepRest = 9

// sweepSQLite walks the ids in their order: an index by arrival would cost every event more
// than the walk does. Only where there is something to forget it takes the writer's turn.
func (c *core) sweepSQLite(ctx context.Context, before int64) (int, error) {
	swept := 0
	after := []byte{}
	for {
		var last []byte
		old := 0
		err := c.view(ctx, c, func(t *txn) error {
			return t.query(ctx, "walk meter_seen", func(rows *sql.Rows) error { return rows.Scan(&last, &old) },
				"SELECT max(id), coalesce(sum(arrived < ?), 0) FROM (SELECT id, arrived FROM meter_seen WHERE id > ? ORDER BY id LIMIT ?)", before, after, sweepChunk)
		})
		if err != nil || last == nil {
			return swept, err
		}
		if old > 0 {
			n, err := c.forget(ctx, "DELETE FROM meter_seen WHERE id > ? AND id <= ? AND arrived < ?", after, last, before)
			swept += n
			if err != nil {
				return swept, err
			}
		}
		after = last
	}
}

func (c *core) sweepPostgres(ctx context.Context, before int64) (int, error) {
	swept := 0
	for {
		n, err := c.forget(ctx, "DELETE FROM meter_seen WHERE ctid = ANY (ARRAY(SELECT ctid FROM meter_seen WHERE arrived < ? ORDER BY arrived LIMIT ? FOR UPDATE SKIP LOCKED))", before, sweepChunk)
		swept += n
		if err != nil || n == 0 {
			return swept, err
		}
	}
}

// forget deletes, and rests after it.
func (c *core) forget(ctx context.Context, query string, args ...any) (n int, err error) {
	var began time.Time
	err = c.update(ctx, c, func(t *txn) error {
		began = time.Now() // the wait for the turn is no work
		t.quiet = true
		deleted, err := t.exec(ctx, "sweep meter_seen", query, args...)
		n, t.wrote = int(deleted), deleted > 0
		return err
	})
	if err != nil {
		return 0, err
	}
	rest := time.NewTimer(sweepRest * time.Since(began))
	defer rest.Stop()
	select {
	case <-rest.C:
		return n, nil
	case <-ctx.Done():
		return n, fmt.Errorf("sqlstore: sweep: %w", context.Cause(ctx))
	}
}
