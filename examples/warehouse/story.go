package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/examples/internal/stage"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// The account is what the warehouse sums: gigabytes that were stored, of each customer.
const (
	resource = "storage"
	unit     = "gigabyte"
)

// totalsOfDay asks for each customer's total of a day. Sums are numeric, so they are exact.
const totalsOfDay = `
	SELECT customer_id, sum(gigabytes) AS amount, count(*) AS rows, min(region) AS region
	FROM usage_events
	WHERE used_at >= $1 AND used_at < $2
	GROUP BY customer_id
	ORDER BY customer_id`

var (
	first  = pacspace.NewDate(2026, time.February, 26)
	second = first.AddDays(1)
)

const month = pacspace.Period("2026-02")

// story is a warehouse with a nightly job.
type story struct {
	*stage.Stage
	out    io.Writer
	schema string
	admin  *sql.DB
	db     *sql.DB // the warehouse; the meter's tables lie beside it
	store  *sqlstore.Store
	meter  *metering.Meter
}

func openStory(ctx context.Context, dsn, dir string, out io.Writer) (*story, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the DSN cannot be read") // it may hold a password
	}
	st, err := stage.Open(dir, first.Start())
	if err != nil {
		return nil, err
	}
	s := &story{Stage: st, out: out, admin: stdlib.OpenDB(*config)}
	s.schema = fmt.Sprintf("warehouse_example_%d", time.Now().UnixNano())
	inside := config.Copy()
	inside.RuntimeParams["search_path"] = s.schema
	s.db = stdlib.OpenDB(*inside)
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *story) open(ctx context.Context) error {
	if _, err := s.admin.ExecContext(ctx, "CREATE SCHEMA "+s.schema); err != nil {
		return err
	}
	_, err := s.db.ExecContext(ctx, `CREATE TABLE usage_events (
		customer_id text NOT NULL, used_at timestamptz NOT NULL, gigabytes numeric NOT NULL, region text NOT NULL)`)
	if err != nil {
		return err
	}
	if s.store, err = sqlstore.OpenPostgreSQL(ctx, s.db, pacspace.EnvironmentTest, sqlstore.WithClock(s.Clock.Now)); err != nil {
		return err
	}
	s.meter, err = s.MeterOver(s.store, metering.WithAccounts(resource, unit))
	return err
}

// close removes all that the example made, whatever became of it.
func (s *story) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var errs []error
	if s.meter != nil {
		_, err := s.meter.Close(ctx)
		errs = append(errs, err)
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	_, err := s.admin.ExecContext(ctx, "DROP SCHEMA IF EXISTS "+s.schema+" CASCADE")
	return errors.Join(append(errs, err, s.db.Close(), s.admin.Close(), s.Stage.Close())...)
}

// insert is how usage comes into the warehouse.
func (s *story) insert(ctx context.Context, customer string, day pacspace.Date, gigabytes ...string) error {
	for i, g := range gigabytes {
		_, err := s.db.ExecContext(ctx, "INSERT INTO usage_events VALUES ($1, $2, $3, 'eu')",
			customer, day.Start().Add(time.Duration(i)*time.Hour), g)
		if err != nil {
			return err
		}
	}
	return nil
}

// job is the nightly job: the totals of a day are asked for, handed over and sent.
func (s *story) job(ctx context.Context, day pacspace.Date) (*metering.Submission, error) {
	totals := sqlstore.QueryTotals(ctx, s.db, totalsOfDay, day.Start(), day.End())
	done, err := s.meter.Submit(ctx, day, totals)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(s.out, "  job for %s: %d fresh, %d unchanged, %d changed, %d vanished\n", day, done.Fresh, done.Unchanged, done.Changed, len(done.Vanished))
	return done, s.Settle(ctx, s.meter)
}

// want holds the service to what a customer's deltas must add up to.
func (s *story) want(customer string, deltas int, sum string) error {
	amount, err := pacspace.ParseDecimal(sum)
	if err != nil {
		return err
	}
	got, n := pacspace.Decimal{}, 0
	for _, d := range s.Box.Recorded("test", customer) {
		got = got.Add(d.Delta)
		n++
	}
	if n != deltas || !got.Equal(amount) {
		return fmt.Errorf("%s: the service has %d deltas, %s in all; it must have %d and %s", customer, n, got, deltas, amount)
	}
	fmt.Fprintf(s.out, "  %s: %d deltas, %s\n", customer, n, got)
	return nil
}

