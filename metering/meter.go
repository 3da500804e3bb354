package metering

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/idem"
)

// Meter counts usage and delivers it. Make one with [New]; it is safe for concurrent use.
// Several meters, in one process or in many, may share a store.
type Meter struct {
	client *pacspace.Client
	store  Store
	set    settings
	owner  string // names this meter in leases

	accounts accountCache

	closed   atomic.Bool
	closing  sync.RWMutex // read while something is put into the queue
	queue    chan *group
	gathered chan struct{}

	pass  chan struct{}        // held by the round that is under way
	stop  chan struct{}        // closed by Close
	wake  chan struct{}        // there is something new to do
	swept time.Time            // of the last sweep; guarded by pass
	held  map[dayKey]time.Time // days that are held back, and until when; guarded by pass

	forgotten time.Time // ids that arrived before were forgotten by the time of New
}

// openTimeout bounds what New asks of the store.
const openTimeout = 30 * time.Second

// settingEnvironment names the environment that a store belongs to.
const settingEnvironment = "environment"

// New makes a meter of a client and a store. A store belongs to the environment of the
// first client that it is used with: another one is refused, so that test usage is never
// sent as live usage. Call [Meter.Run] to have days closed and deltas sent, and
// [Meter.Close] at the end.
func New(client *pacspace.Client, store Store, opts ...Option) (*Meter, error) {
	if client == nil || store == nil {
		return nil, fmt.Errorf("metering: New: needs a client and a store: %w", pacspace.ErrInvalid)
	}
	set, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	owner, err := idem.Random()
	if err != nil {
		return nil, wrap("New", err)
	}
	m := &Meter{
		client: client, store: store, set: set, owner: owner,
		queue: make(chan *group, queueCalls), gathered: make(chan struct{}),
		pass: make(chan struct{}, 1), stop: make(chan struct{}), wake: make(chan struct{}, 1),
		held: map[dayKey]time.Time{},
	}
	if err := m.bindStore(); err != nil {
		return nil, err
	}
	go m.gather()
	return m, nil
}

// bindStore settles what all meters of a store must agree on.
func (m *Meter) bindStore() error {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	environment := string(m.client.Environment())
	if environment == "" {
		return fmt.Errorf("metering: New: the client does not know its environment: give it pacspace.WithEnvironment: %w", pacspace.ErrInvalid)
	}
	return wrap("New", m.store.Update(ctx, func(tx Tx) error {
		bound, err := tx.Setting(ctx, settingEnvironment)
		switch {
		case err != nil:
			return err
		case bound != "" && bound != environment:
			return fmt.Errorf("the store belongs to environment %s, the client's key to %s: use a store of its own", bound, environment)
		case bound == "":
			if err := tx.SetSetting(ctx, settingEnvironment, environment); err != nil {
				return err
			}
		}
		return m.bindLateness(ctx, tx)
	}))
}

// idle is how long Run waits while there is nothing to do.
const idle = 5 * time.Second

// Run closes days, sends their deltas, settles what is unknown, asks whether deltas were
// verified and forgets old ids, until ctx ends or the meter is closed. It returns ctx's
// error, or nil after [Meter.Close]. What fails is told to the observer and the log and
// tried again.
func (m *Meter) Run(ctx context.Context) error {
	for {
		wait, more, err := m.roundNow(ctx)
		if err != nil && ctx.Err() == nil {
			m.tell(ctx, Change{Kind: ChangeFailed, Err: err})
		}
		if more && err == nil {
			m.nudge()
		}
		if wait <= 0 || wait > idle {
			wait = idle
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.stop:
			return nil
		case <-m.wake:
		case <-time.After(wait):
		}
	}
}

// nudge lets Run go on at once.
func (m *Meter) nudge() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// UnsentError says what a meter has still to deliver. Nothing of it is lost: it is in the
// store. What to do: make the call again, or let Run go on; what waits for a person is in
// [Meter.Parked].
type UnsentError struct{ Status *Status }

