package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
)

// closing is what was asked of close.
type closing struct {
	period, resource, unit, start string
	previous                      string
	submissions                   []string
	first, force, meter, carry    bool
	storage                       storage
	closing, evidence, root       string
	wait                          time.Duration
}

func (a *app) close() *cobra.Command {
	var c closing
	cmd := a.keyed(&cobra.Command{
		Use:   "close customer",
		Short: "Close a billing period, for its invoice",
		Long: `Close derives the recording window of a month, commits to it, waits for the public
record, and makes sure that the service's balance, its list of deltas and the public
record agree. It can be run again after any error.

The closing file has what the invoice carries: balance, count, proof root, link and
access code. Keep it before the invoice goes out: the next month is closed with it as
--previous, so that each delta is on exactly one invoice. The evidence is for the
customer, who checks it with "pacspace verify". For evidence that can be checked whole
give --submissions, the deltas as they were sent.

Where the usage was counted by "pacspace meter", say --meter: then resource, unit and
what was sent are the meter's, and a month is not closed (code 3) while something of it
is open or not settled.

Root, link and access code grant access to what they prove, so the files can be read by
their owner only.`,
		Example: `  pacspace close customer_acme --period 2026-02 --first --resource compute-minutes --submissions acme.sent.jsonl --submissions february.jsonl --closing acme-2026-02.closing.json --evidence acme-2026-02.jsonl --save-root acme-2026-02.root
  pacspace close customer_acme --period 2026-03 --previous acme-2026-02.closing.json --resource compute-minutes --closing acme-2026-03.closing.json
  pacspace close customer_acme --period 2026-02 --first --meter --store meter.db --closing acme-2026-02.closing.json --evidence acme-2026-02.jsonl`,
		Annotations: jsonHelp("the closing, as in its file: account (customerId, resource, unit), environment, period, window (start, end), startingBalance, balance, netChange, deltaCount, checkpointId, proofRoot, recordedAt, proof, notes, windows"),
		Args:        exactly("the customer"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runClose(cmd.Context(), args[0], &c)
		},
	})
	f := cmd.Flags()
	f.StringVar(&c.period, "period", "", "usage `month`, such as 2026-02")
	f.BoolVar(&c.first, "first", false, "no month of this customer was closed before")
	f.StringVar(&c.previous, "previous", "", "closing `file` of the month before")
	f.StringVar(&c.resource, "resource", "", "`name` of what is counted, such as compute-minutes")
	f.StringVar(&c.unit, "unit", "", "`name` of one of it, such as minute")
	f.StringVar(&c.start, "starting-balance", "0", "`balance` to start from")
	submissionsFlag(cmd, &c.submissions)
	f.BoolVar(&c.carry, "carry-outstanding", false, "with --meter, close although something is outstanding; it will be a line of a later invoice")
	f.BoolVar(&c.meter, "meter", false, "what was sent, and what is outstanding, is in the meter's store")
	c.storage.flags(cmd)
	f.StringVar(&c.closing, "closing", "", "`file` to write the closing to")
	f.StringVar(&c.evidence, "evidence", "", "`file` to write the evidence to")
	f.StringVar(&c.root, "save-root", "", "`file` to write the proof root to")
	f.BoolVar(&c.force, "force", false, "replace files that exist")
	f.DurationVar(&c.wait, "wait", time.Minute, "how long to wait for the public record")
	for _, name := range []string{"period", "closing"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	for _, name := range []string{"resource", "unit", "submissions"} {
		cmd.MarkFlagsMutuallyExclusive("meter", name)
	}
	cmd.MarkFlagsMutuallyExclusive("first", "previous")
	cmd.MarkFlagsOneRequired("first", "previous")
	return cmd
}

func (a *app) runClose(ctx context.Context, customer string, c *closing) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	start, err := quantity("starting-balance", c.start)
	if err != nil {
		return err
	}
	for _, name := range []string{c.closing, c.evidence, c.root} { // before anything is done
		if _, missing := os.Lstat(name); name != "" && missing == nil && !c.force {
			return fmt.Errorf("%s exists; name another file, or say --force to replace it", name)
		}
	}
	p := pacspace.ClosePeriodParams{
		CustomerID: customer, Resource: c.resource, Unit: c.unit, Period: pacspace.Period(c.period),
		First: c.first, StartingBalance: start, CarryOutstanding: c.carry,
	}
	if c.previous != "" {
		if p.Previous, err = a.readClosing(c.previous); err != nil {
			return err
		}
	}
	closed, err := a.closeAs(ctx, client, p, c)
	if err != nil {
		return err
	}
	if n := unsubmitted(closed); n > 0 {
		closed.Notes = append(closed.Notes, fmt.Sprintf("%d of %d deltas are in no --submissions file, so their hashes may not be recomputed: the customer's check of the evidence would end with incomplete", n, len(closed.Lines)))
	}
	write := func(w io.Writer) error { return writeJSON(w, closed) }
	if err := save(c.closing, secretMode, c.force, write); err != nil {
		return err
	}
	if c.evidence != "" {
		if err := save(c.evidence, secretMode, c.force, closed.WriteEvidence); err != nil {
			return err
		}
	}
	if c.root != "" {
		if err := saveBytes(c.root, secretMode, c.force, []byte(closed.ProofRoot+"\n")); err != nil {
			return err
		}
	}
	return a.show(closed, closingText(closed, c))
}

