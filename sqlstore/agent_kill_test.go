//go:build unix

package sqlstore_test

import (
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// killsPerStore bounds what is recorded in one store, since each comparison reads a period
// of an account whole.
const killsPerStore = 50

// Agents are killed at every transition and anywhere else, while deliveries to them are
// dropped, lost, doubled and turned around. In the end the running balances are those of the
// service, and the operator got every alert.
func TestKillAgentAtEveryTransition(t *testing.T) {
	t.Parallel()
	b := newBoard(t, agentPoints)
	n := b.kills
	t.Run("over", func(t *testing.T) {
		for _, c := range []struct {
			name     string
			seed     uint64
			replicas int // over PostgreSQL; 0 is one process over SQLite
			kills    int
		}{
			{"SQLite", 1, 0, (n - n/10) / 2},
			{"SQLite, other deliveries", 2, 0, (n - n/10) / 2},
			{"PostgreSQL with two replicas", 3, 2, n - (n-n/10)/2*2},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				dsn := ""
				if c.replicas > 0 {
					dsn = cluster.DSN(t)
				}
				for killed, seed := 0, c.seed; !b.done("", killed, c.kills); seed += 10 {
					n := min(killsPerStore, max(c.kills-killed, 10))
					h := newAgentHarness(t, seed, dsn, "")
					var wg sync.WaitGroup
					for r := range max(c.replicas, 1) {
						wg.Go(func() { h.killUpTo(n, r, rand.New(rand.NewPCG(seed, uint64(r))), b) })
					}
					wg.Wait()
					killed += h.kills
					h.report()
					for _, w := range h.finish() {
						t.Error(w)
					}
				}
			})
		}
	})
	b.check(t)
}

// killUpTo kills the process number r, again and again, at the point that was hit least or
// now and then anywhere.
func (h *agentHarness) killUpTo(n, r int, random *rand.Rand, b *board) {
	for {
		h.mu.Lock()
		enough := b.done(h.store(), h.kills, n)
		misses := maps.Clone(h.misses)
		h.mu.Unlock()
		if enough {
			return
		}
		if random.IntN(5) == 0 {
			h.killAnywhere(r, random, b)
		} else {
			h.killAt(r, b.points[b.rarest(random, misses)].name, 1+random.IntN(2), b)
		}
		if random.IntN(4) == 0 { // not each time: to look into a file also repairs it
			for _, w := range h.unstored() {
				h.Error(w)
			}
		}
		h.clock.advance([]time.Duration{0, time.Minute, 20 * time.Minute, 3 * time.Hour}[random.IntN(4)])
	}
}

func (h *agentHarness) report() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Logf("%d kills, %d of them at points; %d deltas, %d events acknowledged, %d alerts told", h.kills, sumOfCounts(h.hits), h.sent.Load(), len(h.acked), len(h.told))
	for point, n := range h.misses {
		h.Logf("%d times not reached: %s", n, point)
	}
	for text, n := range h.errors {
		h.Logf("%d times: %s", n, text)
	}
}

// The harness notices agents that do it wrong, or it would prove nothing. Those that do it
// right are killed at the same points above.
func TestKillCatchesBrokenAgents(t *testing.T) {
	t.Parallel()
	for broken, point := range map[string]string{
		brokenHasty:   pointReceive + uncommitted,
		brokenForward: pointUntold,
		brokenApart:   pointApply + committed,
		brokenEvent:   pointApply + committed,
	} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			h := newAgentHarness(t, 5, "", broken)
			var wrong []string
			for range 4 {
				h.killAt(0, point, 1, nil)
				wrong = append(wrong, h.unstored()...)
				h.clock.advance(time.Minute)
			}
			wrong = append(wrong, h.finish()...)
			require.NotEmpty(t, wrong, "nobody noticed")
			t.Logf("noticed %d things, such as: %s", len(wrong), wrong[0])
		})
	}
}
