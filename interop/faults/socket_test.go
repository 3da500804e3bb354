package faults_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// socketScene is a row of the fault matrix on real sockets, for what pipes cannot show:
// resets, TLS, HTTP/2. Its service is a raw TCP server that answers as the row says.
type socketScene struct {
	fault, call string
	serve       func(*socketRig, net.Conn) // one connection
	arrange     func(*socketRig)           // another service than serve
	want        want                       // recorded is how many requests the service had read whole
}

// socketRig is a service on a real socket and a client of it.
type socketRig struct {
	*testing.T
	url  string
	pool *http.Transport

	dialed chan struct{} // one for each connection that the client knows to have

	mu   sync.Mutex
	seen []seenRequest // read whole
	open sync.WaitGroup
}

// tornAnswer is what a service says to an emit.
const tornAnswer = `{"success":true,"data":{"recordId":"rec_1","receiptId":"0xab","status":"QUEUED","customerId":"acme","delta":-52}}`

func socketScenes() []socketScene {
	unknown := want{attempts: 2, fails: true, unknown: true, recorded: 2, within: 10 * time.Second}
	unread := unknown
	unread.recorded = 0
	rows := []socketScene{
		{fault: "nobody listens", arrange: func(r *socketRig) {
			l := r.listen()
			r.url = "http://" + l.Addr().String()
			require.NoError(r, l.Close())
		}, want: want{attempts: 2, fails: true, within: 10 * time.Second}},
		{fault: "reset before the request", serve: func(r *socketRig, c net.Conn) {
			<-r.dialed // an earlier reset would be a refused connection
			reset(c)
		}, want: unread},
		{fault: "reset while the request is read", serve: func(_ *socketRig, c net.Conn) { _, _ = c.Read(make([]byte, 1)); reset(c) }, want: unread},
		{fault: "reset after the request", serve: func(r *socketRig, c net.Conn) { r.read(c); reset(c) }, want: unknown},
		{fault: "closed after the request", serve: func(r *socketRig, c net.Conn) { r.read(c); c.Close() }, want: unknown},
		{fault: "reset in the answer's headers", serve: answersThen("HTTP/1.1 201 Created\r\nContent-Ty", reset), want: unknown},
		{fault: "closed in the answer's body", serve: answersThen("HTTP/1.1 201 Created\r\nContent-Length: 200\r\n\r\n"+tornAnswer, hangUp), want: unknown},
		{fault: "an answer before the request was read", serve: func(_ *socketRig, c net.Conn) {
			_, _ = c.Read(make([]byte, 1))
			_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}, want: want{attempts: 1, fails: true, status: 413, within: 10 * time.Second}},
		{fault: "a port that speaks another protocol", serve: answersThen("220 mail.test ESMTP\r\n", hangUp), want: unknown},
		{fault: "the answer in single bytes", serve: func(r *socketRig, c net.Conn) {
			r.read(c)
			for _, b := range []byte("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + tornAnswer) {
				_, _ = c.Write([]byte{b})
			}
			c.Close()
		}, want: want{attempts: 1, recorded: 1, within: 10 * time.Second}},
		{fault: "redirect to another host", arrange: redirects, want: want{attempts: 1, fails: true, status: 307, recorded: 1, is: []error{pacspace.ErrRedirected}, within: 10 * time.Second}},
		{fault: "redirect to another host", call: "derive", arrange: redirects, want: want{attempts: 1, fails: true, status: 307, recorded: 1, is: []error{pacspace.ErrRedirected}, within: 10 * time.Second}},

		{fault: "TLS: the certificate is not trusted", arrange: secure(func(c *tls.Config) { c.RootCAs = nil }), want: untouched},
		{fault: "TLS: the certificate is of another name", arrange: secure(func(c *tls.Config) { c.ServerName = "other.test" }), want: untouched},
		{fault: "TLS: no common version", arrange: secure(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), want: untouched},
		{fault: "TLS: the service speaks none", arrange: func(r *socketRig) {
			r.url = "https://" + r.start(http.HandlerFunc(r.take)).Listener.Addr().String()
			r.pool.TLSClientConfig = &tls.Config{}
		}, want: untouched},
		{fault: "TLS: the client speaks none", arrange: func(r *socketRig) {
			secure(func(*tls.Config) {})(r)
			r.url = "http://" + r.url[len("https://"):]
		}, want: want{attempts: 1, fails: true, status: 400, within: 10 * time.Second}},

		{fault: "HTTP/2: the stream is reset", arrange: overHTTP2(func(r *socketRig, w http.ResponseWriter, q *http.Request) {
			r.note(q)
			panic(http.ErrAbortHandler)
		}), want: unknown},
		{fault: "HTTP/2: GOAWAY before the work", arrange: overHTTP2((*socketRig).take, goAway),
			want: want{attempts: 1, recorded: 1, within: 10 * time.Second}},
		{fault: "HTTP/2: GOAWAY after the answer", arrange: overHTTP2(func(r *socketRig, w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Connection", "close") // net/http's server says GOAWAY then
			r.take(w, q)
		}), want: want{attempts: 1, recorded: 1, within: 10 * time.Second}},
	}
	for i := range rows {
		if rows[i].call == "" {
			rows[i].call = "emit"
		}
	}
	return rows
}

// untouched is the end of a call that cannot fare better later, and sent nothing.
var untouched = want{attempts: 1, fails: true, within: 10 * time.Second}