func submissionsFlag(cmd *cobra.Command, files *[]string) {
	cmd.Flags().StringArrayVar(files, "submissions", nil, "`file` of the deltas as they were sent; may be given again")
}

// closeAs closes a period by what a file knows of it, or by what the meter does.
func (a *app) closeAs(ctx context.Context, client *pacspace.Client, p pacspace.ClosePeriodParams, c *closing) (closed *pacspace.Closing, err error) {
	if !c.meter {
		return a.closePeriod(ctx, client, p, c.submissions, c.wait)
	}
	ctx, cancel := context.WithTimeout(ctx, c.wait)
	defer cancel()
	defer func() {
		if errors.Is(err, pacspace.ErrOutstanding) {
			a.hint("pacspace meter status says what is outstanding; --carry-outstanding closes all the same")
		}
	}()
	err = a.withMeter(ctx, c.storage, metering.DefaultLateness, nil, func(m *metering.Meter) error {
		closed, err = m.ClosePeriod(ctx, p)
		return err
	})
	return closed, err
}

// closePeriod closes with the submissions of files, where there are some.
func (a *app) closePeriod(ctx context.Context, client *pacspace.Client, p pacspace.ClosePeriodParams, files []string, wait time.Duration) (*pacspace.Closing, error) {
	if len(files) > 0 {
		p.Submissions = a.submissionsOf(files)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return client.Balance.ClosePeriod(ctx, p)
}

// unsubmitted counts the deltas of which nobody knows all that was hashed.
func unsubmitted(c *pacspace.Closing) (n int) {
	for _, line := range c.Lines {
		if line.Submitted == nil && line.Delta.Metadata == nil {
			n++
		}
	}
	return n
}

func (a *app) readClosing(name string) (*pacspace.Closing, error) {
	b, err := a.readWhole(name, maxJSONFile)
	if err != nil {
		return nil, err
	}
	var c pacspace.Closing
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("%s is no closing: %w; give the file that --closing wrote", name, err)
	}
	if c.Account.CustomerID == "" || len(c.Windows) == 0 {
		return nil, fmt.Errorf("%s is no closing; give the file that --closing wrote", name)
	}
	return &c, nil
}

func closingText(closed *pacspace.Closing, c *closing) string {
	table := [][]string{
		{"customer", closed.Account.CustomerID},
		{"period", string(closed.Period)},
		{"recorded", closed.Window.String()},
		{"deltas", strconv.Itoa(len(closed.Lines))},
		{"balance", closed.Balance.String()},
	}
	if closed.ProofRoot != "" {
		table = append(table, []string{"root", shortRoot(closed.ProofRoot)})
	}
	for _, note := range closed.Notes {
		table = append(table, []string{"note", note})
	}
	for _, file := range [][2]string{{"closing", c.closing}, {"evidence", c.evidence}, {"root file", c.root}} {
		if file[1] != "" {
			table = append(table, file[:])
		}
	}
	return rows(table...)
}
