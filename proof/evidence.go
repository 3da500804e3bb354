package proof

import (
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// EvidenceFormat is the name of the file format: JSON Lines, a header, a line for each
// delta, a trailer. docs/evidence-format.md specifies it field by field.
const EvidenceFormat = "pacspace-evidence/v1"

// Environment says whether a record counts: live, or test.
type Environment string

// The environments. The zero Environment means live wherever one is asked for.
const (
	EnvironmentLive Environment = "live"
	EnvironmentTest Environment = "test"
)

func (e Environment) orLive() Environment {
	if e == "" {
		return EnvironmentLive
	}
	return e
}

// Header is the first line of evidence: what the vendor says that the file shows.
type Header struct {
	// Account is the customer id, what is counted under it and, where metadata.unit says
	// it on every delta, what one of it is. Resource and Unit may be empty.
	Account usage.Account
	// Environment is live where it is zero.
	Environment Environment
	// Period is the billed month; empty where the invoice is not for a month.
	Period usage.Period
	// Days are the usage days that are billed. Zero means those of the Period.
	Days Days
	// Window is when the service recorded the deltas.
	Window usage.Window
	// Carried lists the deltas that an earlier window recorded and that this invoice bills,
	// in the order of their lines: they were verified after that window was closed. They are
	// in the balance of this invoice and not under its checkpoint.
	Carried []CarriedLine
	// StartingBalance and ClaimedBalance are in units of the account. The claim is the
	// balance after all deltas, the one on the invoice.
	StartingBalance decimal.Decimal
	ClaimedBalance  decimal.Decimal
	// Count is the number of deltas in the file, carried ones among them.
	Count int
	// Checkpoint is the one whose root is over all deltas but the carried ones; zero where
	// there is none.
	Checkpoint Checkpoint
	// Variant is the one by which the trailer's root is made, and the writer's idea of what
	// the service uses; a verifier does not rely on it. Zero means VariantHex0x.
	Variant Variant
}

// Days are usage days from First to Last, both among them.
type Days struct {
	First usage.Date `json:"first"`
	Last  usage.Date `json:"last"`
}

// DaysOf returns the days of a month.
func DaysOf(p usage.Period) Days { return Days{First: p.First(), Last: p.Last()} }

// IsZero tells whether no days are given.
func (d Days) IsZero() bool { return d == Days{} }

// String returns the days as 2026-02-01 to 2026-02-28.
func (d Days) String() string { return d.First.String() + " to " + d.Last.String() }

// CarriedLine names a carried delta, by one of the two ids or both, and the window that
// recorded it.
type CarriedLine struct {
	ReferenceID string
	RecordID    string
	Window      usage.Window
}

// Checkpoint is what the service made over a window.
type Checkpoint struct {
	ID   string // as in chk_abc123; may be empty
	Root Hash   // the proof root; zero where there is no checkpoint
}

// Line is one delta of evidence with what the service said of it. What is not known is left
// out: strings empty, hashes zero, pointers nil, times zero.
type Line struct {
	// Sequence counts the lines from 1. A Writer numbers a line whose Sequence is 0.
	Sequence  int
	Item      Item
	RecordID  string
	ReceiptID string
	// ContentHash is the service's, never one that the writer computed: where the service's
	// is not known it stays zero, and the verifier computes it.
	ContentHash Hash
	// ItemHashes are those of the batch with which the delta was submitted.
	ItemHashes []Hash
	// ProofHash is the root of that batch. A zero hash is one that the service gave.
	ProofHash         *Hash
	PreviousProofHash *Hash
	// Index is the service's number for the delta, at least 0.
	Index      *int64
	VerifiedAt time.Time
	// Carried is the window that recorded a carried delta; nil for any other.
	Carried *usage.Window
	// Sources say where the fields come from.
	Sources Sources

	number  int      // the line of the file
	form    []byte   // the canonical form of what is known of the item
	unknown fieldSet // the fields of the item that sources call unknown
}

// A trailerLine is the last line of evidence. It shows that the file was not cut.
type trailerLine struct {
	Count int             // of all deltas
	Sum   decimal.Decimal // of all deltas
	Root  Hash            // over all but the carried ones, by the header's variant
}
