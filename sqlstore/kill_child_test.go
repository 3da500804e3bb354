//go:build unix

package sqlstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// killRole is the variable that makes this test binary a process of the harness.
const killRole = "PACSPACE_KILL_ROLE"

// killConfig is what a process is told.
type killConfig struct {
	Dir     string // of the clock, the service's state and the SQLite file
	Conduct int
	Service string // its URL
	Secret  string // of its webhooks
	DSN     string // of PostgreSQL, "" for SQLite
	Schema  string
	Point   string // where something happens to the process
	Count   int    // at which arrival there
	Do      string // what happens
	Lanes   []killLane
	Drain   bool
	Broken  string
}

// killLane is a row of events, one after the other. A process takes each lane up where its
// acknowledgements ended.
type killLane struct{ Number, Next int }

// lanePause is between two events of a lane, so that a machine is busy with kills and not
// with counting.
const lanePause = 20 * time.Millisecond

// event is the next one of a lane: its content follows from its place, so that the parent
// needs no list of them.
func (l killLane) event() metering.Event {
	return metering.Event{
		ID:         fmt.Sprintf("%08d-%03d", l.Next, l.Number),
		CustomerID: killCustomers[(l.Number+l.Next)%len(killCustomers)],
		Amount:     storetest.Dec(fmt.Sprintf("%d.%02d", (l.Number*31+l.Next*17)%97, l.Next%100)),
		Time:       killStart.Add(-time.Duration(1+l.Next%3) * 24 * time.Hour),
		Dimensions: map[string]string{"plan": []string{"basic", "growth"}[l.Next%2]},
	}
}

var killCustomers = []string{"acme", "globex:gpu", "initech", "hooli", "umbrella", "stark"}

// killChild runs a process of the harness, if this is one.
func killChild() (is bool) {
	role := os.Getenv(killRole)
	if role == "" {
		return false
	}
	if role != "service" { // which sees to that itself
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(2) // the parent is gone
		}()
	}
	var c killConfig
	err := json.Unmarshal([]byte(os.Getenv("PACSPACE_KILL_CONFIG")), &c)
	switch {
	case err != nil:
	case role == "service":
		err = serviceChild(c.Dir, c.Conduct)
	case role == "agent":
		err = agentChild(context.Background(), &c)
	default:
		err = meterChild(context.Background(), &c)
	}
	if err != nil {
		say("failed %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		os.Exit(1)
	}
	return true
}

func (c *killConfig) open(ctx context.Context, clock *killClock, t *traps) (*sqlstore.Store, error) {
	if c.DSN == "" {
		db, err := openWatched("file:"+filepath.Join(c.Dir, "meter.db"), func(statement string) {
			if strings.HasPrefix(statement, "INSERT INTO meter_seen") {
				t.at(pointMarked)
			}
		})
		if err != nil {
			return nil, err
		}
		return sqlstore.OpenSQLite(ctx, db, pacspace.EnvironmentTest, sqlstore.WithClock(clock.now))
	}
	db, err := openKillPostgres(c.DSN, c.Schema)
	if err != nil {
		return nil, err
	}
	return sqlstore.OpenPostgreSQL(ctx, db, pacspace.EnvironmentTest, sqlstore.WithClock(clock.now))
}

func openKillPostgres(dsn, schema string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = schema
	return stdlib.OpenDB(*config), nil
}

