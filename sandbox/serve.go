package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// TB is what [Start] needs of a test; *testing.T, *testing.B and *testing.F have it.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Server is a sandbox behind a real HTTP server on this machine's loopback.
type Server struct {
	*Sandbox
	URL  string // http://127.0.0.1 and a port
	Key  string // the first pk_test_ key
	http *http.Server
	done chan error
}

// Start serves a sandbox for the time of a test, which fails if it cannot.
func Start(tb TB, opts ...Option) *Server {
	tb.Helper()
	s, err := New(opts...)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	srv, err := s.Listen("127.0.0.1:0")
	if err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(func() {
		if err := srv.Close(); err != nil {
			tb.Fatalf("%v", err)
		}
	})
	return srv
}

// Listen serves the sandbox at an address such as localhost:8080 until the server is
// closed.
func (s *Sandbox) Listen(address string) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("sandbox: listen: %w; choose another address", err)
	}
	const headerTimeout = 10 * time.Second
	srv := &Server{
		Sandbox: s,
		URL:     "http://" + l.Addr().String(),
		Key:     s.Key(Test),
		http:    &http.Server{Handler: s, ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)},
		done:    make(chan error, 1),
	}
	go func() { srv.done <- srv.http.Serve(l) }()
	return srv, nil
}

// Close ends the server and its connections, requests under way included, and closes the
// sandbox.
func (srv *Server) Close() error {
	err := srv.http.Close()
	if served := <-srv.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, srv.Sandbox.Close())
}

// Format prints the address alone, so that no key is ever printed.
func (srv Server) Format(f fmt.State, _ rune) { io.WriteString(f, "sandbox.Server "+srv.URL) }

// LogValue keeps keys out of logs.
func (srv Server) LogValue() slog.Value { return slog.StringValue("sandbox.Server " + srv.URL) }

// MarshalJSON keeps keys out of JSON.
func (srv Server) MarshalJSON() ([]byte, error) { return json.Marshal("sandbox.Server " + srv.URL) }
