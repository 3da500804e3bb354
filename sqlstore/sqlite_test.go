package sqlstore_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

func TestSQLiteSyncsEachCommitWhateverTheConnectionWasOpenedWith(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ driver, parameters string }{
		{"sqlite", "?_pragma=synchronous(off)&_pragma=journal_mode(delete)"},
		{"sqlite3", "?_pragma=synchronous(normal)&_pragma=journal_mode(delete)"},
	} {
		t.Run(c.driver, func(t *testing.T) {
			t.Parallel()
			db := sqliteFile(t, c.driver, filepath.Join(t.TempDir(), "meter.db")+c.parameters)()
			// With one connection the test looks at the one that the store wrote with.
			db.SetMaxOpenConns(1)
			s, err := sqlstore.OpenSQLite(t.Context(), db, pacspace.EnvironmentTest)
			require.NoError(t, err)
			_, err = s.Record(t.Context(), []metering.Entry{entry("a", "1")})
			require.NoError(t, err)
			require.Equal(t, "1", bucket(t, s, "acme", day).Open.String(), "reading takes the same connection")
			require.NoError(t, s.Close())
			var synchronous int
			var journal string
			require.NoError(t, db.QueryRow("PRAGMA synchronous").Scan(&synchronous))
			require.NoError(t, db.QueryRow("PRAGMA journal_mode").Scan(&journal))
			require.Equal(t, 2, synchronous)
			require.Equal(t, "wal", journal)
		})
	}
}

func TestSQLiteRefusesADatabaseThatLosesWhatIsAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "meter.db")
	openStore(t, modernc, sqliteFile(t, "sqlite", path)())
	for _, c := range []struct{ name, path, want string }{
		{"one in memory", ":memory:", `journal_mode is "memory" and must be wal: what is acknowledged would not be durable`},
		{"one that is opened for reading", path + "?mode=ro", "readonly"},
		{"one that is immutable", path + "?immutable=1", "readonly|journal_mode"},
		{"one in a directory that is not there", filepath.Join(dir, "missing", "meter.db"), "unable to open database file"},
		{"a directory", dir, "unable to open database file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := sqlstore.OpenSQLite(t.Context(), sqliteFile(t, "sqlite", c.path)(), pacspace.EnvironmentTest)
			require.Error(t, err)
			require.Regexp(t, c.want, err.Error())
			requireOneLine(t, err)
		})
	}
	t.Run("unless that is asked for", func(t *testing.T) {
		t.Parallel()
		db := sqliteFile(t, "sqlite", ":memory:")()
		db.SetMaxOpenConns(1)
		s := openStore(t, modernc, db, sqlstore.WithDurabilityUnsafe())
		_, err := s.Record(t.Context(), []metering.Entry{entry("a", "1")})
		require.NoError(t, err)
		require.Equal(t, "1", bucket(t, s, "acme", day).Open.String())
	})
}

// A file that the user may not write: root may write all, so it is only tried as another.
func TestSQLiteRefusesAFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "meter.db")
	s := openStore(t, modernc, sqliteFile(t, "sqlite", path)())
	require.NoError(t, s.Close())
	db := sqliteFile(t, "sqlite", path)()
	if os.Geteuid() == 0 {
		// What a file without the right to write comes to, for a user who has all rights.
		db = sqliteFile(t, "sqlite", path+"?_pragma=query_only(1)")()
	} else {
		require.NoError(t, os.Chmod(path, 0o400))
	}
	_, err := sqlstore.OpenSQLite(t.Context(), db, pacspace.EnvironmentTest)
	require.ErrorContains(t, err, "readonly")
	requireOneLine(t, err)
}

