package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// Store keeps what an agent must not lose. Module sqlstore has one for SQLite and one for
// PostgreSQL; both pass the same conformance suite.
//
// Every method is one transaction: all of it is durable when it returns nil, and nothing of
// it is there when it returns an error, save that the outcome of a connection lost during
// commit is not known; then the same call again is harmless, since events are told apart by
// their ids and rows are written whole.
type Store interface {
	// Now is the store's clock, which decides for all replicas. It never goes back.
	Now(ctx context.Context) (time.Time, error)

	// Receive keeps events and says of each, in their order, whether it is new: one whose ID
	// is there already, or earlier in the same call, changes nothing. Received and State are
	// the store's to set.
	Receive(ctx context.Context, events []InboxEvent) ([]bool, error)

	// Update runs fn in one transaction that sees and locks what it reads. It may run fn
	// again after a deadlock or a lost connection, so fn must act through tx alone and set
	// its results anew each time. An error of fn undoes everything and is returned.
	Update(ctx context.Context, fn func(tx Tx) error) error

	// View runs fn in one transaction that only reads and locks nothing.
	View(ctx context.Context, fn func(tx Tx) error) error
}

// ErrNotFound is returned by a Tx for a row that is not there. What to do: nothing, where
// the row may not exist yet; a store returns it as it is.
var ErrNotFound = errors.New("reconcile: not found")

// Tx reads and writes rows within [Store.Update] or [Store.View]. Methods that list take at
// most limit rows in a fixed order.
type Tx interface {
	Now() time.Time

	// Setting reads a value by name, "" where there is none; SetSetting writes it.
	Setting(ctx context.Context, name string) (string, error)
	SetSetting(ctx context.Context, name, value string) error

	// PendingEvents lists events that are not applied, by Received and ID. Within Update it
	// locks them and passes over those that another replica holds.
	PendingEvents(ctx context.Context, limit int) ([]InboxEvent, error)
	// Events lists events in a state by ID after the given one, for pages.
	Events(ctx context.Context, state EventState, afterID string, limit int) ([]InboxEvent, error)
	// PutEvent replaces the event with that ID.
	PutEvent(ctx context.Context, e *InboxEvent) error
	// EventKnown tells whether an event has this ID or came under this delivery id.
	EventKnown(ctx context.Context, id string) (bool, error)
	CountEvents(ctx context.Context) (EventCount, error)

	// LockAccount returns an account, made where there is none, and locks it until the end
	// of Update.
	LockAccount(ctx context.Context, customerID string) (*Account, error)
	PutAccount(ctx context.Context, a *Account) error
	// Account returns ErrNotFound where nothing was ever recorded.
	Account(ctx context.Context, customerID string) (*Account, error)
	// Accounts lists by customer id after the given one, for pages.
	Accounts(ctx context.Context, after string, limit int) ([]Account, error)

	// Deltas lists by Name and N after the given pair, for pages.
	Deltas(ctx context.Context, q DeltaQuery, limit int) ([]Delta, error)
	// PutDelta inserts or replaces by CustomerID, Name and N.
	PutDelta(ctx context.Context, d *Delta) error
	// ProofKnown tells whether a delta of any account has this ProofHash, letter by letter.
	ProofKnown(ctx context.Context, proofHash string) (bool, error)

	// Check returns ErrNotFound where a period of an account was never touched.
	Check(ctx context.Context, customerID string, period usage.Period) (*Check, error)
	PutCheck(ctx context.Context, c *Check) error
	// DueChecks lists checks whose Due is set and not after now, earliest first.
	DueChecks(ctx context.Context, now time.Time, limit int) ([]Check, error)
	// Checks lists the checks of a period by customer id after the given one, for pages.
	Checks(ctx context.Context, period usage.Period, after string, limit int) ([]Check, error)

	// Mismatches lists by ID after the one of the query, for pages.
	Mismatches(ctx context.Context, q MismatchQuery, limit int) ([]Mismatch, error)
	// PutMismatch inserts or replaces by ID.
	PutMismatch(ctx context.Context, m *Mismatch) error
}

// EventState is where an event of the inbox stands.
type EventState string

// The states of an event.
const (
	EventPending EventState = "pending" // stored and not applied
	EventApplied EventState = "applied" // applied, or of a type that changes nothing
	EventUnread  EventState = "unread"  // genuine, and its data cannot be read
)

