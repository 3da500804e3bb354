package interop

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/record"
)

// callsOfRecords makes each call of the official SDK about records with ours.
var callsOfRecords = map[string]func(context.Context, *pacspace.Client, requestInput, *said) (answered, error){
	"records.emit": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		record, p := g.text("record", in.Kwargs["record"]), g.entry(in.Kwargs)
		records, opts := g.records(c, in.Kwargs["record_type"]), g.readOptions(in)
		if g.err != nil {
			return nil, g.err
		}
		return records.Emit(ctx, record, p, opts...)
	},
	"records.receipt": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		record, entry := g.text("record", in.arg(0)), g.number("entry", in.arg(1))
		records, opts := g.records(c, in.either(2, "record_type")), g.readOptions(in)
		if g.err != nil {
			return nil, g.err
		}
		r, err := records.Receipt(ctx, record, entry, opts...)
		if err != nil {
			return nil, err
		}
		if r.Status == "" {
			return r, nil // the answer held none
		}
		return rawAnswer(`{"receipt":` + string(r.RawJSON()) + `}`), nil
	},
	"records.history": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		return g.history(ctx, c, in, (*pacspace.RecordService).HistoryPage)
	},
	"records.bundle": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		return g.history(ctx, c, in, (*pacspace.RecordService).BundlePage)
	},
	"records.grants.create": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		k := in.Kwargs
		p := pacspace.GrantParams{
			Kind: pacspace.GrantKind(g.text("kind", k["kind"])), RecipientEmail: g.optional("recipientEmail", k["recipient_email"]),
			CounterpartyWorkspaceID: g.optional("counterpartyWorkspaceId", k["counterparty_workspace_id"]), Authorizes: k["authorizes"],
			TTLHours: g.intPtr("ttlHours", k["ttl_hours"]), MaxUses: g.intPtr("maxUses", k["max_uses"]), Label: g.optional("label", k["label"]),
		}
		record, records := g.optional("record", k["record"]), g.records(c, k["record_type"])
		if g.err != nil {
			return nil, g.err
		}
		return records.CreateGrant(ctx, record, p)
	},
	"records.grants.list": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		name := in.Kwargs["record"]
		if id := in.Kwargs["wire_record_id"]; id != nil {
			name = id // an encrypted record's name on the wire is a name like any other
		}
		record := g.text("record", name)
		if g.err != nil {
			return nil, g.err
		}
		_, err := c.Records.Grants(ctx, record)
		return rawAnswer(`{}`), err
	},
	"records.grants.revoke": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		record, id := g.text("record", in.Kwargs["record"]), g.text("grantId", in.Kwargs["grant_id"])
		records := g.records(c, in.Kwargs["record_type"])
		if g.err != nil {
			return nil, g.err
		}
		return records.RevokeGrant(ctx, record, id)
	},
	"records.open": func(ctx context.Context, c *pacspace.Client, in requestInput, g *said) (answered, error) {
		link, code := g.text("link", in.arg(0)), g.optional("accessCode", in.either(1, "access_code"))
		if g.err != nil {
			return nil, g.err
		}
		opened, err := c.Public.OpenLink(ctx, link, code)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(map[string]any{"handle": opened.Handle, "sealHistory": opened.History, "disclosure": opened.Disclosure, "entries": []any{}})
		return rawAnswer(text), err
	},

	// Encrypted records have no methods here: their endpoints are reached raw.
	"records.holders.list":   raw(http.MethodGet, "/api/v1/records/encryption/holders"),
	"records.holdings.list":  raw(http.MethodGet, "/api/v1/records/encryption/holdings"),
	"records.holders.remove": raw(http.MethodDelete, "/api/v1/records/encryption/holders/"),
	"records.keep_copy":      noMethod,
	"records.record_key":     noMethod,
	"records.rekey":          noMethod,
	"records.wire_id":        noMethod,
}

// rawAnswer is an answer as JSON text.
type rawAnswer string

func (a rawAnswer) RawJSON() json.RawMessage { return json.RawMessage(a) }

func raw(method, path string) func(context.Context, *pacspace.Client, requestInput, *said) (answered, error) {
	return func(ctx context.Context, c *pacspace.Client, in requestInput, _ *said) (answered, error) {
		id, _ := in.arg(0).(string)
		var out json.RawMessage
		err := c.Do(ctx, method, path+url.PathEscape(id), nil, &out)
		return rawAnswer(out), err
	}
}

func noMethod(_ context.Context, _ *pacspace.Client, _ requestInput, g *said) (answered, error) {
	g.not("call", "encrypted records have no methods here")
	return nil, g.err
}

