package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
)

func (a *app) evidence() *cobra.Command {
	return group("evidence", "Write evidence of a closed period", a.evidenceGet())
}

func (a *app) evidenceGet() *cobra.Command {
	var out string
	var submissions []string
	var force bool
	var wait time.Duration
	cmd := a.keyed(&cobra.Command{
		Use:   "get closing-file",
		Short: "Write the evidence of a closed period again",
		Long: `Get reads the deltas of a closed period again and writes the evidence for the customer.
The closing file is the one that "pacspace close" wrote. Where the service now tells
another root or balance than is in that file, which is on an invoice, nothing is
written, and it exits with 1.

For evidence that can be checked whole give --submissions, the deltas as they were sent.`,
		Example:     `  pacspace evidence get acme-2026-02.closing.json --submissions acme.sent.jsonl --submissions february.jsonl --output again.jsonl`,
		Annotations: jsonHelp("file, customerId, period, deltas, balance; only with --output, since the evidence itself goes to the standard output otherwise"),
		Args:        exactly("the closing file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			kept, err := a.readClosing(args[0])
			if err != nil {
				return err
			}
			client, err := a.client()
			if err != nil {
				return err
			}
			defer client.Close()
			again, err := a.closeAgain(cmd.Context(), client, kept, submissions, wait)
			if err != nil {
				return err
			}
			if err := a.output(out, secretMode, force, again.WriteEvidence); err != nil || out == "" || out == "-" {
				return err
			}
			return a.show(struct {
				File       string           `json:"file"`
				CustomerID string           `json:"customerId"`
				Period     pacspace.Period  `json:"period"`
				Deltas     int              `json:"deltas"`
				Balance    pacspace.Decimal `json:"balance"`
			}{out, again.Account.CustomerID, again.Period, len(again.Lines), again.Balance}, rows(
				[]string{"evidence", out},
				[]string{"deltas", strconv.Itoa(len(again.Lines))},
				[]string{"balance", again.Balance.String()},
			))
		},
	})
	f := cmd.Flags()
	submissionsFlag(cmd, &submissions)
	f.StringVarP(&out, "output", "o", "", "`file` to write to (default the standard output)")
	f.BoolVar(&force, "force", false, "replace a file that exists")
	f.DurationVar(&wait, "wait", time.Minute, "how long to wait for the public record")
	return cmd
}

// closeAgain closes a period once more as it was closed, and holds the outcome to it. A
// closing remembers the windows before its own, which is all that closing it again needs of
// the one before.
func (a *app) closeAgain(ctx context.Context, client *pacspace.Client, kept *pacspace.Closing, submissions []string, wait time.Duration) (*pacspace.Closing, error) {
	p := pacspace.ClosePeriodParams{
		CustomerID: kept.Account.CustomerID, Resource: kept.Account.Resource, Unit: kept.Account.Unit,
		Period: kept.Period, StartingBalance: kept.StartingBalance,
	}
	if before := slices.Clone(kept.Windows[1:]); len(before) > 0 {
		p.Previous = &pacspace.Closing{
			Account: kept.Account, Environment: kept.Environment, Period: kept.Period.Previous(),
			Window: before[0].Window, Windows: before,
		}
	} else {
		p.First = true
	}
	again, err := a.closePeriod(ctx, client, p, submissions, wait)
	if err != nil {
		return nil, err
	}
	if again.ProofRoot != kept.ProofRoot || !again.Balance.Equal(kept.Balance) || !again.Window.Equal(kept.Window) {
		return nil, fmt.Errorf("%w: the closing has the balance %s and the root %s, the service now leads to %s and %s; nothing was written",
			pacspace.ErrRecordDisagrees, kept.Balance, shortRoot(kept.ProofRoot), again.Balance, shortRoot(again.ProofRoot))
	}
	return again, nil
}
