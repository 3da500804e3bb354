package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver of the store

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/benchmarks/internal/rounds"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sqlstore"
	"github.com/pacspace/pacspace-go/webhook"
)

const (
	nameStore   = "store alone: Receive, grouped"
	nameHandler = "handler over HTTP"
)

// measureHandler compares an agent's handler, as connections see it, with what the store
// below it takes from as many goroutines. Both store every event durably in SQLite, and
// events that arrive at once share a commit.
func measureHandler(ctx context.Context, times, events, callers int) error {
	dir, err := os.MkdirTemp("", "pacspace-webhook-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "agent.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := sqlstore.OpenSQLite(ctx, db, pacspace.EnvironmentTest)
	if err != nil {
		return err
	}
	defer store.Close()
	agentStore, err := store.Agent(ctx)
	if err != nil {
		return err
	}
	client, err := pacspace.New("pk_test_benchmark.0123456789abcdef", pacspace.WithBaseURL("http://127.0.0.1:1"))
	if err != nil {
		return err
	}
	defer client.Close()
	agent, err := reconcile.New(client, agentStore)
	if err != nil {
		return err
	}
	address, stop, err := serve(agent)
	if err != nil {
		return err
	}
	defer stop()

	serial := 0
	next := func() []byte {
		serial++
		return bytes.Replace(ourEvent(), []byte(`"evt_1"`), fmt.Appendf(nil, `"evt_%09d"`, serial), 1)
	}
	results, err := rounds.Run(times, []string{nameStore, nameHandler}, func(name string) (float64, error) {
		// Made and signed before the clock runs: that is the service's work and not ours.
		bodies := make([][]byte, events)
		for i := range bodies {
			if bodies[i] = next(); name == nameHandler {
				bodies[i] = request(address, bodies[i])
			}
		}
		if name == nameStore {
			return rate(bodies, callers, func() (func([]byte) error, error) {
				return func(body []byte) error {
					event, err := webhook.ParseEvent(body)
					if err != nil {
						return err
					}
					return agent.Receive(ctx, event)
				}, nil
			})
		}
		return rate(bodies, callers, func() (func([]byte) error, error) { return connect(address) })
	})
	if err != nil {
		return err
	}
	self := func(r float64) float64 { return r }
	fmt.Printf("%d deliveries a round, %d at once, %d rounds, SQLite (modernc), every commit synced; the client's share is in it\n\n", events, callers, times)
	results.Print(os.Stdout, rounds.Column[float64]{Title: "events a second", Of: self})
	fmt.Printf("\n| ratio | reached | to reach |\n|---|---|---|\n| %s / %s | %.2f | at least 0.5 |\n", nameHandler, nameStore, results.Ratio(nameHandler, nameStore, self))
	return nil
}

// rate is how many events a second go through, from so many goroutines, each with a way of
// its own.
func rate(events [][]byte, callers int, open func() (func([]byte) error, error)) (float64, error) {
	var (
		group  sync.WaitGroup
		failed = make(chan error, callers)
		taken  atomic.Int64
		ways   = make([]func([]byte) error, callers)
	)
	for i := range ways {
		var err error
		if ways[i], err = open(); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	for _, one := range ways {
		group.Go(func() {
			for {
				i := int(taken.Add(1)) - 1
				if i >= len(events) {
					return
				}
				if err := one(events[i]); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	close(failed)
	return float64(len(events)) / took.Seconds(), <-failed
}

// serve runs the handler on a loopback address.
func serve(agent *reconcile.Agent) (address string, stop func(), err error) {
	verifier, err := webhook.NewVerifier([]string{secret})
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: agent.Handler(verifier), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	return listener.Addr().String(), func() { server.Close() }, nil
}

// request is a delivery as it goes over the wire.
func request(address string, body []byte) []byte {
	h := webhook.Sign(secret, time.Now(), body)
	h.Set("Content-Type", "application/json")
	h.Set(webhook.EventHeader, "delta.verified")
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /hooks/pacspace HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", address, len(body))
	_ = h.Write(&b) // to memory
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// connect opens a connection and returns what posts on it and waits for a 200.
func connect(address string) (func([]byte) error, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	answers := bufio.NewReader(conn)
	return func(request []byte) error {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		status, err := answers.ReadString('\n')
		if err != nil {
			return err
		}
		if status != "HTTP/1.1 200 OK\r\n" {
			return fmt.Errorf("answered %q", status)
		}
		for { // an answer has no body
			line, err := answers.ReadSlice('\n')
			if err != nil {
				return err
			}
			if len(line) == len("\r\n") {
				return nil
			}
		}
	}, nil
}
