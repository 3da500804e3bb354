package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go"
)

// calls makes each call of the official SDK with ours. What Go's types cannot say is an
// error before anything is sent.
var calls = map[string]func(context.Context, *pacspace.Client, requestInput, *said) (answered, error){
	"balance.emit": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		p, opts := g.delta(in)
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.Emit(ctx, p, opts...)
	},
	"balance.emit_and_wait": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		p, opts := g.delta(in)
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.EmitAndWait(ctx, p, opts...)
	},
	"balance.flush_summaries": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		deltas := g.summaries(in)
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.EmitBatch(ctx, deltas)
	},
	"balance.delta_status":      deltaStatus,
	"balance.get_record_status": deltaStatus,
	"balance.wait_for_verified": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		id, opts := g.text("recordId", in.arg(0)), g.options(in.options())
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.Wait(ctx, id, opts...)
	},
	"balance.derive": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		return g.derive(ctx, c, in, g.scope(in.options()))
	},
	"balance.derive_current_month": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		return g.derive(ctx, c, in, pacspace.CurrentMonth())
	},
	"balance.derive_for_period": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		o := maps.Clone(in.options())
		if o == nil {
			o = map[string]any{}
		}
		o["period"] = in.arg(1)
		return g.derive(ctx, c, in, g.scope(o))
	},
	"balance.derive_months_back": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		now, err := time.Parse(time.RFC3339, in.Now)
		if err != nil {
			return nil, err
		}
		return g.derive(ctx, c, in, pacspace.MonthsBack(int(g.whole("months", in.arg(1))), now))
	},
	"balance.compare": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		views, _ := in.arg(1).(map[string]any)
		p := pacspace.CompareParams{
			CustomerID: g.optional("customerId", in.arg(0)),
			Yours:      g.decimal("yours", views["yours"]), Theirs: g.decimal("theirs", views["theirs"]),
			Scope: g.scope(in.options()),
		}
		opts := g.options(in.options())
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.Compare(ctx, p, opts...)
	},
	"balance.checkpoint": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		o := in.options()
		p := pacspace.CheckpointParams{
			CustomerID: g.optional("customerId", in.arg(0)), Scope: g.scope(o),
			Mode: g.optional("mode", o["mode"]), Fingerprints: g.texts("fingerprints", o["fingerprints"]),
		}
		opts := g.options(o)
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.Checkpoint(ctx, p, opts...)
	},
	"balance.list_checkpoints": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		o := in.options()
		p := pacspace.CheckpointsParams{CustomerID: g.optional("customerId", o["customerId"]), Scope: g.scope(o)}
		page, opts := g.page(o), g.options(o)
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.CheckpointsPage(ctx, p, page, opts...)
	},
	"balance.receipt": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		o := in.options()
		call := c.Receipts.Scoped
		for _, field := range []string{"period", "timePreset", "startDate", "endDate"} {
			if o[field] != nil {
				call = c.Receipts.InvoiceProof
			}
		}
		return g.receipt(ctx, in, call)
	},
	"balance.invoice_proof": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		return g.receipt(ctx, in, c.Receipts.InvoiceProof)
	},
	"balance.usage": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		opts := g.options(in.options())
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.Usage(ctx, opts...)
	},
	"balance.gaps": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		o := in.options()
		id, opts := g.text("customerId", in.arg(0)), g.options(o)
		p := pacspace.GapsParams{
			FromSequence: g.wholePtr("fromSequence", o["fromSequence"]),
			ToSequence:   g.wholePtr("toSequence", o["toSequence"]),
			Limit:        g.int("limit", o["limit"]),
		}
		if g.err != nil {
			return nil, g.err
		}
		return c.Balance.Gaps(ctx, id, p, opts...)
	},
	"balance.customers": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		o := in.options()
		p := pacspace.CustomersParams{Page: g.int("page", o["page"]), Limit: g.int("limit", o["limit"]), Search: g.optional("search", o["search"])}
		opts := g.options(o)
		if g.err != nil {
			return nil, g.err
		}
		return c.Customers.Page(ctx, p, opts...)
	},
	"balance.customer": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		o := in.options()
		id, opts := g.text("customerId", in.arg(0)), g.options(o)
		p := pacspace.ActivityParams{
			DeltaPage: g.int("deltaPage", o["deltaPage"]), DeltaLimit: g.int("deltaLimit", o["deltaLimit"]),
			Period: pacspace.Period(g.optional("period", o["period"])),
		}
		if g.err != nil {
			return nil, g.err
		}
		return c.Customers.Get(ctx, id, p, opts...)
	},
	"customers.create": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		k := in.Kwargs
		p := pacspace.CustomerParams{
			DisplayName: g.text("displayName", k["display_name"]), CustomerID: g.optional("customerId", k["customer_id"]),
			SharingStateHint: g.optional("sharingStateHint", k["sharing_state_hint"]),
			EventCadence:     g.optional("eventCadence", k["event_cadence"]), UnitLabel: g.optional("unitLabel", k["unit_label"]),
		}
		opts := g.options(in.options())
		if g.err != nil {
			return nil, g.err
		}
		return c.Customers.Create(ctx, p, opts...)
	},
	"balance.list_webhook_deliveries": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		o := in.options()
		p := pacspace.DeliveriesParams{Status: g.optional("status", o["status"])}
		page, opts := g.page(o), g.options(o)
		if g.err != nil {
			return nil, g.err
		}
		return c.Webhooks.DeliveriesPage(ctx, p, page, opts...)
	},
	"balance.retry_webhook": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		id, opts := g.text("eventId", in.arg(0)), g.options(in.options())
		if g.err != nil {
			return nil, g.err
		}
		return c.Webhooks.Retry(ctx, id, opts...)
	},
	"verify": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		root, source := g.text("proofRoot", in.arg(0)), g.optional("source", in.Kwargs["source"])
		if g.err != nil {
			return nil, g.err
		}
		return c.Public.Verify(ctx, root, pacspace.Source(source))
	},
}

