package pacspace_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// derived is the query that a derive with a scope sends.
func derived(t *testing.T, scope pacspace.Scope) string {
	t.Helper()
	var query string
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		query = r.URL.RawQuery
		return httpmock.NewStringResponse(200, `{"success":true,"data":{"computedBalance":0}}`), nil
	})
	_, err := scripted(t, mock).Balance.Derive(t.Context(), "acme", scope)
	require.NoError(t, err)
	return query
}

// scripted is a client whose answers come from a test.
func scripted(t *testing.T, mock http.RoundTripper) *pacspace.Client {
	t.Helper()
	client, err := pacspace.New("pk_test_a.b", pacspace.WithHTTPClient(&http.Client{Transport: mock}), pacspace.WithMaxRetries(0))
	require.NoError(t, err)
	return client
}

func TestAScopeIsSentAsTheServiceNamesIt(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 17, 10, 20, 30, 0, time.UTC)
	for _, c := range []struct {
		name  string
		scope pacspace.Scope
		query string
	}{
		{"nothing: the service's current month", pacspace.Scope{}, ""},
		{"a month", pacspace.InPeriod("2026-02"), "period=2026-02"},
		{"the current month", pacspace.CurrentMonth(), "timePreset=current_month"},
		{"a month's recording window", pacspace.RecordingWindow("2026-02"), "endDate=2026-03-02T00%3A00%3A00Z&startDate=2026-02-02T00%3A00%3A00Z&timePreset=custom"},
		{"a span in another zone", pacspace.Between(now.In(time.FixedZone("", 3600)), now.Add(500*time.Millisecond)), "endDate=2026-03-17T10%3A20%3A30.5Z&startDate=2026-03-17T10%3A20%3A30Z&timePreset=custom"},
		{"three months", pacspace.MonthsBack(3, now), "endDate=2026-04-01T00%3A00%3A00Z&startDate=2026-01-01T00%3A00%3A00Z&timePreset=custom"},
		{"two days", pacspace.DaysBack(2, now), "endDate=2026-03-18T00%3A00%3A00Z&startDate=2026-03-16T00%3A00%3A00Z&timePreset=custom"},
		{"after a checkpoint", pacspace.SinceCheckpoint("0xab"), "startingCheckpoint=0xab&startingCheckpointType=proofRoot"},
		{"after a record", pacspace.SinceRecord("rec_1"), "startingCheckpoint=rec_1&startingCheckpointType=recordId"},
		{"after a thing of an older type", pacspace.Since("0xab", "itemsRoot"), "startingCheckpoint=0xab&startingCheckpointType=itemsRoot"},
		{"after a thing of the service's default type", pacspace.Since("x", ""), "startingCheckpoint=x"},
		{"a starting balance", pacspace.InPeriod("2026-02").StartingAt(number(t, "-12.50")), "period=2026-02&startingBalance=-12.5"},
		{"a starting balance of 0 that was given", pacspace.Scope{}.StartingAt(pacspace.NewDecimal(0)), "startingBalance=0"},
		{"a breakdown", pacspace.CurrentMonth().By(pacspace.ByWeek), "granularity=week&timePreset=current_month"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.query, derived(t, c.scope))
		})
	}
}

func TestAScopeThatCannotBeIsReportedByItsCall(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 17, 10, 20, 30, 0, time.UTC)
	client := scripted(t, httpmock.NewMockTransport())
	for _, c := range []struct {
		name  string
		scope pacspace.Scope
		field string
	}{
		{"no month", pacspace.InPeriod("2026-13"), "period"},
		{"no month to record", pacspace.RecordingWindow("February"), "period"},
		{"an end before the start", pacspace.Between(now, now.Add(-1)), "window"},
		{"no months", pacspace.MonthsBack(0, now), "months"},
		{"no days", pacspace.DaysBack(-1, now), "days"},
		{"no checkpoint", pacspace.SinceCheckpoint(""), "startingCheckpoint"},
		{"a starting balance that binary64 changes", pacspace.CurrentMonth().StartingAt(number(t, "9007199254740993")), "startingBalance"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := client.Balance.Derive(t.Context(), "acme", c.scope)
			require.ErrorIs(t, err, pacspace.ErrInvalid)
			require.ErrorContains(t, err, "pacspace: "+c.field)
		})
	}
}

