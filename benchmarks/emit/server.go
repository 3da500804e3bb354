package main

import (
	"bufio"
	"bytes"
	"net"
	"strconv"
	"sync/atomic"
)

// server speaks just enough HTTP/1.1 to keep a connection alive, and allocates nothing
// for a request: what is counted and timed is the clients'.
type server struct {
	url         string
	listener    net.Listener
	connections atomic.Int64 // accepted so far

	// The first requests are answered when so many of them are there, so that as many
	// connections are.
	together int64
	arrived  atomic.Int64
	gate     chan struct{}
}

// The answers say the same in each API's own form.
var (
	deltaAnswer = answer(`{"success":true,"data":{"recordId":"rec_1","receiptId":"0x7f3a","status":"QUEUED","customerId":"customer_acme","delta":-50,"referenceId":"usage:customer_acme:2026-02-01"}}`)
	meterAnswer = answer(`{"object":"billing.meter_event","created":1769990400,"event_name":"usage","identifier":"usage:customer_acme:2026-02-01","livemode":false,"payload":{"value":"50"},"timestamp":1769904000}`)
)

func answer(body string) []byte {
	return []byte("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// serve starts a server whose first requests wait until so many are there.
func serve(together int) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + l.Addr().String(), listener: l, together: int64(together), gate: make(chan struct{})}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			go s.talk(conn)
		}
	}()
	return s, nil
}

func (s *server) close() { s.listener.Close() }

func (s *server) talk(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		reply, err := read(r)
		if err != nil {
			return
		}
		if n := s.arrived.Add(1); n <= s.together {
			if n == s.together {
				close(s.gate)
			}
			<-s.gate
		}
		if _, err := conn.Write(reply); err != nil {
			return
		}
	}
}

// read takes a request off the connection and says what to answer.
func read(r *bufio.Reader) (reply []byte, err error) {
	length, chunked := int64(0), false
	reply = deltaAnswer
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(line, []byte("POST /v1/billing")) {
			reply = meterAnswer
		}
		if digits, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length = number(digits, 10)
		}
		chunked = chunked || bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked")) // as stripe-go sends
		if len(line) == len("\r\n") {
			break
		}
	}
	if !chunked {
		_, err = r.Discard(int(length))
		return reply, err
	}
	for last := false; !last; {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		length = number(line, 16)
		last = length == 0
		if _, err := r.Discard(int(length) + len("\r\n")); err != nil {
			return nil, err
		}
	}
	return reply, nil
}

func number(digits []byte, base int64) int64 {
	n := int64(0)
	for _, c := range bytes.TrimSpace(digits) {
		d := int64(c - '0')
		if c >= 'a' {
			d = int64(c-'a') + 10
		}
		n = base*n + d
	}
	return n
}
