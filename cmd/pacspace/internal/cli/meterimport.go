package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/usage"
)

// importing is what was asked of meter import.
type importing struct {
	storage
	counting
	columns            []string
	customer, idPrefix string
	totals             string
}

func (a *app) meterImport() *cobra.Command {
	var i importing
	cmd := a.keyed(&cobra.Command{
		Use:   "import file...",
		Short: "Count usage events, or daily totals, from files",
		Long: `Import reads events into the meter's store; "pacspace meter run" delivers them. An event
has an id, and the same id counts once, so the same file can be imported again.

A file is CSV with a row of names first, or JSON lines. It has id, customerId, amount (in
the account's unit; usage is positive) and time; --column gives other names. The other
columns of CSV, and dimensions in JSON, go out in the delta's metadata. Rows without an
id take --id-prefix: then prefix and row number are the id. --customer is for files of
one customer.

With --totals DAY a row is what an account used on that day, as another system counted
it: customerId and amount. The same totals again change nothing; another total becomes
an adjustment.

New accounts need --resource and --unit. It exits with 1 where an id was counted before
with other content; what was counted first stands.

` + storeHelp,
		Example: `  pacspace meter import events.csv --resource compute-minutes --unit minute --store meter.db
  pacspace meter import trace.csv --customer customer_beta --id-prefix trace-1 --column amount=GeneratedTokens --column time=TIMESTAMP --resource tokens --unit token --store meter.db
  pacspace meter import totals.csv --totals 2026-02-01 --resource compute-minutes --unit minute --store meter.db`,
		Annotations: jsonHelp("new, duplicates, conflicts (ids); with --totals: day, fresh, changed, unchanged, vanished (customerId, amount)"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrong(cmd, "the file is missing")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runImport(cmd, args, &i) },
	})
	i.storage.flags(cmd)
	i.counting.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&i.columns, "column", nil, "name of a column as `field=name`, for id, customerId, amount and time; may be given again")
	f.StringVar(&i.customer, "customer", "", "the `customer` of all rows")
	f.StringVar(&i.idPrefix, "id-prefix", "", "`prefix` that makes ids of row numbers; another one for each file")
	f.StringVar(&i.totals, "totals", "", "the rows are the totals of this `day`")
	cmd.MarkFlagsMutuallyExclusive("totals", "id-prefix")
	return cmd
}

// imported is what became of events.
type imported struct {
	New        int      `json:"new"`
	Duplicates int      `json:"duplicates"`
	Conflicts  []string `json:"conflicts"`
}

func (a *app) runImport(cmd *cobra.Command, files []string, i *importing) error {
	names, err := usageColumnsOf(i.columns)
	if err != nil {
		return err
	}
	if i.idPrefix != "" && len(files) > 1 {
		return wrong(cmd, "--id-prefix numbers the rows of one file; import them one by one")
	}
	return a.withMeter(cmd.Context(), i.storage, i.lateness, i.options(), func(m *metering.Meter) error {
		if i.totals != "" {
			return a.importTotals(cmd.Context(), m, files, names, i)
		}
		out := imported{Conflicts: []string{}}
		for _, name := range files {
			if err := a.importEvents(cmd.Context(), m, name, names, i, &out); err != nil {
				return fmt.Errorf("%w; %d events were counted, and count once when the file is imported again", err, out.New)
			}
		}
		text := count(out.New, "event", "events") + " counted"
		if out.Duplicates > 0 {
			text += ", " + count(out.Duplicates, "was", "were") + " counted before"
		}
		for _, id := range out.Conflicts {
			text += "\ncounted before with other content: " + id
		}
		if err := a.show(out, text+"\n"); err != nil {
			return err
		}
		if len(out.Conflicts) > 0 {
			return found(codeDoesNotMatch)
		}
		return nil
	})
}

func (a *app) importEvents(ctx context.Context, m *metering.Meter, name string, names usageColumns, i *importing, out *imported) error {
	in, err := a.open(name)
	if err != nil {
		return err
	}
	defer in.close()
	const together = 1000 // of one transaction
	var events []metering.Event
	var lines []int
	record := func() error {
		results, err := m.Record(ctx, events...)
		if e, ok := errors.AsType[*metering.EventError](err); ok {
			return fmt.Errorf("%s: line %d: %w", in.name, lines[e.Index], err)
		}
		conflict, conflicts := errors.AsType[*metering.ConflictError](err)
		if err != nil && !conflicts {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		if conflicts {
			out.Conflicts = append(out.Conflicts, conflict.IDs...)
		}
		for _, r := range results {
			switch r {
			case metering.RecordedNew:
				out.New++
			case metering.RecordedDuplicate:
				out.Duplicates++
			}
		}
		events, lines = events[:0], lines[:0]
		return nil
	}
	for row, err := range usageRows(in, names) {
		if err != nil {
			return fmt.Errorf("%s: %w", in.name, err)
		}
		e, err := row.event(i)
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", in.name, row.line, err)
		}
		events, lines = append(events, e), append(lines, row.line)
		if len(events) == together {
			if err := record(); err != nil {
				return err
			}
		}
	}
	return record()
}

func (a *app) importTotals(ctx context.Context, m *metering.Meter, files []string, names usageColumns, i *importing) error {
	day, err := usage.ParseDate(i.totals)
	if err != nil {
		return fmt.Errorf("--totals: %w", err)
	}
	s, err := m.Submit(ctx, day, a.totalsOf(files, names, i))
	if err != nil {
		return err
	}
	vanished := []vanishedTotal{}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d fresh, %d changed, %d unchanged\n", s.Day, s.Fresh, s.Changed, s.Unchanged)
	for _, v := range s.Vanished {
		vanished = append(vanished, vanishedTotal(v))
		fmt.Fprintf(&text, "vanished: %s had %s; where nothing was used, submit a zero\n", v.CustomerID, v.Amount)
	}
	return a.show(struct {
		Day       usage.Date      `json:"day"`
		Fresh     int             `json:"fresh"`
		Changed   int             `json:"changed"`
		Unchanged int             `json:"unchanged"`
		Vanished  []vanishedTotal `json:"vanished"`
	}{s.Day, s.Fresh, s.Changed, s.Unchanged, vanished}, text.String())
}

// vanishedTotal is a total that was there before, as JSON.
type vanishedTotal struct {
	CustomerID string           `json:"customerId"`
	Amount     pacspace.Decimal `json:"amount"`
}

func (a *app) totalsOf(files []string, names usageColumns, i *importing) iter.Seq2[metering.Total, error] {
	return func(yield func(metering.Total, error) bool) {
		for _, name := range files {
			in, err := a.open(name)
			if err != nil {
				yield(metering.Total{}, err)
				return
			}
			for row, err := range usageRows(in, names) {
				var t metering.Total
				if err == nil {
					t, err = row.total(i)
				}
				if err != nil {
					err = fmt.Errorf("%s: %w", in.name, err)
				}
				if !yield(t, err) || err != nil {
					in.close()
					return
				}
			}
			in.close()
		}
	}
}
