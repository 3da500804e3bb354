package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// newSchema drops what earlier rounds made and makes an empty schema.
func newSchema(ctx context.Context, dsn string) (string, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return "", err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "DROP SCHEMA IF EXISTS meter_benchmark CASCADE; CREATE SCHEMA meter_benchmark; CHECKPOINT")
	return "meter_benchmark", err
}

func openPostgres(dsn, schema string, connections int) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = schema
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func countInPostgres(ctx context.Context, dsn, schema string, goroutines, size int, long time.Duration) (float64, error) {
	db, store, err := openStore(ctx, dsn, schema)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return countWith(ctx, store, 1, goroutines, size, long)
}

func openStore(ctx context.Context, dsn, schema string) (*sql.DB, *sqlstore.Store, error) {
	db, err := openPostgres(dsn, schema, 8)
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlstore.OpenPostgreSQL(ctx, db, pacspace.EnvironmentTest)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, store, nil
}

// countByHandPostgres is one transaction an event, from so many connections.
func countByHandPostgres(ctx context.Context, dsn, schema string, connections int, long time.Duration) (float64, error) {
	db, err := openPostgres(dsn, schema, connections)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	for _, table := range []string{
		"CREATE TABLE seen (id uuid PRIMARY KEY)",
		"CREATE TABLE sums (customer text, day date, sum numeric NOT NULL, PRIMARY KEY (customer, day)) WITH (fillfactor = 50)",
	} {
		if _, err := db.ExecContext(ctx, table); err != nil {
			return 0, err
		}
	}
	s, err := newSource(1)
	if err != nil {
		return 0, err
	}
	return load(ctx, s, connections, 1, long, func(ctx context.Context, events []metering.Event) error {
		e := events[0]
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		result, err := tx.ExecContext(ctx, "INSERT INTO seen (id) VALUES ($1) ON CONFLICT DO NOTHING", e.ID)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO sums (customer, day, sum) VALUES ($1, $2, $3) ON CONFLICT (customer, day) DO UPDATE SET sum = sums.sum + excluded.sum",
			e.CustomerID, e.Time.UTC().Format(time.DateOnly), e.Amount.String()); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// countInProcesses adds up the rates of so many processes that run side by side.
func countInProcesses(ctx context.Context, dsn, schema string, processes int, long time.Duration) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	// The tables are made before the time runs.
	db, store, err := openStore(ctx, dsn, schema)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(store.Close(), db.Close()); err != nil {
		return 0, err
	}
	rates, errs := make([]float64, processes), make([]error, processes)
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() {
			cmd := exec.CommandContext(ctx, self, "-child", fmt.Sprint(i+1, " ", schema), "-time", long.String())
			cmd.Env = append(os.Environ(), "METER_DSN="+dsn)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err == nil {
				rates[i], err = strconv.ParseFloat(string(bytes.TrimSpace(out)), 64)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	return sum, errors.Join(errs...)
}

// countAsChild is one of those processes. It prints its rate.
func countAsChild(ctx context.Context, which string, long time.Duration) error {
	number, schema, _ := strings.Cut(which, " ")
	process, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	db, store, err := openStore(ctx, os.Getenv("METER_DSN"), schema)
	if err != nil {
		return err
	}
	defer db.Close()
	s, err := newSource(process)
	if err != nil {
		return err
	}
	meter, err := newMeter(ctx, store, s)
	if err != nil {
		return err
	}
	rate, err := load(ctx, s, 4, 1000, long, func(ctx context.Context, events []metering.Event) error {
		_, err := meter.Record(ctx, events...)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Println(rate)
	return nil
}
