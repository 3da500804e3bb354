package pacspace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/webhook"
)

// Where the service's documents contradict each other or are silent, every documented
// answer is read. The subtests bear the numbers of section 8 of the API contract; 18 is
// about another language, and 29, 33 to 35 and 37 are about sealed records.
func TestContradictions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"8.1 deltaCount and deltasCount", deltaCounts},
		{"8.2 proofRoot, merkleRoot and itemsRoot", proofRoots},
		{"8.3 recordId and anchorId", recordIDs},
		{"8.4 startingCheckpointType", checkpointTypes},
		{"8.5 customerReference and ledgerIdentifier", customerReferences},
		{"8.6 statuses in any case and of any word", statuses},
		{"8.7 receiptId in any form", receiptIDs},
		{"8.8 amount and delta", amounts},
		{"8.9 data.delta as an object and as a number", webhookDeltas},
		{"8.10 two webhook envelopes", webhookEnvelopes},
		{"8.11 webhook timestamps in seconds and in milliseconds", webhookTimestamps},
		{"8.12 overageRate, deltaIndex and period.id", webhookFields},
		{"8.13 receipt and invoice-proof", receiptPaths},
		{"8.14 a bearer token and a session at the dashboard", dashboardSessions},
		{"8.15 success envelopes", successEnvelopes},
		{"8.16 error envelopes", errorEnvelopes},
		{"8.17 one host for both environments", hosts},
		{"8.19 the default scope is one month", defaultScope},
		{"8.20 startingBalance is always sent", startingBalance},
		{"8.21 verified: false may mean unavailable", unavailable},
		{"8.22 names of verification links", verificationLinks},
		{"8.23 a write in progress has no recordId", pendingWrites},
		{"8.24 the scheme of proofs is named", schemes},
		{"8.25 a proof root is a capability", capabilities},
		{"8.26 references can be made again", references},
		{"8.27 numbers are decimals", numbers},
		{"8.28 headers of reads and of public calls", headers},
		{"8.30 bodies that nobody documents", undocumentedBodies},
		{"8.31 limits that nobody documents", undocumentedLimits},
		{"8.32 a customerId is checked, and escaped all the same", customerIDs},
		{"8.36 two styles of labels are two variants", labelStyles},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

// sent is the last request that a client made.
type sent struct {
	method, target, body string
	header               http.Header
}

// answered is a client to which the service always gives the same answer.
func answered(t *testing.T, status int, body string) (*pacspace.Client, *sent) {
	t.Helper()
	last := &sent{}
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		*last = sent{method: r.Method, target: r.URL.RequestURI(), header: r.Header}
		if r.Body != nil {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			last.body = string(text)
		}
		return httpmock.NewStringResponse(status, body), nil
	})
	return scripted(t, mock), last
}

func data(text string) string { return `{"success":true,"data":` + text + `}` }

func deltaCounts(t *testing.T) {
	for text, want := range map[string]int{
		`{"computedBalance":-5,"deltaCount":5}`:                 5,
		`{"computedBalance":-5,"deltasCount":5}`:                5,
		`{"computedBalance":-5,"deltasCount":4,"deltaCount":5}`: 5,
		`{"computedBalance":-5}`:                                0,
	} {
		client, _ := answered(t, 200, data(text))
		b, err := client.Balance.Derive(t.Context(), "acme", pacspace.Scope{})
		require.NoError(t, err)
		require.Equal(t, want, b.DeltaCount, text)
	}
}

func proofRoots(t *testing.T) {
	for _, text := range []string{
		`{"proofRoot":"0xaa","merkleRoot":"0xbb","itemsRoot":"0xcc"}`, `{"merkleRoot":"0xaa","itemsRoot":"0xcc"}`,
		`{"itemsRoot":"0xaa"}`, `{"proofRoot":null,"itemsRoot":"0xaa"}`,
	} {
		client, _ := answered(t, 201, data(text))
		c, err := client.Balance.Checkpoint(t.Context(), pacspace.CheckpointParams{CustomerID: "acme"})
		require.NoError(t, err)
		require.Equal(t, "0xaa", c.ProofRoot, text)
		p, err := client.Receipts.InvoiceProof(t.Context(), "acme", pacspace.Scope{})
		require.NoError(t, err)
		require.Equal(t, "0xaa", p.ProofRoot, text)
	}
}

