package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go/internal/filekind"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/usage"
)

// verifying is what the checker expects and what he knows from elsewhere.
type verifying struct {
	customer, resource, unit, period string
	firstDay, lastDay                string
	environment, balance, variant    string
	anchors                          []string
	rootFile, own, history           string
	askRoot, partial, brief, force   bool
	saveAnchor                       string
}

func (a *app) verify() *cobra.Command {
	var v verifying
	cmd := &cobra.Command{
		Use:   "verify file...",
		Short: "Check offline what an invoice or a record rests on",
		Long: `Verify checks files of every kind that PacSpace has: evidence of a balance, a copy of a
link to a sealed record, and, with --history, a disclosure. It uses no network and needs
no key. The file - is the standard input.

A file can only prove itself. So say what you expect, from your contract and not from
the file (--customer, --resource, --period), and bring what you know from elsewhere:
the public record (--anchor, from "pacspace anchor get"), the root on the invoice
(--root-file, or --ask-root), your own list of deltas (--own, as CSV with the columns
referenceId and delta, or as JSON lines), the end of the last check (--anchor, from
--save-anchor).

It exits with 0 only for "verified". "Consistent" is 3: nothing is wrong, and something
rests on the file or the invoice; the report says what. A sealed record is never more
than consistent, since the ledger is not read. With several files the worst counts.`,
		Example: `  pacspace verify acme-2026-02.jsonl --customer customer_acme --resource compute-minutes --period 2026-02 --environment test --anchor acme-2026-02.anchor
  pacspace verify acme-2026-02.jsonl --customer customer_acme --resource compute-minutes --period 2026-02 --environment test --anchor acme-2026-02.anchor --own own.csv --brief
  pacspace verify - --environment test --root-file acme-2026-02.root < acme-2026-02.jsonl
  pacspace verify press-4.link-copy.json
  pacspace verify press-4.disclosure.json --history press-4.history.json`,
		Annotations: jsonHelp("files, each with file, kind (balance, record), verdict, exitCode, and report or error; exitCode of all. A report of a balance has verdict, checks, first, account, environment, period, usageDays, window, count, carried, startingBalance, balance, claimedBalance, netChange, root, scheme, levels, late, lateCount, undated, sources, completeness, limits"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrong(cmd, "the file is missing")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runVerify(args, &v) },
	}
	f := cmd.Flags()
	f.StringVar(&v.customer, "customer", "", "the customer's `id` with the vendor")
	f.StringVar(&v.resource, "resource", "", "`name` of what is counted, such as compute-minutes")
	f.StringVar(&v.unit, "unit", "", "`name` of one of it, where the deltas say so, such as minute")
	f.StringVar(&v.period, "period", "", "the billed `month`, such as 2026-02")
	f.StringVar(&v.firstDay, "first-day", "", "first billed usage `day`, where it is not a month, with --last-day")
	f.StringVar(&v.lastDay, "last-day", "", "last billed usage `day`")
	f.StringVar(&v.balance, "balance", "", "the `balance` on the invoice")
	f.StringVar(&v.variant, "variant", "", "`variant` of the hashing formula to hold the file to (default tries all)")
	environmentFlag(cmd, &v.environment)
	f.StringArrayVar(&v.anchors, "anchor", nil, "anchor `file`; may be given again")
	f.StringVar(&v.rootFile, "root-file", "", "`file` that holds the proof root on the invoice")
	f.BoolVar(&v.askRoot, "ask-root", false, "ask for the proof root on the invoice")
	f.StringVar(&v.own, "own", "", "`file` of the deltas that your own system saw, CSV or JSON lines")
	f.BoolVar(&v.partial, "own-partial", false, "your own system saw only some of the usage")
	f.StringVar(&v.history, "history", "", "seal history `file` of the record that a disclosure is about")
	f.StringVar(&v.saveAnchor, "save-anchor", "", "`file` to keep the end of this check in, an anchor of the next one")
	f.BoolVar(&v.force, "force", false, "replace a file that exists")
	f.BoolVar(&v.brief, "brief", false, "one line for each file")
	cmd.MarkFlagsMutuallyExclusive("root-file", "ask-root")
	cmd.MarkFlagsRequiredTogether("first-day", "last-day")
	cmd.MarkFlagsMutuallyExclusive("period", "first-day")
	return cmd
}

