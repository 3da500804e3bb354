package agenttest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// Disorder is how deliveries reach an agent.
type Disorder struct {
	Customers, Days int     // one delta for each pair
	Batch           int     // deltas that are emitted together; 0 for as many as can be
	Duplicates      float64 // share of deliveries that come twice
	Lost            float64 // share that never comes
	Seed            uint64
}

// AnyOrder holds that an agent ends in the same state whether deliveries come once each and
// in order, or late, twice, in any order and not at all: balances, deltas, reports and
// mismatches. open returns a new, empty store with a clock.
func AnyOrder(t *testing.T, d Disorder, open func(t *testing.T, now func() time.Time) reconcile.Store) {
	w := newWorld(t, d)
	ordered := w.run(t, open, w.deliveries)

	random := rand.New(rand.NewPCG(d.Seed, 1))
	var disordered []delivery
	lost := 0
	for _, one := range w.deliveries {
		if random.Float64() < d.Lost {
			lost++
			continue
		}
		disordered = append(disordered, one)
		if random.Float64() < d.Duplicates {
			disordered = append(disordered, one)
		}
	}
	random.Shuffle(len(disordered), func(i, j int) { disordered[i], disordered[j] = disordered[j], disordered[i] })
	got := w.run(t, open, disordered)
	require.Equal(t, ordered, got, "seed %d", d.Seed)
	require.Contains(t, ordered, `"kind":"books"`, "the wrong books of one customer are found in any order")
	t.Logf("%d deliveries, %d lost, %d sent, seed %d: same state of %d bytes", len(w.deliveries), lost, len(disordered), d.Seed, len(got))
}

// delivery is what the service posted.
type delivery struct {
	header http.Header
	body   []byte
}

// world is a service in which a month was recorded, and the books of it.
type world struct {
	disorder   Disorder
	clock      *sandbox.Clock
	server     *sandbox.Sandbox
	client     *pacspace.Client
	books      books
	deliveries []delivery
	secret     string
	hook       http.Handler // nil keeps deliveries instead
}

// RoundTrip takes the place of the network, both ways.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	if r.Body == nil { // which a server never sees
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	if r.URL.Host != "agent.example" {
		w.server.ServeHTTP(recorder, r)
		return recorder.Result(), nil
	}
	if w.hook != nil {
		w.hook.ServeHTTP(recorder, r)
		return recorder.Result(), nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.deliveries = append(w.deliveries, delivery{r.Header.Clone(), body})
	recorder.WriteHeader(http.StatusOK)
	return recorder.Result(), nil
}

const month = usage.Period("2026-02")

func newWorld(t *testing.T, d Disorder) *world {
	t.Helper()
	w := &world{disorder: d, clock: sandbox.NewClock(month.Start()), books: booksOf(d)}
	network := &http.Client{Transport: w}
	var err error
	w.server, err = sandbox.New(sandbox.WithClock(w.clock.Now), sandbox.WithWebhook(sandbox.Test, "http://agent.example/hooks"),
		sandbox.WithWebhookClient(network), sandbox.RequestLog(0), sandbox.Delays(0, 0))
	require.NoError(t, err)
	w.secret = w.server.WebhookSecret(sandbox.Test)
	w.client, err = pacspace.New(w.server.Key(sandbox.Test), pacspace.WithBaseURL("https://sandbox.example"), pacspace.WithHTTPClient(network))
	require.NoError(t, err)
	for i := range d.Days {
		day := month.First().AddDays(i)
		w.clock.Set(day.End().Add(time.Hour))
		var batch []pacspace.DeltaParams
		for c := range d.Customers {
			if batch = append(batch, d.delta(c, i)); len(batch) == cmp.Or(d.Batch, pacspace.MaxBatchDeltas) || c == d.Customers-1 {
				_, err := w.client.Balance.EmitBatch(t.Context(), batch)
				require.NoError(t, err)
				batch = batch[:0]
			}
		}
		_, err = w.server.Deliver(t.Context())
		require.NoError(t, err)
	}
	require.Len(t, w.deliveries, d.Customers*d.Days)
	return w
}

// delta is what customer c used on day i.
func (d Disorder) delta(c, i int) pacspace.DeltaParams {
	id, day := fmt.Sprintf("customer_%05d", c), month.First().AddDays(i)
	return pacspace.DeltaParams{
		CustomerID: id, Delta: storetest.Dec(fmt.Sprintf("-%d.%02d", 1+(c*31+i)%97, (c+i)%100)), Reason: pacspace.DailyReason(day),
		ReferenceID: pacspace.DailyReference(id, day), Metadata: pacspace.Metadata{"resource": "requests"},
	}
}

