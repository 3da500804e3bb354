package reconcile

import (
	"context"
	"log/slog"
	"time"
)

// Alert tells an operator of a mismatch: when it is raised, again only when it changes, and
// a last time when it is closed (its State says so). It is called until it returns nil, with
// growing waits, and may be called again for what it took where a process ends just then:
// [Mismatch.ID] and Revision tell one telling from another.
type Alert func(ctx context.Context, m Mismatch) error

// SlogAlert writes mismatches to a log: a closed one as information, any other as an error.
// Amounts are logged, since they are what an operator needs; proof roots are not.
func SlogAlert(l *slog.Logger) Alert {
	return func(ctx context.Context, m Mismatch) error {
		level, text := slog.LevelError, "reconcile: mismatch"
		if m.State == MismatchClosed {
			level, text = slog.LevelInfo, "reconcile: mismatch resolved"
		}
		attrs := []slog.Attr{
			slog.String("kind", string(m.Kind)), slog.String("customerId", m.CustomerID), slog.String("period", string(m.Period)),
			slog.Int("revision", m.Revision), slog.String("state", string(m.State)), slog.Int("deltas", m.Count),
		}
		if !m.hashes() {
			attrs = append(attrs, slog.String("expected", m.Expected), slog.String("found", m.Found))
		}
		if first := m.First; first != nil {
			attrs = append(attrs, slog.String("reference", first.ReferenceID), slog.String("what", first.What))
			if !first.Day.IsZero() {
				attrs = append(attrs, slog.String("day", first.Day.String()))
			}
		}
		l.LogAttrs(ctx, level, text, attrs...)
		return nil
	}
}

// The waits after a failed call of the alert function: they double.
const (
	leastTellWait = 10 * time.Second
	mostTellWait  = 15 * time.Minute
)

// tell calls the alert function for what is untold.
func (a *Agent) tell(ctx context.Context) error {
	if a.set.alert == nil {
		return nil
	}
	now, err := a.store.Now(ctx)
	if err != nil {
		return wrap("alerts", err)
	}
	for m, err := range a.Mismatches(ctx, MismatchQuery{Untold: now}) {
		if err != nil {
			return err
		}
		told := a.set.alert(ctx, m)
		if ctx.Err() != nil && told != nil {
			return wrap("alerts", ctx.Err())
		}
		if told != nil {
			a.set.logger.LogAttrs(ctx, levelWarn, "reconcile: the alert function failed and is called again", errAttr(told))
		}
		if err := a.noteTold(ctx, &m, told); err != nil {
			return err
		}
	}
	return nil
}

// noteTold stores what came of telling. What changed meanwhile stays untold.
func (a *Agent) noteTold(ctx context.Context, told *Mismatch, failed error) error {
	return wrap("alerts", a.store.Update(ctx, func(tx Tx) error {
		m, err := mismatch(ctx, tx, told)
		if err != nil || m == nil {
			return err
		}
		if failed == nil {
			m.Told, m.TellError = max(m.Told, told.Revision), ""
		}
		if m.Revision == told.Revision {
			if failed == nil {
				m.Attempts, m.NotBefore = 0, time.Time{}
			} else {
				m.NotBefore = tx.Now().Add(min(leastTellWait<<min(m.Attempts, 10), mostTellWait))
				m.Attempts++
				m.TellError = clip(failed.Error())
			}
		}
		return tx.PutMismatch(ctx, m)
	}))
}

// mismatch reads one again, nil where it is gone.
func mismatch(ctx context.Context, tx Tx, like *Mismatch) (*Mismatch, error) {
	page, err := tx.Mismatches(ctx, MismatchQuery{CustomerID: like.CustomerID, Period: like.Period}, int(maxKinds))
	if err != nil {
		return nil, err
	}
	for i := range page {
		if page[i].ID() == like.ID() {
			return &page[i], nil
		}
	}
	return nil, nil
}

// maxKinds is more than there are kinds, and so than mismatches of one period.
const maxKinds = 100

const levelWarn = slog.LevelWarn

func errAttr(err error) slog.Attr { return slog.String("error", err.Error()) }