// InboxEvent is a delivery that was verified, as it is stored.
type InboxEvent struct {
	ID         string // of the body's content, so that another body under a known id is another event
	DeliveryID string // the id in the signed body, see webhook.Event; several events may have it
	Type       webhook.EventType
	Body       []byte // as it came
	Received   time.Time
	State      EventState
	Error      string // why it is unread
}

// EventCount counts the inbox.
type EventCount struct {
	Pending int       `json:"pending"`         // not applied
	Unread  int       `json:"unread"`          // cannot be read
	Oldest  time.Time `json:"oldest,omitzero"` // Received of the oldest pending one, zero without one
}

// Account is the running balance of a customer id: the exact sum of all its verified deltas
// that the agent knows of. A delta whose amount the service does not tell adds nothing to it
// until it is told; see [KindAmount].
type Account struct {
	CustomerID string          `json:"customerId"`
	Balance    decimal.Decimal `json:"balance"` // in the account's unit
	Count      int64           `json:"count"`
	Failed     int64           `json:"failed"` // deltas that will not be recorded
	// FirstAt and LastAt are when the first and the last of them was verified.
	FirstAt time.Time `json:"firstAt,omitzero"`
	LastAt  time.Time `json:"lastAt,omitzero"`
}

// DeltaState says what became of a delta.
type DeltaState string

// The states of a delta.
const (
	DeltaVerified DeltaState = "verified" // it counts
	DeltaFailed   DeltaState = "failed"   // it does not
)

// Delta is a delta as the service told of it, by webhook or in a list. Its proof fields are
// kept letter by letter. What is not known is zero.
type Delta struct {
	CustomerID string     `json:"customerId"`
	Name       string     `json:"name"` // the referenceId or, where there is none, what stands for it
	N          int        `json:"n"`    // tells apart several that were recorded under one name; from 1
	State      DeltaState `json:"state"`
	// Day is the usage day that the reference names, zero where it names none.
	Day usage.Date `json:"day,omitzero"`

	Delta       decimal.Decimal   `json:"delta"` // in the account's unit; zero where the service does not tell it
	Reason      string            `json:"reason,omitempty"`
	ReferenceID string            `json:"referenceId,omitempty"`
	RecordID    string            `json:"recordId,omitempty"`
	ReceiptID   string            `json:"receiptId,omitempty"`
	Index       *int64            `json:"deltaIndex,omitempty"`
	Metadata    json.RawMessage   `json:"metadata,omitempty"`
	Adjusts     *pacspace.Adjusts `json:"adjusts,omitempty"`
	SubmittedAt time.Time         `json:"submittedAt,omitzero"`
	VerifiedAt  time.Time         `json:"verifiedAt,omitzero"`

	ProofHash             string   `json:"proofHash,omitempty"`
	ContentHash           string   `json:"contentHash,omitempty"`
	ItemHashes            []string `json:"itemHashes,omitempty"`
	PreviousProofHash     string   `json:"previousProofHash,omitempty"`
	VerificationReference string   `json:"verificationReference,omitempty"`

	// Told says that a webhook told of it, Listed that the service lists it.
	Told   bool `json:"told,omitempty"`
	Listed bool `json:"listed,omitempty"`
	// Doubt is the service's own: it called the delta not verified, or listed discrepancies.
	Doubt string `json:"doubt,omitempty"`
	// Contradictions are what was told otherwise of the same delta, a field once.
	Contradictions []Contradiction `json:"contradictions,omitempty"`
	// Error is the service's word on why it failed.
	Error string `json:"error,omitempty"`
}

// RecordedAt is when the service received the delta or, where that is not known, when it
// verified it.
func (d *Delta) RecordedAt() time.Time {
	if d.SubmittedAt.IsZero() {
		return d.VerifiedAt
	}
	return d.SubmittedAt
}

// DeltaQuery selects deltas of an account. Zero fields select all.
type DeltaQuery struct {
	CustomerID string       // required
	Name       string       // of this name alone
	RecordID   string       // of this record alone
	From, To   usage.Date   // of the usage day, both included; leaves out deltas without one
	Window     usage.Window // of RecordedAt
	AfterName  string       // the last row of the page before
	AfterN     int
}

// Check is when a period of an account is to be compared, and how it last came out.
type Check struct {
	CustomerID string
	Period     usage.Period
	Due        time.Time      // zero: not again by itself
	Report     *AccountReport // nil before the first comparison
}
