package faults_test

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// contextScenes are calls that their caller ends, at each point of their way.
func contextScenes() []scene {
	sealed := errors.New("vault is sealed")
	return []scene{
		{fault: "cancelled before", call: "emit", arrange: cancelledAfter(0),
			want: want{attempts: 0, arrived: none, fails: true, is: []error{context.Canceled}}, then: wasNotSent},
		{fault: "cancelled before", call: "derive", arrange: cancelledAfter(0),
			want: want{attempts: 0, arrived: none, fails: true, is: []error{context.Canceled}}},
		{fault: "deadline before", call: "emit", deadline: time.Nanosecond, arrange: func(*rig) { time.Sleep(time.Second) },
			source: slowKey,
			want:   want{attempts: 0, arrived: none, fails: true, is: []error{context.DeadlineExceeded, pacspace.ErrTimeout}, within: time.Second}, then: wasNotSent},
		{fault: "cancelled while the service works", call: "emit",
			arrange: both(cancelledAfter(5*time.Second), fails(sandbox.Fault{Latency: time.Minute})),
			want:    want{attempts: 1, fails: true, unknown: true, is: []error{context.Canceled}, not: []error{pacspace.ErrTimeout}, within: 5 * time.Second}, then: resolves},
		{fault: "cancelled while the answer comes", call: "emit",
			arrange: both(cancelledAfter(5*time.Second), fails(sandbox.Fault{Stall: time.Minute})),
			want:    want{attempts: 1, fails: true, unknown: true, is: []error{context.Canceled}, recorded: 1, within: 5 * time.Second}, then: resolves},
		{fault: "cancelled while the service works", call: "derive",
			arrange: both(cancelledAfter(5*time.Second), fails(sandbox.Fault{Latency: time.Minute})),
			want:    want{attempts: 1, fails: true, is: []error{context.Canceled}, within: 5 * time.Second}},
		{fault: "cancelled between attempts", call: "emit",
			arrange: both(cancelledAfter(100*time.Millisecond), fails(sandbox.Fault{Status: 503, Times: -1})),
			want: want{attempts: 1, fails: true, unknown: true, status: 503, code: "SERVICE_UNAVAILABLE",
				is: []error{context.Canceled, pacspace.ErrUnavailable}, within: 100 * time.Millisecond}, then: resolves},
		{fault: "cancelled between attempts, refused before", call: "emit",
			arrange: both(cancelledAfter(100*time.Millisecond), fails(sandbox.Fault{Status: 429, Times: -1})),
			want: want{attempts: 1, fails: true, status: 429, code: "RATE_LIMITED",
				is: []error{context.Canceled, pacspace.ErrRateLimited}, within: 100 * time.Millisecond}},
		{fault: "cancelled while it is in progress", call: "emit",
			arrange: both(cancelledAfter(2500*time.Millisecond), fails(sandbox.Fault{Pending: true, Times: -1})),
			want: want{attempts: 3, fails: true, unknown: true, status: 202, code: "IDEMPOTENCY_PENDING",
				is: []error{context.Canceled, pacspace.ErrIdempotencyPending}, recorded: 1, within: 2500 * time.Millisecond}, then: resolves},
		{fault: "cancelled after a first answer, during a second attempt", call: "emit",
			arrange: both(cancelledAfter(5*time.Second), fails(sandbox.Fault{Status: 429}, sandbox.Fault{Latency: time.Minute})),
			want: want{attempts: 2, fails: true, unknown: true, status: 429, code: "RATE_LIMITED",
				is: []error{context.Canceled, pacspace.ErrRateLimited}, within: 5 * time.Second}, then: resolves},
		{fault: "cancelled after", call: "emit", arrange: cancelledAfter(time.Second),
			want: want{attempts: 1, recorded: 1}, then: func(r *rig, err error) {
				time.Sleep(2 * time.Second)
				require.Equal(r, 1, r.recorded())
			}},
		{fault: "answer after the caller gave up", call: "emit", deadline: 10 * time.Second,
			arrange: fails(sandbox.Fault{Latency: 20 * time.Second, AfterWrite: true}),
			want: want{attempts: 1, fails: true, unknown: true, is: []error{context.DeadlineExceeded, pacspace.ErrTimeout},
				recorded: 1, atLeast: 10 * time.Second, within: 10 * time.Second}, then: resolves},
		{fault: "no answer within the attempt's own limit", call: "emit", opts: []pacspace.CallOption{pacspace.WithAttemptTimeout(2 * time.Second)},
			arrange: fails(sandbox.Fault{Latency: time.Hour, AfterWrite: true, Times: -1}),
			want: want{attempts: 3, fails: true, unknown: true, is: []error{context.DeadlineExceeded, pacspace.ErrTimeout},
				recorded: 1, atLeast: 6 * time.Second, within: 6*time.Second + twoWaits}, then: resolves},
		{fault: "the client is closed", call: "emit", arrange: func(r *rig) { require.NoError(r, r.client.Close()) },
			want: want{attempts: 0, arrived: none, fails: true, is: []error{pacspace.ErrClientClosed}}},
		{fault: "the client is closed", call: "derive", arrange: func(r *rig) { require.NoError(r, r.client.Close()) },
			want: want{attempts: 0, arrived: none, fails: true, is: []error{pacspace.ErrClientClosed}}},
		{fault: "the client is closed while the service works", call: "emit",
			arrange: both(fails(sandbox.Fault{Latency: 10 * time.Second}), func(r *rig) {
				time.AfterFunc(5*time.Second, func() { _ = r.client.Close() })
			}),
			want: want{attempts: 1, recorded: 1, within: 10 * time.Second}},
		{fault: "the key source fails", call: "emit",
			source: func(context.Context) (string, error) { return "", sealed },
			want:   want{attempts: 0, arrived: none, fails: true, is: []error{sealed}}, then: wasNotSent},
	}
}

// slowKey is a key that takes a second to fetch.
func slowKey(context.Context) (string, error) {
	time.Sleep(time.Second)
	return rigKey, nil
}

// cancelledAfter cancels the call's context.
func cancelledAfter(d time.Duration) func(*rig) {
	return func(r *rig) {
		r.ctx = func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancel(ctx)
			if d == 0 {
				cancel()
			} else {
				timer := time.AfterFunc(d, cancel)
				r.Cleanup(func() { timer.Stop(); cancel() })
			}
			return ctx
		}
	}
}

func both(first, second func(*rig)) func(*rig) {
	return func(r *rig) {
		first(r)
		second(r)
	}
}
