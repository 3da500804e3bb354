package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
	"github.com/pacspace/pacspace-go/usage"
)

const movedIDs = 2500 // three pages

// content is all that the methods of a store tell of it.
type content struct {
	Buckets []metering.Bucket
	Deltas  []metering.OutboxDelta
	Batch   metering.OutboxBatch
	Account usage.Account
	Setting string
}

func contentOf(t *testing.T, s metering.Store) string {
	t.Helper()
	var c content
	ctx := t.Context()
	require.NoError(t, s.View(ctx, func(tx metering.Tx) (err error) {
		if c.Buckets, err = tx.Buckets(ctx, metering.BucketQuery{}, 100); err != nil {
			return err
		}
		if c.Deltas, err = tx.Deltas(ctx, metering.DeltaQuery{}, 100); err != nil {
			return err
		}
		b, err := tx.Batch(ctx, "batch-1")
		if err != nil {
			return err
		}
		c.Batch = *b
		if c.Account, err = tx.Account(ctx, "acme"); err != nil {
			return err
		}
		c.Setting, err = tx.Setting(ctx, "pause")
		return err
	}))
	return fmt.Sprintf("%+v", c)
}

// fill puts something into every table and column.
func fill(t *testing.T, s metering.Store) {
	t.Helper()
	ctx := t.Context()
	for from := 0; from < movedIDs; from += 500 {
		var entries []metering.Entry
		for i := range 500 {
			e := entry(fmt.Sprintf("id-%05d", from+i), "0.1")
			e.Dimensions = map[string]string{"plan": fmt.Sprint("plan-", i%3), "région": "é"}
			entries = append(entries, e)
		}
		_, err := s.Record(ctx, entries)
		require.NoError(t, err)
	}
	at := noon.Add(123456 * time.Microsecond)
	require.NoError(t, s.Update(ctx, func(tx metering.Tx) error {
		if err := tx.SetSetting(ctx, "pause", `{"until":"…"}`); err != nil {
			return err
		}
		if _, err := tx.BindAccount(ctx, usage.Account{CustomerID: "acme", Resource: "requests", Unit: "request"}); err != nil {
			return err
		}
		if err := tx.PutBucket(ctx, &metering.Bucket{
			CustomerID: "globex", Day: day, Totals: true, Generation: 2, Open: storetest.Dec("-0.5"), Metadata: []byte(`{"plan":"x"}`),
			Due: at, Frozen: storetest.Dec("123456789012345678.000000001"), Base: "usage:globex:2026-02-03",
		}); err != nil {
			return err
		}
		for i, state := range []metering.State{metering.StateFrozen, metering.StateVerified} {
			d := &metering.OutboxDelta{
				ReferenceID: fmt.Sprint("usage:globex:2026-02-0", i), CustomerID: "globex", Day: day, Generation: 1, Amount: storetest.Dec("-1.5"),
				Body: []byte{0, 1, 255}, Key: "key", State: state, NotBefore: at, CreatedAt: at, UpdatedAt: at.Add(time.Second),
			}
			if state == metering.StateVerified {
				d.NotBefore, d.Adjusts, d.BatchID, d.Attempts, d.FirstSent = time.Time{}, "base", "batch-1", 3, at
				d.ErrorCode, d.Note, d.RecordID, d.ReceiptID, d.ContentHash = "CODE", "a note\nof two lines", "rec", "receipt", "0xhash"
			}
			if err := tx.PutDelta(ctx, d); err != nil {
				return err
			}
		}
		return tx.PutBatch(ctx, &metering.OutboxBatch{
			ID: "batch-1", Key: "batch-1.2", Body: []byte("{}"), Single: true, Count: 1, Done: true, Attempts: 2, FirstSent: at,
			Unknown: true, NotBefore: at, Owner: "me", Epoch: 1 << 40, LeaseEnd: at, CreatedAt: at,
		})
	}))
}

