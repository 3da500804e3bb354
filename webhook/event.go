package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// EventType is the type of an event. The service adds types; an unknown one is kept as it
// came and its event is read like any other.
type EventType string

// The types that the service documents. Source: API contract, section 4.4.
const (
	EventDeltaVerified      EventType = "delta.verified"      // a delta was recorded and verified
	EventDeltaFailed        EventType = "delta.failed"        // a delta will not be recorded
	EventCheckpointVerified EventType = "checkpoint.verified" // a checkpoint was verified
	EventReceiptGenerated   EventType = "receipt.generated"   // a receipt to share was made
	EventCustomerCreated    EventType = "customer.created"    // a customer was made in the dashboard
	EventRecordCommitted    EventType = "record.committed"    // records were committed
	EventRecordFailed       EventType = "record.failed"       // a record will not be committed

	EventSharedRecordViewed EventType = "customer.shared_record_viewed"
	EventExportDownloaded   EventType = "customer.export_downloaded"
	EventCompareRun         EventType = "customer.compare_run"
	EventStepUpFailed       EventType = "customer.step_up_failed_repeatedly"

	EventDomainActivated         EventType = "tenant_domain.activated"
	EventDomainCertRenewalFailed EventType = "tenant_domain.cert_renewal_failed"
)

// ErrOtherType is what errors.Is finds where a reader such as [Event.DeltaVerified] was
// asked to read an event of another type. What to do: ask [Event.Type] first.
var ErrOtherType = errors.New("another type of event")

// Event is a delivery that was verified. Everything in it was signed, save Hints.
//
// The service documents two envelopes, {event, timestamp, data} and {id, event, tenantId,
// createdAt, data}; both are read. Source: API contract,
// section 4.3.
type Event struct {
	// ID tells this event from others, for applying it once: the id in the body or, where
	// the body has none, "sha256:" and the hex digest of the body. A re-delivery of the same
	// event is the same body. It is never the X-Event-ID header, which is not signed: whoever
	// captured a delivery could send it again under another one.
	ID string `json:"id"`
	// Type says which reader fits. It is the body's, never the header's.
	Type EventType `json:"event,omitempty"`
	// TenantID is empty in the envelope that has none.
	TenantID string `json:"tenantId,omitempty"`
	// Timestamp is when the event took place, in the service's words; zero where the body
	// does not say it.
	Timestamp time.Time `json:"timestamp,omitzero"`
	// SignedAt is when this delivery was signed. It is zero in an event that [ParseEvent]
	// read.
	SignedAt time.Time `json:"signedAt,omitzero"`
	// Data is what the event tells, as the service wrote it.
	Data json.RawMessage `json:"data,omitempty"`
	// Hints are what the headers say. They are not signed: log them, decide nothing by them.
	Hints EventHints `json:"-"`

	raw
}

// raw holds what was read as the service wrote it, with the fields that this version does
// not know.
type raw struct{ text string }

// RawJSON is what it was read from, as the service wrote it: the body of an [Event], the
// data of what an event's readers return. It is nil where it was made by hand. Each call
// returns a new copy.
func (r *raw) RawJSON() json.RawMessage {
	if r == nil || r.text == "" {
		return nil
	}
	return json.RawMessage(r.text)
}

func (r *raw) setRaw(text string) { r.text = text }

// Status is where a delta, a checkpoint or records stand, kept as the service spelt it,
// which differs between its endpoints; compare with [Status.Is]. Values that this version
// does not know pass through. The root package names the documented values.
//
// Source: API contract, sections 4.5 and 8.6.
type Status string

// Is reports whether both name the same status, whatever their case.
func (s Status) Is(other Status) bool { return strings.EqualFold(string(s), string(other)) }

// EventHints are the values of the two headers that a signature does not cover. Source: API
// contract, section 4.1.
type EventHints struct {
	ID   string    // of X-Event-ID, by which the service can be asked for a re-delivery
	Type EventType // of X-Webhook-Event
}

