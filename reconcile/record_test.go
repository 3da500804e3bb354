package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

func TestAgentFillsGaps(t *testing.T) {
	t.Parallel()

	t.Run("a delta whose webhook was lost is found in the service's list, and asked for again", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 3)
		r.server.InjectWebhooks(sandbox.WebhookFault{Lose: 1})
		r.deliver()
		r.clock.Set(february.First().AddDays(5).Start())
		r.work()
		require.Equal(t, "-150", r.balance(customer))
		require.Empty(t, r.alerts())
		require.False(t, r.allTold(), "it has no more than the list says")
		r.deliver()
		r.work()
		require.True(t, r.allTold(), "now it has the webhook's proof fields too")
		require.Equal(t, "-150", r.balance(customer))
		require.Empty(t, r.alerts())
	})

	t.Run("a lost delta.failed is found through the service's gaps", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 2)
		r.fail("usage:customer_acme:2026-02-03")
		r.clock.Set(february.First().AddDays(3).Start().Add(time.Hour))
		r.emit(delta(customer, february.First().AddDays(2), "-50"))
		r.server.InjectWebhooks(sandbox.WebhookFault{Lose: 3})
		r.deliver()
		require.NoError(t, r.agent.Expect(t.Context(), customer, february))
		r.work()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, reconcile.KindFailed, told[0].Kind)
		require.Equal(t, "usage:customer_acme:2026-02-03", told[0].First.ReferenceID)
	})

	t.Run("a failure that names no reference gets it from the record's status, and counts once", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.fail("usage:customer_acme:2026-02-01")
		r.clock.Set(february.First().AddDays(1).Start().Add(time.Hour))
		r.emit(delta(customer, february.First(), "-50"))
		r.server.InjectWebhooks(sandbox.WebhookFault{Lose: 1})
		r.deliver()
		f := newForged(t, r)
		record := r.server.Recorded(sandbox.Test, customer)[0].RecordID
		require.Equal(t, 200, f.post(r.clock.Now(), "delta.failed", object{"recordId": record, "customerId": customer, "error": "rejected by a rule", "failedAt": r.clock.Now()}))
		r.work()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, reconcile.KindFailed, told[0].Kind)
		require.Equal(t, 1, told[0].Count)
		require.Equal(t, "usage:customer_acme:2026-02-01", told[0].First.ReferenceID)
		require.Equal(t, "-50", told[0].First.Expected)
	})

	t.Run("a delta that failed and was sent again under its :again form is closed", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 1)
		r.fail("usage:customer_acme:2026-02-02")
		r.clock.Set(february.First().AddDays(2).Start().Add(time.Hour))
		p := delta(customer, february.First().AddDays(1), "-50")
		r.emit(p)
		r.deliver()
		r.work()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Contains(t, told[0].First.What, "will not be recorded")
		a, err := r.agent.Account(t.Context(), customer)
		require.NoError(t, err)
		require.Equal(t, "-50", a.Balance.String(), "what failed does not count")
		require.EqualValues(t, 1, a.Failed)

		p.ReferenceID += ":again-1"
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams { return list[:1] })
		r.emit(p)
		r.deliver()
		r.work()
		told = r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, reconcile.MismatchClosed, told[0].State)
		require.Equal(t, "-100", r.balance(customer))
	})
}

// fail makes the service fail a delta.
func (r *rig) fail(referenceID string) {
	r.server.FailDeltas(func(d sandbox.Recorded) (string, bool) { return "rejected by a rule", d.ReferenceID == referenceID })
}

// allTold tells whether a webhook told of each delta.
func (r *rig) allTold() bool {
	for d, err := range r.agent.Deltas(r.t.Context(), customer, february) {
		require.NoError(r.t, err)
		if !d.Told {
			return false
		}
	}
	return true
}

