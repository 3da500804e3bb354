//go:build unix

package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	pacspace "github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/pages"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

// agentHarness is a service in this process, one store, and agents that come and go. The
// service delivers to whichever of them is there.
type agentHarness struct {
	*harness
	box    *sandbox.Sandbox
	client *pacspace.Client
	sent   atomic.Int64 // deltas that the books have
	quiet  func()       // ends deltas, faults and deliveries

	// With mu locked:
	addresses []string
	hook      http.Handler    // takes all deliveries once it is there
	acked     map[string]bool // events that were answered with 2xx
	told      map[string]bool // alerts that the operator got, by id and revision
	noted     []string        // alerts that were stored as delivered
	seen      map[string]bool // mismatches that were stored
}

func newAgentHarness(t testing.TB, seed uint64, dsn, broken string) *agentHarness {
	h := &agentHarness{
		harness: bareHarness(t, "agent", killConfig{DSN: dsn, Broken: broken}),
		acked:   map[string]bool{}, told: map[string]bool{}, seen: map[string]bool{},
	}
	h.tick, h.rounds = 20*time.Minute, 40
	h.heard = func(p *process, word, rest string) {
		switch word {
		case "at":
			h.addresses = append(h.addresses, rest)
		case "told":
			h.told[rest] = true
		case "noted":
			h.noted = append(h.noted, rest)
		case "seen":
			h.seen[rest] = true
		}
	}
	var err error
	h.box, err = sandbox.New(
		sandbox.WithClock(h.clock.now), sandbox.WithAPIKey(killKey), sandbox.Delays(time.Second, 3*time.Second), sandbox.RequestLog(0), sandbox.ExactSums(),
		sandbox.WithWebhook(sandbox.Test, "http://agent.example/hooks"), sandbox.WithWebhookClient(&http.Client{Transport: h}),
		sandbox.WebhookRetries(time.Minute, 10*time.Minute, 30*time.Minute, time.Hour, 3*time.Hour),
	)
	require.NoError(t, err)
	h.box.FailDeltas(func(d sandbox.Recorded) (string, bool) { return "the ledger is full", killFails(d.ReferenceID) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/control/sent" {
			_, _ = fmt.Fprint(w, h.sent.Load())
			return
		}
		h.box.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.config.Service, h.config.Secret = server.URL, h.box.WebhookSecret(sandbox.Test)
	h.client, err = pacspace.New(killKey, pacspace.WithBaseURL(server.URL), pacspace.WithClock(h.clock.now))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.deliver(ctx, rand.New(rand.NewPCG(seed, 4)))
	}()
	h.quiet = func() {
		stop()
		<-ended
		h.box.ClearFaults()
	}
	t.Cleanup(h.quiet)
	return h
}

// deltasPerKill is how many deltas are recorded for each process at once. As many again are
// recorded while it is waited for.
const deltasPerKill = 6

// deliver records deltas and delivers their events, not all of them and some twice.
func (h *agentHarness) deliver(ctx context.Context, random *rand.Rand) {
	for round := 0; ctx.Err() == nil; round++ {
		h.mu.Lock()
		enough := (h.kills + 1) * deltasPerKill
		h.mu.Unlock()
		if n := int(h.sent.Load()); n < enough || n < 2*enough && round%16 == 0 {
			h.sent.Add(1) // the books know first
			if _, err := h.client.Balance.Emit(context.WithoutCancel(ctx), killDelta(n)); err != nil {
				h.Errorf("delta %d was not recorded: %v", n, err)
			}
		}
		switch few := 1 + random.IntN(3); random.IntN(8) {
		case 0:
			h.box.InjectWebhooks(sandbox.WebhookFault{Drop: few})
		case 1:
			h.box.InjectWebhooks(sandbox.WebhookFault{Lose: few})
		case 2, 3:
			h.box.InjectWebhooks(sandbox.WebhookFault{Duplicate: few})
		case 4:
			h.box.InjectWebhooks(sandbox.WebhookFault{Reverse: true})
		case 5:
			h.box.ClearFaults()
		}
		_, _ = h.box.Deliver(ctx)
		time.Sleep(3 * time.Millisecond)
	}
}

// hookClient gives up on a process that stands still, and keeps no connection to one that
// is gone.
var hookClient = &http.Client{
	Timeout:   5 * time.Second,
	Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext},
}

