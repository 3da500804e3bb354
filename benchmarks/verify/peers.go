package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed peers
var peerFiles embed.FS

// A peer is a verifier in another language, with the goal that ours is set against it.
type peer struct {
	name    string
	goal    int
	command []string // but for the file
}

// install puts the peers and the packages that their lock files name into dir. A language
// that is not here, or whose packages cannot be had, is told as an error, and its rows are
// missing.
func install(dir string) (ready []peer, missing []error) {
	if err := os.CopyFS(dir, peerFiles); err != nil {
		return nil, []error{err}
	}
	node := filepath.Join(dir, "peers", "node")
	if err := in(node, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"); err != nil {
		missing = append(missing, fmt.Errorf("the rows of Node are missing: %w", err))
	} else {
		program := filepath.Join(node, "verify.js")
		ready = append(ready,
			peer{"Node, @noble/hashes", 20, []string{"node", program, "noble"}},
			peer{"Node, hash-wasm", 6, []string{"node", program, "wasm"}})
	}
	python := filepath.Join(dir, "peers", "python")
	if err := in(python, "python3", "-m", "venv", "venv"); err != nil {
		return ready, append(missing, fmt.Errorf("the rows of Python are missing: %w", err))
	}
	own := filepath.Join(python, "venv", "bin", "python")
	program := filepath.Join(python, "verify.py")
	if err := in(python, own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1", "--requirement", "requirements.txt"); err != nil {
		return ready, append(missing, fmt.Errorf("the rows of Python are missing: %w", err))
	}
	return append(ready,
		peer{"Python, safe-pysha3", 5, []string{own, program, "pysha3"}},
		peer{"Python, pycryptodome", 5, []string{own, program, "pycryptodome"}}), missing
}

// in runs a command in a folder and answers with the end of what it said if it failed.
func in(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(said)), "\n")
		return fmt.Errorf("%s: %w: %s", name, err, lines[len(lines)-1])
	}
	return nil
}
