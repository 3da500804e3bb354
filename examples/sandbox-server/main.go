// Sandbox-server serves the sandbox to programs in any language: the whole PacSpace API on
// this machine, with state, real hashes and signed webhooks, and without an account.
//
//	go run ./examples/sandbox-server
//	go run ./examples/sandbox-server -address localhost:9000 -state sandbox.json -webhook http://localhost:5000/hooks
//
// It prints where it is and what opens it, then serves until it is interrupted. A client
// takes the address as its base URL: WithBaseURL or PACSPACE_BASE_URL in Go, base_url in
// Python, baseUrl in TypeScript. It exits with 0 after an interrupt, with 1 when something
// is wrong, and with 2 when it was called wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pacspace/pacspace-go/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with everything given. It serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	j, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "sandbox-server: %v\n", err)
		return 2
	}
	if err := serve(ctx, j, stdout); err != nil {
		fmt.Fprintf(stderr, "sandbox-server: %v\n", err)
		return 1
	}
	return 0
}

// job is what was asked for.
type job struct{ address, state, webhook string }

func parse(args []string, stderr io.Writer) (job, error) {
	flags := flag.NewFlagSet("sandbox-server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var j job
	flags.StringVar(&j.address, "address", "localhost:8080", "`host:port` to serve at; port 0 is any free one")
	flags.StringVar(&j.state, "state", "", "`file` that keeps the state from one run to the next; without one it is forgotten")
	flags.StringVar(&j.webhook, "webhook", "", "`URL` that gets the test environment's events; the state keeps it")
	if err := flags.Parse(args); err != nil {
		return job{}, err
	}
	if flags.NArg() > 0 {
		return job{}, fmt.Errorf("argument %q has no meaning here; give flags only, see -help", flags.Arg(0))
	}
	return j, nil
}

func serve(ctx context.Context, j job, stdout io.Writer) (err error) {
	var opts []sandbox.Option
	if j.state != "" {
		opts = append(opts, sandbox.StateFile(j.state))
	}
	box, err := sandbox.New(opts...)
	if err != nil {
		return err
	}
	var secret string
	if j.webhook != "" {
		if secret, err = box.AddWebhook(sandbox.Test, j.webhook); err != nil {
			return err
		}
	}
	srv, err := box.Listen(j.address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }() // saves the state
	introduce(stdout, srv, j, secret)

	const interval = time.Second // how late a webhook may be, and how much a crash may forget
	if err := box.Run(ctx, interval); ctx.Err() == nil {
		return err // the state cannot be saved
	}
	fmt.Fprintln(stdout, "stopped")
	return nil
}

// introduce prints the keys in full, which no program should do with real ones: these were
// made up by the sandbox, open nothing else, and are of no use unless they are seen.
func introduce(w io.Writer, srv *sandbox.Server, j job, secret string) {
	fmt.Fprintf(w, "base URL         %s\n", srv.URL)
	fmt.Fprintf(w, "test key         %s\n", srv.Key)
	fmt.Fprintf(w, "live key         %s\n", srv.Sandbox.Key(sandbox.Live))
	fmt.Fprintf(w, "dashboard token  %s\n", srv.DashboardToken())
	if secret == "" {
		fmt.Fprintln(w, "webhook secret   none: give -webhook URL to get events")
	} else {
		fmt.Fprintf(w, "webhook secret   %s, for %s\n", secret, j.webhook)
	}
	if j.state == "" {
		fmt.Fprintln(w, "state            forgotten at the end: give -state FILE to keep it")
	} else {
		fmt.Fprintf(w, "state            %s\n", j.state)
	}
	fmt.Fprintln(w, "serving until it is interrupted")
}
