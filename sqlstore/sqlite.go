package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/internal/wait"
)

// busyTimeout is how long a transaction waits for another process that writes.
const busyTimeout = 5 * time.Second

// busyPause is how long a setting waits before it is tried again.
const busyPause = 10 * time.Millisecond

// sqlite writes through one pinned connection, since the settings that make a commit
// durable belong to a connection and a pool opens new ones without them.
type sqlite struct {
	turn   chan struct{} // holds one token: who has it may use writer
	writer *prepared     // nil after a failure, until the next transaction opens another
	failed bool          // a write failed since the writer was opened
	closed bool
}

func newSQLite() *sqlite {
	e := &sqlite{turn: make(chan struct{}, 1)}
	e.turn <- struct{}{}
	return e
}

// begin waits for the writer. done must be called when it is no longer used.
func (e *sqlite) begin(ctx context.Context, c *core) (w *prepared, done func(), err error) {
	if ctx.Err() != nil {
		return nil, nil, fmt.Errorf("sqlstore: begin: %w", context.Cause(ctx))
	}
	select {
	case <-e.turn:
	case <-ctx.Done():
		return nil, nil, fmt.Errorf("sqlstore: wait for the writer: %w", context.Cause(ctx))
	}
	done = func() { e.turn <- struct{}{} }
	if e.closed {
		done()
		return nil, nil, errClosed
	}
	if e.writer == nil {
		if e.writer, err = e.open(ctx, c); err != nil {
			done()
			return nil, nil, err
		}
	}
	return e.writer, done, nil
}

var errClosed = errors.New("sqlstore: the store is closed")

// open takes a connection, sets what makes its commits durable and reads it back.
func (e *sqlite) open(ctx context.Context, c *core) (*prepared, error) {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: connect to SQLite: %w", err)
	}
	if err := e.settle(ctx, c, conn); err != nil {
		discard(conn)
		return nil, err
	}
	e.failed = false
	return &prepared{conn: conn, statements: map[string]*sql.Stmt{}}, nil
}

// settle applies the settings. After a failed write it also moves the log into the file:
// pages that the system failed to write may be gone from its memory though a later sync
// succeeds, so they are written once more.
func (e *sqlite) settle(ctx context.Context, c *core, conn *sql.Conn) error {
	for _, s := range sqliteSettings(c.unsafe) {
		if err := s.set(ctx, conn); err != nil {
			return fmt.Errorf("sqlstore: set %s: %w", s.name, err)
		}
		if s.atLeast == "" {
			continue
		}
		if got, err := pragma(ctx, conn, s.name); err != nil || !s.holds(got) {
			return because(fmt.Sprintf("sqlstore: %s is %q and must be %s: what is acknowledged would not be durable; use a local file that SQLite may write", s.name, got, s.atLeast), err)
		}
	}
	if _, err := conn.ExecContext(ctx, metaTable); err != nil {
		return fmt.Errorf("sqlstore: create pacspace_meta: %w", err)
	}
	if e.failed {
		if busy, err := pragma(ctx, conn, "wal_checkpoint(TRUNCATE)"); err != nil || busy != "0" {
			return because(fmt.Sprintf("sqlstore: the log of a failed write could not be moved into the file (busy %q)", busy), err)
		}
	}
	return nil
}

// because returns an error of one line with its cause, where there is one.
func because(text string, cause error) error {
	if cause == nil {
		return errors.New(text)
	}
	return fmt.Errorf("%s: %w", text, cause)
}

type sqliteSetting struct{ name, value, atLeast string }

// set is patient of its own: where several processes open a new file at once, SQLite answers
// a change of journal_mode with "database is locked" at once, whatever busy_timeout says.
func (s sqliteSetting) set(ctx context.Context, conn *sql.Conn) error {
	patient, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		_, err := pragma(ctx, conn, s.name+" = "+s.value)
		if err == nil || !strings.Contains(err.Error(), "database is locked") || wait.For(patient, busyPause) != nil {
			return err
		}
	}
}

func (s sqliteSetting) holds(got string) bool {
	if s.name == "synchronous" {
		return got == "2" || got == "3"
	}
	return strings.EqualFold(got, s.atLeast)
}

func sqliteSettings(unsafe bool) []sqliteSetting {
	settings := []sqliteSetting{{"busy_timeout", fmt.Sprint(busyTimeout.Milliseconds()), ""}}
	if !unsafe {
		settings = append(settings,
			sqliteSetting{"journal_mode", "wal", "wal"},
			sqliteSetting{"synchronous", "full", "2"},
		)
		if runtime.GOOS == "darwin" { // whose fsync does not reach the disk
			settings = append(settings,
				sqliteSetting{"fullfsync", "1", "1"},
				sqliteSetting{"checkpoint_fullfsync", "1", "1"},
			)
		}
	}
	return append(settings,
		sqliteSetting{"wal_autocheckpoint", "4000", ""},
		sqliteSetting{"journal_size_limit", "67108864", ""},
		sqliteSetting{"cache_size", "-65536", ""}, // 64 MB, taken as needed
	)
}

// pragma runs one and returns the first column of its first row, "" where it has none.
func pragma(ctx context.Context, conn *sql.Conn, text string) (string, error) {
	rows, err := conn.QueryContext(ctx, "PRAGMA "+text)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	values := make([]sql.NullString, len(columns))
	dest := make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	if rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return "", err
		}
	}
	if len(values) == 0 {
		return "", rows.Err()
	}
	return values[0].String, rows.Err()
}