func TestOneUsageTwice(t *testing.T) {
	t.Parallel()

	t.Run("a reference that the service recorded twice", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, sandbox.ReferencesRepeat())
		r.month(customer, 2)
		_, err := r.client.Balance.Emit(t.Context(), delta(customer, february.First(), "-50"), pacspace.WithIdempotencyKey("another"))
		require.NoError(t, err)
		r.deliver()
		r.work()
		require.Equal(t, "-150", r.balance(customer), "the balance is what the service has")
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, reconcile.KindTwice, told[0].Kind)
		require.Equal(t, "usage:customer_acme:2026-02-01", told[0].First.ReferenceID)
	})

	t.Run("a delta and its repeat", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.month(customer, 2)
		p := delta(customer, february.First(), "-50")
		p.ReferenceID += ":again-1"
		r.emit(p)
		r.deliver()
		r.work()
		told := r.alerts()
		require.Len(t, told, 1)
		require.Equal(t, reconcile.KindTwice, told[0].Kind)
	})
}

func TestMixedBalance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.month(customer, 2)
	p := delta(customer, february.First().AddDays(2), "-4")
	p.Metadata = pacspace.Metadata{"resource": "requests"}
	r.emit(p)
	r.deliver()
	r.work()
	told := r.alerts()
	require.Len(t, told, 1)
	require.Equal(t, reconcile.KindMixed, told[0].Kind)
	require.Equal(t, "compute-minutes", told[0].Expected)
	require.Equal(t, "requests", told[0].Found)
}

// Whatever the service does where its documents are silent, a matching month matches and a
// balance is exact.
func TestAgentUnderEachChoice(t *testing.T) {
	t.Parallel()
	unfit := []string{
		"ReferencesRepeat",     // nothing is sent twice here
		"CompareNeedsCustomer", // always given
	}
	for _, choice := range sandbox.Choices() {
		if slices.Contains(unfit, choice.Name) {
			continue
		}
		t.Run(choice.Name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, choice.Option)
			for i := range 10 {
				r.clock.Set(february.First().AddDays(i + 1).Start().Add(time.Hour))
				r.emit(delta(customer, february.First().AddDays(i), fmt.Sprintf("-0.%d", i+1)))
				r.emit(delta("customer_beta", february.First().AddDays(i), "-3"))
			}
			r.server.InjectWebhooks(sandbox.WebhookFault{Reverse: true, Duplicate: 5, Lose: 2, Drop: 2})
			r.deliver()
			for range 4 {
				r.work()
				r.clock.Advance(time.Hour)
				r.deliver()
			}
			r.clock.Set(february.RecordingWindow().End.Add(48 * time.Hour))
			r.work()
			r.later()
			require.Empty(t, r.alerts())
			require.Equal(t, "-4.6", r.balance(customer))
			require.Equal(t, "-30", r.balance("customer_beta"))
			report, err := r.agent.Report(t.Context(), february)
			require.NoError(t, err)
			require.Equal(t, 2, report.Count(reconcile.Matched), report.Text())
		})
	}
}

// forged delivers events of one's own making, signed as the service signs.
type forged struct {
	t     *testing.T
	agent *reconcile.Agent
	h     http.Handler
	n     int
}

const secret = "whsec_test"

func newForged(t *testing.T, r *rig) *forged {
	verifier, err := webhook.NewVerifier([]string{secret}, webhook.WithClock(r.clock.Now))
	require.NoError(t, err)
	return &forged{t: t, agent: r.agent, h: r.agent.Handler(verifier)}
}

func (f *forged) post(now time.Time, event string, data any, header ...string) int {
	f.t.Helper()
	f.n++
	text, err := json.Marshal(data)
	require.NoError(f.t, err)
	body := fmt.Appendf(nil, `{"id":"evt_%d","event":%q,"data":%s}`, f.n, event, text)
	return f.send(now, body, header...)
}

func (f *forged) send(now time.Time, body []byte, header ...string) int {
	req := httptest.NewRequest(http.MethodPost, "/hooks", bytes.NewReader(body))
	req.Header = webhook.Sign(secret, now, body)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.h.ServeHTTP(w, req)
	return w.Code
}

type object = map[string]any

