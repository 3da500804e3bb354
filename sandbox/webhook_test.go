package sandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

const hook = "http://hooks.example/pacspace"

// receiver answers deliveries without a network and remembers them.
type receiver struct {
	status int // 0 refuses the connection
	mu     sync.Mutex
	got    []received
}

type received struct {
	header http.Header
	body   string
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if r.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, received{req.Header, string(body)})
	return &http.Response{StatusCode: r.status, Body: io.NopCloser(strings.NewReader("thanks")), Request: req}, nil
}

// take returns what has arrived since the last time.
func (r *receiver) take() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func newHookedBox(t *testing.T, opts ...sandbox.Option) (*box, *receiver) {
	t.Helper()
	r := &receiver{status: 200}
	b := newBox(t, append([]sandbox.Option{sandbox.WithWebhook(sandbox.Test, hook), sandbox.WithWebhookClient(&http.Client{Transport: r})}, opts...)...)
	return b, r
}

// deliver sends what is due and says how many deliveries were answered well.
func (b *box) deliver() int {
	b.t.Helper()
	n, err := b.Deliver(b.t.Context())
	require.NoError(b.t, err)
	return n
}

func (b *box) read(text string) response {
	b.t.Helper()
	res := response{t: b.t, body: text}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	require.NoError(b.t, d.Decode(&res.json))
	return res
}

func TestAVerifiedDeltaIsDelivered(t *testing.T) {
	t.Parallel()
	b, r := newHookedBox(t, sandbox.PlanLimit(100))
	b.emit("acme", "-1", "first")
	b.post(deltaPath, `{"customerId":"acme","delta":-42.50,"reason":"why","referenceId":"ref","metadata":{"plan":"growth"}}`)
	require.Zero(t, b.deliver(), "nothing is verified yet")
	b.verify()
	require.Equal(t, 2, b.deliver())
	require.Zero(t, b.deliver(), "once is enough")

	got := r.take()[1]
	require.Equal(t, "delta.verified", got.header.Get("X-Webhook-Event"))
	e := b.read(got.body)
	row := b.get("/api/v1/balance/derive/acme")
	for name, want := range map[string]string{
		"id": got.header.Get("X-Event-ID"), "event": "delta.verified", "tenantId": "tenant_sandbox",
		"timestamp": "2026-02-10T12:00:00.150Z", "createdAt": "2026-02-10T12:00:00.150Z",
		"data.receiptId": row.at("data.deltas.1.receiptId"), "data.deltaIndex": "2", "data.status": "verified",
		"data.verifiedAt":       "2026-02-10T12:00:00.150Z",
		"data.delta.customerId": "acme", "data.delta.amount": "-42.5", "data.delta.reason": "why", "data.delta.referenceId": "ref",
		"data.delta.metadata.plan": "growth", "data.delta.submittedAt": "2026-02-10T12:00:00.000Z",
		"data.proof.proofHash":         row.at("data.deltas.1.proofHash"),
		"data.proof.contentHash":       row.at("data.deltas.1.contentHash"),
		"data.proof.itemHashes.0":      row.at("data.deltas.1.contentHash"),
		"data.proof.previousProofHash": row.at("data.deltas.0.proofHash"),
		"data.verification.verified":   "true", "data.verification.latencyMs": "150", "data.verification.discrepancies": "[]",
		"data.period.id": "2026-02", "data.period.deltaCount": "2", "data.period.netDelta": "-43.5",
		"data.usage.consumedDeltas": "2", "data.usage.remainingDeltas": "98", "data.usage.overageRate": "$0.010/delta",
	} {
		require.Equal(t, want, e.at(name), name)
	}
}

func TestOtherEvents(t *testing.T) {
	t.Parallel()
	b, r := newHookedBox(t)
	b.FailDeltas(func(sandbox.Recorded) (string, bool) { return "", true })
	b.emit("acme", "-1", "bad")
	b.verify()
	b.Settle()
	b.FailDeltas(nil)
	checkpoint := b.post(checkpointPath, `{"customerId":"acme"}`)
	b.verify()
	b.post("/dashboard/customers", `{"displayName":"New"}`, "Authorization: Bearer "+b.DashboardToken())
	b.get("/api/v1/balance/receipt/acme?period=2026-01")
	b.deliver()

	var events []response
	for _, got := range r.take() {
		events = append(events, b.read(got.body))
	}
	require.Len(t, events, 5)
	require.Equal(t, []string{"delta.failed", "checkpoint.verified", "receipt.generated", "customer.created", "receipt.generated"},
		[]string{events[0].at("event"), events[1].at("event"), events[2].at("event"), events[3].at("event"), events[4].at("event")})
	require.Equal(t, "FAILED", events[0].at("data.error"))
	require.Equal(t, "-1", events[0].at("data.delta"))
	require.Equal(t, checkpoint.at("data.proofRoot"), events[1].at("data.proofRoot"))
	require.Equal(t, "VERIFIED", events[1].at("data.status"))
	require.Equal(t, checkpoint.at("data.checkpointId"), events[2].at("data.receiptId"))
	require.Equal(t, "New", events[3].at("data.displayName"))
}

