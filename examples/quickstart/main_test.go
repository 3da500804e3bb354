package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// quickstart runs the program and gives its exit status and what it printed.
func quickstart(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestTheBundledMonthIsBilledAndVerified(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, out, errs := quickstart(t, "-out", dir)
	require.Equal(t, 0, code, errs)
	require.Empty(t, errs)
	for _, line := range []string{
		"2231 lines metered into SQLite, and once more: none counted twice",
		"140 deltas sent and verified, 1 of them for usage that came late",
		"140 sent a second time: each came back as the delta it was, none was counted twice",
		"verified (TEST): 28 deltas of compute-minutes, balance -13210,",
		"complete by the buyer's own deltas",
		"consistent (TEST): 28 deltas",
		"does not match (TEST): 28 deltas of compute-minutes, claimed balance -13210, line 2 (usage:customer_acme:2026-02-01)",
		"all 5 invoices: verified",
		"140 deltas, -55205.4 in all",
	} {
		require.Contains(t, out, line)
	}
	for _, pattern := range []string{"*-2026-02.txt", "*-2026-02.jsonl", "*-2026-02.anchor.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		require.Len(t, files, 5)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	require.NoError(t, err)
	require.Empty(t, left, "no half-written file stays")
}

func TestARealTraceIsBilledExactly(t *testing.T) {
	t.Parallel()
	file := os.Getenv("PACSPACE_AZURE_TRACE")
	if file == "" {
		t.Skip("PACSPACE_AZURE_TRACE does not name the Azure LLM inference trace of 2023")
	}
	code, out, errs := quickstart(t, "-out", t.TempDir(), "-usage", file, "-time-column", "TIMESTAMP",
		"-amount-columns", "ContextTokens,GeneratedTokens", "-customers", "10")
	require.Equal(t, 0, code, errs)
	require.Contains(t, out, "8819 lines")
	require.Contains(t, out, "10 deltas, -18305870 in all")
	require.Contains(t, out, "all 10 invoices: verified")
}

func TestOtherFilesWork(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, csv, want string }{
		{"a byte order mark, CR LF, quotes and seven digits of a second",
			"\xef\xbb\xbftime,cust,a\r\n\"2026-02-01T10:00:00.1234567Z\",\"x\",1.25\r\n", "1 deltas, -1.25 in all"},
		{"several months, one of them empty",
			"time,cust,a\n2026-01-05,x,1\n2026-03-05,x,2\n", "2 deltas, -3 in all"},
		{"an amount beyond the service's range and beyond binary64",
			"time,cust,a\n2026-02-05,x,3000000000.123456789012\n", "4 deltas, -3000000000.123456789012 in all"},
		{"amounts whose binary64 sum is not their sum",
			"time,cust,a\n2026-02-05,x,0.1\n2026-02-06,x,0.1\n2026-02-07,x,0.1\n", "3 deltas, -0.3 in all"},
		{"credits", "time,cust,a\n2026-02-05,x,10\n2026-02-06,x,-4\n", "2 deltas, -6 in all"},
		{"customers whose ids are no file names", "time,cust,a\n2026-02-05,acme:gpu.seconds,10\n2026-02-05,...,1\n", "2 deltas, -11 in all"},
		{"customers whose ids are nearly the same", "time,cust,a\n2026-02-05,acme:gpu,10\n2026-02-05,acme_gpu,1\n", "2 deltas, -11 in all"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "usage.csv")
			require.NoError(t, os.WriteFile(file, []byte(c.csv), 0o600))
			code, out, errs := quickstart(t, "-out", dir, "-usage", file, "-time-column", "time", "-amount-columns", "a", "-customer-column", "cust")
			require.Equal(t, 0, code, errs+out)
			require.Contains(t, out, c.want)
		})
	}
}

func TestBadInputIsNamedInOneLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, csv string
		args      []string
		code      int
		says      string
	}{
		{"a bad number", "time,a\n2026-02-01,1\n2026-02-02,x\n", nil, 1, `line 3, column a: "x"`},
		{"a bad time", "time,a\nyesterday,1\n", nil, 1, "line 2, column time"},
		{"a missing column", "when,a\n2026-02-01,1\n", nil, 1, "time"},
		{"no usage at all", "time,a\n", nil, 1, "usage.csv"},
		{"an empty file", "", nil, 1, "usage.csv"},
		{"a customer id with a slash", "time,a,c\n2026-02-01,1,a/b\n", []string{"-customers", "0", "-customer-column", "c"}, 1, "line 2, column c"},
		{"centuries", "time,a\n1026-02-01,1\n2026-02-02,1\n", nil, 1, "days"},
		{"no file", "", []string{"-usage", "nowhere.csv"}, 1, "nowhere.csv"},
		{"no time column", "time,a\n", []string{"-time-column", ""}, 2, "time column"},
		{"no customers", "time,a\n", []string{"-customers", "0"}, 2, "customer"},
		{"an unknown flag", "time,a\n", []string{"-colour"}, 2, "colour"},
		{"an argument", "time,a\n", []string{"more"}, 2, `"more"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "usage.csv")
			require.NoError(t, os.WriteFile(file, []byte(c.csv), 0o600))
			out := filepath.Join(dir, "out")
			args := append([]string{"-out", out, "-usage", file, "-time-column", "time", "-amount-columns", "a", "-customers", "2"}, c.args...)
			code, _, errs := quickstart(t, args...)
			require.Equal(t, c.code, code, errs)
			require.Contains(t, errs, c.says)
			files, err := filepath.Glob(filepath.Join(out, "*"))
			require.NoError(t, err)
			require.Empty(t, files, "nothing is half written")
		})
	}
	t.Run("columns for the bundled trace", func(t *testing.T) {
		t.Parallel()
		code, _, errs := quickstart(t, "-time-column", "time")
		require.Equal(t, 2, code)
		require.Contains(t, errs, "-time-column: needs -usage")
	})
}