// RoundTrip takes a delivery to one of the agents, and remembers what was acknowledged.
func (h *agentHarness) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	event, err := webhook.ParseEvent(body)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	hook, address := h.hook, ""
	if n := len(h.addresses); n > 0 {
		address = h.addresses[rand.IntN(n)]
	}
	h.mu.Unlock()
	var answer *http.Response
	switch {
	case hook != nil:
		recorder := httptest.NewRecorder()
		hook.ServeHTTP(recorder, withBody(r, "http://agent.example/hooks", body))
		answer = recorder.Result()
	case address == "":
		return nil, errors.New("nobody listens")
	default:
		answer, err = hookClient.Do(withBody(r, "http://"+address+"/hooks", body))
		if err != nil {
			h.mu.Lock()
			h.addresses = slices.DeleteFunc(h.addresses, func(a string) bool { return a == address })
			h.mu.Unlock()
			return nil, err
		}
	}
	if answer.StatusCode < 300 {
		h.mu.Lock()
		h.acked[event.ID] = true
		h.mu.Unlock()
	}
	return answer, nil
}

func withBody(r *http.Request, to string, body []byte) *http.Request {
	out := r.Clone(r.Context())
	out.RequestURI, out.Host, out.Body = "", "", io.NopCloser(bytes.NewReader(body))
	out.URL, _ = url.Parse(to)
	return out
}

// finish lets an agent that nobody kills come to an end, and returns what does not fit.
func (h *agentHarness) finish() []string {
	h.Helper()
	h.quiet()
	below, err := h.config.open(h.Context(), h.clock, &traps{})
	require.NoError(h, err)
	h.Cleanup(func() { require.NoError(h, below.Close()) })
	store, err := below.Agent(h.Context())
	require.NoError(h, err)
	agent, hook, err := newKillAgent(&h.config, h.clock, store, &traps{}, false, func(m reconcile.Mismatch) error {
		h.told[fmt.Sprintf("%s %d", m.ID(), m.Revision)] = true
		return nil
	})
	require.NoError(h, err)
	h.mu.Lock()
	h.hook = hook
	h.mu.Unlock()
	for range 16 {
		h.clock.advance(time.Hour)
		_, err := h.box.Deliver(h.Context())
		require.NoError(h, errors.Join(err, agent.Seed(h.Context()), agent.Work(h.Context())))
	}
	wrong := slices.Concat(h.broken, h.unstored(), h.compareAlerts(agent))
	status, err := agent.Status(h.Context())
	require.NoError(h, err)
	if e := status.Events; e.Pending > 0 || e.Unread > 0 {
		wrong = append(wrong, fmt.Sprintf("%d events are pending and %d unread", e.Pending, e.Unread))
	}
	for _, customer := range agentAccounts(int(h.sent.Load())) {
		wrong = append(wrong, h.compareAccount(store, customer)...)
	}
	for _, period := range []usage.Period{killDay(0).Period(), killDay(0).Period().Previous()} {
		wrong = append(wrong, h.audit(agent, period)...)
	}
	return wrong
}

// unstored lists the events that were acknowledged and are not in the database, at any time.
// The service would deliver some of them again once it is asked.
func (h *agentHarness) unstored() (wrong []string) {
	h.Helper()
	h.mu.Lock()
	acked := maps.Clone(h.acked)
	h.mu.Unlock()
	if len(acked) == 0 {
		return nil
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(h.config.Dir, "meter.db"))
	if h.config.DSN != "" {
		db, err = openKillPostgres(h.config.DSN, h.config.Schema)
	}
	require.NoError(h, err)
	defer db.Close()
	rows, err := db.QueryContext(h.Context(), "SELECT delivery_id FROM agent_event")
	require.NoError(h, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		require.NoError(h, rows.Scan(&id))
		delete(acked, id)
	}
	require.NoError(h, rows.Err())
	for id := range acked {
		wrong = append(wrong, fmt.Sprintf("event %s was acknowledged and is not there", id))
	}
	return wrong
}

