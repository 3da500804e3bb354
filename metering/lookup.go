package metering

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/usage"
)

const (
	lookSkew  = 2 * time.Hour       // how far the service's clock may be from the store's
	lookSpan  = 28 * 24 * time.Hour // the service bounds how wide a scope is; no month is shorter
	lookLimit = 100                 // rows of a customer's activity
)

// lookFor looks for the deltas of a batch whose outcome is not known, stores what it finds,
// and returns how many are left. The batch stays leased while some are. Where the service
// cannot be asked, notAsked stores that, and none are left to this attempt: the batch waits.
// Since is from when on the service may have recorded them, zero where that may have been
// before they were sent by this life of the store.
func (m *Meter) lookFor(ctx context.Context, b *OutboxBatch, since time.Time, notAsked func(context.Context, *OutboxBatch, error) error) (left int, err error) {
	params, err := b.params()
	if err != nil {
		return 0, err
	}
	open := make([]bool, len(params))
	err = m.store.View(ctx, func(tx Tx) error {
		for i, p := range params {
			d, err := tx.Delta(ctx, p.ReferenceID)
			if err != nil {
				return err
			}
			open[i] = d.BatchID == b.ID && d.underWay()
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	found := map[int]*pacspace.Delta{}
	differs := map[int]error{}
	renewed := time.Now()
	for i, p := range params {
		if !open[i] {
			continue
		}
		if time.Since(renewed) > leaseTime/3 {
			if err := m.renew(ctx, b); err != nil {
				return 0, err
			}
			renewed = time.Now()
		}
		d, err := m.find(ctx, p, since)
		switch {
		case errors.Is(err, pacspace.ErrReferenceConflict):
			differs[i] = err
		case err != nil:
			storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
			defer cancel()
			return 0, notAsked(storing, b, err)
		case d != nil:
			found[i] = d
		default:
			left++
		}
	}
	if len(found)+len(differs) == 0 && left > 0 {
		return left, nil
	}
	lease := b.LeaseEnd
	return left, m.change(ctx, b, func(s *step, members []*OutboxDelta) error {
		for i, d := range members {
			var err error
			switch {
			case d == nil:
			case found[i] != nil:
				err = s.accept(ctx, d, itemOf(found[i]))
			case differs[i] != nil:
				err = s.differs(ctx, d, differs[i].Error())
			}
			if err != nil {
				return err
			}
		}
		if s.batch.Done = left == 0; !s.batch.Done {
			s.batch.LeaseEnd = lease
		}
		return nil
	})
}

// notFound stores that the service could not be asked: what is unknown stays so.
func (m *Meter) notFound(ctx context.Context, b *OutboxBatch, cause error) error {
	return m.change(ctx, b, func(s *step, members []*OutboxDelta) error {
		if s.batch.FirstSent.IsZero() { // nothing of it was sent by this life of the store
			s.batch.NotBefore = s.tx.Now().Add(backoff(s.batch.since(), s.tx.Now()))
			return nil
		}
		s.batch.Unknown = true
		return s.unknown(ctx, members, cause)
	})
}

// find looks for a delta by its reference, in the customer's activity and in what was
// recorded since then, or since its day began where since is zero; nil where the service
// does not list it, which proves nothing while it may still be queued.
//
// Source: API contract, sections 2.5 and 2.13.
func (m *Meter) find(ctx context.Context, p pacspace.DeltaParams, since time.Time) (*pacspace.Delta, error) {
	customer, err := m.client.Customers.Get(ctx, p.CustomerID, pacspace.ActivityParams{DeltaLimit: lookLimit})
	switch {
	case errors.Is(err, pacspace.ErrNotFound):
	case err != nil:
		return nil, err
	default:
		for i := range customer.Activity {
			if customer.Activity[i].ReferenceID == p.ReferenceID {
				return same(p, &customer.Activity[i])
			}
		}
	}
	now, err := m.store.Now(ctx)
	if err != nil {
		return nil, err
	}
	if since.IsZero() {
		day, err := usage.ParseReference(p.ReferenceID)
		if err != nil {
			return nil, err
		}
		since = day.Day.Start()
	}
	end := now.Add(lookSkew)
	for from := since.Add(-lookSkew); from.Before(end); from = from.Add(lookSpan) {
		to := from.Add(lookSpan)
		if to.After(end) {
			to = end
		}
		for d, err := range m.client.Balance.Deltas(ctx, p.CustomerID, pacspace.Between(from, to)) {
			if errors.Is(err, pacspace.ErrNotFound) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			if d.ReferenceID == p.ReferenceID {
				return same(p, &d)
			}
		}
	}
	return nil, nil
}

// same holds a listed delta to what was sent.
func same(sent pacspace.DeltaParams, listed *pacspace.Delta) (*pacspace.Delta, error) {
	if listed.Delta.Equal(sent.Delta) && (listed.CustomerID == "" || listed.CustomerID == sent.CustomerID) {
		return listed, nil
	}
	return nil, fmt.Errorf("metering: %w: %s: the service lists another amount or customer under it", pacspace.ErrReferenceConflict, sent.ReferenceID)
}