func deltaStatus(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
	id, opts := g.text("recordId", in.arg(0)), g.options(in.options())
	if g.err != nil {
		return nil, g.err
	}
	return c.Balance.Status(ctx, id, opts...)
}

// arg is a positional argument, nil where it is not given.
func (in requestInput) arg(i int) any {
	if i < len(in.Args) {
		return in.Args[i]
	}
	return nil
}

// options are a call's options: the last argument where it is an object, but for the two
// views of compare.
func (in requestInput) options() map[string]any {
	if o, ok := in.Kwargs["options"].(map[string]any); ok {
		return o
	}
	first := 0
	if in.Call == "balance.compare" {
		first = 2
	}
	if len(in.Args) > first {
		o, _ := in.Args[len(in.Args)-1].(map[string]any)
		return o
	}
	return nil
}

// customer is whom the call is about, where it must name one or does.
func (in requestInput) customer() (id string, ok bool) {
	switch in.Call {
	case "balance.list_checkpoints":
		id, ok = in.options()["customerId"].(string)
	case "customers.create":
		id, ok = in.Kwargs["customer_id"].(string)
		return id, ok && id != ""
	case "balance.compare", "balance.checkpoint":
		id, ok = in.arg(0).(string)
		return id, ok && id != ""
	case "balance.derive", "balance.derive_current_month", "balance.derive_for_period", "balance.derive_months_back",
		"balance.emit", "balance.emit_and_wait", "balance.gaps", "balance.receipt", "balance.invoice_proof", "balance.customer":
		id, ok = in.arg(0).(string)
	}
	return id, ok
}

// rename puts another customer into the call.
func (in requestInput) rename(id string) {
	switch in.Call {
	case "balance.list_checkpoints":
		in.options()["customerId"] = id
	case "customers.create":
		in.Kwargs["customer_id"] = id
	default:
		in.Args[0] = id
	}
}

// said reads what Python was given as Go's types can say it, and keeps the first thing
// that they cannot.
type said struct{ err error }

func (g *said) not(field, what string) {
	if g.err == nil {
		g.err = fmt.Errorf("%s: %s", field, what)
	}
}

