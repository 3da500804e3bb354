package metering_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/metering"
)

// Meters of one store need not agree on the lateness: an import of an old file has its own.
func TestAnEventCountsOnceThoughMetersDifferInTheirLateness(t *testing.T) {
	t.Parallel()
	old := event("a", "acme", "1", noon)
	t.Run("ids are kept for the longest of them", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, metering.WithLateness(48*time.Hour))
		r.record("a", "acme", "1", noon)
		patient := r.newMeter(r.store, metering.WithLateness(400*time.Hour))
		r.clock.Advance(80 * time.Hour)
		r.flush()
		got, err := patient.Record(t.Context(), old)
		require.NoError(t, err)
		require.Equal(t, []metering.Recorded{metering.RecordedDuplicate}, got)
	})
	t.Run("and an event whose id may be forgotten is refused", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, metering.WithLateness(48*time.Hour))
		r.record("a", "acme", "1", noon)
		r.clock.Advance(80 * time.Hour)
		r.flush()
		patient := r.newMeter(r.store, metering.WithLateness(400*time.Hour))
		_, err := patient.Record(t.Context(), old)
		require.ErrorAs(t, err, new(*metering.EventError))
		require.ErrorContains(t, err, "ids of that time are forgotten")
		got, err := patient.Record(t.Context(), event("b", "acme", "1", r.clock.Now().Add(-60*time.Hour)))
		require.NoError(t, err, "what came after them is known")
		require.Equal(t, []metering.Recorded{metering.RecordedNew}, got)
	})
	t.Run("but where no id was forgotten an old file can be imported", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, metering.WithLateness(48*time.Hour))
		r.clock.Advance(80 * time.Hour)
		r.flush()
		patient := r.newMeter(r.store, metering.WithLateness(400*time.Hour))
		got, err := patient.Record(t.Context(), old)
		require.NoError(t, err)
		require.Equal(t, []metering.Recorded{metering.RecordedNew}, got)
	})
}