func recordIDs(t *testing.T) {
	v := newVendor(t, sandbox.LegacyNames())
	d := v.flush("acme", february(1), "-50")
	require.NotEmpty(t, d.RecordID)
	require.Contains(t, string(d.RawJSON()), `"anchorId"`)
	v.settle()
	again, err := v.Balance.Status(t.Context(), d.RecordID)
	require.NoError(t, err)
	require.Equal(t, d.RecordID, again.RecordID)
	require.True(t, again.Status.Is(pacspace.StatusVerified))
}

func checkpointTypes(t *testing.T) {
	for want, scope := range map[string]pacspace.Scope{
		"startingCheckpoint=0xaa&startingCheckpointType=proofRoot": pacspace.SinceCheckpoint("0xaa"),
		"startingCheckpoint=rec_1&startingCheckpointType=recordId": pacspace.SinceRecord("rec_1"),
		"startingCheckpoint=0xaa&startingCheckpointType=itemsRoot": pacspace.Since("0xaa", "itemsRoot"),
	} {
		require.Equal(t, want, derived(t, scope))
	}
}

func customerReferences(t *testing.T) {
	for _, text := range []string{`{"customerId":"acme","customerReference":"0xA1"}`, `{"customerId":"acme","ledgerIdentifier":"0xA1"}`} {
		client, _ := answered(t, 200, data(text))
		c, err := client.Customers.Get(t.Context(), "acme", pacspace.ActivityParams{})
		require.NoError(t, err)
		require.Equal(t, "0xA1", c.CustomerReference, text)
	}
}

func statuses(t *testing.T) {
	for _, c := range []struct {
		status          string
		verified, final bool
	}{
		{"VERIFIED", true, true}, {"verified", true, true}, {"Failed", false, true},
		{"queued", false, false}, {"ANCHORED", false, false}, {"", false, false},
	} {
		client, _ := answered(t, 200, data(`{"recordId":"rec_1","status":"`+c.status+`","metadata":{"status":"paid"}}`))
		d, err := client.Balance.Status(t.Context(), "rec_1")
		require.NoError(t, err)
		require.Equal(t, pacspace.Status(c.status), d.Status, "kept as sent")
		require.Equal(t, c.verified, d.Status.Is(pacspace.StatusVerified))
		require.Equal(t, c.final, d.Status.Final())
		require.JSONEq(t, `{"status":"paid"}`, string(d.Metadata), "another status is left alone")
	}
	client, _ := answered(t, 200, data(`{"deliveries":[{"id":"evt_1","status":"DELIVERED"}]}`))
	page, err := client.Webhooks.DeliveriesPage(t.Context(), pacspace.DeliveriesParams{}, pacspace.PageParams{})
	require.NoError(t, err)
	require.Equal(t, "DELIVERED", page.Deliveries[0].Status)
}

