// Ai-inference bills the tokens of a language model: each call counts for its tenant's input
// and output tokens, which are two accounts, since a balance has one unit. Each day is sent
// once it is over. At the end of a month each balance is derived, compared with the tenant's
// own view of it, committed to by a checkpoint, invoiced, and verified from its evidence.
//
//	go run ./examples/ai-inference
//	go run ./examples/ai-inference -calls AzureLLMInferenceTrace_code.csv -tenants 10
//
// Without -calls it makes calls up. A file has the columns TIMESTAMP, ContextTokens and
// GeneratedTokens, as the public traces of Azure's LLM inference have them; line n belongs
// to tenant n modulo the number of tenants.
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
	var j job
	flag.StringVar(&j.calls, "calls", "", "CSV `file` of calls; without one they are made up")
	flag.IntVar(&j.tenants, "tenants", 4, "spread the calls over `N` tenants")
	flag.StringVar(&j.dir, "out", "out/ai-inference", "`folder` for the meter's store, invoices and evidence")
	flag.Parse()
	if flag.NArg() > 0 || j.tenants < 1 || j.tenants > maxTenants {
		fmt.Fprintf(os.Stderr, "ai-inference: give flags only, with 1 to %d tenants, see -help\n", maxTenants)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := tell(ctx, j, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ai-inference:", err)
		os.Exit(1)
	}
}

// job is what was asked for.
type job struct {
	calls   string
	tenants int
	dir     string
}

const maxTenants = 1000

// tell runs the story.
func tell(ctx context.Context, j job, out io.Writer) error {
	calls, name, err := j.read()
	if err != nil {
		return err
	}
	s, err := openStory(ctx, j, calls, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d calls by %d tenants\n", name, len(calls), j.tenants)
	for _, step := range []func(context.Context) error{s.count, s.bill} {
		if err := step(ctx); err != nil {
			s.abandon()
			return err
		}
	}
	return s.close(ctx)
}
