package simulation_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// double stands between the program and its client, or between the client and the
// network, and makes one mistake.
type double struct {
	name    string
	wire    func(w *world, next http.RoundTripper) http.RoundTripper
	options []pacspace.Option
	client  func(p *program)
}

// mutantRuns is within how many runs each mistake must show.
const mutantRuns = 200

// mutants are the mistakes that clients and the programs around them make.
var mutants = []double{
	{name: "a retry without its key", wire: onRetry(func(r *http.Request, _ string) { r.Header.Del("Idempotency-Key") })},
	{name: "a retry under a new key", wire: onRetry(func(r *http.Request, n string) {
		r.Header.Set("Idempotency-Key", r.Header.Get("Idempotency-Key")+n)
	})},
	{name: "a retry without its body", wire: onRetry(func(r *http.Request, _ string) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), 0
	})},
	{name: "a conflict taken as success", client: func(p *program) {
		emit := p.biller.emit
		p.biller.emit = func(ctx context.Context, d pacspace.DeltaParams, key string) (*pacspace.Delta, error) {
			got, err := emit(ctx, d, key)
			if errors.Is(err, pacspace.ErrIdempotencyConflict) {
				return &pacspace.Delta{}, nil
			}
			return got, err
		}
	}},
	{name: "an unknown outcome taken as a failure", client: func(p *program) {
		p.biller.unknown = func(error) bool { return false }
		p.biller.refused = func(err error) bool { return err != nil }
		p.biller.forgets = true
	}},
	{name: "an unknown outcome forgotten after a later refusal", client: func(p *program) {
		resolve := p.biller.resolve
		p.biller.forgets = true
		p.biller.resolve = func(ctx context.Context, r pacspace.ResolveParams) (*pacspace.Delta, error) {
			d, err := resolve(ctx, r)
			if api, ok := errors.AsType[*pacspace.APIError](err); ok && pacspace.Refused(api) {
				return nil, api // and not what Resolve says of the sends before
			}
			return d, err
		}
	}},
	{name: "a refusal retried under the same key for ever", client: func(p *program) {
		p.biller.nextKey = func(key string) string { return key }
	}},
	{name: "an outcome resolved by the reference alone", client: func(p *program) {
		resolve := p.biller.resolve
		p.biller.resolve = func(ctx context.Context, r pacspace.ResolveParams) (*pacspace.Delta, error) {
			span := pacspace.Between(r.FirstSent.Add(-2*time.Hour), time.Now().Add(time.Minute))
			for d, err := range p.client.Balance.Deltas(ctx, r.Delta.CustomerID, span) {
				if err == nil && d.ReferenceID == r.Delta.ReferenceID {
					return &d, nil
				}
			}
			return resolve(ctx, r)
		}
	}},
	{name: "the intent stored after sending", client: func(p *program) { p.biller.sendsFirst = true }},
	{name: "a key used past its age", options: []pacspace.Option{pacspace.WithKeyLifetime(10 * 365 * 24 * time.Hour)}},
	{name: "a parked delta sent again", client: func(p *program) {
		resolve, emit := p.biller.resolve, p.biller.emit
		p.biller.resolve = func(ctx context.Context, r pacspace.ResolveParams) (*pacspace.Delta, error) {
			d, err := resolve(ctx, r)
			if errors.Is(err, pacspace.ErrKeyTooOld) {
				return emit(ctx, r.Delta, pacspace.NextKey(r.IdempotencyKey))
			}
			return d, err
		}
	}},
	{name: "a batch taken as accepted as a whole", client: func(p *program) {
		p.biller.settles = func(pacspace.BatchItem) pacspace.Outcome { return pacspace.OutcomeAccepted }
	}},
	{name: "a batch sent again in another order", client: func(p *program) {
		send, sent := p.biller.batch, false
		p.biller.batch = func(ctx context.Context, list []pacspace.DeltaParams, key string) (*pacspace.Batch, error) {
			if sent {
				slices.Reverse(list)
			}
			sent = true
			b, err := send(ctx, list, key)
			if err == nil && len(b.Items) > 1 && b.Items[0].Params.ReferenceID != list[0].ReferenceID {
				slices.Reverse(b.Items)
			}
			return b, err
		}
	}},
	{name: "an answer that is in progress taken as done", wire: func(_ *world, next http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			a, err := next.RoundTrip(r)
			if err == nil && a.StatusCode == http.StatusAccepted {
				return answer(http.StatusCreated, `{"success":true,"data":{"recordId":"rec_1","status":"QUEUED"}}`, ""), nil
			}
			return a, err
		})
	}},
	{name: "a deadline that is not passed on", wire: func(_ *world, next http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			return next.RoundTrip(r.WithContext(context.WithoutCancel(r.Context())))
		})
	}},
	{name: "carried deltas left off the bill", client: func(p *program) {
		closing := p.biller.close
		p.biller.close = func(ctx context.Context, q pacspace.ClosePeriodParams) (*pacspace.Closing, error) {
			c, err := closing(ctx, q)
			if err == nil {
				c.Lines = slices.DeleteFunc(c.Lines, func(l pacspace.ClosingLine) bool { return l.Carried != nil })
				c.Balance = c.StartingBalance.Add(c.NetChange)
			}
			return c, err
		}
	}},
}

// onRetry changes a keyed request that goes out again.
func onRetry(change func(r *http.Request, n string)) func(*world, http.RoundTripper) http.RoundTripper {
	return func(_ *world, next http.RoundTripper) http.RoundTripper {
		seen := map[string]int{}
		return tripper(func(r *http.Request) (*http.Response, error) {
			key := r.Header.Get("Idempotency-Key")
			if key == "" {
				return next.RoundTrip(r)
			}
			body, err := io.ReadAll(r.Body)
			mustWork(err)
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(bytes.NewReader(body))
			if seen[key]++; seen[key] > 1 {
				change(r, strings.Repeat("x", seen[key]-1))
			}
			return next.RoundTrip(r)
		})
	}
}

// What the simulation holds programs to is enough to find each of these mistakes.
func TestSimulationCatchesMutants(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "state")
			for n := range mutantRuns {
				w := simulate(t, setting{seed: uint64(n + 1), file: file, double: m})
				if broken := w.broken(); len(broken) > 0 {
					t.Logf("caught in run %d: %s: %s", n+1, broken[0].of, broken[0].text)
					return
				}
			}
			require.Fail(t, "the mutant lives", "%d runs did not show it", mutantRuns)
		})
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
