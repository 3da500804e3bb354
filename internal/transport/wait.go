package transport

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/pacspace/pacspace-go/internal/wire"
)

const (
	// minWait and maxWait bound every wait between two attempts.
	minWait = 250 * time.Millisecond
	maxWait = 5 * time.Second
	// pollLimit is how long an answer may stay "in progress", where the context does not
	// end before.
	pollLimit = time.Minute
)

// retryWait draws the wait before retry n, counted from 0: what the service asked for, at
// most maxWait, else doubling from half a second. The jitter keeps clients that failed
// together from coming back together; it shortens no wait that the service asked for,
// unless that is cut anyway.
func retryWait(draw drawer, n int, asked time.Duration) time.Duration {
	if asked > 0 {
		return draw.askedWait(asked)
	}
	return draw.spread(doubling(n))
}

// pollWait is retryWait for an answer that is "in progress": the caller's interval beats
// the default.
func pollWait(draw drawer, n int, interval, asked time.Duration) time.Duration {
	switch {
	case asked > 0:
		return max(draw.askedWait(asked), minWait, interval) // whoever wants to wait longer may
	case interval > 0:
		return interval
	}
	return draw.spread(doubling(n))
}

func doubling(n int) time.Duration {
	if n > 4 {
		return maxWait
	}
	return min(2*minWait<<n, maxWait)
}

// drawer returns a random span below n, for the jitter of waits.
type drawer func(n time.Duration) time.Duration

type drawerKey struct{}

// WithDraw has the jitter of calls under a context drawn by a function instead of
// math/rand, so that tests of this repository can foretell their waits.
func WithDraw(ctx context.Context, draw func(n time.Duration) time.Duration) context.Context {
	return context.WithValue(ctx, drawerKey{}, drawer(draw))
}

func drawerOf(ctx context.Context) drawer {
	if draw, ok := ctx.Value(drawerKey{}).(drawer); ok {
		return draw
	}
	return rand.N[time.Duration]
}

// spread draws from the upper half.
func (draw drawer) spread(d time.Duration) time.Duration { return d/2 + draw(d/2+1) }

func (draw drawer) askedWait(asked time.Duration) time.Duration {
	if asked >= maxWait {
		return maxWait - draw(maxWait/10)
	}
	return min(asked+draw(asked/10+1), maxWait)
}

// headerWait reads Retry-After: seconds, with a fraction or not, or a date, which is
// measured against the server's own clock where it tells it. 0 is no wait.
func headerWait(h http.Header, now func() time.Time) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	if d, ok := wire.Seconds(text); ok {
		return d
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		from = now()
	}
	// Sub saturates, so a date in the year 9999 is a long wait and not a negative one.
	return max(at.Sub(from), 0)
}