func receiptIDs(t *testing.T) {
	for _, id := range []string{"0x8f3a", "rcpt_a1b2c3d4e5f6", "chk_abc123", "anc_1", "a b/ü"} {
		client, last := answered(t, 200, data(`{"receiptId":`+quoted(t, id)+`}`))
		r, err := client.Receipts.Document(t.Context(), id, pacspace.DocumentParams{})
		require.NoError(t, err)
		require.Equal(t, id, r.ReceiptID)
		require.True(t, strings.HasPrefix(last.target, "/api/v1/balance/receipts/"))
		require.Equal(t, 4, strings.Count(last.target, "/")-1, "one element of the path: %s", last.target)
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

func amounts(t *testing.T) {
	for _, name := range []string{"delta", "amount"} {
		reader, _ := answered(t, 200, `{"verified":true,"records":[{"`+name+`":-42.50}]}`)
		v, err := reader.Public.Verify(t.Context(), "0xaa", "")
		require.NoError(t, err)
		require.Equal(t, "-42.5", v.Records[0].Delta.String())

		client, last := answered(t, 201, data(`{"recordId":"rec_1","`+name+`":-42.50}`))
		d, err := client.Balance.Emit(t.Context(), daily(t, "acme", february(1), "-42.5"))
		require.NoError(t, err)
		require.Equal(t, "-42.5", d.Delta.String())
		require.Contains(t, last.body, `"delta":-42.5`)
		require.NotContains(t, last.body, `"amount"`)
	}
}

func event(t *testing.T, body string) *webhook.Event {
	t.Helper()
	e, err := webhook.ParseEvent([]byte(body))
	require.NoError(t, err)
	return e
}

func webhookDeltas(t *testing.T) {
	for _, text := range []string{
		`{"delta":{"customerId":"acme","amount":-42.50,"referenceId":"r"},"receiptId":"0xaa"}`,
		`{"delta":-42.50,"customerId":"acme","referenceId":"r","receiptId":"0xaa"}`,
	} {
		e := event(t, `{"id":"evt_1","event":"delta.verified","data":`+text+`}`)
		d, err := e.DeltaVerified()
		require.NoError(t, err)
		require.Equal(t, "-42.5", d.Delta.String())
		require.Equal(t, "acme", d.CustomerID)
		require.Equal(t, "r", d.ReferenceID)
		require.JSONEq(t, text, string(e.Data))
	}
}

func webhookEnvelopes(t *testing.T) {
	const at = "2026-02-11T10:30:00Z"
	documented := event(t, `{"event":"delta.verified","timestamp":"`+at+`","data":{}}`)
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, documented.ID)
	python := event(t, `{"id":"evt_1","event":"delta.verified","tenantId":"ten_1","createdAt":"`+at+`","data":{}}`)
	require.Equal(t, "evt_1", python.ID)
	require.Equal(t, "ten_1", python.TenantID)
	for _, e := range []*webhook.Event{documented, python} {
		require.Equal(t, webhook.EventDeltaVerified, e.Type)
		require.Equal(t, at, e.Timestamp.Format(time.RFC3339))
	}
}

func webhookTimestamps(t *testing.T) {
	now := time.UnixMilli(1739270400123)
	verifier, err := webhook.NewVerifier([]string{"whsec_test"}, webhook.WithClock(func() time.Time { return now }))
	require.NoError(t, err)
	body := []byte(`{"event":"delta.verified","data":{}}`)
	for want, opts := range map[string][]webhook.SignOption{"1739270400": nil, "1739270400123": {webhook.InMilliseconds()}} {
		header := webhook.Sign("whsec_test", now, body, opts...)
		require.Equal(t, want, header.Get(webhook.TimestampHeader))
		e, err := verifier.Verify(body, header)
		require.NoError(t, err)
		require.Equal(t, now.Unix(), e.SignedAt.Unix())
	}
}

func webhookFields(t *testing.T) {
	for text, want := range map[string]struct{ rate, period string }{
		`{"customerId":"acme","delta":-1,"deltaIndex":null,"usage":{"overageRate":"$0.010/delta"},"period":{"id":"2026-02"}}`: {"$0.010/delta", "2026-02"},
		`{"customerId":"acme","delta":-1,"deltaIndex":7,"usage":{"overageRate":0.02},"period":{"id":"per_2026_02"}}`:          {"0.02", "per_2026_02"},
	} {
		d, err := event(t, `{"id":"evt_1","event":"delta.verified","data":`+text+`}`).DeltaVerified()
		require.NoError(t, err)
		require.Equal(t, want.rate, d.Plan.OverageRate)
		require.Equal(t, want.period, d.Period.ID)
		require.Equal(t, strings.Contains(text, "null"), d.Sequence == nil)
	}
}

func receiptPaths(t *testing.T) {
	t.Run("both have a name", func(t *testing.T) {
		client, last := answered(t, 200, data(`{"proofRoot":"0xaa","accessHint":"A1B2C3"}`))
		_, err := client.Receipts.Scoped(t.Context(), "acme", pacspace.InPeriod("2026-02"))
		require.NoError(t, err)
		require.Equal(t, "/api/v1/balance/receipt/acme?period=2026-02", last.target)
		p, err := client.Receipts.InvoiceProof(t.Context(), "acme", pacspace.InPeriod("2026-02"))
		require.NoError(t, err)
		require.Equal(t, "/api/v1/balance/invoice-proof/acme?period=2026-02", last.target)
		require.Equal(t, "A1B2C3", p.AccessHint)
	})
	for name, c := range map[string]struct {
		receipt int // how the scoped receipt answers where there is no invoice proof
		err     error
	}{
		"a service without invoice-proof":          {200, nil},
		"a customer without either":                {404, pacspace.ErrNotFound},
		"a receipt that fails says what was asked": {500, pacspace.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("GET", "https://app.pacspace.io/api/v1/balance/invoice-proof/acme", httpmock.NewStringResponder(404, `{"message":"Cannot GET"}`))
			mock.RegisterResponder("GET", "https://app.pacspace.io/api/v1/balance/receipt/acme", httpmock.NewStringResponder(c.receipt, data(`{"proofRoot":"0xaa"}`)))
			p, err := scripted(t, mock).Receipts.InvoiceProof(t.Context(), "acme", pacspace.Scope{})
			require.ErrorIs(t, err, c.err)
			if c.err == nil {
				require.Equal(t, "0xaa", p.ProofRoot)
			}
		})
	}
}

