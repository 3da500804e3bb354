package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/proof/sealed"
	"github.com/pacspace/pacspace-go/record"
)

// recordName is a record's place in its environment.
type recordName struct{ recordType, id string }

// heldRecord is one record: its entries in the order of their receipt, and what the next one
// is sealed after.
type heldRecord struct {
	recordName
	key         sealed.Hash
	version     sealed.Version // of the record hash, from the first entry on
	layout      record.Layout
	entries     []*recordEntry
	byReference map[string]*recordEntry

	lifecycle string // of the last sealed entry, empty before the first
	word      sealed.Word
	next      uint32 // seq
}

// recordEntry is one entry, sealed when it is received and told of as committed, or as
// failed, when it is due.
type recordEntry struct {
	record      *heldRecord
	receiptID   string
	referenceID string
	submitted   json.RawMessage // canonical, with the lifecycle: what a repeat must be equal to
	seq         uint32
	received    time.Time
	due         time.Time
	order       int64 // in the pipeline
	done        bool

	*sealedEntry        // nil where it failed
	code         string // why it failed
	sentence     string
}

// status is where an entry stands. Source: records contract, section 1.
func (e *recordEntry) status() string {
	switch {
	case !e.done:
		return "queued"
	case e.sealedEntry == nil:
		return "failed"
	default:
		return "committed"
	}
}

// writeEntry serves POST /api/v1/records/{recordType}/{record}/transitions. Source: API
// contract, section 2.15; records contract, sections 1 and 9.
func (s *Sandbox) writeEntry(c *call) reply {
	name := recordName{c.params[0], c.params[1]}
	w, p := readWrite(c.body)
	if p != nil {
		return refuse(p)
	}
	if len(record.Layouts(name.recordType)) == 0 {
		return refuse(notFound("NOT_FOUND", "No layout is published for this record type."))
	}
	if refused, is := errors.AsType[*record.Error](record.Admit(name.recordType, w.lifecycle, w.content)); is {
		return refuse(&problem{status: http.StatusBadRequest, code: refused.Code, message: refused.Message})
	}
	r := c.plane.records[name]
	if r != nil && w.referenceID != "" && !s.cfg.referencesRepeat {
		if e := r.byReference[w.referenceID]; e != nil {
			if !bytes.Equal(e.submitted, w.canonical) && !s.cfg.referencesNotCompared {
				return refuse(&problem{status: http.StatusConflict, code: "IDEMPOTENCY_CONFLICT", message: "This referenceId was used for a different entry."})
			}
			return ok(e.queued())
		}
	}
	if c.plane.entries >= s.cfg.maxDeltas {
		return refuse(s.full("record entries"))
	}
	if r == nil {
		r = c.plane.record(name, s.cfg.recordHash)
	}
	e := &recordEntry{
		receiptID: s.newID(c.plane, "anc"), referenceID: w.referenceID, submitted: w.canonical,
		received: c.now, due: c.now.Add(s.cfg.verification), order: c.plane.nextOrder(),
	}
	if err := c.plane.append(r, e); err != nil {
		return refuse(&problem{status: http.StatusBadRequest, code: "RECORD_CONTENT_INVALID", message: err.Error()})
	}
	c.plane.schedule(job{due: e.due, order: e.order, entry: e})
	return ok(e.queued())
}

func (e *recordEntry) queued() object {
	return object{
		{"receiptId", e.receiptID},
		{"recordType", e.record.recordType},
		{"entityId", e.record.id},
		{"recordKey", e.record.key.String()},
		{"status", strings.ToUpper(e.status())},
	}
}

// write is a write as it was sent.
type write struct {
	lifecycle   string
	content     json.RawMessage
	referenceID string
	canonical   json.RawMessage // of lifecycle and content
}

func readWrite(body []byte) (write, *problem) {
	fields, p := readObject(body, "the body")
	if p != nil {
		return write{}, p
	}
	var w write
	if w.referenceID, p = optionalString(fields, "referenceId"); p != nil {
		return write{}, p
	}
	// What is no string is named as the service's language prints it.
	switch raw := fields["lifecycle"]; {
	case !given(raw):
		w.lifecycle = "undefined"
	case json.Unmarshal(raw, &w.lifecycle) != nil:
		w.lifecycle = string(raw)
	}
	if w.content = fields["content"]; w.content == nil {
		w.content = json.RawMessage("null")
	}
	text, err := canonical.Transform(appendJSON(nil, object{{"lifecycle", w.lifecycle}, {"content", w.content}}, nil), canonical.Official)
	if err != nil {
		return write{}, &problem{status: http.StatusBadRequest, code: "RECORD_CONTENT_INVALID", message: "content has no canonical form"}
	}
	w.canonical = text
	return w, nil
}

