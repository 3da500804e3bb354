package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
)

func (a *app) customers() *cobra.Command {
	var search string
	cmd := a.keyed(&cobra.Command{
		Use:         "customers",
		Short:       "List customers",
		Long:        "Customers lists who has a balance. A customer comes into being with the first delta.",
		Example:     `  pacspace customers --search acme`,
		Annotations: jsonHelp("one object a line: customerId, customerReference, totalDeltas, latestCheckpoint, firstDeltaAt, lastDeltaAt, each where the service tells it"),
		Args:        exactly(),
		RunE: a.withClient(func(ctx context.Context, client *pacspace.Client, _ []string) error {
			for c, err := range client.Customers.All(ctx, pacspace.CustomersParams{Search: search}) {
				if err != nil {
					return err
				}
				if err := a.line(c, c.CustomerID+"  "+deltas(c.TotalDeltas)); err != nil {
					return err
				}
			}
			return nil
		}),
	})
	cmd.Flags().StringVar(&search, "search", "", "`part` of a customer id")
	cmd.AddCommand(a.customerGet())
	return cmd
}

func (a *app) customerGet() *cobra.Command {
	return a.keyed(&cobra.Command{
		Use:         "get customer",
		Short:       "Show a customer and the latest deltas",
		Long:        "Get shows a customer's balance over all time and the latest deltas.",
		Example:     `  pacspace customers get customer_acme`,
		Annotations: jsonHelp("customerId, customerReference, totalDeltas, computedBalance, latestCheckpoint, firstDeltaAt, lastDeltaAt, activity (deltas), activityTotal, each where the service tells it"),
		Args:        exactly("the customer"),
		RunE: a.withClient(func(ctx context.Context, client *pacspace.Client, args []string) error {
			c, err := client.Customers.Get(ctx, args[0], pacspace.ActivityParams{})
			if err != nil {
				return err
			}
			table := [][]string{{"customer", c.CustomerID}, {"deltas", strconv.Itoa(c.TotalDeltas)}}
			if c.ComputedBalance != nil {
				table = append(table, []string{"balance", c.ComputedBalance.String()})
			}
			if !c.LastDeltaAt.IsZero() {
				table = append(table, []string{"latest", c.LastDeltaAt.UTC().Format(time.RFC3339)})
			}
			text := rows(table...)
			var activity [][]string
			for _, d := range c.Activity {
				activity = append(activity, []string{d.Delta.String(), d.ReferenceID, string(d.Status), d.Reason})
			}
			if len(activity) > 0 {
				text += "\n" + rows(activity...)
			}
			return a.show(c, text)
		}),
	})
}
