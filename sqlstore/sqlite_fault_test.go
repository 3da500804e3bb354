package sqlstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/require"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

// Nothing that was acknowledged is lost in a power cut, wherever it falls, and the sums are
// those of the ids that are there.
func TestAPowerCutLosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	const cuts, events = 200, 400
	d, name := newDisk(t)
	path := filepath.Join(t.TempDir(), "meter.db")
	db := sqliteFile(t, "sqlite3", path+"?vfs="+name)()
	s := openStore(t, ncruces, db)

	random := rand.New(rand.NewPCG(1, 2))
	type snapshot struct {
		dir   string
		acked int
	}
	var snapshots []snapshot
	acked := 0
	d.mu.Lock()
	d.during = func() {
		if len(snapshots) < cuts && random.IntN(6) == 0 {
			at := snapshot{dir: t.TempDir(), acked: acked}
			d.cut(t, at.dir, random)
			snapshots = append(snapshots, at)
		}
	}
	d.mu.Unlock()
	for i := range events {
		_, err := s.Record(t.Context(), []metering.Entry{entry(fmt.Sprintf("id-%05d", i), "0.1")})
		require.NoError(t, err)
		d.mu.Lock()
		acked = i + 1
		d.mu.Unlock()
		if i%25 == 24 { // cuts fall into these as well
			_, err := db.Exec("PRAGMA wal_checkpoint")
			require.NoError(t, err)
		}
	}
	require.Len(t, snapshots, cuts)
	d.mu.Lock()
	d.during = nil
	d.mu.Unlock()

	for _, at := range snapshots {
		s := openStore(t, ncruces, sqliteFile(t, "sqlite3", filepath.Join(at.dir, "meter.db")+"?vfs="+name)())
		var entries []metering.Entry
		for i := range events {
			entries = append(entries, entry(fmt.Sprintf("id-%05d", i), "0.1"))
		}
		there := int64(0)
		if b := bucket(t, s, "acme", day); b != nil {
			there = b.Count
			require.Equal(t, sumOf("0.1", int(b.Count)), b.Open.String())
		}
		require.GreaterOrEqual(t, there, int64(at.acked), "acknowledged events are lost")
		require.LessOrEqual(t, there, int64(at.acked+1))
		results, err := s.Record(t.Context(), entries)
		require.NoError(t, err)
		for i, r := range results {
			want := metering.RecordedNew
			if int64(i) < there {
				want = metering.RecordedDuplicate
			}
			require.Equal(t, want, r)
		}
		require.NoError(t, s.Close())
	}
}

func sumOf(amount string, n int) string {
	return storetest.Dec(amount).Mul(decimal.New(int64(n))).String()
}

// A disk that is full, or that fails, at any write and sync: callers get the error, nothing
// that was acknowledged is lost, and once the disk works the same store goes on.
func TestADiskThatFailsAtAnyOperation(t *testing.T) {
	t.Parallel()
	faults := map[string]error{"write": sqlite3.FULL, "truncate": sqlite3.IOERR_TRUNCATE, "sync": sqlite3.IOERR_FSYNC}
	for _, kind := range []string{"full from then on", "failing once"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			failed := 0
			for at := 1; ; at++ {
				n, hit := 0, false
				broken := failingDisk(t, fmt.Sprint("at ", at), func(op string) error {
					n++
					if n == at || n > at && kind == "full from then on" {
						hit = true
						return faults[op]
					}
					return nil
				})
				if broken > 0 {
					failed++
				}
				if !hit {
					break
				}
			}
			require.Greater(t, failed, 20, "operations that failed and were told of")
		})
	}
}

