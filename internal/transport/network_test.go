package transport_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/internal/transport"
)

// The tests of this file use real sockets, for what pipes cannot show. They make one
// attempt, so that no wait costs time.

// listen serves each connection with f.
func listen(t *testing.T, f func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f(c.(*net.TCPConn))
		}
	}()
	return l.Addr().String()
}

// reset closes with RST instead of FIN.
func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	c.Close()
}

func readRequest(c *net.TCPConn) {
	b := make([]byte, 4096)
	_, _ = c.Read(b)
}

func once(t *testing.T, pool *http.Transport, u url.URL, write bool) *transport.Call {
	t.Helper()
	t.Cleanup(pool.CloseIdleConnections)
	c := newRead()
	if write {
		c = newWrite()
	}
	c.URL, c.MaxRetries = u, 0
	transport.NewSender(&http.Client{Transport: pool}).Do(t.Context(), c)
	return c
}

func TestCutsOnRealSockets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		serve  func(*net.TCPConn)
		status int
	}{
		"reset while the request is read": {func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1)); reset(c) }, 0},
		"reset after it is read":          {func(c *net.TCPConn) { readRequest(c); reset(c) }, 0},
		"closed after it is read":         {func(c *net.TCPConn) { readRequest(c); c.Close() }, 0},
		"reset in the headers": {func(c *net.TCPConn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 201 Created\r\nContent-")
			reset(c)
		}, 0},
		"closed in the body": {func(c *net.TCPConn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"success\":")
			c.Close()
		}, 201},
		"an answer that is no HTTP": {func(c *net.TCPConn) {
			readRequest(c)
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n")
			c.Close()
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := once(t, &http.Transport{}, url.URL{Scheme: "http", Host: listen(t, c.serve), Path: "/x"}, true)
			require.Error(t, call.Err)
			require.Equal(t, c.status, call.Status)
			require.True(t, call.Unknown, "the service may have processed it: %v", call.Err)
		})
	}
	t.Run("a port where nobody listens", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		l.Close()
		call := once(t, &http.Transport{}, url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/x"}, true)
		require.Error(t, call.Err)
		require.False(t, call.Unknown)
	})
}

func TestATLSFailureSendsNothingAndIsNotRetried(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	count := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	secure := httptest.NewUnstartedServer(count)
	secure.Config.ErrorLog = quiet
	secure.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(count)
	t.Cleanup(plain.Close)
	trust := secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs

	for name, c := range map[string]struct {
		server *httptest.Server
		config *tls.Config
	}{
		"a certificate that is not trusted":  {secure, &tls.Config{}},
		"a certificate of another name":      {secure, &tls.Config{RootCAs: trust, ServerName: "other.test"}},
		"a version that the server refuses":  {secure, &tls.Config{RootCAs: trust, MaxVersion: tls.VersionTLS12}},
		"a server that speaks no TLS at all": {plain, &tls.Config{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := newWrite()
			call.URL = url.URL{Scheme: "https", Host: c.server.Listener.Addr().String(), Path: "/x"}
			pool := &http.Transport{TLSClientConfig: c.config}
			t.Cleanup(pool.CloseIdleConnections)
			transport.NewSender(&http.Client{Transport: pool}).Do(t.Context(), call)
			require.Error(t, call.Err)
			require.Equal(t, 1, call.Attempts, "%v", call.Err)
			require.False(t, call.Unknown, "%v", call.Err)
		})
	}
	t.Cleanup(func() { require.Zero(t, requests.Load()) })
}

func TestAProxyThatRefusesSendsNothing(t *testing.T) {
	t.Parallel()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	call := once(t, &http.Transport{Proxy: http.ProxyURL(at)}, url.URL{Scheme: "https", Host: "service.test", Path: "/x"}, true)
	require.Error(t, call.Err)
	require.False(t, call.Unknown)
}

func TestOverHTTP2(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.ProtoMajor != 2 {
			t.Error("not HTTP/2")
		}
		switch r.URL.Path {
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/goaway":
			w.Header().Set("Connection", "close") // the server says GOAWAY after this answer
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.Copy(w, r.Body)
	}))
	server.Config.ErrorLog = quiet
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	pool := server.Client().Transport.(*http.Transport)
	at := url.URL{Scheme: "https", Host: server.Listener.Addr().String()}

	at.Path = "/abort"
	call := once(t, pool, at, true)
	require.Error(t, call.Err)
	require.True(t, call.Unknown, "a stream that was reset had been sent")

	at.Path = "/goaway"
	for range 5 {
		call = once(t, pool, at, true)
		require.NoError(t, call.Err)
		require.Equal(t, 201, call.Status)
		require.Equal(t, body, string(call.Answer))
		require.False(t, call.Unknown)
	}
	require.EqualValues(t, 6, seen.Load())
}

// A burst queues for the default client's connections instead of using up the files of
// the process.
//
// It runs alone: it would take the time of the tests beside it.
func TestTenThousandCallsAtOnce(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{}`)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	s := transport.NewSender(nil)
	t.Cleanup(s.Close)
	const calls = 10_000
	var done atomic.Int64
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			c := newWrite()
			c.URL = url.URL{Scheme: "http", Host: server.Listener.Addr().String(), Path: "/x"}
			c.AttemptTimeout = time.Minute
			s.Do(t.Context(), c)
			if c.Err == nil && c.Status == 201 && c.Attempts == 1 {
				done.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, calls, done.Load())
	// At most 256 at once; a lost one is replaced, so there may be some more in all.
	require.Less(t, connections.Load(), int64(2*256))
}
