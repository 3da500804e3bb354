package sqlstore

import "time"

// Option changes how a store is opened.
type Option func(*config)

type config struct {
	clock  func() time.Time
	unsafe bool
}

// WithClock replaces the store's clock, for tests: the process clock of SQLite and now() of
// PostgreSQL.
func WithClock(now func() time.Time) Option {
	return func(c *config) { c.clock = now }
}

// WithDurabilityUnsafe takes the database with whatever settings it has. What the store
// acknowledges may then be lost in a power cut, and usage with it. It is for tests.
func WithDurabilityUnsafe() Option {
	return func(c *config) { c.unsafe = true }
}