func TestAMoveTakesEverythingAlongAndRetiresTheOldStore(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	connect, target := modernc.newDB(t), postgres.newDB(t)
	old := openStore(t, modernc, connect())
	fill(t, old)
	_, err := old.Agent(ctx)
	require.NoError(t, err)
	rows := agentRows()
	for _, insert := range rows {
		_, err := connect().Exec(insert)
		require.NoError(t, err)
	}
	before := contentOf(t, old)
	// A meter that was pointed at the new store by mistake has left its settings there.
	fresh := openStore(t, postgres, target())
	require.NoError(t, fresh.Update(ctx, func(tx metering.Tx) error { return tx.SetSetting(ctx, "pause", "other") }))

	want := sqlstore.Moved{IDs: movedIDs, Buckets: 2, Deltas: 2, Batches: 1}
	for range 2 { // the second call finds that all is done
		moved, err := sqlstore.MoveToPostgreSQL(ctx, connect(), target(), pacspace.EnvironmentTest)
		require.NoError(t, err)
		require.Equal(t, want, moved)
	}
	require.Equal(t, before, contentOf(t, fresh))
	for table := range rows {
		var n int
		require.NoError(t, target().QueryRow("SELECT count(*) FROM "+table).Scan(&n))
		require.Equal(t, 1, n, table)
	}
	var text string
	require.NoError(t, target().QueryRow(`SELECT d.customer_id || coalesce(d.day::text, ' no day') || d.n || e.received || encode(e.body, 'hex') || m.untold FROM agent_delta d, agent_event e, agent_mismatch m`).Scan(&text))
	require.Contains(t, text, "acme no day72026-02-03 12:00:00.123456+00")
	require.Contains(t, text, "00fftrue")
	r, err := fresh.Record(ctx, []metering.Entry{func() metering.Entry {
		e := entry("id-02499", "0.1")
		e.Dimensions = map[string]string{"plan": "plan-1", "région": "é"}
		return e
	}()})
	require.NoError(t, err)
	require.NotEqual(t, metering.RecordedNew, r[0], "the ids were taken along")

	_, err = old.Record(ctx, []metering.Entry{entry("new", "1")})
	require.ErrorContains(t, err, "no such table", "a meter that was forgotten fails")
	_, err = sqlstore.OpenSQLite(ctx, connect(), pacspace.EnvironmentTest)
	require.ErrorContains(t, err, "the store was moved to PostgreSQL at ")
	requireOneLine(t, err)
}

// agentRows has one insert for each table of the agent.
func agentRows() map[string]string {
	const at = "'2026-02-03T12:00:00.123456Z'"
	return map[string]string{
		"agent_setting":  "INSERT INTO agent_setting VALUES ('name', 'value')",
		"agent_event":    "INSERT INTO agent_event VALUES ('event', 'delivery', 'delta.verified', x'00ff', " + at + ", 'pending', '')",
		"agent_account":  "INSERT INTO agent_account VALUES ('acme', '{}')",
		"agent_delta":    "INSERT INTO agent_delta VALUES ('acme', 'name', 7, NULL, " + at + ", '0xhash', 'rec', '{}')",
		"agent_check":    "INSERT INTO agent_check VALUES ('acme', '2026-02', NULL, '{}')",
		"agent_mismatch": "INSERT INTO agent_mismatch VALUES ('id', 'acme', '2026-02', 'open', 1, " + at + ", '{}')",
	}
}

