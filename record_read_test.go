package pacspace_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// pages lists the entries of each page, and the error that ended them.
func pages(t *testing.T, v *vendor, r pacspace.EntryRange) []string {
	t.Helper()
	var list []string
	for page, err := range v.Records.History(t.Context(), "press-4", r) {
		require.NoError(t, err)
		var entries []string
		for _, e := range page.Entries {
			entries = append(entries, fmt.Sprint(e.Entry))
		}
		list = append(list, strings.Join(entries, " "))
	}
	return list
}

func TestAHistoryIsReadPageByPage(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.RecordPage(2))
	for range 5 {
		v.write(paused(""))
	}
	require.Equal(t, []string{"1 2", "3 4", "5"}, pages(t, v, pacspace.EntryRange{}))
	require.Equal(t, []string{"2 3", "4 5"}, pages(t, v, pacspace.EntryRange{From: 2}))
	require.Equal(t, []string{"2 3", "4"}, pages(t, v, pacspace.EntryRange{From: 2, To: 4}))
	require.Equal(t, []string{"1"}, pages(t, v, pacspace.EntryRange{To: 1}))
	require.Equal(t, []string{""}, pages(t, v, pacspace.EntryRange{From: 9}))

	history := v.Records.Bundle(t.Context(), "press-4", pacspace.EntryRange{})
	for range 2 { // each range starts afresh
		for page, err := range history {
			require.NoError(t, err)
			require.Equal(t, 1, page.Entries[0].Entry)
			require.Equal(t, 3, page.NextEntry, "the service said seq 2")
			break
		}
	}
	page, err := v.Records.BundlePage(t.Context(), "press-4", pacspace.EntryRange{From: page(t, history).NextEntry})
	require.NoError(t, err)
	require.Equal(t, 3, page.Entries[0].Entry)
}

// page is the first page of a history.
func page(t *testing.T, history func(func(*pacspace.RecordHistory, error) bool)) *pacspace.RecordHistory {
	t.Helper()
	for page, err := range history {
		require.NoError(t, err)
		return page
	}
	t.Fatal("a history has at least one page")
	return nil
}

func TestAHistoryThatDoesNotMoveEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, header string
		pages        int
		err          error
	}{
		{"the same page again", "4", 1, pacspace.ErrListMoved},
		{"an earlier page", "0", 1, pacspace.ErrListMoved},
		{"the last page", "", 1, nil},
		{"a next page after the end that was asked for", "9", 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answer := httpmock.NewStringResponder(200, `{"schema":"record-history-bundle/v2","entries":[]}`)
			if c.header != "" {
				answer = answer.HeaderSet(http.Header{"X-Next-From-Seq": {c.header}})
			}
			client, _ := answering(t, answer)
			seen := 0
			var last error
			for page, err := range client.Records.History(t.Context(), "press-4", pacspace.EntryRange{From: 5, To: 8}) {
				if last = err; err == nil {
					require.NotNil(t, page)
					seen++
				}
			}
			require.Equal(t, c.pages, seen)
			require.ErrorIs(t, last, c.err)
		})
	}
}

func TestANextPageThatIsNoNumberIsAnError(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"abc", "-1", "1.5", "99999999999"} {
		client, _ := answering(t, httpmock.NewStringResponder(200, `{"schema":"record-history-bundle/v1"}`).HeaderSet(http.Header{"X-Next-From-Seq": {header}}))
		_, err := client.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{})
		_, ok := errors.AsType[*pacspace.DecodeError](err)
		require.True(t, ok, "%v", err)
		require.ErrorContains(t, err, "X-Next-From-Seq")
	}
}

func TestAHistoryIsReadUntilTheContextEnds(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.RecordPage(1))
	v.write(paused(""))
	v.write(paused(""))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range v.Records.History(ctx, "press-4", pacspace.EntryRange{}) {
		last = err
		cancel()
	}
	require.ErrorIs(t, last, context.Canceled)
}

func TestEntriesCountFromOne(t *testing.T) {
	t.Parallel()
	client, mock := answering(t, httpmock.NewStringResponder(500, ""))
	const rule = " Entries count from 1: the first entry is entry 1. (The HTTP API's seq counts the same positions from 0.)"
	_, err := client.Records.Receipt(t.Context(), "press-4", 0)
	require.EqualError(t, err, "record: entry is 0."+rule)
	_, err = client.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{From: -1})
	require.EqualError(t, err, "record: from_entry is -1."+rule)
	for _, err := range client.Records.Bundle(t.Context(), "press-4", pacspace.EntryRange{To: -2}) {
		require.EqualError(t, err, "record: to_entry is -2."+rule)
	}
	require.Zero(t, mock.GetTotalCallCount())
}

