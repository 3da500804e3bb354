package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/pacspace/pacspace-go/internal/wait"
)

// maxRuns is how often a transaction is run in all, where running it again may help.
const maxRuns = 6

// minPostgres is the oldest server that is tested.
const minPostgres = 150000

// postgres uses the pool as it is: what makes a commit durable is asserted in each
// transaction.
type postgres struct {
	mu    sync.Mutex
	told  time.Time // what the server said
	asked time.Time // when it was asked, by the clock of this machine
}

// durable makes the transaction's commit wait for the disk even where some other user of
// the connection turned that off for the session. Unused results of a set_config are not
// optimised away.
const durable = `CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END`

// checkPostgres refuses a server whose settings let it lose what it acknowledged.
func checkPostgres(ctx context.Context, c *core) error {
	show := func(name string) (value string, err error) {
		err = c.db.QueryRowContext(ctx, "SHOW "+name).Scan(&value)
		if err != nil {
			err = &failure{what: "read PostgreSQL's " + name, err: err}
		}
		return value, err
	}
	text, err := show("server_version_num")
	if err != nil {
		return err
	}
	if version, err := strconv.Atoi(text); err != nil || version < minPostgres {
		return fmt.Errorf("sqlstore: PostgreSQL has version %q: 15 or newer is needed; update the server", text)
	}
	if c.unsafe {
		return nil
	}
	for _, name := range []string{"fsync", "full_page_writes"} {
		if value, err := show(name); err != nil || value != "on" {
			return because(fmt.Sprintf("sqlstore: PostgreSQL's %s is %q and must be on: a power cut would lose what is acknowledged; set it in postgresql.conf", name, value), err)
		}
	}
	if value, err := show("synchronous_commit"); err != nil || value == "off" {
		return because(fmt.Sprintf("sqlstore: PostgreSQL's synchronous_commit is %q and must not be off: a crash would lose what is acknowledged; set it to on for this role or database", value), err)
	}
	return nil
}

func (e *postgres) update(ctx context.Context, c *core, fn func(*txn) error) error {
	return again(ctx, func() error {
		return e.transact(ctx, c, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, fn)
	})
}

func (e *postgres) view(ctx context.Context, c *core, fn func(*txn) error) error {
	return again(ctx, func() error {
		return e.transact(ctx, c, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
	})
}

func (e *postgres) transact(ctx context.Context, c *core, options *sql.TxOptions, fn func(*txn) error) error {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return &failure{what: "connect", err: err}
	}
	defer conn.Close()
	// Statements end with ctx, but a commit that was begun is not cut in half.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), options)
	if err != nil {
		return &failure{what: "begin", err: err}
	}
	defer tx.Rollback() // of no effect after a commit
	t := &txn{q: tx, dialect: c.dialect, readOnly: options.ReadOnly}
	if t.at, err = postgresNow(ctx, c, t); err != nil {
		return err
	}
	if err := t.run(fn); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return &failure{what: "commit", err: err}
	}
	return nil
}

// postgresNow is the start of the transaction by the server's clock.
func postgresNow(ctx context.Context, c *core, t *txn) (time.Time, error) {
	var now time.Time
	err := t.query(ctx, "read the clock", func(rows *sql.Rows) error {
		var set sql.NullString
		return rows.Scan(&now, &set)
	}, "SELECT now(), "+durableUnless(c.unsafe || t.readOnly))
	if err == nil && c.clock != nil {
		now = c.clock()
	}
	return c.raise(now), err
}

func durableUnless(not bool) string {
	if not {
		return "NULL"
	}
	return durable
}

// maxReckoned is for how long the server's clock is reckoned from what it told last: it is
// asked for each group of events, and a round trip costs as much as counting them.
const maxReckoned = time.Second

func (e *postgres) now(ctx context.Context, c *core) (now time.Time, err error) {
	if ctx.Err() != nil {
		return time.Time{}, fmt.Errorf("sqlstore: now: %w", context.Cause(ctx))
	}
	if now, ok := e.reckon(time.Now()); ok {
		return c.raise(now), nil
	}
	err = again(ctx, func() error {
		asked := time.Now()
		now, err = postgresNow(ctx, c, &txn{q: c.db, dialect: c.dialect, readOnly: true})
		if err == nil && c.clock == nil {
			e.mu.Lock()
			e.told, e.asked = now, asked
			e.mu.Unlock()
		}
		return err
	})
	return now, err
}

// reckon adds the time since the server was asked. Both clocks of this machine must agree
// on it: one stands still while the machine sleeps, the other may be set.
func (e *postgres) reckon(at time.Time) (time.Time, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	since, wall := at.Sub(e.asked), at.Round(0).Sub(e.asked.Round(0))
	if e.asked.IsZero() || max(since, wall) > maxReckoned || min(since, wall) < 0 {
		return time.Time{}, false
	}
	return e.told.Add(since), true
}

func (e *postgres) close() error { return nil }

// again runs fn up to maxRuns times while it fails in a way that a new transaction mends.
func again(ctx context.Context, fn func() error) error {
	for run := 1; ; run++ {
		err := fn()
		if err == nil || run == maxRuns || !transient(err) || ctx.Err() != nil {
			return err
		}
		// Two that collided must not collide again.
		if wait.For(ctx, time.Duration(run*run)*(5*time.Millisecond+rand.N(10*time.Millisecond))) != nil {
			return err
		}
	}
}

// sqlState is the server's answer, as the drivers of PostgreSQL give it.
type sqlState interface {
	error
	SQLState() string
}

// transient tells whether the same transaction may succeed if it is run anew: a deadlock,
// a collision, a connection lost at any point or a server that restarts.
func transient(err error) bool {
	var f *failure
	if !errors.As(err, &f) || f.ours || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	// An error without a state did not come from the server: the connection failed.
	answer, ok := errors.AsType[sqlState](err)
	if !ok {
		return true
	}
	switch code := answer.SQLState(); code {
	case "40001", "40P01", "57P01", "57P02", "57P03":
		return true
	default:
		return len(code) == 5 && code[:2] == "08"
	}
}