func TestDeliveriesAreSigned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		opts []sandbox.Option
		unit time.Duration
	}{
		{"in seconds", nil, time.Second},
		{"in milliseconds", []sandbox.Option{sandbox.WebhookMilliseconds()}, time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, r := newHookedBox(t, c.opts...)
			old := b.WebhookSecret(sandbox.Test)
			genuine := func(secret string, got received) error {
				v, err := webhook.NewVerifier([]string{secret}, webhook.WithClock(b.clock.Now))
				require.NoError(t, err)
				_, err = v.Verify([]byte(got.body), got.header)
				return err
			}
			next := func() received {
				b.emit("acme", "-1", "")
				b.verify()
				require.Equal(t, 1, b.deliver())
				return r.take()[0]
			}

			require.NoError(t, genuine(old, next()))
			fresh, err := b.RotateWebhookSecret(sandbox.Test, hook, true)
			require.NoError(t, err)
			got := next()
			require.NoError(t, genuine(old, got), "for a day both secrets sign")
			require.NoError(t, genuine(fresh, got))
			b.clock.Advance(24 * time.Hour)
			got = next()
			require.Error(t, genuine(old, got))
			require.NoError(t, genuine(fresh, got))

			newest, err := b.RotateWebhookSecret(sandbox.Test, hook, false)
			require.NoError(t, err)
			got = next()
			require.Error(t, genuine(fresh, got), "without overlap the old one ends at once")
			require.NoError(t, genuine(newest, got))
			_, err = b.RotateWebhookSecret(sandbox.Test, "http://other.example", false)
			require.ErrorContains(t, err, "not registered")
		})
	}
}

func TestADeliveryIsTriedAgainUntilItIsAnswered(t *testing.T) {
	t.Parallel()
	b, r := newHookedBox(t, sandbox.WebhookRetries(time.Minute, time.Hour))
	b.emit("acme", "-1", "")
	b.verify()
	list := func() response { return b.get("/api/v1/balance/webhooks") }

	r.status = 500
	require.Zero(t, b.deliver())
	first := r.take()
	require.Equal(t, "PENDING", list().at("data.deliveries.0.status"))
	require.Equal(t, "500", list().at("data.deliveries.0.responseStatus"))
	require.Equal(t, "2026-02-10T12:01:01.000Z", list().at("data.deliveries.0.nextAttemptAt"))
	b.clock.Advance(time.Minute - time.Millisecond)
	require.Zero(t, b.deliver())
	require.Empty(t, r.take(), "not before its time")
	b.clock.Advance(time.Millisecond)
	r.status = 0
	require.Zero(t, b.deliver(), "a refused connection is a failure as well")
	b.clock.Advance(time.Hour)
	r.status = 302
	require.Zero(t, b.deliver(), "a redirect is not followed and is no success")
	require.Len(t, r.take(), 1)
	require.Equal(t, "FAILED", list().at("data.deliveries.0.status"), "the waits are used up")
	require.Equal(t, "3", list().at("data.deliveries.0.attempts"))
	b.clock.Advance(24 * time.Hour)
	require.Zero(t, b.deliver())

	r.status = 204
	id := list().at("data.deliveries.0.eventId")
	require.Equal(t, "PENDING", b.post("/api/v1/balance/webhooks/"+id+"/retry", `{}`).at("data.status"))
	require.Equal(t, 1, b.deliver(), "a retry is due at once")
	again := r.take()
	require.Equal(t, first[0].body, again[0].body, "the same bytes")
	require.Equal(t, first[0].header.Get("X-Event-ID"), again[0].header.Get("X-Event-ID"), "under the same id")
	require.NotEqual(t, first[0].header.Get("X-PacSpace-Signature"), again[0].header.Get("X-PacSpace-Signature"), "signed at the time of sending")
	require.Equal(t, "DELIVERED", list().at("data.deliveries.0.status"))
	b.post("/api/v1/balance/webhooks/evt_nothing/retry", `{}`).refused(404, "NOT_FOUND", "Event")
}

func TestDeliveriesAreListed(t *testing.T) {
	t.Parallel()
	b, r := newHookedBox(t, sandbox.WebhookRetries())
	for i := range 3 {
		r.status = 200 + 300*(i%2)
		b.emit("acme", "-1", "")
		b.verify()
		b.deliver()
	}
	for query, want := range map[string]int{"": 3, "status=DELIVERED": 2, "status=failed": 1, "status=PENDING": 0, "limit=1": 1, "offset=2": 1} {
		require.Equal(t, want, strings.Count(b.get("/api/v1/balance/webhooks?"+query).body, `"eventId"`), query)
	}
	require.Equal(t, "evt_t000000000003", b.get("/api/v1/balance/webhooks").at("data.deliveries.0.eventId"), "the newest first")
	b.get("/api/v1/balance/webhooks?status=lost").refused(400, "", "status must be one of")
}

