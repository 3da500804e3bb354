package pacspace_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

func closeFebruary() pacspace.ClosePeriodParams {
	return pacspace.ClosePeriodParams{
		CustomerID: "acme", Resource: "compute-minutes", Unit: "minutes", Period: "2026-02", First: true,
	}
}

// A month of 28 days, each flushed on the day after: the last one is recorded in March
// and is still on February's invoice.
func TestClosePeriodPutsEachDayOnOneInvoice(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	for day := range 28 {
		v.flush("acme", february(1+day), "-50.25")
	}
	v.flush("acme", pacspace.NewDate(2026, time.March, 1), "-7")
	v.settle()

	closing, err := v.close(closeFebruary())
	require.NoError(t, err)
	require.Equal(t, "-1407", closing.Balance.String())
	require.Equal(t, 28, closing.DeltaCount)
	require.Len(t, closing.Lines, 28)
	require.Equal(t, "usage:acme:2026-02-28", closing.Lines[27].Delta.ReferenceID)
	require.NotNil(t, closing.Lines[27].Submitted)
	require.Equal(t, "compute-minutes", closing.Lines[27].Submitted.Metadata["resource"])
	require.Empty(t, closing.Notes)
	require.Len(t, closing.Proof.AccessHint, 6)
	require.NotEmpty(t, closing.Proof.VerifyURL)

	t.Run("the next window begins where this one ended", func(t *testing.T) {
		kept, err := json.Marshal(closing)
		require.NoError(t, err)
		var previous pacspace.Closing
		require.NoError(t, json.Unmarshal(kept, &previous))

		v.clock.Set(time.Date(2026, time.April, 3, 0, 0, 0, 0, time.UTC))
		march, err := v.close(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-03", Previous: &previous})
		require.NoError(t, err)
		require.True(t, march.Window.Follows(closing.Window))
		require.Equal(t, "-7", march.Balance.String())
		require.Equal(t, 1, march.DeltaCount)
		require.Len(t, march.Windows, 2)
	})
	t.Run("closing again gives the same closing", func(t *testing.T) {
		again, err := v.close(closeFebruary())
		require.NoError(t, err)
		require.Equal(t, closing.ProofRoot, again.ProofRoot)
		require.Equal(t, closing.CheckpointID, again.CheckpointID)
	})
}

func TestClosePeriodRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*pacspace.ClosePeriodParams, *vendor)
		want   error
		says   string
	}{
		{"before the window has ended", func(_ *pacspace.ClosePeriodParams, v *vendor) {
			v.clock.Set(time.Date(2026, time.March, 1, 23, 59, 59, 0, time.UTC))
		}, pacspace.ErrBeforeCut, "2026-03-02T00:00:00Z"},
		{"without the closing before and without First", func(p *pacspace.ClosePeriodParams, _ *vendor) {
			p.First = false
		}, pacspace.ErrInvalid, "previous"},
		{"after a closing that leaves a month out", func(p *pacspace.ClosePeriodParams, _ *vendor) {
			p.First, p.Previous = false, &pacspace.Closing{Account: pacspace.Account{CustomerID: "acme"}, Period: "2025-12"}
		}, pacspace.ErrInvalid, "2026-01"},
		{"after a closing of another customer", func(p *pacspace.ClosePeriodParams, _ *vendor) {
			p.First, p.Previous = false, &pacspace.Closing{Account: pacspace.Account{CustomerID: "other"}, Period: "2026-01"}
		}, pacspace.ErrInvalid, "same customer"},
		{"after a closing that lost what it had billed", func(p *pacspace.ClosePeriodParams, _ *vendor) {
			p.First, p.Previous = false, &pacspace.Closing{Account: pacspace.Account{CustomerID: "acme"}, Period: "2026-01"}
		}, pacspace.ErrInvalid, "keep the whole Closing"},
		{"after a closing of another resource", func(p *pacspace.ClosePeriodParams, _ *vendor) {
			p.First, p.Previous = false, &pacspace.Closing{Account: pacspace.Account{CustomerID: "acme", Resource: "gpu-seconds"}, Period: "2026-01"}
		}, pacspace.ErrInvalid, "same resource"},
		{"after a closing in another environment", func(p *pacspace.ClosePeriodParams, _ *vendor) {
			p.First, p.Previous = false, &pacspace.Closing{Account: pacspace.Account{CustomerID: "acme"}, Environment: pacspace.EnvironmentLive, Period: "2026-01"}
		}, pacspace.ErrInvalid, "environment"},
		{"a period that is no month", func(p *pacspace.ClosePeriodParams, _ *vendor) {
			p.Period = "2026-2"
		}, pacspace.ErrInvalid, "period"},
		{"while something is outstanding", func(p *pacspace.ClosePeriodParams, _ *vendor) {
			p.Outstanding = func(context.Context, string, pacspace.Period) ([]pacspace.Outstanding, error) {
				return []pacspace.Outstanding{{ReferenceID: "usage:acme:2026-02-28", State: "unknown"}}, nil
			}
		}, pacspace.ErrOutstanding, `"usage:acme:2026-02-28" (unknown)`},
		{"where another amount was sent than was recorded", func(_ *pacspace.ClosePeriodParams, v *vendor) {
			v.sent[0].Delta = pacspace.NewDecimal(-1)
		}, pacspace.ErrReferenceConflict, "sent -1, recorded -50"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t)
			v.flush("acme", february(1), "-50")
			v.clock.Set(time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC))
			p := closeFebruary()
			c.change(&p, v)
			_, err := v.close(p)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// One key for several writes would make the second of them a conflict, or hide it.
