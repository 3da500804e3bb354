package metering_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
)

// Events are committed in a goroutine of the meter's own, where a panic would end the
// process and no caller could recover.
func TestAnObserverThatPanicsStopsNothingAndIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	told := 0
	r := newRig(t,
		metering.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		metering.WithObserver(func(context.Context, metering.Change) {
			told++
			panic("no such metric")
		}))
	r.record("e", "acme", "50", noon)
	r.over()
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -50"}, r.recorded())
	require.Equal(t, []string{"usage:acme:2026-02-03 -50 verified"}, r.rows())
	require.Greater(t, told, 3, "of each change all the same")
	require.Contains(t, log.String(), "the observer panicked; the meter goes on")
	require.Contains(t, log.String(), "no such metric")
	require.Contains(t, log.String(), "observe_test.go", "with its stack")
}

func TestALoggerThatPanicsStopsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, metering.WithLogger(slog.New(panicking{})))
	r.record("e", "acme", "50", noon)
	r.over()
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -50"}, r.recorded())
}

// panicking is a handler of logs that cannot handle any.
type panicking struct{ slog.Handler }

func (panicking) Enabled(context.Context, slog.Level) bool { panic("no log") }
