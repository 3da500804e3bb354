package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/examples/internal/usagecsv"
	"github.com/pacspace/pacspace-go/sandbox"
)

// vendor is a billing service: it knows what was used and talks to the service over HTTP.
// Here the service is the sandbox, and one simulated clock walks both through the days of
// the usage, so that each day is flushed after it ended.
type vendor struct {
	used     *usagecsv.Usage
	resource string

	box    *sandbox.Server
	clock  *sandbox.Clock
	client *pacspace.Client

	sent map[string][]sentDelta // by customer, in the order of sending
}

// sentDelta is a delta in the vendor's own books.
type sentDelta struct {
	pacspace.DeltaParams
	at time.Time
}

// maxSpan bounds the usage, since every customer's every month is closed.
const maxSpan = 3 * 366 * 24 * time.Hour

func openVendor(used *usagecsv.Usage, resource string) (*vendor, error) {
	if span := used.Last.Sub(used.First); span > maxSpan {
		const day = 24 * time.Hour
		return nil, fmt.Errorf("the usage spans %d days; at most %d are closed here, a month at a time", span/day, maxSpan/day)
	}
	clock := sandbox.NewClock(used.First)
	box, err := sandbox.New(sandbox.WithClock(clock.Now))
	if err != nil {
		return nil, err
	}
	server, err := box.Listen("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	client, err := pacspace.New(server.Key, pacspace.WithBaseURL(server.URL), pacspace.WithClock(clock.Now))
	if err != nil {
		server.Close()
		return nil, err
	}
	return &vendor{
		used: used, resource: resource, box: server, clock: clock, client: client,
		sent: map[string][]sentDelta{},
	}, nil
}

func (v *vendor) close() {
	v.client.Close()
	v.box.Close()
}

// count is how many deltas were sent.
func (v *vendor) count() int {
	n := 0
	for _, deltas := range v.sent {
		n += len(deltas)
	}
	return n
}

// flush sends each day's totals an hour after the day has ended, and sends them once more
// as a service does that crashed before it stored the answers.
func (v *vendor) flush(ctx context.Context, p *printer) error {
	late := 0
	for day, totals := range byDue(v.used.Totals) {
		v.clock.Set(day.End().Add(time.Hour))
		var deltas []pacspace.DeltaParams
		for _, t := range totals {
			made, err := v.deltasOf(t)
			if err != nil {
				return err
			}
			if t.Late > 0 {
				late += len(made)
			}
			deltas = append(deltas, made...)
		}
		var records []string
		for _, d := range deltas {
			emitted, err := v.client.Balance.Emit(ctx, d)
			if err != nil {
				return fmt.Errorf("emitting %s: %w", d.ReferenceID, err)
			}
			records = append(records, emitted.RecordID)
			v.sent[d.CustomerID] = append(v.sent[d.CustomerID], sentDelta{d, v.clock.Now()})
		}
		for i, d := range deltas {
			again, err := v.client.Balance.Emit(ctx, d)
			if err != nil {
				return fmt.Errorf("emitting %s again: %w", d.ReferenceID, err)
			}
			if again.RecordID != records[i] {
				return fmt.Errorf("%s was recorded twice: as %s and as %s", d.ReferenceID, records[i], again.RecordID)
			}
		}
		v.clock.Advance(time.Minute) // the service verifies them
		for _, id := range records {
			d, err := v.client.Balance.Wait(ctx, id)
			if err != nil {
				return err
			}
			if !d.Status.Is(pacspace.StatusVerified) {
				return fmt.Errorf("delta %s is %s: %s", id, d.Status, d.Error)
			}
		}
	}
	n := v.count()
	p.line("%d deltas sent and verified, %d of them for usage that came late", n, late)
	p.line("%d sent a second time: each came back as the delta it was, none was counted twice", n)
	return nil
}

// deltasOf makes the deltas of a total. Late usage of a day that had none before is the
// day's first delta.
func (v *vendor) deltasOf(t usagecsv.Total) ([]pacspace.DeltaParams, error) {
	r := pacspace.Reference{CustomerID: t.CustomerID, Day: t.Day, Late: t.Late}
	base := pacspace.DailyReference(t.CustomerID, t.Day)
	if !slices.ContainsFunc(v.sent[t.CustomerID], func(d sentDelta) bool { return d.ReferenceID == base }) {
		r.Late = 0
	}
	return pacspace.UsageDeltas(r, t.Amount, pacspace.Metadata{"resource": v.resource, "events": t.Calls})
}

// compare derives each customer's balance and asks the service about two views of it: our
// own, which must match, and one that is off by one, which must not.
func (v *vendor) compare(ctx context.Context, p *printer) error {
	t := p.table("customer", "period", "deltas", "derived", "own sum", "our view", "view off by one")
	for _, customer := range v.used.Customers {
		for _, period := range v.periods() {
			scope := pacspace.RecordingWindow(period)
			own, n := v.own(customer, period)
			balance, err := v.client.Balance.Derive(ctx, customer, scope)
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
	c, err := v.client.Balance.Compare(ctx, pacspace.CompareParams{CustomerID: customer, Scope: scope, Yours: near, Theirs: near})
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

// byDue groups totals, which are in that order, by the day after which they are complete.
func byDue(totals []usagecsv.Total) func(yield func(pacspace.Date, []usagecsv.Total) bool) {
	return func(yield func(pacspace.Date, []usagecsv.Total) bool) {
		for len(totals) > 0 {
			n := 1
			for n < len(totals) && totals[n].Due == totals[0].Due {
				n++
			}
			if !yield(totals[0].Due, totals[:n]) {
				return
			}
			totals = totals[n:]
		}
	}
}
