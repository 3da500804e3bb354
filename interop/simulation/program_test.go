package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/transport"
)

// program is a small billing service that keeps the rules: it stores what it is going to
// do before it does it, gives each unknown outcome to Resolve, takes the next key after a
// refusal, and parks what only a person can decide. Only its store outlives a crash.
type program struct {
	w       *world
	store   *store
	client  *pacspace.Client
	biller  biller
	backoff time.Duration
	closing time.Time // not before then
	batched bool      // a batch was sent, for whoever judges the run
}

// biller is what the program uses of a client. A double stands in front of it.
type biller struct {
	emit    func(ctx context.Context, p pacspace.DeltaParams, key string) (*pacspace.Delta, error)
	batch   func(ctx context.Context, list []pacspace.DeltaParams, key string) (*pacspace.Batch, error)
	resolve func(ctx context.Context, p pacspace.ResolveParams) (*pacspace.Delta, error)
	close   func(ctx context.Context, p pacspace.ClosePeriodParams) (*pacspace.Closing, error)
	refused func(err error) bool
	nextKey func(key string) string
	// sendsFirst stores the intent only after sending.
	sendsFirst bool
	// unknown says that an outcome is not known.
	unknown func(err error) bool
	// forgets says of an item that was unknown that a refusal ends that.
	forgets bool
	// settles reads an item of a batch.
	settles func(i pacspace.BatchItem) pacspace.Outcome
}

func newProgram(w *world) *program {
	return &program{w: w, store: &store{w: w, texts: map[string]string{}, read: map[string]any{}}}
}

// start makes a client, as a program does when it begins.
func (p *program) start() {
	w := p.w
	clear(p.store.read)
	var wire http.RoundTripper = w.network
	if w.double.wire != nil {
		wire = w.double.wire(w, wire)
	}
	options := []pacspace.Option{
		pacspace.WithBaseURL("http://localhost"), pacspace.WithHTTPClient(&http.Client{Transport: wire}),
	}
	c, err := pacspace.New(simKey, append(options, w.double.options...)...)
	mustWork(err)
	p.client = c
	p.biller = biller{
		emit: func(ctx context.Context, d pacspace.DeltaParams, key string) (*pacspace.Delta, error) {
			return c.Balance.Emit(ctx, d, keyed(key)...)
		},
		batch: func(ctx context.Context, list []pacspace.DeltaParams, key string) (*pacspace.Batch, error) {
			return c.Balance.EmitBatch(ctx, list, keyed(key)...)
		},
		resolve: func(ctx context.Context, r pacspace.ResolveParams) (*pacspace.Delta, error) {
			return c.Balance.Resolve(ctx, r)
		},
		close: func(ctx context.Context, q pacspace.ClosePeriodParams) (*pacspace.Closing, error) {
			return c.Balance.ClosePeriod(ctx, q, pacspace.WithPollInterval(40*time.Second))
		},
		refused: pacspace.Refused,
		nextKey: pacspace.NextKey,
		unknown: func(err error) bool { return errors.Is(err, pacspace.ErrOutcomeUnknown) },
		settles: func(i pacspace.BatchItem) pacspace.Outcome { return i.Outcome },
	}
	if w.double.client != nil {
		w.double.client(p)
	}
}

func keyed(key string) []pacspace.CallOption {
	if key == "" {
		return nil
	}
	return []pacspace.CallOption{pacspace.WithIdempotencyKey(key)}
}

// call gives a call its deadline, and holds it to that.
func (p *program) call(what string, f func(ctx context.Context) error) error {
	limit := p.w.span(4*time.Second, pick(p.w, 8*time.Second, 40*time.Second, 2*time.Minute))
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ctx = transport.WithDraw(ctx, func(n time.Duration) time.Duration { return time.Duration(p.w.rng.Int64N(int64(n))) })
	start := time.Now()
	err := f(ctx)
	if took := time.Since(start); took > limit {
		p.w.breach(holdsDeadline, "%s took %v of %v", what, took, limit)
	}
	p.w.log("%s: %v", what, short(err))
	return err
}

// short leaves out what differs from run to run: the random key of a checkpoint.
func short(err error) string {
	if err == nil {
		return "done"
	}
	api, ok := errors.AsType[*pacspace.APIError](err)
	if ok {
		return fmt.Sprintf("%d %s unknown: %t", api.StatusCode, api.Code, errors.Is(err, pacspace.ErrOutcomeUnknown))
	}
	if _, ok := errors.AsType[*pacspace.TransportError](err); ok {
		return fmt.Sprintf("no answer, unknown: %t", errors.Is(err, pacspace.ErrOutcomeUnknown))
	}
	if _, ok := errors.AsType[*pacspace.DecodeError](err); ok {
		return fmt.Sprintf("an answer that cannot be read, unknown: %t", errors.Is(err, pacspace.ErrOutcomeUnknown))
	}
	return err.Error()
}

