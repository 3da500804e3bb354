package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/pgtest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// cutter cuts the connection to the server at one of its operations, counted over all
// connections.
type cutter struct {
	mu    sync.Mutex
	at    int  // the operation, 0 for none
	after bool // what is written arrives, and the answer does not
	n     int
}

func (c *cutter) arm(at int, after bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.after, c.n = at, after, 0
}

// hit tells whether the connection was cut, and disarms.
func (c *cutter) hit() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	hit := c.at > 0 && c.n >= c.at
	c.at = 0
	return hit
}

func (c *cutter) now() (cut, after bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return c.n == c.at, c.after
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &cutConn{conn, c}, nil
}

type cutConn struct {
	net.Conn
	cutter *cutter
}

var errCut = errors.New("the connection was cut")

func (c *cutConn) Write(b []byte) (int, error) {
	cut, after := c.cutter.now()
	if !cut {
		return c.Conn.Write(b)
	}
	if after {
		_, _ = c.Conn.Write(b)
		_, _ = c.Conn.Read(make([]byte, 1)) // the server has answered, so it is done
	}
	_ = c.Conn.Close()
	return 0, errCut
}

// A connection that is lost at any statement, before it or after it, and in the commit too,
// costs a repetition and nothing else.
func TestAConnectionLostAtAnyStatementLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	cut := &cutter{}
	connect := postgresSchema(t, cut.dial)
	s := openStore(t, postgres, connect())
	ctx := t.Context()
	events := 0
	for _, op := range []struct {
		name string
		run  func(n int) error
	}{
		{"record", func(n int) error {
			e := entry(fmt.Sprint("id-", n), "0.1")
			e.Dimensions = map[string]string{"n": fmt.Sprint(n % 3)}
			events++
			r, err := s.Record(ctx, []metering.Entry{e})
			if err == nil && r[0] != metering.RecordedNew && r[0] != metering.RecordedDuplicate {
				err = fmt.Errorf("the event came back as %s", r[0])
			}
			return err
		}},
		{"update", func(n int) error {
			return s.Update(ctx, func(tx metering.Tx) error {
				if err := tx.SetSetting(ctx, fmt.Sprint("setting-", n), "value"); err != nil {
					return err
				}
				_, err := tx.Delta(ctx, "reference")
				if !errors.Is(err, metering.ErrNotFound) {
					return fmt.Errorf("found a delta that was never put: %w", err)
				}
				return tx.PutBatch(ctx, &metering.OutboxBatch{ID: fmt.Sprint("batch-", n), Done: true})
			})
		}},
		{"view", func(int) error {
			return s.View(ctx, func(tx metering.Tx) error {
				_, err := tx.Setting(ctx, "name")
				return err
			})
		}},
		{"now", func(int) error {
			s.AskNow()
			_, err := s.Now(ctx)
			return err
		}},
		{"sweep", func(int) error { _, err := s.Sweep(ctx, noon); return err }},
		{"open", func(int) error {
			other, err := sqlstore.OpenPostgreSQL(ctx, connect(), pacspace.EnvironmentTest)
			if err != nil {
				return err
			}
			return other.Close()
		}},
	} {
		t.Run(op.name, func(t *testing.T) {
			cuts := 0
			for _, after := range []bool{false, true} {
				for at := 1; ; at++ {
					cut.arm(at, after)
					err := op.run(10*at + map[bool]int{true: 1}[after])
					hit := cut.hit()
					require.NoError(t, err, "cut at write %d, after it: %t", at, after)
					if !hit {
						break
					}
					cuts++
				}
			}
			require.GreaterOrEqual(t, cuts, 2)
		})
	}
	b := bucket(t, s, "acme", day)
	require.EqualValues(t, events, b.Count, "each event counts once")
	require.Equal(t, sumOf("0.1", events), b.Open.String())
}

// A server that goes away for good is an error, and one that comes back is used again.
func TestAServerThatIsAwayIsAnErrorUntilItIsBack(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	away := false
	var conns []net.Conn
	connect := postgresSchema(t, func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return nil, errCut
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		conns = append(conns, conn)
		return conn, err
	})
	s := openStore(t, postgres, connect())
	_, err := s.Record(t.Context(), []metering.Entry{entry("a", "1")})
	require.NoError(t, err)
	mu.Lock()
	away = true
	for _, c := range conns {
		_ = c.Close()
	}
	mu.Unlock()
	_, err = s.Record(t.Context(), []metering.Entry{entry("b", "1")})
	require.ErrorIs(t, err, errCut)
	require.Regexp(t, "^sqlstore: ", err.Error())
	mu.Lock()
	away = false
	mu.Unlock()
	r, err := s.Record(t.Context(), []metering.Entry{entry("a", "1"), entry("b", "1")})
	require.NoError(t, err)
	require.Equal(t, []metering.Recorded{metering.RecordedDuplicate, metering.RecordedNew}, r)
	require.Equal(t, "2", bucket(t, s, "acme", day).Open.String())
}

