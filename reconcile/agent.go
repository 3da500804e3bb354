package reconcile

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/pages"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// Agent watches what was recorded. Make one with [New]; it is safe for concurrent use.
// Several agents, in one process or in many, may share a store.
type Agent struct {
	client *pacspace.Client
	store  Store
	set    settings
	wake   chan struct{} // there is something new to do
	asked  askedRecord   // what the service was asked for again
	inbox  gatherer
}

// settingEnvironment names the environment that a store belongs to, settingScheme what is
// known of the hashing rules.
const (
	settingEnvironment = "environment"
	settingScheme      = "scheme"
)

// openTimeout bounds what New asks of the store.
const openTimeout = 30 * time.Second

// New makes an agent of a client and a store. A store belongs to the environment of the
// first client that it is used with; another one is refused.
func New(client *pacspace.Client, store Store, opts ...Option) (*Agent, error) {
	if client == nil || store == nil {
		return nil, fmt.Errorf("reconcile: New: needs a client and a store: %w", pacspace.ErrInvalid)
	}
	set, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	a := &Agent{client: client, store: store, set: set, wake: make(chan struct{}, 1), inbox: newGatherer()}
	if err := a.bindEnvironment(); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *Agent) bindEnvironment() error {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	environment := string(a.client.Environment())
	if environment == "" {
		return fmt.Errorf("reconcile: New: the client does not know its environment; give it pacspace.WithEnvironment: %w", pacspace.ErrInvalid)
	}
	return wrap("New", a.store.Update(ctx, func(tx Tx) error {
		bound, err := tx.Setting(ctx, settingEnvironment)
		switch {
		case err != nil:
			return err
		case bound == "":
			return tx.SetSetting(ctx, settingEnvironment, environment)
		case bound != environment:
			return fmt.Errorf("the store belongs to environment %s, the client's key to %s; use a store of its own", bound, environment)
		}
		return nil
	}))
}

// Handler answers webhook deliveries: 2xx once a genuine one is stored, and otherwise as
// [webhook.Verifier.Handler] says. Mount it behind any router.
func (a *Agent) Handler(verifier *webhook.Verifier) http.Handler {
	return verifier.Handler(a.Receive)
}

// Receive stores an event that was verified, to be applied later. The same body again changes
// nothing; another body under a known id is stored and applied as well, so that what it says
// otherwise is found. Where it returns nil, the event is durable.
func (a *Agent) Receive(ctx context.Context, event *webhook.Event) error {
	body := event.RawJSON()
	e := InboxEvent{
		ID: hashText(string(body)), DeliveryID: keyText(event.ID),
		Type: webhook.EventType(keyText(string(event.Type))), Body: body,
	}
	fresh, err := a.inbox.receive(ctx, a.store, e)
	if err != nil {
		return wrap("receive", err)
	}
	if fresh {
		a.nudge()
	}
	return nil
}

func (a *Agent) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// idle is how long Run waits while there is nothing to do.
const idle = 5 * time.Second

