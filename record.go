package pacspace

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/wire"
	"github.com/pacspace/pacspace-go/record"
)

// RecordService writes and reads sealed records: lists of entries, each sealed field by
// field, that carry fingerprints instead of files. It works on records of one type; see
// [RecordService.OfType].
//
// Entries count from 1 here, as on PacSpace's pages. The service counts the same positions
// from 0, as seq; methods convert at the boundary, and files keep the service's numbers.
//
// Encrypted records are not written or opened here. [Client.Do] reaches their endpoints,
// and RawJSON has their fields.
//
// Source: API contract, section 2.15; records contract, section 1.
type RecordService struct {
	*core
	recordType string
}

// OfType is the service for records of another type, such as model-version-record. An empty
// type is [record.DefaultType].
func (s *RecordService) OfType(recordType string) *RecordService {
	if recordType == "" {
		recordType = record.DefaultType
	}
	return &RecordService{s.core, recordType}
}

// EntryParams is one entry to write. Title, OccurredAt, ActorID and at least one payload are
// required; Content takes the place of all fields of the content for another type of record.
type EntryParams struct {
	Title      string              // what was done, at most 120 UTF-16 units
	OccurredAt time.Time           // when, sent in UTC
	ActorID    string              // who did it
	Payloads   []record.PayloadRef // the Ref of each [record.Fingerprint], never the file
	Kind       string              // a word of lower-case letters, digits and hyphens
	// InstructedBy is who told the actor to do it.
	InstructedBy string
	Description  string
	Note         string
	References   []EntryRef // entries of any record that this one refers to
	Amends       *EntryRef  // the entry that this one corrects; its Lifecycle is then "amended"

	// Content is the content of a type whose fields are not those above: any value that
	// encoding/json writes as an object. Then those are left out.
	Content any

	// Lifecycle is the record's state from this entry on; "recorded" where it is empty. A
	// record opens with recorded; amended and closed come after it.
	Lifecycle string
	// ReferenceID names the entry in the caller's own system. The service takes one entry
	// for it, however often it is sent, so it is what makes a retry safe. Without one an
	// entry is sent once.
	ReferenceID string
}

// EntryRef names an entry of a record.
type EntryRef struct {
	RecordKey string // 0x and 64 hexadecimal digits
	Entry     int    // counted from 1
}

// entryContent is the content of a machine-action-record as it is sent.
type entryContent struct {
	Title        string              `json:"title"`
	OccurredAt   string              `json:"occurredAt"`
	ActorID      string              `json:"actorId"`
	Payloads     []record.PayloadRef `json:"payloads"`
	Kind         string              `json:"kind,omitempty"`
	InstructedBy string              `json:"instructedBy,omitempty"`
	Description  string              `json:"description,omitempty"`
	Note         string              `json:"note,omitempty"`
	References   []seqRef            `json:"references,omitempty"`
	Amends       *seqRef             `json:"amends,omitempty"`
}

// seqRef is an EntryRef as it is sent.
type seqRef struct {
	RecordKey string `json:"recordKey"`
	Seq       int    `json:"seq"` // counted from 0
}

// QueuedEntry is the service's answer to an entry that it took. The entry is sealed later:
// its history tells when it is committed, or why it failed.
type QueuedEntry struct {
	Raw
	ReceiptID  string      `json:"receiptId,omitempty"`
	RecordType string      `json:"recordType,omitempty"`
	EntityID   string      `json:"entityId,omitempty"` // the record
	RecordKey  string      `json:"recordKey,omitempty"`
	Status     EntryStatus `json:"status,omitempty"`
}

func (q *QueuedEntry) fromWire(o *wire.Object) {
	q.ReceiptID = o.String("receiptId")
	q.RecordType = o.String("recordType")
	q.EntityID = o.String("entityId")
	q.RecordKey = o.String("recordKey")
	q.Status = EntryStatus(o.String("status"))
}

// EntryStatus is where an entry stands at the service, kept as it was spelt; compare with
// [EntryStatus.Is]. Values that this version does not know pass through.
type EntryStatus string

// The statuses of an entry.
const (
	EntryQueued    EntryStatus = "queued"    // taken, not yet sealed
	EntryCommitted EntryStatus = "committed" // sealed
	EntryFailed    EntryStatus = "failed"    // will not be sealed
)

// Is reports whether both name the same status, whatever their case.
func (s EntryStatus) Is(other EntryStatus) bool { return strings.EqualFold(string(s), string(other)) }

