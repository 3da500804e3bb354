package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
)

// Store is a [metering.Store] in a database. It is safe for concurrent use.
type Store struct{ core *core }

var _ metering.Store = (*Store)(nil)

// OpenSQLite opens the store in a SQLite database, creates its tables if they are not there
// and brings older ones up to date. It refuses a database that holds the other environment,
// one that a newer release wrote, and one whose commits would not be durable; see
// [WithDurabilityUnsafe].
//
// It keeps one connection of db until [Store.Close], so a db limited to one connection
// serves nobody else. db stays the caller's to close.
func OpenSQLite(ctx context.Context, db *sql.DB, environment pacspace.Environment, options ...Option) (*Store, error) {
	return openSQLite(ctx, db, environment, options, false)
}

// openSQLite opens a store that was moved away only for the one that moves it.
func openSQLite(ctx context.Context, db *sql.DB, environment pacspace.Environment, options []Option, moved bool) (*Store, error) {
	c, err := newCore(db, sqliteDialect, environment, options)
	if err != nil {
		return nil, err
	}
	if c.clock == nil {
		c.clock = time.Now
	}
	c.engine, c.mayBeMoved = newSQLite(), moved
	return open(ctx, c)
}

// OpenPostgreSQL opens the store in a PostgreSQL database of version 15 or newer, in the
// first schema of the connection's search_path, on the terms of [OpenSQLite]. Any number of
// processes may have it open; a transaction that another one disturbed, or whose connection
// was lost, is run again up to five times.
func OpenPostgreSQL(ctx context.Context, db *sql.DB, environment pacspace.Environment, options ...Option) (*Store, error) {
	c, err := newCore(db, postgresDialect, environment, options)
	if err != nil {
		return nil, err
	}
	if err := again(ctx, func() error { return checkPostgres(ctx, c) }); err != nil {
		return nil, err
	}
	c.engine = &postgres{}
	return open(ctx, c)
}

func newCore(db *sql.DB, d *dialect, environment pacspace.Environment, options []Option) (*core, error) {
	if db == nil {
		return nil, errors.New("sqlstore: db is nil: open a database first")
	}
	if environment != pacspace.EnvironmentLive && environment != pacspace.EnvironmentTest {
		return nil, fmt.Errorf("sqlstore: environment %q: it must be %q or %q", environment, pacspace.EnvironmentLive, pacspace.EnvironmentTest)
	}
	c := &core{db: db, dialect: d, environment: environment}
	for _, option := range options {
		option(&c.config)
	}
	return c, nil
}

func open(ctx context.Context, c *core) (*Store, error) {
	if err := c.migrate(ctx, meterTables); err != nil {
		_ = c.close() // its error would follow from the first
		return nil, err
	}
	return &Store{core: c}, nil
}

// Close gives back what the store holds of the database, which stays open. A SQLite store
// is of no use afterwards.
func (s *Store) Close() error { return s.core.close() }

// Now is the store's clock: the server's of PostgreSQL, the process clock for SQLite. It
// never goes back for one process, nor behind what was in the SQLite database at its last
// transaction. PostgreSQL is asked once a second; in between its clock is reckoned.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	return s.core.now(ctx, s.core)
}

// Update runs fn in one transaction; see [metering.Store]. In PostgreSQL fn may run up to
// six times.
func (s *Store) Update(ctx context.Context, fn func(metering.Tx) error) error {
	return s.core.update(ctx, s.core, func(t *txn) error {
		if t.dialect == sqliteDialect {
			if err := t.fold(ctx); err != nil {
				return err
			}
		}
		return fn(&meterTx{t})
	})
}

// View runs fn in one transaction that only reads, all of it at one instant.
func (s *Store) View(ctx context.Context, fn func(metering.Tx) error) error {
	if err := s.core.folded(ctx); err != nil {
		return err
	}
	return s.core.view(ctx, s.core, func(t *txn) error { return fn(&meterTx{t}) })
}

// meterTx is a transaction on the meter's tables.
type meterTx struct{ *txn }

func (t *meterTx) Now() time.Time { return t.at }
