package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/pacspace/pacspace-go/internal/wait"
	"github.com/pacspace/pacspace-go/usage"
)

// The defaults of the options.
const (
	DefaultDue      = 24 * time.Hour
	DefaultPatience = 2 * time.Hour // longer than a meter keeps late usage before it sends it
	DefaultInterval = 6 * time.Hour
	DefaultLateness = 35 * 24 * time.Hour
)

type settings struct {
	books    SystemOfRecord
	alert    Alert
	logger   *slog.Logger
	dayOf    func(referenceID string) usage.Date
	due      time.Duration
	patience time.Duration
	interval time.Duration
	lateness time.Duration
	quiet    time.Duration
	sleep    func(ctx context.Context, d time.Duration) error // tests put a clock of their own in its place
}

// Option sets up an [Agent]; [New] returns what is wrong with it.
type Option func(*settings) error

// WithSystemOfRecord compares with one's own books. Without them the agent checks the
// record only against itself.
func WithSystemOfRecord(books SystemOfRecord) Option {
	return func(s *settings) error {
		s.books = books
		return nil
	}
}

// WithAlert tells mismatches to a function. Without one they are kept and told once there
// is one.
func WithAlert(alert Alert) Option {
	return func(s *settings) error {
		s.alert = alert
		return nil
	}
}

// WithLogger logs what a person should know of the agent's own work: events that cannot be
// read, and what failed and is tried again. Amounts and proof roots are not logged.
func WithLogger(l *slog.Logger) Option {
	return func(s *settings) error {
		if l == nil {
			return fmt.Errorf("reconcile: WithLogger: the logger is nil; give one")
		}
		s.logger = l
		return nil
	}
}

// WithDayOf reads the usage day from a referenceId, for references in a form of one's own;
// zero where it names none. Without it they are read by [usage.ParseReference]. It must give
// the same day for the same reference for ever.
func WithDayOf(dayOf func(referenceID string) usage.Date) Option {
	return func(s *settings) error {
		if dayOf == nil {
			return fmt.Errorf("reconcile: WithDayOf: the function is nil; give one")
		}
		s.dayOf = dayOf
		return nil
	}
}

// WithDue sets how long after its end in UTC a usage day must be in the record;
// [DefaultDue] without it, which is when the recording window of a period's last day ends.
func WithDue(d time.Duration) Option {
	return func(s *settings) error {
		s.due = d
		return between("WithDue", d, 0, 30*24*time.Hour)
	}
}

// WithPatience sets for how long a mismatch that may resolve by itself, such as a delta that
// is under way, must be seen before it is told; [DefaultPatience] without it. Mismatches
// that cannot resolve by waiting are told at once.
func WithPatience(d time.Duration) Option {
	return func(s *settings) error {
		s.patience = d
		return between("WithPatience", d, 0, 24*time.Hour)
	}
}

// WithInterval sets how often a period that is not over is compared although no event came;
// [DefaultInterval] without it.
func WithInterval(d time.Duration) Option {
	return func(s *settings) error {
		s.interval = d
		return between("WithInterval", d, time.Second, 30*24*time.Hour)
	}
}

// WithLateness sets how long after a period's recording window deltas of its days may still
// come, as adjustments; [DefaultLateness] without it. Until then the period is compared
// again and again.
func WithLateness(d time.Duration) Option {
	return func(s *settings) error {
		s.lateness = d
		return between("WithLateness", d, 0, 400*24*time.Hour)
	}
}

func between(name string, d, least, most time.Duration) error {
	if d < least || d > most {
		return fmt.Errorf("reconcile: %s: must be between %v and %v, is %v", name, least, most, d)
	}
	return nil
}

// quietTime is how long a period is left alone after an event before it is compared, so
// that a burst of events is one comparison.
const quietTime = 5 * time.Second

func newSettings(opts []Option) (settings, error) {
	s := settings{
		dayOf: usageDay, due: DefaultDue, patience: DefaultPatience, interval: DefaultInterval,
		lateness: DefaultLateness, quiet: quietTime, sleep: wait.For, logger: slog.New(slog.DiscardHandler),
	}
	for _, o := range opts {
		if o == nil {
			return settings{}, fmt.Errorf("reconcile: an option is nil; leave it out")
		}
		if err := o(&s); err != nil {
			return settings{}, err
		}
	}
	return s, nil
}

// usageDay is the day that a reference of the usual form names, zero where it names none.
func usageDay(referenceID string) usage.Date {
	ref, err := usage.ParseReference(referenceID)
	if err != nil {
		return usage.Date{}
	}
	return ref.Day
}
