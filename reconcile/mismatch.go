package reconcile

import (
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// Kind says what does not match.
type Kind string

// The kinds of mismatch. docs/agent.md says of each what it means and what to do.
const (
	KindBooks      Kind = "books"      // own books and the record differ
	KindContent    Kind = "content"    // a delta was recorded with other content than was sent
	KindMembership Kind = "membership" // a content hash is not among its batch's item hashes
	KindBatch      Kind = "batch"      // a batch's root does not follow from its item hashes
	KindChain      Kind = "chain"      // a proof names an earlier one that nobody saw
	KindTwice      Kind = "twice"      // one usage was recorded more than once
	KindChanged    Kind = "changed"    // the service told one delta in two ways
	KindAmount     Kind = "amount"     // a delta was verified and the service does not tell its amount
	KindMixed      Kind = "mixed"      // the balance adds up different resources
	KindDoubt      Kind = "doubt"      // the service itself calls a delta not verified, or tells that it lies in the future
	KindFailed     Kind = "failed"     // a delta will not be recorded, and nothing replaced it
	KindUnlisted   Kind = "unlisted"   // known from a webhook or an earlier list, and not in the service's list
	KindDerived    Kind = "derived"    // the service's balance does not follow from its own list
	KindCompared   Kind = "compared"   // compare does not agree with the service's own derive
	KindAgent      Kind = "agent"      // of an audit: the agent's store and the record differ
)

// passing kinds can be gone by themselves a moment later, when what is under way arrives.
func (k Kind) passing() bool {
	switch k {
	case KindBooks, KindChain, KindUnlisted, KindDerived, KindCompared, KindAmount:
		return true
	default:
		return false
	}
}

// hashes tells whether a mismatch is about hashes, or about what may be one.
func (m *Mismatch) hashes() bool {
	switch m.Kind {
	case KindContent, KindMembership, KindBatch, KindChain:
		return true
	case KindChanged:
		_, err := decimal.Parse(m.Expected)
		return err != nil
	default:
		return false
	}
}

// MismatchState is where a mismatch stands.
type MismatchState string

// The states of a mismatch.
const (
	MismatchWaiting MismatchState = "waiting" // seen, and given time to resolve by itself
	MismatchOpen    MismatchState = "open"    // an operator was told, or is being told
	MismatchClosed  MismatchState = "closed"  // it is gone
)

// Mismatch is something of an account and a period that does not match. There is at most
// one of a kind for each.
type Mismatch struct {
	Kind       Kind         `json:"kind"`
	CustomerID string       `json:"customerId"`
	Period     usage.Period `json:"period"`
	// Expected and Found are balances in the account's unit, hashes, or words.
	Expected string `json:"expected"`
	Found    string `json:"found"`
	// First is the first delta that differs, in the order of usage days and references; nil
	// where no single one is to be named.
	First *Differing `json:"first,omitempty"`
	// Count is how many deltas differ.
	Count int `json:"count"`
	// Evidence is what to look at, in words.
	Evidence []string `json:"evidence,omitempty"`

	State MismatchState `json:"state,omitempty"`
	// Revision counts what there was to tell: 1 when it was raised, more when it changed,
	// was closed or came back. Told is the revision that the alert function took last.
	Revision  int       `json:"revision,omitempty"`
	Told      int       `json:"told,omitempty"`
	FirstSeen time.Time `json:"firstSeen,omitzero"`
	ChangedAt time.Time `json:"changedAt,omitzero"`
	// Attempts counts failed calls of the alert function since the last that succeeded,
	// NotBefore is when it is called again, TellError is what it last returned.
	Attempts  int       `json:"attempts,omitempty"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	TellError string    `json:"tellError,omitempty"`
}

// Differing is one delta, or one usage day, of which two views differ.
type Differing struct {
	ReferenceID string     `json:"referenceId,omitempty"`
	RecordID    string     `json:"recordId,omitempty"`
	Day         usage.Date `json:"day,omitzero"`
	// Expected and Found are amounts in the account's unit, hashes, or words; empty on the
	// side that has nothing.
	Expected string `json:"expected,omitempty"`
	Found    string `json:"found,omitempty"`
	What     string `json:"what"` // in words
}

// ID names the mismatch for ever: kind, account and period.
func (m Mismatch) ID() string {
	return string(m.Period) + "/" + m.CustomerID + "/" + string(m.Kind)
}

// String is the mismatch in one line.
func (m Mismatch) String() string {
	var b strings.Builder
	b.WriteString(string(m.Kind) + ": " + m.CustomerID + ", " + string(m.Period) + ": expected " + m.Expected + ", found " + m.Found)
	if m.First != nil {
		b.WriteString("; first: " + m.First.String())
	}
	return b.String()
}

// String is the delta in one line.
func (d Differing) String() string {
	name := d.ReferenceID
	switch {
	case name != "":
	case d.RecordID != "":
		name = "record " + d.RecordID
	default:
		name = d.Day.String()
	}
	text := name + " " + d.What
	if d.Expected != "" {
		text += ", expected " + d.Expected
	}
	if d.Found != "" {
		text += ", found " + d.Found
	}
	return text
}

// MismatchQuery selects mismatches. Zero fields select all.
type MismatchQuery struct {
	CustomerID string
	Period     usage.Period
	State      MismatchState
	// Untold selects those whose last revision was not told yet and may be by then; zero
	// selects all.
	Untold time.Time
	// AfterID is the last row of the page before.
	AfterID string
}

// sameAs tells whether two findings of one mismatch say the same: of balances, that they
// are as far apart, since both grow by the day.
func (m *Mismatch) sameAs(o *Mismatch) bool {
	if m.apart() != o.apart() || m.Count != o.Count {
		return false
	}
	if m.First == nil || o.First == nil {
		return m.First == o.First
	}
	return *m.First == *o.First
}

// apart is by how much the two sides differ or, where they are no numbers, both of them.
func (m *Mismatch) apart() string {
	expected, err := decimal.Parse(m.Expected)
	if err == nil {
		if found, err := decimal.Parse(m.Found); err == nil {
			return found.Sub(expected).String()
		}
	}
	return m.Expected + " / " + m.Found
}
