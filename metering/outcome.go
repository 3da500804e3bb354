package metering

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go"
)

const (
	leastBackoff = 5 * time.Second
	mostBackoff  = 15 * time.Minute
	rateWait     = time.Minute     // after a 429 that names no wait
	refusedWait  = 5 * time.Minute // until the service is asked again whether the key may write
	cadenceWait  = time.Hour       // after a CADENCE_LIMIT that names no wait
)

// backoff waits as long as the trouble has lasted, within bounds.
func backoff(since, now time.Time) time.Duration {
	return min(max(now.Sub(since), leastBackoff), mostBackoff)
}

// since is when the trouble of a batch began, at the latest.
func (b *OutboxBatch) since() time.Time {
	if b.FirstSent.IsZero() {
		return b.CreatedAt
	}
	return b.FirstSent
}

// step is one change of the state machine, within a transaction.
type step struct {
	m       *Meter
	tx      Tx
	batch   *OutboxBatch
	changes []Change
}

// change runs fn on the batch's deltas that are still under way, stores the batch, and
// tells of what changed. After fn the lease is over.
func (m *Meter) change(ctx context.Context, b *OutboxBatch, fn func(s *step, members []*OutboxDelta) error) error {
	var changes []Change
	err := m.fenced(ctx, b, func(tx Tx, b *OutboxBatch, members []*OutboxDelta) error {
		s := &step{m: m, tx: tx, batch: b}
		for i, d := range members {
			if d != nil && !d.underWay() {
				members[i] = nil // told by a webhook, or confirmed by an earlier answer
			}
		}
		b.LeaseEnd = time.Time{}
		if err := fn(s, members); err != nil {
			return err
		}
		changes = s.changes
		return tx.PutBatch(ctx, b)
	})
	if err == nil {
		m.tell(ctx, changes...)
	}
	return err
}

// move puts a delta into a state and stores it.
func (s *step) move(ctx context.Context, d *OutboxDelta, to State, code, note string) error {
	code = plain(code, maxCode)
	if d.State != to {
		s.changes = append(s.changes, Change{
			Kind: ChangeState, CustomerID: d.CustomerID, Day: d.Day, ReferenceID: d.ReferenceID,
			From: d.State, To: to, Code: code,
		})
	}
	d.State, d.ErrorCode, d.UpdatedAt = to, code, s.tx.Now()
	if note != "" {
		d.Note = plain(note, maxStoredNote)
	}
	return s.tx.PutDelta(ctx, d)
}

// pause keeps all replicas from sending and alerts once for each reason.
func (s *step) pause(ctx context.Context, wait time.Duration, code string) error {
	changed, err := setPause(ctx, s.tx, wait, code)
	if changed {
		s.changes = append(s.changes, Change{Kind: ChangePaused, Code: code, Duration: wait})
	}
	return err
}

// answered stores what the service said of each delta.
func (m *Meter) answered(ctx context.Context, b *OutboxBatch, items []item) error {
	return m.change(ctx, b, func(s *step, members []*OutboxDelta) error {
		is, err := readSuspects(ctx, s.tx)
		if err != nil {
			return err
		}
		if err := is.clear(ctx, s.tx); err != nil {
			return err
		}
		was, err := endPause(ctx, s.tx)
		if err != nil {
			return err
		}
		if was {
			s.changes = append(s.changes, Change{Kind: ChangeResumed})
		}
		s.batch.Done = true
		for i, d := range members {
			if d != nil && items[i].outcome != pacspace.OutcomeAccepted && items[i].outcome != pacspace.OutcomeRefused {
				s.batch.Done, s.batch.Unknown = false, true
			}
		}
		for i, d := range members {
			if d == nil {
				continue
			}
			switch it := items[i]; {
			case it.outcome == pacspace.OutcomeAccepted:
				err = s.accept(ctx, d, it)
			case it.outcome == pacspace.OutcomeRefused && s.batch.Done:
				err = s.refuse(ctx, d, it)
			default:
				// One that was refused waits for the others: these bytes go out again, and it
				// must not go out in another batch beside them.
				err = s.move(ctx, d, StateUnknown, it.code, "")
			}
			if err != nil {
				return err
			}
		}
		s.batch.NotBefore = s.tx.Now().Add(backoff(s.batch.since(), s.tx.Now()))
		return nil
	})
}

// accept stores that the service has a delta. Of an answer that the reference was there
// already no record id is taken, so that the delta is looked for and compared before it
// counts as verified.
func (s *step) accept(ctx context.Context, d *OutboxDelta, it item) error {
	if it.replayed {
		it = item{}
	}
	d.adopt(it)
	d.NotBefore = s.tx.Now().Add(leastPoll)
	switch {
	case it.status.Is(pacspace.StatusVerified):
		return s.move(ctx, d, StateVerified, "", "")
	case it.status.Is(pacspace.StatusFailed):
		return s.move(ctx, d, StateParked, CodeFailed, noteFailed(it.code))
	}
	return s.move(ctx, d, StateConfirmed, "", "")
}

// differs parks a delta under whose reference something else stands.
func (s *step) differs(ctx context.Context, d *OutboxDelta, what string) error {
	return s.move(ctx, d, StateParked, CodeDiffers, what+"; look at both, then Retry with NotRecorded under another reference, or Discard")
}

