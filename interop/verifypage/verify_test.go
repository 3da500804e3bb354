package verifypage

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// acme is what the quickstart's first customer brings.
func acme(t *testing.T) form {
	t.Helper()
	files, err := quickstart()
	require.NoError(t, err)
	return form{
		File:    []upload{{"acme.jsonl", files[".jsonl"]}},
		Anchors: []upload{{"acme.anchor.json", files[".anchor.json"]}},
		Text:    map[string]string{"customerId": "customer_acme", "resource": "compute-minutes", "period": "2026-02", "environment": "test"},
	}
}

func TestTheQuickstartsEvidence(t *testing.T) {
	t.Parallel()
	b := open(t)
	honest := acme(t)

	got := b.check(honest)
	require.Equal(t, "verified", got.Verdict, got)
	require.Contains(t, got.Line, "verified (TEST): 28 deltas of compute-minutes, balance -13210,")
	require.Contains(t, got.Balance, "From 0 to -13210 over 28 deltas; claimed is -13210.")
	require.Equal(t, "Done.", got.Status)

	changed := honest
	changed.File = []upload{{"acme.jsonl", changedCopy(honest.File[0].content)}}
	got = b.check(changed)
	require.Equal(t, "does not match", got.Verdict, got)
	require.Contains(t, got.First, "usage:customer_acme:2026-02-01")
	require.Empty(t, b.errors)
}
