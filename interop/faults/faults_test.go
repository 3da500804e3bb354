package faults_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/internal/transport"
	"github.com/pacspace/pacspace-go/sandbox"
)

// scene is one row of the fault matrix: what goes wrong with which call, and what has to
// come of it.
type scene struct {
	fault, call string
	choices     []sandbox.Option                      // of the service
	options     []pacspace.Option                     // of the client
	source      func(context.Context) (string, error) // of the API key, nil for the key itself
	arrange     func(*rig)                            // what goes wrong
	opts        []pacspace.CallOption                 // of the call
	longest     bool                                  // each wait is as long as it can be: half a second, then a second
	deadline    time.Duration                         // of the call's context, 0 for none
	want        want
	then        func(*rig, error) // what else must hold afterwards
}

// want is what comes of a call.
type want struct {
	attempts int // as the client counts them
	arrived  int // requests that reached the service, where that is another number
	fails    bool
	unknown  bool
	is, not  []error // of the error
	status   int     // of the APIError, 0 for none
	code     string  // of the APIError, where it has a status
	recorded int     // how often the service did what was asked
	atLeast  time.Duration
	within   time.Duration
}

// none is for want.arrived: no request reached the service.
const none = -1

// TestFaultMatrix holds every call to what it must do under every fault: how often it is
// sent, with which key and body, what its error says, what the service recorded, how long
// it takes, and that nothing is left behind.
//
// Each row runs in a bubble of virtual time, with the sandbox behind net/http's server and
// client over pipes. What pipes cannot show runs on real sockets: see the rows of
// socketScenes.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	rows := slices.Concat(statusScenes(), waitScenes(), connectionScenes(), answerScenes(), keyScenes(), contextScenes())
	seen := map[string]bool{}
	for _, s := range rows {
		name := s.fault + "/" + s.call
		require.False(t, seen[name], "two rows are called %s", name)
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { s.play(t) })
		})
	}
	sockets := socketScenes()
	for _, s := range sockets {
		t.Run(s.fault+"/"+s.call, func(t *testing.T) {
			t.Parallel()
			s.play(t)
		})
	}
	t.Run("ten thousand calls at once/emit", tenThousandEmits)
	t.Logf("%d rows, %d of them on real sockets", len(rows)+len(sockets)+1, len(sockets)+1)
	require.GreaterOrEqual(t, len(rows)+len(sockets), 60)
}

// play runs the row.
func (s scene) play(t *testing.T) {
	a, known := rigCalls[s.call]
	require.True(t, known, "no call is named %s", s.call)
	r := newRig(t, s.choices, s.source, s.options)
	defer r.close()
	if s.arrange != nil {
		s.arrange(r)
	}
	ctx := t.Context()
	if s.longest {
		ctx = transport.WithDraw(ctx, func(n time.Duration) time.Duration { return n - 1 })
	}
	if s.deadline > 0 {
		limited, cancel := context.WithTimeout(ctx, s.deadline)
		defer cancel()
		ctx = limited
	}
	if r.ctx != nil {
		ctx = r.ctx(ctx)
	}
	var told pacspace.Response
	start := time.Now()
	err := a.do(ctx, r.client, append(s.opts, pacspace.WithResponse(&told)))
	took := time.Since(start)
	r.letFinish()

	s.want.hold(t, err)
	require.Equal(t, s.want.attempts, told.Attempts, "attempts: %v", err)
	r.checkRequests(s.want, a, told.IdempotencyKey)
	r.checkObserved(s.want.attempts, err)
	require.GreaterOrEqual(t, took, s.want.atLeast, "%v", err)
	require.LessOrEqual(t, took, s.want.within, "%v", err)
	requireNoSecret(t, err, told, r.observed)
	require.NotContains(t, r.logged(), rigSecret)
	require.Equal(t, s.want.recorded*a.makes, r.recorded(), "what the service holds: %v", err)
	if s.then != nil {
		s.then(r, err)
	}
}

// hold checks an error.
func (w want) hold(t *testing.T, err error) {
	t.Helper()
	if !w.fails {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	require.Equal(t, w.unknown, errors.Is(err, pacspace.ErrOutcomeUnknown), "outcome unknown: %v", err)
	for _, target := range w.is {
		require.ErrorIs(t, err, target)
	}
	for _, target := range w.not {
		require.NotErrorIs(t, err, target)
	}
	api, answered := errors.AsType[*pacspace.APIError](err)
	require.Equal(t, w.status != 0, answered, "an answer: %v", err)
	if answered {
		require.Equal(t, w.status, api.StatusCode, "%v", err)
		require.Equal(t, w.code, api.Code, "%v", err)
	}
	require.NotContains(t, err.Error(), "\n")
}