func (s *story) firstNight(ctx context.Context) error {
	fmt.Fprintf(s.out, "%s: the job runs, and runs again\n", first)
	for customer, gigabytes := range map[string][]string{
		"customer_acme": {"0.1", "0.2", "12.5"}, "customer_globex": {"3"}, "customer_initech": {"1e-3"},
	} {
		if err := s.insert(ctx, customer, first, gigabytes...); err != nil {
			return err
		}
	}
	s.Clock.Set(first.End().Add(2 * time.Hour))
	for range 2 {
		if _, err := s.job(ctx, first); err != nil {
			return err
		}
	}
	return errors.Join(s.want("customer_acme", 1, "-12.8"), s.want("customer_globex", 1, "-3"), s.want("customer_initech", 1, "-0.001"))
}

// errBroken is what the job fails with.
var errBroken = errors.New("the connection to the warehouse broke")

func (s *story) failedNight(ctx context.Context) error {
	fmt.Fprintf(s.out, "%s: the job fails half way, and runs again\n", second)
	if err := errors.Join(s.insert(ctx, "customer_acme", second, "5"), s.insert(ctx, "customer_globex", second, "6")); err != nil {
		return err
	}
	s.Clock.Set(second.End().Add(2 * time.Hour))
	_, err := s.meter.Submit(ctx, second, func(yield func(metering.Total, error) bool) {
		for total, err := range sqlstore.QueryTotals(ctx, s.db, totalsOfDay, second.Start(), second.End()) {
			_ = yield(total, err) && yield(metering.Total{}, errBroken)
			return
		}
	})
	if !errors.Is(err, errBroken) {
		return fmt.Errorf("the broken job: %w", err)
	}
	fmt.Fprintln(s.out, "  job failed:", err)
	if _, err := s.job(ctx, second); err != nil {
		return err
	}
	return errors.Join(s.want("customer_acme", 2, "-17.8"), s.want("customer_globex", 2, "-9"))
}

func (s *story) lateRows(ctx context.Context) error {
	fmt.Fprintf(s.out, "rows for %s arrive late\n", first)
	if err := errors.Join(s.insert(ctx, "customer_acme", first, "0.2"), s.insert(ctx, "customer_globex", first, "-1")); err != nil {
		return err
	}
	if _, err := s.job(ctx, first); err != nil {
		return err
	}
	return errors.Join(s.want("customer_acme", 3, "-18"), s.want("customer_globex", 3, "-8"))
}

func (s *story) vanished(ctx context.Context) error {
	fmt.Fprintf(s.out, "the rows of a customer for %s are gone\n", first)
	if _, err := s.db.ExecContext(ctx, "DELETE FROM usage_events WHERE customer_id = 'customer_initech'"); err != nil {
		return err
	}
	done, err := s.job(ctx, first)
	if err != nil {
		return err
	}
	if len(done.Vanished) != 1 || done.Vanished[0].CustomerID != "customer_initech" {
		return fmt.Errorf("vanished: %v, it must be customer_initech", done.Vanished)
	}
	fmt.Fprintf(s.out, "  %s had %s and has no total now: a person must look\n", done.Vanished[0].CustomerID, done.Vanished[0].Amount)
	return s.want("customer_initech", 1, "-0.001")
}

func (s *story) bill(ctx context.Context) error {
	fmt.Fprintln(s.out, "February is closed")
	s.Clock.Set(month.RecordingWindow().End)
	for _, customer := range []string{"customer_acme", "customer_globex", "customer_initech"} {
		closing, err := s.CloseMonth(ctx, s.meter, customer, month, nil)
		if err != nil {
			return err
		}
		report, err := s.Check(ctx, closing, customer+"-"+string(month)+".jsonl")
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "  %s: balance %s, %d lines, %s\n", customer, closing.Balance, len(closing.Lines), report.Verdict)
	}
	return nil
}
