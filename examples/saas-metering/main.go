// Saas-metering is a small HTTP service that bills its requests: a middleware counts each
// one, a meter with its store in a SQLite file adds them up and sends one delta for each
// customer and day, and at the end February is closed, invoiced and verified. The last day
// of February is sent on 1 March and still belongs to February's invoice.
//
//	go run ./examples/saas-metering
//
// The service behind it is the sandbox and days pass by a simulated clock, so it needs no
// key and no network. It exits with 0 only when every sum came out as it must.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	out := flag.String("out", "out/saas-metering", "`folder` for the meter's store, invoices and evidence")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "saas-metering: argument %q has no meaning here; give flags only, see -help\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := tell(ctx, *out, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "saas-metering:", err)
		os.Exit(1)
	}
}

// tell runs the story with its files in dir.
func tell(ctx context.Context, dir string, out io.Writer) error {
	s, err := openStory(ctx, dir, out)
	if err != nil {
		return err
	}
	if err := s.days(ctx); err != nil {
		s.abandon()
		return err
	}
	if err := s.bill(ctx); err != nil {
		s.abandon()
		return err
	}
	return s.close(ctx)
}
