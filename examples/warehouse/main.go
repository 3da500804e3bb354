// Warehouse hands over totals that a warehouse counted: a nightly job asks PostgreSQL for
// each customer's total of the day and submits it. The job may run twice, fail half way, or
// find that rows came late: each day has one delta, and what changed since goes out as an
// adjustment. A total that vanished is named.
//
//	go run ./examples/warehouse
//	go run ./examples/warehouse -dsn "postgres://user@localhost/db"
//
// Without -dsn it starts a PostgreSQL of its own, which must be installed. It makes the
// tables it needs in a schema of its own and removes that at the end. The service behind it
// is the sandbox and days pass by a simulated clock. It exits with 0 only when every sum came
// out as it must.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/pacspace/pacspace-go/internal/pgtest"
)

func main() {
	dsn := flag.String("dsn", "", "PostgreSQL `DSN`; without one a server is started")
	out := flag.String("out", "out/warehouse", "`folder` for the evidence")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "warehouse: argument %q has no meaning here; give flags only, see -help\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *dsn, *out, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "warehouse:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dsn, dir string, out io.Writer) (err error) {
	if dsn == "" {
		server, err := pgtest.Start(ctx)
		if err != nil {
			return err
		}
		err = run(ctx, server.DSN, dir, out)
		return errors.Join(err, server.Stop())
	}
	s, err := openStory(ctx, dsn, dir, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, night := range []func(context.Context) error{s.firstNight, s.failedNight, s.lateRows, s.vanished, s.bill} {
		if err := night(ctx); err != nil {
			return err
		}
	}
	return nil
}