func TestFailedEntriesSayWhy(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := paused("")
	p.Lifecycle = "closed"
	v.write(p)
	v.settle()
	page, err := v.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{})
	require.NoError(t, err)
	require.True(t, page.Entries[0].Status.Is(pacspace.EntryFailed))
	require.Equal(t, "RECORD_GENESIS_MISMATCH", page.Entries[0].Code)
	require.Equal(t, "A record opens with recorded; amended and closed come after it.", page.Entries[0].Sentence)
	receipt, err := v.Records.Receipt(t.Context(), "press-4", 1)
	require.NoError(t, err)
	require.Equal(t, pacspace.EntryFailed, receipt.Status)
}

func TestGrantsAreMadeListedUsedAndRevoked(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.write(paused(""))
	made, err := v.Records.CreateGrant(t.Context(), "press-4", pacspace.GrantParams{
		Kind: pacspace.GrantTenantBound, CounterpartyWorkspaceID: "ws_1", RecipientEmail: "a@example.test",
		Authorizes: map[string]any{"entries": []int{1}}, TTLHours: new(24), MaxUses: new(0), Label: "l",
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"kind":"TENANT_BOUND","counterpartyTenantId":"ws_1","recipientEmail":"a@example.test","authorizes":{"entries":[1]},"ttlHours":24,"maxUses":0,"label":"l"}`,
		string(v.box.Requests()[1].Body))
	require.Equal(t, "ws_1", made.CounterpartyWorkspaceID)
	require.Equal(t, "USED", made.Status, "0 uses are none")

	bearer, err := v.Records.CreateGrant(t.Context(), "press-4", pacspace.GrantParams{Kind: pacspace.GrantBearer})
	require.NoError(t, err)
	secret := secretOf(t, bearer)
	_, err = v.Records.HistoryPage(t.Context(), "press-4", pacspace.EntryRange{}, pacspace.WithGrant(secret), pacspace.WithHeader("X-A", "1"))
	require.NoError(t, err)
	_, err = v.Records.Receipt(t.Context(), "press-4", 1, pacspace.WithGrant("grs_other"))
	require.ErrorIs(t, err, pacspace.ErrForbidden)

	revoked, err := v.Records.RevokeGrant(t.Context(), "press-4", bearer.GrantID)
	require.NoError(t, err)
	require.Equal(t, "REVOKED", revoked.Status)
	list, err := v.Records.Grants(t.Context(), "press-4")
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, pacspace.GrantTenantBound, list[0].Kind)
	require.Equal(t, "REVOKED", list[1].Status)

	_, err = v.Records.CreateGrant(t.Context(), "press-4", pacspace.GrantParams{})
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	for _, bad := range []string{"", "a b", "a\n"} {
		_, err = v.Records.Receipt(t.Context(), "press-4", 1, pacspace.WithGrant(bad))
		require.ErrorContains(t, err, "grant")
	}
}

// secretOf is where the sandbox puts a grant's secret.
func secretOf(t *testing.T, g *pacspace.Grant) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(g.RawJSON()), `"grant":"`)
	require.True(t, ok)
	secret, _, _ := strings.Cut(rest, `"`)
	return secret
}

// A grant is made once: a second call would make a second one. Revoking may be repeated.
func TestWhichGrantCallsAreRetried(t *testing.T) {
	t.Parallel()
	client, mock := answering(t, httpmock.NewStringResponder(503, `{}`), pacspace.WithMaxRetries(1))
	_, err := client.Records.CreateGrant(t.Context(), "press-4", pacspace.GrantParams{Kind: pacspace.GrantBearer})
	require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
	require.Equal(t, 1, mock.GetTotalCallCount())
	_, err = client.Records.RevokeGrant(t.Context(), "press-4", "g")
	require.ErrorIs(t, err, pacspace.ErrUnavailable)
	require.Equal(t, 3, mock.GetTotalCallCount())
}

func TestAGrantIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const secret = "grs_topsecret"
	client, mock := answering(t, httpmock.NewStringResponder(200, `{"success":true,"data":{"grantId":"g1","kind":"BEARER","status":"ACTIVE","grant":"`+secret+`"}}`))
	g, err := client.Records.CreateGrant(t.Context(), "press-4", pacspace.GrantParams{Kind: pacspace.GrantBearer})
	require.NoError(t, err)
	require.Equal(t, secret, secretOf(t, g))
	require.Equal(t, "grant g1 BEARER ACTIVE", fmt.Sprint(g))
	mock.RegisterNoResponder(httpmock.NewStringResponder(403, `{"message":"bad grant `+secret+`","code":"`+secret+`"}`))
	_, err = client.Records.Receipt(t.Context(), "press-4", 1, pacspace.WithGrant(secret))
	require.ErrorContains(t, err, "bad grant [grant]")
	refused, ok := errors.AsType[*pacspace.APIError](err)
	require.True(t, ok)
	values := []any{g, *g, err, []pacspace.Grant{*g}, pacspace.WithGrant(secret), string(refused.Body())}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x"} {
			require.NotContains(t, fmt.Sprintf(verb, v), "topsecret", verb)
			require.NotContains(t, fmt.Sprintf(verb, v), fmt.Sprintf("%x", "topsecret"), verb)
		}
	}
}
