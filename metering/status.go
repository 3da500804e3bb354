package metering

import (
	"context"
	"iter"
	"time"

	"github.com/pacspace/pacspace-go/internal/pages"
)

// Status is how a meter's deliveries stand.
type Status struct {
	Now    time.Time    `json:"now"`
	States []StateCount `json:"states"`
	// Open and Due count accounts' days in which something is open, and those of them that
	// should be closed by now, those that the gate holds included. OldestDue is since when the
	// first of them should be.
	Open      int       `json:"open"`
	Due       int       `json:"due"`
	OldestDue time.Time `json:"oldestDue,omitzero"`
	// PausedUntil and PauseCode say until when nothing is sent, and why; zero without.
	PausedUntil time.Time `json:"pausedUntil,omitzero"`
	PauseCode   string    `json:"pauseCode,omitempty"`
}

// Count is the number of deltas in a state.
func (s *Status) Count(state State) int {
	for _, c := range s.States {
		if c.State == state {
			return c.Count
		}
	}
	return 0
}

// Lag is for how long the oldest delta that the service did not accept, or the oldest due
// day, has waited. Watch it: it grows when nothing is delivered.
func (s *Status) Lag() time.Duration {
	oldest := s.Now
	if s.Due > 0 && s.OldestDue.Before(oldest) {
		oldest = s.OldestDue
	}
	for _, c := range s.States {
		for _, state := range unsentStates {
			if c.State == state && c.Count > 0 && c.Oldest.Before(oldest) {
				oldest = c.Oldest
			}
		}
	}
	return s.Now.Sub(oldest)
}

func (s *Status) delivered() bool {
	n := s.Due
	for _, state := range unsentStates {
		n += s.Count(state)
	}
	return n == 0
}

// Status reads how things stand.
func (m *Meter) Status(ctx context.Context) (*Status, error) {
	var s Status
	err := m.store.View(ctx, func(tx Tx) error {
		states, err := tx.CountDeltas(ctx)
		if err != nil {
			return err
		}
		open, err := tx.CountOpen(ctx, tx.Now())
		if err != nil {
			return err
		}
		p, err := readPause(ctx, tx)
		if err != nil {
			return err
		}
		s = Status{Now: tx.Now(), States: states, Open: open.Open, Due: open.Due, OldestDue: open.Oldest, PauseCode: p.Code}
		if p.Until.After(s.Now) {
			s.PausedUntil = p.Until
		}
		return nil
	})
	if err != nil {
		return nil, wrap("status", err)
	}
	return &s, nil
}

// Parked goes through the deltas that wait for a person, by their references.
func (m *Meter) Parked(ctx context.Context) iter.Seq2[OutboxDelta, error] {
	return m.Deltas(ctx, DeltaQuery{States: []State{StateParked}})
}

// listPage is how many rows are read in one transaction.
const listPage = 500

// Deltas goes through the deltas of the outbox, by their references. They are read in
// pages, so one that changes meanwhile shows as it was or as it is.
func (m *Meter) Deltas(ctx context.Context, q DeltaQuery) iter.Seq2[OutboxDelta, error] {
	return pages.All(func(last *OutboxDelta) (page []OutboxDelta, err error) {
		next := q
		if last != nil {
			next.AfterReferenceID = last.ReferenceID
		}
		err = m.store.View(ctx, func(tx Tx) (err error) {
			page, err = tx.Deltas(ctx, next, pages.Size)
			return err
		})
		return page, wrap("list of deltas", err)
	})
}

// Days goes through accounts' days, by day and customer id: what is open in them, and what
// was closed. They are read in pages, as the deltas are.
func (m *Meter) Days(ctx context.Context, q BucketQuery) iter.Seq2[Bucket, error] {
	return pages.All(func(last *Bucket) (page []Bucket, err error) {
		next := q
		if last != nil {
			next.AfterDay, next.AfterCustomerID = last.Day, last.CustomerID
		}
		err = m.store.View(ctx, func(tx Tx) (err error) {
			page, err = tx.Buckets(ctx, next, pages.Size)
			return err
		})
		return page, wrap("list of days", err)
	})
}
