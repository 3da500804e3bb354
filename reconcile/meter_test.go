package reconcile_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/memstore"
	"github.com/pacspace/pacspace-go/internal/storetest"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/reconcile"
)

// A meter, an agent and own books, end to end: the gate holds what the books do not have,
// and the meter's outbox serves as books as well.
func TestMeterGateAndBooks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	store := memstore.New(r.clock.Now)
	meter, err := metering.New(r.client, store, metering.WithAccounts("compute-minutes", "minute"),
		metering.WithSpread(0), metering.WithRequestsPerMinute(600), metering.WithGate(r.agent.Gate()))
	require.NoError(t, err)
	day := february.First()
	r.clock.Set(day.Start().Add(12 * time.Hour))
	_, err = meter.Record(t.Context(),
		metering.Event{ID: "1", CustomerID: customer, Amount: storetest.Dec("30"), Time: r.clock.Now()},
		metering.Event{ID: "2", CustomerID: customer, Amount: storetest.Dec("20.5"), Time: r.clock.Now()})
	require.NoError(t, err)

	r.books.add(delta(customer, day, "-30"))
	r.clock.Set(day.End().Add(2 * time.Hour))
	status, err := meter.Flush(t.Context())
	require.ErrorAs(t, err, new(*metering.UnsentError), "a day that is held is not delivered")
	require.Equal(t, 1, status.Due)
	require.Empty(t, r.server.Recorded(pacspace.EnvironmentTest, customer), "the books lack an event, so the day is held")

	r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams {
		list[0].Delta = storetest.Dec("-50.5")
		return list
	})
	r.clock.Advance(time.Hour)
	_, err = meter.Flush(t.Context())
	require.NoError(t, err)
	r.deliver()
	r.work()
	require.Equal(t, "-50.5", r.balance(customer))

	books := reconcile.MeterBooks(store)
	balance, err := books.Balance(t.Context(), customer, proof.DaysOf(february))
	require.NoError(t, err)
	require.Equal(t, "-50.5", balance.String())
	r.clock.Set(day.End().Add(48 * time.Hour))
	report, err := reconcile.Audit(t.Context(), r.client, books, february, reconcile.AuditClock(r.clock.Now))
	require.NoError(t, err)
	require.Equal(t, reconcile.Matched, report.Account(customer).Outcome, report.Text())
	require.Equal(t, 1, report.Account(customer).Matched)
	require.Empty(t, report.Account(customer).Notes, "the meter knows what it sent, byte for byte")

	t.Run("the admin page shows how the agent stands", func(t *testing.T) {
		r.books.change(customer, func(list []pacspace.DeltaParams) []pacspace.DeltaParams { return nil })
		r.later()
		r.later()
		w := httptest.NewRecorder()
		meter.Admin(r.agent.Section()).ServeHTTP(w, httptest.NewRequest("GET", "/status.json", nil))
		require.Equal(t, 200, w.Code)
		var status struct {
			Sections map[string]struct {
				Open       int
				Mismatches []struct {
					Kind, CustomerID, Expected, Found, First string
					Told                                     bool
				}
			}
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &status))
		section := status.Sections["Reconciliation"]
		require.Equal(t, 1, section.Open)
		require.Equal(t, "books", section.Mismatches[0].Kind)
		require.Equal(t, "usage:customer_acme:2026-02-01", section.Mismatches[0].First)
		require.True(t, section.Mismatches[0].Told)
	})
}
