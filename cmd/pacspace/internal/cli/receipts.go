package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
)

func (a *app) receipts() *cobra.Command {
	return group("receipts", "Read what proves a balance to the other side", a.receiptList(), a.receiptGet(), a.receiptPDF())
}

func (a *app) receiptList() *cobra.Command {
	var limit int
	cmd := a.keyed(&cobra.Command{
		Use:         "list customer",
		Short:       "List a customer's latest receipts",
		Long:        "List shows a customer's latest receipts. The service documents no way to older ones.",
		Example:     `  pacspace receipts list customer_acme`,
		Annotations: jsonHelp("receipts, each with receiptId, customerId, period, proofRoot, permalink, createdAt where the service tells it"),
		Args:        exactly("the customer"),
		RunE: a.withClient(func(ctx context.Context, client *pacspace.Client, args []string) error {
			list, err := client.Receipts.List(ctx, args[0], limit)
			if err != nil {
				return err
			}
			var table [][]string
			for _, r := range list {
				table = append(table, []string{receiptName(r.ReceiptID), r.Period, shortRoot(r.ProofRoot)})
			}
			return a.show(struct {
				Receipts []pacspace.Receipt `json:"receipts"`
			}{list}, rows(table...))
		}),
	})
	cmd.Flags().IntVar(&limit, "limit", 0, "at most so `many` (default what the service gives)")
	return cmd
}

// receiptName shortens the id of a receipt where it is a root.
func receiptName(id string) string {
	if short := shortRoot(id); short != "" {
		return short
	}
	return id
}

func (a *app) receiptGet() *cobra.Command {
	var s scope
	var out string
	var force bool
	cmd := a.keyed(&cobra.Command{
		Use:   "get customer",
		Short: "Read what goes onto an invoice",
		Long: `Get reads the proof of a span as the service has it: root, link and access code. These
grant access to what they prove, so they go to a file that only you can read, or to the
standard output where --json asks for them; the text only says what there is.

` + scopeHelp,
		Example:     `  pacspace receipts get customer_acme --period 2026-02 --output acme-2026-02.proof.json`,
		Annotations: jsonHelp("customerId, period, proofRoot, verifyUrl, verificationApiUrl, accessHint (the access code), customerLinkUrl, customerLinkHost, deltaCount, startingBalance, finalBalance, each where the service tells it"),
		Args:        exactly("the customer"),
		RunE: a.withScope(&s, func(ctx context.Context, client *pacspace.Client, customer string, scope pacspace.Scope) error {
			p, err := client.Receipts.InvoiceProof(ctx, customer, scope)
			if err != nil {
				return err
			}
			p.Deltas = nil // of the older form only; derive lists them
			table := [][]string{{"customer", p.CustomerID}, {"root", shortRoot(p.ProofRoot)}}
			if p.FinalBalance != nil {
				table = append(table, []string{"balance", p.FinalBalance.String()})
			}
			if out != "" {
				if err := save(out, secretMode, force, func(w io.Writer) error { return writeJSON(w, p) }); err != nil {
					return err
				}
				table = append(table, []string{"file", out})
			}
			return a.show(p, rows(table...))
		}),
	})
	s.flags(cmd)
	cmd.Flags().StringVarP(&out, "output", "o", "", "`file` to write it to, as JSON")
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	return cmd
}

func (a *app) receiptPDF() *cobra.Command {
	var idFile, out string
	var force bool
	cmd := a.online(&cobra.Command{
		Use:   "pdf",
		Short: "Fetch a public receipt as PDF, without a key",
		Long: `Pdf fetches a receipt that is public. Its id, which can be a proof root, grants access,
so it is read from a file or asked for.`,
		Example:     `  pacspace receipts pdf --id-file acme-2026-02.root --output acme-2026-02.pdf`,
		Annotations: jsonHelp("file"),
		Args:        exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			id, err := a.secretFrom(idFile, "the receipt's id", "--id-file FILE")
			if err != nil {
				return err
			}
			public, err := a.public("")
			if err != nil {
				return err
			}
			defer public.Close()
			err = save(out, secretMode, force, func(w io.Writer) error { return public.ReceiptPDF(cmd.Context(), id, w) })
			if err != nil {
				return err
			}
			return a.show(map[string]string{"file": out}, out+"\n")
		},
	})
	cmd.Flags().StringVar(&idFile, "id-file", "", "`file` that holds the receipt's id")
	cmd.Flags().StringVarP(&out, "output", "o", "receipt.pdf", "`file` to write to")
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	return cmd
}
