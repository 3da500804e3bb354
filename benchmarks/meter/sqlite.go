package main

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	_ "modernc.org/sqlite"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

func openSQLite(ctx context.Context, dir string, options ...sqlstore.Option) (*sql.DB, *sqlstore.Store, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "meter.db"))
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.OpenSQLite(ctx, db, pacspace.EnvironmentTest, options...)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, store, nil
}

func countInSQLite(ctx context.Context, dir string, goroutines, size int, long time.Duration) (float64, error) {
	db, store, err := openSQLite(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	defer store.Close()
	return countWith(ctx, store, 1, goroutines, size, long)
}

// countByHandSQLite is one transaction an event, with prepared statements on one
// connection: the fastest that this can be, since more of them wait for each other.
func countByHandSQLite(ctx context.Context, dir string, long time.Duration) (float64, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "hand.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `CREATE TABLE seen (id text PRIMARY KEY) WITHOUT ROWID;
		CREATE TABLE sums (customer text, day text, sum text NOT NULL, PRIMARY KEY (customer, day)) WITHOUT ROWID`); err != nil {
		return 0, err
	}
	var insert, read, write *sql.Stmt
	for to, text := range map[**sql.Stmt]string{
		&insert: "INSERT INTO seen (id) VALUES (?) ON CONFLICT DO NOTHING",
		&read:   "SELECT sum FROM sums WHERE customer = ? AND day = ?",
		&write:  "INSERT INTO sums (customer, day, sum) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET sum = excluded.sum",
	} {
		if *to, err = db.PrepareContext(ctx, text); err != nil {
			return 0, err
		}
	}
	s, err := newSource(1)
	if err != nil {
		return 0, err
	}
	return load(ctx, s, 1, 1, long, func(ctx context.Context, events []metering.Event) error {
		e := events[0]
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		result, err := tx.StmtContext(ctx, insert).ExecContext(ctx, e.ID)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		day := e.Time.UTC().Format(time.DateOnly)
		var sum decimal.Decimal
		err = tx.StmtContext(ctx, read).QueryRowContext(ctx, e.CustomerID, day).Scan(&sum)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.StmtContext(ctx, write).ExecContext(ctx, e.CustomerID, day, sum.Add(e.Amount).String()); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// countInLog appends 47 bytes an event to a file and syncs each group: it knows no repeated
// id and no sum, and is the bound of what a disk allows.
func countInLog(ctx context.Context, dir string, goroutines int, long time.Duration) (float64, error) {
	f, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	queue := make(chan chan error, 1024)
	go func() {
		var group []chan error
		for first := range queue {
			runtime.Gosched()
			group = append(group[:0], first)
			for range len(queue) {
				group = append(group, <-queue)
			}
			_, err := f.Write(make([]byte, 47*len(group)))
			if err == nil {
				err = syncData(f)
			}
			for _, done := range group {
				done <- err
			}
		}
	}()
	defer close(queue)
	s, err := newSource(1)
	if err != nil {
		return 0, err
	}
	return load(ctx, s, goroutines, 1, long, func(context.Context, []metering.Event) error {
		done := make(chan error, 1)
		queue <- done
		return <-done
	})
}