// live does what is due, again and again.
func (p *program) live(until time.Time) {
	p.start()
	for time.Now().Before(until) {
		open := p.settle()
		open = p.flush() || open
		if now := time.Now(); now.After(p.closing) {
			for _, period := range p.w.periods {
				p.closePeriod(period)
			}
			p.closing = now.Add(18 * time.Hour) // what was not verified yet takes its time
		}
		if p.w.healed && !open && p.closed() {
			return
		}
		p.backoff = min(max(2*p.backoff, 20*time.Second), 8*time.Hour)
		if !open {
			p.backoff = pick(p.w, 2*time.Hour, 16*time.Hour)
		}
		time.Sleep(p.w.span(p.backoff/2, p.backoff))
	}
}

// flush sends the usage of days that are over, once: each delta by itself, or as a batch.
// A program that likes batches waits a day for more. It reports whether anything was sent.
func (p *program) flush() bool {
	var fresh []item
	waits := p.w.patient
	for _, day := range p.w.days {
		if !time.Now().After(day.End()) {
			break
		}
		for _, customer := range p.w.customers {
			name := pacspace.DailyReference(customer, day)
			if p.store.find(name) != "" {
				continue
			}
			waits = waits && time.Now().Before(day.End().Add(30*time.Hour))
			fresh = append(fresh, item{
				Day: day, State: itemSending, Key: name, FirstSent: time.Now(),
				Delta: pacspace.DeltaParams{
					CustomerID: customer, Delta: p.meter(customer, day), Reason: pacspace.DailyReason(day), ReferenceID: name,
					Metadata: pacspace.Metadata{"resource": "minutes", "events": 12},
				},
			})
		}
	}
	if len(fresh) == 0 || len(fresh) == 1 && waits {
		return false
	}
	p.backoff = 0
	for _, it := range fresh {
		p.w.mischief(it.Delta.CustomerID, it.Day)
	}
	if len(fresh) > 1 && p.w.chance(0.6) {
		p.flushBatch(fresh)
		return true
	}
	for _, it := range fresh {
		p.send(it)
	}
	return true
}

// meter reads a day's usage, which grows for some hours after the day, since events come
// late. A program therefore reads it once.
func (p *program) meter(customer string, day pacspace.Date) pacspace.Decimal {
	used := -100*int64(day.Start().YearDay()) - int64(len(customer))
	if time.Now().After(day.End().Add(4 * time.Hour)) {
		used--
	}
	quarter, err := pacspace.ParseDecimal("-0.25")
	mustWork(err)
	return pacspace.NewDecimal(used).Add(quarter)
}

// send sends an item under its key for the first time.
func (p *program) send(it item) {
	it.State, it.FirstSent = itemSending, time.Now()
	if !p.biller.sendsFirst {
		p.keep(it)
	}
	var d *pacspace.Delta
	err := p.call("emit "+it.Delta.ReferenceID, func(ctx context.Context) (err error) {
		d, err = p.biller.emit(ctx, it.Delta, it.Key)
		return err
	})
	p.keep(p.after(it, d, err, false))
}

func (p *program) keep(it item) { p.store.put(map[string]any{it.Delta.ReferenceID: it}) }

// after says what is known of an item after a call. open says that an earlier send may
// have been processed.
func (p *program) after(it item, d *pacspace.Delta, err error, open bool) item {
	api, _ := errors.AsType[*pacspace.APIError](err)
	switch {
	case err == nil:
		it.State, it.RecordID = itemRecorded, d.RecordID
	case errors.Is(err, pacspace.ErrReferenceConflict) && !p.biller.unknown(err):
		it.State, it.Why = itemParked, whyConflict
	case errors.Is(err, pacspace.ErrKeyTooOld):
		it.State, it.Why = itemParked, whyTooOld
	case p.biller.unknown(err), open && !p.biller.forgets:
		it.State = itemUnknown
	case api != nil && api.Code == "REFERENCE_CONFLICT", errors.Is(err, pacspace.ErrIdempotencyConflict):
		it.State, it.Why = itemParked, whyConflict
	case api != nil && (api.StatusCode == http.StatusBadRequest || api.StatusCode == http.StatusUnprocessableEntity):
		it.State, it.Why = itemParked, whyRejected
	case p.biller.refused(err):
		it.State, it.Key = itemUnsent, p.biller.nextKey(it.Key)
	default:
		it.State = itemUnsent
	}
	return it
}