// failingDisk records events while before decides about each operation, heals the disk and
// records them again. It returns how many calls failed.
func failingDisk(t *testing.T, at string, before func(op string) error) (failed int) {
	d, vfsName := newDisk(t)
	connect := sqliteFile(t, "sqlite3", filepath.Join(t.TempDir(), "meter.db")+"?vfs="+vfsName)
	db := connect()
	d.fails(before)
	s, err := sqlstore.OpenSQLite(t.Context(), db, pacspace.EnvironmentTest)
	if err != nil {
		failed++
		requireOneLine(t, err)
		d.fails(nil)
		s, err = sqlstore.OpenSQLite(t.Context(), db, pacspace.EnvironmentTest)
		require.NoError(t, err, at)
		d.fails(before)
	}
	defer s.Close()
	acked := map[string]bool{}
	for i := range 6 {
		e := entry(fmt.Sprint("id-", i), "0.1")
		_, err := s.Record(t.Context(), []metering.Entry{e})
		if err != nil {
			failed++
			requireOneLine(t, err)
			continue
		}
		acked[e.ID] = true
	}
	d.fails(nil)
	b := bucket(t, s, "acme", day)
	if len(acked) > 0 {
		require.GreaterOrEqual(t, b.Count, int64(len(acked)), at)
	}
	for range 2 {
		for i := range 6 {
			e := entry(fmt.Sprint("id-", i), "0.1")
			r, err := s.Record(t.Context(), []metering.Entry{e})
			require.NoError(t, err, at)
			if acked[e.ID] {
				require.Equal(t, metering.RecordedDuplicate, r[0], at)
			}
			acked[e.ID] = true
		}
	}
	b = bucket(t, s, "acme", day)
	require.Equal(t, "0.6", b.Open.String(), at)
	require.EqualValues(t, 6, b.Count)
	return failed
}

func requireOneLine(t *testing.T, err error) {
	t.Helper()
	require.Regexp(t, `^sqlstore: [^\n]+$`, err.Error())
}

// A log whose end is torn is read up to the last commit that is whole.
func TestACorruptedTailOfTheLogEndsAtAWholeCommit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "meter.db")
	s := openStore(t, modernc, sqliteFile(t, "sqlite", path)())
	const events = 20
	for i := range events {
		_, err := s.Record(t.Context(), []metering.Entry{entry(fmt.Sprintf("id-%02d", i), "0.1")})
		require.NoError(t, err)
	}
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	log, err := os.ReadFile(path + "-wal")
	require.NoError(t, err)
	for name, spoil := range map[string]func([]byte) []byte{
		"cut in the middle of a page": func(b []byte) []byte { return b[:len(b)-1000] },
		"half of it gone":             func(b []byte) []byte { return b[:len(b)/2] },
		"a bit turned":                func(b []byte) []byte { b[len(b)-2000] ^= 1; return b },
		"zeros at the end":            func(b []byte) []byte { clear(b[len(b)-3000:]); return b },
		"a header of nonsense":        func(b []byte) []byte { copy(b, "nonsense nonsense nonsense nonsense"); return b },
		"empty":                       func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "meter.db")
			require.NoError(t, os.WriteFile(path, file, 0o600))
			require.NoError(t, os.WriteFile(path+"-wal", spoil(append([]byte(nil), log...)), 0o600))
			s := openStore(t, modernc, sqliteFile(t, "sqlite", path)())
			there := 0
			if b := bucket(t, s, "acme", day); b != nil {
				there = int(b.Count)
				require.Equal(t, sumOf("0.1", there), b.Open.String())
			}
			require.Less(t, there, events)
			for i := range events {
				r, err := s.Record(t.Context(), []metering.Entry{entry(fmt.Sprintf("id-%02d", i), "0.1")})
				require.NoError(t, err)
				require.Equal(t, i >= there, r[0] == metering.RecordedNew, "id %d of %d that are there", i, there)
			}
			require.Equal(t, "2", bucket(t, s, "acme", day).Open.String())
		})
	}
}

func TestAFileThatIsNoDatabaseIsRefusedAndLeftAsItIs(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "meter.db")
	content := []byte("a letter to my aunt, which is by far long enough for it not to be taken for an empty database file, whatever its first page may hold")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	_, err := sqlstore.OpenSQLite(t.Context(), sqliteFile(t, "sqlite", path)(), pacspace.EnvironmentTest)
	require.ErrorContains(t, err, "file is not a database")
	requireOneLine(t, err)
	left, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, content, left)
}

// Two processes on one file wait for each other.
func TestAWriterWaitsForAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "meter.db")
	connect := sqliteFile(t, "sqlite", path)
	one, other := openStore(t, modernc, connect()), openStore(t, modernc, connect())
	entered, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- one.Update(t.Context(), func(tx metering.Tx) error {
			close(entered)
			<-leave
			return tx.SetSetting(t.Context(), "name", "value")
		})
	}()
	<-entered
	waits := make(chan error, 1)
	go func() {
		_, err := other.Record(t.Context(), []metering.Entry{entry("a", "1")})
		waits <- err
	}()
	select {
	case err := <-waits:
		t.Fatal("the second writer did not wait", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(leave)
	require.NoError(t, errors.Join(<-done, <-waits))
}