func dashboardSessions(t *testing.T) {
	client, last := answered(t, 201, data(`{"customerId":"acme"}`))
	customer := pacspace.CustomerParams{DisplayName: "Acme", CustomerID: "acme"}
	_, err := client.Customers.Create(t.Context(), customer, pacspace.WithDashboardToken("jwt"))
	require.NoError(t, err)
	require.Equal(t, "Bearer jwt", last.header.Get("Authorization"))

	_, err = client.Customers.Create(t.Context(), customer, pacspace.WithHeader("Cookie", "session=1"), pacspace.WithHeader("X-Pacspace-CSRF", "1"))
	require.NoError(t, err)
	require.Empty(t, last.header.Get("Authorization"))
	require.Equal(t, "session=1", last.header.Get("Cookie"))
	require.Equal(t, "1", last.header.Get("X-Pacspace-CSRF"))
}

func successEnvelopes(t *testing.T) {
	for name, options := range map[string][]sandbox.Option{
		"success":    nil,
		"statusCode": {sandbox.StatusCodeEnvelopes()},
		"none":       {sandbox.DirectPayloads(), sandbox.VerifyEnveloped()},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, options...)
			d := v.flush("acme", february(1), "-50")
			v.settle()
			b, err := v.Balance.Derive(t.Context(), "acme", pacspace.CurrentMonth())
			require.NoError(t, err)
			require.Equal(t, "-50", b.ComputedBalance.String())
			require.Equal(t, d.RecordID, b.Deltas[0].RecordID)
			require.NotContains(t, string(b.RawJSON()), "statusCode")
			root, err := v.Public.Verify(t.Context(), d.ReceiptID, "")
			require.NoError(t, err)
			require.True(t, root.Verified)
		})
	}
}

func errorEnvelopes(t *testing.T) {
	for name, c := range map[string]struct {
		options []sandbox.Option
		code    string
	}{
		"nested, codeless":            {nil, ""},
		"nested":                      {[]sandbox.Option{sandbox.ValidationCode()}, "VALIDATION_ERROR"},
		"flat":                        {[]sandbox.Option{sandbox.FlatErrors(), sandbox.ValidationCode()}, "VALIDATION_ERROR"},
		"with a statusCode, codeless": {[]sandbox.Option{sandbox.StatusCodeErrors()}, ""},
		"with a list of messages":     {[]sandbox.Option{sandbox.MessageLists(), sandbox.ValidationCode()}, "VALIDATION_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, c.options...)
			err := v.Do(t.Context(), "POST", "/api/v1/balance/delta", map[string]any{"customerId": "acme", "delta": 0, "reason": "r"}, nil)
			var api *pacspace.APIError
			require.ErrorAs(t, err, &api)
			require.Equal(t, c.code, api.Code)
			require.Equal(t, pacspace.KindValidation, api.Kind)
			require.ErrorIs(t, err, pacspace.ErrInvalid)
			require.Contains(t, api.Message, "delta")
			require.NotContains(t, err.Error(), "{")
		})
	}
}

func hosts(t *testing.T) {
	for _, key := range []string{"pk_test_a.b", "pk_live_a.b", "other"} {
		client, err := pacspace.New(key)
		require.NoError(t, err)
		require.Equal(t, "pacspace.Client(app.pacspace.io)", client.String())
	}
	client, err := pacspace.New("pk_test_a.b", pacspace.WithBaseURL("https://sandbox.example.test"))
	require.NoError(t, err)
	require.Equal(t, "pacspace.Client(sandbox.example.test)", client.String())
}

