package metering

import (
	"context"
	"errors"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Store keeps what a meter must not lose. Module sqlstore has one for SQLite and one for
// PostgreSQL; both pass the same conformance suite.
//
// Every method is one transaction: all of it is durable when it returns nil, and nothing
// of it is there when it returns an error, save that the outcome of a lost connection
// during commit is not known; then the same call again is harmless, since events are told
// apart by their ids and rows are written whole.
type Store interface {
	// Now is the store's clock, which decides for all replicas. It never goes back.
	Now(ctx context.Context) (time.Time, error)

	// Record adds events to their buckets and says, in their order, what became of each.
	// An id that was seen before, or earlier in the same call, adds nothing. Where a bucket
	// is fed by totals, nothing of the call is recorded and the error is a [*TotalsError].
	// A bucket in which nothing was open takes the entry's Due; an open one keeps its own.
	Record(ctx context.Context, entries []Entry) ([]Recorded, error)

	// Update runs fn in one transaction that sees and locks what it reads. It may run fn
	// again after a deadlock or a lost connection, so fn must act through tx alone and set
	// its results anew each time. An error of fn undoes everything and is returned.
	Update(ctx context.Context, fn func(tx Tx) error) error

	// View runs fn in one transaction that only reads and locks nothing.
	View(ctx context.Context, fn func(tx Tx) error) error

	// Sweep forgets ids of events that arrived before the instant, in short transactions
	// beside which others go on, and says how many.
	Sweep(ctx context.Context, before time.Time) (int, error)
}

// ErrNotFound is returned by a Tx for a row that is not there. What to do: nothing, where
// the row may not exist yet; a store returns it as it is.
var ErrNotFound = errors.New("metering: not found")

// Tx reads and writes rows within [Store.Update] or [Store.View]. Rows read within Update
// stay locked until it ends. Methods that list take at most limit rows, in a fixed order,
// and within Update pass over rows that another replica holds locked, save where a query
// says to wait. Transactions that lock a bucket and deltas of it lock the bucket first.
type Tx interface {
	Now() time.Time

	// Setting reads a value by name, "" where there is none; SetSetting writes it.
	Setting(ctx context.Context, name string) (string, error)
	SetSetting(ctx context.Context, name, value string) error

	// BindAccount stores an account's resource and unit if its customer id is new, and
	// returns what is stored.
	BindAccount(ctx context.Context, a usage.Account) (usage.Account, error)
	// Account returns what BindAccount stored, or ErrNotFound.
	Account(ctx context.Context, customerID string) (usage.Account, error)

	// Bucket returns ErrNotFound where nothing was ever counted.
	Bucket(ctx context.Context, customerID string, day usage.Date) (*Bucket, error)
	PutBucket(ctx context.Context, b *Bucket) error
	// DueBuckets lists open buckets whose Due is not after now, earliest first.
	DueBuckets(ctx context.Context, now time.Time, limit int) ([]Bucket, error)
	// Buckets lists by day and customer id after the given pair, for pages.
	Buckets(ctx context.Context, q BucketQuery, limit int) ([]Bucket, error)

	// Delta returns the delta with that referenceId, or ErrNotFound.
	Delta(ctx context.Context, referenceID string) (*OutboxDelta, error)
	// PutDelta inserts or replaces by ReferenceID.
	PutDelta(ctx context.Context, d *OutboxDelta) error
	// ReadyDeltas lists deltas in that state whose NotBefore is not after now, frozen ones
	// only while they are in no batch, by NotBefore and reference.
	ReadyDeltas(ctx context.Context, state State, now time.Time, limit int) ([]OutboxDelta, error)
	// Deltas lists by reference after the given one, for pages.
	Deltas(ctx context.Context, q DeltaQuery, limit int) ([]OutboxDelta, error)
	// CountDeltas counts deltas by state, with the earliest CreatedAt of each.
	CountDeltas(ctx context.Context) ([]StateCount, error)
	// CountOpen counts buckets in which something is open.
	CountOpen(ctx context.Context, now time.Time) (OpenCount, error)

	// Batch returns ErrNotFound where there is none.
	Batch(ctx context.Context, id string) (*OutboxBatch, error)
	PutBatch(ctx context.Context, b *OutboxBatch) error
	// FreeBatches lists batches that are not done, whose NotBefore is not after now and
	// whose lease has ended by now, by CreatedAt.
	FreeBatches(ctx context.Context, now time.Time, limit int) ([]OutboxBatch, error)
}

// Entry is an event as a [Store] counts it.
type Entry struct {
	ID          string
	CustomerID  string
	Day         usage.Date
	Amount      decimal.Decimal
	Time        time.Time
	Dimensions  map[string]string
	Fingerprint uint64    // over all of the above, and the same in every release
	Due         time.Time // when a bucket that this entry opens may be closed
}

// TotalsError is returned for an event of an account whose day is fed by totals: counting
// both would count twice. What to do: submit a new total of that day with Submit, or let
// the account's days be counted from events alone.
type TotalsError struct {
	CustomerID string
	Day        usage.Date
}

func (e *TotalsError) Error() string {
	return "metering: customer " + e.CustomerID + ", day " + e.Day.String() + ": is fed by totals: an event would be counted twice; submit a new total"
}

// Recorded says what became of an [Entry].
type Recorded string

// What becomes of an entry.
const (
	RecordedNew       Recorded = "new"       // counted now
	RecordedDuplicate Recorded = "duplicate" // counted before, with the same content
	RecordedConflict  Recorded = "conflict"  // the id was counted before with other content, which stands
)

// Bucket is what an account used on a day. It is fed by events or by totals, never by
// both.
type Bucket struct {
	CustomerID string
	Day        usage.Date
	Totals     bool // fed by the outbox's totals and not by events
	Generation int  // how often it was closed

	// Open, Count, Dimensions, First and Last are of what came since it was last closed.
	Open        decimal.Decimal
	Count       int64
	Dimensions  Dimensions
	First, Last time.Time
	Metadata    []byte    // of totals: what the caller adds, RFC 8785; nil for none
	Due         time.Time // when it may be closed; zero while nothing is open

	// Frozen is the sum of all that was closed and not discarded. Base is the reference
	// that adjustments of the day name, "" while there is none.
	Frozen decimal.Decimal
	Base   string
}

// OpenCount counts buckets.
type OpenCount struct {
	Open   int       // something is open
	Due    int       // of these: Due is not after now
	Oldest time.Time // the earliest Due, zero where nothing is open
}

// BucketQuery selects buckets: zero fields select all.
type BucketQuery struct {
	CustomerID string
	From, To   usage.Date // both included
	OpenOnly   bool
	TotalsOnly bool
	// AfterDay and AfterCustomerID are the last row of the page before.
	AfterDay        usage.Date
	AfterCustomerID string
}

// State is where a delta of the outbox stands.
type State string

// The states of a delta. Bytes that may be on the wire are Sent before they are.
const (
	StateFrozen    State = "frozen"    // to be sent; its bytes will not change
	StateSent      State = "sent"      // being sent, or accepted to be processed later
	StateUnknown   State = "unknown"   // may have been recorded: only the same bytes with the same key may follow
	StateConfirmed State = "confirmed" // the service accepted it
	StateVerified  State = "verified"  // the service says VERIFIED
	StateParked    State = "parked"    // waits for a person
	StateDiscarded State = "discarded" // a person decided that it is not sent
)

// OutboxDelta is one delta on its way to the service, or there.
type OutboxDelta struct {
	ReferenceID string
	CustomerID  string
	Day         usage.Date
	Generation  int
	Adjusts     string // reference that it adjusts, ""
	Amount      decimal.Decimal
	Body        []byte // the delta as it is sent, RFC 8785
	Key         string // the key of its next or last single send
	BatchID     string // "" while it is in none
	State       State
	Attempts    int
	FirstSent   time.Time // of the key that is in use; zero before
	NotBefore   time.Time
	ErrorCode   string // the service's code, or ours
	Note        string // in words: why it is parked, discarded or was retried
	RecordID    string
	ReceiptID   string
	ContentHash string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// DeltaQuery selects deltas of the outbox: zero fields select all.
type DeltaQuery struct {
	CustomerID string
	From, To   usage.Date // of the usage day, both included
	States     []State
	BatchID    string
	RecordID   string
	// Wait makes a listing within Update wait for rows that another replica holds locked,
	// for a decision that must see all of them; else they are passed over.
	Wait bool
	// AfterReferenceID is the last row of the page before.
	AfterReferenceID string
}

// StateCount counts the deltas in one state.
type StateCount struct {
	State  State     `json:"state"`
	Count  int       `json:"count"`
	Oldest time.Time `json:"oldest"` // the earliest CreatedAt
}

// OutboxBatch is what is sent in one request: one delta or several, with the bytes and the
// key that do not change while an attempt may have been processed.
type OutboxBatch struct {
	ID        string
	Key       string
	Body      []byte
	Single    bool // one delta, sent alone
	Count     int  // its deltas, which name it by BatchID
	Done      bool
	Attempts  int
	FirstSent time.Time
	Unknown   bool // an attempt may have been processed
	NotBefore time.Time
	Owner     string // who holds the lease
	Epoch     int64  // counts leases; a holder of an older one changes nothing
	LeaseEnd  time.Time
	CreatedAt time.Time
}