// What a checkpoint or a receipt cannot take is refused, not dropped.
func TestACheckpointTakesASpanAndNothingElse(t *testing.T) {
	t.Parallel()
	client := scripted(t, httpmock.NewMockTransport())
	for name, scope := range map[string]pacspace.Scope{
		"must be a period":     pacspace.SinceCheckpoint("0xab"),
		"no starting balance":  pacspace.InPeriod("2026-02").StartingAt(pacspace.NewDecimal(0)),
		"takes no granularity": pacspace.InPeriod("2026-02").By(pacspace.ByDay),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client.Balance.Checkpoint(t.Context(), pacspace.CheckpointParams{Scope: scope})
			require.ErrorContains(t, err, name)
			_, err = client.Receipts.InvoiceProof(t.Context(), "acme", scope)
			require.ErrorContains(t, err, name)
			_, err = client.Balance.CheckpointsPage(t.Context(), pacspace.CheckpointsParams{Scope: scope}, pacspace.PageParams{})
			require.ErrorContains(t, err, name)
		})
	}
}

// A customer's id and a page are checked by every method that takes one, before sending.
func TestReadsRefuseWhatTheServiceDoesNotTake(t *testing.T) {
	t.Parallel()
	ctx, client := t.Context(), scripted(t, httpmock.NewMockTransport())
	for _, c := range []struct {
		name string
		call func(customer string) error
	}{
		{"derive", func(id string) error { _, err := client.Balance.Derive(ctx, id, pacspace.Scope{}); return err }},
		{"gaps", func(id string) error { _, err := client.Balance.Gaps(ctx, id, pacspace.GapsParams{}); return err }},
		{"checkpoints", func(id string) error {
			_, err := client.Balance.CheckpointsPage(ctx, pacspace.CheckpointsParams{CustomerID: id}, pacspace.PageParams{})
			return err
		}},
		{"receipt", func(id string) error { _, err := client.Receipts.Scoped(ctx, id, pacspace.Scope{}); return err }},
		{"receipts", func(id string) error { _, err := client.Receipts.List(ctx, id, 0); return err }},
		{"customer", func(id string) error { _, err := client.Customers.Get(ctx, id, pacspace.ActivityParams{}); return err }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, id := range []string{"a/b", "a b", "künde", "a%2Fb", "../x"} {
				require.ErrorContains(t, c.call(id), "pacspace: customerId: ", id)
			}
		})
	}
	_, err := client.Balance.Gaps(ctx, "acme", pacspace.GapsParams{Limit: -1})
	require.ErrorContains(t, err, "pacspace: limit: ")
	_, err = client.Balance.DerivePage(ctx, "acme", pacspace.Scope{}, pacspace.PageParams{Limit: 1001})
	require.ErrorContains(t, err, "pacspace: limit: ")
	_, err = client.Balance.DerivePage(ctx, "acme", pacspace.Scope{}, pacspace.PageParams{Offset: -1})
	require.ErrorContains(t, err, "pacspace: offset: ")
	_, err = client.Receipts.List(ctx, "acme", -1)
	require.ErrorContains(t, err, "pacspace: limit: ")
	_, err = client.Customers.Get(ctx, "acme", pacspace.ActivityParams{DeltaPage: -1})
	require.ErrorContains(t, err, "pacspace: deltaPage: ")
	_, err = client.Customers.Get(ctx, "acme", pacspace.ActivityParams{DeltaLimit: -1})
	require.ErrorContains(t, err, "pacspace: deltaLimit: ")
	_, err = client.Customers.Page(ctx, pacspace.CustomersParams{Limit: 101})
	require.ErrorContains(t, err, "pacspace: limit: ")
	_, err = client.Customers.Page(ctx, pacspace.CustomersParams{Page: -1})
	require.ErrorContains(t, err, "pacspace: page: ")
	_, err = client.Customers.Get(ctx, "acme", pacspace.ActivityParams{DeltaPage: -1})
	require.ErrorContains(t, err, "pacspace: deltaPage: ")
	_, err = client.Customers.Get(ctx, "acme", pacspace.ActivityParams{DeltaLimit: -1})
	require.ErrorContains(t, err, "pacspace: deltaLimit: ")
	inexact := number(t, "9007199254740993")
	for range 20 { // the first of several faults is named, each time
		_, err = client.Balance.Compare(ctx, pacspace.CompareParams{Yours: inexact, Theirs: inexact})
		require.ErrorContains(t, err, "pacspace: yours: ")
	}
}
