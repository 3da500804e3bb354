package metering

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// The names of settings that all replicas share.
const (
	settingPause = "pause"
	settingSends = "sends"
)

// pause keeps all replicas from sending.
type pause struct {
	Until time.Time `json:"until"`
	Code  string    `json:"code"`
}

func readPause(ctx context.Context, tx Tx) (p pause, err error) {
	text, err := tx.Setting(ctx, settingPause)
	if err != nil || text == "" {
		return pause{}, err
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return pause{}, fmt.Errorf("setting %s: %w", settingPause, err)
	}
	return p, nil
}

// setPause stores a pause, unless a longer one is stored, and tells whether its reason is
// new.
func setPause(ctx context.Context, tx Tx, wait time.Duration, code string) (changed bool, err error) {
	old, err := readPause(ctx, tx)
	if err != nil {
		return false, err
	}
	p := pause{Until: tx.Now().Add(wait), Code: code}
	if old.Until.After(p.Until) {
		p.Until = old.Until
	}
	text, err := json.Marshal(p)
	if err != nil {
		return false, err
	}
	return old.Code != code, tx.SetSetting(ctx, settingPause, string(text))
}

// endPause takes a pause away and tells whether there was one.
func endPause(ctx context.Context, tx Tx) (was bool, err error) {
	text, err := tx.Setting(ctx, settingPause)
	if err != nil || text == "" {
		return false, err
	}
	return true, tx.SetSetting(ctx, settingPause, "")
}

const minute = time.Minute

// nextSend says how long the pace asks to wait before the next write, and, where take is
// set and there is no wait, counts one. The times of the last minute's writes are kept, so
// that no minute has more of them than it may, wherever it begins.
func (m *Meter) nextSend(ctx context.Context, tx Tx, take bool) (time.Duration, error) {
	text, err := tx.Setting(ctx, settingSends)
	if err != nil {
		return 0, err
	}
	var sends []int64 // Unix milliseconds
	if text != "" {
		if err := json.Unmarshal([]byte(text), &sends); err != nil {
			return 0, fmt.Errorf("setting %s: %w", settingSends, err)
		}
	}
	now := tx.Now().UnixMilli()
	for len(sends) > 0 && sends[0]+minute.Milliseconds() <= now {
		sends = sends[1:]
	}
	if n := len(sends) - m.set.perMinute; n >= 0 {
		return time.Duration(sends[n]+minute.Milliseconds()-now) * time.Millisecond, nil
	}
	if !take {
		return 0, nil
	}
	out, err := json.Marshal(append(sends, now))
	if err != nil {
		return 0, err
	}
	return 0, tx.SetSetting(ctx, settingSends, string(out))
}
