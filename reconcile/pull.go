package reconcile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

// pulled is what the service lists of a period: the deltas of its days that were recorded
// before, in and after its recording window.
type pulled struct {
	before, in, after []pacspace.Delta
	balance           decimal.Decimal // the service's own, of the window
	asked             bool            // the window has begun
}

func (p *pulled) all() []pacspace.Delta { return slices.Concat(p.before, p.in, p.after) }

// listing is what the service says of the window, nil before it begins.
func (p *pulled) listing() *listing {
	if !p.asked {
		return nil
	}
	sum, abs := sumOf(p.in)
	l := &listing{balance: p.balance, sum: sum, abs: abs, count: len(p.in)}
	for i := range p.in {
		if p.in[i].Delta.IsZero() {
			l.untold++
		}
	}
	return l
}

// pull reads the service's list of a period and its own balance of the recording window.
func pull(ctx context.Context, client *pacspace.Client, customerID string, period usage.Period, now time.Time, lateness time.Duration) (*pulled, error) {
	window := period.RecordingWindow()
	p := &pulled{}
	for _, part := range []struct {
		span usage.Window
		to   *[]pacspace.Delta
	}{
		{usage.Window{Start: period.Start(), End: window.Start}, &p.before},
		{window, &p.in},
		{usage.Window{Start: window.End, End: window.End.Add(lateness)}, &p.after},
	} {
		// The first instant of all is no bound of a window, and nothing was recorded then.
		if part.span.Start.IsZero() || !part.span.Start.Before(now) || !part.span.Start.Before(part.span.End) {
			continue
		}
		balance, rows, err := derive(ctx, client, customerID, part.span)
		if err != nil {
			return nil, wrap("derive "+customerID, err)
		}
		*part.to = rows
		if part.to == &p.in {
			p.balance, p.asked = balance, true
		}
	}
	return p, nil
}

// maxPage is the largest page of derive. Source: API contract, section 2.5.
const maxPage = 1000

// deriveTries is how often a list is read that changes while it is read.
const deriveTries = 3

// derive reads the balance of a span and all of its deltas. A customer that the service
// does not know has none. A list that never fits its own count is returned as it was read
// last: then it is a finding and no failure.
func derive(ctx context.Context, client *pacspace.Client, customerID string, span usage.Window) (balance decimal.Decimal, rows []pacspace.Delta, err error) {
	for range deriveTries {
		b, err := client.Balance.DerivePage(ctx, customerID, pacspace.Between(span.Start, span.End), pacspace.PageParams{Limit: maxPage})
		if errors.Is(err, pacspace.ErrNotFound) {
			return decimal.Decimal{}, nil, nil
		}
		if err != nil {
			return decimal.Decimal{}, nil, err
		}
		balance, rows = b.ComputedBalance, b.Deltas
		if len(rows) < maxPage && b.DeltaCount <= len(rows) {
			return balance, rows, nil
		}
		rows = nil // not of the size that it counts, which is the service's word
		for d, e := range client.Balance.Deltas(ctx, customerID, pacspace.Between(span.Start, span.End)) {
			if err = e; err != nil {
				break
			}
			rows = append(rows, d)
		}
		switch {
		case err != nil && !errors.Is(err, pacspace.ErrListMoved):
			return decimal.Decimal{}, nil, err
		case err == nil && (len(rows) == b.DeltaCount || b.DeltaCount == 0):
			return balance, rows, nil
		}
	}
	return balance, rows, nil
}

// fill brings what the service lists into the store: deltas that no webhook told of, and
// what lists know and webhooks do not. What is still missing is asked for at the end of the
// round.
func (a *Agent) fill(ctx context.Context, customerID string, p *pulled) error {
	rows := p.all()
	var missed []string
	err := a.store.Update(ctx, func(tx Tx) error {
		missed = missed[:0]
		for i := range rows {
			d := ofListed(customerID, &rows[i])
			a.name(d)
			if err := a.merge(ctx, tx, d); err != nil {
				return err
			}
		}
		for i := range rows {
			known, err := allDeltas(ctx, tx, DeltaQuery{CustomerID: customerID, Name: a.nameOf(&rows[i])})
			if err != nil {
				return err
			}
			for _, k := range known {
				if id := "delta " + customerID + " " + k.Name; !k.Told && tx.Now().Sub(k.VerifiedAt) > a.set.patience && !a.asked.has(id) {
					missed = append(missed, id)
				}
			}
		}
		return nil
	})
	if err != nil {
		return wrap("fill", err)
	}
	if err := a.fillFailed(ctx, customerID); err != nil {
		return err
	}
	a.asked.miss(missed)
	return nil
}

func (a *Agent) nameOf(l *pacspace.Delta) string {
	d := ofListed("", l)
	a.name(d)
	return d.Name
}

// maxGaps is for how many records of gaps a comparison asks.
const maxGaps = 200

