// Invoice makes the invoice of a month as a PDF that carries its own evidence, and then
// opens that PDF as the customer would: takes the evidence out and verifies it.
//
//	go run ./examples/invoice
//
// It uses the quickstart's bundled usage and the sandbox, so it needs no key and no
// network. It exits with 0 only when every check came out as it must.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/pdfcpu/pdfcpu/pkg/api"
)

func main() {
	api.DisableConfigDir() // the reader of PDFs shall leave no files of its own
	out := flag.String("out", "out/invoice", "`folder` for the invoice")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "invoice: argument %q has no meaning here; give flags only, see -help\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := tell(context.Background(), *out, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "invoice:", err)
		os.Exit(1)
	}
}

// The account that is billed. The unit goes into each delta's metadata: what is hashed there
// binds it.
const (
	customer = "customer_acme"
	unit     = "minutes"
)

// tell runs the story with its files in dir.
func tell(ctx context.Context, dir string, out io.Writer) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	s, err := openSeller()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	fmt.Fprintln(out, "The seller closes February and makes the invoice")
	if err := s.record(ctx); err != nil {
		return err
	}
	statement, err := s.bill(ctx)
	if err != nil {
		return err
	}
	base := filepath.Join(dir, "invoice-2026-02")
	if err := write(base, statement); err != nil {
		return err
	}
	fmt.Fprintf(out, "  %s: %d lines, %s %s\n", base+".pdf", len(statement.Lines), statement.Totals[0].Name(), statement.Money(statement.Totals[0]))
	fmt.Fprintf(out, "  %s: the same for a portal or a mail\n", base+".html")
	fmt.Fprintln(out, "  for an invoice that another system makes, the memo is:")
	fmt.Fprintln(out, indent(statement.Memo()))

	fmt.Fprintln(out, "The customer opens the PDF")
	return check(ctx, s.url(), base+".pdf", statement.Proof.Root, out)
}
