package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
)

const rootHelp = `A proof root grants access to what it proves. As text it is shown shortened; --save-root
writes it whole to a file that only you can read, and JSON has it whole.`

func (a *app) checkpoint() *cobra.Command {
	var s scope
	var rootFile string
	var force bool
	cmd := a.keyed(&cobra.Command{
		Use:   "checkpoint customer",
		Short: "Commit to a customer's verified deltas",
		Long: `Checkpoint commits to all verified deltas of a span under one proof root. The same span
gives the same checkpoint again, also where deltas were verified in between. For an
invoice use "pacspace close", which also checks that all answers agree.

` + rootHelp + "\n\n" + scopeHelp,
		Example:     `  pacspace checkpoint customer_acme --period 2026-02 --save-root acme.root`,
		Annotations: jsonHelp("checkpointId, customerId, proofRoot, status, deltaCount, netChange, startDate, endDate, createdAt, each where the service tells it; idempotencyKey"),
		Args:        exactly("the customer"),
		RunE: a.withScope(&s, func(ctx context.Context, client *pacspace.Client, customer string, scope pacspace.Scope) error {
			c, err := client.Balance.Checkpoint(ctx, pacspace.CheckpointParams{CustomerID: customer, Scope: scope})
			if err != nil {
				return err
			}
			if rootFile != "" {
				if err := saveBytes(rootFile, secretMode, force, []byte(c.ProofRoot+"\n")); err != nil {
					return err
				}
			}
			return a.show(struct {
				*pacspace.Checkpoint
				IdempotencyKey string `json:"idempotencyKey"`
			}{c, c.IdempotencyKey}, checkpointText(*c))
		}),
	})
	s.flags(cmd)
	cmd.Flags().StringVar(&rootFile, "save-root", "", "`file` to write the proof root to")
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	cmd.AddCommand(a.checkpointList())
	return cmd
}

func (a *app) checkpointList() *cobra.Command {
	var s scope
	cmd := a.keyed(&cobra.Command{
		Use:         "list [customer]",
		Short:       "List checkpoints",
		Long:        "List goes through all checkpoints, or those of a customer, in the service's order.\n\n" + scopeHelp,
		Example:     `  pacspace checkpoint list customer_acme`,
		Annotations: jsonHelp("one object a line, with the names of a checkpoint"),
		Args:        atMost("customer"),
		RunE: a.withClient(func(ctx context.Context, client *pacspace.Client, args []string) error {
			var p pacspace.CheckpointsParams
			if len(args) > 0 {
				p.CustomerID = args[0]
			}
			if s != (scope{}) {
				var err error
				if p.Scope, err = a.scope(&s); err != nil {
					return err
				}
			}
			for c, err := range client.Balance.Checkpoints(ctx, p) {
				if err != nil {
					return err
				}
				if err := a.line(c, checkpointLine(c)); err != nil {
					return err
				}
			}
			return nil
		}),
	})
	s.flags(cmd)
	return cmd
}

// shortRoot is a root for people: enough to tell two apart, and no access.
func shortRoot(text string) string {
	root, err := proof.ParseHash(text)
	if err != nil {
		return ""
	}
	return root.Short()
}

func checkpointText(c pacspace.Checkpoint) string {
	table := [][]string{{"checkpoint", c.CheckpointID}, {"root", shortRoot(c.ProofRoot)}, {"status", string(c.Status)}}
	if c.DeltaCount != nil {
		table = append(table, []string{"deltas", strconv.FormatInt(*c.DeltaCount, 10)})
	}
	if c.NetChange != nil {
		table = append(table, []string{"net change", c.NetChange.String()})
	}
	return rows(table...)
}

func checkpointLine(c pacspace.Checkpoint) string {
	line := c.CheckpointID + "  " + c.CustomerID + "  " + shortRoot(c.ProofRoot)
	if c.DeltaCount != nil {
		line += "  " + deltas(int(*c.DeltaCount))
	}
	if c.NetChange != nil {
		line += "  " + c.NetChange.String()
	}
	return line
}