func TestProofFieldsAreChecked(t *testing.T) {
	t.Parallel()
	hash := func(c string) string { return "0x" + strings.Repeat(c, 64) }
	ref := func(n int) string { return pacspace.DailyReference(customer, february.First().AddDays(n)) }
	for _, c := range []struct {
		name string
		data object
		kind reconcile.Kind
	}{
		{"a content hash that is not among the item hashes", object{
			"receiptId": hash("a"), "delta": object{"customerId": customer, "amount": -1, "referenceId": ref(0)},
			"proof": object{"contentHash": hash("b"), "proofHash": hash("a"), "itemHashes": []string{hash("c")}},
		}, reconcile.KindMembership},
		{"a proof hash that is not the receipt id", object{
			"receiptId": hash("d"), "delta": object{"customerId": customer, "amount": -1, "referenceId": ref(0)},
			"proof": object{"contentHash": hash("a"), "proofHash": hash("a"), "itemHashes": []string{hash("a")}},
		}, reconcile.KindBatch},
		{"a delta that the service itself does not call verified", object{
			"delta":        object{"customerId": customer, "amount": -1, "referenceId": ref(0)},
			"verification": object{"verified": false},
		}, reconcile.KindDoubt},
		{"discrepancies", object{
			"delta":        object{"customerId": customer, "amount": -1, "referenceId": ref(0)},
			"verification": object{"verified": true, "discrepancies": []string{"late"}},
		}, reconcile.KindDoubt},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			f := newForged(t, r)
			require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", c.data))
			r.work()
			kinds := kindsOf(r.alerts())
			require.Contains(t, kinds, c.kind)
		})
	}

	t.Run("two amounts of one delta: the first stands and an operator hears of both", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		f := newForged(t, r)
		for _, amount := range []int{-1, -2} {
			require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{"recordId": "rec_1", "customerId": customer, "delta": amount, "referenceId": ref(0)}))
		}
		r.work()
		require.Equal(t, "-1", r.balance(customer))
		told := r.alerts()
		require.Contains(t, kindsOf(told), reconcile.KindChanged)
		i := slices.IndexFunc(told, func(m reconcile.Mismatch) bool { return m.Kind == reconcile.KindChanged })
		require.Equal(t, "-1", told[i].Expected)
		require.Equal(t, "-2", told[i].Found)
	})

	t.Run("a link to a proof that nobody saw, once links were seen to hold", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		f := newForged(t, r)
		chain := []string{"a", "b", "c", "d"}
		for i, own := range chain {
			previous := hash("9")
			if i > 0 {
				previous = hash(chain[i-1])
			}
			if i == 3 {
				previous = hash("e")
			}
			require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{
				"receiptId": hash(own), "verifiedAt": february.First().AddDays(i).Start().Format(time.RFC3339),
				"delta": object{"customerId": customer, "amount": -1, "referenceId": ref(i)},
				"proof": object{"contentHash": hash(own), "proofHash": hash(own), "itemHashes": []string{hash(own)}, "previousProofHash": previous},
			}))
		}
		r.work()
		r.later()
		told := r.alerts()
		i := slices.IndexFunc(told, func(m reconcile.Mismatch) bool { return m.Kind == reconcile.KindChain })
		require.GreaterOrEqual(t, i, 0)
		require.Equal(t, ref(3), told[i].First.ReferenceID)
		require.Equal(t, hash("e"), told[i].Found)
	})

	t.Run("told of and not in the service's list", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		f := newForged(t, r)
		at := february.First().AddDays(2).Start().Add(time.Hour)
		r.clock.Set(at)
		require.Equal(t, 200, f.post(at, "delta.verified", object{
			"verifiedAt": at.Format(time.RFC3339),
			"delta":      object{"customerId": customer, "amount": -1, "referenceId": ref(1), "submittedAt": at.Format(time.RFC3339)},
		}))
		r.work()
		require.NotContains(t, kindsOf(r.alerts()), reconcile.KindUnlisted, "it may be listed in a moment")
		r.later()
		require.Contains(t, kindsOf(r.alerts()), reconcile.KindUnlisted)
	})
}

func kindsOf(list []reconcile.Mismatch) []reconcile.Kind {
	var kinds []reconcile.Kind
	for _, m := range list {
		kinds = append(kinds, m.Kind)
	}
	return kinds
}

