package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
)

// buyer is the customer. He has no API key and does not trust the vendor: he has the
// invoice, the evidence that came with it, his own idea of what he bought, and the public
// record.
type buyer struct {
	public *pacspace.Public
}

func newBuyer(serviceURL string) (*buyer, error) {
	public, err := pacspace.NewPublic(pacspace.WithBaseURL(serviceURL), pacspace.WithEnvironment(pacspace.EnvironmentTest))
	if err != nil {
		return nil, err
	}
	return &buyer{public}, nil
}

// expectations are the buyer's own; they come from his contract, not from the file.
func expectations(i invoice) proof.Expect {
	return proof.Expect{
		CustomerID:  i.closing.Account.CustomerID,
		Resource:    i.closing.Account.Resource,
		Period:      i.closing.Period,
		Environment: proof.EnvironmentTest,
	}
}

// fetch asks the public record for the root on the invoice and keeps the answer.
func (b *buyer) fetch(ctx context.Context, i invoice) (string, error) {
	anchor, err := b.public.Anchor(ctx, i.closing.ProofRoot)
	if err != nil {
		return "", err
	}
	path := strings.TrimSuffix(i.evidence, ".jsonl") + ".anchor.json"
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	if err := proof.WriteAnchor(f, anchor); err != nil {
		f.Close()
		return "", err
	}
	return path, f.Close()
}

// checkOne verifies one invoice in every way that a buyer may, and then a copy of its
// evidence in which one amount was changed.
func (b *buyer) checkOne(ctx context.Context, p *printer, i invoice) error {
	path, err := b.fetch(ctx, i)
	if err != nil {
		return err
	}
	p.line("the public record's answer for the root is kept in %s", path)

	anchor, err := readAnchor(path)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(i.evidence)
	if err != nil {
		return err
	}
	own := proof.OwnDeltas{}
	for _, d := range i.own {
		own.Items = append(own.Items, proof.Item{CustomerID: d.CustomerID, Delta: d.Delta, ReferenceID: d.ReferenceID})
	}
	changed, err := changeOneAmount(file)
	if err != nil {
		return err
	}
	root := proof.InvoiceRoot{}
	if root.Root, err = proof.ParseHash(i.closing.ProofRoot); err != nil {
		return err
	}

	var full *proof.Report
	for _, try := range []struct {
		with    string
		file    []byte
		anchors []proof.Anchor
		want    proof.Verdict
	}{
		{"with the anchor", file, []proof.Anchor{anchor}, proof.Verified},
		{"with the anchor and his own deltas", file, []proof.Anchor{anchor, own}, proof.Verified},
		{"with the root on the invoice alone", file, []proof.Anchor{root}, proof.Consistent},
		{"a copy with one amount changed", changed, []proof.Anchor{anchor}, proof.DoesNotMatch},
	} {
		report, err := proof.Verify(bytes.NewReader(try.file), expectations(i), try.anchors...)
		if err != nil {
			return fmt.Errorf("%s: %w", try.with, err)
		}
		p.line("%s:", try.with)
		p.line("  %s", report)
		if report.Verdict != try.want {
			return fmt.Errorf("%s: the verdict is %q, it must be %q:\n%s", try.with, report.Verdict, try.want, report.Text())
		}
		if full == nil {
			full = report
		}
	}
	p.line("what was checked, and what it cannot show:")
	p.write(indent(full.Text()))
	return nil
}

// checkAll verifies the other invoices with their anchors.
func (b *buyer) checkAll(ctx context.Context, p *printer, invoices []invoice) error {
	for _, i := range invoices {
		path, err := b.fetch(ctx, i)
		if err != nil {
			return err
		}
		anchor, err := readAnchor(path)
		if err != nil {
			return err
		}
		f, err := os.Open(i.evidence)
		if err != nil {
			return err
		}
		report, err := proof.Verify(f, expectations(i), anchor)
		f.Close()
		if err != nil {
			return err
		}
		if report.Verdict != proof.Verified {
			return fmt.Errorf("%s: the verdict is %q, it must be %q:\n%s", i.evidence, report.Verdict, proof.Verified, report.Text())
		}
	}
	p.line("all %d invoices: verified", len(invoices))
	return nil
}

func readAnchor(path string) (proof.Anchor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return proof.ReadAnchor(f)
}

// changeOneAmount is the evidence with another first digit in the amount of its first
// delta, as somebody would write who hopes that nobody adds it up.
func changeOneAmount(file []byte) ([]byte, error) {
	const before = `"delta":-`
	at := bytes.Index(file, []byte(before))
	if at < 0 {
		return nil, fmt.Errorf("the evidence holds no usage to change")
	}
	changed := bytes.Clone(file)
	digit := &changed[at+len(before)]
	if *digit++; *digit > '9' {
		*digit = '1'
	}
	return changed, nil
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ") + "\n"
}
