// Package agenttest is what every [reconcile.Store] must do. Each store runs it in its own
// tests.
package agenttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/usage"
)

// Run runs the suite. open returns a new, empty store each time and closes it at the end of
// the test that it is given.
func Run(t *testing.T, open func(t *testing.T) reconcile.Store) {
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

var (
	day    = usage.NewDate(2026, time.February, 3)
	noon   = time.Date(2026, time.February, 3, 12, 0, 0, 0, time.UTC)
	period = day.Period()
)

// errOurs is what a function of a transaction fails with.
var errOurs = errors.New("ours")

func dec(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	if err != nil {
		panic(err)
	}
	return d
}

func update(t *testing.T, s reconcile.Store, fn func(ctx context.Context, tx reconcile.Tx)) {
	t.Helper()
	require.NoError(t, s.Update(t.Context(), func(tx reconcile.Tx) error {
		fn(t.Context(), tx)
		return nil
	}))
}

func view(t *testing.T, s reconcile.Store, fn func(ctx context.Context, tx reconcile.Tx)) {
	t.Helper()
	require.NoError(t, s.View(t.Context(), func(tx reconcile.Tx) error {
		fn(t.Context(), tx)
		return nil
	}))
}

func receive(t *testing.T, s reconcile.Store, ids ...string) []bool {
	t.Helper()
	events := make([]reconcile.InboxEvent, len(ids))
	for i, id := range ids {
		events[i] = reconcile.InboxEvent{ID: id, DeliveryID: "delivery-" + id, Type: "delta.verified", Body: []byte("{\"id\":\"" + id + "\"}")}
	}
	fresh, err := s.Receive(t.Context(), events)
	require.NoError(t, err)
	return fresh
}

// same compares by JSON, since decimals cannot be compared with ==.
func same(t *testing.T, want, got any) {
	t.Helper()
	w, err := json.Marshal(want)
	require.NoError(t, err)
	g, err := json.Marshal(got)
	require.NoError(t, err)
	require.Equal(t, string(w), string(g))
}

func ids(events []reconcile.InboxEvent) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = e.ID
	}
	return out
}

// delta is the first of its name, of customer acme and with every field set.
func delta(name string) reconcile.Delta {
	return reconcile.Delta{
		CustomerID: "acme", Name: name, N: 1, State: reconcile.DeltaVerified, Day: day,
		Delta: dec("-0.1000000000000000000001"), Reason: "a <b> & \"c\" \u2028", ReferenceID: name, RecordID: "rec_1", ReceiptID: "0xAB",
		Index: new(int64(7)), Metadata: json.RawMessage(`{"a":"<\u0000>"}`), SubmittedAt: noon, VerifiedAt: noon.Add(time.Second),
		ProofHash: "0xP", ContentHash: "0xC", ItemHashes: []string{"0xC", "0xD"}, PreviousProofHash: "0xO",
		Told: true, Listed: true, Doubt: "d", Contradictions: []reconcile.Contradiction{{Field: "delta", Kept: "-1", Told: "-2"}}, Error: "e",
	}
}