// Run works until ctx ends, and returns its error. What fails is logged and tried again.
func (a *Agent) Run(ctx context.Context) error {
	var seeded time.Time
	for {
		now, err := a.store.Now(ctx)
		if err == nil && now.Sub(seeded) >= a.set.interval {
			if err = a.Seed(ctx); err == nil {
				seeded = now
			}
		}
		if err := errors.Join(err, a.Work(ctx)); err != nil && ctx.Err() == nil {
			a.set.logger.LogAttrs(ctx, levelWarn, "reconcile: a round failed and is tried again", errAttr(err))
		}
		wait, cancel := context.WithCancel(ctx)
		go func() {
			select {
			case <-a.wake:
				cancel()
			case <-wait.Done():
			}
		}()
		_ = a.set.sleep(wait, idle)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Work makes one round: it applies events, reads on in the service's list of customers where
// [Agent.Seed] began it, compares what is due, asks for deliveries that never came and tells
// what is untold.
// Run calls it again and again; call it yourself in a job that runs now and then. The error
// joins what failed; the rest was done all the same.
func (a *Agent) Work(ctx context.Context) error {
	_, applied := a.apply(ctx)
	return errors.Join(applied, a.discover(ctx), a.checkDue(ctx), a.askAgain(ctx), a.tell(ctx))
}

// Seed has the current and the previous periods of all accounts compared: of those that the
// books list, so that an account that the service never heard of is found too, and of those
// that the service lists, so that one is found of which no webhook and no books told. Those
// that were compared before have their time already. Run calls it at every interval.
//
// The service's list is read by the rounds of [Agent.Work] that follow, at most some pages in
// each. Books that list no accounts are left alone.
func (a *Agent) Seed(ctx context.Context) error {
	return errors.Join(a.beginDiscovery(ctx), a.seedBooks(ctx))
}

func (a *Agent) seedBooks(ctx context.Context) error {
	books, ok := a.set.books.(AccountLister)
	if !ok {
		return nil
	}
	now, err := a.store.Now(ctx)
	if err != nil {
		return wrap("seed", err)
	}
	current := usage.PeriodOf(now)
	for _, period := range []usage.Period{current.Previous(), current} {
		var ids []string
		for id, err := range books.Accounts(ctx, proof.DaysOf(period)) {
			if err == nil {
				err = validAccount(id, period)
			}
			if err != nil {
				return wrap("accounts of the system of record", err)
			}
			ids = append(ids, id)
		}
		for page := range slices.Chunk(ids, pages.Size) {
			if _, err := a.expect(ctx, page, period, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// Expect has a period of an account compared in the next round, and again for as long as
// it is not over.
func (a *Agent) Expect(ctx context.Context, customerID string, period usage.Period) error {
	if err := validAccount(customerID, period); err != nil {
		return err
	}
	_, err := a.expect(ctx, []string{customerID}, period, false)
	return err
}

// expect returns how many comparisons it made due.
func (a *Agent) expect(ctx context.Context, ids []string, period usage.Period, onlyNew bool) (made int, err error) {
	err = a.store.Update(ctx, func(tx Tx) error {
		made = 0
		for _, id := range ids {
			c, err := tx.Check(ctx, id, period)
			switch {
			case errors.Is(err, ErrNotFound):
				c = &Check{CustomerID: id, Period: period}
			case err != nil:
				return err
			case onlyNew, !c.Due.IsZero() && !c.Due.After(tx.Now()):
				continue
			}
			c.Due = tx.Now()
			if err := tx.PutCheck(ctx, c); err != nil {
				return err
			}
			made++
		}
		return nil
	})
	return made, wrap("expect", err)
}

// Account is the running balance of a customer id; the error matches [ErrNotFound] where
// nothing was ever recorded.
func (a *Agent) Account(ctx context.Context, customerID string) (*Account, error) {
	var account *Account
	err := a.store.View(ctx, func(tx Tx) (err error) {
		account, err = tx.Account(ctx, customerID)
		return err
	})
	return account, wrap("account", err)
}

// Deltas goes through what is known of a period's deltas, by name: those whose usage day is
// in it, and those without one that its recording window recorded.
func (a *Agent) Deltas(ctx context.Context, customerID string, period usage.Period) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		var deltas []Delta
		err := a.store.View(ctx, func(tx Tx) (err error) {
			deltas, err = periodDeltas(ctx, tx, customerID, period)
			return err
		})
		if err != nil {
			yield(Delta{}, wrap("deltas", err))
			return
		}
		for _, d := range deltas {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// Mismatches goes through mismatches by their IDs; select open ones to see what needs a
// person, and untold ones to see whether the alert function takes them.
func (a *Agent) Mismatches(ctx context.Context, q MismatchQuery) iter.Seq2[Mismatch, error] {
	return pages.All(func(last *Mismatch) (page []Mismatch, err error) {
		next := q
		if last != nil {
			next.AfterID = last.ID()
		}
		err = a.store.View(ctx, func(tx Tx) (err error) {
			page, err = tx.Mismatches(ctx, next, pages.Size)
			return err
		})
		return page, wrap("mismatches", err)
	})
}

// Unread goes through the events that are genuine and cannot be read, by their IDs. Each is
// kept as it came.
func (a *Agent) Unread(ctx context.Context) iter.Seq2[InboxEvent, error] {
	return pages.All(func(last *InboxEvent) (page []InboxEvent, err error) {
		after := ""
		if last != nil {
			after = last.ID
		}
		err = a.store.View(ctx, func(tx Tx) (err error) {
			page, err = tx.Events(ctx, EventUnread, after, pages.Size)
			return err
		})
		return page, wrap("unread events", err)
	})
}

// Status is how an agent stands.
type Status struct {
	Now    time.Time  `json:"now"`
	Events EventCount `json:"events"`
	Open   int        `json:"open"`   // mismatches that an operator was or is being told of
	Untold int        `json:"untold"` // mismatches that the alert function has not taken
}

// Lag is for how long the oldest event that is not applied has waited.
func (s *Status) Lag() time.Duration {
	if s.Events.Oldest.IsZero() {
		return 0
	}
	return s.Now.Sub(s.Events.Oldest)
}

// Status reads how the agent stands.
func (a *Agent) Status(ctx context.Context) (*Status, error) {
	s := &Status{}
	err := a.store.View(ctx, func(tx Tx) (err error) {
		s.Now = tx.Now()
		s.Events, err = tx.CountEvents(ctx)
		return err
	})
	if err != nil {
		return nil, wrap("status", err)
	}
	for m, err := range a.Mismatches(ctx, MismatchQuery{}) {
		if err != nil {
			return nil, err
		}
		if m.State == MismatchOpen {
			s.Open++
		}
		if m.Told < m.Revision {
			s.Untold++
		}
	}
	return s, nil
}

// Report is how a period compares by the last comparison of each account.
func (a *Agent) Report(ctx context.Context, period usage.Period) (*Report, error) {
	if err := period.Validate(); err != nil {
		return nil, wrap("report", err)
	}
	r := &Report{Period: period, Source: "agent"}
	for c, err := range pages.All(func(last *Check) (page []Check, err error) {
		after := ""
		if last != nil {
			after = last.CustomerID
		}
		err = a.store.View(ctx, func(tx Tx) (err error) {
			r.At = tx.Now()
			page, err = tx.Checks(ctx, period, after, pages.Size)
			return err
		})
		return page, err
	}) {
		if err != nil {
			return nil, wrap("report", err)
		}
		if c.Report == nil {
			c.Report = &AccountReport{CustomerID: c.CustomerID, Period: period, At: r.At, Outcome: Pending, Notes: []string{"not compared yet"}}
		}
		r.Accounts = append(r.Accounts, *c.Report)
	}
	return r, nil
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("reconcile: %s: %w", what, err)
}
