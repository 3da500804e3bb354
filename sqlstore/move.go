package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	pacspace "github.com/pacspace/pacspace-go"
)

// Moved counts the rows that a move took along.
type Moved struct{ IDs, Buckets, Deltas, Batches int }

// maxBehind is how far PostgreSQL's clock may be behind the time that SQLite was last
// written at: a store's clock must not go back.
const maxBehind = time.Minute

// MoveToPostgreSQL moves a store from SQLite to an empty one in PostgreSQL, with all that
// is open, under way, sent and remembered. Stop the meters that use the old one first; one
// that was forgotten fails from then on instead of counting beside the new store. The rows
// stay in the old database, in tables whose names begin with moved_, and it is refused when
// it is opened.
//
// All of it is in PostgreSQL, or nothing: after an error the old store is as it was, and
// after a crash the same call goes on or finds that all is done. Options apply to both.
func MoveToPostgreSQL(ctx context.Context, sqlite, postgres *sql.DB, environment pacspace.Environment, options ...Option) (Moved, error) {
	to, err := OpenPostgreSQL(ctx, postgres, environment, options...)
	if err != nil {
		return Moved{}, err
	}
	defer to.Close()
	from, err := openSQLite(ctx, sqlite, environment, options, true)
	if err != nil {
		return Moved{}, err
	}
	defer from.Close()
	m := &move{from: from.core, to: to.core}
	if err := m.prepare(ctx); err != nil {
		return Moved{}, err
	}
	if err := m.retire(ctx); err != nil {
		return Moved{}, err
	}
	err = m.copy(ctx)
	if err == nil {
		return m.moved, nil
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*busyTimeout)
	defer cancel()
	if undo := m.revive(back); undo != nil {
		return Moved{}, fmt.Errorf("%w; and the old store could not be brought back (%v): move it again", err, undo)
	}
	return Moved{}, err
}

// move is one move. The names of what is moved never change, so that a move that was cut
// off can be finished by a later release.
type move struct {
	from, to *core
	id       string // of the old store
	tables   []movedTable
	at       time.Time
	moved    Moved
}

// The names in pacspace_meta that concern moves.
const (
	metaID        = "id"         // names a store, for ever
	metaMoved     = "moved"      // when it was moved away
	metaMovedFrom = "moved_from" // the id of the store that was moved here
)

const movedPrefix = "moved_"

// prepare finds out which tables there are, and makes the same ones in the new store.
func (m *move) prepare(ctx context.Context) error {
	agent, gone := "", ""
	err := m.from.view(ctx, m.from, func(t *txn) (err error) {
		if agent, err = meta(ctx, t, "schema:"+agentTables.name); err != nil {
			return err
		}
		gone, err = meta(ctx, t, metaMoved)
		return err
	})
	if err != nil {
		return err
	}
	for _, table := range movedTables {
		if agent != "" || !strings.HasPrefix(table.name, agentPrefix) {
			m.tables = append(m.tables, table)
		}
	}
	if agent == "" || m.to == nil {
		return nil
	}
	if gone == "" {
		if err := m.from.migrate(ctx, agentTables); err != nil {
			return err
		}
	}
	return m.to.migrate(ctx, agentTables)
}

// retire takes the old store out of service.
func (m *move) retire(ctx context.Context) error {
	return m.from.update(ctx, m.from, func(t *txn) (err error) {
		m.at = t.at
		if m.id, err = meta(ctx, t, metaID); err != nil {
			return err
		}
		moved, err := meta(ctx, t, metaMoved)
		if err != nil || moved != "" {
			return err
		}
		if err := t.fold(ctx); err != nil {
			return err
		}
		return m.rename(ctx, t, "", movedPrefix, t.at.Format(timeLayout))
	})
}

// revive puts it back into service, unless the move was committed after all.
func (m *move) revive(ctx context.Context) error {
	done := false
	err := m.to.view(ctx, m.to, func(t *txn) error {
		from, err := meta(ctx, t, metaMovedFrom)
		done = from == m.id
		return err
	})
	if err != nil || done {
		return err
	}
	return m.from.update(ctx, m.from, func(t *txn) error { return m.rename(ctx, t, movedPrefix, "", "") })
}

