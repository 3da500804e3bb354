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