// checkedFile is what became of one file.
type checkedFile struct {
	File     string `json:"file"`
	Kind     string `json:"kind,omitempty"` // balance or record
	Verdict  string `json:"verdict,omitempty"`
	ExitCode int    `json:"exitCode"`
	Report   any    `json:"report,omitempty"`
	Error    string `json:"error,omitempty"`

	line, text string
	balance    *proof.Report
}

func (a *app) runVerify(files []string, v *verifying) error {
	if v.saveAnchor != "" && len(files) > 1 {
		return fmt.Errorf("--save-anchor keeps the end of one file; verify them one by one")
	}
	expect, err := v.expect()
	if err != nil {
		return err
	}
	anchors, err := a.knownFrom(v)
	if err != nil {
		return err
	}
	var all []checkedFile
	code := codeOK
	for _, name := range files {
		c := a.verifyFile(name, v, expect, anchors)
		code = worse(code, c.ExitCode)
		all = append(all, c)
	}
	if err := a.show(struct {
		Files    []checkedFile `json:"files"`
		ExitCode int           `json:"exitCode"`
	}{all, code}, a.verifyText(all, v.brief)); err != nil {
		return err
	}
	for _, c := range all {
		if c.balance != nil && c.balance.First != nil && c.balance.First.Check == proof.CheckEnvironment {
			a.hint(fmt.Sprintf("%s is of the %s environment; where that is what you expect, say --environment %s", c.File, c.balance.Environment, c.balance.Environment))
		}
	}
	if v.saveAnchor != "" {
		if err := saveEnd(all[0].balance, v); err != nil {
			return err
		}
	}
	return ended(code)
}

func (v *verifying) expect() (proof.Expect, error) {
	e := proof.Expect{
		CustomerID: v.customer, Resource: v.resource, Unit: v.unit, Period: usage.Period(v.period), Variant: proof.Variant(v.variant),
	}
	var err error
	if e.Environment, err = environment(v.environment); err != nil {
		return e, err
	}
	if v.balance != "" {
		balance, err := quantity("balance", v.balance)
		if err != nil {
			return e, err
		}
		e.Balance = &balance
	}
	if v.firstDay != "" {
		if e.Days.First, err = usage.ParseDate(v.firstDay); err != nil {
			return e, fmt.Errorf("--first-day: %w", err)
		}
		if e.Days.Last, err = usage.ParseDate(v.lastDay); err != nil {
			return e, fmt.Errorf("--last-day: %w", err)
		}
	}
	return e, nil
}

// knownFrom reads what the checker brings.
func (a *app) knownFrom(v *verifying) ([]proof.Anchor, error) {
	var anchors []proof.Anchor
	for _, name := range v.anchors {
		in, err := a.open(name)
		if err != nil {
			return nil, err
		}
		anchor, err := proof.ReadAnchor(in)
		in.close()
		if err != nil {
			return nil, fmt.Errorf("the anchor %s: %w", name, err)
		}
		anchors = append(anchors, anchor)
	}
	if v.rootFile != "" || v.askRoot {
		root, err := a.rootHash(v.rootFile)
		if err != nil {
			return nil, err
		}
		anchors = append(anchors, proof.InvoiceRoot{Root: root})
	}
	if v.own != "" {
		in, err := a.open(v.own)
		if err != nil {
			return nil, err
		}
		defer in.close()
		own, err := proof.CollectOwn(ownDeltas(in, proof.CSVColumns{}))
		if err != nil {
			return nil, fmt.Errorf("your own list %s: %w", v.own, err)
		}
		own.Partial = v.partial
		anchors = append(anchors, own)
	}
	return anchors, nil
}

