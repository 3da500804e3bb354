package pacspace

import (
	"time"
)

// Closing is a closed period of one account: what goes onto its invoice and into its
// evidence. It is plain data; keep it as JSON and give it to the next ClosePeriod as
// Previous.
type Closing struct {
	Account     Account     `json:"account"`
	Environment Environment `json:"environment,omitempty"`
	Period      Period      `json:"period"`
	// Window is the recording window that was closed. Its end is the next one's start.
	Window Window `json:"window"`
	// StartingBalance is what the balance started from, in the account's unit.
	StartingBalance Decimal `json:"startingBalance"`
	// Balance is the starting balance and all lines, exactly, in the account's unit: what
	// the invoice states.
	Balance Decimal `json:"balance"`
	// NetChange is what the window's own deltas add up to, in the account's unit: Balance
	// without the starting balance and the carried lines.
	NetChange Decimal `json:"netChange"`
	// DeltaCount is how many deltas the checkpoint covers; carried lines are not in it.
	DeltaCount int `json:"deltaCount"`
	// CheckpointID and ProofRoot name the checkpoint over the window. The root grants read
	// access to what it proves. Both are empty where nothing was recorded in the window.
	CheckpointID string `json:"checkpointId,omitempty"`
	ProofRoot    string `json:"proofRoot,omitempty"`
	// RecordedAt is when the public record was written, zero where it does not say.
	RecordedAt time.Time `json:"recordedAt,omitzero"`
	// Proof is what the invoice carries: links and the access code; nil without a root.
	Proof *InvoiceProof `json:"proof,omitempty"`
	// Notes are what a person should know: rounding of the service's sums, carried deltas,
	// usage days outside the period, a moved cut.
	Notes []string `json:"notes,omitempty"`
	// Windows are this window and the ones closed before it, newest first, with the records
	// that were listed in each. The next close derives them again and carries what is new.
	Windows []ClosedWindow `json:"windows"`

	// Lines are the deltas of the invoice in the order of the record, carried ones last.
	// They are not kept in JSON; the evidence file holds them.
	Lines []ClosingLine `json:"-"`
}

// ClosedWindow is a recording window that was closed, and what was listed in it.
type ClosedWindow struct {
	Window  Window   `json:"window"`
	Records []string `json:"records"` // record ids, those carried later included
}

// ClosingLine is one delta of an invoice.
type ClosingLine struct {
	// Delta is the delta as the service lists it.
	Delta Delta
	// Submitted is the delta as it was sent, nil where Submissions did not name it.
	Submitted *DeltaParams
	// Carried is the earlier window in which the service recorded the delta, where it was
	// listed only after that window was closed; nil for the window's own deltas.
	Carried *Window
}

// maxClosedWindows is how many windows a Closing remembers: a delta that the service
// verifies more than a year after it recorded it is not looked for.
const maxClosedWindows = 12
