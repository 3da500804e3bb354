package metering

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/wait"
	"github.com/pacspace/pacspace-go/usage"
)

// The defaults of the options.
const (
	DefaultGrace             = time.Hour
	DefaultLateness          = 35 * 24 * time.Hour
	DefaultSpread            = 15 * time.Minute
	DefaultRequestsPerMinute = 10
)

// FutureBound is how far the time of an event may lie ahead of the store's clock.
const FutureBound = 5 * time.Minute

// maxSettle is how long after its end a day may be open at most, so that the deltas of a
// period's last day are recorded before the cut, one day after the period's end, with
// hours left for retries.
const maxSettle = 20 * time.Hour

// Gate holds a day back until it is reconciled. It is asked before a day, or what came late
// for it, is closed, with the amount that would go out in the account's unit. An error
// leaves the day open; it is asked again later. It is called outside of any transaction, may
// be asked more than once for the same amount, and by several replicas.
type Gate func(ctx context.Context, account usage.Account, day usage.Date, amount decimal.Decimal) error

type settings struct {
	resource, unit string
	grace          time.Duration
	lateness       time.Duration
	spread         time.Duration
	perMinute      int
	keyLifetime    time.Duration
	gate           Gate
	observe        func(context.Context, Change)
	logger         *slog.Logger
	// sleep waits between rounds; tests put a clock of their own in its place.
	sleep func(ctx context.Context, d time.Duration) error
}

// Option sets up a [Meter]; [New] returns what is wrong with it.
type Option func(*settings) error

// WithAccounts gives accounts that were not bound by [Meter.Bind] a resource and a unit,
// such as compute-minutes and minute, when they are first seen. Without it, usage of an
// account that was not bound is refused.
func WithAccounts(resource, unit string) Option {
	return func(s *settings) error {
		if err := checkAccountWords(resource, unit); err != nil {
			return err
		}
		s.resource, s.unit = resource, unit
		return nil
	}
}

// WithGrace sets how long a day stays open after its end in UTC, [DefaultGrace] without
// it. What comes later goes out as an adjustment after a grace of its own.
func WithGrace(d time.Duration) Option {
	return func(s *settings) error {
		s.grace = d
		return between("WithGrace", d, 0, maxSettle)
	}
}

// WithLateness sets how old an event may be, [DefaultLateness] without it. An older one is
// refused. Ids are kept for so long and a day more; where meters of one store differ, for
// the longest that any was ever made with. An event whose id may have been forgotten before
// that is refused, too.
func WithLateness(d time.Duration) Option {
	return func(s *settings) error {
		s.lateness = d
		return between("WithLateness", d, time.Hour, 400*24*time.Hour)
	}
}

// WithSpread sets over how long the closing of a day's accounts is spread, so that not all
// deltas go out at once; [DefaultSpread] without it. An account has the same place in it
// every day.
func WithSpread(d time.Duration) Option {
	return func(s *settings) error {
		s.spread = d
		return between("WithSpread", d, 0, maxSettle)
	}
}

// WithRequestsPerMinute bounds the writes to the service in any minute by the store's
// clock, of all replicas together; [DefaultRequestsPerMinute] without it. One write takes
// up to a hundred deltas. Replicas must agree on it. The service documents no bound of its
// own.
func WithRequestsPerMinute(n int) Option {
	return func(s *settings) error {
		s.perMinute = n
		if n < 1 || n > 600 {
			return fmt.Errorf("metering: WithRequestsPerMinute: must be 1 to 600, is %d", n)
		}
		return nil
	}
}

// WithKeyLifetime sets for how long after the first send a delta whose outcome is unknown
// is sent again with its key; [pacspace.KeyLifetime] without it. Past that it is looked for
// and, where it is not found, parked for a person.
func WithKeyLifetime(d time.Duration) Option {
	return func(s *settings) error {
		s.keyLifetime = d
		return between("WithKeyLifetime", d, time.Minute, 30*24*time.Hour)
	}
}

// WithGate sets the gate.
func WithGate(g Gate) Option {
	return func(s *settings) error {
		s.gate = g
		return nil
	}
}

// WithObserver calls a function after each change, outside of transactions. It must not
// block, nor call Record, Flush or Close, which may wait for what calls it. It is the hook
// that metrics need. Where it panics the meter goes on, and logs the panic with its stack to
// the logger or, without one, to [slog.Default].
func WithObserver(observe func(context.Context, Change)) Option {
	return func(s *settings) error {
		s.observe = observe
		return nil
	}
}

// WithLogger logs what a person should know: parked deltas and pauses as warnings, the
// rest as debug. Amounts, metadata and proof roots are not logged.
func WithLogger(l *slog.Logger) Option {
	return func(s *settings) error {
		if l == nil {
			return errors.New("metering: WithLogger: the logger is nil; give one, or leave the option out")
		}
		s.logger = l
		return nil
	}
}

func between(name string, d, least, most time.Duration) error {
	if d < least || d > most {
		return fmt.Errorf("metering: %s: must be between %v and %v, is %v", name, least, most, d)
	}
	return nil
}

func newSettings(opts []Option) (settings, error) {
	s := settings{
		grace: DefaultGrace, lateness: DefaultLateness, spread: DefaultSpread,
		perMinute: DefaultRequestsPerMinute, keyLifetime: pacspace.KeyLifetime, sleep: wait.For,
	}
	for _, o := range opts {
		if o == nil {
			return settings{}, fmt.Errorf("metering: New: an option is nil; leave it out")
		}
		if err := o(&s); err != nil {
			return settings{}, err
		}
	}
	if sum := s.grace + s.spread; sum > maxSettle {
		return settings{}, fmt.Errorf("metering: WithGrace and WithSpread: must not exceed %v together, are %v: the deltas of a month's last day must be recorded before its cut", maxSettle, sum)
	}
	return s, nil
}
