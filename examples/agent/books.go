package main

import (
	"context"
	"iter"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/reconcile"
)

// books are the system of record: what the billing department wrote down, record by record,
// from the same usage as the meter and by another way. Over a database, Balance is
//
//	SELECT -sum(amount) FROM usage WHERE customer = $1 AND day BETWEEN $2 AND $3
type books struct {
	records []record
}

type record struct {
	customerID string
	day        pacspace.Date
	amount     decimal.Decimal
}

var (
	_ reconcile.SystemOfRecord = (*books)(nil)
	_ reconcile.AccountLister  = (*books)(nil)
)

func (b *books) write(customerID string, day pacspace.Date, amount decimal.Decimal) {
	b.records = append(b.records, record{customerID, day, amount})
}

// Balance is what the days add up to, as it should stand in the record: usage is negative.
func (b *books) Balance(_ context.Context, customerID string, days proof.Days) (decimal.Decimal, error) {
	var sum decimal.Decimal
	for _, r := range b.records {
		if r.customerID == customerID && !r.day.Before(days.First) && !r.day.After(days.Last) {
			sum = sum.Sub(r.amount)
		}
	}
	return sum, nil
}

// Accounts are the customers that used something.
func (b *books) Accounts(context.Context, proof.Days) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, id := range customers {
			if !yield(id, nil) {
				return
			}
		}
	}
}