func defaultScope(t *testing.T) {
	v := newVendor(t)
	v.flush("acme", pacspace.NewDate(2026, time.January, 10), "-50")
	v.flush("acme", february(10), "-7")
	v.settle()
	for want, scope := range map[string]pacspace.Scope{
		"-7":  {},
		"-57": pacspace.Between(february(1).AddDays(-31).Start(), february(28).End()),
	} {
		b, err := v.Balance.Derive(t.Context(), "acme", scope)
		require.NoError(t, err)
		require.Equal(t, want, b.ComputedBalance.String())
	}
}

func startingBalance(t *testing.T) {
	v := newVendor(t, sandbox.CompareNeedsStart())
	v.flush("acme", february(1), "-50")
	v.settle()
	c, err := v.Balance.Compare(t.Context(), pacspace.CompareParams{CustomerID: "acme", Yours: number(t, "-50"), Theirs: number(t, "-49")})
	require.NoError(t, err)
	require.True(t, c.MatchesYours)
	require.False(t, c.MatchesTheirs)
}

func unavailable(t *testing.T) {
	v := newVendor(t, sandbox.ChainUnavailable())
	d := v.flush("acme", february(1), "-50")
	v.settle()
	answer, err := v.Public.Verify(t.Context(), d.ReceiptID, pacspace.SourceChain)
	require.NoError(t, err)
	require.False(t, answer.Verified)
	require.Equal(t, "chain unavailable", answer.Message)

	client, _ := answered(t, 200, `{"verified":false,"message":"chain unavailable"}`)
	_, err = client.Public.Anchor(t.Context(), "0x"+strings.Repeat("ab", 32))
	require.ErrorIs(t, err, proof.ErrNotVerified)
	require.NotContains(t, err.Error(), "match", "nobody is accused")
}

func verificationLinks(t *testing.T) {
	for _, text := range []string{
		`{"verificationReference":"0xab","verificationExplorerUrl":"https://app.pacspace.io/verify/0x"}`,
		`{"reference":"0xab","publicLedgerUrl":"https://app.pacspace.io/verify/0x"}`,
	} {
		client, _ := answered(t, 200, `{"verified":true,"verification":`+text+`}`)
		v, err := client.Public.Verify(t.Context(), "0xaa", "")
		require.NoError(t, err)
		require.Equal(t, "0xab", v.VerificationReference)
		require.Equal(t, "https://app.pacspace.io/verify/0x", v.VerificationExplorerURL)
	}
}

func pendingWrites(t *testing.T) {
	for name, options := range map[string][]sandbox.Option{"the code at the top": nil, "the code in an error": {sandbox.PendingInError()}} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, append(options, sandbox.RequestLog(10))...)
			v.box.Inject(sandbox.Fault{Method: "POST", Path: emitPath, Pending: true})
			d, err := v.Balance.Emit(t.Context(), daily(t, "acme", february(1), "-50"), pacspace.WithPollInterval(time.Millisecond))
			require.NoError(t, err)
			require.NotEmpty(t, d.RecordID)
			requests := v.box.Requests()
			require.Len(t, requests, 2)
			require.Equal(t, requests[0].Body, requests[1].Body, "the same bytes")
			require.Equal(t, requests[0].IdempotencyKey, requests[1].IdempotencyKey, "under the same key")
			require.Len(t, v.box.Recorded(sandbox.Test, "acme"), 1)
		})
	}
	t.Run("for longer than the caller waits", func(t *testing.T) {
		v := newVendor(t)
		v.box.Inject(sandbox.Fault{Method: "POST", Path: emitPath, Pending: true, Times: -1})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := v.Balance.Emit(ctx, daily(t, "acme", february(1), "-50"), pacspace.WithPollInterval(time.Millisecond))
		require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
	})
}

