package main

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/pgtest"
)

var cluster pgtest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func TestTheTotalsOfAWarehouseGoOutOnce(t *testing.T) {
	t.Parallel()
	dsn := cluster.DSN(t)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), dsn, t.TempDir(), &out))
	for _, want := range []string{
		"job for 2026-02-26: 3 fresh, 0 unchanged, 0 changed, 0 vanished",
		"job for 2026-02-26: 0 fresh, 3 unchanged, 0 changed, 0 vanished",
		"after 1 totals: the connection to the warehouse broke; nothing of the call was stored",
		"job for 2026-02-26: 0 fresh, 1 unchanged, 2 changed, 0 vanished",
		"customer_initech had 0.001 and has no total now",
		"customer_acme: balance -18, 3 lines, verified",
		"customer_globex: balance -8, 3 lines, verified",
		"customer_initech: balance -0.001, 1 lines, verified",
	} {
		require.Contains(t, out.String(), want)
	}
}

func TestADSNThatCannotBeReadIsNotShown(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), "postgres://user:hunter2@[", t.TempDir(), new(bytes.Buffer))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}
