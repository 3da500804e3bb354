package sandbox

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
)

// Recorded is a delta as the service holds it, for tests that ask what really happened.
type Recorded struct {
	RecordID    string
	ReceiptID   string // the proof root of its submission; empty while that is under way
	CustomerID  string
	Delta       decimal.Decimal
	Reason      string
	ReferenceID string
	Metadata    json.RawMessage // canonical; nil where there was none
	Status      string          // QUEUED, PROCESSING, VERIFIED or FAILED
	Error       string          // why it failed
	ContentHash proof.Hash
	Sequence    int64 // among the customer's deltas, from 1
	ReceivedAt  time.Time
	VerifiedAt  time.Time // zero unless VERIFIED
}

func (d *delta) recorded(now time.Time) Recorded {
	return Recorded{
		RecordID: d.recordID, ReceiptID: d.group.root.String(), CustomerID: d.customer.id,
		Delta: d.amount, Reason: d.reason, ReferenceID: d.referenceID, Metadata: slices.Clone(d.metadata),
		Status: d.status(now), Error: d.failure, ContentHash: d.leaf, Sequence: d.sequence,
		ReceivedAt: d.received, VerifiedAt: d.verified,
	}
}

// Recorded lists the deltas of a customer, or of all for an empty id, in the order of
// their receipt and in any status, as they stand now.
func (s *Sandbox) Recorded(env Environment, customerID string) []Recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	p := s.planes[env]
	if p == nil {
		return nil
	}
	deltas := p.deltas
	if customerID != "" {
		cu := p.customers[customerID]
		if cu == nil {
			return nil
		}
		deltas = cu.deltas
	}
	list := make([]Recorded, len(deltas))
	for i, d := range deltas {
		list[i] = d.recorded(now)
	}
	return list
}

// Sum is the exact sum of a customer's deltas that did not fail, whenever they were
// received.
func (s *Sandbox) Sum(env Environment, customerID string) decimal.Decimal {
	var total decimal.Decimal
	for _, r := range s.Recorded(env, customerID) {
		if r.Status != "FAILED" {
			total = total.Add(r.Delta)
		}
	}
	return total
}

// Delivery is a webhook delivery as the service holds it.
type Delivery struct {
	EventID  string
	Event    string
	URL      string
	Body     []byte
	Status   string // PENDING, DELIVERED or FAILED
	Attempts int
	Answer   int // the last attempt's HTTP status, 0 without one
}

// Deliveries lists the deliveries of an environment in the order of their events.
func (s *Sandbox) Deliveries(env Environment) []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	p := s.planes[env]
	if p == nil {
		return nil
	}
	list := make([]Delivery, len(p.deliveries))
	for i, d := range p.deliveries {
		list[i] = Delivery{EventID: d.eventID, Event: d.event, URL: d.endpoint.url, Body: slices.Clone(d.body),
			Status: d.status, Attempts: d.attempts, Answer: d.answer}
	}
	return list
}

// WebhookSecret is what deliveries to the first address of an environment are signed with,
// empty where none is registered.
func (s *Sandbox) WebhookSecret(env Environment) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.planes[env]; p != nil && len(p.endpoints) > 0 {
		return p.endpoints[0].secret
	}
	return ""
}

// SetCadence sets how far apart a customer's deltas must be, in place of [CadenceLimit];
// 0 goes back to it.
func (s *Sandbox) SetCadence(env Environment, customerID string, interval time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.planes[env]; p != nil {
		p.cadences[customerID] = max(interval, 0)
	}
}