func noteFailed(reason string) string {
	if reason == "" {
		reason = "no reason given"
	}
	return "the service could not record it: " + reason + "; Retry sends it under the next :again reference"
}

// refuse stores that the service did not take one item. The batch is answered, so its key
// is done with: the item goes out in another one.
func (s *step) refuse(ctx context.Context, d *OutboxDelta, it item) error {
	wait := time.Duration(0)
	switch pacspace.ErrorKind(it.code) {
	case pacspace.KindCadenceLimit:
		return s.cadence(ctx, d, it.wait)
	case pacspace.KindRateLimited, pacspace.KindUnavailable:
		wait = max(it.wait, rateWait)
	case pacspace.KindInsufficientCredits, pacspace.KindInvalidAPIKey, pacspace.KindNotProvisioned:
		if err := s.pause(ctx, refusedWait, it.code); err != nil {
			return err
		}
	default:
		return s.move(ctx, d, StateParked, it.code, "the service refuses it: correct the cause, then Retry, or Discard")
	}
	return s.release(ctx, d, wait, it.code)
}

// release takes a delta out of its batch, to be sent again in another one after wait. Its
// key was refused, and the service may answer it with that for ever.
func (s *step) release(ctx context.Context, d *OutboxDelta, wait time.Duration, code string) error {
	if s.batch.Single {
		d.Key = pacspace.NextKey(s.batch.Key)
	}
	d.BatchID, d.FirstSent = "", time.Time{}
	d.NotBefore = s.tx.Now().Add(wait)
	return s.move(ctx, d, StateFrozen, code, "")
}

// cadence lets all that waits for a customer wait on.
func (s *step) cadence(ctx context.Context, d *OutboxDelta, wait time.Duration) error {
	if wait <= 0 {
		wait = cadenceWait
	}
	if err := s.release(ctx, d, wait, string(pacspace.KindCadenceLimit)); err != nil {
		return err
	}
	others, err := s.tx.Deltas(ctx, DeltaQuery{CustomerID: d.CustomerID, States: []State{StateFrozen}}, readyPage)
	if err != nil {
		return err
	}
	for i := range others {
		o := &others[i]
		if o.BatchID == "" && o.NotBefore.Before(d.NotBefore) {
			o.NotBefore = d.NotBefore
			if err := s.tx.PutDelta(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// failed stores that a request had no answer that names its deltas.
func (m *Meter) failed(ctx context.Context, b *OutboxBatch, cause error) error {
	if errors.Is(cause, pacspace.ErrIdempotencyConflict) {
		return m.conflict(ctx, b, cause)
	}
	err := m.change(ctx, b, func(s *step, members []*OutboxDelta) error {
		if errors.Is(cause, pacspace.ErrOutcomeUnknown) {
			s.batch.Unknown = true
		}
		if s.batch.Unknown {
			return s.unknown(ctx, members, cause)
		}
		api, answered := errors.AsType[*pacspace.APIError](cause)
		switch {
		case answered && pacspace.Refused(cause):
			return s.refused(ctx, members, api)
		case errors.Is(cause, pacspace.ErrInvalid):
			return s.poison(ctx, members, CodeInvalid, cause.Error())
		}
		// Nothing was sent: the same key is still unused.
		if s.batch.Attempts--; s.batch.Attempts == 0 {
			s.batch.FirstSent = time.Time{}
		}
		s.batch.NotBefore = s.tx.Now().Add(backoff(s.batch.since(), s.tx.Now()))
		return s.all(ctx, members, func(d *OutboxDelta) error {
			d.Attempts--
			d.FirstSent = s.batch.FirstSent
			return s.move(ctx, d, StateFrozen, "NOT_SENT", "")
		})
	})
	if errors.Is(cause, pacspace.ErrClientClosed) {
		return errors.Join(err, cause)
	}
	return err
}

// all calls fn for each delta that is still under way.
func (s *step) all(ctx context.Context, members []*OutboxDelta, fn func(*OutboxDelta) error) error {
	for _, d := range members {
		if d != nil {
			if err := fn(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// unknown keeps a batch of which an attempt may have been processed: only the same bytes
// with the same key may follow, whatever a later attempt was told.
func (s *step) unknown(ctx context.Context, members []*OutboxDelta, cause error) error {
	wait := backoff(s.batch.since(), s.tx.Now())
	code := ""
	if api, ok := errors.AsType[*pacspace.APIError](cause); ok {
		code = api.Code
		wait = max(wait, bounded(api.RetryAfter))
		if err := s.pauseFor(ctx, api); err != nil {
			return err
		}
	}
	s.batch.NotBefore = s.tx.Now().Add(wait)
	return s.all(ctx, members, func(d *OutboxDelta) error { return s.move(ctx, d, StateUnknown, code, "") })
}

// pauseFor pauses where an answer concerns everything that is sent, and not this batch.
func (s *step) pauseFor(ctx context.Context, e *pacspace.APIError) error {
	code := codeOf(e)
	if about(e) != aboutAll {
		return nil
	}
	wait := refusedWait
	if e.StatusCode == http.StatusTooManyRequests {
		wait = rateWait
	}
	return s.pause(ctx, cmpWait(e.RetryAfter, wait), code)
}

func cmpWait(asked, otherwise time.Duration) time.Duration {
	if asked > 0 {
		return bounded(asked)
	}
	return otherwise
}

func bounded(d time.Duration) time.Duration { return min(d, maxWaitSeconds*time.Second) }
