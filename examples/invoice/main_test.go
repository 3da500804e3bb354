package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	api.DisableConfigDir()
	os.Exit(m.Run())
}

func TestTheInvoiceIsMadeOpenedAndVerified(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out bytes.Buffer
	require.NoError(t, tell(t.Context(), dir, &out))
	for _, line := range []string{
		"invoice-2026-02.pdf: 28 lines, Total €165.13",
		"balance on record -13210 compute-minutes",
		"attached: customer_acme-2026-02.jsonl",
		"the evidence: verified (TEST): 28 deltas of compute-minutes, balance -13210,",
		"a copy with one amount changed: does not match (TEST)",
	} {
		require.Contains(t, out.String(), line)
	}
	t.Run("the same run makes the same invoice", func(t *testing.T) {
		again := t.TempDir()
		require.NoError(t, tell(t.Context(), again, &bytes.Buffer{}))
		for _, name := range []string{"invoice-2026-02.pdf", "invoice-2026-02.html"} {
			first, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			second, err := os.ReadFile(filepath.Join(again, name))
			require.NoError(t, err)
			require.True(t, bytes.Equal(first, second), name)
		}
	})
	t.Run("the rendered PDF shows it", func(t *testing.T) {
		if _, err := exec.LookPath("pdftotext"); err != nil {
			if os.Getenv("PACSPACE_INTEROP") == "required" {
				t.Fatal("pdftotext is missing, and PACSPACE_INTEROP says required; install poppler-utils")
			}
			t.Skip("pdftotext is missing; install poppler-utils to check what the PDF shows")
		}
		text, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", filepath.Join(dir, "invoice-2026-02.pdf"), "-").Output()
		require.NoError(t, err)
		got := strings.Join(strings.Fields(string(text)), " ")
		for _, want := range []string{
			"TEST DATA", "compute-minutes 13,210 €0.0125 €165.13", "Balance on record -13,210",
			"https://verify.example.com/", "The proof shows quantities, not prices",
			"2026-02-28 usage:customer_acme:2026-02-28",
		} {
			require.Contains(t, got, want)
		}
	})
}
