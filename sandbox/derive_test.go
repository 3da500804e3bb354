package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/sandbox"
)

// A scope means the same to derive and to compare, and the same combinations are refused.
func TestScopes(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.ValidationCode())
	for _, at := range []string{"2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00Z", "2026-02-10T00:00:00Z", "2026-02-28T23:59:59.999Z", "2026-03-01T00:00:00Z"} {
		instant, err := time.Parse(time.RFC3339Nano, at)
		require.NoError(t, err)
		b.clock.Set(instant)
		b.emit("acme", "-1", at)
	}
	b.clock.Set(time.Date(2026, 2, 15, 0, 0, 0, 0, time.UTC).AddDate(0, 1, 0))
	b.Settle()
	b.clock.Set(time.Date(2026, 2, 15, 0, 0, 0, 0, time.UTC))
	checkpoint := b.post("/api/v1/balance/checkpoint", `{"customerId":"acme","period":"2026-01"}`).at("data.proofRoot")
	record := b.get("/api/v1/balance/derive/acme?period=2026-02").at("data.deltas.1.recordId")

	const combination, validation = "INVALID_SCOPE_COMBINATION", "VALIDATION_ERROR"
	for _, c := range []struct {
		name, query string
		balance     string // or
		code        string
	}{
		{"none is the current month", "", "-3", ""},
		{"a month from its first to its last millisecond", "period=2026-02", "-3", ""},
		{"another month", "period=2026-01", "-1", ""},
		{"the current month by name", "timePreset=current_month", "-3", ""},
		{"dates", "startDate=2026-01-01T00:00:00Z&endDate=2026-04-01T00:00:00Z", "-5", ""},
		{"dates with the preset", "timePreset=custom&startDate=2026-01-01T00:00:00Z&endDate=2026-04-01T00:00:00Z", "-5", ""},
		{"dates with a zone", "startDate=2026-02-01T01:00:00%2B01:00&endDate=2026-03-01T01:00:00%2B01:00", "-3", ""},
		{"days", "startDate=2026-02-01&endDate=2026-02-10", "-1", ""},
		{"the end is exclusive", "startDate=2026-02-01T00:00:00Z&endDate=2026-02-10T00:00:00.001Z", "-2", ""},
		{"a starting balance", "period=2026-02&startingBalance=100.5", "97.5", ""},
		{"a starting balance with an exponent", "period=2026-02&startingBalance=1e2", "97", ""},
		{"after a checkpoint", "startingCheckpoint=" + checkpoint, "-4", ""},
		{"after a checkpoint, by kind", "startingCheckpoint=" + checkpoint + "&startingCheckpointType=proofRoot", "-4", ""},
		{"after a record", "startingCheckpoint=" + record + "&startingCheckpointType=recordId&startingBalance=-3", "-5", ""},
		{"after a record, by guess", "startingCheckpoint=" + record, "-2", ""},

		{"a checkpoint and a month", "startingCheckpoint=x&period=2026-02", "", combination},
		{"a checkpoint and dates", "startingCheckpoint=x&startDate=2026-02-01&endDate=2026-02-02", "", combination},
		{"a month and a preset", "period=2026-02&timePreset=custom", "", combination},
		{"a month and a date", "period=2026-02&startDate=2026-02-01", "", combination},
		{"the current month and dates", "timePreset=current_month&startDate=2026-02-01&endDate=2026-02-02", "", combination},
		{"custom without dates", "timePreset=custom", "", combination},
		{"one date", "endDate=2026-02-02", "", combination},
		{"an unknown preset", "timePreset=last_30_days", "", validation},
		{"no month", "period=2026-13", "", validation},
		{"no date", "startDate=yesterday&endDate=2026-02-02", "", validation},
		{"dates the wrong way round", "startDate=2026-02-02&endDate=2026-02-02", "", validation},
		{"too wide", "startDate=2025-01-01T00:00:00Z&endDate=2026-01-01T00:00:00.001Z", "", "SCOPE_TOO_WIDE"},
		{"as wide as may be", "startDate=2025-03-02T00:00:00Z&endDate=2026-03-02T00:00:00Z", "-5", ""},
		{"a checkpoint that is not there", "startingCheckpoint=0x00", "", "NOT_FOUND"},
		{"a kind of checkpoint that is not there", "startingCheckpoint=" + checkpoint + "&startingCheckpointType=x", "", validation},
		{"an unknown granularity", "granularity=hour", "", validation},
		{"a starting balance that is no number", "startingBalance=0x10", "", validation},
	} {
		t.Run(c.name, func(t *testing.T) {
			derived := b.get("/api/v1/balance/derive/acme?" + c.query)
			require.Equal(t, c.balance, derived.at("data.computedBalance"), derived.body)
			require.Equal(t, c.code, derived.at("error.code"))

			query, err := url.ParseQuery(c.query)
			require.NoError(t, err)
			body := `{"customerId":"acme","yourBalance":1,"theirBalance":-1`
			for name := range query {
				form := `,%q:%q`
				if name == "startingBalance" {
					form = `,%q:%s`
				}
				body += fmt.Sprintf(form, name, query.Get(name))
			}
			compared := b.post("/api/v1/balance/compare", body+"}")
			require.Equal(t, c.balance, compared.at("data.neutralBalance"), compared.body)
			require.Equal(t, c.code, compared.at("error.code"))
		})
	}
}