func schemes(t *testing.T) {
	for name, c := range map[string]struct {
		options []sandbox.Option
		verdict proof.Verdict
	}{
		"the published text as it reads": {nil, proof.Verified},
		"another reading of it":          {[]sandbox.Option{sandbox.Scheme(proof.VariantRaw)}, proof.Verified},
		"none that is known":             {[]sandbox.Option{sandbox.UnknownScheme()}, proof.Incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, c.options...)
			for day := range 28 {
				v.flush("acme", february(1+day), "-50")
			}
			v.clock.Set(time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC))
			closing, err := v.close(closeFebruary())
			require.NoError(t, err)
			report := v.check(closing)
			require.Equal(t, proof.Scheme, report.Scheme)
			require.Equal(t, c.verdict, report.Verdict)
			require.NotContains(t, report.String(), "tampered")
		})
	}
}

func capabilities(t *testing.T) {
	const root = "0x7f3a9b2c"
	var log bytes.Buffer
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(404, `{"message":"unknown"}`))
	client, err := pacspace.New("pk_test_a.b", pacspace.WithHTTPClient(&http.Client{Transport: mock}),
		pacspace.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	require.NoError(t, err)
	_, err = client.Public.Verify(t.Context(), root, "")
	require.ErrorIs(t, err, pacspace.ErrNotFound)
	require.NotContains(t, err.Error(), root)
	require.NotEmpty(t, log.String())
	require.NotContains(t, log.String(), root)

	v := newVendor(t, sandbox.RecordLists())
	d := v.flush("acme", february(1), "-50")
	v.settle()
	answer, err := v.Public.Verify(t.Context(), d.ReceiptID, "")
	require.NoError(t, err)
	require.Equal(t, "-50", answer.Records[0].Delta.String(), "whoever holds the root reads the amounts")
}

func references(t *testing.T) {
	require.Equal(t, "usage:acme:2026-02-01", pacspace.DailyReference("acme", february(1)))
	require.Equal(t, pacspace.DailyReference("acme", february(1)), pacspace.DailyReference("acme", february(1)))
	client, _ := answered(t, 500, "")
	_, err := client.Balance.Emit(t.Context(), pacspace.DeltaParams{CustomerID: "acme", Delta: number(t, "-1"), Reason: "r"})
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	require.ErrorContains(t, err, "referenceId")
}

func numbers(t *testing.T) {
	for text, want := range map[string]string{
		"-42.50": "-42.5", "1e-7": "0.0000001", `"12.50"`: "12.5", "-0": "0", "1E3": "1000",
		"0.1000000000000000055511151231257827": "0.1000000000000000055511151231257827",
	} {
		client, _ := answered(t, 200, data(`{"computedBalance":`+text+`}`))
		b, err := client.Balance.Derive(t.Context(), "acme", pacspace.Scope{})
		require.NoError(t, err)
		require.Equal(t, want, b.ComputedBalance.String())
	}
	for _, text := range []string{`"NaN"`, `"Infinity"`, `"1_000"`, `""`, `true`, `{}`, "1e999999999"} {
		client, _ := answered(t, 200, data(`{"computedBalance":`+text+`}`))
		_, err := client.Balance.Derive(t.Context(), "acme", pacspace.Scope{})
		var odd *pacspace.DecodeError
		require.ErrorAs(t, err, &odd, text)
	}
}

func headers(t *testing.T) {
	client, last := answered(t, 200, `{"verified":true,"success":true,"data":{"verified":true,"allowed":true}}`)
	_, err := client.Balance.Usage(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, last.header.Get("X-Api-Key"))
	require.Empty(t, last.header.Get("Content-Type"))
	require.Empty(t, last.header.Get("Idempotency-Key"))
	_, err = client.Public.Verify(t.Context(), "0xaa", "")
	require.NoError(t, err)
	for _, name := range []string{"X-Api-Key", "Authorization", "Content-Type", "X-Credit-Pool-Id"} {
		require.Empty(t, last.header.Values(name), name)
	}
	require.Equal(t, "296", last.header.Get("X-Chain-Id"))
}