func (e *UnsentError) Error() string {
	var parts []string
	add := func(n int, word string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, word))
		}
	}
	days := "days due"
	if e.Status.Due == 1 {
		days = "day due"
	}
	add(e.Status.Due, days)
	for _, s := range unsentStates {
		add(e.Status.Count(s), string(s))
	}
	text := "metering: not all is delivered: " + strings.Join(parts, ", ")
	if e.Status.PauseCode != "" {
		text += "; paused: " + e.Status.PauseCode
	}
	return text + "; it is kept and goes out later, parked deltas wait for Retry or Discard"
}

// unsentStates are those of a delta that the service did not accept yet.
var unsentStates = [...]State{StateFrozen, StateSent, StateUnknown, StateParked}

// Flush does at once all that can be done: it closes the days that are due, sends what is
// frozen and settles what is unknown as far as the service lets it, waiting for nothing
// but the pace. It returns how things stand, also where ctx ended before all was done, and,
// where a due day or a delta is not delivered, an [*UnsentError]. A second Flush waits for
// the first one, and so does Run.
func (m *Meter) Flush(ctx context.Context) (*Status, error) {
	err := m.flush(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	s, unread := m.Status(ctx)
	switch {
	case err == nil && unread != nil:
		return nil, unread
	case err != nil:
		return s, err
	case !s.delivered():
		return s, &UnsentError{Status: s}
	}
	return s, nil
}

func (m *Meter) flush(ctx context.Context) error {
	now, err := m.store.Now(ctx)
	if err != nil {
		return wrap("flush", err)
	}
	for {
		// Each delta is asked about once, or a flush might never end.
		wait, more, err := m.round(ctx, now)
		if more && err == nil {
			continue
		}
		if err != nil || wait <= 0 {
			return err
		}
		if err := m.set.sleep(ctx, wait); err != nil {
			return wrap("flush", err)
		}
	}
}

// Close takes no more events, waits for those that are queued, and flushes. It returns
// what Flush does. It ends with ctx, and the meter is closed either way; closing it twice
// is [ErrClosed]. The store stays open: it is the caller's.
func (m *Meter) Close(ctx context.Context) (*Status, error) {
	if !m.closed.CompareAndSwap(false, true) {
		return nil, ErrClosed
	}
	close(m.stop) // first, since who waits for a place in the queue holds the lock
	m.closing.Lock()
	close(m.queue)
	m.closing.Unlock()
	select {
	case <-m.gathered:
	case <-ctx.Done():
		return nil, fmt.Errorf("metering: close: %w: %w while events were being stored", pacspace.ErrOutcomeUnknown, ctx.Err())
	}
	return m.Flush(ctx)
}

func (m *Meter) roundNow(ctx context.Context) (wait time.Duration, more bool, err error) {
	now, err := m.store.Now(ctx)
	if err != nil {
		return 0, false, wrap("clock", err)
	}
	return m.round(ctx, now)
}

// round does what can be done now, and asks about deltas whose time to be asked about had
// come by then. It returns how long the pace asks to wait before more can be sent, 0 where
// there is no more, and whether more can be done without waiting.
func (m *Meter) round(ctx context.Context, then time.Time) (wait time.Duration, more bool, err error) {
	select {
	case m.pass <- struct{}{}:
		defer func() { <-m.pass }()
	case <-ctx.Done():
		return 0, false, wrap("flush", ctx.Err())
	}
	if err := m.closeDue(ctx); err != nil {
		return 0, false, wrap("close of days", err)
	}
	if wait, err = m.deliver(ctx); err != nil {
		return 0, false, wrap("delivery", err)
	}
	if more, err = m.poll(ctx, then); err != nil {
		return 0, false, wrap("verification", err)
	}
	return wait, more, wrap("sweep", m.sweep(ctx))
}

// spreadOf is an account's place in the spread.
func (m *Meter) spreadOf(customerID string) time.Duration {
	if m.set.spread <= 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(customerID))
	return time.Duration(h.Sum64() % uint64(m.set.spread))
}

// wrap names the step that failed, once.
func wrap(step string, err error) error {
	if err == nil || strings.HasPrefix(err.Error(), "metering: ") || errors.Is(err, ErrClosed) {
		return err
	}
	return fmt.Errorf("metering: %s: %w", step, err)
}