func (a *app) verifyFile(name string, v *verifying, expect proof.Expect, anchors []proof.Anchor) checkedFile {
	c := checkedFile{File: name}
	refuse := func(err error) checkedFile {
		c.ExitCode, c.Error = codeUnusable, oneLine(err)
		c.line = "no verdict: " + strings.TrimPrefix(c.Error, "pacspace: ")
		c.text = c.line + "\n"
		return c
	}
	in, err := a.open(name)
	if err != nil {
		return refuse(err)
	}
	defer in.close()
	file, err := filekind.Open(in)
	if err != nil {
		return refuse(err)
	}
	switch {
	case v.history != "":
		result, err := a.verifyDisclosure(file, v.history)
		if err != nil {
			return refuse(err)
		}
		return c.record(result)
	case file.Kind == sealed.SchemaLinkCopy:
		return c.record(sealed.VerifyLinkCopy(file.Whole))
	case file.Evidence == nil:
		return refuse(notEvidence(file))
	}
	r, err := proof.Verify(file.Evidence, expect, anchors...)
	if err != nil {
		return refuse(err)
	}
	c.Kind, c.Verdict, c.Report, c.balance = "balance", string(r.Verdict), r, r
	c.ExitCode = map[proof.Verdict]int{proof.Verified: codeOK, proof.DoesNotMatch: codeDoesNotMatch, proof.Consistent: codeIncomplete, proof.Incomplete: codeIncomplete}[r.Verdict]
	c.line, c.text = r.String(), r.Text()
	return c
}

// notEvidence says what is wrong with a file for evidence, which it may be meant to be.
func notEvidence(file *filekind.File) error {
	switch file.Kind {
	case proof.AnchorFormat:
		return fmt.Errorf("it is an anchor; name the evidence, and give this as --anchor")
	case sealed.SchemaDisclosureV1, sealed.SchemaDisclosureV2, sealed.SchemaHistory:
		return fmt.Errorf("a %s is one half of what is needed; give the other half, disclosure or history, as --history", file.Kind)
	}
	why := fmt.Errorf("it is neither %s nor %s", proof.EvidenceFormat, sealed.SchemaLinkCopy)
	if _, err := proof.NewReader(bytes.NewReader(file.Whole)); err != nil {
		why = fmt.Errorf("%w; as evidence it is refused: %w", why, err)
	}
	return why
}

// verifyDisclosure takes the two halves in either order.
func (a *app) verifyDisclosure(first *filekind.File, history string) (*sealed.Result, error) {
	other, err := a.open(history)
	if err != nil {
		return nil, err
	}
	defer other.close()
	second, err := filekind.Open(other)
	if err != nil {
		return nil, err
	}
	if first.Kind == sealed.SchemaHistory {
		first, second = second, first
	}
	if first.Evidence != nil || second.Evidence != nil {
		return nil, fmt.Errorf("evidence has no history; leave --history out")
	}
	return sealed.VerifyDisclosure(second.Whole, first.Whole), nil
}

func (c checkedFile) record(r *sealed.Result) checkedFile {
	c.Kind, c.Verdict, c.Report = "record", string(r.Verdict()), r
	c.ExitCode = map[sealed.Verdict]int{sealed.Consistent: codeIncomplete, sealed.Incomplete: codeIncomplete, sealed.DoesNotMatch: codeDoesNotMatch, sealed.Unreadable: codeUnusable}[r.Verdict()]
	c.line, c.text = r.String(), r.Text()
	return c
}

// verifyText colours the first line of each report, which has its verdict.
func (a *app) verifyText(files []checkedFile, brief bool) string {
	var b strings.Builder
	for i, c := range files {
		text := c.text
		if brief {
			text = c.line + "\n"
		}
		first, rest, _ := strings.Cut(text, "\n")
		switch {
		case len(files) > 1 && brief:
			b.WriteString(c.File + ": ")
		case len(files) > 1:
			if i > 0 {
				b.WriteString("\n")
			}
			b.WriteString(c.File + "\n")
		}
		b.WriteString(a.coloured(first, colourOf(c.ExitCode)) + "\n" + rest)
	}
	return b.String()
}

func saveEnd(r *proof.Report, v *verifying) error {
	if r == nil {
		return fmt.Errorf("--save-anchor: only evidence of a balance has an end to keep")
	}
	end, err := r.Anchor()
	if err != nil {
		return err
	}
	return save(v.saveAnchor, secretMode, v.force, func(w io.Writer) error { return proof.WriteAnchor(w, end) })
}
