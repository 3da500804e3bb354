//go:build unix

package sqlstore_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// kills is how many processes a test of meters or agents kills at least, and how often each
// point is to be hit.
// PACSPACE_KILLS=1000 is the full run, in which each is hit twenty times.
func kills(t testing.TB) (n, each int) {
	if text := os.Getenv("PACSPACE_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		return n, n / 50
	}
	return 60, 1
}

// board counts over all harnesses of a test how many processes were killed, and how often
// at each point.
type board struct {
	points []killPoint
	kills  int // that are to be made
	each   int // how often each point is to be hit

	mu     sync.Mutex
	killed map[string]int            // by store
	hits   map[string]map[string]int // by point and store
}

func newBoard(t testing.TB, points []killPoint) *board {
	n, each := kills(t)
	b := &board{points: points, kills: n, each: each, killed: map[string]int{}, hits: map[string]map[string]int{}}
	for _, p := range points {
		b.hits[p.name] = map[string]int{}
	}
	return b
}

// done tells whether a harness that killed k times has done its share of n. Where points
// were hit less often than goes with all that was killed so far it goes on, unless it does
// not come to that.
func (b *board) done(store string, k, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.points {
		so := sumOfCounts(b.killed)
		switch p.only {
		case "":
		case store:
			so = 2 * b.killed[store] // which makes a half of them
		default:
			continue
		}
		if sumOfCounts(b.hits[p.name])*b.kills < b.each*min(so, b.kills) {
			return k >= 2*n
		}
	}
	return k >= n
}

// rarest is a point that was hit least. Two tries in vain count as a hit, so that a point
// that is far away does not take all tries, and is tried again.
func (b *board) rarest(random *rand.Rand, misses map[string]int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	order := random.Perm(len(b.points))
	return slices.MinFunc(order, func(i, j int) int {
		x, y := b.points[i].name, b.points[j].name
		return cmp.Compare(sumOfCounts(b.hits[x])+misses[x]/2, sumOfCounts(b.hits[y])+misses[y]/2)
	})
}

// kill counts a kill over a store, at a point or at none.
func (b *board) kill(store, point string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.killed[store]++
	if point != "" {
		b.hits[point][store]++
	}
}

// check holds that enough was killed, and often enough at each point.
func (b *board) check(t *testing.T) {
	t.Logf("%d kills: %v", sumOfCounts(b.killed), b.killed)
	if n := sumOfCounts(b.killed); n < b.kills {
		t.Errorf("%d kills, not %d", n, b.kills)
	}
	for _, p := range b.points {
		n := sumOfCounts(b.hits[p.name])
		t.Logf("%4d times killed at %s: %v", n, p.name, b.hits[p.name])
		if n < b.each {
			t.Errorf("killed %d times at %q, not %d", n, p.name, b.each)
		}
	}
}

// Meters are killed at every transition of a delta and anywhere else. In the end the
// service's sums are those of the events that were acknowledged, and it holds each reference
// once.
func TestKillAtEveryTransition(t *testing.T) {
	t.Parallel()
	b := newBoard(t, killPoints)
	n := (b.kills + 2*len(conducts) - 1) / (2 * len(conducts))
	t.Run("over", func(t *testing.T) {
		for which, c := range conducts {
			t.Run("SQLite, "+c.name, func(t *testing.T) {
				t.Parallel()
				killSQLite(t, which, n, b)
			})
			t.Run("PostgreSQL with three replicas, "+c.name, func(t *testing.T) {
				t.Parallel()
				killPostgres(t, which, n, b)
			})
		}
	})
	b.check(t)
}

func killSQLite(t *testing.T, which, n int, b *board) {
	h := newHarness(t, which, "", "", 1)
	random := rand.New(rand.NewPCG(uint64(which), 1))
	for !b.done(onSQLite, h.kills, n) {
		h.killOnce(0, random, b)
		// Nobody is sending, so that any time may pass.
		h.clock.advance([]time.Duration{0, time.Minute, 20 * time.Minute, 3 * time.Hour, 25 * time.Hour}[random.IntN(5)])
	}
	h.report()
	h.finish()
}

// killOnce kills the process number n at a point, or now and then anywhere.
func (h *harness) killOnce(n int, random *rand.Rand, b *board) {
	if random.IntN(5) == 0 {
		h.killAnywhere(n, random, b)
		return
	}
	h.mu.Lock()
	misses := maps.Clone(h.misses)
	for _, p := range b.points {
		if p.only != "" && p.only != h.store() {
			misses[p.name] = 1 << 20
		}
	}
	h.mu.Unlock()
	point := b.points[b.rarest(random, misses)]
	if point.first != "" {
		h.killAt(n, point.first, 1, b)
		if point.name == "unknown to parked"+uncommitted || point.name == "unknown to parked"+committed {
			h.clock.advance(25 * time.Hour)
		} else {
			h.clock.advance(20 * time.Minute)
		}
	}
	h.killAt(n, point.name, random.IntN(3)+1, b)
}