func TestADatabaseOfAnotherEnvironmentOrANewerProgramIsRefused(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		connect := b.newDB(t)
		require.NoError(t, openStore(t, b, connect()).Close())
		_, err := b.open(t.Context(), connect(), pacspace.EnvironmentLive)
		require.ErrorContains(t, err, `the database holds the "test" environment, not "live"`)
		requireOneLine(t, err)
		_, err = b.open(t.Context(), connect(), "staging")
		require.ErrorContains(t, err, `environment "staging": it must be "live" or "test"`)
		_, err = b.open(t.Context(), nil, pacspace.EnvironmentTest)
		require.ErrorContains(t, err, "db is nil")

		db := connect()
		for version, want := range map[string]string{
			"99": "have version 99, this program knows 1: a newer program wrote them; update this one",
			"0":  `have version "0": not a version`,
			"x":  `have version "x": not a version`,
		} {
			_, err = db.Exec("UPDATE pacspace_meta SET value = '" + version + "' WHERE name = 'schema:metering'")
			require.NoError(t, err)
			_, err = b.open(t.Context(), connect(), pacspace.EnvironmentTest)
			require.ErrorContains(t, err, want)
			requireOneLine(t, err)
		}
	})
}

// Programs that are started together create the tables once.
func TestStoresOpenedAtOnceMigrateOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		connect := b.newDB(t)
		const n = 6
		errs := make(chan error, n)
		dbs := make([]*sql.DB, n)
		for i := range dbs {
			dbs[i] = connect()
		}
		for _, db := range dbs {
			go func() {
				s, err := b.open(t.Context(), db, pacspace.EnvironmentTest)
				if err == nil {
					err = s.Close()
				}
				errs <- err
			}()
		}
		for range n {
			require.NoError(t, <-errs)
		}
	})
}

// A clock that is set back by hours does not open again what was closed, in this process or
// in the next.
func TestTheClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		now := noon
		clock := sqlstore.WithClock(func() time.Time { return now })
		connect := b.newDB(t)
		s := openStore(t, b, connect(), clock)
		told := func(s *sqlstore.Store) time.Time {
			at, err := s.Now(t.Context())
			require.NoError(t, err)
			return at
		}
		require.NoError(t, s.Update(t.Context(), func(tx metering.Tx) error {
			require.Equal(t, noon, tx.Now())
			return tx.SetSetting(t.Context(), "name", "value")
		}))
		now = noon.Add(-2 * time.Hour)
		require.Equal(t, noon, told(s))
		require.NoError(t, s.View(t.Context(), func(tx metering.Tx) error {
			require.Equal(t, noon, tx.Now())
			return nil
		}))
		if b.name != postgres.name { // whose own clock is the server's
			require.Equal(t, noon, told(openStore(t, b, connect(), clock)), "the next process is told the same")
		}
		now = noon.Add(time.Minute)
		require.Equal(t, now, told(s))
	})
}

func TestAStoreThatIsClosedSaysSo(t *testing.T) {
	t.Parallel()
	s := newStore(t, modernc)
	require.NoError(t, s.Close())
	_, err := s.Record(t.Context(), []metering.Entry{entry("a", "1")})
	require.EqualError(t, err, "sqlstore: the store is closed")
	require.NoError(t, s.Close(), "closing twice does no harm")
}

// Each version is applied once, all that are missing in one transaction.
func TestMigrationsLeadFromAnyVersionToTheNewest(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, b backend) {
		ctx := t.Context()
		connect := b.newDB(t)
		s, db := openStore(t, b, connect()), connect()
		first, second, third := "CREATE TABLE extra (a integer)", "INSERT INTO extra VALUES (1)", "ALTER TABLE extra ADD COLUMN b integer"
		count := func() (n int) {
			require.NoError(t, db.QueryRow("SELECT count(*) FROM extra").Scan(&n))
			return n
		}
		require.NoError(t, s.Migrate(ctx, "extra", first))
		require.Zero(t, count())
		require.Error(t, s.Migrate(ctx, "extra", first, second, "nonsense"), "the third is wrong")
		require.Zero(t, count(), "so the second is undone")
		for range 2 {
			require.NoError(t, s.Migrate(ctx, "extra", first, second, third))
			require.Equal(t, 1, count())
		}
		require.ErrorContains(t, s.Migrate(ctx, "extra", first), "have version 3, this program knows 1")
	})
}
