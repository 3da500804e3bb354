package metering_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
)

func TestADayGoesOutAsOneDelta(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 3 {
		e := event(fmt.Sprint(i), "acme", "12.5", noon.Add(time.Duration(i)*time.Minute))
		e.Dimensions = map[string]string{"plan": []string{"growth", "basic", "growth"}[i], "region": "eu"}
		_, err := r.meter.Record(t.Context(), e)
		require.NoError(t, err)
	}
	r.clock.Set(day.End().Add(time.Hour - time.Second))
	r.flush()
	require.Empty(t, r.rows(), "the day's grace is not over")
	r.over()
	s := r.flush()
	require.Equal(t, 1, s.Count(metering.StateConfirmed))
	r.clock.Advance(time.Minute)
	s = r.flush()
	require.Equal(t, 1, s.Count(metering.StateVerified))
	require.Zero(t, s.Lag())
	got := r.box.Recorded(sandbox.Test, "acme")
	require.Len(t, got, 1)
	require.Equal(t, "usage:acme:2026-02-03", got[0].ReferenceID)
	require.Equal(t, "-37.5", got[0].Delta.String())
	require.Equal(t, "daily_usage_flush:2026-02-03", got[0].Reason)
	require.JSONEq(t, `{"plan":["basic","growth"],"region":"eu","resource":"compute-minutes","unit":"minute"}`, string(got[0].Metadata))
	w := r.writes()
	require.Len(t, w, 1)
	require.Equal(t, "usage:acme:2026-02-03", w[0].IdempotencyKey)
}

func TestDimensionsThatAreTooManyAreCountedInstead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 90 {
		e := event(fmt.Sprint(i), "acme", "1", noon)
		e.Dimensions = map[string]string{"plan": "growth", "user": fmt.Sprintf("%0100d", i), "amount": fmt.Sprint(i % 3)}
		_, err := r.meter.Record(t.Context(), e)
		require.NoError(t, err)
	}
	r.over()
	r.settle()
	require.JSONEq(t, `{"amount":["0","1","2"],"plan":"growth","omittedDimensions":1,"resource":"compute-minutes","unit":"minute"}`,
		string(r.box.Recorded(sandbox.Test, "acme")[0].Metadata))
}

func TestAnAccountHasItsPlaceInTheSpread(t *testing.T) {
	t.Parallel()
	r := newRig(t, metering.WithSpread(2*time.Hour))
	due := map[time.Time]bool{}
	for i := range 20 {
		r.record(fmt.Sprint(i), fmt.Sprintf("customer-%d", i), "1", noon)
	}
	for b, err := range r.meter.Days(t.Context(), metering.BucketQuery{}) {
		require.NoError(t, err)
		require.False(t, b.Due.Before(day.End().Add(time.Hour)))
		require.True(t, b.Due.Before(day.End().Add(3*time.Hour)))
		due[b.Due] = true
	}
	require.Greater(t, len(due), 10)
}

func TestADayThatSumsToZeroSendsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "5", noon)
	r.record("b", "acme", "-5", noon)
	r.over()
	_, err := r.meter.Flush(t.Context())
	require.NoError(t, err)
	require.Empty(t, r.rows())
	require.Empty(t, r.writes())
	for b, err := range r.meter.Days(t.Context(), metering.BucketQuery{}) {
		require.NoError(t, err)
		require.Equal(t, 1, b.Generation, "it is settled, which is not the same as nothing")
	}
	t.Run("and late usage after it takes the plain reference and adjusts nothing", func(t *testing.T) {
		r.record("late", "acme", "7", noon)
		r.clock.Advance(time.Hour)
		r.settle()
		require.Equal(t, []string{"usage:acme:2026-02-03 -7"}, r.recorded())
		require.NotContains(t, string(r.writes()[0].Body), "adjusts")
	})
}

func TestLateUsageAdjustsTheDaysFirstDelta(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.AdjustsVerified())
	r.record("a", "acme", "50", noon)
	r.over()
	r.settle()
	r.record("late", "acme", "3", noon)
	r.flush()
	require.Equal(t, "3", r.open("acme", day), "it has a grace of its own")
	r.clock.Advance(time.Hour)
	r.settle()
	r.record("later", "acme", "-1", noon)
	r.clock.Advance(time.Hour)
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -50", "usage:acme:2026-02-03:late-1 -3", "usage:acme:2026-02-03:late-2 1"}, r.recorded())
	for _, w := range r.writes()[1:] {
		require.Contains(t, string(w.Body), `"adjusts":{"referenceId":"usage:acme:2026-02-03"}`)
	}
	t.Run("and one that sums to zero sends nothing", func(t *testing.T) {
		r.record("x", "acme", "2", noon)
		r.record("y", "acme", "-2", noon)
		r.clock.Advance(time.Hour)
		r.settle()
		require.Len(t, r.writes(), 3)
	})
}

