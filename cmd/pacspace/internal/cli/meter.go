package cli

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/spf13/cobra"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sqlstore"
)

const storeHelp = `The meter's store is a SQLite file (--store), or a PostgreSQL database whose address is in
the environment as PACSPACE_METER_DATABASE or in a file (--database-file), since it holds
a password. A store belongs to the environment of the first key it is used with.`

func (a *app) meter() *cobra.Command {
	return group("meter", "Count usage, and deliver one delta for each account and day",
		a.meterImport(), a.meterRun(), a.meterStatus(), a.meterRetry(), a.meterDiscard(), a.meterMove())
}

// storage says where a meter keeps what it must not lose.
type storage struct{ file, databaseFile string }

func (s *storage) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.file, "store", "", "SQLite `file` of the meter (default meter.db)")
	cmd.Flags().StringVar(&s.databaseFile, "database-file", "", "`file` with the address of the meter's PostgreSQL database")
	cmd.MarkFlagsMutuallyExclusive("store", "database-file")
}

// counting is how usage that comes in is counted.
type counting struct {
	resource, unit          string
	grace, lateness, spread time.Duration
}

func (c *counting) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.resource, "resource", "", "`name` of what new accounts count, such as compute-minutes")
	f.StringVar(&c.unit, "unit", "", "`name` of one of it, such as minute")
	f.DurationVar(&c.grace, "grace", metering.DefaultGrace, "how long a day stays open after its end")
	f.DurationVar(&c.lateness, "lateness", metering.DefaultLateness, "how old an event may be; ids are kept for so long, so the store keeps the longest that was ever given")
	f.DurationVar(&c.spread, "spread", metering.DefaultSpread, "over how long the closing of a day is spread")
	cmd.MarkFlagsRequiredTogether("resource", "unit")
}

func (c *counting) options() []metering.Option {
	opts := []metering.Option{metering.WithGrace(c.grace), metering.WithSpread(c.spread)}
	if c.resource != "" {
		opts = append(opts, metering.WithAccounts(c.resource, c.unit))
	}
	return opts
}

// longestLateness is the longest lateness that this store was ever used with. A run that
// forgot ids sooner would let an old event count twice that is imported again.
func longestLateness(ctx context.Context, store metering.Store, asked time.Duration) (time.Duration, error) {
	const name = "command.lateness"
	longest := asked
	err := store.Update(ctx, func(tx metering.Tx) error {
		kept, err := tx.Setting(ctx, name)
		if err != nil {
			return err
		}
		longest = asked
		if d, err := time.ParseDuration(kept); err == nil && d >= asked {
			longest = d
			return nil
		}
		return tx.SetSetting(ctx, name, asked.String())
	})
	return longest, err
}

// withMeter does something with a meter whose store is closed afterwards. The meter itself
// is not flushed.
func (a *app) withMeter(ctx context.Context, s storage, lateness time.Duration, opts []metering.Option, do func(*metering.Meter) error) (err error) {
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	store, done, err := a.openStore(ctx, s, client.Environment())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	with := func(lateness time.Duration) (*metering.Meter, error) {
		return metering.New(client, store, append(slices.Clip(opts), metering.WithLateness(lateness))...)
	}
	if _, err := with(lateness); err != nil { // what is refused must not be kept
		return err
	}
	if lateness, err = longestLateness(ctx, store, lateness); err != nil {
		return err
	}
	m, err := with(lateness)
	if err != nil {
		return err
	}
	err = do(m)
	if _, unbound := errors.AsType[*metering.AccountError](err); unbound {
		a.hint("a new account needs --resource and --unit when its usage is imported, and keeps them for ever")
	}
	return err
}

func (a *app) openStore(ctx context.Context, s storage, environment pacspace.Environment) (metering.Store, func() error, error) {
	address, err := a.databaseAddress(s.databaseFile)
	if err != nil {
		return nil, nil, err
	}
	opened, open := openPostgres, sqlstore.OpenPostgreSQL
	if s.file != "" || address == "" {
		opened, open, address = openFile, sqlstore.OpenSQLite, s.file
	}
	db, err := opened(address)
	if err != nil {
		return nil, nil, err
	}
	store, err := open(ctx, db, environment)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return store, func() error { return errors.Join(store.Close(), db.Close()) }, nil
}

