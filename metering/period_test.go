package metering_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestAPeriodClosesOnceNothingOfItIsOutstanding(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Delays(0, 0))
	ctx := t.Context()
	last := pacspace.NewDate(2026, time.February, 28)
	r.record("a", "acme", "50", noon)
	r.over()
	r.settle()
	r.clock.Set(last.Start().Add(time.Hour))
	r.record("b", "acme", "25", last.Start())
	params := pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-02", First: true}

	r.clock.Set(last.End().Add(25 * time.Hour))
	_, err := r.meter.ClosePeriod(ctx, params)
	require.ErrorIs(t, err, pacspace.ErrOutstanding)
	require.ErrorContains(t, err, "usage:acme:2026-02-28")
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 422, Code: "VALIDATION_ERROR"})
	r.flush()
	_, err = r.meter.ClosePeriod(ctx, params)
	require.ErrorIs(t, err, pacspace.ErrOutstanding)
	require.ErrorContains(t, err, "parked")

	closing, err := r.meter.ClosePeriod(ctx, pacspace.ClosePeriodParams{CustomerID: "acme", Period: "2026-02", First: true, CarryOutstanding: true})
	require.NoError(t, err)
	require.Equal(t, "-50", closing.Balance.String())
	require.Equal(t, pacspace.Account{CustomerID: "acme", Resource: "compute-minutes", Unit: "minute"}, closing.Account)
	require.Len(t, closing.Lines, 1)
	require.NotNil(t, closing.Lines[0].Submitted, "the outbox knows what was sent")

	var evidence bytes.Buffer
	require.NoError(t, closing.WriteEvidence(&evidence))
	public, err := pacspace.NewPublic(pacspace.WithBaseURL(r.box.URL), pacspace.WithEnvironment(pacspace.EnvironmentTest))
	require.NoError(t, err)
	anchor, err := public.Anchor(ctx, closing.ProofRoot)
	require.NoError(t, err)
	report, err := proof.Verify(&evidence, proof.Expect{CustomerID: "acme", Resource: "compute-minutes", Period: "2026-02", Environment: proof.EnvironmentTest}, anchor)
	require.NoError(t, err)
	require.Equal(t, proof.Verified, report.Verdict, "%v", report)

	t.Run("and fields that are the outbox's are refused", func(t *testing.T) {
		p := params
		p.Unit = "second"
		_, err := r.meter.ClosePeriod(ctx, p)
		require.ErrorIs(t, err, pacspace.ErrInvalid)
		p = params
		p.CustomerID = "nobody"
		_, err = r.meter.ClosePeriod(ctx, p)
		require.ErrorAs(t, err, new(*metering.AccountError))
	})
}
