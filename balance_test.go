package pacspace_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestEmitTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	first := v.flush("acme", february(1), "-50")
	again := v.flush("acme", february(1), "-50")
	require.Equal(t, first.RecordID, again.RecordID)
	require.Equal(t, "usage:acme:2026-02-01", first.IdempotencyKey)
	require.Len(t, v.box.Recorded(sandbox.Test, "acme"), 1)
}

func TestEmitSaysThatTheSameKeyHadAnotherBody(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.flush("acme", february(1), "-50")
	_, err := v.Balance.Emit(t.Context(), daily(t, "acme", february(1), "-51"))
	require.ErrorIs(t, err, pacspace.ErrIdempotencyConflict)
	require.ErrorContains(t, err, "usage:acme:2026-02-01")
	require.Equal(t, "-50", v.box.Sum(sandbox.Test, "acme").String())
}

func TestEmitRefusesWhatTheServiceCannotRecordAndSendsNothing(t *testing.T) {
	t.Parallel()
	v := newVendor(t, sandbox.RequestLog(10))
	for _, c := range []struct {
		name   string
		change func(*pacspace.DeltaParams)
		field  string
		rule   string
	}{
		{"no customer", func(p *pacspace.DeltaParams) { p.CustomerID = "" }, "customerId", "128"},
		{"a customer with a slash", func(p *pacspace.DeltaParams) { p.CustomerID = "a/b" }, "customerId", "letters"},
		{"a customer that is too long", func(p *pacspace.DeltaParams) { p.CustomerID = strings.Repeat("a", 129) }, "customerId", "128"},
		{"zero", func(p *pacspace.DeltaParams) { p.Delta = pacspace.Decimal{} }, "delta", "zero"},
		{"beyond the range", func(p *pacspace.DeltaParams) { p.Delta = number(t, "1000000000.1") }, "delta", "between"},
		{"more digits than binary64 holds", func(p *pacspace.DeltaParams) { p.Delta = number(t, "0.12345678901234567891") }, "delta", "binary64"},
		{"no reason", func(p *pacspace.DeltaParams) { p.Reason = "" }, "reason", "empty"},
		{"a reason that is too long", func(p *pacspace.DeltaParams) { p.Reason = strings.Repeat("ü", 501) }, "reason", "500"},
		{"no reference", func(p *pacspace.DeltaParams) { p.ReferenceID = "" }, "referenceId", "WithoutReferenceUnsafe"},
		{"an adjustment of two", func(p *pacspace.DeltaParams) {
			p.Adjusts = &pacspace.Adjusts{ReferenceID: "a", RecordID: "b"}
		}, "adjusts", "either"},
		{"metadata with a number that binary64 changes", func(p *pacspace.DeltaParams) {
			p.Metadata = pacspace.Metadata{"tokens": int64(9007199254740993)}
		}, "metadata.tokens", "binary64"},
		{"metadata that is not UTF-8", func(p *pacspace.DeltaParams) {
			p.Metadata = pacspace.Metadata{"plan": "gr\xffwth"}
		}, "metadata.plan", "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := daily(t, "acme", february(1), "-50")
			c.change(&p)
			_, err := v.Balance.Emit(t.Context(), p)
			require.ErrorIs(t, err, pacspace.ErrInvalid)
			require.ErrorContains(t, err, c.field)
			require.ErrorContains(t, err, c.rule)
		})
	}
	require.Empty(t, v.box.Requests())
}