func TestPostgreSQLRefusesSettingsThatLoseWhatIsAcknowledged(t *testing.T) {
	t.Parallel()
	t.Run("commits that do not wait for the disk", func(t *testing.T) {
		t.Parallel()
		db := asynchronous(t, postgresSchema(t, nil)())
		_, err := sqlstore.OpenPostgreSQL(t.Context(), db, pacspace.EnvironmentTest)
		require.ErrorContains(t, err, `PostgreSQL's synchronous_commit is "off" and must not be off`)
		requireOneLine(t, err)
		s, err := sqlstore.OpenPostgreSQL(t.Context(), db, pacspace.EnvironmentTest, sqlstore.WithDurabilityUnsafe())
		require.NoError(t, err)
		require.NoError(t, s.Close())
	})
	t.Run("a server that does not sync", func(t *testing.T) {
		t.Parallel()
		if os.Getenv(pgtest.Env) != "" {
			t.Log("a named server cannot be started with another setting: a private one is")
			t.Setenv(pgtest.Env, "")
		}
		for _, name := range []string{"fsync", "full_page_writes"} {
			c, err := pgtest.Start(t.Context(), name+"=off")
			if errors.Is(err, pgtest.ErrMissing) && os.Getenv("PACSPACE_INTEROP") != "required" {
				t.Skip(err)
			}
			require.NoError(t, err)
			db, err := sql.Open("pgx", c.DSN)
			require.NoError(t, err)
			_, err = sqlstore.OpenPostgreSQL(t.Context(), db, pacspace.EnvironmentTest)
			require.ErrorContains(t, err, fmt.Sprintf(`PostgreSQL's %s is "off" and must be on`, name))
			require.NoError(t, db.Close())
			require.NoError(t, c.Stop())
		}
	})
}

// asynchronous returns the same database with sessions whose commits do not wait.
func asynchronous(t testing.TB, db *sql.DB) *sql.DB {
	t.Helper()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	var config *pgx.ConnConfig
	require.NoError(t, conn.Raw(func(c any) error {
		config = c.(*stdlib.Conn).Conn().Config()
		return nil
	}))
	config.RuntimeParams["synchronous_commit"] = "off"
	out := stdlib.OpenDB(*config)
	t.Cleanup(func() { _ = out.Close() })
	return out
}

// The pool belongs to the caller, who may change a session at any time: each transaction
// that acknowledges something looks again.
func TestEveryTransactionWaitsForTheDiskWhateverTheSessionSays(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := postgresSchema(t, nil)()
	s := openStore(t, postgres, db)
	for _, table := range []string{"meter_seen", "meter_setting"} {
		_, err := db.Exec(fmt.Sprintf(`CREATE TABLE IF NOT EXISTS witness (setting text);
			CREATE OR REPLACE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				INSERT INTO witness VALUES (current_setting('synchronous_commit')); RETURN NULL;
			END $$;
			CREATE TRIGGER see AFTER INSERT ON %s EXECUTE FUNCTION see()`, table))
		require.NoError(t, err)
	}
	db.SetMaxOpenConns(1)
	for _, setting := range []string{"off", "on", "local"} {
		_, err := db.Exec("DELETE FROM witness")
		require.NoError(t, err)
		_, err = db.Exec("SET synchronous_commit = " + setting)
		require.NoError(t, err)
		e := entry("id-"+setting, "1")
		_, err = s.Record(ctx, []metering.Entry{e})
		require.NoError(t, err)
		e.ID, e.Dimensions = e.ID+"-2", map[string]string{"a": "b"}
		_, err = s.Record(ctx, []metering.Entry{e})
		require.NoError(t, err)
		require.NoError(t, s.Update(ctx, func(tx metering.Tx) error { return tx.SetSetting(ctx, "name", setting) }))
		want := map[string]string{"off": "on"}[setting]
		if want == "" {
			want = setting
		}
		var n, wrong int
		require.NoError(t, db.QueryRow("SELECT count(*), count(*) FILTER (WHERE setting <> $1) FROM witness", want).Scan(&n, &wrong))
		require.Equal(t, 3, n)
		require.Zero(t, wrong, "with synchronous_commit = %s", setting)
	}
}

// Meters that read and write the same rows in opposite orders are run again until one was
// first.
func TestDeadlocksAreRunAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	connect := postgresSchema(t, nil)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	var runs [2]int
	stores := []*sqlstore.Store{openStore(t, postgres, connect()), openStore(t, postgres, connect())}
	require.NoError(t, stores[0].Update(ctx, func(tx metering.Tx) error {
		return errors.Join(tx.SetSetting(ctx, "0", "0"), tx.SetSetting(ctx, "1", "0"))
	}))
	var met sync.WaitGroup
	met.Add(2)
	for i, s := range stores {
		wg.Go(func() {
			errs[i] = s.Update(ctx, func(tx metering.Tx) error {
				runs[i]++
				mine, other := fmt.Sprint(i), fmt.Sprint(1-i)
				n, err := tx.Setting(ctx, mine)
				if err != nil {
					return err
				}
				if runs[i] == 1 { // both hold their first row before either wants the second
					met.Done()
					met.Wait()
				}
				if _, err := tx.Setting(ctx, other); err != nil {
					return err
				}
				return tx.SetSetting(ctx, mine, n+"+1")
			})
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, 3, runs[0]+runs[1], "one of them ran twice")
}

func TestAReplicaOfAnotherClockUsesTheServers(t *testing.T) {
	t.Parallel()
	s := newStore(t, postgres)
	now, err := s.Now(t.Context())
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), now, time.Minute)
	require.NoError(t, s.Update(t.Context(), func(tx metering.Tx) error {
		require.False(t, tx.Now().Before(now), "no transaction is before what was told")
		return nil
	}))
}

// Sums of events whose amounts PostgreSQL writes with other zeros are the same numbers.
func TestPostgreSQLsNumericIsTheSameNumber(t *testing.T) {
	t.Parallel()
	s := newStore(t, postgres)
	for i, a := range []string{"1.10", "2.900", "-4"} {
		_, err := s.Record(t.Context(), []metering.Entry{entry(fmt.Sprint(i), a)})
		require.NoError(t, err)
	}
	require.True(t, bucket(t, s, "acme", day).Open.Equal(decimal.New(0)))
}