func (g *said) text(field string, v any) string {
	s, ok := v.(string)
	if !ok {
		g.not(field, "not a string")
	}
	return s
}

func (g *said) optional(field string, v any) string {
	if v == nil {
		return ""
	}
	return g.text(field, v)
}

func (g *said) texts(field string, v any) []string {
	list, ok := v.([]any)
	if v == nil {
		return nil
	}
	texts := make([]string, len(list))
	for i, element := range list {
		s, isText := element.(string)
		texts[i], ok = s, ok && isText
	}
	if !ok {
		g.not(field, "not a list of strings")
	}
	return texts
}

func (g *said) decimal(field string, v any) pacspace.Decimal {
	n, ok := v.(json.Number)
	if !ok {
		g.not(field, "not a number")
		return pacspace.Decimal{}
	}
	d, err := pacspace.ParseDecimal(n.String())
	if err != nil {
		g.not(field, err.Error())
	}
	return d
}

func (g *said) whole(field string, v any) int64 {
	n, ok := v.(json.Number)
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if !ok || err != nil {
		g.not(field, "not a whole number")
	}
	return i
}

func (g *said) wholePtr(field string, v any) *int64 {
	if v == nil {
		return nil
	}
	return new(g.whole(field, v))
}

func (g *said) int(field string, v any) int {
	if v == nil {
		return 0
	}
	return int(g.whole(field, v))
}

func (g *said) page(o map[string]any) pacspace.PageParams {
	return pacspace.PageParams{Limit: g.int("limit", o["limit"]), Offset: g.int("offset", o["offset"])}
}

// options reads the options of a call. What the official SDK takes and passes over is
// passed over here too.
func (g *said) options(o map[string]any) []pacspace.CallOption {
	var opts []pacspace.CallOption
	for _, name := range slices.Sorted(maps.Keys(o)) {
		v := o[name]
		if v == nil {
			continue
		}
		switch name {
		case "chainId":
			opts = append(opts, pacspace.WithChainID(g.whole(name, v)))
		case "creditPoolId":
			opts = append(opts, pacspace.WithCreditPool(fmt.Sprint(v)))
		case "idempotencyKey":
			opts = append(opts, pacspace.WithIdempotencyKey(g.text(name, v)))
		case "dashboardToken":
			opts = append(opts, pacspace.WithDashboardToken(g.text(name, v)))
		case "pollInterval":
			opts = append(opts, pacspace.WithPollInterval(time.Duration(g.whole(name, v))*time.Millisecond))
		case "headers":
			headers, _ := v.(map[string]any)
			for header, value := range headers {
				opts = append(opts, pacspace.WithHeader(header, g.text(header, value)))
			}
		}
	}
	return opts
}

// scope reads a scope. A Scope is one of several, so a mixture cannot be said.
func (g *said) scope(o map[string]any) pacspace.Scope {
	var scope pacspace.Scope
	kinds := 0
	if period := g.optional("period", o["period"]); period != "" {
		scope, kinds = pacspace.InPeriod(pacspace.Period(period)), kinds+1
	}
	if id := g.optional("startingCheckpoint", o["startingCheckpoint"]); id != "" {
		scope, kinds = pacspace.Since(id, g.optional("startingCheckpointType", o["startingCheckpointType"])), kinds+1
	}
	if preset := g.optional("timePreset", o["timePreset"]); preset == "current_month" {
		scope, kinds = pacspace.CurrentMonth(), kinds+1
	} else if preset != "" && preset != "custom" {
		g.not("timePreset", "no such preset")
	}
	if start, end := o["startDate"], o["endDate"]; start != nil || end != nil || o["timePreset"] == "custom" {
		if start == nil || end == nil {
			g.not("scope", "a span has two ends")
		}
		scope, kinds = pacspace.Between(g.instant("startDate", start), g.instant("endDate", end)), kinds+1
	}
	if kinds > 1 {
		g.not("scope", "one of a period, a span, the current month and a checkpoint")
	}
	if v := o["startingBalance"]; v != nil {
		scope = scope.StartingAt(g.decimal("startingBalance", v))
	}
	if v := o["granularity"]; v != nil {
		scope = scope.By(pacspace.Granularity(g.text("granularity", v)))
	}
	return scope
}