// ParseEvent reads the body of a delivery that was verified earlier, for programs that
// store bodies first and apply them later. It checks no signature: what did not come out
// of [Verifier.Verify] or [Verifier.Handler] must not go in here.
//
// The error is [ErrBody], through errors.Is.
func ParseEvent(body []byte) (*Event, error) {
	// Text that is not UTF-8 has no one meaning as JSON.
	if !utf8.Valid(body) {
		return nil, refuse(ErrBody, "it is not UTF-8")
	}
	o, err := wire.Parse(body)
	if err != nil {
		return nil, refuse(ErrBody, err.Error())
	}
	e := &Event{
		ID:        scalar(o, "id"),
		Type:      EventType(scalar(o, "event")),
		TenantID:  scalar(o, "tenantId"),
		Timestamp: o.Time("timestamp", "createdAt"),
		Data:      o.Raw("data"),
	}
	e.setRaw(string(body))
	if e.ID == "" {
		digest := sha256.Sum256(body)
		e.ID = "sha256:" + hex.EncodeToString(digest[:])
	}
	return e, nil
}

// scalar reads a string, or a number as it is written. Anything else is as good as absent:
// an id that every event shares would drop events.
func scalar(o *wire.Object, name string) string {
	raw := o.Raw(name)
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 't' || raw[0] == 'f' {
		return ""
	}
	return o.Text(name)
}

// DeltaVerified is a delta that was recorded and verified: its proof fields, and what the
// service says of the period and the plan. Hashes are kept letter by letter. What a
// delivery leaves out is zero; RawJSON has everything.
//
// Two forms are documented, one in groups and a flat one; both are read into these fields.
// Source: API contract, section 4.5.
type DeltaVerified struct {
	raw
	RecordID  string `json:"recordId,omitempty"`
	ReceiptID string `json:"receiptId,omitempty"` // the proof root of its submission; older services give other forms
	Status    Status `json:"status,omitempty"`    // "verified", in the service's case
	// Sequence is its number at the service, nil where none is assigned yet.
	Sequence *int64 `json:"deltaIndex,omitempty"`

	CustomerID  string          `json:"customerId"`
	Delta       decimal.Decimal `json:"delta"` // in the balance's unit; the service also calls it amount
	Reason      string          `json:"reason,omitempty"`
	ReferenceID string          `json:"referenceId,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"` // nil where the event leaves it out
	Adjusts     *Adjusts        `json:"adjusts,omitempty"`  // nil where the event names none
	SubmittedAt time.Time       `json:"submittedAt,omitzero"`
	VerifiedAt  time.Time       `json:"verifiedAt,omitzero"`

	ProofHash         string   `json:"proofHash,omitempty"`
	ContentHash       string   `json:"contentHash,omitempty"`
	ItemHashes        []string `json:"itemHashes,omitempty"`
	PreviousProofHash string   `json:"previousProofHash,omitempty"`

	VerificationReference string             `json:"verificationReference,omitempty"`
	Verification          *DeltaVerification `json:"verification,omitempty"` // nil where the event has none
	Period                *DeltaPeriod       `json:"period,omitempty"`       // nil where the event has none
	Plan                  *PlanUsage         `json:"usage,omitempty"`        // nil where the event has none
}

// Adjusts names the recorded delta that another one adjusts, by either of its ids.
type Adjusts struct {
	ReferenceID string `json:"referenceId,omitempty"`
	RecordID    string `json:"recordId,omitempty"`
}

// DeltaVerification is what the service says of its own check.
type DeltaVerification struct {
	Verified  bool  `json:"verified"`
	LatencyMs int64 `json:"latencyMs,omitempty"`
	// Discrepancies have no documented form. A value that is not a list counts as one.
	Discrepancies []json.RawMessage `json:"discrepancies,omitempty"`
}

// DeltaPeriod is the service's period, a calendar month, as it stands after a delta.
type DeltaPeriod struct {
	ID         string          `json:"id,omitempty"` // such as 2026-02; older services give other forms
	DeltaCount int64           `json:"deltaCount"`
	NetDelta   decimal.Decimal `json:"netDelta"` // in the balance's unit
}