func (m *move) rename(ctx context.Context, t *txn, from, to, moved string) error {
	for _, table := range m.tables {
		if _, err := t.exec(ctx, "rename "+table.name, "ALTER TABLE "+from+table.name+" RENAME TO "+to+table.name); err != nil {
			return err
		}
	}
	return setMeta(ctx, t, metaMoved, moved)
}

// copy fills the new store, in one transaction.
func (m *move) copy(ctx context.Context) error {
	return m.to.update(ctx, m.to, func(to *txn) error {
		m.moved = Moved{}
		if err := to.query(ctx, "lock for a move", func(*sql.Rows) error { return nil }, "SELECT pg_advisory_xact_lock(7302469210)"); err != nil {
			return err
		}
		from, err := meta(ctx, to, metaMovedFrom)
		if err != nil {
			return err
		}
		if from == m.id {
			return m.count(ctx, to)
		}
		if behind := m.at.Sub(to.at); behind > maxBehind {
			return fmt.Errorf("sqlstore: move: PostgreSQL's clock is %v behind the time at which SQLite was last written: usage days would be closed twice; set the clocks", behind.Round(time.Second))
		}
		if err := m.requireEmpty(ctx, to); err != nil {
			return err
		}
		for _, table := range m.tables {
			if strings.HasSuffix(table.name, "_setting") {
				if _, err := to.exec(ctx, "clear "+table.name, "DELETE FROM "+table.name); err != nil {
					return err
				}
			}
			if err := m.copyTable(ctx, to, table); err != nil {
				return err
			}
		}
		return setMeta(ctx, to, metaMovedFrom, m.id)
	})
}

// requireEmpty refuses a store that was used. Settings alone are written when a meter is
// made, and are replaced.
func (m *move) requireEmpty(ctx context.Context, to *txn) error {
	for _, table := range m.tables {
		if strings.HasSuffix(table.name, "_setting") {
			continue
		}
		used := false
		err := to.query(ctx, "read "+table.name, func(*sql.Rows) error { used = true; return nil }, "SELECT 1 FROM "+table.name+" LIMIT 1")
		if err != nil {
			return err
		}
		if used {
			return fmt.Errorf("sqlstore: move: the new store is not empty, %s has rows: two stores cannot be made one; take an empty database or schema", table.name)
		}
	}
	return nil
}

// count finds what an earlier call moved.
func (m *move) count(ctx context.Context, to *txn) error {
	for _, table := range m.tables {
		n := 0
		if err := to.query(ctx, "count "+table.name, func(rows *sql.Rows) error { return rows.Scan(&n) }, "SELECT count(*) FROM "+table.name); err != nil {
			return err
		}
		m.add(table.name, n)
	}
	return nil
}

func (m *move) add(table string, n int) {
	switch table {
	case "meter_seen":
		m.moved.IDs += n
	case "meter_bucket":
		m.moved.Buckets += n
	case "meter_delta":
		m.moved.Deltas += n
	case "meter_batch":
		m.moved.Batches += n
	}
}

// movePage is how many rows are read and written at a time: PostgreSQL takes 65,535
// parameters, and no table has more than 20 columns.
const movePage = 1000

func (m *move) copyTable(ctx context.Context, to *txn, table movedTable) error {
	head := "INSERT INTO " + table.name + " (" + strings.Join(table.names(), ", ") + ") VALUES "
	var after []any
	for {
		var rows [][]any
		err := m.from.view(ctx, m.from, func(t *txn) (err error) {
			rows, err = table.page(ctx, t, after)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		var args []any
		for _, row := range rows {
			args = append(args, table.args(to.dialect, row)...)
		}
		if _, err := to.exec(ctx, "write "+table.name, head+rowsOf(len(rows), len(table.columns)), args...); err != nil {
			return err
		}
		m.add(table.name, len(rows))
		after = table.args(m.from.dialect, rows[len(rows)-1])[:table.keys]
	}
}

// errMoved is said of a store that was moved away.
func errMoved(at string) error {
	return errors.New("sqlstore: the store was moved to PostgreSQL at " + at + ": usage counted here would not be billed; open that one")
}