// databaseAddress is the address of the meter's PostgreSQL database, "" where none is given.
func (a *app) databaseAddress(file string) (string, error) {
	if file != "" {
		return a.secretFile(file)
	}
	return a.Getenv("PACSPACE_METER_DATABASE"), nil
}

func openPostgres(address string) (*sql.DB, error) {
	db, err := sql.Open("pgx", address)
	if err != nil { // its text may hold the password
		return nil, errors.New("the address of the meter's database cannot be read; write it as postgres://user:password@host/database")
	}
	return db, nil
}

// openFile opens a meter's SQLite file, meter.db where none is named.
func openFile(file string) (*sql.DB, error) {
	path, err := filepath.Abs(cmp.Or(file, "meter.db"))
	if err != nil {
		return nil, err
	}
	if err := private(path); err != nil {
		return nil, err
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String())
}

// private makes a new store one that only its owner can read: it says who used how much.
func private(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, secretMode)
	if err != nil {
		return err
	}
	return f.Close()
}

func (a *app) meterStatus() *cobra.Command {
	var s storage
	cmd := a.keyed(&cobra.Command{
		Use:   "status",
		Short: "Say what is delivered, what is not, and what waits for a person",
		Long: `Status reads the store and asks nobody else. A parked delta waits for a person: one that
the service failed or refused, or whose outcome stayed unknown. See "pacspace meter
retry" and "pacspace meter discard". It exits with 1 where one is parked.

` + storeHelp,
		Example:     `  pacspace meter status --store meter.db`,
		Annotations: jsonHelp("now, states (state, count, oldest), open, due, oldestDue, pausedUntil, pauseCode, where there is one; parked, each with referenceId, delta, code, note"),
		Args:        exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withMeter(cmd.Context(), s, metering.DefaultLateness, nil, func(m *metering.Meter) error {
				status, err := m.Status(cmd.Context())
				if err != nil {
					return err
				}
				return a.showStatus(cmd.Context(), m, status)
			})
		},
	})
	s.flags(cmd)
	return cmd
}

// parkedDelta is one that waits for a person.
type parkedDelta struct {
	ReferenceID string           `json:"referenceId"`
	Delta       pacspace.Decimal `json:"delta"`
	Code        string           `json:"code"`
	Note        string           `json:"note"`
}

// meterStanding is how a meter stands, as JSON.
type meterStanding struct {
	Now         time.Time     `json:"now"`
	States      []stateCount  `json:"states"`
	Open        int           `json:"open"`
	Due         int           `json:"due"`
	OldestDue   time.Time     `json:"oldestDue,omitzero"`
	PausedUntil time.Time     `json:"pausedUntil,omitzero"`
	PauseCode   string        `json:"pauseCode,omitempty"`
	Parked      []parkedDelta `json:"parked"`
}

type stateCount struct {
	State  metering.State `json:"state"`
	Count  int            `json:"count"`
	Oldest time.Time      `json:"oldest"`
}

// showStatus prints how a meter stands, and gives it a code.
func (a *app) showStatus(ctx context.Context, m *metering.Meter, s *metering.Status) error {
	out := meterStanding{
		Now: s.Now, States: []stateCount{}, Open: s.Open, Due: s.Due, OldestDue: s.OldestDue,
		PausedUntil: s.PausedUntil, PauseCode: s.PauseCode, Parked: []parkedDelta{},
	}
	for d, err := range m.Parked(ctx) {
		if err != nil {
			return err
		}
		out.Parked = append(out.Parked, parkedDelta{d.ReferenceID, d.Amount, d.ErrorCode, d.Note})
	}
	var table [][]string
	for _, c := range s.States {
		out.States = append(out.States, stateCount(c))
		table = append(table, []string{string(c.State), deltas(c.Count)})
	}
	open := count(s.Open, "day", "days") + ", due: " + strconv.Itoa(s.Due)
	if s.Due == 0 && !s.OldestDue.IsZero() {
		open += ", next at " + s.OldestDue.UTC().Format(time.RFC3339)
	}
	table = append(table, []string{"open", open})
	if s.PauseCode != "" {
		table = append(table, []string{"paused", s.PauseCode + " until " + s.PausedUntil.UTC().Format(time.RFC3339)})
	}
	for _, p := range out.Parked {
		table = append(table, []string{"waits", p.ReferenceID + "  " + p.Delta.String() + "  " + p.Code + ": " + p.Note})
	}
	if err := a.show(out, rows(table...)); err != nil {
		return err
	}
	return ended(codeOfStatus(s))
}

