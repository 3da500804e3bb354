package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/agentstore"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
)

// with puts an agent without patience in the rig's place, whose service answers otherwise.
func (r *rig) with(transport http.RoundTripper, options ...reconcile.Option) {
	r.t.Helper()
	client, err := pacspace.New(r.server.Key, pacspace.WithBaseURL(r.server.URL), pacspace.WithHTTPClient(&http.Client{Transport: transport}), pacspace.WithMaxRetries(0))
	require.NoError(r.t, err)
	r.agent, err = reconcile.New(client, r.store, append([]reconcile.Option{
		reconcile.WithSystemOfRecord(r.books), reconcile.WithAlert(r.alert), reconcile.WithPatience(0),
	}, options...)...)
	require.NoError(r.t, err)
}

// A count is the service's word: it decides how much memory is taken by nobody.
func TestACountThatIsNoneIsSurvived(t *testing.T) {
	t.Parallel()
	counts := regexp.MustCompile(`"deltaCount":[0-9]+`)
	for _, count := range []string{"9000000000000000000", "-9000000000000000000", "-1", "0"} {
		r := newRig(t)
		r.month(customer, 2)
		r.deliver()
		r.clock.Set(february.First().AddDays(5).Start())
		r.with(distorting{"/derive/", func(s string) string { return counts.ReplaceAllString(s, `"deltaCount":`+count) }})
		require.Equal(t, "-100", r.check(customer).Listed.String())
	}
}

// A service that names very many gaps is asked about some of them at a time, and about each
// in the end.
func TestManyGapsAreAskedForInTurns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 450
	asked := map[string]int{}
	r.with(roundTrip(func(req *http.Request) (*http.Response, error) {
		answer := ""
		switch {
		case strings.Contains(req.URL.Path, "/gaps"):
			var list []string
			for i := range n {
				list = append(list, fmt.Sprintf(`{"recordId":"rec_%d"}`, i))
			}
			answer = `{"gaps":[` + strings.Join(list, ",") + `]}`
		case strings.Contains(req.URL.Path, "/rec_"):
			asked[req.URL.Path]++
			answer = `{"recordId":"x","status":"pending"}`
		default:
			return http.DefaultTransport.RoundTrip(req)
		}
		resp := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(answer)), Request: req}
		return resp, nil
	}))
	for i := range 6 {
		r.check(customer)
		total := 0
		for _, times := range asked {
			total += times
		}
		require.Equal(t, 200*(i+1), total)
	}
	require.Len(t, asked, n)
}

// What could not be asked for is asked for again.
func TestADeliveryThatCouldNotBeAskedForIsAskedForAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hook := r.agent
	r.month(customer, 1)
	down := true
	r.with(roundTrip(func(req *http.Request) (*http.Response, error) {
		if down && strings.Contains(req.URL.Path, "/retry") {
			return nil, errors.New("the network is down")
		}
		return http.DefaultTransport.RoundTrip(req)
	}))
	r.server.InjectWebhooks(sandbox.WebhookFault{Lose: 1})
	r.deliver()
	r.clock.Set(february.First().AddDays(4).Start())
	require.NoError(t, r.agent.Expect(t.Context(), customer, february))
	require.Error(t, r.agent.Work(t.Context()))
	down = false
	require.NoError(t, r.agent.Work(t.Context()))
	r.deliver()
	require.NoError(t, hook.Work(t.Context()))
	require.True(t, r.allTold())
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// An alert function that fails for ever is called at most every quarter of an hour, keeps no
// other alert waiting, and what it does not take stays visible.
func TestAnAlertFunctionThatFailsForEver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.with(http.DefaultTransport)
	calls := 0
	r.tell = func(m reconcile.Mismatch) error {
		if m.CustomerID == customer {
			calls++
			return errors.New(strings.Repeat("down ", 10_000))
		}
		return nil
	}
	r.books.add(delta(customer, february.First(), "-5"))
	r.books.add(delta("customer_zed", february.First(), "-5"))
	r.clock.Set(february.First().AddDays(3).Start())
	require.NoError(t, r.agent.Seed(t.Context()))
	for range 24 * 60 {
		require.NoError(t, r.agent.Work(t.Context()))
		r.clock.Advance(time.Minute)
	}
	told := r.alerts()
	require.Len(t, told, 1)
	require.Equal(t, "customer_zed", told[0].CustomerID)
	require.Greater(t, calls, 80)
	require.Less(t, calls, 110)
	for m, err := range r.agent.Mismatches(t.Context(), reconcile.MismatchQuery{CustomerID: customer}) {
		require.NoError(t, err)
		require.Equal(t, reconcile.MismatchOpen, m.State)
		require.Equal(t, 1, m.Revision, "a day of comparisons that find the same is no change")
		require.Equal(t, calls, m.Attempts)
		require.Less(t, len(m.TellError), 1000)
	}
	r.tell = nil
	r.clock.Advance(time.Hour)
	require.NoError(t, r.agent.Work(t.Context()))
	require.Len(t, r.alerts(), 1, "it is not lost")
}

