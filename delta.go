package pacspace

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/wire"
	"github.com/pacspace/pacspace-go/proof"
)

// The bounds that the service documents for a delta. Source: API contract, section 2.1.
const (
	MaxDelta       = 1_000_000_000 // largest magnitude of one delta, in the balance's unit
	MaxReason      = 500           // longest reason, in characters
	MaxBatchDeltas = 100           // most deltas of one batch
)

// Metadata is what a caller adds to a delta: any JSON object. It is hashed with the
// delta, so it is sent exactly as given; nil is absent, an empty map stays an empty
// object. Numbers must survive a round trip through binary64, since the service computes
// in it.
type Metadata map[string]any

// Adjusts names the recorded delta that another one adjusts, by either of its ids.
type Adjusts struct {
	ReferenceID string `json:"referenceId,omitempty"`
	RecordID    string `json:"recordId,omitempty"`
}

// DeltaParams is one signed change of a customer's balance.
//
// Source: API contract, section 2.1.
type DeltaParams struct {
	// CustomerID is whose balance changes: 1 to 128 letters, digits, "_", "-", ".", ":".
	// One id has one unit, since the service sums whatever it is given.
	CustomerID string `json:"customerId"`
	// Delta is the amount in the balance's unit: not zero, at most [MaxDelta] in
	// magnitude, exact in binary64. Usage is negative.
	Delta Decimal `json:"delta"`
	// Reason is shown to people: 1 to [MaxReason] characters.
	Reason string `json:"reason"`
	// ReferenceID is the caller's own name of this change, the same on every retry; it
	// is what keeps a retry from counting twice. Required, unless the call is given
	// [WithoutReferenceUnsafe].
	ReferenceID string `json:"referenceId,omitempty"`
	// Metadata is optional and becomes part of what is hashed.
	Metadata Metadata `json:"metadata,omitzero"`
	// Adjusts is optional: the recorded delta that this one corrects.
	Adjusts *Adjusts `json:"adjusts,omitempty"`
	// VendorAccountID is for middleware tenants only, who must send it.
	VendorAccountID string `json:"vendorAccountId,omitempty"`
}

var greatestDelta, leastDelta = NewDecimal(MaxDelta), NewDecimal(-MaxDelta)

func (p DeltaParams) validate() error {
	if err := checkCustomerID(p.CustomerID); err != nil {
		return err
	}
	switch {
	case p.Delta.IsZero():
		return &ParamError{Field: "delta", Rule: "must not be zero"}
	case p.Delta.Cmp(greatestDelta) > 0 || p.Delta.Cmp(leastDelta) < 0:
		return &ParamError{Field: "delta", Rule: fmt.Sprintf("must be between -%d and %[1]d; send it in parts", MaxDelta)}
	case !p.Delta.Binary64():
		return &ParamError{Field: "delta", Rule: "must survive a round trip through binary64, because the service computes in it; send it in exact parts"}
	case p.Reason == "":
		return &ParamError{Field: "reason", Rule: "must not be empty"}
	case utf8.RuneCountInString(p.Reason) > MaxReason:
		return &ParamError{Field: "reason", Rule: fmt.Sprintf("must be at most %d characters", MaxReason)}
	}
	if a := p.Adjusts; a != nil && (a.ReferenceID == "") == (a.RecordID == "") {
		return &ParamError{Field: "adjusts", Rule: "must name either a referenceId or a recordId"}
	}
	return nil
}

// body is the delta as it is sent.
func (p DeltaParams) body() ([]byte, error) {
	if text, ok := p.plainBody(); ok {
		return text, nil
	}
	return canonical.Marshal(p)
}

// plainBody writes the members that most deltas have, in the order of RFC 8785, faster
// than canonical.Marshal and the same. It answers false for any other delta.
func (p DeltaParams) plainBody() ([]byte, bool) {
	if p.Adjusts != nil || p.ReferenceID == "" || p.VendorAccountID != "" {
		return nil, false
	}
	text := make([]byte, 0, 256)
	field := func(name, value string) (ok bool) {
		text, ok = canonical.AppendPlain(append(text, name...), value)
		return ok
	}
	if !field(`{"customerId":`, p.CustomerID) {
		return nil, false
	}
	text, err := p.Delta.AppendJSON(append(text, `,"delta":`...))
	if err != nil {
		return nil, false
	}
	if p.Metadata != nil {
		var plain bool
		if text, plain = canonical.AppendPlain(append(text, `,"metadata":`...), map[string]any(p.Metadata)); !plain {
			return nil, false
		}
	}
	if !field(`,"reason":`, p.Reason) || !field(`,"referenceId":`, p.ReferenceID) {
		return nil, false
	}
	return append(text, '}'), true
}

