package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
)

func (a *app) derive() *cobra.Command {
	var s scope
	var list bool
	cmd := a.keyed(&cobra.Command{
		Use:   "derive customer",
		Short: "Add up a customer's recorded deltas",
		Long:  "Derive asks the service what the verified deltas of a customer add up to.\n\n" + scopeHelp,
		Example: `  pacspace derive customer_acme --period 2026-02
  pacspace derive customer_acme --from 2026-02-01 --to 2026-02-15 --deltas`,
		Annotations: jsonHelp("customerId, computedBalance, startingBalance (where it is not 0), deltaCount, latestReceiptId; with --deltas also deltas, as the service lists them"),
		Args:        exactly("the customer"),
		RunE: a.withScope(&s, func(ctx context.Context, client *pacspace.Client, customer string, scope pacspace.Scope) error {
			balance, err := client.Balance.Derive(ctx, customer, scope)
			if err != nil {
				return err
			}
			balance.Deltas = nil // the first page of them says little
			if list {
				for d, err := range client.Balance.Deltas(ctx, customer, scope) {
					if err != nil {
						return err
					}
					balance.Deltas = append(balance.Deltas, d)
				}
			}
			return a.show(balance, balanceText(balance, s.words()))
		}),
	})
	s.flags(cmd)
	s.since(cmd)
	cmd.Flags().BoolVar(&list, "deltas", false, "list every delta")
	return cmd
}

func balanceText(b *pacspace.Balance, scope string) string {
	var out strings.Builder
	out.WriteString(rows(
		[]string{"balance", b.ComputedBalance.String()},
		[]string{"start", b.StartingBalance.String()},
		[]string{"deltas", strconv.Itoa(b.DeltaCount)},
		[]string{"recorded", scope},
	))
	var table [][]string
	for _, d := range b.Deltas {
		table = append(table, []string{d.Delta.String(), d.ReferenceID, d.RecordID, d.Reason})
	}
	if len(table) > 0 {
		out.WriteString("\n" + rows(table...))
	}
	return out.String()
}

func (a *app) compare() *cobra.Command {
	var s scope
	var yours, theirs string
	cmd := a.keyed(&cobra.Command{
		Use:   "compare customer",
		Short: "Ask which of two views agrees with the record",
		Long: `Compare asks the service which of two balances agrees with the recorded deltas: yours,
and the one that the other side has. It does not say who is right.

It exits with 0 where both agree and with 1 where one does not.

` + scopeHelp,
		Example:     `  pacspace compare customer_acme --period 2026-02 --yours -113.25 --theirs -113.25`,
		Annotations: jsonHelp("neutralBalance, matchesYours, matchesTheirs"),
		Args:        exactly("the customer"),
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if yours == "" || theirs == "" {
				return wrong(cmd, "--yours and --theirs are both needed")
			}
			return nil
		},
		RunE: a.withScope(&s, func(ctx context.Context, client *pacspace.Client, customer string, scope pacspace.Scope) error {
			p := pacspace.CompareParams{CustomerID: customer, Scope: scope}
			var errs [2]error
			p.Yours, errs[0] = quantity("yours", yours)
			p.Theirs, errs[1] = quantity("theirs", theirs)
			if err := errors.Join(errs[:]...); err != nil {
				return err
			}
			c, err := client.Balance.Compare(ctx, p)
			if err != nil {
				return err
			}
			code := codeOK
			if !c.MatchesYours || !c.MatchesTheirs {
				code = codeDoesNotMatch
			}
			word := func(matches bool, view pacspace.Decimal) string {
				if matches {
					return a.coloured("matches", green)
				}
				return a.coloured(fmt.Sprintf("does not match, by %s", view.Sub(c.NeutralBalance)), red)
			}
			if err := a.show(c, rows(
				[]string{"record", c.NeutralBalance.String()},
				[]string{"yours", p.Yours.String(), word(c.MatchesYours, p.Yours)},
				[]string{"theirs", p.Theirs.String(), word(c.MatchesTheirs, p.Theirs)},
			)); err != nil {
				return err
			}
			return ended(code)
		}),
	})
	s.flags(cmd)
	s.since(cmd)
	cmd.Flags().StringVar(&yours, "yours", "", "your `balance`, in the account's unit")
	cmd.Flags().StringVar(&theirs, "theirs", "", "the other side's `balance`")
	return cmd
}
