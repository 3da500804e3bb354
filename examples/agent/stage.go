package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver of the stores

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/metering"
	"github.com/pacspace/pacspace-go/reconcile"
	"github.com/pacspace/pacspace-go/sandbox"
	"github.com/pacspace/pacspace-go/sqlstore"
	"github.com/pacspace/pacspace-go/webhook"
)

// stage is everything that plays, on one clock.
type stage struct {
	out    io.Writer
	clock  *sandbox.Clock
	box    *sandbox.Server
	client *pacspace.Client
	meter  *metering.Meter
	agent  *reconcile.Agent
	books  *books
	alerts []reconcile.Mismatch
	undo   []func()
}

func (s *stage) close() {
	for i := len(s.undo) - 1; i >= 0; i-- {
		s.undo[i]()
	}
}

func newStage(ctx context.Context, out io.Writer) (s *stage, err error) {
	s = &stage{out: out, clock: sandbox.NewClock(february.Start()), books: &books{}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()

	// The agent's address, known before the service is.
	hooks, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.undo = append(s.undo, func() { hooks.Close() })

	box, err := sandbox.New(sandbox.WithClock(s.clock.Now), sandbox.WithWebhook(sandbox.Test, "http://"+hooks.Addr().String()+"/hooks/pacspace"))
	if err != nil {
		return nil, err
	}
	if s.box, err = box.Listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.undo = append(s.undo, func() { s.box.Close() })
	if s.client, err = pacspace.New(s.box.Key, pacspace.WithBaseURL(s.box.URL)); err != nil {
		return nil, err
	}
	s.undo = append(s.undo, func() { s.client.Close() })

	// One SQLite file for both, in a real program a path that stays.
	dir, err := os.MkdirTemp("", "pacspace-agent-")
	if err != nil {
		return nil, err
	}
	s.undo = append(s.undo, func() { os.RemoveAll(dir) })
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "pacspace.db"))
	if err != nil {
		return nil, err
	}
	s.undo = append(s.undo, func() { db.Close() })
	meterStore, err := sqlstore.OpenSQLite(ctx, db, pacspace.EnvironmentTest, sqlstore.WithClock(s.clock.Now))
	if err != nil {
		return nil, err
	}
	s.undo = append(s.undo, func() { meterStore.Close() })
	agentStore, err := meterStore.Agent(ctx)
	if err != nil {
		return nil, err
	}

	s.meter, err = metering.New(s.client, meterStore, metering.WithAccounts("compute-minutes", "minute"),
		metering.WithSpread(0), metering.WithRequestsPerMinute(600))
	if err != nil {
		return nil, err
	}
	s.undo = append(s.undo, func() { s.meter.Close(context.WithoutCancel(ctx)) })
	s.agent, err = reconcile.New(s.client, agentStore, reconcile.WithSystemOfRecord(s.books), reconcile.WithAlert(s.alert))
	if err != nil {
		return nil, err
	}
	return s, s.serve(hooks)
}

// serve answers webhooks until the end.
func (s *stage) serve(hooks net.Listener) error {
	// The sandbox signs by its clock, so the verifier goes by it too.
	verifier, err := webhook.NewVerifier([]string{s.box.WebhookSecret(sandbox.Test)}, webhook.WithClock(s.clock.Now))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/pacspace", s.agent.Handler(verifier))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(hooks)
	s.undo = append(s.undo, func() { server.Close() })
	return nil
}

// alert is how the agent tells an operator: here on the screen, elsewhere by a pager. It is
// called until it returns nil.
func (s *stage) alert(_ context.Context, m reconcile.Mismatch) error {
	if _, err := fmt.Fprintf(s.out, "ALERT (%s)  %s\n", m.State, m.String()); err != nil {
		return err
	}
	if m.State == reconcile.MismatchOpen {
		s.alerts = append(s.alerts, m)
	}
	return nil
}

// deliver sends what webhooks are due, with faults on the way.
func (s *stage) deliver(ctx context.Context, faults sandbox.WebhookFault) error {
	s.clock.Advance(time.Second) // the service verifies
	s.box.InjectWebhooks(faults)
	_, err := s.box.Deliver(ctx)
	s.box.ClearFaults()
	return err
}

// errConclusion is an end that is not the one that was meant.
var errConclusion = errors.New("not what was meant to come out")
