package faults_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// loadService accepts every delta, and counts keys and connections.
type loadService struct {
	*httptest.Server
	keys        sync.Map
	requests    atomic.Int64
	connections atomic.Int64
}

func newLoadService(t *testing.T) *loadService {
	s := &loadService{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.keys.Store(r.Header.Get("Idempotency-Key"), true)
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"success":true,"data":{"recordId":"rec_1","status":"QUEUED","delta":-1}}`)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// emitMany emits deltas from a number of goroutines, each with a reference of its own.
func (s *loadService) emitMany(t *testing.T, goroutines, each int) {
	t.Helper()
	client, err := pacspace.New(rigKey, pacspace.WithBaseURL(s.URL), pacspace.WithAttemptTimeout(time.Minute), pacspace.WithMaxRetries(0))
	require.NoError(t, err)
	defer client.Close()
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				_, err := client.Balance.Emit(t.Context(), pacspace.DeltaParams{
					CustomerID: "acme", Delta: pacspace.NewDecimal(-1), Reason: "r", ReferenceID: fmt.Sprintf("%d-%d", g, i),
				})
				if err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		require.NoError(t, *err)
	}
	require.EqualValues(t, goroutines*each, s.requests.Load(), "each was sent once")
	keys := 0
	s.keys.Range(func(any, any) bool { keys++; return true })
	require.Equal(t, goroutines*each, keys)
}

// tenThousandEmits is a row of the fault matrix: a burst queues for connections instead
// of using up the files of the process.
func tenThousandEmits(t *testing.T) {
	s := newLoadService(t)
	s.emitMany(t, 10_000, 1)
	// At most 256 at once; a lost one is replaced, so there may be some more in all.
	require.Less(t, s.connections.Load(), int64(2*256))
}

// Goroutines that share a client reuse its connections, and wait for no lock of the SDK.
//
// It runs alone: the profile is the whole process's.
func TestManyGoroutinesShareOneClient(t *testing.T) {
	before := runtime.SetMutexProfileFraction(1)
	defer runtime.SetMutexProfileFraction(before)
	s := newLoadService(t)
	const goroutines = 64
	s.emitMany(t, goroutines, 50)
	// net/http may dial one more for a call that waits, and use whichever is free first.
	require.LessOrEqual(t, s.connections.Load(), int64(2*goroutines), "connections are reused")

	var b strings.Builder
	require.NoError(t, pprof.Lookup("mutex").WriteTo(&b, 1))
	for sample := range strings.SplitSeq(b.String(), "\n\n") {
		require.NotRegexp(t, `sync\.\(\*(RW)?Mutex\)\.R?Unlock\+[^\n]*\n#[^\n]*github\.com/pacspace/pacspace-go(/internal/[a-z]+)?\.`, sample)
	}
}
