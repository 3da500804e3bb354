package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// item is a delta as it was submitted.
type item struct {
	customerID  string
	amount      decimal.Decimal
	binary      float64 // amount, for binary64 sums
	reason      string
	referenceID string
	metadata    json.RawMessage // canonical; nil where there was none
	adjusts     *adjusts
	leaf        proof.Hash // hash of the canonical item
}

// adjusts names an earlier delta, by one of its ids.
type adjusts struct {
	ReferenceID string `json:"referenceId,omitempty"`
	RecordID    string `json:"recordId,omitempty"`
}

// delta is an accepted item.
type delta struct {
	item
	customer *customer
	group    *group
	recordID string
	sequence int64  // its number among the customer's deltas, from 1
	index    int64  // its number among all verified deltas, from 1; 0 before
	failure  string // why it failed
	received time.Time
	verified time.Time   // zero before, and where it failed
	previous *proof.Hash // the proof before its own in the chain
}

// group is what one request submitted: its deltas share a proof.
type group struct {
	deltas       []*delta
	root         proof.Hash
	order        int64 // in the pipeline
	processingAt time.Time
	verifiedAt   time.Time // due, until done
	done         bool
}

// status is where a delta stands at an instant. Source: API contract, section 2.4.
func (d *delta) status(now time.Time) string {
	switch {
	case d.failure != "":
		return "FAILED"
	case d.group.done:
		return "VERIFIED"
	case !now.Before(d.group.processingAt):
		return "PROCESSING"
	default:
		return "QUEUED"
	}
}

func (d *delta) isVerified() bool {
	return d.group != nil && d.group.done && d.failure == ""
}

// The bounds of a delta. Source: API contract, section 2.1.
const (
	maxDelta  = 1_000_000_000
	maxReason = 500
)

// readItem reads and checks a submitted delta.
func (s *Sandbox) readItem(raw json.RawMessage) (item, *problem) {
	fields, p := readObject(raw, "the delta")
	if p != nil {
		return item{}, p
	}

	var it item
	if it.customerID, p = requiredString(fields, "customerId"); p != nil {
		return item{}, p
	}
	if err := usage.ValidateCustomerID(it.customerID); err != nil {
		return item{}, invalid("customerId must be 1 to 128 characters of letters, digits, _ - . and :")
	}
	if it.amount, it.binary, p = readNumber(fields["delta"], "delta"); p != nil {
		return item{}, p
	}
	switch {
	case it.binary == 0:
		return item{}, invalid("delta must not be zero")
	case math.Abs(it.binary) > maxDelta:
		return item{}, invalid("delta must be between -%d and %[1]d", maxDelta)
	}
	if it.reason, p = requiredString(fields, "reason"); p != nil {
		return item{}, p
	}
	if utf8.RuneCountInString(it.reason) > maxReason {
		return item{}, invalid("reason must be at most %d characters", maxReason)
	}
	if it.referenceID, p = optionalString(fields, "referenceId"); p != nil {
		return item{}, p
	}
	if raw := fields["metadata"]; given(raw) {
		if raw[0] != '{' {
			return item{}, invalid("metadata must be an object")
		}
		text, err := canonical.Append(nil, raw, canonical.Official)
		if err != nil {
			return item{}, invalid("metadata has no canonical form")
		}
		it.metadata = text
	}
	if it.adjusts, p = readAdjusts(fields["adjusts"]); p != nil {
		return item{}, p
	}
	if p := s.checkVendor(fields, s.cfg.middleware); p != nil {
		return item{}, p
	}
	text, err := it.canonical(fields)
	if err != nil {
		return item{}, invalid("the delta has no canonical form")
	}
	it.leaf = s.leaf(text)
	return it, nil
}

