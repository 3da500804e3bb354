package reconcile_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
)

func hashOf(c string) string { return "0x" + strings.Repeat(c, 64) }

// toldOfOne is a delta with all of its fields, in the flat form, of the first of February.
func toldOfOne() object {
	return object{
		"recordId": "rec_1", "receiptId": hashOf("a"), "deltaIndex": 7, "customerId": customer, "delta": -50, "reason": "daily",
		"referenceId": "usage:customer_acme:2026-02-01", "metadata": object{"resource": "calls", "plan": "a"}, "adjusts": object{"referenceId": "r1"},
		"submittedAt": "2026-02-02T01:00:00Z", "verifiedAt": "2026-02-02T02:00:00Z",
		"proof":                 object{"contentHash": hashOf("b"), "proofHash": hashOf("a"), "itemHashes": []string{hashOf("b")}, "previousProofHash": hashOf("c")},
		"verificationReference": "v1",
	}
}

func changedOf(r *rig) *reconcile.Mismatch {
	for _, m := range r.alerts() {
		if m.Kind == reconcile.KindChanged {
			return &m
		}
	}
	return nil
}

func TestASecondTellingThatSaysOtherwiseIsRaisedAndTheFirstStands(t *testing.T) {
	t.Parallel()
	for field, other := range map[string]any{
		"delta": -51, "referenceId": "usage:customer_acme:2026-02-02", "reason": "late", "metadata": object{"resource": "calls"},
		"adjusts": object{"referenceId": "r2"}, "contentHash": hashOf("d"), "proofHash": hashOf("e"), "itemHashes": []string{hashOf("b"), hashOf("f")},
		"previousProofHash": hashOf("9"), "verificationReference": "v2",
	} {
		t.Run("another "+field, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.clock.Set(february.First().AddDays(1).Start().Add(3 * time.Hour))
			f := newForged(t, r)
			second := toldOfOne()
			if proof := second["proof"].(object); proof[field] != nil {
				proof[field] = other
			} else {
				second[field] = other
			}
			require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", toldOfOne()))
			require.NoError(t, r.agent.Work(t.Context()))
			before := r.deltas()
			require.Len(t, before, 1)
			require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", second))
			require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", second))
			r.work()
			m := changedOf(r)
			require.NotNil(t, m, "it must not be dropped")
			require.Equal(t, 1, m.Count)
			if field != "delta" {
				require.Equal(t, "was told with another "+field, m.First.What)
			}
			require.Equal(t, "-50", r.balance(customer))
			after := r.deltas()
			require.Len(t, after, 1)
			require.Equal(t, field, after[0].Contradictions[0].Field)
			after[0].Contradictions = nil
			require.Equal(t, before, after, "what was first is kept")
		})
	}

	t.Run("a second field is a change that is told again, a third telling of the first is none", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		f := newForged(t, r)
		r.clock.Set(february.First().AddDays(1).Start().Add(3 * time.Hour))
		for i, change := range []object{{}, {"reason": "x"}, {"reason": "y"}, {"verificationReference": "z"}} {
			data := toldOfOne()
			maps.Copy(data, change)
			require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", data))
			r.work()
			m := changedOf(r)
			require.Equal(t, i == 1 || i == 3, m != nil, i)
			if i == 3 {
				require.Equal(t, 2, m.Revision)
			}
		}
	})

	t.Run("another record id under a known reference counts, and is usage that counts twice", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		f := newForged(t, r)
		r.clock.Set(february.First().AddDays(1).Start().Add(3 * time.Hour))
		second := toldOfOne()
		second["recordId"] = "rec_2"
		require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", toldOfOne()))
		require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", second))
		r.work()
		require.Contains(t, kindsOf(r.alerts()), reconcile.KindTwice)
	})
}

func (r *rig) deltas() (out []reconcile.Delta) {
	r.t.Helper()
	for d, err := range r.agent.Deltas(r.t.Context(), customer, february) {
		require.NoError(r.t, err)
		out = append(out, d)
	}
	return out
}

func TestWhatIsNoContradiction(t *testing.T) {
	t.Parallel()
	bare := object{"recordId": "rec_1", "customerId": customer, "delta": -50, "referenceId": "usage:customer_acme:2026-02-01"}
	failed := object{"recordId": "rec_1", "customerId": customer, "delta": -49, "referenceId": "usage:customer_acme:2026-02-01", "error": "no"}
	written := toldOfOne()
	written["metadata"] = json.RawMessage(`{"resource":"calls","plan":"a"}`)
	written["proof"].(object)["contentHash"] = "0x" + strings.Repeat("B", 64)
	later := toldOfOne()
	later["verifiedAt"] = "2026-02-02T09:00:00Z"
	for name, order := range map[string][]object{
		"fields that were absent before":         {bare, toldOfOne()},
		"fields that are absent later":           {toldOfOne(), bare},
		"a failure that was recorded after all":  {failed, toldOfOne()},
		"the same in another order of members":   {toldOfOne(), written},
		"the same, verified at another time":     {toldOfOne(), later},
		"the same body under one more delivery ": {toldOfOne(), toldOfOne()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			f := newForged(t, r)
			r.clock.Set(february.First().AddDays(1).Start().Add(10 * time.Hour))
			for _, data := range order {
				kind := "delta.verified"
				if data["error"] != nil {
					kind = "delta.failed"
				}
				require.Equal(t, 200, f.post(r.clock.Now(), kind, data))
			}
			r.work()
			require.Nil(t, changedOf(r))
			require.Equal(t, "-50", r.balance(customer))
		})
	}
}

