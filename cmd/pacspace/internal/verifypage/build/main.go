// Build makes the parts of the verify page that are compiled, for anyone to make again and
// compare:
//
//	go run ./build [-out built]
//
// It runs in the folder of package verifypage. The answer depends on nothing but the
// source, since toolchain and flags are fixed here.
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// toolchain compiles the checker. It also runs this program: its gzip is part of the answer.
const toolchain = "go1.26.8"

func main() {
	out := flag.String("out", "built", "the folder to write to")
	flag.Parse()
	if err := build(*out); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func build(out string) error {
	if runtime.Version() != toolchain {
		return again(out)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	wasm := filepath.Join(out, "checker.wasm")
	defer os.Remove(wasm)
	compile := command("build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", wasm, "./wasm")
	compile.Env = append(compile.Env, "GOOS=js", "GOARCH=wasm", "GOWASM=", "CGO_ENABLED=0")
	if err := compile.Run(); err != nil {
		return fmt.Errorf("compiling the checker: %w", err)
	}
	code, err := os.ReadFile(wasm)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(code); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "checker.wasm.gz"), packed.Bytes(), 0o644); err != nil {
		return err
	}
	root, err := output("env", "GOROOT")
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	start, err := os.ReadFile(filepath.Join(root, "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "wasm_exec.js"), start, 0o644)
}

// again runs this program under the toolchain.
func again(out string) error {
	if err := command("run", "./build", "-out", out).Run(); err != nil {
		return fmt.Errorf("under %s: %w", toolchain, err)
	}
	return nil
}

// command is a go command of the toolchain, whatever the settings of who builds.
func command(args ...string) *exec.Cmd {
	c := exec.Command("go", args...)
	c.Env = append(os.Environ(), "GOTOOLCHAIN="+toolchain, "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c
}

func output(args ...string) (string, error) {
	c := command(args...)
	c.Stdout = nil
	text, err := c.Output()
	return strings.TrimSpace(string(text)), err
}