// settle goes on with all that is not settled, and reports whether anything is left.
func (p *program) settle() (open bool) {
	for _, name := range p.store.names {
		if !strings.HasPrefix(name, "batch:") {
			continue
		}
		if b, _ := load[batch](p.store, name); !b.Settled {
			p.sendBatch(name, b)
		}
	}
	for _, it := range p.store.items() {
		if it.State == itemRecorded || it.State == itemParked {
			continue
		}
		if b, _ := load[batch](p.store, it.Batch); it.Batch == "" || b.Settled {
			p.goOn(it)
		}
		it, _ = load[item](p.store, it.Delta.ReferenceID)
		open = open || it.State != itemRecorded && it.State != itemParked
	}
	return open
}

func (p *program) goOn(it item) {
	if it.State == itemUnsent {
		p.send(it)
		return
	}
	var d *pacspace.Delta
	err := p.call("resolve "+it.Delta.ReferenceID, func(ctx context.Context) (err error) {
		d, err = p.biller.resolve(ctx, pacspace.ResolveParams{Delta: it.Delta, FirstSent: it.FirstSent, IdempotencyKey: it.Key})
		return err
	})
	p.keep(p.after(it, d, err, true))
}

// closePeriod closes a period where nothing of it is open but what is parked.
func (p *program) closePeriod(period pacspace.Period) {
	previous := period.Previous()
	first := period == p.w.periods[0]
	for _, customer := range p.w.customers {
		name := fmt.Sprintf("closing:%s:%s", customer, period)
		if p.store.find(name) != "" || time.Now().Before(period.RecordingWindow().End) {
			continue
		}
		before, known := load[closed](p.store, fmt.Sprintf("closing:%s:%s", customer, previous))
		if !first && !known {
			continue
		}
		params := pacspace.ClosePeriodParams{
			CustomerID: customer, Resource: "minutes", Period: period, First: first, Previous: before.Closing,
			Submissions: p.submissions(customer),
			Outstanding: func(context.Context, string, pacspace.Period) ([]pacspace.Outstanding, error) {
				return p.outstanding(customer, period), nil
			},
		}
		if p.store.find("disputed:"+customer) != "" {
			params.Submissions = nil
		}
		var c *pacspace.Closing
		err := p.call("close "+customer+" "+string(period), func(ctx context.Context) (err error) {
			c, err = p.biller.close(ctx, params)
			return err
		})
		switch {
		case err == nil:
			p.store.put(map[string]any{name: p.bill(c)})
		case errors.Is(err, pacspace.ErrReferenceConflict):
			// Somebody else wrote under a reference of ours: a person leaves it to the record.
			p.store.put(map[string]any{"disputed:" + customer: true})
		}
	}
}

func (p *program) outstanding(customer string, period pacspace.Period) []pacspace.Outstanding {
	var list []pacspace.Outstanding
	for _, it := range p.store.items() {
		if it.Delta.CustomerID == customer && period.Contains(it.Day) && it.State != itemRecorded && it.State != itemParked {
			list = append(list, pacspace.Outstanding{ReferenceID: it.Delta.ReferenceID, State: string(it.State)})
		}
	}
	return list
}

func (p *program) submissions(customer string) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for _, it := range p.store.items() {
			if it.Delta.CustomerID == customer && it.Why != whyConflict && !yield(it.Delta, nil) {
				return
			}
		}
	}
}

// closed says that all periods are closed for every customer.
func (p *program) closed() bool {
	for _, customer := range p.w.customers {
		for _, period := range p.w.periods {
			if p.store.find(fmt.Sprintf("closing:%s:%s", customer, period)) == "" {
				return false
			}
		}
	}
	return true
}

// finish closes one more period, so that what was verified late is billed too.
func (p *program) finish() {
	if len(p.w.periods) == 0 {
		time.Sleep(60 * time.Hour) // until all is verified
		return
	}
	last := p.w.periods[len(p.w.periods)-1].Next()
	p.w.periods = append(p.w.periods, last)
	time.Sleep(time.Until(last.RecordingWindow().End))
	for range 40 { // each time a day later, since what is not verified yet takes its time
		time.Sleep(p.w.span(17*time.Hour, 18*time.Hour))
		if p.closePeriod(last); p.closed() {
			return
		}
	}
}
