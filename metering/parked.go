package metering

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/pages"
	"github.com/pacspace/pacspace-go/usage"
)

// maxNote bounds what a person writes beside a delta, in characters.
const maxNote = 500

// ErrNotParked is returned for a delta that does not wait for a person. What to do: look at
// [Meter.Parked] again; another replica or person may have decided meanwhile.
var ErrNotParked = errors.New("metering: the delta is not parked")

// RetryParams says why a parked delta may go out again.
type RetryParams struct {
	// Reason is kept beside the delta: 1 to 500 characters.
	Reason string
	// NotRecorded states that a person found out that the service did not record the delta.
	// It is asked for where the outcome is unknown: a second send could count twice.
	NotRecorded bool
}

// Retry lets a parked delta go out again, and returns it as it stands then. One that the
// service accepted and failed, or under whose reference another delta stands, goes out as a
// delta of its own under the next :again reference, and the old one is discarded; all others
// keep their reference and take a new key.
//
// Where the outcome is unknown, the service is asked first: what it lists is confirmed
// instead, with nothing sent. What it does not list is sent again only with NotRecorded;
// without, the error matches [pacspace.ErrOutcomeUnknown].
func (m *Meter) Retry(ctx context.Context, referenceID string, p RetryParams) (*OutboxDelta, error) {
	if err := checkReason(p.Reason); err != nil {
		return nil, err
	}
	listed, err := m.settleDoubt(ctx, referenceID)
	if err != nil {
		return nil, wrap("retry", err)
	}
	if listed {
		return m.delta(ctx, referenceID)
	}
	return m.decide(ctx, referenceID, func(s *step, d *OutboxDelta) (*OutboxDelta, error) {
		switch {
		case d.doubtful() && !p.NotRecorded:
			return nil, fmt.Errorf("metering: %s: %w, and the service does not list it: state NotRecorded once a person found out that it was not recorded", d.ReferenceID, pacspace.ErrOutcomeUnknown)
		case len(d.Body) == 0:
			return nil, fmt.Errorf("metering: %s: no deltas can hold its amount: Discard it, and count in a larger unit: %w", d.ReferenceID, pacspace.ErrInvalid)
		case d.ErrorCode == CodeFailed || d.ErrorCode == CodeUnverified || d.ErrorCode == CodeDiffers:
			return s.again(ctx, d, p.Reason)
		}
		d.BatchID, d.NotBefore = "", s.tx.Now()
		if !d.FirstSent.IsZero() {
			d.Key = pacspace.NextKey(d.Key)
		}
		d.FirstSent = time.Time{}
		return d, s.move(ctx, d, StateFrozen, "", "retried: "+p.Reason)
	})
}

// DiscardParams says why a parked delta is given up.
type DiscardParams struct {
	// Reason is kept beside the delta: 1 to 500 characters.
	Reason string
	// Recorded states that a person found the delta's usage in the record, under its own
	// reference or another one. NotRecorded states that he looked and it is not there.
	// Where the outcome is unknown one of them is asked for; both at once are an error.
	Recorded, NotRecorded bool
}