func killPostgres(t *testing.T, which, n int, b *board) {
	const replicas = 3
	h := newHarness(t, which, cluster.DSN(t), "", replicas)
	var wg sync.WaitGroup
	for r := range replicas {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(which), uint64(2+r)))
			for {
				h.mu.Lock()
				k := h.kills
				h.mu.Unlock()
				if b.done(onPostgres, k, n) {
					return
				}
				h.killOnce(r, random, b)
			}
		})
	}
	wg.Wait()
	h.report()
	h.finish()
}

func (h *harness) report() {
	events := 0
	for _, n := range h.next {
		events += n
	}
	h.Logf("%d kills, %d of them at points, %d events acknowledged", h.kills, sumOfCounts(h.hits), events)
	for text, n := range h.errors {
		h.Logf("%d times: %s", n, text)
	}
}

func sumOfCounts(m map[string]int) (n int) {
	for _, c := range m {
		n += c
	}
	return n
}

func (h *harness) calm() {
	h.Helper()
	answer, err := http.Post(h.config.Service+"/control/calm", "", nil)
	require.NoError(h, err)
	require.NoError(h, answer.Body.Close())
}

// A replica that stands still in the middle of a request, and wakes up once another one has
// taken its batch over, changes nothing any more.
func TestKillHarnessWakesAPausedReplica(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		pauseAndWake(t, "", "").finish()
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		pauseAndWake(t, cluster.DSN(t), "").finish()
	})
}

func pauseAndWake(t *testing.T, dsn, broken string) *harness {
	h := newHarness(t, 0, dsn, broken, 2)
	h.calm()
	// What it has closed and not sent is there for the next one to send, on any machine.
	h.killAt(1, pointClose+committed, 1, nil)
	require.Equal(t, 1, h.hits[pointClose+committed], "no day is closed: %v %v", h.errors, h.broken)
	h.clock.advance(20 * time.Minute)
	// It only sends: one that counts as well may stand still with the file locked.
	paused := h.start(0, func(c *killConfig) { c.Lanes, c.Point, c.Count, c.Do = nil, pointNotRead, 1, trapStop })
	require.True(t, h.await(paused, paused.hit, 400), "it makes no request: %v %v", h.errors, h.broken)
	h.clock.advance(20 * time.Minute)
	other := h.start(1, func(c *killConfig) { c.Point, c.Count, c.Do = "unknown to ", 1, trapTell })
	require.True(t, h.await(other, other.hit, 400), "nobody takes it over: %v %v", h.errors, h.broken)
	h.await(other, nil, 10) // which counts on meanwhile, and delivers
	// It ends before: a file that others write to all the time may keep the one that wakes up
	// from writing at all, right or wrong.
	h.end(other, "", nil)
	require.NoError(t, paused.cmd.Process.Signal(syscall.SIGCONT))
	h.await(paused, nil, 2) // the round in which it woke up, and another one
	for text, n := range h.errors {
		h.Logf("%d times: %s", n, text)
	}
	h.end(paused, "", nil)
	return h
}

// The harness notices meters that do it wrong, or it would prove nothing.
func TestKillCatchesBrokenCopies(t *testing.T) {
	t.Parallel()
	const repeat = 1 // the conduct in which references do not de-duplicate
	// kill kills at a point, again and again, and compares after each time.
	kill := func(which int, point string, later time.Duration) func(t *testing.T, broken string) []string {
		return func(t *testing.T, broken string) []string {
			h := newHarness(t, which, "", broken, 1)
			for range 5 {
				h.killAt(0, point, 3, nil)
				h.clock.advance(later)
			}
			h.drain()
			return h.compare()
		}
	}
	for broken, run := range map[string]func(t *testing.T, broken string) []string{
		brokenAck:      kill(0, pointRecord+uncommitted, time.Minute),
		brokenTwice:    kill(0, pointRecord+committed, time.Minute),
		brokenRegroup:  kill(repeat, pointNotRead, 20*time.Minute),
		brokenKeys:     kill(repeat, pointNotRead, keysLive+time.Hour),
		brokenUnfenced: func(t *testing.T, broken string) []string { return pauseAndWake(t, "", broken).noticed() },
	} {
		t.Run(broken, func(t *testing.T) {
			t.Parallel()
			wrong := run(t, broken)
			require.NotEmpty(t, wrong, "nobody noticed")
			t.Log(fmt.Sprintf("noticed %d things, such as: ", len(wrong)), wrong[0])
			require.Empty(t, run(t, ""), "the same run of a meter that does it right")
		})
	}
}

// noticed is what processes noticed by themselves.
func (h *harness) noticed() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.broken)
}