// failingOnce is a store of which one call fails, once, before or after it is done.
type failingOnce struct {
	reconcile.Store
	left  int
	after bool
}

var errStore = errors.New("the disk is full")

func (f *failingOnce) call(do func() error) error {
	f.left--
	if f.left != 0 {
		return do()
	}
	if f.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errStore
}

func (f *failingOnce) Now(ctx context.Context) (now time.Time, err error) {
	err = f.call(func() (err error) { now, err = f.Store.Now(ctx); return err })
	return now, err
}

func (f *failingOnce) Receive(ctx context.Context, events []reconcile.InboxEvent) (fresh []bool, err error) {
	err = f.call(func() (err error) { fresh, err = f.Store.Receive(ctx, events); return err })
	return fresh, err
}

func (f *failingOnce) Update(ctx context.Context, fn func(reconcile.Tx) error) error {
	return f.call(func() error { return f.Store.Update(ctx, fn) })
}

func (f *failingOnce) View(ctx context.Context, fn func(reconcile.Tx) error) error {
	return f.call(func() error { return f.Store.View(ctx, fn) })
}

// Whichever call of the store fails: the agent says so, and comes to the same.
func TestAnyCallOfTheStoreMayFail(t *testing.T) {
	t.Parallel()
	run := func(failing int, after bool) (failed bool, state string) {
		r := newRig(t)
		inner := agentstore.New(r.clock.Now)
		r.store = inner
		store := &failingOnce{Store: inner, after: after}
		r.month(customer, 3)
		r.server.Settle()
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams { return list[1:] })
		r.clock.Set(february.First().AddDays(6).Start())
		var err error
		r.agent, err = reconcile.New(r.client, store, reconcile.WithSystemOfRecord(r.books), reconcile.WithAlert(r.alert), reconcile.WithPatience(0))
		require.NoError(t, err)
		store.left = failing
		note := func(err error) {
			if err != nil {
				require.ErrorIs(t, err, errStore)
				require.True(t, strings.HasPrefix(err.Error(), "reconcile: "), err)
				failed = true
			}
		}
		for range 4 {
			note(r.agent.Seed(t.Context()))
			note(r.agent.Work(t.Context()))
			r.clock.Advance(2 * time.Minute)
		}
		store.left = 0
		account, err := r.agent.Account(t.Context(), customer)
		require.NoError(t, err)
		told := r.alerts()
		require.NotEmpty(t, told)
		for _, m := range told {
			require.Equal(t, told[0].ID(), m.ID())
			require.Equal(t, 1, m.Revision)
		}
		require.LessOrEqual(t, len(told), 2, "twice at most, where the note of it failed")
		status, err := r.agent.Status(t.Context())
		require.NoError(t, err)
		require.Zero(t, status.Untold)
		return failed, fmt.Sprint(account.Balance, account.Count, status.Open, told[0].String())
	}
	_, want := run(0, false)
	for _, after := range []bool{false, true} {
		calls := 0
		for n := 1; ; n++ {
			failed, got := run(n, after)
			if !failed {
				break
			}
			calls++
			require.Equal(t, want, got, "call %d", n)
		}
		require.Greater(t, calls, 15)
	}
}

// Two agents share a store: what is due is compared, and what is found is told, once.
func TestTwoAgentsOverOneStore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.month(customer, 3)
	r.deliver()
	for i := range 8 {
		r.books.add(delta(fmt.Sprintf("lost_%d", i), february.First(), "-5"))
	}
	r.clock.Set(february.First().AddDays(6).Start())
	r.with(http.DefaultTransport)
	one := r.agent
	r.with(http.DefaultTransport)
	for range 3 {
		done := make(chan error, 2)
		for _, agent := range []*reconcile.Agent{one, r.agent} {
			go func() { done <- errors.Join(agent.Seed(t.Context()), agent.Work(t.Context())) }()
		}
		require.NoError(t, errors.Join(<-done, <-done))
		r.clock.Advance(time.Minute)
	}
	require.Equal(t, "-150", r.balance(customer))
	revisions := map[string]int{}
	for _, m := range r.alerts() {
		revisions[m.ID()] = max(revisions[m.ID()], m.Revision)
	}
	require.Len(t, revisions, 8)
	for id, revision := range revisions {
		require.Equal(t, 1, revision, id)
	}
}