// Discard gives a parked delta up: it is not sent, and its reason is kept beside it. The
// day's next total or late usage goes out under the next :again reference.
//
// With Recorded its usage counts as delivered. Else it is not billed; where totals feed the
// day, the next Submit of it sends what was discarded again, since the day's total still
// says so: submit another total, too.
//
// Where the outcome is unknown, the service is asked first: what it lists was recorded and
// cannot be discarded; it is confirmed, and the error matches [ErrNotParked]. What it does
// not list, or lists with another amount, is discarded only with Recorded or NotRecorded;
// without, the error matches [pacspace.ErrOutcomeUnknown].
func (m *Meter) Discard(ctx context.Context, referenceID string, p DiscardParams) (*OutboxDelta, error) {
	if err := checkReason(p.Reason); err != nil {
		return nil, err
	}
	if p.Recorded && p.NotRecorded {
		return nil, fmt.Errorf("metering: discard: it cannot be Recorded and NotRecorded: state what was found: %w", pacspace.ErrInvalid)
	}
	listed, err := m.settleDoubt(ctx, referenceID)
	if err != nil {
		return nil, wrap("discard", err)
	}
	if listed {
		return nil, fmt.Errorf("%w: %s: the service recorded it; a correction is a new total or event", ErrNotParked, referenceID)
	}
	return m.decide(ctx, referenceID, func(s *step, d *OutboxDelta) (*OutboxDelta, error) {
		if d.doubtful() && !p.Recorded && !p.NotRecorded {
			return nil, fmt.Errorf("metering: %s: %w, and the service does not list it as it was sent: state Recorded or NotRecorded once a person found out", d.ReferenceID, pacspace.ErrOutcomeUnknown)
		}
		b, err := s.tx.Bucket(ctx, d.CustomerID, d.Day)
		if err != nil {
			return nil, err
		}
		code := d.ErrorCode
		if p.Recorded {
			code = CodeRecorded
		} else {
			b.Frozen = b.Frozen.Sub(d.Amount.Neg())
		}
		if err := s.move(ctx, d, StateDiscarded, code, "discarded: "+p.Reason); err != nil {
			return nil, err
		}
		if b.Base == d.ReferenceID {
			if b.Base, err = baseOf(ctx, s.tx, b); err != nil {
				return nil, err
			}
		}
		return d, s.tx.PutBucket(ctx, b)
	})
}

func checkReason(reason string) error {
	if strings.TrimSpace(reason) == "" || utf8.RuneCountInString(reason) > maxNote || !printable(reason) {
		return fmt.Errorf("metering: reason: must be 1 to %d characters of UTF-8 without control characters: it is kept: %w", maxNote, pacspace.ErrInvalid)
	}
	return nil
}

// doubtful tells whether a parked delta may have been recorded.
func (d *OutboxDelta) doubtful() bool {
	return slices.Contains([]string{CodeUnknown, CodeUnverified, CodeKeyKnown, CodeDiffers, CodeBytes}, d.ErrorCode) && !d.FirstSent.IsZero()
}

// settleDoubt looks for a parked delta of which it is not known whether it was recorded,
// and tells whether the service lists it; then it is confirmed.
func (m *Meter) settleDoubt(ctx context.Context, referenceID string) (listed bool, err error) {
	d, err := m.delta(ctx, referenceID)
	if err != nil {
		return false, err
	}
	if d.State != StateParked {
		return false, fmt.Errorf("%w: %s is %s", ErrNotParked, referenceID, d.State)
	}
	if !d.doubtful() {
		return false, nil
	}
	p, err := d.Params()
	if err != nil {
		return false, err
	}
	since := d.FirstSent
	if d.ErrorCode == CodeKeyKnown {
		since = time.Time{} // somebody else's request, of whatever time
	}
	found, err := m.find(ctx, p, since)
	switch {
	case errors.Is(err, pacspace.ErrReferenceConflict) && d.ErrorCode == CodeDiffers:
		return false, nil // it is what the delta was parked for
	case errors.Is(err, pacspace.ErrReferenceConflict):
		return false, err
	case err != nil:
		return false, fmt.Errorf("the service could not be asked whether it was recorded: %w", err)
	case found == nil:
		return false, nil
	}
	_, err = m.decide(ctx, referenceID, func(s *step, d *OutboxDelta) (*OutboxDelta, error) {
		return d, s.accept(ctx, d, itemOf(found))
	})
	return err == nil, err
}

