package cli

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/metering"
)

func (a *app) meterRun() *cobra.Command {
	var s storage
	var once bool
	var perMinute int
	var wait time.Duration
	cmd := a.keyed(&cobra.Command{
		Use:   "run",
		Short: "Deliver what was counted: one delta for each account and day",
		Long: `Run closes days that are over, sends their deltas, finds out about those whose outcome is
unknown, and asks whether they were verified, until it is interrupted; then it delivers
what it still can. With --once it does at once all that can be done, and ends. When a day
is due was said when it was imported (--grace, --spread).

Whatever crashes, each day's usage is recorded once: what is sent, and under which key,
is in the store before it is sent. Several runs may share a PostgreSQL database.

It exits with 1 where a delta is parked, with 4 where an outcome is unknown, and with 3
where something is not delivered yet.

` + storeHelp,
		Example: `  pacspace meter run --once --store meter.db
  pacspace meter run --store meter.db`,
		Annotations: jsonHelp("one object a line for each change: kind, customerId, day, referenceId, from, to, code, count, error; at the end the object of meter status"),
		Args:        exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts := []metering.Option{metering.WithRequestsPerMinute(perMinute), metering.WithObserver(a.tellChanges())}
			return a.withMeter(cmd.Context(), s, metering.DefaultLateness, opts, func(m *metering.Meter) error {
				return a.runMeter(cmd.Context(), m, once, wait)
			})
		},
	})
	s.flags(cmd)
	cmd.Flags().IntVar(&perMinute, "requests-per-minute", metering.DefaultRequestsPerMinute, "at most so `many` writes to the service in a minute, of all runs together")
	cmd.Flags().BoolVar(&once, "once", false, "do what can be done now, and end")
	cmd.Flags().DurationVar(&wait, "wait", time.Minute, "with --once, how long to wait until what was sent is verified")
	return cmd
}

func (a *app) runMeter(ctx context.Context, m *metering.Meter, once bool, wait time.Duration) error {
	if once {
		if err := untilVerified(ctx, m, wait); err != nil {
			return err
		}
	} else {
		if err := m.Run(ctx); ctx.Err() == nil {
			return err
		}
		const patience = 30 * time.Second // for what is under way
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
	}
	status, err := m.Close(ctx)
	if _, unsent := errors.AsType[*metering.UnsentError](err); err != nil && !unsent {
		return err
	}
	return a.showStatus(ctx, m, status)
}

// untilVerified delivers, and waits for the service to say VERIFIED of all that it took.
func untilVerified(ctx context.Context, m *metering.Meter, wait time.Duration) error {
	const pause = time.Second // a meter asks ever less often, so asking it is cheap
	for end := time.Now().Add(wait); ; {
		status, err := m.Flush(ctx)
		if _, unsent := errors.AsType[*metering.UnsentError](err); err != nil && !unsent {
			return err
		}
		if status.Count(metering.StateConfirmed) == 0 || time.Now().After(end) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// meterChange is a change as JSON.
type meterChange struct {
	Kind        metering.ChangeKind `json:"kind"`
	CustomerID  string              `json:"customerId,omitempty"`
	Day         string              `json:"day,omitempty"`
	ReferenceID string              `json:"referenceId,omitempty"`
	From        metering.State      `json:"from,omitempty"`
	To          metering.State      `json:"to,omitempty"`
	Code        string              `json:"code,omitempty"`
	Count       int                 `json:"count,omitempty"`
	Error       string              `json:"error,omitempty"`
}

// tellChanges prints what a meter does, a line for each change.
func (a *app) tellChanges() func(context.Context, metering.Change) {
	var mu sync.Mutex
	return func(_ context.Context, c metering.Change) {
		mu.Lock()
		defer mu.Unlock()
		out := meterChange{Kind: c.Kind, CustomerID: c.CustomerID, ReferenceID: c.ReferenceID, From: c.From, To: c.To, Code: c.Code, Count: c.Count}
		if !c.Day.IsZero() {
			out.Day = c.Day.String()
		}
		if c.Err != nil {
			out.Error = oneLine(c.Err)
		}
		var words []string
		for _, word := range []string{string(c.Kind), out.CustomerID, out.Day, out.ReferenceID, string(c.To), c.Code, out.Error} {
			if word != "" {
				words = append(words, word)
			}
		}
		if a.line(out, strings.Join(words, "  ")) != nil {
			return // the meter goes on without its reader
		}
	}
}
