package reconcile

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// gatherer has events that arrive at once stored in one transaction, since a commit costs
// the same for one and for many. It needs no goroutine of its own: whoever has the turn
// stores for all that wait.
type gatherer struct {
	turn  chan struct{} // holds one token
	mu    *sync.Mutex
	queue *[]*arrival
}

// arrival is an event that waits to be stored.
type arrival struct {
	event InboxEvent
	fresh bool
	err   error
	done  chan struct{} // closed once fresh and err are set
}

const (
	maxGathered = 500              // events of one transaction
	storeTime   = 30 * time.Second // bounds one, whoever waits for it
)

func newGatherer() gatherer {
	g := gatherer{turn: make(chan struct{}, 1), mu: &sync.Mutex{}, queue: new([]*arrival)}
	g.turn <- struct{}{}
	return g
}

// receive stores an event together with the others that wait. Where ctx ends first, the
// event may or may not be stored: the service delivers it again, which does no harm.
func (g *gatherer) receive(ctx context.Context, store Store, e InboxEvent) (fresh bool, err error) {
	own := &arrival{event: e, done: make(chan struct{})}
	g.mu.Lock()
	*g.queue = append(*g.queue, own)
	g.mu.Unlock()
	for {
		select {
		case <-own.done:
			return own.fresh, own.err
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-g.turn:
		}
		// Those that were woken by the last commit come back with their next event at once:
		// let them, and they are in this one.
		runtime.Gosched()
		g.store(ctx, store)
	}
}

// store stores what waits, and gives the turn back.
func (g *gatherer) store(ctx context.Context, store Store) {
	defer func() { g.turn <- struct{}{} }()
	g.mu.Lock()
	n := min(len(*g.queue), maxGathered)
	batch := (*g.queue)[:n:n]
	*g.queue = (*g.queue)[n:]
	g.mu.Unlock()
	if n == 0 {
		return
	}
	events := make([]InboxEvent, n)
	for i, a := range batch {
		events[i] = a.event
	}
	// The others must not fail because the one who stores for them gave up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	fresh, err := store.Receive(ctx, events)
	for i, a := range batch {
		if a.err = err; err == nil {
			a.fresh = fresh[i]
		}
		close(a.done)
	}
}
