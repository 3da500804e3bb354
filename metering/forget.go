package metering

import (
	"context"
	"fmt"
	"time"
)

// What the meters of a store know of each other, since an id that one forgets may be of an
// event that another still takes.
const (
	settingLateness  = "lateness"  // the longest that the store was ever used with
	settingForgotten = "forgotten" // ids that arrived before this instant may be forgotten
)

// sweepEvery is how often old ids are looked for.
const sweepEvery = time.Hour

// bindLateness has every meter of the store keep ids for as long as this one takes events,
// from now on, and reads which were forgotten until now.
func (m *Meter) bindLateness(ctx context.Context, tx Tx) error {
	longest, err := longestLateness(ctx, tx)
	if err != nil {
		return err
	}
	if m.set.lateness > longest {
		if err := tx.SetSetting(ctx, settingLateness, m.set.lateness.String()); err != nil {
			return err
		}
	}
	m.forgotten, err = forgottenBefore(ctx, tx)
	return err
}

func longestLateness(ctx context.Context, tx Tx) (time.Duration, error) {
	text, err := tx.Setting(ctx, settingLateness)
	if err != nil || text == "" {
		return 0, err
	}
	longest, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("setting %s: %w", settingLateness, err)
	}
	return longest, nil
}

func forgottenBefore(ctx context.Context, tx Tx) (time.Time, error) {
	text, err := tx.Setting(ctx, settingForgotten)
	if err != nil || text == "" {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("setting %s: %w", settingForgotten, err)
	}
	return at, nil
}

// mayBeForgotten tells whether an event of that time may have been counted under an id that
// was forgotten since. It came no sooner than FutureBound before its time.
func (m *Meter) mayBeForgotten(t time.Time) bool {
	return t.Before(m.forgotten.Add(FutureBound))
}

// sweep forgets ids that no event can come with any more: one of that age is refused.
func (m *Meter) sweep(ctx context.Context) error {
	now, err := m.store.Now(ctx)
	if err != nil || now.Sub(m.swept) < sweepEvery {
		return err
	}
	var before, earlier time.Time
	err = m.store.Update(ctx, func(tx Tx) error {
		longest, err := longestLateness(ctx, tx)
		if err != nil {
			return err
		}
		if earlier, err = forgottenBefore(ctx, tx); err != nil {
			return err
		}
		before = now.Add(-max(longest, m.set.lateness) - 24*time.Hour)
		return setForgotten(ctx, tx, earlier, before)
	})
	if err != nil {
		return err
	}
	n, err := m.store.Sweep(ctx, before)
	if err != nil {
		return err
	}
	m.swept = now
	if n > 0 {
		m.tell(ctx, Change{Kind: ChangeSwept, Count: n})
		return nil
	}
	// There was none, so an older event is as good as any: an old file can be imported.
	return m.store.Update(ctx, func(tx Tx) error {
		stored, err := forgottenBefore(ctx, tx)
		if err != nil || !stored.Equal(before) {
			return err
		}
		return tx.SetSetting(ctx, settingForgotten, earlier.Format(time.RFC3339Nano))
	})
}

// setForgotten is stored before the first id is forgotten, so that no crash hides it.
func setForgotten(ctx context.Context, tx Tx, stored, before time.Time) error {
	if !before.After(stored) {
		return nil
	}
	return tx.SetSetting(ctx, settingForgotten, before.Format(time.RFC3339Nano))
}
