package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	pacspace "github.com/pacspace/pacspace-go"
)

// core is a database with transactions that are durable once they return, a clock that
// does not go back, and versioned tables. Nothing in it knows what the tables hold.
type core struct {
	db      *sql.DB
	dialect *dialect
	config
	environment pacspace.Environment
	mayBeMoved  bool
	engine

	mu    sync.Mutex
	floor time.Time // the latest instant that this process was told
}

// engine runs transactions on one of the two databases.
type engine interface {
	// update runs fn in one transaction that may write, and runs it again where that may
	// help.
	update(ctx context.Context, c *core, fn func(*txn) error) error
	view(ctx context.Context, c *core, fn func(*txn) error) error
	now(ctx context.Context, c *core) (time.Time, error)
	close() error
}

// querier is a connection or a transaction of database/sql.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// txn is one transaction. It remembers its first failure, since a transaction that failed
// must not be committed, whatever the caller made of the error.
type txn struct {
	q        querier
	dialect  *dialect
	at       time.Time
	readOnly bool
	wrote    bool // something changed, which the clock must not fall behind
	quiet    bool // whoever runs the statements sets wrote
	failed   *failure
	absent   map[string]bool // keys that were looked for and not found: see txn.put
}

// errConflict means that another transaction wrote what this one read, so that it must run
// again.
var errConflict = errors.New("another transaction wrote the same row")

func (t *txn) fail(what string, err error) error {
	if err == nil {
		return nil
	}
	return t.remember(&failure{what: what, err: err})
}

func (t *txn) remember(f *failure) error {
	if t.failed == nil {
		t.failed = f
	}
	return f
}

// failure is an error of the database, as against one of the caller's function.
type failure struct {
	what string
	err  error
	ours bool // found here and not by the database, so that nothing mends it
}

func (f *failure) Error() string { return fmt.Sprintf("sqlstore: %s: %v", f.what, f.err) }
func (f *failure) Unwrap() error { return f.err }

// exec runs a statement that writes and returns how many rows it wrote.
func (t *txn) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	if t.readOnly {
		return 0, t.remember(&failure{what: what, err: errors.New("this transaction only reads; use Update"), ours: true})
	}
	t.wrote = t.wrote || !t.quiet
	result, err := t.q.ExecContext(ctx, t.dialect.bind(query), args...)
	if err != nil {
		return 0, t.fail(what, err)
	}
	n, err := result.RowsAffected()
	return n, t.fail(what, err)
}

// query runs a statement and calls scan for each row.
func (t *txn) query(ctx context.Context, what string, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := t.q.QueryContext(ctx, t.dialect.bind(query), args...)
	if err != nil {
		return t.fail(what, err)
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			rows.Close()
			return t.remember(&failure{what: what, err: err, ours: true})
		}
	}
	// Close may fail where the last row came and the end did not.
	err = rows.Close()
	return t.fail(what, cmp.Or(rows.Err(), err))
}

// one reads at most one row and tells whether there was one. Within an update the row stays
// locked, and that there was none is remembered under table and key.
func (t *txn) one(ctx context.Context, table string, key []string, query string, args []any, dest ...any) (bool, error) {
	found := false
	err := t.query(ctx, "read "+table, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(dest...)
	}, query+t.lock(), args...)
	if err == nil && !found && !t.readOnly {
		if t.absent == nil {
			t.absent = map[string]bool{}
		}
		t.absent[rowKey(table, key)] = true
	}
	return found, err
}

// put writes a row whole. Where this transaction looked for it and found none, no lock
// kept another from writing it since, so then it must still not be there.
func (t *txn) put(ctx context.Context, table string, key []string, keys int, columns []string, args ...any) error {
	name := rowKey(table, key)
	if !t.absent[name] {
		_, err := t.exec(ctx, "write "+table, upsert(table, keys, columns...), args...)
		return err
	}
	n, err := t.exec(ctx, "write "+table, insertNew(table, columns...), args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return t.fail("write "+table, errConflict)
	}
	delete(t.absent, name)
	return nil
}

func rowKey(table string, key []string) string {
	for _, k := range key {
		table += "\x00" + k
	}
	return table
}

// lock ends a select of one row, lockFree one of many.
func (t *txn) lock() string {
	if t.dialect.locks && !t.readOnly {
		return " FOR UPDATE"
	}
	return ""
}

func (t *txn) lockFree() string {
	if t.dialect.locks && !t.readOnly {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// run calls fn and returns what must keep the transaction from being committed.
func (t *txn) run(fn func(*txn) error) error {
	if err := fn(t); err != nil {
		return err
	}
	if t.failed != nil {
		return t.failed
	}
	return nil
}

// raise returns the latest of t and all that this process was told before.
func (c *core) raise(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Microsecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.floor) {
		c.floor = t
	}
	return c.floor
}

// prepared is a connection that keeps the statements it has run.
type prepared struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	order      []string
}

// maxPrepared bounds the statements kept by a connection. The fixed ones and the inserts
// of 1 to 50 rows fit.
const maxPrepared = 300

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := p.statements[query]; s != nil {
		return s, nil
	}
	s, err := p.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(p.order) == maxPrepared {
		_ = p.statements[p.order[0]].Close()
		delete(p.statements, p.order[0])
		p.order = slices.Delete(p.order, 0, 1)
	}
	p.statements[query] = s
	p.order = append(p.order, query)
	return s, nil
}

func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}