// PlanUsage is what a delta left of the plan, counted in deltas.
type PlanUsage struct {
	Plan            string `json:"plan,omitempty"`
	PeriodID        string `json:"periodId,omitempty"`
	IncludedDeltas  int64  `json:"includedDeltas"`
	ConsumedDeltas  int64  `json:"consumedDeltas"`
	RemainingDeltas int64  `json:"remainingDeltas"`
	OverageRate     string `json:"overageRate,omitempty"` // such as $0.010/delta; from older services a bare number
}

// DeltaVerified reads an event of type [EventDeltaVerified]. A delivery without customer or
// amount, and a field of the wrong type, are errors that name the field (errors.Is
// [ErrBody]); another type of event is [ErrOtherType].
func (e *Event) DeltaVerified() (*DeltaVerified, error) {
	return readEvent[DeltaVerified](e, EventDeltaVerified)
}

func (d *DeltaVerified) fromWire(o *wire.Object) {
	delta := deltaGroup(o)
	d.RecordID = o.String("recordId", "anchorId")
	d.ReceiptID = o.String("receiptId")
	d.Status = Status(o.String("status"))
	d.Sequence = o.IntPtr("deltaIndex", "sequenceNumber")
	d.CustomerID = delta.RequiredString("customerId")
	d.Delta = delta.RequiredDecimal("amount", "delta")
	d.Reason = delta.String("reason")
	d.ReferenceID = delta.String("referenceId")
	d.Metadata = delta.Raw("metadata")
	if a := delta.Object("adjusts"); a != nil {
		d.Adjusts = &Adjusts{ReferenceID: a.String("referenceId"), RecordID: a.String("recordId", "anchorId")}
	}
	d.SubmittedAt = delta.Time("submittedAt")
	d.VerifiedAt = o.Time("verifiedAt", "blockTimestamp")
	proof := o.Object("proof")
	d.ProofHash = proof.String("proofHash")
	d.ContentHash = proof.String("contentHash")
	d.ItemHashes = proof.Strings("itemHashes")
	d.PreviousProofHash = proof.String("previousProofHash")
	d.VerificationReference = o.String("verificationId", "verificationReference")
	if v := o.Object("verification"); v != nil {
		d.Verification = &DeltaVerification{
			Verified:      v.Bool("verified"),
			LatencyMs:     orZero(v.IntPtr("latencyMs")),
			Discrepancies: elements(v.Raw("discrepancies")),
		}
	}
	if p := o.Object("period"); p != nil {
		d.Period = &DeltaPeriod{
			ID:         p.String("id"),
			DeltaCount: orZero(p.IntPtr("deltaCount", "deltasCount")),
			NetDelta:   p.Decimal("netDelta"),
		}
	}
	if u := o.Object("usage"); u != nil {
		d.Plan = &PlanUsage{
			Plan:            u.String("plan"),
			PeriodID:        u.String("periodId"),
			IncludedDeltas:  orZero(u.IntPtr("includedDeltas")),
			ConsumedDeltas:  orZero(u.IntPtr("consumedDeltas")),
			RemainingDeltas: orZero(u.IntPtr("remainingDeltas")),
			OverageRate:     u.Text("overageRate"),
		}
	}
}

// DeltaFailed is a delta that will not be recorded. What a delivery leaves out is zero;
// RawJSON has everything. Source: API contract, section 4.6.
type DeltaFailed struct {
	raw
	RecordID    string           `json:"recordId,omitempty"`
	CustomerID  string           `json:"customerId,omitempty"`
	ReferenceID string           `json:"referenceId,omitempty"`
	Delta       *decimal.Decimal `json:"delta,omitempty"` // in the balance's unit; nil where the event leaves it out
	Error       string           `json:"error,omitempty"` // the service's word on why
	FailedAt    time.Time        `json:"failedAt,omitzero"`
}

// DeltaFailed reads an event of type [EventDeltaFailed]. Its errors are those of
// [Event.DeltaVerified].
func (e *Event) DeltaFailed() (*DeltaFailed, error) {
	return readEvent[DeltaFailed](e, EventDeltaFailed)
}

