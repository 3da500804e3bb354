package faults_test

import (
	"net/http"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/sandbox"
)

// The longest that a call takes for its waits alone: the first retry comes after at most
// half a second, the second after at most a second more.
const (
	oneWait  = 500 * time.Millisecond
	twoWaits = 1500 * time.Millisecond
)

// transient are the statuses after which a call is sent again, with what the error of the
// last one means, and whether a write may have been done in spite of it.
var transient = []struct {
	status  int
	code    string
	means   error
	unknown bool
}{
	{408, "", pacspace.ErrTimeout, true},
	{425, "", nil, false},
	{429, "RATE_LIMITED", pacspace.ErrRateLimited, false},
	{500, "", pacspace.ErrUnavailable, true},
	{502, "", pacspace.ErrUnavailable, true},
	{503, "SERVICE_UNAVAILABLE", pacspace.ErrUnavailable, true},
	{504, "", pacspace.ErrTimeout, true},
}

func statusScenes() []scene {
	var list []scene
	for _, s := range transient {
		name := strconv.Itoa(s.status)
		var is []error
		if s.means != nil {
			is = []error{s.means}
		}
		for _, call := range []string{"emit", "batch", "checkpoint", "derive", "compare"} {
			write, makes := rigCalls[call].keyed, min(rigCalls[call].makes, 1)
			list = append(list,
				scene{
					fault: name + " once", call: call,
					arrange: fails(sandbox.Fault{Status: s.status}),
					want:    want{attempts: 2, recorded: makes, atLeast: 250 * time.Millisecond, within: oneWait},
				},
				scene{
					fault: name + " always", call: call,
					arrange: fails(sandbox.Fault{Status: s.status, Times: -1}),
					want:    want{attempts: 3, fails: true, unknown: write && s.unknown, status: s.status, code: s.code, is: is, within: twoWaits},
				})
		}
		if s.unknown {
			list = append(list, scene{
				fault: name + " always, after the work", call: "emit",
				arrange: fails(sandbox.Fault{Status: s.status, Times: -1, AfterWrite: true}),
				want:    want{attempts: 3, fails: true, unknown: true, status: s.status, code: s.code, is: is, recorded: 1, within: twoWaits},
				then:    resolves,
			})
		}
	}
	return append(list, append(refusalScenes(), unkeyedScenes()...)...)
}

// refusalScenes are definite answers, alone and after others.
func refusalScenes() []scene {
	var list []scene
	for status, code := range map[int]string{
		400: "", 401: "INVALID_API_KEY", 402: "INSUFFICIENT_CREDITS", 403: "", 404: "NOT_FOUND",
		405: "", 412: "CONTRACT_NOT_DEPLOYED", 413: "", 422: "", 501: "",
	} {
		list = append(list, scene{
			fault: strconv.Itoa(status) + " is final", call: "emit",
			arrange: fails(sandbox.Fault{Status: status, Times: -1}),
			want:    want{attempts: 1, fails: true, status: status, code: code},
			then: func(r *rig, err error) {
				require.True(r, pacspace.Refused(err))
			},
		})
	}
	// After an attempt that may have been processed nothing that a later one is told makes
	// the outcome known.
	for _, first := range []struct {
		name     string
		fault    sandbox.Fault
		unknown  bool
		recorded int
	}{
		{"cut before the work", sandbox.Fault{Drop: true}, true, 0},
		{"cut after the work", sandbox.Fault{Drop: true, AfterWrite: true}, true, 1},
		{"503", sandbox.Fault{Status: 503}, true, 0},
		{"429", sandbox.Fault{Status: 429}, false, 0},
	} {
		for _, second := range []struct {
			status int
			code   string
		}{{401, "INVALID_API_KEY"}, {402, "INSUFFICIENT_CREDITS"}, {409, ""}, {429, "CADENCE_LIMIT"}} {
			list = append(list, scene{
				fault: first.name + ", then " + strconv.Itoa(second.status), call: "emit",
				arrange: fails(first.fault, sandbox.Fault{Status: second.status, Code: second.code, Times: -1}),
				want: want{
					attempts: 2, fails: true, unknown: first.unknown, status: second.status, code: second.code,
					recorded: first.recorded, within: oneWait,
				},
				then: func(r *rig, err error) {
					require.Equal(r, !first.unknown && second.status != 409, pacspace.Refused(err))
					resolves(r, err)
				},
			})
		}
	}
	return append(list, scene{
		fault: "the key is revoked between two attempts", call: "emit",
		arrange: func(r *rig) {
			first := true
			r.front = func(w http.ResponseWriter, q *http.Request, service http.Handler) {
				if first {
					first = false
					r.box.RevokeKey(rigKey)
					w.WriteHeader(http.StatusTooManyRequests)
					return
				}
				service.ServeHTTP(w, q)
			}
		},
		want: want{attempts: 2, fails: true, status: 401, code: "INVALID_API_KEY", is: []error{pacspace.ErrUnauthorized}, within: oneWait},
	})
}

