package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

// emitting is what was asked of emit.
type emitting struct {
	day, used           string // usage of a day
	late                int
	delta, reason       string // any delta
	reference, adjusts  string
	resource, unit      string
	metadata            []string
	metadataFile        string
	file                string // many deltas
	submissions         string
	wait                bool
	vendor, idempotency string
	firstSent           string
}

func (a *app) emit() *cobra.Command {
	var e emitting
	cmd := a.keyed(&cobra.Command{
		Use:   "emit [customer]",
		Short: "Record deltas: a day's usage, any change, or a file of them",
		Long: `Emit records one delta, or with --file many.

A day's usage needs --day and --used. Its reference and reason follow from customer
and day, so the same command again is the same request and counts once. Any other
delta needs --delta, --reason and --reference. Usage is a negative delta: --used 50
records -50.

Where an earlier try ended with code 4, outcome unknown, and lies hours back, say when
it was made: with --first-sent the delta is looked for before anything is sent, and sent
again only while the service must still know the first request. Where neither settles
it, it stays unknown for a person.

A file holds one JSON object on each line, with customerId, delta, reason,
referenceId, and where wanted metadata and adjusts. It is sent in batches of 100.

What was hashed is what was sent, and the service does not list all of it. So keep
what is sent: --submissions FILE adds each delta to a file before it is sent, for
"pacspace close". A file given as --file is such a file already.`,
		Example: `  pacspace emit customer_acme --day 2026-02-01 --used 50 --resource compute-minutes --submissions acme.sent.jsonl
  pacspace emit customer_prepaid --delta 1000 --reason top_up --reference topup:1 --metadata invoice=2026-7 --wait
  pacspace emit --file february.jsonl`,
		Annotations: jsonHelp("deltas, each with outcome (accepted, refused, unknown), customerId, delta, referenceId, status, recordId, receiptId, idempotencyKey, error; counts: accepted, refused, unknown"),
		Args:        atMost("customer"),
		RunE:        func(cmd *cobra.Command, args []string) error { return a.runEmit(cmd, args, &e) },
	})
	f := cmd.Flags()
	f.StringVar(&e.day, "day", "", "usage `day`, such as 2026-02-01 (UTC)")
	f.StringVar(&e.used, "used", "", "what was used on that day, as a `quantity` in the account's unit")
	f.IntVar(&e.late, "late", 0, "`number` of a lot of usage that came after the day was settled, from 1")
	f.StringVar(&e.delta, "delta", "", "the change of the balance, a signed `quantity`")
	f.StringVar(&e.reason, "reason", "", "why, in a few `words` that people see")
	f.StringVar(&e.reference, "reference", "", "your own `name` of this delta, the same on every try")
	f.StringVar(&e.adjusts, "adjusts", "", "the `reference` of the delta that this one corrects")
	f.StringVar(&e.resource, "resource", "", "`name` of what is counted, such as compute-minutes; becomes metadata.resource")
	f.StringVar(&e.unit, "unit", "", "`name` of one of it, such as minute; becomes metadata.unit")
	f.StringArrayVar(&e.metadata, "metadata", nil, "further metadata as `name=text`; may be given again")
	f.StringVar(&e.metadataFile, "metadata-file", "", "`file` with metadata as a JSON object")
	f.StringVar(&e.file, "file", "", "`file` of deltas, one JSON object a line; - is the standard input")
	f.StringVar(&e.submissions, "submissions", "", "`file` that keeps what is sent")
	f.BoolVar(&e.wait, "wait", false, "wait until the delta is verified, for a minute at most")
	f.StringVar(&e.idempotency, "idempotency-key", "", "`key` of the request in place of the reference")
	f.StringVar(&e.firstSent, "first-sent", "", "`time` of an earlier try whose outcome is unknown: look for the delta first")
	f.StringVar(&e.vendor, "vendor-account", "", "vendor account `id`, for middleware tenants only")
	cmd.MarkFlagsRequiredTogether("day", "used")
	cmd.MarkFlagsMutuallyExclusive("first-sent", "wait")
	cmd.MarkFlagsMutuallyExclusive("day", "delta", "file")
	cmd.MarkFlagsOneRequired("day", "delta", "file")
	for _, one := range []string{"reason", "reference", "adjusts"} {
		cmd.MarkFlagsMutuallyExclusive(one, "day")
		cmd.MarkFlagsMutuallyExclusive(one, "file")
	}
	for _, one := range []string{"resource", "unit", "metadata", "metadata-file", "idempotency-key", "vendor-account", "submissions", "wait", "first-sent"} {
		cmd.MarkFlagsMutuallyExclusive(one, "file")
	}
	return cmd
}

// sentDelta is what became of one delta.
type sentDelta struct {
	Outcome        pacspace.Outcome `json:"outcome"`
	CustomerID     string           `json:"customerId"`
	Delta          pacspace.Decimal `json:"delta"`
	ReferenceID    string           `json:"referenceId,omitempty"`
	Status         pacspace.Status  `json:"status,omitempty"`
	RecordID       string           `json:"recordId,omitempty"`
	ReceiptID      string           `json:"receiptId,omitempty"`
	IdempotencyKey string           `json:"idempotencyKey,omitempty"`
	Error          string           `json:"error,omitempty"`
}

// emitted is the result of emit.
type emitted struct {
	Deltas   []sentDelta `json:"deltas"`
	Accepted int         `json:"accepted"`
	Refused  int         `json:"refused"`
	Unknown  int         `json:"unknown"`
}

func (e *emitted) add(d sentDelta) {
	e.Deltas = append(e.Deltas, d)
	switch d.Outcome {
	case pacspace.OutcomeAccepted:
		e.Accepted++
	case pacspace.OutcomeRefused:
		e.Refused++
	default:
		e.Unknown++
	}
}