// A list is not signed: whichever comes first, the webhook's content stands.
func TestWhatIsSignedGoesBeforeWhatIsListed(t *testing.T) {
	t.Parallel()
	var ends [][]reconcile.Delta
	for _, listFirst := range []bool{true, false} {
		r := newRig(t)
		day := february.First()
		r.clock.Set(day.End().Add(time.Hour))
		r.emit(delta(customer, day, "-50"))
		r.clock.Advance(time.Hour)
		r.server.Settle()
		row := r.server.Recorded(pacspace.EnvironmentTest, customer)[0]
		f := newForged(t, r)
		tell := func() {
			require.Equal(t, 200, f.post(r.clock.Now(), "delta.verified", object{
				"recordId": row.RecordID, "customerId": customer, "delta": -60, "reason": "signed", "referenceId": row.ReferenceID, "proof": object{"contentHash": hashOf("b")},
			}))
			require.NoError(t, r.agent.Work(t.Context()))
		}
		if !listFirst {
			tell()
		}
		r.check(customer)
		if listFirst {
			tell()
		}
		r.check(customer)
		require.Equal(t, "-60", r.balance(customer))
		got := r.deltas()
		require.Len(t, got, 1)
		require.Equal(t, "signed", got[0].Reason)
		require.Len(t, got[0].Contradictions, 2, "%v %+v", listFirst, got[0])
		require.Equal(t, []string{"delta", "contentHash"}, []string{got[0].Contradictions[0].Field, got[0].Contradictions[1].Field})
		require.Equal(t, "-50", got[0].Contradictions[0].Told)
		for i := range got {
			got[i].SubmittedAt, got[i].VerifiedAt = time.Time{}, time.Time{}
			got[i].RecordID, got[i].ReceiptID, got[i].ProofHash, got[i].PreviousProofHash = "", "", "", ""
			got[i].Contradictions = slices.Clone(got[i].Contradictions)
		}
		ends = append(ends, got)
	}
	require.Equal(t, ends[0], ends[1], "the order changes nothing")
}

// A contradiction may be about a hash or about a customer's metadata: a log gets neither.
func TestSlogAlertTellsNoValueOfAContradictionButAmounts(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	alert := reconcile.SlogAlert(slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, alert(t.Context(), reconcile.Mismatch{Kind: reconcile.KindChanged, Expected: hashOf("5"), Found: `{"name":"5555"}`}))
	require.NotContains(t, log.String(), "5555")
	require.NoError(t, alert(t.Context(), reconcile.Mismatch{Kind: reconcile.KindChanged, Expected: "-1", Found: "-2"}))
	require.Contains(t, log.String(), "found=-2")
}

// Nobody can have used or recorded something tomorrow.
func TestWhatLiesInTheFuture(t *testing.T) {
	t.Parallel()
	now := february.First().AddDays(6).Start()
	for _, c := range []struct {
		name    string
		day     usage.Date
		at      time.Time
		alert   bool
		pending int
	}{
		{"today's usage, recorded now, is pending", usage.DateOf(now), now, false, 1},
		{"a clock that is a little ahead is no alert", february.First(), now.Add(23 * time.Hour), false, 0},
		{"recorded more than a day ahead is an alert", february.First(), now.Add(25 * time.Hour), true, 0},
		{"a usage day that has not begun is pending and an alert", usage.DateOf(now).AddDays(3), now, true, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, sent := range []bool{true, false} {
				r := newRig(t)
				r.clock.Set(now)
				f := newForged(t, r)
				one := delta(customer, c.day, "-50")
				if sent {
					r.books.add(one)
				}
				require.Equal(t, 200, f.post(now, "delta.verified", object{
					"recordId": "rec_1", "customerId": customer, "delta": -50, "referenceId": one.ReferenceID, "submittedAt": c.at.Format(time.RFC3339),
				}))
				r.work()
				require.Equal(t, c.alert, slices.Contains(kindsOf(r.alerts()), reconcile.KindDoubt))
				report := r.check(customer)
				require.Equal(t, c.pending, report.Pending)
				if c.pending > 0 {
					require.Contains(t, report.Notes, "pending: 1 recorded under a usage day that is not over, first "+one.ReferenceID)
					require.NotEqual(t, reconcile.Matched, report.Outcome)
					require.Zero(t, report.Matched)
				}
				// The time comes, and the alert goes.
				r.clock.Set(now.Add(5 * 24 * time.Hour))
				r.later()
				report = r.check(customer)
				require.NotContains(t, kindsOf(report.Mismatches), reconcile.KindDoubt)
				require.Zero(t, report.Pending)
				for _, m := range r.alerts() {
					if m.Kind == reconcile.KindDoubt {
						require.Equal(t, reconcile.MismatchClosed, m.State)
					}
				}
			}
		})
	}
}
