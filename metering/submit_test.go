package metering_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/sandbox"
)

func total(customer, amount string) metering.Total {
	return metering.Total{CustomerID: customer, Amount: storetest.Dec(amount)}
}

func (r *rig) submit(list ...metering.Total) *metering.Submission {
	r.Helper()
	s, err := r.meter.Submit(r.Context(), day, totals(list...))
	require.NoError(r, err)
	return s
}

func TestTotalsGoOutOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	with := total("acme", "50.25")
	with.Metadata = pacspace.Metadata{"plan": "growth", "rows": 12}
	list := []metering.Total{with, total("globex", "7"), total("zero", "0")}
	s := r.submit(list...)
	require.Equal(t, 3, s.Fresh)
	r.over()
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -50.25", "usage:globex:2026-02-03 -7"}, r.recorded())
	require.JSONEq(t, `{"plan":"growth","rows":12,"resource":"compute-minutes","unit":"minute"}`, string(r.box.Recorded(sandbox.Test, "acme")[0].Metadata))
	t.Run("the same again change nothing", func(t *testing.T) {
		for range 3 {
			s := r.submit(list...)
			require.Equal(t, &metering.Submission{Day: day, Unchanged: 3}, s)
			r.settle()
		}
		require.Len(t, r.writes(), 1)
	})
	t.Run("another one becomes an adjustment at once, and back again", func(t *testing.T) {
		require.Equal(t, 1, r.submit(total("acme", "60"), list[1], list[2]).Changed)
		r.settle()
		r.submit(total("acme", "59"), list[1], list[2])
		r.settle()
		require.Equal(t, []string{
			"usage:acme:2026-02-03 -50.25", "usage:acme:2026-02-03:late-1 -9.75", "usage:acme:2026-02-03:late-2 1", "usage:globex:2026-02-03 -7",
		}, r.recorded())
		r.submit(total("acme", "60"), list[1], list[2])
		r.settle()
		require.Equal(t, "-60", r.box.Sum(sandbox.Test, "acme").String())
	})
	t.Run("one after a zero takes the plain reference", func(t *testing.T) {
		r.submit(total("zero", "4"), total("acme", "60"), list[1])
		r.settle()
		require.Contains(t, r.recorded(), "usage:zero:2026-02-03 -4")
	})
	t.Run("those that vanished are named, and nothing is done about them", func(t *testing.T) {
		s := r.submit(list[1], total("zero", "4"))
		require.Len(t, s.Vanished, 1)
		require.Equal(t, "acme", s.Vanished[0].CustomerID)
		require.Equal(t, "60", s.Vanished[0].Amount.String())
		n := len(r.writes())
		r.settle()
		require.Len(t, r.writes(), n)
		r.submit(list[1], total("zero", "4"), total("acme", "0"))
		r.settle()
		require.Equal(t, "0", r.box.Sum(sandbox.Test, "acme").String())
		require.Empty(t, r.submit(list[1], total("zero", "4")).Vanished, "a zero that is left out is not missed")
	})
}

func TestATotalIsReplacedUntilItGoesOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.submit(total("acme", "10"))
	require.Equal(t, 1, r.submit(total("acme", "11")).Changed)
	r.clock.Set(day.End().Add(time.Minute))
	r.flush()
	require.Empty(t, r.writes(), "the day's grace is not over")
	r.submit(total("acme", "12"))
	r.over()
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03 -12"}, r.recorded())
	t.Run("and one that comes back to what is out sends nothing", func(t *testing.T) {
		r.submit(total("acme", "20"))
		r.submit(total("acme", "12"))
		r.settle()
		require.Len(t, r.writes(), 1)
	})
}

func TestADiscardedTotalGoesOutAgainWithTheNextSubmission(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.submit(total("acme", "10"))
	r.over()
	r.box.Inject(sandbox.Fault{Path: deltaPath, Status: 422})
	r.settle()
	_, err := r.meter.Discard(t.Context(), "usage:acme:2026-02-03", metering.DiscardParams{Reason: "the total was wrong"})
	require.NoError(t, err)
	require.Equal(t, 1, r.submit(total("acme", "8")).Changed)
	r.settle()
	require.Equal(t, []string{"usage:acme:2026-02-03:again-1 -8"}, r.recorded())
}