func (a *app) runEmit(cmd *cobra.Command, args []string, e *emitting) error {
	client, err := a.client()
	if err != nil {
		return err
	}
	defer client.Close()
	if e.file != "" {
		if len(args) > 0 {
			return wrong(cmd, "a file names the customer of each delta; leave the argument out")
		}
		return a.emitFile(cmd.Context(), client, e.file)
	}
	if len(args) == 0 {
		return wrong(cmd, "the customer is missing")
	}
	deltas, err := a.deltasOf(args[0], e)
	if err != nil {
		return err
	}
	if e.submissions != "" {
		if err := a.keepSubmissions(e.submissions, deltas); err != nil {
			return err
		}
	}
	return a.emitEach(cmd, client, deltas, e)
}

// deltasOf makes the deltas that were asked for: one in nearly every case.
func (a *app) deltasOf(customer string, e *emitting) ([]pacspace.DeltaParams, error) {
	metadata, err := a.metadataOf(e)
	if err != nil {
		return nil, err
	}
	if e.day != "" {
		day, err := usage.ParseDate(e.day)
		if err != nil {
			return nil, fmt.Errorf("--day: %w", err)
		}
		used, err := quantity("used", e.used)
		if err != nil {
			return nil, err
		}
		deltas, err := pacspace.UsageDeltas(pacspace.Reference{CustomerID: customer, Day: day, Late: e.late}, used, metadata)
		for i := range deltas {
			deltas[i].VendorAccountID = e.vendor
		}
		return deltas, err
	}
	amount, err := quantity("delta", e.delta)
	if err != nil {
		return nil, err
	}
	d := pacspace.DeltaParams{CustomerID: customer, Delta: amount, Reason: e.reason, ReferenceID: e.reference, Metadata: metadata, VendorAccountID: e.vendor}
	if e.adjusts != "" {
		d.Adjusts = &pacspace.Adjusts{ReferenceID: e.adjusts}
	}
	return []pacspace.DeltaParams{d}, nil
}

func (a *app) metadataOf(e *emitting) (pacspace.Metadata, error) {
	var m pacspace.Metadata
	if e.metadataFile != "" {
		if err := a.readJSON(e.metadataFile, &m); err != nil {
			return nil, err
		}
	}
	set := func(name, value string) {
		if m == nil {
			m = pacspace.Metadata{}
		}
		m[name] = value
	}
	for _, pair := range e.metadata {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--metadata: %q is not name=text", pair)
		}
		set(name, value)
	}
	if e.resource != "" {
		set("resource", e.resource)
	}
	if e.unit != "" {
		set("unit", e.unit)
	}
	return m, nil
}

func (a *app) emitEach(cmd *cobra.Command, client *pacspace.Client, deltas []pacspace.DeltaParams, e *emitting) error {
	var out emitted
	code := codeOK
	var failed error
	for _, p := range deltas {
		d, err := e.send(cmd.Context(), client, p)
		if d == nil {
			failed = err
			break
		}
		row := sentDelta{
			Outcome: pacspace.OutcomeAccepted, CustomerID: p.CustomerID, Delta: p.Delta, ReferenceID: p.ReferenceID,
			Status: d.Status, RecordID: d.RecordID, ReceiptID: d.ReceiptID, IdempotencyKey: d.IdempotencyKey, Error: d.Error,
		}
		switch {
		case err != nil: // it was accepted, and not seen to be verified
			code = worse(code, codeIncomplete)
			row.Error = oneLine(err)
		case d.Status.Is(pacspace.StatusFailed):
			code = worse(code, codeDoesNotMatch)
		}
		out.add(row)
	}
	if len(out.Deltas) > 0 || failed == nil {
		if err := a.show(out, out.text()); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed
	}
	return ended(code)
}

// send sends one delta, or finds out what became of an earlier try.
func (e *emitting) send(ctx context.Context, client *pacspace.Client, p pacspace.DeltaParams) (*pacspace.Delta, error) {
	if e.firstSent != "" {
		at, err := instant("first-sent", e.firstSent)
		if err != nil {
			return nil, err
		}
		return client.Balance.Resolve(ctx, pacspace.ResolveParams{Delta: p, FirstSent: at, IdempotencyKey: e.idempotency})
	}
	var opts []pacspace.CallOption
	if e.idempotency != "" {
		opts = append(opts, pacspace.WithIdempotencyKey(e.idempotency))
	}
	if e.wait {
		return client.Balance.EmitAndWait(ctx, p, opts...)
	}
	return client.Balance.Emit(ctx, p, opts...)
}

func (e *emitted) text() string {
	if len(e.Deltas) == 0 {
		return "nothing to send: the usage is zero\n"
	}
	var b strings.Builder
	const shown = 20 // of a file, whose other lines are as expected
	several := len(e.Deltas) > shown
	table := [][]string{}
	for _, d := range e.Deltas {
		if several && d.Outcome == pacspace.OutcomeAccepted {
			continue
		}
		said := strings.ToLower(string(d.Status))
		if said != "" && !d.Status.Final() {
			said += ", counts once verified"
		}
		if d.Error != "" {
			said = strings.TrimSpace(said + " (" + d.Error + ")")
		}
		table = append(table, []string{string(d.Outcome), d.Delta.String(), d.ReferenceID, d.RecordID, said})
	}
	b.WriteString(rows(table...))
	if len(e.Deltas) > 1 {
		fmt.Fprintf(&b, "%d accepted, %d refused, %d unknown\n", e.Accepted, e.Refused, e.Unknown)
	}
	return b.String()
}
