package metering

import (
	"context"
	"time"
)

// WithSleep waits by another clock between the rounds of Flush.
func WithSleep(sleep func(ctx context.Context, d time.Duration) error) Option {
	return func(s *settings) error {
		s.sleep = sleep
		return nil
	}
}
