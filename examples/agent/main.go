// Agent runs the whole third use case on one machine, without a key and without a network:
// a service (the sandbox), a meter that emits one delta per customer and day, the books of
// the same usage, and an agent that watches webhooks, keeps running balances and compares
// them with the books. Deliveries come twice, in reverse, and not at all. The books of one
// customer lack one record; the agent says so, and an audit that knows nothing of the agent
// agrees.
//
//	go run ./examples/agent
//
// It exits with 0 only when exactly that one mismatch was found, by both.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := 0
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "agent: %v\n", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

// run is main with everything given.
func run(ctx context.Context, out io.Writer) error {
	s, err := newStage(ctx, out)
	if err != nil {
		return err
	}
	defer s.close()

	fmt.Fprintf(out, "February 2026: %d customers, metered, emitted, watched\n\n", len(customers))
	if err := s.month(ctx); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	return s.conclude(ctx)
}