// booksOf are the books of it all, in which one customer lacks a day.
func booksOf(d Disorder) books {
	b := books{}
	for i := range d.Days {
		for c := range d.Customers {
			if p := d.delta(c, i); c != 3 || i != 1 {
				b[p.CustomerID] = append(b[p.CustomerID], p)
			}
		}
	}
	return b
}

// start is when every run begins, a while after the month.
var start = month.RecordingWindow().End.Add(2 * 24 * time.Hour)

// run gives deliveries to a new agent, lets it find what is missing, and returns its state.
func (w *world) run(t *testing.T, open func(t *testing.T, now func() time.Time) reconcile.Store, deliveries []delivery) string {
	t.Helper()
	ctx := t.Context()
	clock := sandbox.NewClock(start)
	w.clock.Set(clock.Now())
	store := open(t, clock.Now)
	agent, err := reconcile.New(w.client, store, reconcile.WithSystemOfRecord(w.books), reconcile.WithAlert(func(context.Context, reconcile.Mismatch) error { return nil }))
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier([]string{w.secret}, webhook.WithTolerance(365*24*time.Hour), webhook.WithClock(clock.Now))
	require.NoError(t, err)
	w.hook = agent.Handler(verifier)
	defer func() { w.hook = nil }()
	for i, d := range deliveries {
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://agent.example/hooks", bytes.NewReader(d.body))
		request.Header = d.header
		recorder := httptest.NewRecorder()
		w.hook.ServeHTTP(recorder, request)
		require.Equal(t, http.StatusOK, recorder.Code)
		if i%1000 == 999 {
			require.NoError(t, agent.Work(ctx))
		}
	}
	// An account of which every delivery was lost would only be found through the books.
	require.NoError(t, agent.Seed(ctx))
	for range 4 {
		require.NoError(t, agent.Work(ctx))
		clock.Advance(time.Hour)
		w.clock.Set(clock.Now())
		_, err := w.server.Deliver(ctx) // what the agent asked for again
		require.NoError(t, err)
		require.NoError(t, agent.Seed(ctx))
	}
	require.NoError(t, agent.Work(ctx))
	return w.state(t, agent)
}

// state is all that an agent came to, without the times at which it did.
func (w *world) state(t *testing.T, agent *reconcile.Agent) string {
	t.Helper()
	ctx := t.Context()
	var b strings.Builder
	write := func(v any) {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		b.Write(text)
		b.WriteByte('\n')
	}
	for _, id := range w.books.ids() {
		account, err := agent.Account(ctx, id)
		require.NoError(t, err)
		write(account)
		for d, err := range agent.Deltas(ctx, id, month) {
			require.NoError(t, err)
			if w.disorder.Customers*w.disorder.Days > redelivered {
				// What a list has less than a webhook.
				d.Told, d.ItemHashes, d.Metadata, d.VerificationReference = false, nil, nil, ""
			}
			write(d)
		}
	}
	report, err := agent.Report(ctx, month)
	require.NoError(t, err)
	for _, account := range report.Accounts {
		account.At = time.Time{}
		for i := range account.Mismatches {
			untimed(&account.Mismatches[i])
		}
		write(account)
	}
	for m, err := range agent.Mismatches(ctx, reconcile.MismatchQuery{}) {
		require.NoError(t, err)
		untimed(&m)
		write(m)
	}
	return b.String()
}

// redelivered is how many deliveries the sandbox keeps, and so delivers again.
const redelivered = 10_000

func untimed(m *reconcile.Mismatch) {
	m.FirstSeen, m.ChangedAt, m.NotBefore = time.Time{}, time.Time{}, time.Time{}
}

// books are a system of record that knows what was sent.
type books map[string][]pacspace.DeltaParams

func (b books) ids() []string {
	ids := make([]string, 0, len(b))
	for id := range b {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (b books) Balance(ctx context.Context, customerID string, days proof.Days) (decimal.Decimal, error) {
	var sum decimal.Decimal
	for p, err := range b.Sent(ctx, customerID, days) {
		if err != nil {
			return sum, err
		}
		sum = sum.Add(p.Delta)
	}
	return sum, nil
}

func (b books) Sent(_ context.Context, customerID string, days proof.Days) iter.Seq2[pacspace.DeltaParams, error] {
	return func(yield func(pacspace.DeltaParams, error) bool) {
		for _, p := range b[customerID] {
			ref, err := usage.ParseReference(p.ReferenceID)
			if err == nil && (ref.Day.Before(days.First) || ref.Day.After(days.Last)) {
				continue
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func (b books) Accounts(context.Context, proof.Days) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, id := range b.ids() {
			if !yield(id, nil) {
				return
			}
		}
	}
}
