package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// The verifiers in other languages do the same work, or measuring them says nothing.
func TestPeersTakeTheSameEvidence(t *testing.T) {
	t.Parallel()
	ready, missing := install(t.TempDir())
	for _, err := range missing {
		if os.Getenv("PACSPACE_INTEROP") == "required" {
			t.Error(err)
		}
		t.Log(err)
	}
	if len(ready) == 0 {
		t.Skip("neither Node nor Python with the packages that the peers need: nothing to compare")
	}
	for _, p := range ready {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			verify := func(path string) error { return exec.Command(p.command[0], append(p.command[1:], path)...).Run() }
			path := filepath.Join(t.TempDir(), "evidence.jsonl")
			for _, n := range []int{1, 2, 101, 3000} {
				if err := generate(path, n); err != nil {
					t.Fatal(err)
				}
				if err := verify(path); err != nil {
					t.Errorf("%d deltas: %v", n, err)
				}
			}
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.SplitAfter(file, []byte("\n"))
			swapped := slices.Clone(lines)
			swapped[7], swapped[8] = lines[8], lines[7]
			twice := slices.Clone(lines)
			twice[2] = bytes.Replace(lines[1], []byte(`"sequence":1,`), []byte(`"sequence":2,`), 1)
			for name, changed := range map[string][]byte{
				"an amount changed":  bytes.Replace(file, []byte(`"delta":-0.03`), []byte(`"delta":-0.04`), 1),
				"two deltas swapped": bytes.Join(swapped, nil),
				"a delta twice":      bytes.Join(twice, nil),
				"another claim":      bytes.Replace(file, []byte(`"claimedBalance":"-`), []byte(`"claimedBalance":"-1`), 1),
				"another root":       bytes.Replace(file, []byte(`"proofRoot":"0x`), []byte(`"proofRoot":"0y`), 1),
				"another chain":      bytes.Replace(file, []byte(`"previousProofHash":"`+string(hashOf(lines[1]))), []byte(`"previousProofHash":"0x00`), 1),
				"another count":      bytes.Replace(file, []byte(`"count":3000`), []byte(`"count":3001`), 1),
				"no end":             bytes.Join(lines[:len(lines)-2], nil),
			} {
				if bytes.Equal(changed, file) {
					t.Errorf("%s: nothing was changed", name)
				}
				if err := os.WriteFile(path, changed, 0o600); err != nil {
					t.Fatal(err)
				}
				if verify(path) == nil {
					t.Errorf("it takes a file with %s", name)
				}
			}
		})
	}
}

// hashOf returns the batch root of a line, up to the quote.
func hashOf(line []byte) []byte {
	_, rest, _ := bytes.Cut(line, []byte(`"proofHash":"`))
	hash, _, _ := bytes.Cut(rest, []byte(`"`))
	return hash
}
