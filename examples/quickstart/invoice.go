package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

// invoice is what the vendor hands to a customer: a text to read and evidence to check.
type invoice struct {
	closing  *pacspace.Closing
	text     string                 // its file
	evidence string                 // its file
	own      []pacspace.DeltaParams // what the customer's own system saw; not the vendor's
}

// invoice closes every period of every customer and writes what goes to the customer.
func (v *vendor) invoice(ctx context.Context, p *printer, dir string) ([]invoice, error) {
	periods := v.periods()
	if end := periods[len(periods)-1].RecordingWindow().End; v.Clock.Now().Before(end) {
		v.Clock.Set(end)
	}
	var invoices []invoice
	for _, customer := range v.used.Customers {
		var previous *pacspace.Closing
		for _, period := range periods {
			closing, err := v.CloseMonth(ctx, v.meter.Meter, customer, period, previous)
			if err != nil {
				return nil, fmt.Errorf("closing %s of customer %s: %w", period, customer, err)
			}
			previous = closing
			if closing.ProofRoot == "" {
				continue // nothing was used, so there is no invoice
			}
			i, err := v.write(closing, dir)
			if err != nil {
				return nil, err
			}
			invoices = append(invoices, i)
		}
	}
	if len(invoices) == 0 {
		return nil, fmt.Errorf("no usage, so there is no invoice")
	}
	first := printer{w: p.w}
	printInvoice(&first, invoices[0].closing, shownLines)
	p.line("%d invoices with their evidence; the first one is shown", len(invoices))
	return invoices, first.err
}

func (v *vendor) write(c *pacspace.Closing, dir string) (invoice, error) {
	base := filepath.Join(dir, fmt.Sprintf("%s-%s", fileName(c.Account.CustomerID), c.Period))
	i := invoice{closing: c, text: base + ".txt", evidence: base + ".jsonl"}
	if err := c.SaveEvidence(i.evidence); err != nil {
		return invoice{}, err
	}
	f, err := os.Create(i.text)
	if err != nil {
		return invoice{}, err
	}
	p := printer{w: f}
	printInvoice(&p, c, len(c.Lines))
	if err := f.Close(); err != nil {
		return invoice{}, err
	}
	// The customer has meters too; here they saw the same usage.
	for _, d := range v.sent[c.Account.CustomerID] {
		if c.Window.Contains(d.at) {
			i.own = append(i.own, d.DeltaParams)
		}
	}
	return i, p.err
}

// fileName keeps a customer id from naming another folder, a file that cannot be, or
// another customer's file.
func fileName(customer string) string {
	name := url.QueryEscape(customer) // of an id's characters only the colon
	if name[0] == '.' {
		name = "%2E" + name[1:]
	}
	return name
}

// shownLines is how many lines of an invoice stand in the output.
const shownLines = 4

func printInvoice(p *printer, c *pacspace.Closing, shown int) {
	p.line("  INVOICE  customer %s, %s", c.Account.CustomerID, c.Period)
	p.line("  recorded %s to %s", c.Window.Start.Format(time.DateOnly), c.Window.End.Format(time.DateOnly))
	t := p.table("    day", c.Account.Resource, "reference")
	for _, l := range c.Lines[:min(shown, len(c.Lines))] {
		day := ""
		if r, err := usage.ParseReference(l.Delta.ReferenceID); err == nil {
			day = r.Day.String()
		}
		t.row("    "+day, l.Delta.Delta, l.Delta.ReferenceID)
	}
	t.print()
	if hidden := len(c.Lines) - shown; hidden > 0 {
		p.line("    and %d more", hidden)
	}
	p.line("  total        %s", c.Balance)
	p.line("  proof root   %s", c.ProofRoot)
	p.line("  verify       %s", c.Proof.VerifyURL)
	p.line("  access code  %s", c.Proof.AccessHint)
	for _, note := range c.Notes {
		p.line("  note         %s", note)
	}
}