// decide runs fn on a parked delta in one transaction. It locks the day's bucket first, as
// the closing of a day does, so that the two never wait for each other.
func (m *Meter) decide(ctx context.Context, referenceID string, fn func(s *step, d *OutboxDelta) (*OutboxDelta, error)) (*OutboxDelta, error) {
	seen, err := m.delta(ctx, referenceID)
	if err != nil {
		return nil, wrap(referenceID, err)
	}
	var out *OutboxDelta
	var changes []Change
	err = m.store.Update(ctx, func(tx Tx) error {
		if _, err := tx.Bucket(ctx, seen.CustomerID, seen.Day); err != nil {
			return err
		}
		d, err := tx.Delta(ctx, referenceID)
		if err != nil {
			return err
		}
		if d.State != StateParked {
			return fmt.Errorf("%w: %s is %s", ErrNotParked, referenceID, d.State)
		}
		s := &step{m: m, tx: tx}
		if out, err = fn(s, d); err != nil {
			return err
		}
		changes = s.changes
		return nil
	})
	if err != nil {
		return nil, wrap(referenceID, err)
	}
	m.tell(ctx, changes...)
	m.nudge()
	return out, nil
}

// delta reads one row of the outbox.
func (m *Meter) delta(ctx context.Context, referenceID string) (d *OutboxDelta, err error) {
	err = m.store.View(ctx, func(tx Tx) (err error) {
		d, err = tx.Delta(ctx, referenceID)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%w: reference %q", ErrUnknownDelta, referenceID)
	}
	return d, err
}

// again makes the repeat of a delta that the service will not record under its reference.
func (s *step) again(ctx context.Context, old *OutboxDelta, reason string) (*OutboxDelta, error) {
	p, err := old.Params()
	if err != nil {
		return nil, err
	}
	r, err := usage.ParseReference(old.ReferenceID)
	if err != nil {
		return nil, err
	}
	d := *old
	for {
		r.Again++
		p.ReferenceID = r.String()
		if err := d.setParams(p); err != nil {
			return nil, err
		}
		free, err := unused(ctx, s.tx, []OutboxDelta{d})
		if err != nil {
			return nil, err
		}
		if free {
			break
		}
	}
	d.State, d.BatchID, d.Attempts, d.FirstSent = StateFrozen, "", 0, time.Time{}
	d.RecordID, d.ReceiptID, d.ContentHash, d.ErrorCode = "", "", "", ""
	d.Note = "repeats " + old.ReferenceID + ": " + reason
	d.NotBefore, d.CreatedAt, d.UpdatedAt = s.tx.Now(), s.tx.Now(), s.tx.Now()
	if err := s.move(ctx, old, StateDiscarded, old.ErrorCode, "repeated as "+d.ReferenceID+": "+reason); err != nil {
		return nil, err
	}
	b, err := s.tx.Bucket(ctx, d.CustomerID, d.Day)
	if err != nil {
		return nil, err
	}
	if b.Base == old.ReferenceID {
		b.Base = d.ReferenceID
		if err := s.tx.PutBucket(ctx, b); err != nil {
			return nil, err
		}
	}
	s.changes = append(s.changes, Change{Kind: ChangeState, CustomerID: d.CustomerID, Day: d.Day, ReferenceID: d.ReferenceID, To: StateFrozen})
	return &d, s.tx.PutDelta(ctx, &d)
}

// baseOf is the reference that further adjustments of a day name once its base was
// discarded: a part that goes out still, or none. It waits for parts that another replica is
// sending: passed over, they would leave the day's next lot without its base.
func baseOf(ctx context.Context, tx Tx, b *Bucket) (string, error) {
	for d, err := range pages.All(func(last *OutboxDelta) ([]OutboxDelta, error) {
		q := DeltaQuery{CustomerID: b.CustomerID, From: b.Day, To: b.Day, Wait: true}
		if last != nil {
			q.AfterReferenceID = last.ReferenceID
		}
		return tx.Deltas(ctx, q, pages.Size)
	}) {
		if err != nil {
			return "", err
		}
		if d.Adjusts == "" && d.State != StateDiscarded {
			return d.ReferenceID, nil
		}
	}
	return "", nil
}