func TestDerivePagesItsRowsAndNotItsBalance(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for i := range 250 {
		b.emit("acme", "-1", fmt.Sprint(i))
	}
	b.verify()
	for _, c := range []struct {
		query       string
		rows        int
		first, last string
	}{
		{"", 100, "0", "99"},
		{"limit=1000", 250, "0", "249"},
		{"limit=60&offset=200", 50, "200", "249"},
		{"limit=1&offset=249", 1, "249", "249"},
		{"offset=250", 0, "", ""},
	} {
		r := b.get("/api/v1/balance/derive/acme?" + c.query)
		require.Equal(t, "-250", r.at("data.computedBalance"), c.query)
		require.Equal(t, "250", r.at("data.deltaCount"))
		require.Equal(t, c.first, r.at("data.deltas.0.referenceId"))
		require.Equal(t, c.last, r.at(fmt.Sprintf("data.deltas.%d.referenceId", max(c.rows-1, 0))))
		require.Empty(t, r.at(fmt.Sprintf("data.deltas.%d", c.rows)))
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "offset=-1", "limit=1.5"} {
		b.get("/api/v1/balance/derive/acme?"+query).refused(400, "", "must be a whole number")
	}
}

func TestADerivedRowHasWhatProvesIt(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-1", "first")
	emitted := b.post(deltaPath, `{"customerId":"acme","delta":-42.50,"reason":"why","referenceId":"ref","metadata":{"plan":"growth"}}`)
	b.verify()
	r := b.get("/api/v1/balance/derive/acme")
	for name, want := range map[string]string{
		"recordId": emitted.at("data.recordId"), "receiptId": emitted.at("data.receiptId"), "delta": "-42.5",
		"reason": "why", "referenceId": "ref", "status": "VERIFIED", "createdAt": "2026-02-10T12:00:00.000Z",
		"itemHash": emitted.at("data.contentHash"), "contentHash": emitted.at("data.contentHash"),
		"proofHash": emitted.at("data.receiptId"), "previousProofHash": r.at("data.deltas.0.proofHash"),
		"deltaIndex": "2", "metadata": "",
	} {
		require.Equal(t, want, r.at("data.deltas.1."+name), name)
	}
	require.Equal(t, emitted.at("data.receiptId"), r.at("data.latestReceiptId"))
}

func TestABreakdownAddsUpToTheBalance(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, at := range []time.Time{
		time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC), // a Sunday
		time.Date(2026, 2, 1, 11, 0, 0, 0, time.UTC),
		time.Date(2026, 2, 2, 10, 0, 0, 0, time.UTC), // the Monday after
		time.Date(2026, 2, 28, 10, 0, 0, 0, time.UTC),
	} {
		b.clock.Set(at)
		b.emit("acme", "-1.5", at.String())
	}
	b.verify()
	for granularity, want := range map[string][]string{
		"day":   {"2026-02-01 -3", "2026-02-02 -1.5", "2026-02-28 -1.5"},
		"week":  {"2026-01-26 -3", "2026-02-02 -1.5", "2026-02-23 -1.5"},
		"month": {"2026-02-01 -6"},
	} {
		r := b.get("/api/v1/balance/derive/acme?granularity=" + granularity)
		var got []string
		for i := range want {
			at := fmt.Sprintf("data.breakdown.%d.", i)
			got = append(got, strings.TrimSuffix(r.at(at+"startDate"), "T00:00:00.000Z")+" "+r.at(at+"netChange"))
		}
		require.Equal(t, want, got, granularity)
		require.Empty(t, r.at(fmt.Sprintf("data.breakdown.%d", len(want))))
	}
	require.Empty(t, b.get("/api/v1/balance/derive/acme").at("data.breakdown"), "only when it is asked for")
}

