package sandbox

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"

	"github.com/pacspace/pacspace-go/proof/sealed"
)

// readRecord finds the record of a request and holds its grant, where it has one, to the
// record.
func (s *Sandbox) readRecord(c *call) (*heldRecord, *problem) {
	r := c.plane.records[recordName{c.params[0], c.params[1]}]
	if grant := c.Header.Get("X-PacSpace-Grant"); grant != "" {
		if p := c.plane.useGrant(recordName{c.params[0], c.params[1]}, grant, c.now); p != nil {
			return nil, p
		}
	}
	if r == nil {
		return nil, notFound("NOT_FOUND", "Record not found.")
	}
	return r, nil
}

// entryReceipt serves GET /api/v1/records/{recordType}/{record}/receipts/{seq}. Source: API
// contract, section 2.15.
func (s *Sandbox) entryReceipt(c *call) reply {
	seq, err := strconv.ParseUint(c.params[2], 10, 32)
	if err != nil {
		return refuse(invalid("seq must be a whole number from 0"))
	}
	r, p := s.readRecord(c)
	if p != nil {
		return refuse(p)
	}
	var found *recordEntry
	for _, e := range r.entries {
		// An entry that failed gave its place to the next.
		if uint64(e.seq) == seq {
			found = e
		}
	}
	if found == nil {
		return refuse(notFound("NOT_FOUND", "The record has no such entry."))
	}
	receipt := found.row()
	if found.status() == "committed" {
		receipt = found.receipt()
	}
	return ok(object{{"recordType", r.recordType}, {"entityId", r.id}, {"receipt", receipt}})
}

// row is where an entry stands.
func (e *recordEntry) row() object {
	o := object{{"seq", int64(e.seq)}, {"status", e.status()}, {"receiptId", e.receiptID}}
	if e.done && e.sealedEntry == nil {
		o = append(o, field{"code", e.code}, field{"sentence", e.sentence})
	}
	return o
}

// receipt is what is told of a committed entry. Source: records contract, section 1.
func (e *recordEntry) receipt() object {
	layout := layoutOf(e.record.layout)
	o := object{
		{"schema", receiptSchema(e.record.version)},
		{"receiptId", e.receiptID},
		{"recordType", e.record.recordType},
		{"entityId", e.record.id},
		{"recordKey", e.record.key.String()},
		{"seq", int64(e.seq)},
		{"status", e.status()},
		{"committedAt", e.due},
		{"itemKind", "slot-v1"},
		{"layoutId", int(layout.ID)},
		{"layoutVersion", int(layout.Version)},
		{"layoutDigest", layout.Digest.String()},
		{"previousWord", e.previousWord.String()},
		{"newWord", e.newWord.String()},
		{"recordOpening", e.opening.String()},
		{"itemIndex", 0},
		{"itemOpening", e.itemOpening.String()},
		{"merkleProof", []string{}},
		{"batchId", int64(e.batch)},
	}
	switch e.record.version {
	case sealed.V1:
		return append(o, field{"recordContent", e.content})
	case sealed.V3:
		o = append(o, field{"recordHashVersion", 3}, field{"items", rawJSON(e.commitment.Items)})
	default:
		o = append(o, field{"leaves", rawJSON(e.commitment.Leaves)})
	}
	return append(o, field{"revealed", rawJSON(e.commitment.Revealed)})
}

// rawJSON writes what package sealed knows how to write.
func rawJSON(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic("sandbox: a commitment has no JSON: " + err.Error()) // it was made of JSON
	}
	if string(text) == "null" {
		return json.RawMessage("[]")
	}
	return text
}

// receiptSchema is the schema of a readable receipt. That of the earliest ones is not
// published.
func receiptSchema(v sealed.Version) string {
	return map[sealed.Version]string{sealed.V1: "semantic-receipt/v1", sealed.V2: "semantic-receipt/v3", sealed.V3: "semantic-receipt/v6"}[v]
}

// historySchema is the schema of a history of such receipts. That of readable receipts
// under record hash v3 is not published.
func historySchema(v sealed.Version) string {
	return "record-history-bundle/v" + strconv.Itoa(int(v))
}

// recordHistory serves GET /api/v1/records/{recordType}/{record}/history and /bundle, a
// page of it. Source: API contract, sections 2.15 and 8.29.
func (s *Sandbox) recordHistory(c *call) reply {
	from, p := queryInt(c.query, "fromSeq", 0, 0, math.MaxInt32)
	if p != nil {
		return refuse(p)
	}
	to, p := queryInt(c.query, "toSeq", math.MaxInt32, 0, math.MaxInt32)
	if p != nil {
		return refuse(p)
	}
	r, p := s.readRecord(c)
	if p != nil {
		return refuse(p)
	}
	receipts, rows, pending := []object{}, []object{}, []object{}
	header := http.Header{}
	last := -1
	for _, e := range r.entries {
		seq := int(e.seq)
		if seq < from || seq > to {
			continue
		}
		// An entry that failed has the seq of the next one, and both stand on one page.
		if len(rows) >= s.cfg.recordPage && seq != last {
			header.Set("X-Next-From-Seq", strconv.Itoa(seq))
			break
		}
		last = seq
		rows = append(rows, e.row())
		switch e.status() {
		case "committed":
			receipts = append(receipts, e.receipt())
		case "queued":
			pending = append(pending, e.row())
		}
	}
	return reply{status: http.StatusOK, direct: true, header: header, data: object{
		{"schema", historySchema(r.version)},
		{"recordType", r.recordType},
		{"entityId", r.id},
		{"recordKey", r.key.String()},
		{"receipts", receipts},
		{"entries", rows},
		{"pendingEntries", pending},
	}}
}
