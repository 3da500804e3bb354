package pacspace

import (
	"context"
	"errors"
	"fmt"

	"github.com/pacspace/pacspace-go/internal/wait"
)

// poll asks until done, for as long as ctx allows. Where ctx has no deadline the default
// bounds it, so that no call waits for ever.
func poll[T any](ctx context.Context, opts []CallOption, pending string, ask func(context.Context) (*T, bool, error)) (*T, error) {
	bounded := ctx
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, defaultPollTimeout)
		defer cancel()
	}
	interval := pollInterval(opts)
	for {
		v, done, err := ask(bounded)
		if err != nil || done {
			return v, err
		}
		err = wait.For(bounded, interval)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return nil, fmt.Errorf("pacspace: %s: %w: %w; ask again", pending, ErrTimeout, err)
		case err != nil: // who cancels did not run out of time
			return nil, fmt.Errorf("pacspace: %s: %w; ask again", pending, err)
		}
	}
}
