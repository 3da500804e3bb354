package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

// tell runs the whole story and prints it. It returns an error as soon as something is
// not as it must be.
func tell(ctx context.Context, j job, out io.Writer) (err error) {
	started := time.Now()
	calls, used, name, err := j.read()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(j.out, 0o755); err != nil {
		return err
	}
	p := &printer{w: out}
	p.line("PacSpace quickstart: %s", name)
	p.line("%d lines of %s by %d customers, %s to %s, %s in all", used.Calls, j.resource,
		len(used.Customers), usage.DateOf(used.First), usage.DateOf(used.Last), used.Sum)
	if j.columns.CustomerColumn == "" {
		p.line("no customer column: line n belongs to customer n modulo %d", j.columns.Customers)
	}

	v, err := openVendor(ctx, used, j)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.close(ctx)) }()

	p.step("1. The vendor meters the usage, which sends one delta per customer and day")
	if err := v.flush(ctx, p, calls); err != nil {
		return err
	}
	p.step("2. The vendor derives each balance and compares two views of it")
	if err := v.compare(ctx, p); err != nil {
		return err
	}
	p.step("3. The vendor closes the period: checkpoint, public record, invoice, evidence")
	invoices, err := v.invoice(ctx, p, j.out)
	if err != nil {
		return err
	}
	p.step("4. The buyer checks an invoice: once online without a key, then offline")
	b, err := newBuyer(v.Box.URL)
	if err != nil {
		return err
	}
	if err := b.checkOne(ctx, p, invoices[0]); err != nil {
		return err
	}
	if err := b.checkAll(ctx, p, invoices); err != nil {
		return err
	}

	p.step("Done")
	total := pacspace.Decimal{}
	for _, i := range invoices {
		total = total.Add(i.closing.Balance)
	}
	if want := used.Sum.Neg(); !total.Equal(want) {
		return fmt.Errorf("the invoices add up to %s, the usage to %s", total, want)
	}
	p.line("%d deltas, %s in all, %v; every check came out as it must", v.count(), total, time.Since(started).Round(time.Millisecond))
	p.line("invoices, evidence and anchors are in %s", filepath.Clean(j.out))
	return p.err
}
