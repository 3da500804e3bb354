// Pacspace works with the PacSpace API and with what it proves: it records usage, closes
// periods, and checks offline what an invoice rests on.
//
//	go install github.com/pacspace/pacspace-go/cmd/pacspace@latest
//	pacspace help
//
// docs/command.md in the repository describes every command.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, os.Args[1:], cli.Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv})
	stop()
	os.Exit(code)
}
