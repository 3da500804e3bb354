package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
)

func (a *app) anchor() *cobra.Command {
	return group("anchor", "Fetch what the public record says, to check offline for ever", a.anchorGet())
}

func (a *app) anchorGet() *cobra.Command {
	var rootFile, out, env string
	var force bool
	cmd := a.online(&cobra.Command{
		Use:   "get",
		Short: "Fetch the public record of the root on an invoice",
		Long: `Get asks PacSpace's public record what it has under the proof root on an invoice, and
keeps the answer for "pacspace verify --anchor". It needs no API key.

The root grants access to what it proves, so it is no argument: it is read from a file,
or asked for on the terminal. Take it from the invoice, not from the evidence. It exits
with 3 where the record did not confirm the root.`,
		Example: `  pacspace anchor get --root-file acme-2026-02.root --environment test --output acme-2026-02.anchor
  pacspace anchor get --root-file - --environment test`,
		Annotations: jsonHelp("with --output file, recordCount, netChange, environment, source, fetchedAt; without it the anchor itself is written, which is a line of JSON"),
		Args:        exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			environment, err := environment(env)
			if err != nil {
				return err
			}
			root, err := a.rootHash(rootFile)
			if err != nil {
				return err
			}
			public, err := a.public(environment)
			if err != nil {
				return err
			}
			defer public.Close()
			anchor, err := public.Anchor(cmd.Context(), root.String())
			if errors.Is(err, pacspace.ErrNotFound) {
				a.hint(fmt.Sprintf("the root was looked for in the %s environment; --environment chooses", environment))
			}
			if err != nil {
				return err
			}
			write := func(w io.Writer) error { return proof.WriteAnchor(w, anchor) }
			if err := a.output(out, secretMode, force, write); err != nil || out == "" || out == "-" {
				return err
			}
			table := [][]string{{"anchor", out}, {"root", root.Short()}}
			if anchor.RecordCount != nil {
				table = append(table, []string{"deltas", strconv.FormatInt(*anchor.RecordCount, 10)})
			}
			if anchor.NetChange != nil {
				table = append(table, []string{"net change", anchor.NetChange.String()})
			}
			return a.show(struct {
				File        string            `json:"file"`
				RecordCount *int64            `json:"recordCount"`
				NetChange   *decimal.Decimal  `json:"netChange"`
				Environment proof.Environment `json:"environment"`
				Source      string            `json:"source"`
				FetchedAt   time.Time         `json:"fetchedAt"`
			}{out, anchor.RecordCount, anchor.NetChange, anchor.Environment, anchor.Source, anchor.FetchedAt}, rows(table...))
		},
	})
	f := cmd.Flags()
	f.StringVar(&rootFile, "root-file", "", "`file` that holds the proof root; - is the standard input (default asks for it)")
	environmentFlag(cmd, &env)
	f.StringVarP(&out, "output", "o", "", "`file` to keep the anchor in (default the standard output)")
	f.BoolVar(&force, "force", false, "replace a file that exists")
	return cmd
}