func codeOfStatus(s *metering.Status) int {
	switch {
	case s.Count(metering.StateParked) > 0:
		return codeDoesNotMatch
	case s.Count(metering.StateUnknown) > 0:
		return codeUnknown
	case s.Due > 0 || s.Count(metering.StateFrozen) > 0 || s.Count(metering.StateSent) > 0:
		return codeIncomplete
	}
	return codeOK
}

func (a *app) meterRetry() *cobra.Command {
	var s storage
	var p metering.RetryParams
	cmd := a.keyed(&cobra.Command{
		Use:   "retry reference",
		Short: "Let a parked delta go out again",
		Long: `Retry lets a parked delta go out again. One that the service failed goes out under the
next :again reference. Where its outcome is unknown the service is asked first; what it
does not list is sent again only with --not-recorded, by which you state that you found
out that it was not recorded: a second send could count twice.

` + storeHelp,
		Example:     `  pacspace meter retry usage:customer_gamma:2026-02-01 --reason 'the other one was a trial' --not-recorded --store meter.db`,
		Annotations: jsonHelp("referenceId, state"),
		Args:        exactly("the reference"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withMeter(cmd.Context(), s, metering.DefaultLateness, nil, func(m *metering.Meter) error {
				d, err := m.Retry(cmd.Context(), args[0], p)
				if errors.Is(err, pacspace.ErrOutcomeUnknown) {
					a.hint("where you found out that it was not recorded, say --not-recorded")
				}
				if err != nil {
					return err
				}
				return a.showOutbox(d)
			})
		},
	})
	s.flags(cmd)
	cmd.Flags().StringVar(&p.Reason, "reason", "", "why, in a few `words` that are kept")
	cmd.Flags().BoolVar(&p.NotRecorded, "not-recorded", false, "a person found out that the service did not record it")
	return cmd
}

func (a *app) meterDiscard() *cobra.Command {
	var s storage
	var p metering.DiscardParams
	cmd := a.keyed(&cobra.Command{
		Use:   "discard reference",
		Short: "Give a parked delta up",
		Long: `Discard gives a parked delta up: its usage is not billed. The reason is kept beside it.
Where the delta may have been recorded, state what you found out: with --recorded its
usage counts as delivered, under whatever reference; with --not-recorded it does not, and
where totals feed the day, the next import of that total sends it again.

` + storeHelp,
		Example:     `  pacspace meter discard usage:customer_delta:2026-02-01 --reason 'recorded by hand' --recorded --store meter.db`,
		Annotations: jsonHelp("referenceId, state"),
		Args:        exactly("the reference"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withMeter(cmd.Context(), s, metering.DefaultLateness, nil, func(m *metering.Meter) error {
				d, err := m.Discard(cmd.Context(), args[0], p)
				if errors.Is(err, pacspace.ErrOutcomeUnknown) {
					a.hint("where you found out whether it was recorded, say --recorded or --not-recorded")
				}
				if err != nil {
					return err
				}
				return a.showOutbox(d)
			})
		},
	})
	s.flags(cmd)
	cmd.Flags().BoolVar(&p.Recorded, "recorded", false, "state that its usage was found in the record")
	cmd.Flags().BoolVar(&p.NotRecorded, "not-recorded", false, "state that it was looked for and is not in the record")
	cmd.MarkFlagsMutuallyExclusive("recorded", "not-recorded")
	cmd.Flags().StringVar(&p.Reason, "reason", "", "why, in a few `words` that are kept")
	return cmd
}

func (a *app) showOutbox(d *metering.OutboxDelta) error {
	return a.show(struct {
		ReferenceID string         `json:"referenceId"`
		State       metering.State `json:"state"`
	}{d.ReferenceID, d.State}, fmt.Sprintf("%s  %s\n", d.ReferenceID, d.State))
}
