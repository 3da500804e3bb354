//go:build unix

package sqlstore_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pacspace/pacspace-go/metering"
)

// The points at which a process is killed. Changes of a delta's state are points by
// themselves, each before its commit and after it.
const (
	pointMarked  = "record: ids written, sums not" // within one transaction, and PostgreSQL has one statement for both
	pointRecord  = "record"
	pointClose   = "close of a day"
	pointLease   = "lease"
	pointNotSent = "request: stored as sent, not sent"
	pointNotRead = "request: answered, answer not read"
	uncommitted  = ", not committed"
	committed    = ", committed"
)

// killPoint is one of them, with how the process before is to be killed so that it can be
// reached, and the only store that has it.
type killPoint struct{ name, first, only string }

// killPoints are those of a meter.
var killPoints = []killPoint{
	{pointMarked, "", onSQLite},
	{pointRecord + uncommitted, "", ""}, {pointRecord + committed, "", ""},
	{pointClose + uncommitted, "", ""}, {pointClose + committed, "", ""},
	{pointLease + uncommitted, "", ""}, {pointLease + committed, "", ""},
	{pointNotSent, "", ""}, {pointNotRead, "", ""},
	{"frozen to sent" + uncommitted, "", ""}, {"frozen to sent" + committed, "", ""},
	{"sent to confirmed" + uncommitted, "", ""}, {"sent to confirmed" + committed, "", ""},
	{"sent to frozen" + uncommitted, "", ""}, {"sent to frozen" + committed, "", ""},
	{"sent to unknown" + uncommitted, "", ""}, {"sent to unknown" + committed, "", ""},
	{"sent to parked" + uncommitted, "", ""}, {"sent to parked" + committed, "", ""},
	{"unknown to sent" + uncommitted, pointNotSent, ""}, {"unknown to sent" + committed, pointNotSent, ""},
	{"unknown to verified" + uncommitted, pointNotRead, ""}, {"unknown to verified" + committed, pointNotRead, ""},
	{"unknown to parked" + uncommitted, pointNotSent, ""}, {"unknown to parked" + committed, pointNotSent, ""},
	{"confirmed to verified" + uncommitted, "", ""}, {"confirmed to verified" + committed, "", ""},
	{"confirmed to parked" + uncommitted, "", ""}, {"confirmed to parked" + committed, "", ""},
	{"parked to frozen" + uncommitted, "", ""}, {"parked to frozen" + committed, "", ""},
	{"parked to discarded" + uncommitted, "", ""}, {"parked to discarded" + committed, "", ""},
}

// What happens at a point.
const (
	trapKill = "kill"
	trapStop = "stop" // the process stands still until it is woken
	trapTell = "tell"
)

// traps watch for a point, or for all whose names begin so, the nth time that the process
// comes there.
type traps struct {
	mu    sync.Mutex
	point string
	left  int
	do    string
}

func (t *traps) at(names ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		if t.point == "" || !strings.HasPrefix(name, t.point) {
			continue
		}
		if t.left--; t.left != 0 {
			continue
		}
		say("hit %s", name)
		switch t.do {
		case trapKill:
			raise(syscall.SIGKILL)
			select {}
		case trapStop:
			// Other threads stop a moment later than the signal is sent: this one must not
			// go on meanwhile.
			woken := make(chan os.Signal, 1)
			signal.Notify(woken, syscall.SIGCONT)
			raise(syscall.SIGSTOP)
			<-woken
		}
	}
}

// say writes a line to the parent, which reads it even if this process is dead by then.
func say(format string, args ...any) {
	_, _ = os.Stdout.WriteString(fmt.Sprintf(format, args...) + "\n")
}

// raise sends a signal to this process. After SIGKILL nothing is deferred, flushed or
// closed.
func raise(s syscall.Signal) {
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		panic(err)
	}
}

// trapped is a store that is killed at points.
type trapped struct {
	metering.Store
	traps *traps
}

