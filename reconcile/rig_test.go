package reconcile_test

import (
	"context"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

const (
	february = usage.Period("2026-02")
	customer = "customer_acme"
)

// rig is a service, an agent and books, on one clock that stands on 1 February.
type rig struct {
	t      *testing.T
	clock  *sandbox.Clock
	server *sandbox.Server
	client *pacspace.Client
	store  reconcile.Store
	books  *ledger
	agent  *reconcile.Agent

	mu   sync.Mutex
	told []reconcile.Mismatch
	tell func(reconcile.Mismatch) error // nil takes everything
}

// direct sends webhooks to a handler without a network between.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func newRig(t *testing.T, options ...sandbox.Option) *rig {
	return newRigWith(t, nil, options)
}

func newRigWith(t *testing.T, agentOptions []reconcile.Option, options []sandbox.Option) *rig {
	t.Helper()
	r := &rig{t: t, clock: sandbox.NewClock(february.Start()), books: &ledger{deltas: map[string][]pacspace.DeltaParams{}}}
	mux := http.NewServeMux()
	const address = "http://agent.example/hooks/pacspace"
	r.server = sandbox.Start(t, append([]sandbox.Option{
		sandbox.WithClock(r.clock.Now), sandbox.WithWebhook(sandbox.Test, address),
		sandbox.WithWebhookClient(&http.Client{Transport: direct{mux}}),
	}, options...)...)
	var err error
	r.client, err = pacspace.New(r.server.Key, pacspace.WithBaseURL(r.server.URL))
	require.NoError(t, err)
	r.store = agentstore.New(r.clock.Now)
	r.agent, err = reconcile.New(r.client, r.store, append([]reconcile.Option{
		reconcile.WithSystemOfRecord(r.books), reconcile.WithAlert(r.alert),
	}, agentOptions...)...)
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier([]string{r.server.WebhookSecret(sandbox.Test)}, webhook.WithClock(r.clock.Now))
	require.NoError(t, err)
	mux.Handle("POST /hooks/pacspace", r.agent.Handler(verifier))
	return r
}

func (r *rig) alert(_ context.Context, m reconcile.Mismatch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tell != nil {
		if err := r.tell(m); err != nil {
			return err
		}
	}
	r.told = append(r.told, m)
	return nil
}

// alerts are what was told since the last call.
func (r *rig) alerts() []reconcile.Mismatch {
	r.mu.Lock()
	defer r.mu.Unlock()
	told := r.told
	r.told = nil
	return told
}

// delta is a day's usage as it is sent.
func delta(customerID string, day usage.Date, amount string) pacspace.DeltaParams {
	return pacspace.DeltaParams{
		CustomerID: customerID, Delta: storetest.Dec(amount), Reason: pacspace.DailyReason(day),
		ReferenceID: pacspace.DailyReference(customerID, day), Metadata: pacspace.Metadata{"resource": "compute-minutes"},
	}
}

// emit sends a delta and writes it into the books.
func (r *rig) emit(p pacspace.DeltaParams) {
	r.t.Helper()
	r.books.add(p)
	r.emitOnly(p)
}

func (r *rig) emitOnly(p pacspace.DeltaParams) {
	r.t.Helper()
	_, err := r.client.Balance.Emit(r.t.Context(), p)
	require.NoError(r.t, err)
}

// month emits a delta for each of the first days of February, on the day after each.
func (r *rig) month(customerID string, days int) {
	r.t.Helper()
	for i := range days {
		r.clock.Set(february.First().AddDays(i + 1).Start().Add(time.Hour))
		r.emit(delta(customerID, february.First().AddDays(i), "-50"))
	}
}

// deliver lets the service verify what it has and send its webhooks.
func (r *rig) deliver() {
	r.t.Helper()
	r.clock.Advance(time.Second)
	_, err := r.server.Deliver(r.t.Context())
	require.NoError(r.t, err)
}

// work makes a round after the time that the agent leaves a period alone.
func (r *rig) work() {
	r.t.Helper()
	_, err := r.store.Now(r.t.Context())
	require.NoError(r.t, err)
	require.NoError(r.t, r.agent.Work(r.t.Context()))
	r.clock.Advance(10 * time.Second)
	require.NoError(r.t, r.agent.Work(r.t.Context()))
}

// later makes rounds until a mismatch that had to wait was told.
func (r *rig) later() {
	r.t.Helper()
	r.clock.Advance(reconcile.DefaultInterval)
	r.work()
}

func (r *rig) check(customerID string) *reconcile.AccountReport {
	r.t.Helper()
	report, err := r.agent.Check(r.t.Context(), customerID, february)
	require.NoError(r.t, err)
	return report
}

func (r *rig) balance(customerID string) string {
	r.t.Helper()
	a, err := r.agent.Account(r.t.Context(), customerID)
	require.NoError(r.t, err)
	return a.Balance.String()
}

// ledger is a system of record that knows what was sent.
type ledger struct {
	mu     sync.Mutex
	deltas map[string][]pacspace.DeltaParams
	err    error
}

func (l *ledger) add(p pacspace.DeltaParams) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deltas[p.CustomerID] = append(l.deltas[p.CustomerID], p)
}

func (l *ledger) change(customerID string, f func([]pacspace.DeltaParams) []pacspace.DeltaParams) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deltas[customerID] = f(l.deltas[customerID])
}

func (l *ledger) within(customerID string, days proof.Days) []pacspace.DeltaParams {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(l.deltas[customerID]), func(p pacspace.DeltaParams) bool {
		ref, err := usage.ParseReference(p.ReferenceID)
		return err != nil || ref.Day.Before(days.First) || ref.Day.After(days.Last)
	})
}

func (l *ledger) Balance(_ context.Context, customerID string, days proof.Days) (decimal.Decimal, error) {
	var sum decimal.Decimal
	for _, p := range l.within(customerID, days) {
		sum = sum.Add(p.Delta)
	}
	return sum, l.err
}

func (l *ledger) Sent(_ context.Context, customerID string, days proof.Days) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for _, p := range l.within(customerID, days) {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func (l *ledger) Accounts(context.Context, proof.Days) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		l.mu.Lock()
		ids := slices.Sorted(maps.Keys(l.deltas))
		l.mu.Unlock()
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}

func newStore(r *rig) reconcile.Store { return agentstore.New(r.clock.Now) }