func TestClosePeriodTakesNoIdempotencyKey(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.RequestLog(10))
	_, err := v.Balance.ClosePeriod(t.Context(), closeFebruary(), pacspace.WithIdempotencyKey("february"))
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	require.ErrorContains(t, err, "idempotencyKey")
	require.Empty(t, v.box.Requests())
}

// A customer who used nothing has a closing too, so that the next one can follow it.
func TestClosePeriodClosesAWindowWithoutDeltas(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.clock.Set(time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC))
	feb, err := v.close(closeFebruary())
	require.NoError(t, err)
	require.True(t, feb.Balance.IsZero())
	require.Empty(t, feb.ProofRoot)
	require.Nil(t, feb.Proof)
	require.Contains(t, feb.Notes[0], "nothing was recorded")

	v.flush("acme", pacspace.NewDate(2026, time.March, 5), "-3")
	v.clock.Set(time.Date(2026, time.April, 2, 1, 0, 0, 0, time.UTC))
	march, err := v.close(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-03", Previous: feb})
	require.NoError(t, err)
	require.Equal(t, "-3", march.Balance.String())
}

func TestClosePeriodCarriesWhatIsOutstandingWhenTold(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.flush("acme", february(1), "-50")
	v.clock.Set(time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC))
	p := closeFebruary()
	p.CarryOutstanding = true
	p.Outstanding = func(context.Context, string, pacspace.Period) ([]pacspace.Outstanding, error) {
		return []pacspace.Outstanding{{ReferenceID: "usage:acme:2026-02-28", State: "unknown"}}, nil
	}
	_, err := v.close(p)
	require.NoError(t, err)
}

// A delta that was still queued at the last close is in that window once it is verified.
// It must be billed once: by the next invoice.
func TestClosePeriodCarriesADeltaThatWasVerifiedLate(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.Delays(time.Hour, 100*time.Hour))
	v.flush("acme", february(1), "-50")
	v.flush("acme", february(28), "-8")
	v.clock.Set(time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC))

	feb, err := v.closeSlowly(closeFebruary())
	require.NoError(t, err)
	require.Equal(t, "-50", feb.Balance.String(), "the second is not verified yet")

	v.flush("acme", pacspace.NewDate(2026, time.March, 1), "-3")
	v.clock.Set(time.Date(2026, time.April, 20, 1, 0, 0, 0, time.UTC))
	march, err := v.closeSlowly(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-03", Previous: feb})
	require.NoError(t, err)
	require.Equal(t, "-11", march.Balance.String())
	require.Equal(t, "-3", march.NetChange.String(), "the checkpoint covers the window alone")
	require.Equal(t, 1, march.DeltaCount)
	require.Len(t, march.Lines, 2)
	require.Equal(t, feb.Window, *march.Lines[1].Carried)
	require.Contains(t, march.Notes[0], "carried: -8 of usage:acme:2026-02-28")

	v.clock.Set(time.Date(2026, time.May, 20, 1, 0, 0, 0, time.UTC))
	v.flush("acme", pacspace.NewDate(2026, time.April, 28), "-1")
	v.clock.Set(time.Date(2026, time.June, 20, 1, 0, 0, 0, time.UTC))
	april, err := v.closeSlowly(pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-04", Previous: march})
	require.NoError(t, err)
	require.Equal(t, "-1", april.Balance.String(), "what was carried once is not carried again")
}

// closeSlowly is close with the clock left to the test, for a service whose pipeline takes
// long.
func (v *vendor) closeSlowly(p pacspace.ClosePeriodParams) (*pacspace.Closing, error) {
	p.Submissions = v.submitted()
	return v.Balance.ClosePeriod(v.t.Context(), p, pacspace.WithPollInterval(time.Millisecond))
}

// The service sums in binary64: -0.1 three times is not -0.3 there. The invoice states
// the exact sum and says what the service said.
func TestClosePeriodReportsTheRoundingOfBinary64Sums(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	for day := range 3 {
		v.flush("acme", february(1+day), "-0.1")
	}
	v.clock.Set(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC))
	closing, err := v.close(closeFebruary())
	require.NoError(t, err)
	require.Equal(t, "-0.3", closing.Balance.String())
	require.Contains(t, closing.Notes[0], "-0.30000000000000004")
}
