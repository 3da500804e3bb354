package simulation_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// go test -run 'TestSimulation$' ./interop/simulation -simulation.runs 100000 simulates for longer, and
// -simulation.seed N runs one seed and prints all that happened in it.
var (
	simRuns = flag.Int("simulation.runs", 2000, "runs of TestSimulation")
	simSeed = flag.Uint64("simulation.seed", 0, "the one seed that TestSimulation runs, 0 for many")
)

// simulate lives through one run in a bubble of its own.
func simulate(t *testing.T, s setting) *world {
	t.Helper()
	var w *world
	synctest.Test(t, func(*testing.T) {
		w = newWorld(s)
		w.run()
	})
	return w
}

// excused are the guarantees that a run cannot have.
//
// Where keys die sooner than assumed and references do not de-duplicate, a delta can be
// recorded twice. (Two that are the same also give two windows one root, where hashing
// doubles the last node, and then the later window is not closed.) The same is so where a network brings a refused request again after the
// refusal was answered, and neither the key nor the reference stops it.
//
// Where a checkpoint's root is over proof hashes, two customers whose only deltas of a
// window went out in one batch have one root: the public record is that of one of them,
// and the other's period is not closed on it.
func (w *world) excused() map[guarantee]bool {
	out := map[guarantee]bool{}
	if w.has("ReferencesRepeat") && (w.has("KeysExpireAfter") || w.late) {
		out[holdsOnce], out[holdsSums], out[holdsCloses] = true, true, true
	}
	if w.has("CheckpointOverProofs") && len(w.customers) > 1 && w.program.batched {
		out[holdsCloses] = true
	}
	return out
}

// broken are the breaches that nothing excuses.
func (w *world) broken() []breach {
	excused := w.excused()
	var list []breach
	for _, b := range w.breaches {
		if !excused[b.of] {
			list = append(list, b)
		}
	}
	return list
}

// tally counts what runs went through.
type tally struct {
	sync.Mutex
	runs, requests, crashes, outages, recorded, parked, excused int
}

func (c *tally) add(w *world) {
	c.Lock()
	defer c.Unlock()
	c.runs++
	c.requests += w.requests
	c.crashes += w.crashes
	c.outages += w.outages
	if len(w.excused()) > 0 {
		c.excused++
	}
	for _, it := range w.program.store.items() {
		if it.State == itemRecorded {
			c.recorded++
		} else {
			c.parked++
		}
	}
}

func (c *tally) String() string {
	return fmt.Sprintf("%d runs: %d requests, %d crashes of the program, %d of the service; %d deltas recorded, %d parked; in %d runs a guarantee was out of reach",
		c.runs, c.requests, c.crashes, c.outages, c.recorded, c.parked, c.excused)
}

// simWorkers is how many runs are under way at once.
const simWorkers = 4

// A billing program that keeps the rules crashes, loses its network and its service, and
// neither loses nor doubles a delta, nor is ever told a wrong thing, whatever the service
// does where its documents are silent.
func TestSimulation(t *testing.T) {
	t.Parallel()
	if *simSeed != 0 {
		w := simulate(t, setting{seed: *simSeed, file: filepath.Join(t.TempDir(), "state"), keep: true})
		t.Logf("seed %d\n%s", *simSeed, strings.Join(w.lines, "\n"))
		require.Empty(t, w.broken())
		return
	}
	var count tally
	t.Run("runs", func(t *testing.T) {
		for worker := range simWorkers {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "state")
				for seed := 1 + worker; seed <= *simRuns; seed += simWorkers {
					w := simulate(t, setting{seed: uint64(seed), file: file})
					count.add(w)
					require.Empty(t, w.broken(), "repeat it by: go test -run 'TestSimulation$' -v . -simulation.seed %d", seed)
				}
			})
		}
	})
	t.Log(&count)
	require.Equal(t, *simRuns, count.runs)
}

// What happens depends on the seed and on nothing else.
func TestSimulationRepeatsASeed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state")
	for seed := range uint64(20) {
		first := simulate(t, setting{seed: seed, file: file, keep: true})
		second := simulate(t, setting{seed: seed, file: file, keep: true})
		require.Equal(t, first.lines, second.lines)
		require.Equal(t, first.digest(), second.digest())
		require.NotEqual(t, first.digest(), simulate(t, setting{seed: seed + 1, file: file}).digest())
	}
}
