package pacspace_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// vendor is a billing service on a laptop: a sandbox behind a real HTTP server, a client
// of it, and one clock for both.
type vendor struct {
	*pacspace.Client
	t     *testing.T
	box   *sandbox.Server
	clock *sandbox.Clock
	sent  []pacspace.DeltaParams
}

func newVendor(t *testing.T, opts ...sandbox.Option) *vendor {
	t.Helper()
	clock := sandbox.NewClock(time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC))
	box := sandbox.Start(t, append([]sandbox.Option{sandbox.WithClock(clock.Now)}, opts...)...)
	client, err := pacspace.New(box.Key, pacspace.WithBaseURL(box.URL), pacspace.WithClock(clock.Now))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return &vendor{Client: client, t: t, box: box, clock: clock}
}

// flush emits a day's usage five minutes after the day has ended.
func (v *vendor) flush(customer string, day pacspace.Date, amount string) *pacspace.Delta {
	v.t.Helper()
	p := daily(v.t, customer, day, amount)
	v.clock.Set(day.End().Add(5 * time.Minute))
	d, err := v.Balance.Emit(v.t.Context(), p)
	require.NoError(v.t, err)
	v.sent = append(v.sent, p)
	return d
}

// settle lets enough time pass for everything to be verified.
func (v *vendor) settle() { v.clock.Advance(time.Minute) }

// submitted is what was flushed, as ClosePeriod reads it.
func (v *vendor) submitted() iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for _, p := range v.sent {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (v *vendor) close(p pacspace.ClosePeriodParams) (*pacspace.Closing, error) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 10*time.Second)
	defer cancel()
	p.Submissions = v.submitted()
	v.clock.Step(time.Second) // the record is written while the client polls
	defer v.clock.Step(0)
	return v.Balance.ClosePeriod(ctx, p, pacspace.WithPollInterval(time.Millisecond))
}

func daily(t *testing.T, customer string, day pacspace.Date, amount string) pacspace.DeltaParams {
	t.Helper()
	return pacspace.DeltaParams{
		CustomerID:  customer,
		Delta:       number(t, amount),
		Reason:      pacspace.DailyReason(day),
		ReferenceID: pacspace.DailyReference(customer, day),
		Metadata:    pacspace.Metadata{"resource": "compute-minutes", "unit": "minutes", "events": 12},
	}
}

func number(t *testing.T, text string) pacspace.Decimal {
	t.Helper()
	d, err := pacspace.ParseDecimal(text)
	require.NoError(t, err)
	return d
}

func february(day int) pacspace.Date { return pacspace.NewDate(2026, time.February, day) }