// discard closes the connection for good instead of giving it back to the pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = conn.Close()
}

// ended adds that ctx has ended to an error that follows from it: drivers say that the
// statement was interrupted.
func ended(ctx context.Context, err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return &failure{what: f.what, err: fmt.Errorf("%w: %w", ctx.Err(), f.err), ours: f.ours}
}

func (e *sqlite) update(ctx context.Context, c *core, fn func(*txn) error) (err error) {
	w, done, err := e.begin(ctx, c)
	if err != nil {
		return err
	}
	defer done()
	callers := ctx
	defer func() { err = ended(callers, err) }()
	// A panic of fn leaves through here too, and must not leave its transaction open.
	committed := false
	defer func() {
		if !committed {
			e.undo(ctx)
		}
	}()
	if _, err := w.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return &failure{what: "begin", err: err} // and ROLLBACK fails, so the connection is closed
	}
	t := &txn{q: w, dialect: c.dialect}
	if t.at, err = sqliteNow(ctx, c, t); err != nil {
		return err
	}
	if err := t.run(fn); err != nil {
		e.failed = t.failed != nil && !t.failed.ours && ctx.Err() == nil
		return err
	}
	// From here on the caller's context must not cut the commit in half.
	ctx = context.WithoutCancel(ctx)
	if t.wrote {
		if err := setMeta(ctx, t, "clock", t.at.Format(timeLayout)); err != nil {
			e.failed = true
			return err
		}
	}
	if _, err := w.ExecContext(ctx, "COMMIT"); err != nil {
		e.failed = true
		return &failure{what: "commit", err: err}
	}
	committed = true
	return nil
}

// undo rolls back. After a failure of the database the connection is closed and the next
// transaction opens another: nothing is tried again on a handle whose write failed.
func (e *sqlite) undo(ctx context.Context) {
	_, err := e.writer.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	if err != nil || e.failed {
		discard(e.writer.conn)
		e.writer = nil
	}
}

func (e *sqlite) view(ctx context.Context, c *core, fn func(*txn) error) (err error) {
	defer func() { err = ended(ctx, err) }()
	if c.db.Stats().MaxOpenConnections == 1 {
		return e.viewOnWriter(ctx, c, fn)
	}
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return &failure{what: "connect", err: err}
	}
	keep := false
	defer func() {
		if keep {
			_ = conn.Close()
		} else {
			discard(conn)
		}
	}()
	if _, err := pragma(ctx, conn, fmt.Sprintf("busy_timeout = %d", busyTimeout.Milliseconds())); err != nil {
		return &failure{what: "set busy_timeout", err: err}
	}
	keep, err = read(ctx, c, conn, fn)
	return err
}

// viewOnWriter is for a pool of one connection, which is the writer's.
func (e *sqlite) viewOnWriter(ctx context.Context, c *core, fn func(*txn) error) error {
	w, done, err := e.begin(ctx, c)
	if err != nil {
		return err
	}
	defer done()
	keep := false
	defer func() {
		if !keep {
			discard(w.conn)
			e.writer = nil
		}
	}()
	keep, err = read(ctx, c, w, fn)
	return err
}

// read tells whether the connection is fit for another transaction.
func read(ctx context.Context, c *core, q querier, fn func(*txn) error) (keep bool, err error) {
	if _, err := q.ExecContext(ctx, "BEGIN"); err != nil {
		return false, &failure{what: "begin", err: err}
	}
	t := &txn{q: q, dialect: c.dialect, readOnly: true}
	if t.at, err = sqliteNow(ctx, c, t); err == nil {
		err = t.run(fn)
	}
	_, broken := q.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return broken == nil, err
}

// sqliteNow is the process clock, or the latest time that any transaction was written at
// if that is later. Only what was written binds the next process: a time that nothing was
// decided by may be forgotten.
func sqliteNow(ctx context.Context, c *core, t *txn) (time.Time, error) {
	now := c.raise(c.clock())
	var mark time.Time
	err := t.query(ctx, "read the clock", func(rows *sql.Rows) error {
		return rows.Scan(timeColumn{&mark})
	}, "SELECT value FROM pacspace_meta WHERE name = 'clock'")
	if err == nil && mark.After(now) {
		now = c.raise(mark)
	}
	return now, err
}

// now asks the database for nothing, since it is asked for each group of events. What
// another process of this machine wrote since the last transaction of this one can only
// be later after their clock was set back, and is seen by the next transaction.
func (e *sqlite) now(ctx context.Context, c *core) (time.Time, error) {
	if ctx.Err() != nil {
		return time.Time{}, fmt.Errorf("sqlstore: now: %w", context.Cause(ctx))
	}
	return c.raise(c.clock()), nil
}

// close gives the writer back. The database stays open: it belongs to the caller.
func (e *sqlite) close() error {
	<-e.turn
	defer func() { e.turn <- struct{}{} }()
	e.closed = true
	if e.writer == nil {
		return nil
	}
	for _, s := range e.writer.statements {
		_ = s.Close()
	}
	err := e.writer.conn.Close()
	e.writer = nil
	return err
}
