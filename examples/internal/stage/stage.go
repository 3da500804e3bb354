// Package stage is what the examples of metering stand on: the sandbox in the place of the
// service, a meter with its store in a SQLite file, and one simulated clock for all of them,
// so that days pass in no time. A program of your own has none of it but the meter.
package stage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// Stage is a service, its clock and a vendor's client.
type Stage struct {
	Clock  *sandbox.Clock
	Box    *sandbox.Server
	Client *pacspace.Client
	Dir    string // what is written on the way
}

// storeFile is the meter's.
const storeFile = "meter.db"

// Open starts the sandbox at an instant, with a folder for what is written. The store of an
// earlier run is removed from it, since its days have passed.
func Open(dir string, at time.Time) (*Stage, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(dir, storeFile+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	clock := sandbox.NewClock(at)
	box, err := sandbox.New(sandbox.WithClock(clock.Now))
	if err != nil {
		return nil, err
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now))
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	return &Stage{Clock: clock, Box: server, Client: client, Dir: dir}, nil
}

// Close ends it.
func (s *Stage) Close() error { return errors.Join(s.Client.Close(), s.Box.Close()) }

// Meter is a meter with its database.
type Meter struct {
	*metering.Meter
	store *sqlstore.Store
	db    *sql.DB
}

// Meter opens a meter whose store is a SQLite file in the stage's folder.
func (s *Stage) Meter(ctx context.Context, options ...metering.Option) (*Meter, error) {
	db, err := sql.Open("sqlite", filepath.Join(s.Dir, storeFile))
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.OpenSQLite(ctx, db, pacspace.EnvironmentTest, sqlstore.WithClock(s.Clock.Now))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	m, err := s.MeterOver(store, options...)
	if err != nil {
		return nil, errors.Join(err, store.Close(), db.Close())
	}
	return &Meter{m, store, db}, nil
}

// MeterOver makes a meter over a store of the example's own. The simulated clock does not go
// on by itself, so there is no pace to keep.
func (s *Stage) MeterOver(store metering.Store, options ...metering.Option) (*metering.Meter, error) {
	return metering.New(s.Client, store, append([]metering.Option{metering.WithRequestsPerMinute(600)}, options...)...)
}

// Abandon lets the meter go as a crash does: nothing is flushed.
func (m *Meter) Abandon() error { return errors.Join(m.store.Close(), m.db.Close()) }

// Close flushes the meter and closes its file.
func (m *Meter) Close(ctx context.Context) error {
	_, err := m.Meter.Close(ctx)
	return errors.Join(err, m.Abandon())
}

// Settle flushes, lets the service verify what it got, and hears of it.
func (s *Stage) Settle(ctx context.Context, m *metering.Meter) error {
	if _, err := m.Flush(ctx); err != nil {
		return err
	}
	s.Clock.Advance(time.Minute)
	_, err := m.Flush(ctx)
	return err
}

// CloseMonth closes an account's month after the one before, nil for the first. The clock
// goes on while the client waits for the public record.
func (s *Stage) CloseMonth(ctx context.Context, m *metering.Meter, customer string, month pacspace.Period, previous *pacspace.Closing) (*pacspace.Closing, error) {
	s.Clock.Step(time.Second)
	defer s.Clock.Step(0)
	return m.ClosePeriod(ctx, pacspace.ClosePeriodParams{CustomerID: customer, Period: month, Previous: previous, First: previous == nil},
		pacspace.WithPollInterval(time.Millisecond))
}

// Check verifies a closing as its customer does: from the evidence, the answer of the public
// record and what he expects.
func (s *Stage) Check(ctx context.Context, c *pacspace.Closing, name string) (report *proof.Report, err error) {
	path := filepath.Join(s.Dir, name)
	if err := c.SaveEvidence(path); err != nil {
		return nil, err
	}
	public, err := pacspace.NewPublic(pacspace.WithBaseURL(s.Box.URL), pacspace.WithEnvironment(pacspace.EnvironmentTest))
	if err != nil {
		return nil, err
	}
	anchor, err := public.Anchor(ctx, c.ProofRoot)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	report, err = proof.Verify(f, proof.Expect{
		CustomerID: c.Account.CustomerID, Resource: c.Account.Resource, Period: c.Period, Environment: proof.EnvironmentTest,
	}, anchor)
	if err == nil && report.Verdict != proof.Verified {
		err = fmt.Errorf("%s: the verdict is %q, it must be %q:\n%s", path, report.Verdict, proof.Verified, report.Text())
	}
	return report, err
}