// What a signature does not cover decides nothing.
func TestUnsignedHeadersDecideNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	f := newForged(t, r)
	body := []byte(`{"id":"evt_1","event":"delta.verified","data":{"recordId":"rec_1","customerId":"customer_acme","delta":-50,"referenceId":"usage:customer_acme:2026-02-01"}}`)
	now := r.clock.Now()
	require.Equal(t, 200, f.send(now, body))
	require.Equal(t, 200, f.send(now, body, webhook.IDHeader, "evt_other", webhook.EventHeader, "delta.failed"))
	require.Equal(t, 200, f.send(now.Add(time.Second), body, webhook.IDHeader, "evt_third"))
	// The same delta in an envelope with another id.
	require.Equal(t, 200, f.send(now, bytes.Replace(body, []byte("evt_1"), []byte("evt_2"), 1)))
	require.Equal(t, 401, f.send(now.Add(-time.Hour), body))
	r.work()
	require.Equal(t, "-50", r.balance(customer))
	a, err := r.agent.Account(t.Context(), customer)
	require.NoError(t, err)
	require.EqualValues(t, 1, a.Count)
	require.Zero(t, a.Failed)
}

// An id promises nothing: what was signed is heard, whatever id it came under.
func TestAnotherBodyUnderAKnownIDIsHeard(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id":"evt_1","event":"delta.verified","data":{"recordId":"rec_1","customerId":"customer_acme","delta":-50,"referenceId":"usage:customer_acme:2026-02-01","verifiedAt":"2026-02-02T01:00:00Z"}}`)

	t.Run("another delta is counted, once", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		f := newForged(t, r)
		other := bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("rec_1"), []byte("rec_2")), []byte("02-01"), []byte("02-02"))
		for _, b := range [][]byte{body, other, body, other} {
			require.Equal(t, 200, f.send(r.clock.Now(), b))
			require.NoError(t, r.agent.Work(t.Context()))
		}
		require.Equal(t, "-100", r.balance(customer))
	})

	t.Run("another amount of the same delta is raised", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		f := newForged(t, r)
		require.Equal(t, 200, f.send(r.clock.Now(), body))
		require.Equal(t, 200, f.send(r.clock.Now(), bytes.Replace(body, []byte("-50"), []byte("-60"), 1)))
		r.work()
		require.Contains(t, kindsOf(r.check(customer).Mismatches), reconcile.KindChanged)
	})
}

func TestEventsThatCannotBeReadAreKept(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	f := newForged(t, r)
	now := r.clock.Now()
	for _, c := range []struct{ event, data string }{
		{"delta.verified", `{"customerId":"customer_acme"}`},
		{"delta.verified", `{"customerId":"no spaces allowed","delta":-1}`},
		{"delta.failed", `[]`},
		{"moon.full", `{"any":"thing"}`},
		{"delta.verified", `{"customerId":"customer_acme","delta":-2,"referenceId":"` + strings.Repeat("long", 5000) + `"}`},
		{"delta.verified", `{"customerId":"customer_acme","delta":-3,"referenceId":"a\u0000b"}`},
	} {
		require.Equal(t, 200, f.post(now, c.event, json.RawMessage(c.data)))
	}
	r.work()
	require.Equal(t, "-5", r.balance(customer))
	var unread []string
	for e, err := range r.agent.Unread(t.Context()) {
		require.NoError(t, err)
		require.NotEmpty(t, e.Error)
		require.NotContains(t, e.Error, "\n")
		unread = append(unread, e.DeliveryID)
	}
	require.ElementsMatch(t, []string{"evt_1", "evt_2", "evt_3"}, unread)
	status, err := r.agent.Status(t.Context())
	require.NoError(t, err)
	require.Equal(t, reconcile.EventCount{Unread: 3}, status.Events)
}

// A handler whose store is away says so, and the service delivers again.
func TestNothingIsAnsweredBeforeItIsStored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	away := &awayStore{Store: agentstore.New(r.clock.Now)}
	agent, err := reconcile.New(r.client, away)
	require.NoError(t, err)
	r.agent = agent
	f := newForged(t, r)
	away.away = true
	require.Equal(t, 500, f.post(r.clock.Now(), "delta.verified", object{"customerId": customer, "delta": -1}))
	away.away = false
	require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{"customerId": customer, "delta": -1}))
}

type awayStore struct {
	reconcile.Store
	away bool
}

func (s *awayStore) Receive(ctx context.Context, events []reconcile.InboxEvent) ([]bool, error) {
	if s.away {
		return nil, context.DeadlineExceeded
	}
	return s.Store.Receive(ctx, events)
}
