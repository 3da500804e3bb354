package metering_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestAStoreBroughtBackFromABackupSendsNothingTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lost bool // an event that came after the backup
		want []string
		rows []string
	}{
		"the same events": {
			want: []string{"usage:acme:2026-02-03 -5", "usage:globex:2026-02-03 -2"},
			rows: []string{"usage:acme:2026-02-03 -5 verified", "usage:globex:2026-02-03 -2 verified"},
		},
		"with an event lost": {
			lost: true,
			want: []string{"usage:acme:2026-02-03 -6", "usage:globex:2026-02-03 -2"},
			rows: []string{"usage:acme:2026-02-03 -5 parked REFERENCE_CONFLICT", "usage:globex:2026-02-03 -2 verified"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// References repeat and keys are forgotten: only looking helps.
			r := newRig(t, sandbox.ReferencesRepeat(), sandbox.KeysExpireAfter(time.Minute))
			backup := memstore.New(r.clock.Now)
			old := r.newMeter(backup)
			for _, m := range []*metering.Meter{r.meter, old} {
				_, err := m.Record(t.Context(), event("a", "acme", "5", noon), event("b", "globex", "2", noon))
				require.NoError(t, err)
			}
			if c.lost {
				r.record("c", "acme", "1", noon)
			}
			r.over()
			r.settle()
			r.clock.Advance(30 * time.Hour)

			r.meter = old
			require.NoError(t, r.meter.Restored(t.Context()))
			r.box.Inject(sandbox.Fault{Path: "/api/v1/balance/customers/{customerId}", Status: 503})
			r.settle()
			require.Equal(t, c.want, r.recorded())
			require.Equal(t, c.rows, r.rows())
			t.Run("and sends the days after it without looking", func(t *testing.T) {
				r.record("d", "acme", "9", r.clock.Now())
				r.clock.Advance(30 * time.Hour)
				n := len(r.box.Requests())
				r.flush()
				require.Len(t, r.box.Requests(), n+1)
				require.Contains(t, r.recorded(), "usage:acme:2026-02-05 -9")
			})
		})
	}
}