// Item is the delta as it is hashed: the object that is sent, less what only routes it.
// It fails where Metadata cannot be sent.
func (p DeltaParams) Item() (proof.Item, error) {
	item := proof.Item{CustomerID: p.CustomerID, Delta: p.Delta, Reason: p.Reason, ReferenceID: p.ReferenceID}
	if p.Adjusts != nil {
		item.Adjusts = &proof.Adjusts{ReferenceID: p.Adjusts.ReferenceID, RecordID: p.Adjusts.RecordID}
	}
	if p.Metadata != nil {
		text, err := canonical.Marshal(p.Metadata)
		if err != nil {
			return proof.Item{}, paramError("metadata", err)
		}
		item.Metadata = text
	}
	return item, nil
}

// Delta is one delta as the service tells of it. Which fields are filled depends on the
// call: an emit knows its ids and status, a row of a derived balance what was recorded.
// Absent fields are zero; RawJSON has everything.
//
// Source: API contract, sections 2.1, 2.4, 2.5 and 2.9.
type Delta struct {
	Raw
	RecordID    string  `json:"recordId,omitempty"`
	ReceiptID   string  `json:"receiptId,omitempty"` // the proof root of its submission; older services give other forms
	Status      Status  `json:"status,omitempty"`
	CustomerID  string  `json:"customerId,omitempty"`
	Delta       Decimal `json:"delta,omitzero"` // in the balance's unit
	Reason      string  `json:"reason,omitempty"`
	ReferenceID string  `json:"referenceId,omitempty"`
	// Metadata is the object as the service wrote it; absent where the row leaves it out,
	// which is not the same as a delta without metadata.
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Adjusts  *Adjusts        `json:"adjusts,omitempty"`

	ContentHash       string   `json:"contentHash,omitempty"`
	ProofRoot         string   `json:"proofRoot,omitempty"`
	ProofHash         string   `json:"proofHash,omitempty"`
	ItemHashes        []string `json:"itemHashes,omitempty"`
	PreviousProofHash string   `json:"previousProofHash,omitempty"`
	// Sequence is its number at the service, nil where none is told.
	Sequence              *int64    `json:"deltaIndex,omitempty"`
	VerificationReference string    `json:"verificationReference,omitempty"`
	CreatedAt             time.Time `json:"createdAt,omitzero"`
	VerifiedAt            time.Time `json:"verifiedAt,omitzero"`
	// Error is the service's word on why a delta failed.
	Error string `json:"error,omitempty"`

	// IdempotencyKey is the key that an emit was sent with, empty elsewhere.
	IdempotencyKey string `json:"-"`
}

func (d *Delta) fromWire(o *wire.Object) {
	d.RecordID = o.String("recordId", "anchorId")
	d.ReceiptID = o.String("receiptId")
	d.Status = Status(o.String("status"))
	d.CustomerID = o.String("customerId")
	d.Delta = o.Decimal("delta", "amount")
	d.Reason = o.String("reason")
	d.ReferenceID = o.String("referenceId")
	d.Metadata = o.Raw("metadata")
	if a := o.Object("adjusts"); a != nil {
		d.Adjusts = &Adjusts{ReferenceID: a.String("referenceId"), RecordID: a.String("recordId", "anchorId")}
	}
	d.ContentHash = o.String("contentHash", "itemHash", "fingerprint")
	d.ProofRoot = o.String("proofRoot", "merkleRoot", "itemsRoot")
	d.ProofHash = o.String("proofHash")
	d.ItemHashes = o.Strings("itemHashes")
	d.PreviousProofHash = o.String("previousProofHash")
	d.Sequence = o.IntPtr("deltaIndex", "sequenceNumber", "sequence")
	d.VerificationReference = o.String("verificationReference", "reference")
	d.CreatedAt = o.Time("createdAt", "time", "submittedAt")
	d.VerifiedAt = o.Time("verifiedAt", "blockTimestamp")
	d.Error = o.String("error")
}

// sameHash compares two hashes as the service may spell them: with or without 0x, in
// either case.
func sameHash(a, b string) bool {
	trim := func(s string) string { return strings.TrimPrefix(strings.ToLower(s), "0x") }
	return a != "" && trim(a) == trim(b)
}