// record makes a record, whose layout is the newest of its type.
func (p *plane) record(name recordName, version sealed.Version) *heldRecord {
	layouts := record.Layouts(name.recordType)
	r := &heldRecord{
		recordName: name, key: p.secret("record key", name.recordType, name.id), version: version,
		layout: layouts[len(layouts)-1], byReference: map[string]*recordEntry{},
	}
	p.records[name] = r
	return r
}

// append takes the next entry of a record: sealed, sealed as an attempt where its lifecycle
// may not follow, or failed where the record cannot open with it. A record that is new is
// forgotten again where its first entry cannot be sealed at all.
func (p *plane) append(r *heldRecord, e *recordEntry) error {
	var w struct {
		Lifecycle string          `json:"lifecycle"`
		Content   json.RawMessage `json:"content"`
	}
	err := json.Unmarshal(e.submitted, &w)
	e.record, e.seq = r, r.next
	switch {
	case err != nil:
	case r.lifecycle == "" && w.Lifecycle != r.layout.Lifecycle[0]:
		e.code, e.sentence = "RECORD_GENESIS_MISMATCH", opensWith(r.layout)
	case r.lifecycle != "" && !slices.Contains(r.layout.Transitions[r.lifecycle], w.Lifecycle):
		var content json.RawMessage
		if content, err = attempted(w.Content, r, w.Lifecycle); err == nil {
			e.sealedEntry, err = p.seal(r, content, r.lifecycle, true)
		}
	default:
		e.sealedEntry, err = p.seal(r, w.Content, w.Lifecycle, false)
	}
	if err != nil {
		if len(r.entries) == 0 {
			delete(p.records, r.recordName)
		}
		return err
	}
	if e.sealedEntry != nil {
		r.lifecycle, r.word = e.lifecycle, e.newWord
		r.next++
	}
	r.entries = append(r.entries, e)
	if e.referenceID != "" && r.byReference[e.referenceID] == nil {
		r.byReference[e.referenceID] = e
	}
	p.entries++
	return nil
}

// opensWith is the sentence of an entry that a record cannot open with.
func opensWith(l record.Layout) string {
	later := l.Lifecycle[1:]
	last := len(later) - 1
	return "A record opens with " + l.Lifecycle[0] + "; " + strings.Join(later[:last], ", ") + " and " + later[last] + " come after it."
}

// attempted is the content of an entry whose lifecycle may not follow: what was asked for
// stands in it, and the record's state stays. Source: records contract, section 10.1.
func attempted(content json.RawMessage, r *heldRecord, lifecycle string) (json.RawMessage, error) {
	more := appendJSON(nil, object{{"attemptedTarget", lifecycle}, {"ruleId", r.layout.Name + ":" + r.lifecycle}}, nil)
	more[0] = ',' // a content that was admitted has members before these
	return canonical.Transform(append(bytes.TrimSuffix(bytes.Clone(content), []byte{'}'}), more...), canonical.Official)
}

// commitEntry ends an entry's way and tells of it.
func (s *Sandbox) commitEntry(p *plane, e *recordEntry, at time.Time) {
	e.done = true
	if e.sealedEntry == nil {
		s.queueEvent(p, "record.failed", at, alike(object{
			{"recordType", e.record.recordType}, {"entityId", e.record.id}, {"seq", int64(e.seq)}, {"code", e.code}, {"sentence", e.sentence},
		}))
		return
	}
	s.queueEvent(p, "record.committed", at, alike(object{
		{"receiptId", e.receiptID}, {"status", "committed"}, {"verifiedAt", at}, {"verificationId", verificationReference(e.receiptID)},
		{"itemCount", 1},
		{"records", []object{{{"recordType", e.record.recordType}, {"entityId", e.record.id}, {"recordKey", e.record.key.String()}, {"seq", int64(e.seq)}}}},
		{"verification", object{{"verified", true}, {"latencyMs", at.Sub(e.received).Milliseconds()}}},
	}))
}