// meterChild is a process that counts and sends until it is killed, or until all is done.
func meterChild(ctx context.Context, c *killConfig) error {
	clock, err := openClock(filepath.Join(c.Dir, "clock"))
	if err != nil {
		return err
	}
	t := &traps{point: c.Point, left: c.Count, do: c.Do}
	below, err := c.open(ctx, clock, t)
	if err != nil {
		return err
	}
	options := []metering.Option{
		metering.WithAccounts("requests", "request"), metering.WithGrace(time.Minute), metering.WithSpread(0),
		metering.WithLateness(400 * 24 * time.Hour), metering.WithRequestsPerMinute(600),
	}
	store, more := spoil(c.Broken, &trapped{below, t})
	client, err := pacspace.New(killKey, pacspace.WithBaseURL(c.Service), pacspace.WithClock(clock.now),
		pacspace.WithHTTPClient(&http.Client{Transport: &trappedTransport{http.DefaultTransport, t}}), pacspace.WithAttemptTimeout(10*time.Second))
	if err != nil {
		return err
	}
	meter, err := metering.New(client, store, append(options, more...)...)
	if err != nil {
		return err
	}
	say("ready")
	if c.Drain {
		return drain(ctx, c, clock, meter)
	}
	go func() { // a person, who must not stand still with the file locked
		for left := map[string]bool{}; c.Do != trapStop; {
			_ = retryParked(ctx, meter, nil, left)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	for _, lane := range c.Lanes {
		go func() {
			for {
				lane.record(ctx, meter)
				time.Sleep(lanePause)
			}
		}()
	}
	for {
		if _, err := meter.Flush(ctx); err != nil && !errors.As(err, new(*metering.UnsentError)) {
			say("error %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		say("round")
		time.Sleep(time.Millisecond)
	}
}

// record counts the lane's next event and says so once it is acknowledged.
func (l *killLane) record(ctx context.Context, meter *metering.Meter) {
	results, err := meter.Record(ctx, l.event())
	if err != nil {
		say("error %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		time.Sleep(10 * time.Millisecond)
		return
	}
	if results[0] == metering.RecordedConflict {
		say("broken event %s is in conflict with itself", l.event().ID)
	}
	say("ack %d %d", l.Number, l.Next)
	l.Next++
}

// retryParked decides what a person would. What the service may hold without listing it is
// left alone, unless that is known, and noted so that it is not asked about for ever.
func retryParked(ctx context.Context, meter *metering.Meter, recorded, left map[string]bool) error {
	for d, err := range meter.Parked(ctx) {
		if err != nil {
			return err
		}
		if left[d.ReferenceID] {
			continue
		}
		if d.ErrorCode == "" || d.Note == "" {
			say("broken delta %s is parked without a reason", d.ReferenceID)
		}
		notRecorded := recorded != nil && !recorded[d.ReferenceID]
		_, err := meter.Retry(ctx, d.ReferenceID, metering.RetryParams{Reason: "looked into", NotRecorded: notRecorded})
		switch {
		case errors.Is(err, pacspace.ErrOutcomeUnknown):
			left[d.ReferenceID] = true
		case err != nil && !errors.Is(err, metering.ErrNotParked):
			return err
		}
	}
	return nil
}

// drainRounds is how often the last process tries to deliver what others left behind without
// any more of it being delivered: long enough for keys to grow old.
const drainRounds = 200

// drain counts the one event of each lane whose outcome may be unknown, and delivers until
// nothing is left. Time passes with each round.
func drain(ctx context.Context, c *killConfig, clock *killClock, meter *metering.Meter) error {
	var wg sync.WaitGroup
	for _, lane := range c.Lanes {
		wg.Go(func() {
			for at := lane.Next; lane.Next == at; {
				lane.record(ctx, meter)
			}
		})
	}
	wg.Wait()
	for least, idle := math.MaxInt, 0; idle < drainRounds; idle++ {
		clock.advance(10 * time.Minute)
		status, err := meter.Flush(ctx)
		say("round")
		if err == nil || errors.As(err, new(*metering.UnsentError)) {
			if n := undelivered(status); n < least {
				least, idle = n, 0
			}
		}
		switch {
		case err == nil && status.Open == 0 && status.Count(metering.StateConfirmed) == 0:
			return report(ctx, meter)
		case err != nil && !errors.As(err, new(*metering.UnsentError)):
			say("error %s", strings.ReplaceAll(err.Error(), "\n", "; ")) // such as a store that is slow
		}
		held, err := recordedBy(c.Service)
		if err != nil {
			return err
		}
		recorded := map[string]bool{}
		for _, d := range held {
			recorded[d.ReferenceID] = d.Status != "FAILED"
		}
		if err := retryParked(ctx, meter, recorded, map[string]bool{}); err != nil {
			return err
		}
	}
	status, err := meter.Status(ctx)
	if err != nil {
		return err
	}
	for d := range meter.Parked(ctx) {
		say("broken delta %s is still parked: %s, %s", d.ReferenceID, d.ErrorCode, d.Note)
	}
	return fmt.Errorf("it does not come to an end: %+v", status)
}

// undelivered counts what is not at its end.
func undelivered(s *metering.Status) int {
	n := s.Open
	for _, c := range s.States {
		if c.State != metering.StateVerified && c.State != metering.StateDiscarded {
			n += c.Count
		}
	}
	return n
}

// report writes what the outbox holds: its sums by customer of what is verified, the rest by
// reference.
func report(ctx context.Context, meter *metering.Meter) error {
	sums := map[string]decimal.Decimal{}
	for d, err := range meter.Deltas(ctx, metering.DeltaQuery{}) {
		switch {
		case err != nil:
			return err
		case d.State == metering.StateVerified:
			sums[d.CustomerID] = sums[d.CustomerID].Add(d.Amount)
		case d.State != metering.StateDiscarded:
			say("broken delta %s is %s at the end", d.ReferenceID, d.State)
		}
	}
	for customer, sum := range sums {
		say("sum %s %s", customer, sum)
	}
	say("done")
	return nil
}