func TestAMoveThatFailsLeavesTheOldStoreAsItWas(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, c := range []struct {
		name string
		move func(t *testing.T, old, target func() *sql.DB) error
		want string
	}{
		{"the new store was used", func(t *testing.T, old, target func() *sql.DB) error {
			_, err := openStore(t, postgres, target()).Record(ctx, []metering.Entry{entry("x", "1")})
			require.NoError(t, err)
			_, err = sqlstore.MoveToPostgreSQL(ctx, old(), target(), pacspace.EnvironmentTest)
			return err
		}, "the new store is not empty, meter_seen has rows"},
		{"the new store is of another environment", func(t *testing.T, old, target func() *sql.DB) error {
			s, err := sqlstore.OpenPostgreSQL(ctx, target(), pacspace.EnvironmentLive)
			require.NoError(t, err)
			require.NoError(t, s.Close())
			_, err = sqlstore.MoveToPostgreSQL(ctx, old(), target(), pacspace.EnvironmentTest)
			return err
		}, `holds the "live" environment`},
		{"the new store's clock is behind", func(t *testing.T, old, target func() *sql.DB) error {
			s := openStore(t, modernc, old(), sqlstore.WithClock(func() time.Time { return time.Now().Add(time.Hour) }))
			require.NoError(t, s.Update(ctx, func(tx metering.Tx) error { return tx.SetSetting(ctx, "a", "b") }))
			_, err := sqlstore.MoveToPostgreSQL(ctx, old(), target(), pacspace.EnvironmentTest)
			return err
		}, "PostgreSQL's clock is .* behind"},
		{"the caller gives up on the way", func(t *testing.T, old, target func() *sql.DB) error {
			// Whoever holds a lock on one of the tables makes the move wait.
			openStore(t, postgres, target())
			tx, err := target().Begin()
			require.NoError(t, err)
			defer tx.Rollback()
			_, err = tx.Exec("LOCK TABLE meter_delta IN ACCESS EXCLUSIVE MODE")
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err = sqlstore.MoveToPostgreSQL(ctx, old(), target(), pacspace.EnvironmentTest)
			return err
		}, "context deadline exceeded|canceling statement"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			connect := modernc.newDB(t)
			old := openStore(t, modernc, connect())
			fill(t, old)
			before := contentOf(t, old)
			err := c.move(t, connect, postgres.newDB(t))
			require.Error(t, err)
			require.Regexp(t, c.want, err.Error())
			requireOneLine(t, err)
			require.Equal(t, before, contentOf(t, old))
			_, err = old.Record(ctx, []metering.Entry{entry("new", "1")})
			require.NoError(t, err, "it goes on")
		})
	}
}

func TestAMoveThatWasCutOffGoesOn(t *testing.T) {
	t.Parallel()
	connect, target := modernc.newDB(t), postgres.newDB(t)
	old := openStore(t, modernc, connect())
	fill(t, old)
	before := contentOf(t, old)
	require.NoError(t, sqlstore.Retire(t.Context(), connect()))
	_, err := sqlstore.OpenSQLite(t.Context(), connect(), pacspace.EnvironmentTest)
	require.ErrorContains(t, err, "was moved", "nothing is counted in between")
	moved, err := sqlstore.MoveToPostgreSQL(t.Context(), connect(), target(), pacspace.EnvironmentTest)
	require.NoError(t, err)
	require.Equal(t, movedIDs, moved.IDs)
	require.Equal(t, before, contentOf(t, openStore(t, postgres, target())))
}

// A column that a migration adds must not be left behind.
func TestAMoveTakesEveryColumnOfEveryTable(t *testing.T) {
	t.Parallel()
	db := modernc.newDB(t)()
	_, err := openStore(t, modernc, db).Agent(t.Context())
	require.NoError(t, err)
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
		AND m.name NOT IN ('pacspace_meta', 'meter_aside')`) // the latter is empty when a move begins
	require.NoError(t, err)
	defer rows.Close()
	there := map[string][]string{}
	for rows.Next() {
		var table, column string
		require.NoError(t, rows.Scan(&table, &column))
		there[table] = append(there[table], column)
	}
	require.NoError(t, rows.Err())
	moved := sqlstore.MovedColumns()
	for _, columns := range []map[string][]string{there, moved} {
		for table := range columns {
			slices.Sort(columns[table])
		}
	}
	require.Equal(t, there, moved)
}