func (d *DeltaFailed) fromWire(o *wire.Object) {
	delta := deltaGroup(o)
	d.RecordID = o.String("recordId", "anchorId")
	d.CustomerID = delta.String("customerId")
	d.ReferenceID = delta.String("referenceId")
	d.Delta = delta.DecimalPtr("amount", "delta")
	d.Error = o.Text("error")
	d.FailedAt = o.Time("failedAt")
}

// RecordCommitted tells of sealed records that were committed. What a delivery leaves out
// is zero; RawJSON has everything. Source: API contract, section 4.6.
type RecordCommitted struct {
	raw
	ReceiptID             string            `json:"receiptId,omitempty"`
	Status                Status            `json:"status,omitempty"`
	VerifiedAt            time.Time         `json:"verifiedAt,omitzero"`
	VerificationReference string            `json:"verificationReference,omitempty"`
	ItemCount             int64             `json:"itemCount"`
	Records               []json.RawMessage `json:"records,omitempty"`      // of no documented form
	Verification          json.RawMessage   `json:"verification,omitempty"` // of no documented form
}

// RecordCommitted reads an event of type [EventRecordCommitted]. Its errors are those of
// [Event.DeltaVerified].
func (e *Event) RecordCommitted() (*RecordCommitted, error) {
	return readEvent[RecordCommitted](e, EventRecordCommitted)
}

func (r *RecordCommitted) fromWire(o *wire.Object) {
	r.ReceiptID = o.String("receiptId")
	r.Status = Status(o.String("status"))
	r.VerifiedAt = o.Time("verifiedAt")
	r.VerificationReference = o.String("verificationId", "verificationReference")
	r.ItemCount = orZero(o.IntPtr("itemCount"))
	r.Records = elements(o.Raw("records"))
	r.Verification = o.Raw("verification")
}

// RecordFailed tells of a sealed record that will not be committed. RawJSON has
// everything. Source: API contract, section 4.6.
type RecordFailed struct {
	raw
	RecordType string `json:"recordType,omitempty"`
	EntityID   string `json:"entityId,omitempty"`
	Seq        int64  `json:"seq"`                // of the record within its entity, from 0 on
	Code       string `json:"code,omitempty"`     // for programs
	Sentence   string `json:"sentence,omitempty"` // for people
}

// RecordFailed reads an event of type [EventRecordFailed]. Its errors are those of
// [Event.DeltaVerified].
func (e *Event) RecordFailed() (*RecordFailed, error) {
	return readEvent[RecordFailed](e, EventRecordFailed)
}

func (r *RecordFailed) fromWire(o *wire.Object) {
	r.RecordType = o.String("recordType")
	r.EntityID = o.String("entityId")
	r.Seq = orZero(o.IntPtr("seq"))
	r.Code = o.String("code")
	r.Sentence = o.String("sentence")
}

// deltaGroup is where the fields of the delta stand: in the object "delta", or beside a
// number of that name.
func deltaGroup(o *wire.Object) *wire.Object {
	if raw := o.Raw("delta"); len(raw) > 0 && raw[0] == '{' {
		return o.Object("delta")
	}
	return o
}

// payload is a pointer to what one type of event carries.
type payload[T any] interface {
	*T
	fromWire(*wire.Object)
	setRaw(text string)
}

// readEvent reads the data of an event of one of the types into one of its structs.
func readEvent[T any, P payload[T]](e *Event, want ...EventType) (*T, error) {
	if !slices.Contains(want, e.Type) {
		return nil, otherType(e.Type, want)
	}
	if e.Data == nil {
		return nil, refuse(ErrBody, string(e.Type)+": no data")
	}
	o, err := wire.Parse(e.Data)
	if err != nil {
		return nil, refuse(ErrBody, string(e.Type)+": data: "+err.Error())
	}
	v := new(T)
	P(v).setRaw(o.Source())
	P(v).fromWire(o)
	if err := o.Err(); err != nil {
		return nil, refuse(ErrBody, string(e.Type)+": data: "+err.Error())
	}
	return v, nil
}

// elements are those of an array whose elements have no documented form.
func elements(raw json.RawMessage) []json.RawMessage {
	if raw == nil {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return []json.RawMessage{raw}
	}
	return list
}

func orZero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