func TestMetadataIsSentAsGiven(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		metadata pacspace.Metadata
		body     string
	}{
		"absent": {nil, `{"customerId":"acme","delta":-50,"reason":"r","referenceId":"x"}`},
		"empty":  {pacspace.Metadata{}, `{"customerId":"acme","delta":-50,"metadata":{},"reason":"r","referenceId":"x"}`},
		"sorted": {pacspace.Metadata{"b": 1, "a": "<&>"}, `{"customerId":"acme","delta":-50,"metadata":{"a":"<&>","b":1},"reason":"r","referenceId":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body string
			mock := httpmock.NewMockTransport()
			mock.RegisterResponder("POST", "https://app.pacspace.io/api/v1/balance/delta", func(r *http.Request) (*http.Response, error) {
				sent, err := io.ReadAll(r.Body)
				body = string(sent)
				if err != nil {
					return nil, err
				}
				return httpmock.NewStringResponse(201, `{"success":true,"data":{"recordId":"rec_1","status":"QUEUED"}}`), nil
			})
			client, err := pacspace.New("pk_test_a.b", pacspace.WithHTTPClient(&http.Client{Transport: mock}))
			require.NoError(t, err)
			_, err = client.Balance.Emit(t.Context(), pacspace.DeltaParams{
				CustomerID: "acme", Delta: pacspace.NewDecimal(-50), Reason: "r", ReferenceID: "x", Metadata: c.metadata,
			})
			require.NoError(t, err)
			require.Equal(t, c.body, body)
		})
	}
}

func TestDeltasGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	const n = 2500
	for i := range n / 100 {
		var batch []pacspace.DeltaParams
		for j := range 100 {
			p := daily(t, "acme", february(1), "-1")
			p.ReferenceID = fmt.Sprintf("call-%d-%d", i, j)
			batch = append(batch, p)
		}
		b, err := v.Balance.EmitBatch(t.Context(), batch)
		require.NoError(t, err)
		require.Len(t, b.With(pacspace.OutcomeAccepted), 100)
	}
	v.settle()
	seen := map[string]bool{}
	for d, err := range v.Balance.Deltas(t.Context(), "acme", pacspace.CurrentMonth()) {
		require.NoError(t, err)
		seen[d.ReferenceID] = true
	}
	require.Len(t, seen, n)
}

func TestDeltasEndsWithAnErrorWhenTheListMoves(t *testing.T) {
	t.Parallel()
	page := func(count int, rows ...string) *http.Response {
		return httpmock.NewStringResponse(200, fmt.Sprintf(`{"success":true,"data":{"computedBalance":-2,"deltaCount":%d,"deltas":[%s]}}`, count, strings.Join(rows, ",")))
	}
	const row = `{"recordId":"rec","delta":-1}`
	for name, pages := range map[string][]*http.Response{
		"the count grows":                     {page(2, row), page(3, row)},
		"a page is empty before the count is": {page(2, row), page(2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			next := 0
			mock.RegisterNoResponder(func(*http.Request) (*http.Response, error) {
				next++
				return pages[next-1], nil
			})
			client, err := pacspace.New("pk_test_a.b", pacspace.WithHTTPClient(&http.Client{Transport: mock}))
			require.NoError(t, err)
			var errs []error
			for _, err := range client.Balance.Deltas(t.Context(), "acme", pacspace.Scope{}) {
				if err != nil {
					errs = append(errs, err)
				}
			}
			require.Len(t, errs, 1)
			require.ErrorIs(t, errs[0], pacspace.ErrListMoved)
		})
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	t.Parallel()
	v := newVendor(t) // whose clock stands still, so nothing is ever verified
	d := v.flush("acme", february(1), "-50")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := v.Balance.Wait(ctx, d.RecordID, pacspace.WithPollInterval(time.Millisecond))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestABatchTellsEachItemsOutcome(t *testing.T) {
	t.Parallel()
	deltas := []pacspace.DeltaParams{
		daily(t, "a", february(1), "-1"), daily(t, "b", february(1), "-2"), daily(t, "c", february(1), "-3"), daily(t, "d", february(1), "-4"),
	}
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(httpmock.NewStringResponder(200, `{"success":true,"data":{"totalQueued":2,"totalFailed":1,"results":[
		{"index":0,"status":"QUEUED","recordId":"rec_0","idempotent":true},
		{"index":1,"status":"FAILED","error":"CADENCE_LIMIT"},
		{"index":3,"status":"QUEUED"},{"index":3,"status":"FAILED","error":"X"},{"index":9,"status":"QUEUED"}]}}`))
	client, err := pacspace.New("pk_test_a.b", pacspace.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	b, err := client.Balance.EmitBatch(t.Context(), deltas)
	require.NoError(t, err)
	require.Len(t, b.Items, 4)
	require.Equal(t, pacspace.OutcomeAccepted, b.Items[0].Outcome)
	require.True(t, b.Items[0].Replayed)
	require.Equal(t, pacspace.OutcomeRefused, b.Items[1].Outcome)
	require.Equal(t, "CADENCE_LIMIT", b.Items[1].Error)
	require.Equal(t, pacspace.OutcomeUnknown, b.Items[2].Outcome, "the answer does not name it")
	require.Equal(t, pacspace.OutcomeUnknown, b.Items[3].Outcome, "the answer names it twice")
	require.Equal(t, deltas[1], b.With(pacspace.OutcomeRefused)[0].Params)
	require.True(t, strings.HasPrefix(b.IdempotencyKey, "batch-"))
}

func TestABatchRefusesRepeatedAndMissingReferences(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := daily(t, "a", february(1), "-1")
	_, err := v.Balance.EmitBatch(t.Context(), []pacspace.DeltaParams{p, p})
	require.ErrorContains(t, err, "deltas[1].referenceId")
	unnamed := p
	unnamed.ReferenceID = ""
	_, err = v.Balance.EmitBatch(t.Context(), []pacspace.DeltaParams{unnamed})
	require.ErrorContains(t, err, "deltas[0].referenceId")
	bad := p
	bad.Reason = ""
	_, err = v.Balance.EmitBatch(t.Context(), []pacspace.DeltaParams{p, bad})
	require.ErrorContains(t, err, "deltas[1].reason")
	_, err = v.Balance.EmitBatch(t.Context(), nil)
	require.ErrorIs(t, err, pacspace.ErrInvalid)
	require.Empty(t, v.box.Recorded(sandbox.Test, "a"))
}

// An answer that is about another delta, because a proxy mixed two answers up or the
// service knows the reference already, shows nothing of the delta that was sent.
func TestAnAnswerAboutAnotherDeltaIsNoSuccess(t *testing.T) {
	t.Parallel()
	sent := daily(t, "acme", february(1), "-50")
	for _, c := range []struct {
		name, data string
		conflict   bool
	}{
		{"another amount", `{"recordId":"rec_1","customerId":"acme","delta":-51}`, true},
		{"another amount under the reference", `{"recordId":"rec_1","referenceId":"usage:acme:2026-02-01","delta":-51}`, true},
		{"another customer", `{"recordId":"rec_1","customerId":"globex","delta":-50}`, true},
		{"another reference", `{"recordId":"rec_1","referenceId":"usage:acme:2026-02-02","delta":-50}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterNoResponder(httpmock.NewStringResponder(201, `{"success":true,"data":`+c.data+`}`))
			client, err := pacspace.New("pk_test_a.b", pacspace.WithHTTPClient(&http.Client{Transport: mock}))
			require.NoError(t, err)
			_, err = client.Balance.Emit(t.Context(), sent)
			require.ErrorIs(t, err, pacspace.ErrOutcomeUnknown)
			require.ErrorAs(t, err, new(*pacspace.DecodeError))
			if c.conflict {
				require.ErrorIs(t, err, pacspace.ErrReferenceConflict)
			}
			require.Equal(t, 1, mock.GetTotalCallCount())
		})
	}
	t.Run("the service keeps the first delta of a reference", func(t *testing.T) {
		t.Parallel()
		v := newVendor(t, sandbox.ReferencesNotCompared())
		v.flush("acme", february(1), "-50")
		other := daily(t, "acme", february(1), "-51")
		_, err := v.Balance.Emit(t.Context(), other, pacspace.WithIdempotencyKey("another"))
		require.ErrorIs(t, err, pacspace.ErrReferenceConflict)
		b, err := v.Balance.EmitBatch(t.Context(), []pacspace.DeltaParams{other})
		require.NoError(t, err)
		require.Equal(t, pacspace.OutcomeUnknown, b.Items[0].Outcome)
		v.settle()
		_, err = v.Balance.Resolve(t.Context(), pacspace.ResolveParams{Delta: other, FirstSent: v.clock.Now()})
		require.ErrorIs(t, err, pacspace.ErrReferenceConflict)
	})
}

