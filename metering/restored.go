package metering

import (
	"context"
	"fmt"
	"time"
)

// settingRestored is when the store was last brought back from a backup.
const settingRestored = "restored"

// Restored tells the meter that its store was brought back from a backup: call it once,
// before Run or Flush. What the store has not sent, the meter may have sent after the backup
// was made, and its keys may be forgotten by now. So the deltas of all days that have ended
// are looked for at the service before they are first sent. Events that were recorded after
// the backup are gone; whoever keeps them records them again.
func (m *Meter) Restored(ctx context.Context) error {
	return wrap("restored", m.store.Update(ctx, func(tx Tx) error {
		return tx.SetSetting(ctx, settingRestored, tx.Now().Format(time.RFC3339Nano))
	}))
}

// forgotten tells whether a batch that was not sent may be one that the store forgot.
func forgotten(ctx context.Context, tx Tx, b *OutboxBatch) (bool, error) {
	text, err := tx.Setting(ctx, settingRestored)
	if err != nil || text == "" || !b.FirstSent.IsZero() {
		return false, err
	}
	restored, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return false, fmt.Errorf("setting %s: %w", settingRestored, err)
	}
	members, err := b.members(ctx, tx)
	if err != nil {
		return false, err
	}
	for _, d := range members {
		if d != nil && !d.Day.End().After(restored) {
			return true, nil
		}
	}
	return false, nil
}