func TestLateUsageWaitsForTheDaysFirstDelta(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "50", noon)
	r.over()
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 400, Code: "VALIDATION_ERROR", Message: "no"})
	r.flush()
	require.Equal(t, []string{"usage:acme:2026-02-03 -50 parked VALIDATION_ERROR"}, r.rows())
	r.record("late", "acme", "3", noon)
	r.clock.Advance(3 * time.Hour)
	s := r.flush()
	require.Equal(t, 1, s.Open)
	require.Len(t, r.rows(), 1)
	held := r.log.of(metering.ChangeHeld)
	require.NotEmpty(t, held)
	require.ErrorContains(t, held[0].Err, "usage:acme:2026-02-03: is parked")
	_, err := r.meter.Retry(t.Context(), "usage:acme:2026-02-03", metering.RetryParams{Reason: "the service was wrong"})
	require.NoError(t, err)
	r.settle()
	r.clock.Advance(time.Hour)
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -50", "usage:acme:2026-02-03:late-1 -3"}, r.recorded())
}

func TestAnAmountThatOneDeltaCannotHoldGoesOutInParts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		amounts []string
		want    []string
	}{
		"beyond the service's range": {[]string{"999999999", "2000000002"}, []string{
			"usage:acme:2026-02-03 -1000000000", "usage:acme:2026-02-03:part-2 -1000000000", "usage:acme:2026-02-03:part-3 -1000000000", "usage:acme:2026-02-03:part-4 -1"}},
		"not exact in binary64": {[]string{"123456789.123456789"}, []string{
			"usage:acme:2026-02-03 -123456789.123456", "usage:acme:2026-02-03:part-2 -0.000000789"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for i, amount := range c.amounts {
				r.record(fmt.Sprint(i), "acme", amount, noon)
			}
			r.over()
			r.settle()
			require.Equal(t, c.want, r.recorded())
			require.Len(t, r.writes(), len(c.want), "one delta of a customer in each request")
		})
	}
}

func TestAnAmountThatNoDeltasCanHoldIsParkedAndOthersGoOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 2 {
		r.record(fmt.Sprint(i), "acme", "1000000000000", noon)
	}
	r.record("x", "globex", "1", noon)
	r.over()
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -2000000000000 parked OUT_OF_RANGE", "usage:globex:2026-02-03 -1 verified"}, r.rows())
	_, err := r.meter.Retry(t.Context(), "usage:acme:2026-02-03", metering.RetryParams{Reason: "try"})
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	_, err = r.meter.Discard(t.Context(), "usage:acme:2026-02-03", metering.DiscardParams{Reason: "counted in the wrong unit"})
	require.NoError(t, err)
	_, err = r.meter.Flush(t.Context())
	require.NoError(t, err)
}

func TestTheGateHoldsADayUntilItIsReconciled(t *testing.T) {
	t.Parallel()
	var agreed atomic.Bool
	var asked []string
	r := newRig(t, metering.WithGate(func(_ context.Context, a usage.Account, d usage.Date, amount pacspace.Decimal) error {
		asked = append(asked, fmt.Sprintf("%s %s %s %s", a.CustomerID, a.Unit, d, amount))
		if !agreed.Load() && a.CustomerID == "acme" {
			return errors.New("the books say 49")
		}
		return nil
	}))
	r.record("a", "acme", "50", noon)
	r.record("b", "globex", "1", noon)
	r.over()
	s, err := r.meter.Flush(t.Context())
	require.ErrorContains(t, err, "1 day due", "nobody thinks that all is well")
	require.Equal(t, 1, s.Due)
	r.clock.Advance(30 * time.Second)
	s = r.flush()
	require.Equal(t, 31*time.Second, s.Lag())
	require.Len(t, asked, 2, "it is asked again in a minute")
	require.Equal(t, []string{"usage:globex:2026-02-03 -1 verified"}, r.rows())
	require.ErrorContains(t, r.log.of(metering.ChangeHeld)[0].Err, "the books say 49")
	require.Equal(t, []string{"acme minute 2026-02-03 50", "globex minute 2026-02-03 1"}, asked)
	r.record("c", "acme", "-1", noon)
	agreed.Store(true)
	r.clock.Advance(time.Minute)
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -49", "usage:globex:2026-02-03 -1"}, r.recorded())
	require.Equal(t, "acme minute 2026-02-03 49", asked[len(asked)-1])
}

func TestAClockThatGoesBackOpensNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "50", noon)
	r.over()
	r.settle()
	r.clock.Advance(-3 * time.Hour)
	r.record("b", "acme", "2", noon)
	r.clock.Advance(8 * time.Hour)
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -50", "usage:acme:2026-02-03:late-1 -2"}, r.recorded())
}

func TestAClockThatJumpsAheadClosesEarlyAndLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.record("a", "acme", "50", noon)
	r.clock.Advance(40 * time.Hour)
	r.settle()
	r.record("b", "acme", "2", noon.Add(time.Hour))
	r.clock.Advance(2 * time.Hour)
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -50", "usage:acme:2026-02-03:late-1 -2"}, r.recorded())
}

func TestRunClosesAndSendsByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Delays(0, 0))
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	r.record("a", "acme", "50", noon)
	r.over()
	go func() { ran <- r.meter.Run(ctx) }()
	require.Eventually(t, func() bool { return len(r.recorded()) == 1 }, 20*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ran, context.Canceled)
}