// compareAccount holds a balance and each of its deltas against the service.
func (h *agentHarness) compareAccount(store reconcile.Store, id string) (wrong []string) {
	h.Helper()
	var account reconcile.Account
	known := map[string]reconcile.Delta{}
	require.NoError(h, store.View(h.Context(), func(tx reconcile.Tx) error {
		switch a, err := tx.Account(h.Context(), id); {
		case err == nil:
			account = *a
		case !errors.Is(err, reconcile.ErrNotFound):
			return err
		}
		for d, err := range pages.All(func(last *reconcile.Delta) ([]reconcile.Delta, error) {
			q := reconcile.DeltaQuery{CustomerID: id}
			if last != nil {
				q.AfterName, q.AfterN = last.Name, last.N
			}
			return tx.Deltas(h.Context(), q, pages.Size)
		}) {
			if err != nil {
				return err
			}
			known[d.RecordID] = d
		}
		return nil
	}))
	var sum decimal.Decimal
	var verified, failed int64
	recorded := h.box.Recorded(sandbox.Test, id)
	for _, r := range recorded {
		d, ok := known[r.RecordID]
		switch want := map[string]reconcile.DeltaState{"VERIFIED": reconcile.DeltaVerified, "FAILED": reconcile.DeltaFailed}[r.Status]; {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("delta %s is not there", r.ReferenceID))
		case d.State != want:
			wrong = append(wrong, fmt.Sprintf("delta %s is %s, and %s at the service", r.ReferenceID, d.State, r.Status))
		case want == reconcile.DeltaVerified && (!d.Told || !d.Delta.Equal(r.Delta) || d.ContentHash != r.ContentHash.String() || d.ProofHash != r.ReceiptID):
			wrong = append(wrong, fmt.Sprintf("delta %s was not applied as it was delivered: %+v", r.ReferenceID, d))
		}
		if r.Status == "VERIFIED" {
			verified++
			sum = sum.Add(r.Delta)
		} else {
			failed++
		}
	}
	if len(known) != len(recorded) {
		wrong = append(wrong, fmt.Sprintf("%s has %d deltas, and %d at the service", id, len(known), len(recorded)))
	}
	if !account.Balance.Equal(sum) || account.Count != verified || account.Failed != failed {
		wrong = append(wrong, fmt.Sprintf("%s has %s of %d deltas and %d failed; the service %s of %d and %d", id, account.Balance, account.Count, account.Failed, sum, verified, failed))
	}
	return wrong
}

// compareAlerts holds mismatches against what must differ, and against what the operator got.
func (h *agentHarness) compareAlerts(agent *reconcile.Agent) (wrong []string) {
	h.Helper()
	missing := map[string]bool{}
	for _, r := range h.box.Recorded(sandbox.Test, "") {
		i, ok := killNumber(r.ReferenceID)
		what := r.CustomerID + " " + string(killDay(i).Period())
		switch {
		case !ok:
		case r.Status == "FAILED":
			missing["failed "+what] = true
		case killLacks(i):
			missing["books "+what] = true
		}
	}
	for m, err := range agent.Mismatches(h.Context(), reconcile.MismatchQuery{}) {
		require.NoError(h, err)
		delete(h.seen, m.ID())
		what := string(m.Kind) + " " + m.CustomerID + " " + string(m.Period)
		if m.State != reconcile.MismatchClosed && !missing[what] {
			wrong = append(wrong, fmt.Sprintf("a mismatch that is none is %s: %s", m.State, m))
		}
		if m.State == reconcile.MismatchOpen {
			delete(missing, what)
		}
		if m.Told != m.Revision || m.Revision > 0 && !h.told[fmt.Sprintf("%s %d", m.ID(), m.Revision)] {
			wrong = append(wrong, fmt.Sprintf("%s came to revision %d, and revision %d is noted as told", m.ID(), m.Revision, m.Told))
		}
	}
	for what := range missing {
		wrong = append(wrong, "not found: "+what)
	}
	for id := range h.seen {
		wrong = append(wrong, "a mismatch was stored and is gone: "+id)
	}
	for _, n := range h.noted {
		if !h.told[n] {
			wrong = append(wrong, "noted as told, and the operator never got it: "+n)
		}
	}
	return wrong
}

// audit compares the agent with the record alone.
func (h *agentHarness) audit(agent *reconcile.Agent, period usage.Period) (wrong []string) {
	h.Helper()
	books := &killBooks{service: h.config.Service, now: h.clock.now}
	report, err := reconcile.Audit(h.Context(), h.client, books, period,
		reconcile.AuditClock(h.clock.now), reconcile.AgainstAgent(agent), reconcile.AuditSettings(killAgentOptions()...))
	require.NoError(h, err)
	for _, a := range report.Accounts {
		for _, m := range a.Mismatches {
			if m.Kind == reconcile.KindAgent {
				wrong = append(wrong, fmt.Sprintf("the audit says: %s", m))
			}
		}
	}
	return wrong
}
