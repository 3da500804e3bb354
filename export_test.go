package pacspace

import "time"

// WithDraw sets the jitter of waits, so that a test can foretell them.
func WithDraw(draw func(n time.Duration) time.Duration) Option {
	return clientOption(func(c *config) error {
		c.draw = draw
		return nil
	})
}
