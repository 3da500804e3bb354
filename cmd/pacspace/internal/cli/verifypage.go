package cli

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage"
)

func (a *app) verifyPage() *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "verify-page",
		Short: "Write a web page that verifies files offline",
		Long: `Verify-page writes one HTML file that does what "pacspace verify" does, in a browser and
without a network: for people who will not install anything. It is the same code. It is
the same bytes for the same version, so it can be compared.`,
		Example:     `  pacspace verify-page > verify.html`,
		Annotations: jsonHelp("file, bytes; only with --output, since the page itself goes to the standard output otherwise"),
		Args:        exactly(),
		RunE: func(*cobra.Command, []string) error {
			page := verifypage.HTML()
			write := func(w io.Writer) error {
				_, err := w.Write(page)
				return err
			}
			if err := a.output(out, plainMode, force, write); err != nil || out == "" || out == "-" {
				return err
			}
			return a.show(struct {
				File  string `json:"file"`
				Bytes int    `json:"bytes"`
			}{out, len(page)}, out+"\n")
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "`file` to write to (default the standard output)")
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	return cmd
}
