package metering

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/pacspace/pacspace-go/usage"
)

// ChangeKind says what a [Change] is about.
type ChangeKind string

// The kinds of changes.
const (
	ChangeRecorded ChangeKind = "recorded" // a group of events was committed: Count, Duration, Err
	ChangeClosed   ChangeKind = "closed"   // an account's day was closed: Count is of its deltas
	ChangeHeld     ChangeKind = "held"     // the gate, or the day's first delta, holds a day: Err
	ChangeState    ChangeKind = "state"    // a delta changed its state: From, To, Code
	ChangePaused   ChangeKind = "paused"   // nothing is sent for a while: Code, Duration
	ChangeResumed  ChangeKind = "resumed"  // the service takes deltas again
	ChangeSwept    ChangeKind = "swept"    // old ids were forgotten: Count
	ChangeFailed   ChangeKind = "failed"   // a round of the meter's own work failed: Err
)

// Change is what [WithObserver] is told of. Fields that do not belong to its kind are zero.
type Change struct {
	Kind        ChangeKind
	CustomerID  string
	Day         usage.Date
	ReferenceID string
	From, To    State
	Code        string // the service's code, or ours
	Count       int
	Duration    time.Duration
	Err         error
}

// tell gives changes to the observer and to the log. What they do must not end the process:
// some changes are told in a goroutine of the meter's own, where no caller could recover.
func (m *Meter) tell(ctx context.Context, changes ...Change) {
	for _, c := range changes {
		if m.set.observe != nil {
			recovered(cmp.Or(m.set.logger, slog.Default()), "the observer", func() { m.set.observe(ctx, c) })
		}
		if m.set.logger != nil {
			recovered(slog.Default(), "the logger", func() { c.log(ctx, m.set.logger) })
		}
	}
}

// recovered calls fn, and logs its panic as net/http logs that of a handler.
func recovered(logger *slog.Logger, who string, fn func()) {
	defer func() {
		if r := recover(); r != nil {
			logger.Error("metering: "+who+" panicked; the meter goes on", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		}
	}()
	fn()
}

func (c Change) log(ctx context.Context, logger *slog.Logger) {
	level := slog.LevelDebug
	if c.Kind == ChangePaused || c.Kind == ChangeFailed || c.To == StateParked {
		level = slog.LevelWarn
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	var attrs []slog.Attr
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("customer", c.CustomerID)
	if !c.Day.IsZero() {
		add("day", c.Day.String())
	}
	add("reference", c.ReferenceID)
	add("from", string(c.From))
	add("to", string(c.To))
	add("code", c.Code)
	if c.Count > 0 {
		attrs = append(attrs, slog.Int("count", c.Count))
	}
	if c.Duration > 0 {
		attrs = append(attrs, slog.Duration("duration", c.Duration))
	}
	if c.Err != nil {
		add("error", c.Err.Error())
	}
	logger.LogAttrs(ctx, level, "metering "+string(c.Kind), attrs...)
}
