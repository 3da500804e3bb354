package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/examples/internal/stage"
	"github.com/pacspace/pacspace-go/examples/internal/usagecsv"
	"github.com/pacspace/pacspace-go/metering"
)

// vendor is a billing service: it meters what was used and talks to the service over HTTP.
// Here the service is the sandbox, and one simulated clock walks both through the days of
// the usage, so that each day is sent after it ended.
type vendor struct {
	*stage.Stage
	meter *stage.Meter
	used  *usagecsv.Usage

	sent map[string][]sentDelta // by customer, in the order of sending
}

// sentDelta is a delta as the meter's outbox has it.
type sentDelta struct {
	pacspace.DeltaParams
	at       time.Time
	recordID string
}

// maxSpan bounds the usage, since every customer's every month is closed.
const maxSpan = 3 * 366 * 24 * time.Hour

// lateness takes lines that arrive more than a year after their day.
const lateness = 400 * 24 * time.Hour

func openVendor(ctx context.Context, used *usagecsv.Usage, j job) (*vendor, error) {
	if span := used.Last.Sub(used.First); span > maxSpan {
		const day = 24 * time.Hour
		return nil, fmt.Errorf("the usage spans %d days; at most %d are closed here, a month at a time", span/day, maxSpan/day)
	}
	st, err := stage.Open(j.out, used.First)
	if err != nil {
		return nil, err
	}
	meter, err := st.Meter(ctx, metering.WithAccounts(j.resource, j.unit), metering.WithSpread(0), metering.WithLateness(lateness))
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &vendor{Stage: st, meter: meter, used: used, sent: map[string][]sentDelta{}}, nil
}

func (v *vendor) close(ctx context.Context) error {
	return errors.Join(v.meter.Close(ctx), v.Stage.Close())
}

// count is how many deltas were sent.
func (v *vendor) count() int {
	n := 0
	for _, deltas := range v.sent {
		n += len(deltas)
	}
	return n
}

// flush meters the lines of each day twice, as a service does that crashed before it knew
// that they were counted, and sends the day once it is over.
func (v *vendor) flush(ctx context.Context, p *printer, calls []usagecsv.Call) error {
	var again metering.Imported
	for day, arrived := range byDue(calls) {
		v.Clock.Set(day.End())
		for _, times := range []*metering.Imported{new(metering.Imported), &again} {
			done, err := v.meter.Import(ctx, events(arrived))
			if err != nil {
				return err
			}
			times.Counted += done.Counted
			times.Duplicates += done.Duplicates
		}
		v.Clock.Set(day.End().Add(metering.DefaultGrace))
		if err := v.Settle(ctx, v.meter.Meter); err != nil {
			return err
		}
	}
	if again.Counted != 0 || again.Duplicates != len(calls) {
		return fmt.Errorf("of %d lines that were counted twice, %d counted again", len(calls), again.Counted)
	}
	p.line("%d lines metered into SQLite, and once more: none counted twice", len(calls))
	return v.outbox(ctx, p)
}

