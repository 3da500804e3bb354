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

// sweepRest is how many times as long as a sweep worked on a chunk it then waits, so that
// the events beside it keep nine tenths of the machine and of the writer's time.
const sweepRest = 10

// sweepSQLite walks the ids in their order: an index by arrival would cost every event more
// than the walk does. Only where there is something to forget it takes the writer's turn.
func (c *core) sweepSQLite(ctx context.Context, before int64) (int, error) {
	swept := 0
	after := []byte{}
	for {
		var last []byte
		old := 0
		began := time.Now()
		err := c.view(ctx, c, func(t *txn) error {
			return t.query(ctx, "walk meter_seen", func(rows *sql.Rows) error { return rows.Scan(&last, &old) },
				"SELECT max(id), coalesce(sum(arrived < ?), 0) FROM (SELECT id, arrived FROM meter_seen WHERE id > ? ORDER BY id LIMIT ?)", before, after, sweepChunk)
		})
		if err != nil || last == nil {
			return swept, err
		}
		worked := time.Since(began)
		if old > 0 {
			n, took, err := c.forget(ctx, "DELETE FROM meter_seen WHERE id > ? AND id <= ? AND arrived < ?", after, last, before)
			if err != nil {
				return swept, err
			}
			swept += n
			worked += took
		}
		if err := rest(ctx, worked); err != nil {
			return swept, err
		}
		after = last
	}
}

func (c *core) sweepPostgres(ctx context.Context, before int64) (int, error) {
	swept := 0
	for {
		n, worked, err := c.forget(ctx, "DELETE FROM meter_seen WHERE ctid = ANY (ARRAY(SELECT ctid FROM meter_seen WHERE arrived < ? ORDER BY arrived LIMIT ? FOR UPDATE SKIP LOCKED))", before, sweepChunk)
		if err != nil || n == 0 {
			return swept, err
		}
		swept += n
		if err := rest(ctx, worked); err != nil {
			return swept, err
		}
	}
}

// forget deletes, and tells how long that took without the wait for the writer's turn.
func (c *core) forget(ctx context.Context, query string, args ...any) (n int, took time.Duration, err error) {
	var began time.Time
	err = c.update(ctx, c, func(t *txn) error {
		began = time.Now()
		t.quiet = true
		deleted, err := t.exec(ctx, "sweep meter_seen", query, args...)
		n, t.wrote = int(deleted), deleted > 0
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return n, time.Since(began), nil
}

func rest(ctx context.Context, worked time.Duration) error {
	over := time.NewTimer(sweepRest * worked)
	defer over.Stop()
	select {
	case <-over.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sqlstore: sweep: %w", context.Cause(ctx))
	}
}