// The service is JavaScript: ten times 0.1 is 0.9999999999999999 there.
func TestSumsAreBinary64SumsUnlessTheyAreExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		opts []sandbox.Option
		want string
	}{
		{"binary64", nil, "0.9999999999999999"},
		{"exact", []sandbox.Option{sandbox.ExactSums()}, "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, c.opts...)
			for i := range 10 {
				b.emit("acme", "0.1", fmt.Sprint(i))
			}
			b.verify()
			require.Equal(t, c.want, b.get("/api/v1/balance/derive/acme").at("data.computedBalance"))
			root := b.post("/api/v1/balance/checkpoint", `{"customerId":"acme"}`).at("data.proofRoot")
			b.verify()
			require.Equal(t, c.want, b.get("/api/v1/verify/"+root).at("summary.netChange"))
			require.Equal(t, c.want, b.get("/api/v1/balance/customers/acme").at("data.computedBalance"))
			require.Equal(t, c.want, b.get("/api/v1/balance/receipt/acme").at("data.finalBalance"))
			require.Equal(t, "1", b.Sum(sandbox.Test, "acme").String(), "what really was recorded")
		})
	}
}

func TestCompareSaysWhichViewAgrees(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.emit("acme", "-50", "1")
	b.emit("globex", "-7", "1")
	b.verify()
	ask := func(body string) response { return b.post("/api/v1/balance/compare", body) }

	r := ask(`{"customerId":"acme","yourBalance":-50.0,"theirBalance":-49,"startingBalance":0}`)
	require.Equal(t, "-50", r.at("data.neutralBalance"))
	require.Equal(t, "true", r.at("data.matchesYours"))
	require.Equal(t, "false", r.at("data.matchesTheirs"))

	all := ask(`{"yourBalance":-57,"theirBalance":-50}`)
	require.Equal(t, "-57", all.at("data.neutralBalance"), "without a customer, as an example sends it: all of them")
	require.Equal(t, "true", all.at("data.matchesYours"))

	unknown := ask(`{"customerId":"nobody","yourBalance":0,"theirBalance":1}`)
	require.Equal(t, "0", unknown.at("data.neutralBalance"))

	ask(`{"customerId":"acme","theirBalance":1}`).refused(400, "", "yourBalance must be a number")
	ask(`{"customerId":"acme","yourBalance":1,"theirBalance":"1"}`).refused(400, "", "theirBalance must be a number")
	ask(`{"customerId":1,"yourBalance":1,"theirBalance":1}`).refused(400, "", "customerId must be a string")
}

func TestLimitsTellHowWideAScopeMayBe(t *testing.T) {
	t.Parallel()
	b := newBox(t, sandbox.Limits(2, 40, 400))
	r := b.get("/api/v1/balance/limits")
	require.Equal(t, []string{"2", "40", "400"}, []string{r.at("data.maxScopeMonths"), r.at("data.maxLastNDays"), r.at("data.maxRetentionDays")})
	require.Equal(t, 200, b.get("/api/v1/balance/derive/acme?startDate=2026-01-02&endDate=2026-03-02").status)
	b.get("/api/v1/balance/derive/acme?startDate=2026-01-02&endDate=2026-03-03").refused(400, "SCOPE_TOO_WIDE", "limit")
}

// Reading a long list page by page looks at each delta once, not once per page: the time
// per row does not grow with the list.
func BenchmarkDerivePages(b *testing.B) {
	for _, deltas := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(deltas), func(b *testing.B) {
			clock := sandbox.NewClock(start)
			s, err := sandbox.New(sandbox.WithClock(clock.Now), sandbox.RequestLog(0))
			if err != nil {
				b.Fatal(err)
			}
			ask := func(method, target, body string) int {
				r := httptest.NewRequest(method, target, strings.NewReader(body))
				r.Header.Set("X-Api-Key", s.Key(sandbox.Test))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				return w.Code
			}
			item := `{"customerId":"acme","delta":-1,"reason":"r"}`
			batch := `{"deltas":[` + strings.Repeat(item+",", 99) + item + `]}`
			for range deltas / 100 {
				ask(http.MethodPost, batchPath, batch)
			}
			clock.Advance(time.Second)
			for b.Loop() {
				for offset := 0; offset < deltas; offset += 1000 {
					if ask(http.MethodGet, fmt.Sprintf("/api/v1/balance/derive/acme?limit=1000&offset=%d", offset), "") != http.StatusOK {
						b.Fatal("refused")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(deltas), "ns/row")
		})
	}
}
