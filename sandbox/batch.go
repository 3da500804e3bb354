package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// maxBatch is the most deltas of one request; the service's own bound is undocumented, the
// official client's is this. Source: API contract, section 2.2.
const maxBatch = 100

// emitBatch serves POST /api/v1/balance/delta/batch: each item is accepted or refused by
// itself, and the accepted ones share one proof. Source: API contract, section 2.2.
func (s *Sandbox) emitBatch(c *call) reply {
	fields, p := readObject(c.body, "the body")
	if p != nil {
		return refuse(p)
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(fields["deltas"], &raws); err != nil || len(raws) == 0 || len(raws) > maxBatch {
		return refuse(invalid("deltas must be an array of 1 to %d deltas", maxBatch))
	}
	items := make([]item, len(raws))
	problems := make([]*problem, len(raws))
	for i, raw := range raws {
		items[i], problems[i] = s.readItem(raw)
		if p := problems[i]; p != nil && s.cfg.batchRefusedWhole {
			return refuse(&problem{status: http.StatusUnprocessableEntity, code: p.code, message: fmt.Sprintf("deltas[%d]: %s", i, p.message)})
		}
	}

	var accepted []*delta
	found := make([]*delta, len(items))
	replayed := make([]bool, len(items))
	for i, it := range items {
		if problems[i] != nil {
			continue
		}
		found[i], replayed[i], problems[i] = s.admit(c, it)
		if found[i] != nil && !replayed[i] {
			accepted = append(accepted, found[i])
		}
	}
	if len(accepted) > 0 {
		s.submit(c.plane, accepted, c.now)
	}
	return created(s.batchAnswer(c, raws, found, replayed, problems))
}

func (s *Sandbox) batchAnswer(c *call, raws []json.RawMessage, found []*delta, replayed []bool, problems []*problem) object {
	results := make([]object, len(raws))
	failed := 0
	for i, raw := range raws {
		r := object{{"index", i}}
		if p := problems[i]; p != nil {
			failed++
			r = append(r, echo(raw)...)
			r = append(r, field{"status", "FAILED"}, field{"error", p.code}, field{"message", p.message})
			if p.retryAfter > 0 {
				r = append(r, field{"retryAfterSeconds", p.retryAfter})
			}
			results[i] = r
			continue
		}
		d := found[i]
		r = append(r, field{"customerId", d.customer.id}, field{"delta", d.amount}, field{"status", d.status(c.now)})
		if !s.cfg.batchWithoutIDs {
			r = append(r, field{"recordId", d.recordID}, field{"receiptId", d.group.root}, field{"itemHash", d.leaf})
		}
		if replayed[i] {
			r = append(r, field{"idempotent", true})
		}
		results[i] = r
	}
	return object{
		{"totalQueued", len(raws) - failed},
		{"totalFailed", failed},
		{"results", results},
		{"_efficiency", object{{"deltasPerRequest", len(raws)}}},
	}
}

// echo gives a refused item's customer and amount back, where they could be read.
func echo(raw json.RawMessage) object {
	fields, p := readObject(raw, "the delta")
	if p != nil {
		return nil
	}
	var o object
	if id, p := optionalString(fields, "customerId"); p == nil {
		o = append(o, field{"customerId", id})
	}
	if amount, _, p := readNumber(fields["delta"], "delta"); p == nil {
		o = append(o, field{"delta", amount})
	}
	return o
}
