package agenttest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/reconcile"
)

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

func ids(events []reconcile.InboxEvent) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = e.ID
	}
	return out
}

// eventTests are of the inbox.
var eventTests = []test{
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
}