func TestABatchItemIsAcceptedOnlyWhereItsRowSaysSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, row string
		outcome   pacspace.Outcome
	}{
		{"queued", `"status":"queued"`, pacspace.OutcomeAccepted},
		{"verified", `"status":"VERIFIED","customerId":"acme","delta":-50`, pacspace.OutcomeAccepted},
		{"a record without a status", `"anchorId":"rec_1"`, pacspace.OutcomeAccepted},
		{"a replay without a status", `"idempotent":true`, pacspace.OutcomeAccepted},
		{"failed", `"status":"FAILED","recordId":"rec_1"`, pacspace.OutcomeRefused},
		{"an error", `"status":"QUEUED","error":"CADENCE_LIMIT"`, pacspace.OutcomeRefused},
		{"a status that nobody documents", `"status":"HELD"`, pacspace.OutcomeUnknown},
		{"nothing", `"message":"hello"`, pacspace.OutcomeUnknown},
		{"another amount", `"status":"QUEUED","recordId":"rec_1","delta":-51`, pacspace.OutcomeUnknown},
		{"another customer", `"status":"QUEUED","recordId":"rec_1","customerId":"globex"`, pacspace.OutcomeUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mock := httpmock.NewMockTransport()
			mock.RegisterNoResponder(httpmock.NewStringResponder(201, `{"success":true,"data":{"results":[{"index":0,`+c.row+`}]}}`))
			client, err := pacspace.New("pk_test_a.b", pacspace.WithHTTPClient(&http.Client{Transport: mock}))
			require.NoError(t, err)
			b, err := client.Balance.EmitBatch(t.Context(), []pacspace.DeltaParams{daily(t, "acme", february(1), "-50")})
			require.NoError(t, err)
			require.Equal(t, c.outcome, b.Items[0].Outcome)
		})
	}
}