// canonical is the item's canonical JSON. It takes the text fields as they were written,
// so that what Go strings cannot hold is hashed as the service holds it.
func (it item) canonical(fields map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"customerId":%s,"delta":%s,"reason":%s`, fields["customerId"], numberText(it.amount), fields["reason"])
	if it.referenceID != "" {
		fmt.Fprintf(&b, `,"referenceId":%s`, fields["referenceId"])
	}
	if it.metadata != nil {
		fmt.Fprintf(&b, `,"metadata":%s`, it.metadata)
	}
	if it.adjusts != nil {
		b.WriteString(`,"adjusts":`)
		b.Write(appendJSON(nil, it.adjusts.object(), nil))
	}
	b.WriteByte('}')
	return canonical.Append(nil, b.Bytes(), canonical.Official)
}

func (a *adjusts) object() object {
	if a.RecordID != "" {
		return object{{"recordId", a.RecordID}}
	}
	return object{{"referenceId", a.ReferenceID}}
}

// checkVendor holds the tenant to its kind: only a middleware tenant names the vendor that
// it acts for. Source: API contract, sections 2.1 and 2.8.
func (s *Sandbox) checkVendor(fields map[string]json.RawMessage, required bool) *problem {
	vendor, p := optionalString(fields, "vendorAccountId")
	switch {
	case p != nil:
		return p
	case required && vendor == "":
		return invalid("vendorAccountId is required for middleware tenants")
	case !s.cfg.middleware && vendor != "":
		return invalid("vendorAccountId is for middleware tenants only")
	}
	return nil
}

func readAdjusts(raw json.RawMessage) (*adjusts, *problem) {
	if !given(raw) {
		return nil, nil
	}
	fields, p := readObject(raw, "adjusts")
	if p != nil {
		return nil, p
	}
	var a adjusts
	if a.ReferenceID, p = optionalString(fields, "referenceId"); p != nil {
		return nil, p
	}
	if a.RecordID, p = optionalString(fields, "recordId"); p != nil {
		return nil, p
	}
	if (a.ReferenceID == "") == (a.RecordID == "") {
		return nil, invalid("adjusts must name either a referenceId or a recordId")
	}
	return &a, nil
}

// emit serves POST /api/v1/balance/delta. Source: API contract, section 2.1.
func (s *Sandbox) emit(c *call) reply {
	it, p := s.readItem(c.body)
	if p != nil {
		return refuse(p)
	}
	d, again, p := s.admit(c, it)
	switch {
	case p != nil:
		return refuse(p)
	case again:
		return ok(d.emitted(c.now, true))
	}
	s.submit(c.plane, []*delta{d}, c.now)
	return created(d.emitted(c.now, false))
}

func (d *delta) emitted(now time.Time, again bool) object {
	o := object{
		{"recordId", d.recordID},
		{"receiptId", d.group.root},
		{"status", d.status(now)},
		{"customerId", d.customer.id},
		{"delta", d.amount},
		{"reason", d.reason},
		{"referenceId", optional(d.referenceID)},
		{"contentHash", d.leaf},
	}
	if again {
		o = append(o, field{"idempotent", true})
	}
	return o
}

// admit decides on one item: accepted as a new delta, which joins a group once the request
// is through, or known already, or refused.
func (s *Sandbox) admit(c *call, it item) (d *delta, again bool, p *problem) {
	known := c.plane.customers[it.customerID]
	if known != nil && it.referenceID != "" && !s.cfg.referencesRepeat {
		if d := known.byReference[it.referenceID]; d != nil {
			if d.leaf != it.leaf && !s.cfg.referencesNotCompared {
				return nil, false, &problem{status: http.StatusUnprocessableEntity, code: "REFERENCE_CONFLICT", customerID: it.customerID,
					message: "This referenceId was used for a different delta."}
			}
			return d, true, nil
		}
	}
	if p := s.checkAdjusts(c, it, known); p != nil {
		return nil, false, p
	}
	if p := s.checkCadence(c, it, known); p != nil {
		return nil, false, p
	}
	if s.cfg.planLimit > 0 && int64(len(c.plane.deltas)) >= s.cfg.planLimit {
		return nil, false, &problem{status: http.StatusPaymentRequired, code: "INSUFFICIENT_CREDITS", message: "The plan's deltas are used up."}
	}
	if len(c.plane.deltas) >= s.cfg.maxDeltas {
		return nil, false, s.full("deltas")
	}
	cu := c.plane.customer(it.customerID, c.now)
	d = &delta{item: it, customer: cu, recordID: s.newID(c.plane, "rec"), received: c.now, sequence: int64(len(cu.deltas) + 1)}
	cu.deltas = append(cu.deltas, d)
	cu.changes++
	if it.referenceID != "" && cu.byReference[it.referenceID] == nil {
		cu.byReference[it.referenceID] = d
	}
	c.plane.deltas = append(c.plane.deltas, d)
	c.plane.byRecord[d.recordID] = d
	return d, false, nil
}

// full refuses what would pass the bound on memory.
func (s *Sandbox) full(of string) *problem {
	return &problem{status: http.StatusServiceUnavailable, code: "SERVICE_UNAVAILABLE",
		message: fmt.Sprintf("The sandbox holds its maximum of %d %s.", s.cfg.maxDeltas, of)}
}

// checkAdjusts holds an adjustment to an entry of the same customer that exists.
func (s *Sandbox) checkAdjusts(c *call, it item, known *customer) *problem {
	if it.adjusts == nil {
		return nil
	}
	var target *delta
	if known != nil {
		target = known.byReference[it.adjusts.ReferenceID]
		if it.adjusts.RecordID != "" {
			target = c.plane.byRecord[it.adjusts.RecordID]
		}
	}
	switch {
	case target == nil || target.customer != known || target.failure != "":
		return &problem{status: http.StatusUnprocessableEntity, code: "ADJUSTS_NOT_FOUND", message: "adjusts names no delta of this customer."}
	case s.cfg.adjustsVerified && !target.isVerified():
		return &problem{status: http.StatusUnprocessableEntity, code: "ADJUSTS_NOT_COMMITTED", message: "adjusts names a delta that is not verified yet."}
	}
	return nil
}

// checkCadence holds a customer to one delta in each interval, where there is one. Source:
// API contract, section 1.6.
func (s *Sandbox) checkCadence(c *call, it item, known *customer) *problem {
	if known == nil || len(known.deltas) == 0 {
		return nil
	}
	interval := s.cfg.cadence
	if own := c.plane.cadences[it.customerID]; own > 0 {
		interval = own
	}
	wait := known.deltas[len(known.deltas)-1].received.Add(interval).Sub(c.now)
	if interval == 0 || wait <= 0 {
		return nil
	}
	return &problem{status: http.StatusTooManyRequests, code: "CADENCE_LIMIT", customerID: it.customerID,
		retryAfter: int(math.Ceil(wait.Seconds())), message: "This customer's deltas come too often."}
}

// deltaStatus serves GET /api/v1/balance/delta/{recordId}. Source: API contract, section 2.4.
func (s *Sandbox) deltaStatus(c *call) reply {
	d := c.plane.byRecord[c.param()]
	if d == nil {
		return refuse(notFound("NOT_FOUND", "Delta not found."))
	}
	o := object{
		{"recordId", d.recordID},
		{"receiptId", d.group.root},
		{"status", d.status(c.now)},
		{"customerId", d.customer.id},
		{"delta", d.amount},
		{"reason", d.reason},
		{"referenceId", optional(d.referenceID)},
		{"submittedAt", d.received},
		{"contentHash", d.leaf},
	}
	if d.failure != "" {
		return ok(append(o, field{"error", d.failure}, field{"failedAt", d.group.verifiedAt}))
	}
	if d.isVerified() {
		o = append(o, s.proofFields(d)...)
		o = append(o,
			field{"deltaIndex", s.deltaIndex(d)},
			field{"verifiedAt", d.verified},
			field{"blockTimestamp", d.verified},
			field{"verificationReference", verificationReference(d.recordID)},
			field{"verificationExplorerUrl", c.origin + "/verify/" + d.group.root.String()})
	}
	return ok(o)
}

// proofFields are what proves a verified delta.
func (s *Sandbox) proofFields(d *delta) object {
	o := object{{"itemHashes", hashesOf(d.group.deltas)}, {"proofHash", d.group.root}}
	if d.previous != nil {
		o = append(o, field{"previousProofHash", *d.previous})
	}
	return o
}

// deltaIndex is a verified delta's sequence number as the options have it: among all, among
// the customer's own, or not told.
func (s *Sandbox) deltaIndex(d *delta) any {
	switch {
	case s.cfg.indexMissing || d.index == 0:
		return nil
	case s.cfg.indexPerCustomer:
		return d.sequence
	default:
		return d.index
	}
}

// verificationReference stands for the reference on the verification layer, which the
// sandbox does not have: a value that is the same on every run.
func verificationReference(id string) proof.Hash {
	return keccakOf([]byte("sandbox: verification reference\x00"), []byte(id))
}

// Readers of request fields.

func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// readObject splits an object into its fields; of a repeated name the last counts, as in
// the service's language.
func readObject(raw json.RawMessage, what string) (map[string]json.RawMessage, *problem) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return nil, invalid("%s must be an object", what)
	}
	return fields, nil
}

func optionalString(fields map[string]json.RawMessage, name string) (string, *problem) {
	raw := fields[name]
	if !given(raw) {
		return "", nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", invalid("%s must be a string", name)
	}
	return s, nil
}

func requiredString(fields map[string]json.RawMessage, name string) (string, *problem) {
	s, p := optionalString(fields, name)
	if p == nil && s == "" {
		p = invalid("%s must be a non-empty string", name)
	}
	return s, p
}

// readNumber reads a JSON number as the service does: as the nearest binary64 number.
func readNumber(raw json.RawMessage, name string) (decimal.Decimal, float64, *problem) {
	if !json.Valid(raw) || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return decimal.Decimal{}, 0, invalid("%s must be a number", name)
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(f, 0) {
		return decimal.Decimal{}, 0, invalid("%s must be a finite number", name)
	}
	return fromBinary(f), f, nil
}