// unkeyedScenes are the writes for which the service documents no key.
func unkeyedScenes() []scene {
	down := fails(sandbox.Fault{Status: 503, Times: -1, AfterWrite: true})
	const code = "SERVICE_UNAVAILABLE"
	once := want{attempts: 1, fails: true, unknown: true, status: 503, code: code, recorded: 1}
	thrice := want{attempts: 3, fails: true, unknown: true, status: 503, code: code, recorded: 1, within: twoWaits}
	return []scene{
		{fault: "503 always, after the work", call: "customer", arrange: down, want: once},
		{fault: "503 always, after the work", call: "post", arrange: down, want: once},
		{fault: "503 always, after the work", call: "unreferenced emit", arrange: down, want: once},
		{fault: "503 always, after the work, with a key", call: "post", arrange: down, want: thrice,
			opts: []pacspace.CallOption{pacspace.WithIdempotencyKey("mine")}},
		{fault: "503 always, after the work, with a key", call: "unreferenced emit", arrange: down, want: thrice,
			opts: []pacspace.CallOption{pacspace.WithIdempotencyKey("mine")}},
		{fault: "503 always, before the work", call: "named customer", arrange: fails(sandbox.Fault{Status: 503, Times: -1}),
			want: want{attempts: 3, fails: true, unknown: true, status: 503, code: code, within: twoWaits}},
		{fault: "cut once, after the work", call: "named customer", arrange: fails(sandbox.Fault{Drop: true, AfterWrite: true}),
			want: want{attempts: 2, fails: true, unknown: true, status: 409, code: "CUSTOMER_EXISTS", recorded: 1, within: oneWait}},
		{fault: "cut once, after the work", call: "customer", arrange: fails(sandbox.Fault{Drop: true, AfterWrite: true}),
			want: want{attempts: 1, fails: true, unknown: true, recorded: 1}},
	}
}

// fails injects faults, the first one first.
func fails(faults ...sandbox.Fault) func(*rig) {
	return func(r *rig) {
		for _, f := range faults {
			r.box.Inject(f)
		}
	}
}

// resolves asks what became of the delta of emit, once the fault is over.
func resolves(r *rig, err error) {
	if pacspace.Refused(err) {
		return
	}
	r.box.ClearFaults()
	r.front, r.seen = nil, nil
	held := r.recorded()
	d, err := r.client.Balance.Resolve(r.Context(), pacspace.ResolveParams{Delta: rigDelta("acme", 2), FirstSent: time.Now().Add(-time.Minute)})
	require.NoError(r, err)
	require.NotEmpty(r, d.RecordID)
	require.Equal(r, 1, r.recorded(), "the delta is recorded once")
	require.Equal(r, 1-held, r.posts(), "it is sent again only where it is not found")
}
