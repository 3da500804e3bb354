package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
)

func (a *app) probe() *cobra.Command {
	var out string
	var live, force bool
	var wait time.Duration
	cmd := a.keyed(&cobra.Command{
		Use:   "probe",
		Short: "Find out by which formula the service hashes",
		Long: `Probe records a few deltas of new, made-up customers and tries which variant of the
published formula leads to the hashes that come back, at each level by itself. Use a
test key: with a live one the deltas are recorded for good and billed.

The result is an anchor: given to "pacspace verify", a hash that does not follow counts
as a difference, and no longer as a formula that is not known. It exits with 3 where a
level was not reproduced. A sandbox is probed by the machine's clock, so without --now.`,
		Example:     `  pacspace probe --output probe.anchor`,
		Annotations: jsonHelp("environment, item, batch, checkpoint (variants that reproduced the level), chainPerAccount, indexPerAccount"),
		Args:        exactly(),
		RunE: a.withClient(func(ctx context.Context, client *pacspace.Client, _ []string) error {
			ctx, cancel := context.WithTimeout(ctx, wait)
			defer cancel()
			r, err := client.Balance.Probe(ctx, pacspace.ProbeParams{LiveUnsafe: live})
			if err != nil {
				return err
			}
			if out != "" {
				if err := save(out, plainMode, force, func(w io.Writer) error { return proof.WriteAnchor(w, r) }); err != nil {
					return err
				}
			}
			code := codeOK
			word := func(variants []proof.Variant) string {
				if len(variants) == 0 {
					code = codeIncomplete
					return a.coloured("not reproduced", yellow)
				}
				var names []string
				for _, v := range variants {
					names = append(names, string(v))
				}
				return a.coloured("reproduced", green) + " by " + strings.Join(names, ", ")
			}
			text := rows(
				[]string{"environment", string(r.Environment)},
				[]string{"item", word(r.Item)},
				[]string{"batch", word(r.Batch)},
				[]string{"checkpoint", word(r.Checkpoint)},
				[]string{"chain", fmt.Sprintf("per account: %t", r.ChainPerAccount)},
				[]string{"index", fmt.Sprintf("per account: %t", r.IndexPerAccount)},
			)
			if err := a.show(struct {
				Environment     proof.Environment `json:"environment"`
				Item            []proof.Variant   `json:"item"`
				Batch           []proof.Variant   `json:"batch"`
				Checkpoint      []proof.Variant   `json:"checkpoint"`
				ChainPerAccount bool              `json:"chainPerAccount"`
				IndexPerAccount bool              `json:"indexPerAccount"`
			}{r.Environment, orNone(r.Item), orNone(r.Batch), orNone(r.Checkpoint), r.ChainPerAccount, r.IndexPerAccount}, text); err != nil {
				return err
			}
			return ended(code)
		}),
	})
	cmd.Flags().StringVarP(&out, "output", "o", "", "`file` to keep the result in, as an anchor")
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	cmd.Flags().BoolVar(&live, "live-unsafe", false, "allow a live key: the deltas are recorded for good and billed")
	cmd.Flags().DurationVar(&wait, "wait", 5*time.Minute, "how long to wait in all")
	return cmd
}

// orNone writes an empty list as one.
func orNone(v []proof.Variant) []proof.Variant {
	if v == nil {
		return []proof.Variant{}
	}
	return v
}