// events are the lines as the meter counts them. A line's number names it for ever.
func events(calls []usagecsv.Call) iter.Seq2[metering.Event, error] {
	return func(yield func(metering.Event, error) bool) {
		for _, c := range calls {
			e := metering.Event{ID: fmt.Sprintf("line-%010d", c.Number), CustomerID: c.CustomerID, Amount: c.Amount, Time: c.At}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// outbox reads what the meter sent, and sends each delta a second time.
func (v *vendor) outbox(ctx context.Context, p *printer) error {
	late := 0
	for d, err := range v.meter.Deltas(ctx, metering.DeltaQuery{}) {
		if err != nil {
			return err
		}
		if d.State != metering.StateVerified {
			return fmt.Errorf("delta %s is %s: %s", d.ReferenceID, d.State, d.Note)
		}
		params, err := d.Params()
		if err != nil {
			return err
		}
		if d.Adjusts != "" {
			late++
		}
		v.sent[d.CustomerID] = append(v.sent[d.CustomerID], sentDelta{params, d.FirstSent, d.RecordID})
	}
	for _, deltas := range v.sent {
		slices.SortStableFunc(deltas, func(a, b sentDelta) int { return a.at.Compare(b.at) })
		for _, d := range deltas {
			again, err := v.Client.Balance.Emit(ctx, d.DeltaParams)
			if err != nil {
				return fmt.Errorf("emitting %s again: %w", d.ReferenceID, err)
			}
			if again.RecordID != d.recordID {
				return fmt.Errorf("%s was recorded twice: as %s and as %s", d.ReferenceID, d.recordID, again.RecordID)
			}
		}
	}
	n := v.count()
	p.line("%d deltas sent and verified, %d of them for usage that came late", n, late)
	p.line("%d sent a second time: each came back as the delta it was, none was counted twice", n)
	return nil
}

// compare derives each customer's balance and asks the service about two views of it: our
// own, which must match, and one that is off by one, which must not.
func (v *vendor) compare(ctx context.Context, p *printer) error {
	t := p.table("customer", "period", "deltas", "derived", "own sum", "our view", "view off by one")
	for _, customer := range v.used.Customers {
		for _, period := range v.periods() {
			scope := pacspace.RecordingWindow(period)
			own, n := v.own(customer, period)
			balance, err := v.Client.Balance.Derive(ctx, customer, scope)
			if err != nil {
				return err
			}
			answer, err := v.ask(ctx, customer, scope, own)
			if err != nil {
				return err
			}
			offByOne, err := v.ask(ctx, customer, scope, own.Sub(pacspace.NewDecimal(1)))
			if err != nil {
				return err
			}
			if balance.DeltaCount != n {
				return fmt.Errorf("customer %s, %s: %d deltas are recorded, %d were sent", customer, period, balance.DeltaCount, n)
			}
			if answer == differs || offByOne != differs {
				return fmt.Errorf("customer %s, %s: our view %s: %s; a view off by one: %s; derived %s",
					customer, period, own, answer, offByOne, balance.ComputedBalance)
			}
			t.row(customer, period, balance.DeltaCount, balance.ComputedBalance, own, answer, offByOne)
		}
	}
	t.print()
	return nil
}

// The answers to a view of a balance.
const (
	matches = "matches"
	rounded = "matches, rounded" // the service's binary64 sum is as close as such sums are
	differs = "does not match"
)

// ask compares a view with what the service derived. A view with more digits than binary64
// holds is asked about as the service would read it.
func (v *vendor) ask(ctx context.Context, customer string, scope pacspace.Scope, view pacspace.Decimal) (string, error) {
	near, err := view.Nearest64()
	if err != nil {
		return "", err
	}
	c, err := v.Client.Balance.Compare(ctx, pacspace.CompareParams{CustomerID: customer, Scope: scope, Yours: near, Theirs: near})
	if err != nil {
		return "", err
	}
	var volume pacspace.Decimal // of all deltas, whatever their sign
	for _, d := range v.sent[customer] {
		volume = volume.Add(d.Delta.Abs())
	}
	bound := decimal.SumError64(volume, len(v.sent[customer]))
	switch {
	case c.MatchesYours:
		return matches, nil
	case c.NeutralBalance.Sub(view).Abs().Cmp(bound) <= 0:
		return rounded, nil
	}
	return differs, nil
}

// own is what the usage says of a customer and a period's window, and how many deltas were
// sent for it.
func (v *vendor) own(customer string, period pacspace.Period) (sum pacspace.Decimal, deltas int) {
	window := period.RecordingWindow()
	for _, t := range v.used.Totals {
		if t.CustomerID == customer && window.Contains(t.Due.End().Add(time.Hour)) {
			sum = sum.Sub(t.Amount)
		}
	}
	for _, d := range v.sent[customer] {
		if window.Contains(d.at) {
			deltas++
		}
	}
	return sum, deltas
}

// periods are the months whose windows the usage was recorded in.
func (v *vendor) periods() []pacspace.Period {
	first := v.used.Totals[0].Due.Period()
	last := v.used.Totals[len(v.used.Totals)-1].Due.Period()
	periods := []pacspace.Period{first}
	for periods[len(periods)-1] != last {
		periods = append(periods, periods[len(periods)-1].Next())
	}
	return periods
}

// byDue groups lines by the day after which their totals are complete.
func byDue(calls []usagecsv.Call) iter.Seq2[pacspace.Date, []usagecsv.Call] {
	return func(yield func(pacspace.Date, []usagecsv.Call) bool) {
		slices.SortStableFunc(calls, func(a, b usagecsv.Call) int { return a.Due.Compare(b.Due) })
		for len(calls) > 0 {
			n := 1
			for n < len(calls) && calls[n].Due == calls[0].Due {
				n++
			}
			if !yield(calls[0].Due, calls[:n]) {
				return
			}
			calls = calls[n:]
		}
	}
}
