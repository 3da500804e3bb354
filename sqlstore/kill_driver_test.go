//go:build unix

package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// watched is a driver whose statements a test sees. It is modernc's below.
type watched struct {
	below driver.Driver
	dsn   string
	after func(statement string)
}

// openWatched opens a SQLite file and calls after behind each statement of the store's
// writer, which prepares all of its own.
func openWatched(dsn string, after func(statement string)) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return sql.OpenDB(&watched{db.Driver(), dsn, after}), nil
}

func (w *watched) Connect(context.Context) (driver.Conn, error) {
	c, err := w.below.Open(w.dsn)
	if err != nil {
		return nil, err
	}
	return &watchedConn{c, w.after}, nil
}

func (w *watched) Driver() driver.Driver { return w.below }

type watchedConn struct {
	driver.Conn
	after func(string)
}

func (c *watchedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *watchedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *watchedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &watchedStmt{s, query, c.after}, nil
}

type watchedStmt struct {
	driver.Stmt
	query string
	after func(string)
}

func (s *watchedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	defer s.after(s.query)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *watchedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	defer s.after(s.query)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}
