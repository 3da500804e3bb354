package webhook

import (
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/wire"
)

// The readers of this file are for events whose data the service documents by name only.
// Their fields are those that the same things have in its answers; what is not there is
// zero, and RawJSON has everything.

// CheckpointVerified is a checkpoint that was verified. ProofRoot grants read access to
// what it proves.
//
// Source: API contract, sections 2.8 and 4.4.
type CheckpointVerified struct {
	raw
	CheckpointID string           `json:"checkpointId,omitempty"`
	CustomerID   string           `json:"customerId,omitempty"`
	ProofRoot    string           `json:"proofRoot,omitempty"`
	Status       Status           `json:"status,omitempty"`     // "verified", in the service's case
	DeltaCount   *int64           `json:"deltaCount,omitempty"` // nil where the service does not say
	NetChange    *decimal.Decimal `json:"netChange,omitempty"`  // in the balance's unit; nil where the service does not say
	StartDate    time.Time        `json:"startDate,omitzero"`
	EndDate      time.Time        `json:"endDate,omitzero"`
	CreatedAt    time.Time        `json:"createdAt,omitzero"`
}

// CheckpointVerified reads an event of type [EventCheckpointVerified]. Its errors are those
// of [Event.DeltaVerified].
func (e *Event) CheckpointVerified() (*CheckpointVerified, error) {
	return readEvent[CheckpointVerified](e, EventCheckpointVerified)
}

func (c *CheckpointVerified) fromWire(o *wire.Object) {
	c.CheckpointID = o.String("checkpointId", "id")
	c.CustomerID = o.String("customerId")
	c.ProofRoot = o.String("proofRoot", "merkleRoot", "itemsRoot")
	c.Status = Status(o.String("status"))
	c.DeltaCount = o.IntPtr("deltaCount", "deltasCount", "recordCount")
	c.NetChange = o.DecimalPtr("netChange", "netDelta")
	c.StartDate = o.Time("startDate")
	c.EndDate = o.Time("endDate")
	c.CreatedAt = o.Time("createdAt", "recordedAt")
}

// ReceiptGenerated tells of a receipt that was made to be shared. ProofRoot grants read
// access to what it proves.
//
// Source: API contract, sections 2.9 and 4.4.
type ReceiptGenerated struct {
	raw
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

// CustomerCreated is a customer that was made in the dashboard.
//
// Source: API contract, sections 2.16 and 4.4.
type CustomerCreated struct {
	raw
	CustomerID        string `json:"customerId,omitempty"`
	CustomerReference string `json:"customerReference,omitempty"` // the same for ever for one id
}

// CustomerCreated reads an event of type [EventCustomerCreated]. Its errors are those of
// [Event.DeltaVerified].
func (e *Event) CustomerCreated() (*CustomerCreated, error) {
	return readEvent[CustomerCreated](e, EventCustomerCreated)
}

func (c *CustomerCreated) fromWire(o *wire.Object) {
	c.CustomerID = o.String("customerId")
	c.CustomerReference = o.String("customerReference", "ledgerIdentifier")
}

// SharedRecordActivity tells what somebody did at a customer's shared record: the event's
// Type says what.
//
// Source: API contract, section 4.4.
type SharedRecordActivity struct {
	raw
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
	raw
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
	return refuse(ErrOtherType, "asked for "+text+", got "+strconv.Quote(string(got))+"; switch on Type first")
}