// either is an argument that may stand by place or by name.
func (in requestInput) either(place int, name string) any {
	if v, ok := in.Kwargs[name]; ok {
		return v
	}
	if _, isOptions := in.arg(place).(map[string]any); isOptions {
		return nil
	}
	return in.arg(place)
}

func (g *said) records(c *pacspace.Client, recordType any) *pacspace.RecordService {
	return c.Records.OfType(g.optional("recordType", recordType))
}

// readOptions are the options of a call and its grant.
func (g *said) readOptions(in requestInput) []pacspace.CallOption {
	opts := g.options(in.options())
	if grant := in.Kwargs["grant"]; grant != nil {
		opts = append(opts, pacspace.WithGrant(g.text("grant", grant)))
	}
	return opts
}

func (g *said) history(
	ctx context.Context, c *pacspace.Client, in requestInput,
	call func(*pacspace.RecordService, context.Context, string, pacspace.EntryRange, ...pacspace.CallOption) (*pacspace.RecordHistory, error),
) (answered, error) {
	record := g.optional("record", in.arg(0))
	r := pacspace.EntryRange{From: g.end("from_entry", in.either(1, "from_entry")), To: g.end("to_entry", in.either(2, "to_entry"))}
	records, opts := g.records(c, in.either(3, "record_type")), g.readOptions(in)
	if g.err != nil {
		return nil, g.err
	}
	page, err := call(records, ctx, record, r, opts...)
	if err != nil {
		return nil, err
	}
	if page.NextEntry == 0 {
		return page, nil
	}
	// The official SDK adds the header to the body, as the number that it is on the wire.
	text := page.RawJSON()
	text = append(text[:len(text)-1], `,"nextFromSeq":`+strconv.Itoa(page.NextEntry-1)+`}`...)
	return rawAnswer(text), nil
}

// end is one end of a range. An explicit 0, which the official SDK refuses, is how Go
// leaves an end open.
func (g *said) end(field string, v any) int {
	n := g.number(field, v)
	if v != nil && n == 0 {
		g.not(field, "0 leaves it open")
	}
	return n
}

// number is a number that is written without a point; nothing is 0.
func (g *said) number(field string, v any) int {
	if v == nil {
		return 0
	}
	return int(g.whole(field, v))
}

func (g *said) intPtr(field string, v any) *int {
	if v == nil {
		return nil
	}
	return new(g.number(field, v))
}

// entry reads the arguments of emit. Payloads with other fields than a reference has make
// the content one of the caller's own.
func (g *said) entry(k map[string]any) pacspace.EntryParams {
	occurred, err := time.Parse(time.RFC3339, g.text("occurredAt", k["occurred_at"]))
	if err != nil {
		g.not("occurredAt", "not a time")
	}
	p := pacspace.EntryParams{
		Title: g.text("title", k["title"]), OccurredAt: occurred, ActorID: g.text("actorId", k["actor_id"]),
		Kind: g.optional("kind", k["kind"]), InstructedBy: g.optional("instructedBy", k["instructed_by"]),
		Description: g.optional("description", k["description"]), Note: g.optional("note", k["note"]),
		Lifecycle: g.optional("lifecycle", k["lifecycle"]), ReferenceID: g.optional("referenceId", k["idempotency_key"]),
	}
	references, _ := k["references"].([]any)
	for i, ref := range references {
		p.References = append(p.References, g.entryRef("references["+strconv.Itoa(i)+"]", ref))
	}
	if k["amends"] != nil {
		p.Amends = new(g.entryRef("amends", k["amends"]))
	}
	payloads, _ := k["payloads"].([]any)
	plain := true
	for _, payload := range payloads {
		ref, _ := payload.(map[string]any)
		plain = plain && len(ref) == 3
		p.Payloads = append(p.Payloads, record.PayloadRef{Alg: g.text("alg", ref["alg"]), Digest: g.text("digest", ref["digest"]), ByteLength: g.text("byteLength", ref["byteLength"])})
	}
	if plain {
		return p
	}
	return pacspace.EntryParams{Lifecycle: p.Lifecycle, ReferenceID: p.ReferenceID, Content: map[string]any{
		"title": k["title"], "occurredAt": k["occurred_at"], "actorId": k["actor_id"], "payloads": payloads,
	}}
}

// entryRef reads a reference. A seq is one less than the entry that it names.
func (g *said) entryRef(field string, v any) pacspace.EntryRef {
	m, _ := v.(map[string]any)
	ref := pacspace.EntryRef{RecordKey: g.optional(field+".recordKey", m["recordKey"])}
	if entry, ok := m["entry"]; ok {
		ref.Entry = g.number(field+".entry", entry)
	} else if seq, ok := m["seq"]; ok {
		ref.Entry = g.number(field+".seq", seq) + 1
	}
	return ref
}