func TestWebhookFaults(t *testing.T) {
	t.Parallel()
	three := func(b *box) {
		for range 3 {
			b.emit("acme", "-1", "")
		}
		b.verify()
	}
	ids := func(got []received) (list []string) {
		for _, g := range got {
			list = append(list, strings.TrimLeft(g.header.Get("X-Event-ID"), "evt_0"))
		}
		return list
	}
	for _, c := range []struct {
		name  string
		fault sandbox.WebhookFault
		first []string
		later []string
	}{
		{"none", sandbox.WebhookFault{}, []string{"1", "2", "3"}, nil},
		{"one is dropped and tried again", sandbox.WebhookFault{Drop: 1}, []string{"2", "3"}, []string{"1"}},
		{"two are lost for ever", sandbox.WebhookFault{Lose: 2}, []string{"3"}, nil},
		{"one is delivered twice", sandbox.WebhookFault{Duplicate: 1}, []string{"1", "1", "2", "3"}, nil},
		{"the order is reversed", sandbox.WebhookFault{Reverse: true}, []string{"3", "2", "1"}, nil},
		{"reversed, with one twice", sandbox.WebhookFault{Reverse: true, Duplicate: 1}, []string{"3", "3", "2", "1"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, r := newHookedBox(t)
			b.InjectWebhooks(c.fault)
			three(b)
			b.deliver()
			require.Equal(t, c.first, ids(r.take()))
			b.ClearFaults()
			b.clock.Advance(time.Minute)
			b.deliver()
			require.Equal(t, c.later, ids(r.take()))
		})
	}
}

func TestAWebhookAddressMustBeSound(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, c := range []struct {
		env     sandbox.Environment
		address string
		problem string
	}{
		{sandbox.Test, "http://hooks.example/x", ""},
		{sandbox.Live, "https://hooks.example/x", ""},
		{sandbox.Live, "http://127.0.0.1:8080/x", ""},
		{sandbox.Live, "http://hooks.example/x", "https only"},
		{sandbox.Test, "hooks.example", "absolute"},
		{sandbox.Test, "ftp://hooks.example", "absolute"},
		{sandbox.Test, "http://user:password@hooks.example", "without a user"},
		{"staging", "http://hooks.example", `"staging"`},
	} {
		secret, err := b.AddWebhook(c.env, c.address)
		if c.problem == "" {
			require.NoError(t, err, c.address)
			again, err := b.AddWebhook(c.env, c.address)
			require.NoError(t, err)
			require.Equal(t, secret, again, "registered once")
			continue
		}
		require.ErrorContains(t, err, c.problem, c.address)
		require.NotContains(t, err.Error(), "password")
	}
	_, err := sandbox.New(sandbox.WithWebhook(sandbox.Test, "nothing"))
	require.ErrorContains(t, err, "webhook address")
}

func TestEveryAddressGetsEveryEvent(t *testing.T) {
	t.Parallel()
	b, r := newHookedBox(t)
	_, err := b.AddWebhook(sandbox.Test, "http://second.example/")
	require.NoError(t, err)
	b.emit("acme", "-1", "")
	b.verify()
	require.Equal(t, 2, b.deliver())
	got := r.take()
	require.Equal(t, got[0].body, got[1].body)
	require.NotEqual(t, got[0].header.Get("X-PacSpace-Signature"), got[1].header.Get("X-PacSpace-Signature"), "each under its own secret")
}

func TestRunDeliversUntilItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{status: 200}
		s, err := sandbox.New(sandbox.WithWebhook(sandbox.Test, hook), sandbox.WithWebhookClient(&http.Client{Transport: r}))
		require.NoError(t, err)
		b := &box{Sandbox: s, t: t}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx, time.Second) }()
		b.emit("acme", "-1", "")
		time.Sleep(5 * time.Second)
		require.Len(t, r.take(), 1)
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

// asking asks the service to deliver an event again while it is delivered.
type asking struct{ ask func(eventID string) }

func (a *asking) RoundTrip(r *http.Request) (*http.Response, error) {
	a.ask(r.Header.Get(webhook.IDHeader))
	return nil, io.ErrUnexpectedEOF
}

func TestADeliveryThatIsAskedForMeanwhileStaysDue(t *testing.T) {
	t.Parallel()
	a := &asking{}
	b := newBox(t, sandbox.WithWebhook(sandbox.Test, hook), sandbox.WithWebhookClient(&http.Client{Transport: a}))
	a.ask = func(id string) { b.post("/api/v1/balance/webhooks/"+id+"/retry", `{}`) }
	b.emit("acme", "-5", "1")
	b.verify()
	for range 3 {
		delivered, err := b.Deliver(t.Context())
		require.NoError(t, err)
		require.Zero(t, delivered)
		list := b.Deliveries(sandbox.Test)
		require.Equal(t, "PENDING", list[0].Status)
		require.Zero(t, list[0].Attempts, "it counts anew")
	}
}
