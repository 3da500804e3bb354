package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachTenantIsBilledWhatHeCounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, tell(t.Context(), job{tenants: 4, dir: dir}, &out))
	for _, want := range []string{
		"calls that were made up: 1500 calls by 4 tenants",
		"2026-02-28: 250 calls, 500 events counted; imported again: 0 counted",
		"tenant-003:output-tokens", "  2026-02: derived -", "  2026-03: derived -",
		"48 deltas, ", "exactly those of the calls",
	} {
		require.Contains(t, out.String(), want)
	}
	for _, pattern := range []string{"tenant-*-2026-0[23].txt", "tenant-*-2026-0[23].jsonl"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		require.Len(t, files, 16)
	}
}

func TestARealTraceIsBilledExactly(t *testing.T) {
	t.Parallel()
	file := os.Getenv("PACSPACE_AZURE_TRACE")
	if file == "" {
		t.Skip("PACSPACE_AZURE_TRACE does not name the Azure LLM inference trace of 2023")
	}
	var out bytes.Buffer
	require.NoError(t, tell(t.Context(), job{calls: file, tenants: 10, dir: t.TempDir()}, &out))
	require.Contains(t, out.String(), "8819 calls by 10 tenants")
	require.Contains(t, out.String(), "20 deltas, 18305870 tokens in all: exactly those of the calls")
}

func TestAFileThatIsNoTraceIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, says string }{
		"empty":         {"", "the first line must name the columns"},
		"another file":  {"a,b\n1,2\n", "column TIMESTAMP is missing"},
		"no calls":      {"TIMESTAMP,ContextTokens,GeneratedTokens\n", "there is no call in it"},
		"a bad time":    {"TIMESTAMP,ContextTokens,GeneratedTokens\nnow,1,2\n", `line 2, column TIMESTAMP: "now" is no time`},
		"a bad number":  {"TIMESTAMP,ContextTokens,GeneratedTokens\n2026-02-01,1,x\n", `line 2, column GeneratedTokens: "x" is no number of tokens`},
		"a negative":    {"TIMESTAMP,ContextTokens,GeneratedTokens\n2026-02-01,-1,2\n", `line 2, column ContextTokens: "-1"`},
		"a short line":  {"TIMESTAMP,ContextTokens,GeneratedTokens\n2026-02-01,1\n", "line 2"},
		"an open quote": {"TIMESTAMP,ContextTokens,GeneratedTokens\n\"2026-02-01,1,2\n", "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "calls.csv")
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
			require.ErrorContains(t, tell(t.Context(), job{calls: file, tenants: 2, dir: filepath.Join(dir, "out")}, new(bytes.Buffer)), c.says)
			require.NoDirExists(t, filepath.Join(dir, "out"))
		})
	}
}