func (s socketScene) play(t *testing.T) {
	const most = 16 // connections of one row
	r := &socketRig{T: t, pool: &http.Transport{}, dialed: make(chan struct{}, most)}
	r.pool.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		r.open.Add(1)
		r.dialed <- struct{}{}
		return &countedConn{Conn: c, closed: sync.OnceFunc(r.open.Done)}, nil
	}
	if s.arrange != nil {
		s.arrange(r)
	} else {
		l := r.listen()
		r.url = "http://" + l.Addr().String()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go s.serve(r, c)
			}
		}()
	}
	client, err := pacspace.New(rigKey, pacspace.WithBaseURL(r.url), pacspace.WithHTTPClient(&http.Client{Transport: r.pool}), pacspace.WithMaxRetries(1))
	require.NoError(t, err)
	var told pacspace.Response
	start := time.Now()
	err = rigCalls[s.call].do(t.Context(), client, []pacspace.CallOption{pacspace.WithResponse(&told)})
	require.LessOrEqual(t, time.Since(start), s.want.within)
	s.want.hold(t, err)
	require.Equal(t, s.want.attempts, told.Attempts, "%v", err)
	requireNoSecret(t, err, told)

	r.mu.Lock()
	require.Len(t, r.seen, s.want.recorded)
	for _, q := range r.seen {
		require.Equal(t, r.seen[0], q, "every attempt is the same request")
		require.Equal(t, told.IdempotencyKey, q.key)
	}
	r.mu.Unlock()
	r.pool.CloseIdleConnections()
	left := make(chan struct{})
	go func() { r.open.Wait(); close(left) }()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Fatal("connections are left open")
	}
}

func (r *socketRig) listen() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(r, err)
	r.Cleanup(func() { l.Close() })
	return l
}

// read reads a request whole.
func (r *socketRig) read(c net.Conn) {
	q, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	r.note(q)
}

func (r *socketRig) note(q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, seenRequest{q.Method, q.URL.Path, q.Header.Get("Idempotency-Key"), string(body)})
}

// take does what is asked.
func (r *socketRig) take(w http.ResponseWriter, q *http.Request) {
	r.note(q)
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, tornAnswer)
}

func (r *socketRig) unstarted(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	r.Cleanup(s.Close)
	return s
}

func (r *socketRig) start(h http.Handler) *httptest.Server {
	s := r.unstarted(h)
	s.Start()
	return s
}

// reset ends a connection with RST instead of FIN.
func reset(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

func hangUp(c net.Conn) { c.Close() }

// answersThen reads the request, writes a text and ends the connection.
func answersThen(text string, end func(net.Conn)) func(*socketRig, net.Conn) {
	return func(r *socketRig, c net.Conn) {
		r.read(c)
		_, _ = io.WriteString(c, text)
		end(c)
	}
}

// redirects points to another server, which must not be asked.
func redirects(r *socketRig) {
	var asked atomic.Int64
	other := r.start(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	r.Cleanup(func() { require.Zero(r, asked.Load(), "the other host was asked") })
	r.url = r.start(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.note(q)
		w.Header().Set("Location", other.URL+q.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})).URL
}

// secure is a service over TLS 1.3 that is never reached, because of what change does to
// the client's side.
func secure(change func(*tls.Config)) func(*socketRig) {
	return func(r *socketRig) {
		s := r.unstarted(http.HandlerFunc(r.take))
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
		s.StartTLS()
		r.url = "https://" + s.Listener.Addr().String()
		r.pool.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		change(r.pool.TLSClientConfig)
	}
}

// overHTTP2 is a service over HTTP/2. The first connections are served by first.
func overHTTP2(h func(*socketRig, http.ResponseWriter, *http.Request), first ...func(net.Conn)) func(*socketRig) {
	return func(r *socketRig) {
		s := r.unstarted(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			require.Equal(r, 2, q.ProtoMajor)
			h(r, w, q)
		}))
		s.EnableHTTP2 = true
		l := &forkedListener{Listener: s.Listener, first: first, config: make(chan *tls.Config, 1)}
		s.Listener = l
		s.StartTLS()
		l.config <- s.TLS
		r.url = "https://" + s.Listener.Addr().String()
		r.pool.TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		r.pool.ForceAttemptHTTP2 = true
	}
}

// forkedListener gives the first connections to others than the server.
type forkedListener struct {
	net.Listener
	first  []func(net.Conn)
	config chan *tls.Config // of the server, once it has started
}

func (l *forkedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || len(l.first) == 0 {
			return c, err
		}
		next := l.first[0]
		l.first = l.first[1:]
		go func() { next(tls.Server(c, <-l.config)) }()
	}
}

// goAway speaks HTTP/2 as far as it takes to refuse the first request: the settings, and
// after the request's headers a GOAWAY whose last processed stream is none.
//
// Source: RFC 9113, sections 4.1, 6.5 and 6.8.
func goAway(c net.Conn) {
	defer c.Close()
	const preface, frameHeader, headers, settings, goaway = 24, 9, 1, 4, 7
	frame := func(kind byte, payload []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
		return append(append(b, 0, 0, 0, 0, 0), payload...)
	}
	r := bufio.NewReader(c)
	_, _ = c.Write(frame(settings, nil))
	_, _ = r.Discard(preface)
	for head := make([]byte, frameHeader); ; {
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		if _, err := r.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2])); err != nil {
			return
		}
		if head[3] == headers {
			_, _ = c.Write(frame(goaway, make([]byte, 8)))
			_, _ = io.Copy(io.Discard, r) // until the client hangs up
			return
		}
	}
}
