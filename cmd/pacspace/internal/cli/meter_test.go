package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/pgtest"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestAMeterKeepsItsStoreInPostgreSQLWhoseAddressIsNoArgument(t *testing.T) {
	t.Parallel()
	var postgres pgtest.Shared
	t.Cleanup(func() { require.NoError(t, postgres.Stop()) })
	dsn := postgres.DSN(t)
	srv := sandbox.Start(t, sandbox.Delays(0, 0))
	dir := t.TempDir()
	address, events := filepath.Join(dir, "database"), filepath.Join(dir, "events.csv")
	require.NoError(t, os.WriteFile(address, []byte(dsn+"\n"), 0o600))
	row := "id,customerId,amount,time\na-1,customer_acme,50," + time.Now().AddDate(0, 0, -1).UTC().Format(time.RFC3339) + "\n"
	require.NoError(t, os.WriteFile(events, []byte(row), 0o600))

	run := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		code := Run(t.Context(), append(args, "--database-file", address), Env{
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
			Getenv: variables(map[string]string{"PACSPACE_API_KEY": srv.Key, "PACSPACE_BASE_URL": srv.URL}),
		})
		require.Equal(t, codeOK, code, "%s%s", &out, &errs)
		return out.String()
	}
	count := []string{"meter", "import", events, "--grace", "0s", "--spread", "0s", "--resource", "compute-minutes", "--unit", "minute"}
	require.Equal(t, "1 event counted\n", run(count...))
	require.Equal(t, "0 events counted, 1 was counted before\n", run(count...))
	require.Contains(t, run("meter", "run", "--once"), "verified  1 delta\n")
	require.Contains(t, run("meter", "status"), "verified  1 delta\n")
	require.Equal(t, "-50", srv.Sum(sandbox.Test, "customer_acme").String())
}

func TestAMeterMovesFromItsFileToPostgreSQLInOneCommand(t *testing.T) {
	t.Parallel()
	var postgres pgtest.Shared
	t.Cleanup(func() { require.NoError(t, postgres.Stop()) })
	dsn := postgres.DSN(t)
	srv := sandbox.Start(t, sandbox.Delays(0, 0))
	dir := t.TempDir()
	file, events := filepath.Join(dir, "meter.db"), filepath.Join(dir, "events.csv")
	row := "id,customerId,amount,time\na-1,customer_acme,50," + time.Now().AddDate(0, 0, -1).UTC().Format(time.RFC3339) + "\n"
	require.NoError(t, os.WriteFile(events, []byte(row), 0o600))

	run := func(code int, environment string, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		got := Run(t.Context(), args, Env{
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
			Getenv: variables(map[string]string{"PACSPACE_API_KEY": srv.Key, "PACSPACE_BASE_URL": srv.URL, "PACSPACE_METER_DATABASE": environment}),
		})
		require.Equal(t, code, got, "%s%s", &out, &errs)
		return out.String() + errs.String()
	}
	count := []string{"meter", "import", events, "--grace", "0s", "--spread", "0s", "--resource", "compute-minutes", "--unit", "minute"}
	require.Contains(t, run(codeUnusable, dsn, "meter", "move", "--store", file), "no such file")
	require.Equal(t, "1 event counted\n", run(codeOK, "", append(count, "--store", file)...))
	require.Contains(t, run(codeUnusable, "", "meter", "move", "--store", file), "--database-file")
	require.Equal(t, "moved 1 ids, 1 days of accounts, 0 deltas, 0 batches\n", run(codeOK, dsn, "meter", "move", "--store", file))
	require.Contains(t, run(codeUnusable, "", append(count, "--store", file)...), "was moved to PostgreSQL")
	require.Equal(t, "0 events counted, 1 was counted before\n", run(codeOK, dsn, count...))
	require.Contains(t, run(codeOK, dsn, "meter", "run", "--once"), "verified  1 delta\n")
	require.Equal(t, "-50", srv.Sum(sandbox.Test, "customer_acme").String())
}