// Emit writes the next entry of a record, which is made with its first one.
//
// Before anything is sent, blinding material is refused wherever it stands in the content,
// and then what the service's intake would refuse, in its order and with its codes and
// sentences, as a [*record.Error]. [WithoutAdmission] leaves the second to the service.
//
// The entry is retried only where it has a ReferenceID. An error that matches
// [ErrOutcomeUnknown] means that it may or may not have been written: with a ReferenceID
// emit the same again, without one read the history first.
//
// Source: API contract, section 2.15; records contract, sections 1, 3 and 9.
func (s *RecordService) Emit(ctx context.Context, recordKey string, p EntryParams, opts ...CallOption) (*QueuedEntry, error) {
	body, err := p.body(s.recordType, admits(opts))
	if err != nil {
		return nil, err
	}
	x, err := s.exchange(ctx, &call{
		route: routeEmitRecord, ids: []string{s.recordType, recordKey}, body: body, repeatable: p.ReferenceID != "",
	}, opts)
	if err != nil {
		return nil, err
	}
	q := new(QueuedEntry)
	if err := x.decode(q, ""); err != nil {
		return nil, err
	}
	if q.EntityID != "" && q.EntityID != recordKey {
		return nil, x.undecodable(errOtherRecord)
	}
	return q, nil
}

var errOtherRecord = errors.New("it is about another record")

// body is the request's body, after all checks in the official order.
func (p EntryParams) body(recordType string, admit bool) ([]byte, error) {
	content, err := p.content()
	if err != nil {
		return nil, err
	}
	if err := record.Guard(content); err != nil {
		return nil, err
	}
	lifecycle := p.Lifecycle
	if lifecycle == "" {
		lifecycle = "recorded"
	}
	if admit {
		if err := record.Admit(recordType, lifecycle, content); err != nil {
			return nil, err
		}
	}
	body, err := canonical.Marshal(struct {
		Content     json.RawMessage `json:"content"`
		Lifecycle   string          `json:"lifecycle"`
		ReferenceID string          `json:"referenceId,omitempty"`
	}{content, lifecycle, p.ReferenceID})
	return body, paramError("entry", err)
}

// content is the content as it is sent, in canonical JSON. References are converted before
// the one that is amended, which decides what a wrong call is told first.
func (p EntryParams) content() ([]byte, error) {
	if p.Content != nil {
		return p.otherContent()
	}
	c := entryContent{
		Title: p.Title, OccurredAt: wireTime(p.OccurredAt), ActorID: p.ActorID, Payloads: p.Payloads,
		Kind: p.Kind, InstructedBy: p.InstructedBy, Description: p.Description, Note: p.Note,
	}
	if p.OccurredAt.IsZero() {
		return nil, &ParamError{Field: "occurredAt", Rule: "must be given: the instant at which it was done"}
	}
	if c.Payloads == nil {
		c.Payloads = []record.PayloadRef{}
	}
	for i, ref := range p.References {
		seq, err := ref.wire("references[" + strconv.Itoa(i) + "]")
		if err != nil {
			return nil, err
		}
		c.References = append(c.References, *seq)
	}
	if p.Amends != nil {
		seq, err := p.Amends.wire("amends")
		if err != nil {
			return nil, err
		}
		c.Amends = seq
	}
	text, err := canonical.Marshal(c)
	return text, paramError("content", err)
}

func (p EntryParams) otherContent() ([]byte, error) {
	if p.Title != "" || !p.OccurredAt.IsZero() || p.ActorID != "" || p.Payloads != nil || p.Kind != "" || p.InstructedBy != "" ||
		p.Description != "" || p.Note != "" || p.References != nil || p.Amends != nil {
		return nil, &ParamError{Field: "content", Rule: "takes the place of the other fields of a content: give one or the others"}
	}
	text, err := canonical.Marshal(p.Content)
	if refused, ok := errors.AsType[*record.Error](err); ok {
		return nil, refused // a blinding, which does not marshal
	}
	if err != nil {
		return nil, paramError("content", err)
	}
	if text[0] != '{' {
		return nil, &record.Error{Code: "RECORD_CONTENT_INVALID", Status: http.StatusBadRequest, Message: "content must be an object"}
	}
	return text, nil
}

func (r EntryRef) wire(field string) (*seqRef, error) {
	seq, err := entrySeq(field+".entry", r.Entry)
	if err != nil {
		return nil, err
	}
	return &seqRef{r.RecordKey, seq}, nil
}

// entrySeq is the seq of the HTTP API, counted from 0, of an entry's number.
func entrySeq(field string, entry int) (int, error) {
	if entry < 1 {
		return 0, &record.Error{Code: "VALIDATION_ERROR", Status: http.StatusBadRequest, Message: wire.NotAnEntry(field, strconv.Itoa(entry))}
	}
	return entry - 1, nil
}

// WithoutAdmission sends an entry without asking first whether the intake will take it, for
// a layout that is newer than this SDK. Blinding material is refused all the same.
func WithoutAdmission() CallOption {
	return callOption(func(c *callConfig) error {
		c.withoutAdmission = true
		return nil
	})
}

func admits(opts []CallOption) bool {
	return len(opts) == 0 || !optionsOf(opts).withoutAdmission
}
