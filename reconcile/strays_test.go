package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
)

// What a recording window holds is on its invoice, whatever day it names.
func TestAnAuditNamesWhatItsWindowRecordedForOtherPeriods(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.month(customer, 3)
	r.emitOnly(delta(customer, usage.NewDate(2031, time.July, 1), "-1000"))
	r.emitOnly(delta("other", usage.NewDate(2031, time.July, 1), "-9"))
	r.server.Settle()
	r.clock.Set(february.First().AddDays(6).Start())
	report, err := reconcile.Audit(t.Context(), r.client, r.books, february, reconcile.AuditClock(r.clock.Now))
	require.NoError(t, err)
	const note = "the recording window also holds 1 delta of other periods' days, first usage:customer_acme:2031-07-01, which add up to -1000: audit those periods, too"
	require.Contains(t, report.Account(customer).Notes, note)
	require.NotNil(t, report.Account("other"), "an account that has nothing else is in the report")
}
