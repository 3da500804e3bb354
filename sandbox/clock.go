package sandbox

import (
	"sync"
	"time"
)

// Clock is a clock that moves only when it is told to. Its Now goes to [WithClock]. It is
// safe for concurrent use.
type Clock struct {
	mu   sync.Mutex
	now  time.Time
	step time.Duration
}

// NewClock makes a clock that stands at start.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// Now reads the clock, then moves it on by the step, if there is one.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now
	c.now = c.now.Add(c.step)
	return now
}

// Advance moves the clock by d, which may be negative, as a real clock's correction is.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set puts the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Step makes every reading move the clock by d. The sandbox reads once per request, so a
// client that polls sees its deltas verified although nobody advances the clock.
func (c *Clock) Step(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step = d
}