var tests = []struct {
	name string
	run  func(t *testing.T, s reconcile.Store)
}{
	{"an event is kept once, in one call and in two", func(t *testing.T, s reconcile.Store) {
		require.Equal(t, []bool{true, true, false}, receive(t, s, "b", "a", "b"))
		require.Equal(t, []bool{false, true}, receive(t, s, "a", "c"))
		require.Empty(t, receive(t, s))
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			events, err := tx.PendingEvents(ctx, 10)
			require.NoError(t, err)
			require.Len(t, events, 3)
			require.Equal(t, []string{"a", "b"}, ids(events[:2]), "by time, then by id")
			e := events[0]
			require.Equal(t, `{"id":"a"}`, string(e.Body))
			require.Equal(t, "delivery-a", e.DeliveryID)
			require.EqualValues(t, "delta.verified", e.Type)
			require.False(t, e.Received.IsZero())
			require.Equal(t, reconcile.EventPending, e.State)
		})
	}},
	{"many events in one call", func(t *testing.T, s reconcile.Store) {
		var many []string
		for i := range 333 {
			many = append(many, fmt.Sprintf("e%04d", i))
		}
		for _, fresh := range receive(t, s, many...) {
			require.True(t, fresh)
		}
		for _, fresh := range receive(t, s, many...) {
			require.False(t, fresh)
		}
	}},
	{"events that arrive at once at several writers are kept once each", func(t *testing.T, s reconcile.Store) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		kept := map[string]int{}
		for w := range 6 {
			wg.Go(func() {
				for i := range 20 {
					id := fmt.Sprintf("e%02d", (i*7+w*3)%20)
					other := fmt.Sprintf("e%02d", (i*5+w)%20)
					fresh, err := s.Receive(t.Context(), []reconcile.InboxEvent{{ID: id, Body: []byte("{}")}, {ID: other, Body: []byte("{}")}})
					mu.Lock()
					if err == nil && fresh[0] {
						kept[id]++
					}
					if err == nil && fresh[1] && other != id {
						kept[other]++
					}
					mu.Unlock()
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		require.Len(t, kept, 20)
		for id, n := range kept {
			require.Equal(t, 1, n, id)
		}
	}},
	{"an event that is applied or unread is pending no more", func(t *testing.T, s reconcile.Store) {
		receive(t, s, "a", "b", "c")
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			events, err := tx.PendingEvents(ctx, 2)
			require.NoError(t, err)
			require.Len(t, events, 2)
			events[0].State = reconcile.EventApplied
			events[1].State, events[1].Error = reconcile.EventUnread, "line one\x00two"
			require.NoError(t, tx.PutEvent(ctx, &events[0]))
			require.NoError(t, tx.PutEvent(ctx, &events[1]))
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			events, err := tx.PendingEvents(ctx, 9)
			require.NoError(t, err)
			require.Equal(t, []string{"c"}, ids(events))
			count, err := tx.CountEvents(ctx)
			require.NoError(t, err)
			require.Equal(t, 1, count.Pending)
			require.Equal(t, 1, count.Unread)
			require.True(t, count.Oldest.Equal(events[0].Received))
			unread, err := tx.Events(ctx, reconcile.EventUnread, "", 9)
			require.NoError(t, err)
			require.Equal(t, []string{"b"}, ids(unread))
			require.Contains(t, unread[0].Error, "line one")
			unread, err = tx.Events(ctx, reconcile.EventUnread, "b", 9)
			require.NoError(t, err)
			require.Empty(t, unread)
		})
		require.Equal(t, []bool{false}, receive(t, s, "a"), "it is still known")
	}},
	{"two events of one delivery are both kept", func(t *testing.T, s reconcile.Store) {
		fresh, err := s.Receive(t.Context(), []reconcile.InboxEvent{
			{ID: "a", DeliveryID: "one", Body: []byte(`{"n":1}`)}, {ID: "b", DeliveryID: "one", Body: []byte(`{"n":2}`)},
		})
		require.NoError(t, err)
		require.Equal(t, []bool{true, true}, fresh)
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			events, err := tx.PendingEvents(ctx, 10)
			require.NoError(t, err)
			require.Equal(t, []string{"a", "b"}, ids(events))
			require.Equal(t, `{"n":2}`, string(events[1].Body))
		})
	}},
	{"an event is known by its id and by its delivery's", func(t *testing.T, s reconcile.Store) {
		receive(t, s, "a")
		_, err := s.Receive(t.Context(), []reconcile.InboxEvent{{ID: "b", Body: []byte("{}")}})
		require.NoError(t, err)
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for id, want := range map[string]bool{"a": true, "b": true, "delivery-a": true, "delivery-b": false, "": false} {
				known, err := tx.EventKnown(ctx, id)
				require.NoError(t, err)
				require.Equal(t, want, known, id)
			}
		})
	}},
	{"nothing is counted as nothing", func(t *testing.T, s reconcile.Store) {
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			count, err := tx.CountEvents(ctx)
			require.NoError(t, err)
			require.Equal(t, reconcile.EventCount{}, count)
		})
	}},
	{"an account is made by the lock and comes back as it was put", func(t *testing.T, s reconcile.Store) {
		a := reconcile.Account{CustomerID: "acme", Balance: dec("-1.5"), Count: 3, Failed: 1, FirstAt: noon, LastAt: noon.Add(time.Hour)}
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			_, err := tx.Account(ctx, "acme")
			require.ErrorIs(t, err, reconcile.ErrNotFound)
		})
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.LockAccount(ctx, "acme")
			require.NoError(t, err)
			same(t, reconcile.Account{CustomerID: "acme"}, got)
			require.NoError(t, tx.PutAccount(ctx, &a))
			got, err = tx.LockAccount(ctx, "acme")
			require.NoError(t, err)
			same(t, a, got)
		})
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			_, err := tx.LockAccount(ctx, "Zeta")
			require.NoError(t, err)
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.Account(ctx, "acme")
			require.NoError(t, err)
			same(t, a, got)
			all, err := tx.Accounts(ctx, "", 9)
			require.NoError(t, err)
			require.Len(t, all, 2)
			require.Equal(t, "Zeta", all[0].CustomerID, "by bytes")
			all, err = tx.Accounts(ctx, "Zeta", 9)
			require.NoError(t, err)
			require.Len(t, all, 1)
		})
	}},
	{"updates of one account follow each other", func(t *testing.T, s reconcile.Store) {
		const writers, times = 6, 8
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range times {
					err := s.Update(t.Context(), func(tx reconcile.Tx) error {
						a, err := tx.LockAccount(t.Context(), "acme")
						if err != nil {
							return err
						}
						a.Balance, a.Count = a.Balance.Add(dec("0.1")), a.Count+1
						return tx.PutAccount(t.Context(), a)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			a, err := tx.Account(ctx, "acme")
			require.NoError(t, err)
			require.EqualValues(t, writers*times, a.Count)
			require.Equal(t, "4.8", a.Balance.String())
		})
	}},
	{"a delta comes back as it was put, letter by letter", func(t *testing.T, s reconcile.Store) {
		full, bare := delta("usage:acme:2026-02-03"), reconcile.Delta{CustomerID: "acme", Name: "(record) r", N: 1, State: reconcile.DeltaFailed}
		odd := delta("odd")
		odd.ProofHash, odd.Reason = strings.Repeat("long\x00", 1000), "nul \x00 in it"
		for _, d := range []reconcile.Delta{full, bare, odd} {
			update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.PutDelta(ctx, &d)) })
			view(t, s, func(ctx context.Context, tx reconcile.Tx) {
				got, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme", Name: d.Name}, 9)
				require.NoError(t, err)
				require.Len(t, got, 1)
				same(t, d, got[0])
				require.Equal(t, string(d.Metadata), string(got[0].Metadata))
			})
		}
		full.State = reconcile.DeltaFailed
		update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.PutDelta(ctx, &full)) })
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme", Name: full.Name}, 9)
			require.NoError(t, err)
			require.Len(t, got, 1)
			same(t, full, got[0])
		})
	}},
	{"deltas are selected by name, day and time, and paged", func(t *testing.T, s reconcile.Store) {
		make := func(name string, n int, d usage.Date, at time.Time) reconcile.Delta {
			return reconcile.Delta{CustomerID: "acme", Name: name, N: n, State: reconcile.DeltaVerified, Day: d, SubmittedAt: at}
		}
		verified := make("e", 1, day, time.Time{})
		verified.VerifiedAt = noon.Add(3 * time.Hour)
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for _, d := range []reconcile.Delta{
				make("b", 1, day, noon), make("b", 2, day, noon.Add(time.Hour)), make("a", 1, day.AddDays(1), noon),
				make("c", 1, usage.Date{}, noon.Add(2*time.Hour)), verified, {CustomerID: "other", Name: "b", N: 1, Day: day},
			} {
				require.NoError(t, tx.PutDelta(ctx, &d))
			}
		})
		for _, c := range []struct {
			q    reconcile.DeltaQuery
			want string
		}{
			{reconcile.DeltaQuery{}, "a1 b1 b2 c1 e1"},
			{reconcile.DeltaQuery{Name: "b"}, "b1 b2"},
			{reconcile.DeltaQuery{Name: "b", AfterName: "b", AfterN: 1}, "b2"},
			{reconcile.DeltaQuery{From: day, To: day}, "b1 b2 e1"},
			{reconcile.DeltaQuery{From: day.AddDays(1)}, "a1"},
			{reconcile.DeltaQuery{Window: usage.Window{Start: noon, End: noon.Add(2 * time.Hour)}}, "a1 b1 b2"},
			{reconcile.DeltaQuery{Window: usage.Window{Start: noon.Add(2 * time.Hour), End: noon.Add(4 * time.Hour)}}, "c1 e1"},
			{reconcile.DeltaQuery{AfterName: "b", AfterN: 1}, "b2 c1 e1"},
		} {
			c.q.CustomerID = "acme"
			view(t, s, func(ctx context.Context, tx reconcile.Tx) {
				got, err := tx.Deltas(ctx, c.q, 9)
				require.NoError(t, err)
				var names []string
				for _, d := range got {
					names = append(names, fmt.Sprintf("%s%d", d.Name, d.N))
				}
				require.Equal(t, c.want, strings.Join(names, " "), "%+v", c.q)
			})
		}
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme"}, 2)
			require.NoError(t, err)
			require.Len(t, got, 2)
		})
	}},
	{"deltas are selected by their record", func(t *testing.T, s reconcile.Store) {
		odd := strings.Repeat("r\x00", 1000)
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for i, record := range []string{"rec_1", "rec_1", "Rec_1", odd, ""} {
				d := delta(fmt.Sprintf("n%d", i))
				d.RecordID = record
				require.NoError(t, tx.PutDelta(ctx, &d))
			}
			other := delta("n0")
			other.CustomerID = "beta"
			require.NoError(t, tx.PutDelta(ctx, &other))
			moved := delta("n1")
			moved.RecordID = "rec_2"
			require.NoError(t, tx.PutDelta(ctx, &moved))
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for record, want := range map[string]string{"rec_1": "n0", "rec_2": "n1", "Rec_1": "n2", "rec": "", odd: "n3"} {
				got, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme", RecordID: record}, 9)
				require.NoError(t, err)
				names := ""
				for _, d := range got {
					names += d.Name
				}
				require.Equal(t, want, names, "%.10q", record)
			}
		})
	}},
	{"a proof is known once a delta of any account has it", func(t *testing.T, s reconcile.Store) {
		d := delta("a")
		update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.PutDelta(ctx, &d)) })
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for hash, want := range map[string]bool{"0xP": true, "0xp": false, "": false, "0xQ": false} {
				known, err := tx.ProofKnown(ctx, hash)
				require.NoError(t, err)
				require.Equal(t, want, known, hash)
			}
		})
		d.ProofHash = "0xQ"
		update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.PutDelta(ctx, &d)) })
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			known, err := tx.ProofKnown(ctx, "0xP")
			require.NoError(t, err)
			require.False(t, known)
		})
	}},
	{"checks are due by their time and listed by their period", func(t *testing.T, s reconcile.Store) {
		books := dec("-1.5")
		report := &reconcile.AccountReport{CustomerID: "acme", Period: period, At: noon, Outcome: reconcile.Differs, Books: &books,
			Mismatches: []reconcile.Mismatch{{Kind: reconcile.KindBooks, CustomerID: "acme", Period: period, Expected: "-1.5", Found: "0"}}}
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			_, err := tx.Check(ctx, "acme", period)
			require.ErrorIs(t, err, reconcile.ErrNotFound)
			for _, c := range []reconcile.Check{
				{CustomerID: "acme", Period: period, Due: noon.Add(time.Hour), Report: report},
				{CustomerID: "beta", Period: period, Due: noon},
				{CustomerID: "acme", Period: period.Next(), Due: noon.Add(2 * time.Hour)},
				{CustomerID: "gamma", Period: period},
			} {
				require.NoError(t, tx.PutCheck(ctx, &c))
			}
			due, err := tx.DueChecks(ctx, noon.Add(time.Hour), 9)
			require.NoError(t, err)
			require.Len(t, due, 2)
			require.Equal(t, "beta", due[0].CustomerID)
			require.Nil(t, due[0].Report)
			require.True(t, due[1].Due.Equal(noon.Add(time.Hour)))
			same(t, report, due[1].Report)
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			got, err := tx.Check(ctx, "acme", period)
			require.NoError(t, err)
			same(t, report, got.Report)
			list, err := tx.Checks(ctx, period, "", 9)
			require.NoError(t, err)
			require.Len(t, list, 3)
			require.Equal(t, "acme", list[0].CustomerID)
			require.True(t, list[2].Due.IsZero())
			list, err = tx.Checks(ctx, period, "acme", 1)
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.Equal(t, "beta", list[0].CustomerID)
		})
	}},
	{"mismatches are selected by account, period, state and whether they were told", func(t *testing.T, s reconcile.Store) {
		untold := reconcile.Mismatch{Kind: reconcile.KindBooks, CustomerID: "acme", Period: period, Expected: "<1>", Found: "2", Count: 1,
			First: &reconcile.Differing{ReferenceID: "r", Day: day, What: "w"}, Evidence: []string{"e"},
			State: reconcile.MismatchOpen, Revision: 2, Told: 1, FirstSeen: noon, ChangedAt: noon, NotBefore: noon, Attempts: 1, TellError: "t"}
		told := reconcile.Mismatch{Kind: reconcile.KindTwice, CustomerID: "acme", Period: period, State: reconcile.MismatchClosed, Revision: 2, Told: 2}
		other := reconcile.Mismatch{Kind: reconcile.KindBooks, CustomerID: "beta", Period: period.Next(), State: reconcile.MismatchWaiting}
		update(t, s, func(ctx context.Context, tx reconcile.Tx) {
			for _, m := range []reconcile.Mismatch{untold, told, other} {
				require.NoError(t, tx.PutMismatch(ctx, &m))
			}
		})
		for _, c := range []struct {
			q    reconcile.MismatchQuery
			want []reconcile.Mismatch
		}{
			{reconcile.MismatchQuery{}, []reconcile.Mismatch{untold, told, other}},
			{reconcile.MismatchQuery{CustomerID: "acme", Period: period}, []reconcile.Mismatch{untold, told}},
			{reconcile.MismatchQuery{Period: period.Next()}, []reconcile.Mismatch{other}},
			{reconcile.MismatchQuery{State: reconcile.MismatchClosed}, []reconcile.Mismatch{told}},
			{reconcile.MismatchQuery{Untold: noon}, []reconcile.Mismatch{untold}},
			{reconcile.MismatchQuery{Untold: noon.Add(-time.Second)}, nil},
			{reconcile.MismatchQuery{AfterID: untold.ID()}, []reconcile.Mismatch{told, other}},
		} {
			view(t, s, func(ctx context.Context, tx reconcile.Tx) {
				got, err := tx.Mismatches(ctx, c.q, 9)
				require.NoError(t, err)
				same(t, c.want, got)
			})
		}
	}},
	{"settings are empty until they are set", func(t *testing.T, s reconcile.Store) {
		for _, want := range []string{"", "one", "two", ""} {
			update(t, s, func(ctx context.Context, tx reconcile.Tx) { require.NoError(t, tx.SetSetting(ctx, "name", want)) })
			view(t, s, func(ctx context.Context, tx reconcile.Tx) {
				got, err := tx.Setting(ctx, "name")
				require.NoError(t, err)
				require.Equal(t, want, got)
			})
		}
	}},
	{"an error and a panic undo everything", func(t *testing.T, s reconcile.Store) {
		ctx := t.Context()
		receive(t, s, "a")
		d := delta("a")
		writes := func(tx reconcile.Tx) {
			events, err := tx.PendingEvents(ctx, 1)
			require.NoError(t, err)
			require.Len(t, events, 1)
			events[0].State = reconcile.EventApplied
			require.NoError(t, tx.PutEvent(ctx, &events[0]))
			_, err = tx.LockAccount(ctx, "acme")
			require.NoError(t, err)
			require.NoError(t, tx.PutDelta(ctx, &d))
			require.NoError(t, tx.PutCheck(ctx, &reconcile.Check{CustomerID: "acme", Period: period, Due: noon}))
			require.NoError(t, tx.PutMismatch(ctx, &reconcile.Mismatch{Kind: reconcile.KindBooks, CustomerID: "acme", Period: period}))
		}
		require.ErrorIs(t, s.Update(ctx, func(tx reconcile.Tx) error {
			writes(tx)
			return errOurs
		}), errOurs)
		require.Panics(t, func() {
			_ = s.Update(ctx, func(tx reconcile.Tx) error {
				writes(tx)
				panic(errOurs)
			})
		})
		view(t, s, func(ctx context.Context, tx reconcile.Tx) {
			events, err := tx.PendingEvents(ctx, 9)
			require.NoError(t, err)
			require.Equal(t, []string{"a"}, ids(events))
			_, err = tx.Account(ctx, "acme")
			require.ErrorIs(t, err, reconcile.ErrNotFound)
			deltas, err := tx.Deltas(ctx, reconcile.DeltaQuery{CustomerID: "acme"}, 9)
			require.NoError(t, err)
			require.Empty(t, deltas)
			known, err := tx.ProofKnown(ctx, d.ProofHash)
			require.NoError(t, err)
			require.False(t, known)
			mismatches, err := tx.Mismatches(ctx, reconcile.MismatchQuery{}, 9)
			require.NoError(t, err)
			require.Empty(t, mismatches)
		})
	}},
	{"an amount that the service does not tell is an alert until it is told", amountToldLate},
	{"genuine events of any content are applied or kept as unread", anyContent},
	{"a view refuses to write", func(t *testing.T, s reconcile.Store) {
		require.Error(t, s.View(t.Context(), func(tx reconcile.Tx) error {
			_ = tx.SetSetting(t.Context(), "name", "value")
			return nil
		}))
	}},
	{"the clock goes forward", func(t *testing.T, s reconcile.Store) {
		before, err := s.Now(t.Context())
		require.NoError(t, err)
		view(t, s, func(_ context.Context, tx reconcile.Tx) { require.False(t, tx.Now().Before(before)) })
	}},
}
