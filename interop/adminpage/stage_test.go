package adminpage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/sqlstore"
	"github.com/pacspace/pacspace-go/usage"
	"github.com/pacspace/pacspace-go/webhook"
)

var (
	day  = usage.NewDate(2026, time.February, 3)
	noon = day.Start().Add(12 * time.Hour)
)

// refusal is what the service says of a delta that it does not record. A page must not take
// it for its own words.
const refusal = `<img src=x onerror="document.title='taken over'"> & </table>`

// books are what the billing department wrote down.
type books map[string]string

func (b books) Balance(_ context.Context, customerID string, days proof.Days) (decimal.Decimal, error) {
	if day.Before(days.First) || day.After(days.Last) {
		return decimal.Decimal{}, nil
	}
	return decimal.Parse(b[customerID])
}

// stage is a meter and an agent over one SQLite file, and a sandbox, on one clock.
type stage struct {
	t      *testing.T
	clock  *sandbox.Clock
	box    *sandbox.Server
	client *pacspace.Client
	meter  *metering.Meter
	agent  *reconcile.Agent
	events int
}

// direct takes webhooks to a handler without a network between.
type direct struct{ handler http.Handler }

func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, clock: sandbox.NewClock(noon)}
	hook := &direct{}
	s.box = sandbox.Start(t, sandbox.WithClock(s.clock.Now), sandbox.WithWebhook(sandbox.Test, "http://agent.example/hooks"),
		sandbox.WithWebhookClient(&http.Client{Transport: hook}))
	s.box.FailDeltas(func(d sandbox.Recorded) (string, bool) { return refusal, d.CustomerID == "initech" })
	var err error
	s.client, err = pacspace.New(s.box.Key, pacspace.WithBaseURL(s.box.URL), pacspace.WithClock(s.clock.Now))
	require.NoError(t, err)

	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "meter.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	store, err := sqlstore.OpenSQLite(t.Context(), db, pacspace.EnvironmentTest, sqlstore.WithClock(s.clock.Now))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	s.meter, err = metering.New(s.client, store, metering.WithAccounts("requests", "request"), metering.WithSpread(0), metering.WithRequestsPerMinute(600))
	require.NoError(t, err)

	inbox, err := store.Agent(t.Context())
	require.NoError(t, err)
	s.agent, err = reconcile.New(s.client, inbox,
		reconcile.WithSystemOfRecord(books{"acme": "-12.6", "globex": "-6.5", "initech": "-3"}),
		reconcile.WithPatience(time.Hour),
		reconcile.WithAlert(func(context.Context, reconcile.Mismatch) error { return nil }))
	require.NoError(t, err)
	verifier, err := webhook.NewVerifier([]string{s.box.WebhookSecret(sandbox.Test)}, webhook.WithClock(s.clock.Now))
	require.NoError(t, err)
	hook.handler = s.agent.Handler(verifier)
	return s
}

// record counts an event of today.
func (s *stage) record(customerID, amount string) {
	s.t.Helper()
	n, err := decimal.Parse(amount)
	require.NoError(s.t, err)
	s.events++
	results, err := s.meter.Record(s.t.Context(), metering.Event{ID: fmt.Sprint("event-", s.events), CustomerID: customerID, Amount: n, Time: s.clock.Now()})
	require.NoError(s.t, err)
	require.Equal(s.t, []metering.Recorded{metering.RecordedNew}, results)
}

// settle lets the day end and the meter send, until nothing is under way.
func (s *stage) settle() {
	s.t.Helper()
	s.clock.Set(day.End().Add(2 * time.Hour))
	for range 50 {
		status, err := s.meter.Flush(s.t.Context())
		if err != nil {
			require.ErrorAs(s.t, err, new(*metering.UnsentError))
		}
		if status.Count(metering.StateVerified)+status.Count(metering.StateParked) == 3 {
			return
		}
		s.clock.Advance(5 * time.Minute)
	}
	require.Fail(s.t, "the meter does not come to an end")
}

// work delivers, and lets the agent work.
func (s *stage) work() {
	s.t.Helper()
	_, err := s.box.Deliver(s.t.Context())
	require.NoError(s.t, errors.Join(err, s.agent.Work(s.t.Context())))
}

// emitElsewhere records a delta that no meter knows, and delivers its event.
func (s *stage) emitElsewhere(customerID string) {
	s.t.Helper()
	_, err := s.client.Balance.Emit(s.t.Context(), pacspace.DeltaParams{
		CustomerID: customerID, Delta: pacspace.NewDecimal(-1), Reason: "by hand", ReferenceID: "by-hand-1", Metadata: pacspace.Metadata{"resource": "requests"},
	})
	require.NoError(s.t, err)
	s.box.Settle()
	s.clock.Advance(time.Minute)
	_, err = s.box.Deliver(s.t.Context())
	require.NoError(s.t, err)
}
