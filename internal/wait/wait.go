// Package wait waits for a time or for the end of a context.
package wait

import (
	"context"
	"time"
)

// For waits for d, or ends early with the context's error.
func For(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