func undocumentedBodies(t *testing.T) {
	ctx := t.Context()
	for _, text := range []string{`{}`, `{"new":{"a":[1,{"b":null}]},"other":1e400}`} {
		client, _ := answered(t, 200, data(text))
		for name, call := range map[string]func() (json.RawMessage, error){
			"gaps": func() (json.RawMessage, error) {
				r, err := client.Balance.Gaps(ctx, "acme", pacspace.GapsParams{})
				return r.RawJSON(), err
			},
			"usage":  func() (json.RawMessage, error) { r, err := client.Balance.Usage(ctx); return r.RawJSON(), err },
			"limits": func() (json.RawMessage, error) { r, err := client.Balance.Limits(ctx); return r.RawJSON(), err },
			"status": func() (json.RawMessage, error) {
				r, err := client.Balance.Status(ctx, "rec_1")
				return r.RawJSON(), err
			},
			"delivery": func() (json.RawMessage, error) {
				r, err := client.Webhooks.Retry(ctx, "evt_1")
				return r.RawJSON(), err
			},
			"customers summary": func() (json.RawMessage, error) { r, err := client.Customers.Summary(ctx); return r.RawJSON(), err },
			"receipt": func() (json.RawMessage, error) {
				r, err := client.Receipts.Document(ctx, "chk_1", pacspace.DocumentParams{})
				return r.RawJSON(), err
			},
		} {
			raw, err := call()
			require.NoError(t, err, name)
			require.Equal(t, text, string(raw), name)
		}
	}
	client, _ := answered(t, 200, data(`{"checkpoints":[{"new":1},{}]}`))
	page, err := client.Balance.CheckpointsPage(ctx, pacspace.CheckpointsParams{}, pacspace.PageParams{})
	require.NoError(t, err)
	require.Equal(t, `{"new":1}`, string(page.Checkpoints[0].RawJSON()))

	client, _ = answered(t, 200, data(`{"_efficiency":{"x":1},"results":[{"index":0}]}`))
	batch, err := client.Balance.EmitBatch(ctx, []pacspace.DeltaParams{daily(t, "acme", february(1), "-1")})
	require.NoError(t, err)
	require.Contains(t, string(batch.RawJSON()), "_efficiency")
	require.Len(t, batch.Items, 1)
}

func undocumentedLimits(t *testing.T) {
	client, last := answered(t, 429, `{"message":"Too many requests","retryAfterSeconds":7}`)
	p := daily(t, "acme", february(1), "-1")
	p.ReferenceID = strings.Repeat("é", 10_000)
	p.Metadata = pacspace.Metadata{"text": strings.Repeat("x", 100_000)}
	_, err := client.Balance.Emit(t.Context(), p)
	require.ErrorIs(t, err, pacspace.ErrRateLimited)
	var api *pacspace.APIError
	require.ErrorAs(t, err, &api)
	require.Equal(t, 7*time.Second, api.RetryAfter)
	require.Contains(t, last.body, p.ReferenceID, "no length is guessed")
	require.Regexp(t, `^ref-[0-9a-f]{64}$`, last.header.Get("Idempotency-Key"))
}

func customerIDs(t *testing.T) {
	client, last := answered(t, 200, data(`{"computedBalance":0}`))
	for id, escaped := range map[string]string{"acme:gpu.seconds": "acme%3Agpu.seconds", "A-Z_0.9": "A-Z_0.9", "summary": "summary"} {
		_, err := client.Balance.Derive(t.Context(), id, pacspace.Scope{})
		require.NoError(t, err)
		require.Equal(t, "/api/v1/balance/derive/"+escaped, last.target)
	}
	*last = sent{}
	for _, id := range []string{"", ".", "..", "a/b", "a%2Fb", "a b", "ü", strings.Repeat("a", 129)} {
		_, err := client.Balance.Derive(t.Context(), id, pacspace.Scope{})
		require.ErrorIs(t, err, pacspace.ErrInvalid, id)
	}
	require.Empty(t, last.method, "nothing was sent")
}

func labelStyles(t *testing.T) {
	item, err := daily(t, "acme", february(1), "-50").Item()
	require.NoError(t, err)
	colon, err := proof.VariantRaw.ItemHash(item)
	require.NoError(t, err)
	nul, err := proof.VariantRawNul.ItemHash(item)
	require.NoError(t, err)
	require.NotEqual(t, colon, nul)
	for hash, style := range map[proof.Hash]bool{colon: false, nul: true} {
		variants, err := proof.MatchItem(item, hash)
		require.NoError(t, err)
		require.NotEmpty(t, variants)
		for _, v := range variants {
			require.Equal(t, style, strings.HasSuffix(string(v), "-nul"), fmt.Sprint(v))
		}
	}
}