func TestADiscardOfWhatMayBeRecordedStatesWhichOfBoth(t *testing.T) {
	t.Parallel()
	conflicting := func(t *testing.T) *rig {
		r := newRig(t)
		_, err := r.client(nil).Balance.Emit(t.Context(), pacspace.DeltaParams{
			CustomerID: "acme", Delta: storetest.Dec("-10"), Reason: "by hand", ReferenceID: "usage:acme:2026-02-03", Metadata: pacspace.Metadata{"by": "hand"},
		}, pacspace.WithIdempotencyKey("another"))
		require.NoError(t, err)
		r.submit(total("acme", "12"))
		r.over()
		r.settle()
		require.Equal(t, []string{"usage:acme:2026-02-03 -12 parked REFERENCE_CONFLICT"}, r.rows())
		_, err = r.meter.Discard(t.Context(), "usage:acme:2026-02-03", metering.DiscardParams{Reason: "sent by hand"})
		require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
		_, err = r.meter.Discard(t.Context(), "usage:acme:2026-02-03", metering.DiscardParams{Reason: "sent by hand", Recorded: true, NotRecorded: true})
		require.ErrorIs(t, err, pacspace.ErrInvalid)
		return r
	}
	t.Run("recorded: the next submission of the same total sends nothing", func(t *testing.T) {
		t.Parallel()
		r := conflicting(t)
		_, err := r.meter.Discard(t.Context(), "usage:acme:2026-02-03", metering.DiscardParams{Reason: "sent by hand", Recorded: true})
		require.NoError(t, err)
		require.Equal(t, 1, r.submit(total("acme", "12")).Unchanged)
		r.settle()
		require.Equal(t, []string{"usage:acme:2026-02-03 -10"}, r.recorded())
	})
	t.Run("not recorded: it goes out under a name of its own", func(t *testing.T) {
		t.Parallel()
		r := conflicting(t)
		_, err := r.meter.Discard(t.Context(), "usage:acme:2026-02-03", metering.DiscardParams{Reason: "theirs is a trial", NotRecorded: true})
		require.NoError(t, err)
		require.Equal(t, 1, r.submit(total("acme", "12")).Changed)
		r.settle()
		require.Equal(t, []string{"usage:acme:2026-02-03 -10", "usage:acme:2026-02-03:again-1 -12"}, r.recorded())
	})
}

func TestTotalsThatBreakARuleAreRefusedTogether(t *testing.T) {
	t.Parallel()
	for rule, bad := range map[string]metering.Total{
		"customerId: ":                         total("a b", "1"),
		"the customer has a total already":     total("good", "2"),
		`metadata: "unit" is the account's`:    {CustomerID: "bad", Amount: storetest.Dec("1"), Metadata: pacspace.Metadata{"unit": "x"}},
		"metadata: must have at most":          {CustomerID: "bad", Amount: storetest.Dec("1"), Metadata: pacspace.Metadata{"x": strings.Repeat("y", 5000)}},
		"metadata: ":                           {CustomerID: "bad", Amount: storetest.Dec("1"), Metadata: pacspace.Metadata{"x": "\xff"}},
		"amount must be between":               total("bad", "1000000000001"),
		"the account's day is fed by events: ": total("events", "1"),
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.record("a", "events", "1", noon)
			_, err := r.meter.Submit(t.Context(), day, totals(total("good", "1"), bad))
			refused := new(metering.EventError)
			require.ErrorAs(t, err, &refused)
			require.Equal(t, 1, refused.Index)
			require.Contains(t, err.Error(), rule)
			require.Equal(t, "none", r.open("good", day))
		})
	}
	t.Run("and so are those of a query that fails half way", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		broken := errors.New("connection reset")
		_, err := r.meter.Submit(t.Context(), day, func(yield func(metering.Total, error) bool) {
			_ = yield(total("good", "1"), nil) && yield(metering.Total{}, broken)
		})
		require.ErrorIs(t, err, broken)
		require.ErrorContains(t, err, "after 1 totals")
		require.Equal(t, "none", r.open("good", day))
	})
	t.Run("an event for a day that totals feed is refused", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.submit(total("acme", "10"))
		_, err := r.meter.Record(t.Context(), event("a", "acme", "1", noon))
		fed := new(metering.TotalsError)
		require.ErrorAs(t, err, &fed)
		require.Equal(t, metering.TotalsError{CustomerID: "acme", Day: day}, *fed)
		r.record("b", "acme", "1", noon.Add(-24*time.Hour))
	})
	t.Run("a day that has not begun, or that is too old, is refused", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		for _, d := range []int{1, -36} {
			_, err := r.meter.Submit(t.Context(), day.AddDays(d), totals(total("acme", "1")))
			require.ErrorIs(t, err, pacspace.ErrInvalid)
		}
		_, err := r.meter.Submit(t.Context(), pacspace.Date{}, totals())
		require.ErrorIs(t, err, pacspace.ErrInvalid)
	})
}

func TestManyTotalsAreStoredInPages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var list []metering.Total
	want := []string{}
	for i := range 1203 {
		list = append(list, total(fmt.Sprintf("customer-%04d", i), "2"))
		want = append(want, fmt.Sprintf("usage:customer-%04d:2026-02-03 -2", i))
	}
	require.Equal(t, 1203, r.submit(list...).Fresh)
	r.over()
	r.settle()
	require.Equal(t, want, r.recorded())
	require.Equal(t, 1203, r.submit(list...).Unchanged)
	require.Len(t, r.submit(list[3:]...).Vanished, 3)
}