// fillFailed asks the service for gaps in an account's sequence, and for the status of each
// record that it names there: that is how a lost delta.failed is found. The answer's form is
// not documented, so what cannot be read is passed over.
//
// Source: API contract, section 2.12.
func (a *Agent) fillFailed(ctx context.Context, customerID string) error {
	gaps, err := a.client.Balance.Gaps(ctx, customerID, pacspace.GapsParams{})
	if errors.Is(err, pacspace.ErrNotFound) {
		return nil
	}
	if err != nil {
		return wrap("gaps of "+customerID, err)
	}
	var answer struct {
		Gaps []struct {
			RecordID string `json:"recordId"`
		} `json:"gaps"`
	}
	if json.Unmarshal(gaps.RawJSON(), &answer) != nil {
		return nil
	}
	now, err := a.store.Now(ctx)
	if err != nil {
		return wrap("gaps of "+customerID, err)
	}
	asked := 0
	first := a.asked.turn()
	for i := range answer.Gaps {
		gap := &answer.Gaps[(first+i)%len(answer.Gaps)]
		if gap.RecordID == "" || a.asked.has("gap "+gap.RecordID) {
			continue
		}
		// In turns, so that what never comes to an end keeps nothing waiting for ever.
		if asked++; asked > maxGaps {
			return nil
		}
		status, err := a.client.Balance.Status(ctx, gap.RecordID)
		if errors.Is(err, pacspace.ErrNotFound) {
			continue
		}
		if err != nil {
			return wrap("status of a gap of "+customerID, err)
		}
		if !status.Status.Final() || status.CustomerID != "" && status.CustomerID != customerID {
			continue
		}
		d := ofListed(customerID, status)
		d.Listed = false
		d.RecordID = cmp.Or(d.RecordID, gap.RecordID)
		// One without any time and any day would be in no period, and seen by nobody.
		if d.VerifiedAt.IsZero() {
			d.VerifiedAt = status.CreatedAt
		}
		if d.VerifiedAt.IsZero() {
			d.VerifiedAt = now
		}
		a.name(d)
		err = a.store.Update(ctx, func(tx Tx) error { return a.merge(ctx, tx, d) })
		if err != nil {
			return wrap("fill", err)
		}
		if d.untold() {
			// It is asked for again at each comparison until the amount is known, and its webhook
			// once.
			if id := "delta " + customerID + " " + d.Name; now.Sub(d.VerifiedAt) > a.set.patience && !a.asked.has(id) {
				a.asked.miss([]string{id})
			}
			continue
		}
		a.asked.add("gap " + gap.RecordID)
	}
	return nil
}

// maxLooked is how many deliveries are looked through for what never arrived.
const maxLooked = 10_000

// askAgain asks the service to deliver again what it says it delivered, or could not, and
// what never arrived: a list has less than a webhook. It looks through the service's
// deliveries once for all that the comparisons of a round missed. Each is asked for once by
// a process.
//
// Source: API contract, section 2.14.
func (a *Agent) askAgain(ctx context.Context) error {
	missed := a.asked.takeMissed()
	if len(missed) == 0 {
		return nil
	}
	if err := a.redeliver(ctx); err != nil {
		a.asked.miss(missed)
		return err
	}
	for _, id := range missed {
		a.asked.add(id)
	}
	return nil
}

func (a *Agent) redeliver(ctx context.Context) error {
	now, err := a.store.Now(ctx)
	if err != nil {
		return wrap("deliveries", err)
	}
	looked := 0
	for delivery, err := range a.client.Webhooks.Deliveries(ctx, pacspace.DeliveriesParams{}) {
		if err != nil {
			return wrap("deliveries", err)
		}
		if looked++; looked > maxLooked {
			return nil
		}
		id := delivery.EventID
		if id == "" || now.Sub(delivery.CreatedAt) <= a.set.patience || a.asked.has(id) {
			continue
		}
		var known bool
		err := a.store.View(ctx, func(tx Tx) (err error) {
			known, err = tx.EventKnown(ctx, keyText(id))
			return err
		})
		if err != nil {
			return wrap("deliveries", err)
		}
		if !known {
			if _, err := a.client.Webhooks.Retry(ctx, id); err != nil && !errors.Is(err, pacspace.ErrNotFound) {
				return wrap("delivery again", err)
			}
		}
		a.asked.add(id) // once it was: what failed is asked for again
	}
	return nil
}

// askedRecord remembers what the service was asked for, so that it is asked once.
type askedRecord struct {
	mu     sync.Mutex
	ids    map[string]bool
	turns  int
	missed []string // deltas of which no webhook told, and which were not asked for yet
}

func (r *askedRecord) miss(ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.missed = append(r.missed, ids...)
}

// turn is where a list of which only a part is gone through begins.
func (r *askedRecord) turn() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turns = (r.turns + maxGaps) % maxRemembered
	return r.turns
}

func (r *askedRecord) takeMissed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	missed := r.missed
	r.missed = nil
	return missed
}

// maxRemembered bounds the memory; past it, it starts afresh and asks again, which does no
// harm.
const maxRemembered = 200_000

func (r *askedRecord) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids[id]
}

func (r *askedRecord) add(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids == nil || len(r.ids) >= maxRemembered {
		r.ids = map[string]bool{}
	}
	r.ids[id] = true
}
