package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The three do the same work: each takes what the generator writes, and naive and verify
// refuse it with an amount changed.
func TestAllTakeTheSameEvidence(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 101, 1023, 1024, 1025, 3000} {
		path := filepath.Join(t.TempDir(), "evidence.jsonl")
		if err := generate(path, n); err != nil {
			t.Fatal(err)
		}
		for _, role := range roles {
			if err := play(role, path); err != nil {
				t.Errorf("%s of %d deltas: %v", role, n, err)
			}
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.SplitAfter(file, []byte("\n")); len(lines[1]) != lineBytes {
			t.Errorf("a line has %d bytes", len(lines[1]))
		}
		changed := bytes.Replace(file, []byte(`"delta":-0.03`), []byte(`"delta":-0.04`), 1)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, role := range []string{"naive", "verify"} {
			if play(role, path) == nil {
				t.Errorf("%s takes a changed amount among %d", role, n)
			}
		}
	}
}