func (s *trapped) Record(ctx context.Context, entries []metering.Entry) ([]metering.Recorded, error) {
	s.traps.at(pointRecord + uncommitted)
	out, err := s.Store.Record(ctx, entries)
	if err == nil {
		s.traps.at(pointRecord + committed)
	}
	return out, err
}

func (s *trapped) Update(ctx context.Context, fn func(metering.Tx) error) error {
	return s.traps.around(func(before func(changes []string)) error {
		return s.Store.Update(ctx, func(tx metering.Tx) error {
			t := &trappedTx{Tx: tx, states: map[string]metering.State{}}
			if err := fn(t); err != nil {
				return err
			}
			before(t.changes)
			return nil
		})
	})
}

// around has points before a transaction's commit and after it. update calls before with
// what the transaction changes, once it has all that it writes.
func (t *traps) around(update func(before func(changes []string)) error) error {
	var changes []string
	err := update(func(c []string) {
		changes = c
		for _, c := range changes {
			t.at(c + uncommitted)
		}
	})
	if err == nil {
		for _, c := range changes {
			t.at(c + committed)
		}
	}
	return err
}

// trappedTx names what a transaction changes, and holds leases to their rule.
type trappedTx struct {
	metering.Tx
	states  map[string]metering.State
	changes []string
}

func (t *trappedTx) saw(d *metering.OutboxDelta) { t.states[d.ReferenceID] = d.State }

func (t *trappedTx) Delta(ctx context.Context, referenceID string) (*metering.OutboxDelta, error) {
	d, err := t.Tx.Delta(ctx, referenceID)
	if err == nil {
		t.saw(d)
	}
	return d, err
}

func (t *trappedTx) ReadyDeltas(ctx context.Context, state metering.State, now time.Time, limit int) ([]metering.OutboxDelta, error) {
	list, err := t.Tx.ReadyDeltas(ctx, state, now, limit)
	for i := range list {
		t.saw(&list[i])
	}
	return list, err
}

func (t *trappedTx) Deltas(ctx context.Context, q metering.DeltaQuery, limit int) ([]metering.OutboxDelta, error) {
	list, err := t.Tx.Deltas(ctx, q, limit)
	for i := range list {
		t.saw(&list[i])
	}
	return list, err
}

func (t *trappedTx) PutDelta(ctx context.Context, d *metering.OutboxDelta) error {
	from, known := t.states[d.ReferenceID]
	if known && from != d.State {
		t.changes = append(t.changes, fmt.Sprintf("%s to %s", from, d.State))
	}
	t.saw(d)
	return t.Tx.PutDelta(ctx, d)
}

func (t *trappedTx) PutBucket(ctx context.Context, b *metering.Bucket) error {
	old, err := t.Tx.Bucket(ctx, b.CustomerID, b.Day)
	if err == nil && old.Generation < b.Generation {
		t.changes = append(t.changes, pointClose)
	}
	return t.Tx.PutBucket(ctx, b)
}

// PutBatch holds what is written against what is stored: only the holder of a lease may
// change its batch, and another one may only take a lease that is over.
func (t *trappedTx) PutBatch(ctx context.Context, b *metering.OutboxBatch) error {
	if old, err := t.Tx.Batch(ctx, b.ID); err == nil {
		switch {
		case b.Epoch == old.Epoch+1 && !old.LeaseEnd.After(t.Now()):
			t.changes = append(t.changes, pointLease)
		case b.Epoch != old.Epoch || b.Owner != old.Owner:
			say("broken batch %s: epoch %d of %.8s was written over epoch %d of %.8s", b.ID, b.Epoch, b.Owner, old.Epoch, old.Owner)
		}
	}
	return t.Tx.PutBatch(ctx, b)
}

// trappedTransport is the way to the service.
type trappedTransport struct {
	http.RoundTripper
	traps *traps
}

func (t *trappedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	write := r.Method == http.MethodPost
	if write {
		t.traps.at(pointNotSent)
	}
	answer, err := t.RoundTripper.RoundTrip(r)
	if write {
		t.traps.at(pointNotRead)
	}
	return answer, err
}
