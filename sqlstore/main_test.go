package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "github.com/ncruces/go-sqlite3/driver"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/pgtest"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
	"github.com/pacspace/pacspace-go/usage"
)

var cluster = &pgtest.Shared{Settings: []string{"max_connections=200"}}

func TestMain(m *testing.M) {
	if killChild() {
		return
	}
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// backend is a kind of database that a test runs on.
type backend struct {
	name string
	// newDB returns a way to connect to a new, empty database, any number of times.
	newDB func(t testing.TB) func() *sql.DB
	open  func(ctx context.Context, db *sql.DB, e pacspace.Environment, options ...sqlstore.Option) (*sqlstore.Store, error)
}

var (
	modernc = backend{"SQLite by modernc", func(t testing.TB) func() *sql.DB {
		return sqliteFile(t, "sqlite", filepath.Join(t.TempDir(), "meter.db"))
	}, sqlstore.OpenSQLite}
	ncruces = backend{"SQLite by ncruces", func(t testing.TB) func() *sql.DB {
		return sqliteFile(t, "sqlite3", filepath.Join(t.TempDir(), "meter.db"))
	}, sqlstore.OpenSQLite}
	postgres = backend{"PostgreSQL", func(t testing.TB) func() *sql.DB { return postgresSchema(t, nil) }, sqlstore.OpenPostgreSQL}

	backends = []backend{modernc, ncruces, postgres}
)

// onEach runs a test on each kind of database.
func onEach(t *testing.T, test func(t *testing.T, b backend)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

func sqliteFile(t testing.TB, driver, path string) func() *sql.DB {
	return func() *sql.DB {
		db, err := sql.Open(driver, "file:"+path)
		require.NoError(t, err)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

var schemas atomic.Int64

// postgresSchema makes a schema of its own. dial, where it is given, connects to the server.
func postgresSchema(t testing.TB, dial func(ctx context.Context, network, address string) (net.Conn, error)) func() *sql.DB {
	dsn := cluster.DSN(t)
	admin, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer admin.Close()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), schemas.Add(1))
	_, err = admin.Exec("CREATE SCHEMA " + name)
	require.NoError(t, err)
	t.Cleanup(func() {
		admin, err := sql.Open("pgx", dsn)
		require.NoError(t, err)
		defer admin.Close()
		_, err = admin.Exec("DROP SCHEMA " + name + " CASCADE")
		require.NoError(t, err)
	})
	return func() *sql.DB {
		config, err := pgx.ParseConfig(dsn)
		require.NoError(t, err)
		config.RuntimeParams["search_path"] = name
		if dial != nil {
			config.DialFunc = dial
		}
		db := stdlib.OpenDB(*config)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
}

// newStore opens a store in a new database.
func newStore(t testing.TB, b backend, options ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	return openStore(t, b, b.newDB(t)(), options...)
}

func openStore(t testing.TB, b backend, db *sql.DB, options ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	s, err := b.open(t.Context(), db, pacspace.EnvironmentTest, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

var day, noon = storetest.Day, storetest.Noon

// entry is an event of customer acme.
func entry(id, amount string) metering.Entry {
	e := metering.Entry{
		ID: id, CustomerID: "acme", Day: day, Amount: storetest.Dec(amount),
		Time: noon, Due: day.End().Add(time.Hour),
	}
	e.Fingerprint = print(e)
	return e
}

// print is some fingerprint: what it is over is the meter's affair.
func print(e metering.Entry) uint64 {
	var sum uint64 = 14695981039346656037
	for _, c := range []byte(strings.Join([]string{e.CustomerID, e.Day.String(), e.Amount.String(), e.Time.String(), fmt.Sprint(e.Dimensions)}, "\x00")) {
		sum = (sum ^ uint64(c)) * 1099511628211
	}
	return sum
}

// bucket reads one, nil where there is none.
func bucket(t testing.TB, s metering.Store, customerID string, day usage.Date) (out *metering.Bucket) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(tx metering.Tx) error {
		b, err := tx.Bucket(t.Context(), customerID, day)
		if err == metering.ErrNotFound {
			return nil
		}
		out = b
		return err
	}))
	return out
}
