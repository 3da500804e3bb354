package faults_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// keyScenes are what a service does with keys and references, documented or not.
func keyScenes() []scene {
	var list []scene
	add := func(s scene) { list = append(list, s) }
	const pollLimit = time.Minute

	// A key whose first request is still in progress is asked for again, for a minute at most.
	for _, call := range []string{"emit", "batch", "checkpoint"} {
		add(scene{fault: "in progress twice, then done", call: call, arrange: fails(sandbox.Fault{Pending: true, Times: 2}),
			want: want{attempts: 3, recorded: 1, atLeast: 2 * time.Second, within: 2200 * time.Millisecond}})
		add(scene{fault: "in progress for ever", call: call, longest: true, arrange: fails(sandbox.Fault{Pending: true, Times: -1}),
			want: want{attempts: 56, fails: true, unknown: true, status: 202, code: "IDEMPOTENCY_PENDING",
				is: []error{pacspace.ErrIdempotencyPending}, recorded: 1, atLeast: pollLimit, within: pollLimit + 5*time.Second}})
	}
	add(scene{fault: "in progress until the deadline", call: "emit", deadline: 3 * time.Second, arrange: fails(sandbox.Fault{Pending: true, Times: -1}),
		want: want{attempts: 3, fails: true, unknown: true, status: 202, code: "IDEMPOTENCY_PENDING",
			is: []error{pacspace.ErrIdempotencyPending, context.DeadlineExceeded}, recorded: 1, within: 3 * time.Second}, then: resolves})
	add(scene{fault: "in progress, told in an error object", call: "emit",
		arrange: fails(sandbox.Fault{Status: 202, AfterWrite: true, Body: []byte(`{"error":{"code":"IDEMPOTENCY_PENDING","retryAfterSeconds":2}}`)}),
		want:    want{attempts: 2, recorded: 1, atLeast: 2 * time.Second, within: 2200 * time.Millisecond}})
	add(scene{fault: "in progress, told by the status alone", call: "emit",
		arrange: fails(sandbox.Fault{Status: 202, AfterWrite: true, Body: []byte{}}),
		want:    want{attempts: 2, recorded: 1, atLeast: 250 * time.Millisecond, within: oneWait}})
	add(scene{fault: "in progress, then refused", call: "emit",
		arrange: fails(sandbox.Fault{Pending: true}, sandbox.Fault{Status: 402, Times: -1}),
		want: want{attempts: 2, fails: true, unknown: true, status: 402, code: "INSUFFICIENT_CREDITS", recorded: 1,
			atLeast: time.Second, within: 1100 * time.Millisecond}, then: resolves})
	add(scene{fault: "the first attempt is still being worked on", call: "emit",
		options: []pacspace.Option{pacspace.WithAttemptTimeout(time.Second)}, arrange: worksOn(3 * time.Second),
		// 1 s without an answer, then 202 until the work is done.
		want: want{attempts: 4, recorded: 1, atLeast: 3 * time.Second, within: 4 * time.Second}})

	// A key or a reference that knows something else.
	conflict := scene{fault: "the key knows another delta", call: "emit",
		arrange: func(r *rig) { r.write("usage:acme:2000-01-02", rigDelta("globex", 3)) },
		want: want{attempts: 1, fails: true, status: 409, code: "IDEMPOTENCY_CONFLICT",
			is: []error{pacspace.ErrIdempotencyConflict, pacspace.ErrConflict}},
		then: func(r *rig, err error) {
			require.False(r, pacspace.Refused(err), "another key is a person's decision")
			require.ErrorContains(r, err, `idempotency key "usage:acme:2000-01-02" was used before with another body`)
		}}
	add(conflict)
	add(scene{fault: "the reference knows another amount", call: "emit",
		arrange: func(r *rig) { other := rigDelta("acme", 2); other.Delta = pacspace.NewDecimal(-1); r.write("", other) },
		want:    want{attempts: 1, fails: true, status: 422, code: "REFERENCE_CONFLICT", is: []error{pacspace.ErrInvalid}}})
	add(scene{fault: "the reference knows another amount and keeps it", call: "emit", choices: []sandbox.Option{sandbox.ReferencesNotCompared()},
		arrange: func(r *rig) { other := rigDelta("acme", 2); other.Delta = pacspace.NewDecimal(-1); r.write("", other) },
		want:    want{attempts: 1, fails: true, unknown: true, is: []error{pacspace.ErrReferenceConflict}},
		then: func(r *rig, _ error) {
			_, err := r.client.Balance.Resolve(r.Context(), pacspace.ResolveParams{Delta: rigDelta("acme", 2), FirstSent: time.Now()})
			require.ErrorIs(r, err, pacspace.ErrReferenceConflict)
		}})
	add(scene{fault: "the delta was recorded before", call: "emit",
		arrange: func(r *rig) { r.write("usage:acme:2000-01-02", rigDelta("acme", 2)) },
		want:    want{attempts: 1, fails: true, status: 409, code: "IDEMPOTENCY_CONFLICT", is: []error{pacspace.ErrIdempotencyConflict}}})

	// The undocumented: do references de-duplicate, how long do keys live. One of the two
	// is enough while a call is under way; without both a lost answer counts twice, and only
	// then.
	lostOnce := fails(sandbox.Fault{Drop: true, AfterWrite: true})
	for _, c := range []struct {
		name    string
		choices []sandbox.Option
		times   int
	}{
		{"references that count again", []sandbox.Option{sandbox.ReferencesRepeat()}, 1},
		{"keys that are forgotten at once", []sandbox.Option{sandbox.KeysExpireAfter(0)}, 1},
		{"references that count again and keys that are forgotten at once", []sandbox.Option{sandbox.ReferencesRepeat(), sandbox.KeysExpireAfter(0)}, 2},
	} {
		add(scene{fault: "answer lost, " + c.name, call: "emit", choices: c.choices, arrange: lostOnce,
			want: want{attempts: 2, recorded: c.times, within: oneWait}})
		add(scene{fault: "answer lost, " + c.name, call: "batch", choices: c.choices, arrange: lostOnce,
			want: want{attempts: 2, recorded: c.times, within: oneWait}})
	}
	add(scene{fault: "answer lost, keys that are told to be short, references that count again", call: "emit",
		choices: []sandbox.Option{sandbox.ReferencesRepeat(), sandbox.KeysExpireAfter(time.Minute)},
		options: []pacspace.Option{pacspace.WithKeyLifetime(45 * time.Second)},
		arrange: fails(sandbox.Fault{Latency: time.Hour, AfterWrite: true, Times: -1}),
		// A third attempt, after 61 s, would count again.
		want: want{attempts: 2, fails: true, unknown: true, is: []error{context.DeadlineExceeded}, recorded: 1, within: 61 * time.Second}})

	// Long after: the key may be forgotten, so it is only looked for.
	for _, c := range []struct {
		name     string
		fault    sandbox.Fault
		recorded int
		found    bool
	}{
		{"recorded", sandbox.Fault{Drop: true, AfterWrite: true, Times: -1}, 1, true},
		{"not recorded", sandbox.Fault{Drop: true, Times: -1}, 0, false},
	} {
		add(scene{fault: "answer lost, looked for a day later, " + c.name, call: "emit",
			choices: []sandbox.Option{sandbox.ReferencesRepeat()}, arrange: fails(c.fault),
			want: want{attempts: 3, fails: true, unknown: true, recorded: c.recorded, within: twoWaits},
			then: func(r *rig, _ error) {
				sent := time.Now()
				time.Sleep(25 * time.Hour)
				d, err := r.client.Balance.Resolve(r.Context(), pacspace.ResolveParams{Delta: rigDelta("acme", 2), FirstSent: sent})
				if c.found {
					require.NoError(r, err)
					require.NotEmpty(r, d.RecordID)
				} else {
					require.ErrorIs(r, err, pacspace.ErrOutcomeUnknown)
					require.ErrorIs(r, err, pacspace.ErrKeyTooOld)
				}
				require.Equal(r, c.recorded, r.recorded(), "nothing was sent")
			}})
	}
	// Keys that live an hour where 20 are assumed: what is listed is found. What the service
	// has queued and lists nowhere is sent again, and only a reference that de-duplicates
	// keeps that from counting twice.
	for _, c := range []struct {
		name     string
		choices  []sandbox.Option
		sent     int // by Resolve
		recorded int // in the end
	}{
		{"listed", nil, 0, 1},
		{"listed, references that count again", []sandbox.Option{sandbox.ReferencesRepeat()}, 0, 1},
		{"queued", []sandbox.Option{sandbox.Delays(time.Hour, 10*time.Hour)}, 1, 1},
		{"queued, references that count again", []sandbox.Option{sandbox.ReferencesRepeat(), sandbox.Delays(time.Hour, 10*time.Hour)}, 1, 2},
	} {
		add(scene{fault: "answer lost, the key expired sooner than assumed, " + c.name, call: "emit",
			choices: append(c.choices, sandbox.KeysExpireAfter(time.Hour)),
			arrange: fails(sandbox.Fault{Drop: true, AfterWrite: true, Times: -1}),
			want:    want{attempts: 3, fails: true, unknown: true, recorded: 1, within: twoWaits},
			then: func(r *rig, _ error) {
				sent := time.Now()
				time.Sleep(2 * time.Hour)
				r.seen = nil
				d, err := r.client.Balance.Resolve(r.Context(), pacspace.ResolveParams{Delta: rigDelta("acme", 2), FirstSent: sent})
				require.NoError(r, err)
				require.NotEmpty(r, d.RecordID)
				require.Equal(r, c.sent, r.posts())
				require.Equal(r, c.recorded, r.recorded())
			}})
	}
	for name, ahead := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour behind": -time.Hour} {
		add(scene{fault: "answer lost, the service's clock " + name, call: "emit",
			arrange: func(r *rig) {
				r.ahead = ahead
				r.box.Inject(sandbox.Fault{Drop: true, AfterWrite: true, Times: -1})
			},
			want: want{attempts: 3, fails: true, unknown: true, recorded: 1, within: twoWaits}, then: resolves})
	}
	return list
}

// worksOn keeps the service busy with the first request, though its client goes away.
func worksOn(d time.Duration) func(*rig) {
	return func(r *rig) {
		var begun atomic.Bool
		r.front = func(w http.ResponseWriter, q *http.Request, service http.Handler) {
			if begun.Swap(true) {
				service.ServeHTTP(w, q)
				return
			}
			r.box.Inject(sandbox.Fault{Latency: d})
			service.ServeHTTP(w, q.WithContext(context.WithoutCancel(q.Context())))
		}
	}
}
