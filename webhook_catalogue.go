package pacspace

import (
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/internal/wire"
)

// The readers of this file are for events whose data the service documents by name only.
// Their fields are those that the same things have in its answers; what is not there is
// zero, and RawJSON has everything.

// CheckpointVerified reads an event of type [EventCheckpointVerified]: the checkpoint as
// lists have it. Its errors are those of [Event.DeltaVerified].
//
// Source: API contract, sections 2.8 and 4.4.
func (e *Event) CheckpointVerified() (*Checkpoint, error) {
	return readEvent[Checkpoint](e, EventCheckpointVerified)
}

// ReceiptGenerated tells of a receipt that was made to be shared. ProofRoot grants read
// access to what it proves.
//
// Source: API contract, sections 2.9 and 4.4.
type ReceiptGenerated struct {
	Raw
	ReceiptID   string    `json:"receiptId,omitempty"`
	CustomerID  string    `json:"customerId,omitempty"`
	ProofRoot   string    `json:"proofRoot,omitempty"`
	GeneratedAt time.Time `json:"generatedAt,omitzero"`
}

// ReceiptGenerated reads an event of type [EventReceiptGenerated]. Its errors are those of
// [Event.DeltaVerified].
func (e *Event) ReceiptGenerated() (*ReceiptGenerated, error) {
	return readEvent[ReceiptGenerated](e, EventReceiptGenerated)
}

func (r *ReceiptGenerated) fromWire(o *wire.Object) {
	r.ReceiptID = o.String("receiptId")
	r.CustomerID = o.String("customerId")
	r.ProofRoot = o.String("proofRoot", "merkleRoot", "itemsRoot")
	r.GeneratedAt = o.Time("generatedAt", "createdAt")
}

// CustomerCreated reads an event of type [EventCustomerCreated]: the customer as
// [CustomerService.Create] returns one. Its errors are those of [Event.DeltaVerified].
//
// Source: API contract, sections 2.16 and 4.4.
func (e *Event) CustomerCreated() (*Customer, error) {
	return readEvent[Customer](e, EventCustomerCreated)
}

// SharedRecordActivity tells what somebody did at a customer's shared record: the event's
// Type says what.
//
// Source: API contract, section 4.4.
type SharedRecordActivity struct {
	Raw
	CustomerID string `json:"customerId,omitempty"`
}

// SharedRecordActivity reads an event of type [EventSharedRecordViewed],
// [EventExportDownloaded], [EventCompareRun] or [EventStepUpFailed]. Its errors are those
// of [Event.DeltaVerified].
func (e *Event) SharedRecordActivity() (*SharedRecordActivity, error) {
	return readEvent[SharedRecordActivity](e, EventSharedRecordViewed, EventExportDownloaded, EventCompareRun, EventStepUpFailed)
}

func (a *SharedRecordActivity) fromWire(o *wire.Object) { a.CustomerID = o.String("customerId") }

// TenantDomain tells of a domain under which the tenant's customers see their records: the
// event's Type says what became of it.
//
// Source: API contract, section 4.4.
type TenantDomain struct {
	Raw
	Domain string `json:"domain,omitempty"`
}

// TenantDomain reads an event of type [EventDomainActivated] or
// [EventDomainCertRenewalFailed]. Its errors are those of [Event.DeltaVerified].
func (e *Event) TenantDomain() (*TenantDomain, error) {
	return readEvent[TenantDomain](e, EventDomainActivated, EventDomainCertRenewalFailed)
}

func (d *TenantDomain) fromWire(o *wire.Object) { d.Domain = o.String("domain", "hostname") }

// otherType is the refusal of an event that a reader is not for.
func otherType(got EventType, want []EventType) error {
	text := string(want[0])
	for _, w := range want[1:] {
		text += " or " + string(w)
	}
	return webhookError(ErrWebhookType, "asked for "+text+", got "+strconv.Quote(string(got))+"; switch on Type first")
}
