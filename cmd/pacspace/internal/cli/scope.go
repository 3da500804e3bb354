package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
)

// scope is the flags that say which recorded deltas a command looks at.
type scope struct {
	period, month, from, to, sinceRecord, sinceRootFile, start string
}

const scopeHelp = `Which deltas: --period is the window in which a month's usage days are recorded, each
day on the day after, as on an invoice; --month is the service's plain month. Without
either it is the service's current month, and not all time.`

func (s *scope) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.period, "period", "", "usage `month` as on the invoice, such as 2026-02: its recording window")
	f.StringVar(&s.month, "month", "", "plain `month` of recording, such as 2026-02")
	f.StringVar(&s.from, "from", "", "recorded at or after this `day or time` (UTC), with --to")
	f.StringVar(&s.to, "to", "", "recorded before this `day or time` (UTC), with --from")
	cmd.MarkFlagsRequiredTogether("from", "to")
	cmd.MarkFlagsMutuallyExclusive("period", "month", "from")
}

// since adds the flags that only make sense for a balance.
func (s *scope) since(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.sinceRecord, "since-record", "", "recorded after this record `id`")
	f.StringVar(&s.sinceRootFile, "since-root-file", "", "recorded after the checkpoint whose proof root is in this `file`")
	f.StringVar(&s.start, "starting-balance", "", "`balance` to start from, in the account's unit (default 0)")
	cmd.MarkFlagsMutuallyExclusive("period", "month", "from", "since-record", "since-root-file")
}

func (a *app) scope(s *scope) (pacspace.Scope, error) {
	out, err := a.window(s)
	if err != nil || s.start == "" {
		return out, err
	}
	start, err := quantity("starting-balance", s.start)
	return out.StartingAt(start), err
}

// withScope is a command about a customer's deltas within a scope.
func (a *app) withScope(s *scope, run func(ctx context.Context, client *pacspace.Client, customer string, scope pacspace.Scope) error) func(*cobra.Command, []string) error {
	return a.withClient(func(ctx context.Context, client *pacspace.Client, args []string) error {
		scope, err := a.scope(s)
		if err != nil {
			return err
		}
		return run(ctx, client, args[0], scope)
	})
}

func (a *app) window(s *scope) (pacspace.Scope, error) {
	switch {
	case s.period != "":
		return pacspace.RecordingWindow(pacspace.Period(s.period)), nil
	case s.month != "":
		return pacspace.InPeriod(pacspace.Period(s.month)), nil
	case s.from != "":
		from, err := instant("from", s.from)
		if err != nil {
			return pacspace.Scope{}, err
		}
		to, err := instant("to", s.to)
		return pacspace.Between(from, to), err
	case s.sinceRecord != "":
		return pacspace.SinceRecord(s.sinceRecord), nil
	case s.sinceRootFile != "":
		root, err := a.rootHash(s.sinceRootFile)
		return pacspace.SinceCheckpoint(root.String()), err
	}
	return pacspace.CurrentMonth(), nil
}

// words say which deltas those are.
func (s *scope) words() string {
	switch {
	case s.period != "":
		return "for the usage of " + s.period
	case s.month != "":
		return "in " + s.month
	case s.from != "":
		return "from " + s.from + " until before " + s.to
	case s.sinceRecord != "":
		return "after " + s.sinceRecord
	case s.sinceRootFile != "":
		return "after the checkpoint in " + s.sinceRootFile
	}
	return "in the current month (UTC), since no span was given"
}

// instant reads the value of a flag that is a day, at whose beginning it then is, or a time.
func instant(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s: %q is neither a day such as 2026-02-01 nor a time such as 2026-02-01T12:00:00Z", flag, text)
}

// quantity reads the value of a flag that is an exact number.
func quantity(flag, text string) (pacspace.Decimal, error) {
	d, err := pacspace.ParseDecimal(text)
	if err != nil {
		return d, fmt.Errorf("--%s: %w", flag, err)
	}
	return d, nil
}
