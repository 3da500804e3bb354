// Package sandbox is the PacSpace API in one process: an [http.Handler] that keeps state,
// computes real hashes and sends real webhooks, for laptops and for tests. It needs no
// key, no network and no account.
//
//	box, err := sandbox.New()
//	http.ListenAndServe("localhost:8080", box)
//
// A test serves it for its own duration:
//
//	srv := sandbox.Start(t)
//	client, err := pacspace.New(srv.Key, pacspace.WithBaseURL(srv.URL))
//
// # Environments
//
// One Sandbox is one tenant with two environments, test and live. The prefix of the key
// chooses between them, and they share no data. The public routes need no key; the
// X-Chain-Id header (296 test, 295 live) chooses there, and without it live is looked at
// before test.
//
// # Time
//
// Nothing happens behind a test's back. The sandbox reads its clock once per request and
// then does what was due until that instant: a delta that was received at t is PROCESSING
// from t + the first delay of [Delays] on and VERIFIED from the second. With [WithClock]
// and a [Clock] of its own a test moves time as it likes; it must move it, or nothing is
// ever verified (see [Clock.Step]). Webhooks are sent by [Sandbox.Deliver], or by
// [Sandbox.Run] for programs.
//
// # What is undocumented
//
// Where the API's documents are silent or contradict each other, the sandbox does the
// helpful thing by default, and each unhelpful one is an option: see [Choices]. Faults are
// made on demand by [Sandbox.Inject].
//
// # Bounds
//
// Memory grows with the deltas of an environment, at most a million of them (see
// [MaxDeltas]): about a kilobyte each, their metadata, and eight bytes in each checkpoint
// that covers them. Idempotency keys and their answers live as long as [KeysExpireAfter]
// says, and a webhook delivery until it is over; finished deliveries, receipts without a
// checkpoint and logged requests are kept up to a fixed number. A request body may have
// 1 MiB.
package sandbox

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/pacspace/pacspace-go/proof"
)

// Environment is one of the two data planes of a tenant.
type Environment = proof.Environment

// The environments, as the prefix of a key chooses them.
const (
	Test Environment = "test" // pk_test_ keys, chain 296
	Live Environment = "live" // pk_live_ keys, chain 295
)

// Sandbox is the service. Make one with [New]; it is safe for concurrent use.
type Sandbox struct {
	cfg config

	mu     sync.Mutex
	planes map[Environment]*plane
	keys   map[string]Environment // API keys that are accepted
	faults []*injected
	hooks  hookFaults
	log    requestLog
	fails  func(Recorded) (reason string, fail bool)
	served int64 // requests so far, which number their ids

	delivering sync.Mutex // one Deliver at a time, so that the order of deliveries is one
}

// New makes a sandbox, with the state of its file where [StateFile] names one that exists.
// Errors name the option and what is wrong with it.
func New(opts ...Option) (*Sandbox, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		cfg:    cfg,
		planes: map[Environment]*plane{Test: newPlane(Test), Live: newPlane(Live)},
		keys:   map[string]Environment{},
		log:    requestLog{limit: cfg.requestLog},
	}
	for _, key := range cfg.keys {
		s.keys[key], _ = environmentOf(key)
	}
	if cfg.stateFile != "" {
		if err := s.load(cfg.stateFile); err != nil {
			return nil, err
		}
	}
	for _, w := range cfg.webhooks {
		if _, err := s.AddWebhook(w.env, w.url); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Close saves the state where a file is named and frees the connections of webhook
// deliveries. The handler stays usable.
func (s *Sandbox) Close() error {
	s.cfg.client.CloseIdleConnections()
	if s.cfg.stateFile == "" {
		return nil
	}
	return s.Save()
}

// Key is the first key that an environment accepts. The sandbox's keys guard nothing; they
// are hidden from prints all the same, so that a program tested here hides them too.
func (s *Sandbox) Key(env Environment) string {
	for _, key := range s.cfg.keys {
		if of, _ := environmentOf(key); of == env {
			return key
		}
	}
	return ""
}

// RevokeKey makes a key unknown, from the next request on.
func (s *Sandbox) RevokeKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, key)
}

// AddKey makes a key known, from the next request on. It must begin with pk_test_ or
// pk_live_, which is its environment.
func (s *Sandbox) AddKey(key string) error {
	env, err := environmentOf(key)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[key] = env
	return nil
}

// now reads the clock as the service keeps time: UTC, whole milliseconds.
func (s *Sandbox) now() time.Time { return s.cfg.clock().UTC().Truncate(time.Millisecond) }

// Settle does what is due by now, as every request does before anything else: deltas and
// checkpoints move on, and their webhooks are queued.
func (s *Sandbox) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
}

// Format prints the same few words for every verb, so that no key is ever printed.
func (s *Sandbox) Format(f fmt.State, _ rune) { io.WriteString(f, "sandbox.Sandbox") }

// LogValue keeps keys out of logs.
func (s *Sandbox) LogValue() slog.Value { return slog.StringValue("sandbox.Sandbox") }
