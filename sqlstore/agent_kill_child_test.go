//go:build unix

package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// agentChild is a process that takes deliveries and works until it is killed.
func agentChild(ctx context.Context, c *killConfig) error {
	clock, err := openClock(filepath.Join(c.Dir, "clock"))
	if err != nil {
		return err
	}
	t := &traps{point: c.Point, left: c.Count, do: c.Do}
	below, err := c.open(ctx, clock, t)
	if err != nil {
		return err
	}
	store, err := below.Agent(ctx)
	if err != nil {
		return err
	}
	agent, hook, err := newKillAgent(c, clock, spoilAgent(c.Broken, &trappedAgent{store, t}), t, true, func(m reconcile.Mismatch) error {
		t.at(pointUntold)
		if rand.IntN(4) == 0 {
			return errors.New("nobody answers the telephone")
		}
		say("told %s %d", m.ID(), m.Revision)
		t.at(pointTold)
		return nil
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	say("at %s", listener.Addr())
	go http.Serve(listener, hook)
	say("ready")
	for round := 0; ; round++ {
		var seed error
		if round%8 == 0 {
			seed = agent.Seed(ctx)
		}
		if err := errors.Join(seed, agent.Work(ctx)); err != nil {
			say("error %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		say("round")
		time.Sleep(2 * time.Millisecond)
	}
}

// newKillAgent makes an agent and what takes its deliveries.
func newKillAgent(c *killConfig, clock *killClock, store reconcile.Store, t *traps, waver bool, tell func(reconcile.Mismatch) error) (*reconcile.Agent, http.Handler, error) {
	client, err := pacspace.New(killKey, pacspace.WithBaseURL(c.Service), pacspace.WithClock(clock.now),
		pacspace.WithHTTPClient(&http.Client{Transport: &trappedTransport{http.DefaultTransport, t}}))
	if err != nil {
		return nil, nil, err
	}
	books := &killBooks{service: c.Service, now: clock.now, waver: waver}
	agent, err := reconcile.New(client, store, append(killAgentOptions(),
		reconcile.WithSystemOfRecord(books),
		reconcile.WithAlert(func(_ context.Context, m reconcile.Mismatch) error { return tell(m) }))...)
	if err != nil {
		return nil, nil, err
	}
	// Time flies while a delivery is under way.
	verifier, err := webhook.NewVerifier([]string{c.Secret}, webhook.WithClock(clock.now), webhook.WithTolerance(30*24*time.Hour))
	if err != nil {
		return nil, nil, err
	}
	return agent, agent.Handler(verifier), nil
}

func killAgentOptions() []reconcile.Option {
	return []reconcile.Option{
		reconcile.WithDayOf(func(reference string) usage.Date {
			if i, ok := killNumber(reference); ok {
				return killDay(i)
			}
			return usage.Date{}
		}),
		reconcile.WithInterval(3 * time.Hour), reconcile.WithLateness(300 * 24 * time.Hour),
	}
}

// What is recorded, by its number: parent and children know it alike.

func killReference(i int) string { return fmt.Sprintf("kill-%06d", i) }

func killNumber(reference string) (int, bool) {
	i, err := strconv.Atoi(strings.TrimPrefix(reference, "kill-"))
	return i, err == nil
}

// agentCustomers is how many customers are written to at a time. Once each of them has so
// many deltas others take their place: first alerts are raised once for a customer and a
// period, and there must always be some to come. Only the one whose books lack deltas stays.
const (
	agentCustomers    = 10
	deltasPerCustomer = 6
	killLacking       = 1
)

func agentCustomer(i int) string {
	n := i % agentCustomers
	if n != killLacking {
		n += i / (agentCustomers * deltasPerCustomer) * agentCustomers
	}
	return fmt.Sprintf("customer_%03d", n)
}

// agentAccounts lists the customers of the first n deltas.
func agentAccounts(n int) (out []string) {
	for i := range n {
		if c := agentCustomer(i); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// killDay is a usage day of one of two periods, and over.
func killDay(i int) usage.Date {
	return usage.DateOf(killStart).AddDays(-2 - i/agentCustomers*7%25)
}

func killDelta(i int) pacspace.DeltaParams {
	return pacspace.DeltaParams{
		CustomerID: agentCustomer(i), ReferenceID: killReference(i), Reason: pacspace.DailyReason(killDay(i)),
		Delta: storetest.Dec(fmt.Sprintf("-%d.%02d", 1+i*31%97, i%100)), Metadata: pacspace.Metadata{"resource": "requests"},
	}
}

// killFails tells which deltas the service will not record.
func killFails(reference string) bool {
	h := fnv.New32a()
	h.Write([]byte(reference))
	return h.Sum32()%13 == 0
}

// killLacks tells which deltas the books lack: again and again one more, so that the alert
// changes.
func killLacks(i int) bool { return i%(3*agentCustomers) == killLacking }

// killWavers tells which deltas the books lack in some hours and not in others, until all is
// calm: the first ones of each lot of customers.
func killWavers(i int, at time.Time) bool {
	first := i % (agentCustomers * deltasPerCustomer)
	return first > killLacking && first < 8 && at.Hour()/3%2 == 1
}

// killBooks are the system of record.
type killBooks struct {
	service string
	now     func() time.Time
	waver   bool
}

// sent is how many deltas there are. The service's process counts them.
func (b *killBooks) sent(ctx context.Context) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.service+"/control/sent", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(text))
}

func (b *killBooks) Sent(ctx context.Context, customerID string, days proof.Days) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		n, err := b.sent(ctx)
		if err != nil {
			yield(pacspace.DeltaParams{}, err)
			return
		}
		for i := range n {
			p, day := killDelta(i), killDay(i)
			if p.CustomerID != customerID || day.Before(days.First) || day.After(days.Last) || killFails(p.ReferenceID) {
				continue
			}
			if killLacks(i) || b.waver && killWavers(i, b.now()) {
				continue
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (b *killBooks) Balance(ctx context.Context, customerID string, days proof.Days) (sum decimal.Decimal, err error) {
	for p, err := range b.Sent(ctx, customerID, days) {
		if err != nil {
			return sum, err
		}
		sum = sum.Add(p.Delta)
	}
	return sum, nil
}

func (b *killBooks) Accounts(ctx context.Context, days proof.Days) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		n, err := b.sent(ctx)
		if err != nil {
			yield("", err)
			return
		}
		for _, customer := range agentAccounts(n) {
			if killDay(0).Before(days.First) || !yield(customer, nil) {
				return
			}
		}
	}
}