func (g *said) instant(field string, v any) time.Time {
	text, err := json.Marshal(v)
	if err == nil {
		var t time.Time
		if t, err = instant(text); err == nil {
			return t
		}
	}
	g.not(field, err.Error())
	return time.Time{}
}

func (g *said) derive(ctx context.Context, c *pacspace.Client, in requestInput, scope pacspace.Scope) (answered, error) {
	id, page, opts := g.text("customerId", in.arg(0)), g.page(in.options()), g.options(in.options())
	if g.err != nil {
		return nil, g.err
	}
	return c.Balance.DerivePage(ctx, id, scope, page, opts...)
}

func (g *said) receipt(ctx context.Context, in requestInput, call func(context.Context, string, pacspace.Scope, ...pacspace.CallOption) (*pacspace.InvoiceProof, error)) (answered, error) {
	id, scope, opts := g.text("customerId", in.arg(0)), g.scope(in.options()), g.options(in.options())
	if g.err != nil {
		return nil, g.err
	}
	return call(ctx, id, scope, opts...)
}

// delta reads the arguments of emit. Where they name no reference the call goes without
// one, as the official SDK's does.
func (g *said) delta(in requestInput) (pacspace.DeltaParams, []pacspace.CallOption) {
	o := in.options()
	p := pacspace.DeltaParams{
		CustomerID: g.text("customerId", in.arg(0)), Delta: g.decimal("delta", in.arg(1)), Reason: g.text("reason", in.arg(2)),
		ReferenceID: g.optional("referenceId", o["referenceId"]), VendorAccountID: g.optional("vendorAccountId", o["vendorAccountId"]),
	}
	if m, ok := o["metadata"].(map[string]any); ok {
		p.Metadata = m
	}
	if a, ok := o["adjusts"].(map[string]any); ok {
		p.Adjusts = &pacspace.Adjusts{ReferenceID: g.optional("adjusts", a["referenceId"]), RecordID: g.optional("adjusts", a["recordId"])}
	}
	opts := g.options(o)
	if p.ReferenceID == "" {
		opts = append(opts, pacspace.WithoutReferenceUnsafe())
	}
	return p, opts
}

// summaries makes the deltas that the official coordinator makes of summaries. Its queue,
// in which a window's last summary wins and from which some are taken, is not part of the
// client here.
func (g *said) summaries(in requestInput) []pacspace.DeltaParams {
	if len(in.Args) == 0 || in.Kwargs["maxItems"] != nil {
		g.not("summaries", "there is no queue in the client")
		return nil
	}
	windows := map[string]bool{}
	var deltas []pacspace.DeltaParams
	for _, arg := range in.Args {
		s, _ := arg.(map[string]any)
		window := pacspace.Window{Start: g.instant("windowStart", s["windowStart"]), End: g.instant("windowEnd", s["windowEnd"])}
		p := pacspace.DeltaParams{
			CustomerID: g.text("customerId", s["customerId"]), Delta: g.decimal("delta", s["delta"]),
			Reason: g.optional("reason", s["reason"]), ReferenceID: g.optional("referenceId", s["referenceId"]),
			Metadata: pacspace.Metadata{
				"summaryWindowStart": s["windowStart"], "summaryWindowEnd": s["windowEnd"],
				"summaryProfile": "daily", "submissionType": "tenant_summary",
			},
		}
		if p.Reason == "" {
			p.Reason = "usage_summary"
		}
		if p.ReferenceID == "" {
			var err error
			if p.ReferenceID, err = pacspace.SummaryReference(p.CustomerID, p.Delta, window); err != nil {
				g.err = errors.Join(g.err, err)
			}
		}
		if m, ok := s["metadata"].(map[string]any); ok {
			maps.Copy(p.Metadata, m)
		}
		key := p.CustomerID + "|" + window.String()
		if windows[key] {
			g.not("summaries", "there is no queue in the client")
		}
		windows[key] = true
		deltas = append(deltas, p)
	}
	return deltas
}
