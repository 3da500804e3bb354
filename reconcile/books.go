package reconcile

import (
	"context"
	"iter"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
)

// SystemOfRecord is one's own books: what should have been recorded, by account and usage
// days. Implement it over your own tables; [MeterBooks] is one over a meter's store.
//
// Books that also know which deltas were sent implement [SentDeltas], and then a mismatch
// names the first delta that differs instead of the first day. Books that know which
// accounts they have implement [AccountLister], and then an account that the service never
// heard of is found too.
type SystemOfRecord interface {
	// Balance is what the usage days add up to, both ends included, as it should stand in
	// the record: usage is negative, and in the account's unit. An account without usage has
	// 0. It is called often and should be one indexed query.
	Balance(ctx context.Context, customerID string, days proof.Days) (decimal.Decimal, error)
}

// SentDeltas is implemented by a [SystemOfRecord] that knows what was sent.
type SentDeltas interface {
	// Sent goes through the deltas of the usage days as they were sent, in any order, those
	// that were refused or given up left out. Each has its ReferenceID.
	Sent(ctx context.Context, customerID string, days proof.Days) iter.Seq2[pacspace.DeltaParams, error]
}

// AccountLister is implemented by a [SystemOfRecord] that knows its accounts.
type AccountLister interface {
	// Accounts goes through the customer ids that had usage on these days.
	Accounts(ctx context.Context, days proof.Days) iter.Seq2[string, error]
}
