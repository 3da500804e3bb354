package reconcile_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/reconcile"
)

// ghosts records a delta of n customers of which no webhook tells and no books know.
func (r *rig) ghosts(n int) {
	r.t.Helper()
	day := february.First()
	r.clock.Set(day.End().Add(time.Hour))
	var batch []pacspace.DeltaParams
	for i := range n {
		batch = append(batch, delta(fmt.Sprintf("ghost_%04d", i), day, "-5"))
		if len(batch) == pacspace.MaxBatchDeltas || i == n-1 {
			_, err := r.client.Balance.EmitBatch(r.t.Context(), batch)
			require.NoError(r.t, err)
			batch = nil
		}
	}
	r.server.Settle()
	r.clock.Set(day.End().Add(50 * time.Hour))
}

func TestAnAccountOfWhichNobodyToldIsFoundInTheServicesList(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ghosts(1)
	require.NoError(t, r.agent.Seed(t.Context()))
	r.work()
	require.Empty(t, r.alerts(), "the books may have it in a moment")
	r.later()
	told := r.alerts()
	require.Len(t, told, 1)
	require.Equal(t, reconcile.KindBooks, told[0].Kind)
	require.Equal(t, "ghost_0000", told[0].CustomerID)
	require.Equal(t, "usage:ghost_0000:2026-02-01 was recorded and never sent, found -5", told[0].First.String())

	r.books.add(delta("ghost_0000", february.First(), "-5"))
	r.later()
	told = r.alerts()
	require.Len(t, told, 1)
	require.Equal(t, reconcile.MismatchClosed, told[0].State)
}

func (r *rig) compared() int {
	r.t.Helper()
	report, err := r.agent.Report(r.t.Context(), february)
	require.NoError(r.t, err)
	return len(report.Accounts)
}

// What the list gives is bounded by the round, and another process goes on where one stopped.
func TestManyCustomersAreReadInRounds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ghosts(250)
	require.NoError(t, r.agent.Seed(t.Context()))
	require.NoError(t, r.agent.Work(t.Context()))
	require.Equal(t, 100, r.compared(), "two periods of a page are as many comparisons as a round begins")
	next, err := reconcile.New(r.client, r.store, reconcile.WithSystemOfRecord(r.books))
	require.NoError(t, err)
	r.agent = next
	require.NoError(t, r.agent.Seed(t.Context()), "which begins no second list")
	require.NoError(t, r.agent.Work(t.Context()))
	require.Equal(t, 200, r.compared())
	require.NoError(t, r.agent.Work(t.Context()))
	require.Equal(t, 250, r.compared())
	require.NoError(t, r.agent.Seed(t.Context()))
	require.NoError(t, r.agent.Work(t.Context()))
	require.Equal(t, 250, r.compared(), "those that are known are passed over, all in one round")
}

func TestACustomerWithoutRecentDeltasIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ghosts(1)
	r.clock.Set(february.Next().Next().First().AddDays(3).Start())
	require.NoError(t, r.agent.Seed(t.Context()))
	r.work()
	require.Zero(t, r.compared())
}

// A list that turns no page, or cannot be had, keeps nothing else waiting.
func TestAListOfCustomersThatFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		by   func(string) string
		want error
	}{
		{"the same page for ever", func(string) string {
			return `{"customers":[{"customerId":"ghost_0000"}],"pagination":{"total":1000000}}`
		}, pacspace.ErrListMoved},
		{"no list", func(string) string { return "<html>" }, nil},
		{"ids that are none", func(s string) string { return strings.ReplaceAll(s, `"ghost_0000"`, `"../../x"`) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.ghosts(1)
			client, err := pacspace.New(r.server.Key, pacspace.WithBaseURL(r.server.URL), pacspace.WithHTTPClient(&http.Client{
				Transport: distorting{"/balance/customers", c.by},
			}))
			require.NoError(t, err)
			r.agent, err = reconcile.New(client, r.store, reconcile.WithSystemOfRecord(r.books), reconcile.WithAlert(r.alert), reconcile.WithPatience(0))
			require.NoError(t, err)
			require.NoError(t, r.agent.Seed(t.Context()))
			require.NoError(t, r.agent.Expect(t.Context(), customer, february))
			r.books.add(delta(customer, february.First(), "-7"))
			err = r.agent.Work(t.Context())
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			require.Contains(t, kindsOf(r.alerts()), reconcile.KindBooks, "the rest of the round is made")
			require.NoError(t, r.agent.Seed(t.Context()))
		})
	}
}
