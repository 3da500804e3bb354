package faults_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

var errConnectionRefused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

// connectionScenes are connections that fail, at each point of a request's way.
func connectionScenes() []scene {
	var list []scene
	add := func(s scene) { list = append(list, s) }

	// Before anything is sent.
	for _, call := range []string{"emit", "batch", "derive"} {
		makes := min(rigCalls[call].makes, 1)
		add(scene{fault: "connection refused once", call: call, arrange: refuses(1, errConnectionRefused),
			want: want{attempts: 2, arrived: 1, recorded: makes, within: oneWait}})
		add(scene{fault: "connection refused always", call: call, arrange: refuses(-1, errConnectionRefused),
			want: want{attempts: 3, arrived: none, fails: true, within: twoWaits}, then: wasNotSent})
	}
	add(scene{fault: "host name not found", call: "emit", arrange: refuses(-1, &net.DNSError{Err: "no such host", Name: "localhost", IsNotFound: true}),
		want: want{attempts: 1, arrived: none, fails: true}, then: wasNotSent})
	add(scene{fault: "name server down", call: "emit", arrange: refuses(-1, &net.DNSError{Err: "server misbehaving", Name: "localhost", IsTemporary: true}),
		want: want{attempts: 3, arrived: none, fails: true, within: twoWaits}, then: wasNotSent})
	add(scene{fault: "connecting takes too long", call: "emit", options: []pacspace.Option{pacspace.WithAttemptTimeout(2 * time.Second)},
		arrange: func(r *rig) {
			r.dial = func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }
		},
		want: want{attempts: 3, arrived: none, fails: true, is: []error{pacspace.ErrTimeout}, atLeast: 6 * time.Second, within: 6*time.Second + twoWaits}, then: wasNotSent})
	add(scene{fault: "the proxy refuses", call: "emit", options: []pacspace.Option{pacspace.WithBaseURL("https://service.test")},
		arrange: func(r *rig) {
			r.pool.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.test"})
		},
		want: want{attempts: 3, arrived: none, fails: true, within: twoWaits}, then: wasNotSent})

	// After it was sent, or while it was answered.
	for _, cut := range []struct {
		name     string
		fault    sandbox.Fault
		recorded int
	}{
		{"connection lost before the work", sandbox.Fault{Drop: true}, 0},
		{"connection lost after the work", sandbox.Fault{Drop: true, AfterWrite: true}, 1},
		{"answer cut before its body", sandbox.Fault{Cut: new(0)}, 1},
		{"answer cut in its body", sandbox.Fault{Cut: new(20)}, 1},
	} {
		for _, call := range []string{"emit", "batch", "checkpoint", "derive"} {
			write, makes := rigCalls[call].keyed, min(rigCalls[call].makes, 1)
			always := cut.fault
			always.Times = -1
			w := want{attempts: 3, fails: true, unknown: write, recorded: makes * cut.recorded, within: twoWaits}
			var then func(*rig, error)
			if call == "emit" {
				then = resolves
			}
			add(scene{fault: cut.name + " once", call: call, arrange: fails(cut.fault),
				want: want{attempts: 2, recorded: makes, within: oneWait}})
			add(scene{fault: cut.name + " always", call: call, arrange: fails(always), want: w, then: then})
		}
	}
	for name, part := range map[string]string{
		"answer cut in its status line": "HTTP/1.1 20",
		"answer cut in its headers":     "HTTP/1.1 201 Created\r\nContent-Le",
		"answer cut in a chunk":         "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"success\"",
		"answer that is not HTTP":       "SSH-2.0-OpenSSH_9.6\r\n",
	} {
		add(scene{fault: name + " always", call: "emit", arrange: tornInto(part),
			want: want{attempts: 3, fails: true, unknown: true, recorded: 1, within: twoWaits}, then: resolves})
	}

	// Slow ones. 30 seconds is what an attempt may take.
	const threeAttempts = 90 * time.Second
	for _, slow := range []struct {
		name     string
		fault    sandbox.Fault
		recorded int
	}{
		{"no answer and no work", sandbox.Fault{Latency: time.Hour, Times: -1}, 0},
		{"no answer", sandbox.Fault{Latency: time.Hour, Times: -1, AfterWrite: true}, 1},
		{"answer slower than the time limit in its body", sandbox.Fault{Stall: time.Hour, Times: -1}, 1},
	} {
		add(scene{fault: slow.name, call: "emit", arrange: fails(slow.fault), then: resolves, want: want{
			attempts: 3, fails: true, unknown: true, is: []error{context.DeadlineExceeded}, recorded: slow.recorded,
			atLeast: threeAttempts, within: threeAttempts + twoWaits,
		}})
		add(scene{fault: slow.name, call: "derive", arrange: fails(slow.fault), want: want{
			attempts: 3, fails: true, is: []error{context.DeadlineExceeded},
			atLeast: threeAttempts, within: threeAttempts + twoWaits,
		}})
	}
	add(scene{fault: "answer just within the time limit", call: "emit", arrange: fails(sandbox.Fault{Latency: 29 * time.Second, AfterWrite: true}),
		want: want{attempts: 1, recorded: 1, atLeast: 29 * time.Second, within: 29 * time.Second}})

	// net/http repeats a request by itself where a connection that was idle turns out to be
	// dead, if its key says that it may: the same request with the same key.
	add(scene{fault: "an idle connection is dead", call: "emit", arrange: func(r *rig) {
		_, err := r.client.Balance.Limits(r.Context())
		require.NoError(r, err)
		r.seen, r.observed = nil, nil
		r.box.Inject(sandbox.Fault{Drop: true, AfterWrite: true})
	}, want: want{attempts: 1, arrived: 2, recorded: 1}})
	add(scene{fault: "an idle connection is dead", call: "customer", arrange: func(r *rig) {
		_, err := r.client.Balance.Limits(r.Context())
		require.NoError(r, err)
		r.seen, r.observed = nil, nil
		r.box.Inject(sandbox.Fault{Drop: true, AfterWrite: true})
	}, want: want{attempts: 1, fails: true, unknown: true, recorded: 1}})
	return list
}

// refuses lets the first n connections fail, or all for a negative n.
func refuses(n int, err error) func(*rig) {
	return func(r *rig) {
		r.dial = func(_ context.Context, i int) error {
			if n < 0 || i <= n {
				return err
			}
			return nil
		}
	}
}

// tornInto lets the service do its work, and sends part of an answer instead of its own.
func tornInto(part string) func(*rig) {
	return func(r *rig) {
		r.front = func(w http.ResponseWriter, q *http.Request, service http.Handler) {
			service.ServeHTTP(discardAnswer{}, q)
			hijack(r, w, part)
		}
	}
}

// hijack writes to the connection and closes it.
func hijack(r *rig, w http.ResponseWriter, part string) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		r.Errorf("%v", err)
		return
	}
	_, _ = io.WriteString(c, part)
	c.Close()
}

// discardAnswer is an answer that gets lost.
type discardAnswer struct{}

func (discardAnswer) Header() http.Header         { return http.Header{} }
func (discardAnswer) Write(b []byte) (int, error) { return len(b), nil }
func (discardAnswer) WriteHeader(int)             {}

// wasNotSent holds an error to what the caller may conclude: nothing was sent, so the same
// call with the same key is right.
func wasNotSent(r *rig, err error) {
	var e *pacspace.TransportError
	require.ErrorAs(r, err, &e)
	require.False(r, pacspace.Refused(err))
}
