//go:build unix

package sqlstore_test

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
)

// harness is one store with its service, and the processes that come and go.
type harness struct {
	testing.TB
	config killConfig
	clock  *killClock
	role   string // of the processes
	// heard takes what only these say, with mu locked; nil where there is no such thing.
	heard  func(p *process, word, rest string)
	tick   time.Duration // that passes with each round of a process: more work on any machine
	rounds int           // that a process has to come to its point

	mu     sync.Mutex
	next   []int // of each lane
	kills  int
	hits   map[string]int
	misses map[string]int // rounds in which a point was not reached
	errors map[string]int // what processes said that failed, which may be right
	broken []string
	sums   map[string]string // of what the outbox says is verified
}

const lanesPerProcess = 6

// newHarness starts a service. dsn is that of PostgreSQL, "" for SQLite.
func newHarness(t testing.TB, which int, dsn, broken string, processes int) *harness {
	h := bareHarness(t, "meter", killConfig{Conduct: which, DSN: dsn, Broken: broken})
	h.next = make([]int, processes*lanesPerProcess)
	h.tick, h.rounds = 7*time.Minute, 15
	service := h.command("service", h.config)
	in, err := service.StdinPipe()
	require.NoError(t, err)
	out, err := service.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, service.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = service.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "at ")
	require.True(t, ok, line)
	h.config.Service = "http://" + address
	return h
}

// bareHarness has a clock and an empty store, and no service yet.
func bareHarness(t testing.TB, role string, c killConfig) *harness {
	c.Dir = t.TempDir()
	clock, err := openClock(filepath.Join(c.Dir, "clock"))
	require.NoError(t, err)
	clock.advance(time.Until(killStart))
	if c.DSN != "" {
		c.Schema = fmt.Sprintf("kill_%d_%d", os.Getpid(), schemas.Add(1))
		db, err := sql.Open("pgx", c.DSN)
		require.NoError(t, err)
		defer db.Close()
		_, err = db.Exec("CREATE SCHEMA " + c.Schema)
		require.NoError(t, err)
	}
	return &harness{
		TB: t, clock: clock, role: role, config: c,
		hits: map[string]int{}, misses: map[string]int{}, errors: map[string]int{}, sums: map[string]string{},
	}
}

func (h *harness) command(role string, c killConfig) *exec.Cmd {
	h.Helper()
	self, err := os.Executable()
	require.NoError(h, err)
	text, err := json.Marshal(c)
	require.NoError(h, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), killRole+"="+role, "PACSPACE_KILL_CONFIG="+string(text))
	cmd.Stderr = os.Stderr
	return cmd
}

// process is a meter, or an agent, that runs.
type process struct {
	cmd    *exec.Cmd
	ready  chan struct{} // closed once it is there
	hit    chan struct{} // closed once it came to its point
	round  chan struct{} // holds something once it made another round
	done   chan struct{} // closed once it is gone and all that it said is read
	rounds int           // that it made
	ended  bool          // it said that all is delivered
}

// start starts the process number n.
func (h *harness) start(n int, change func(*killConfig)) *process {
	h.Helper()
	c := h.config
	h.mu.Lock()
	for lane := n * lanesPerProcess; lane < min((n+1)*lanesPerProcess, len(h.next)); lane++ {
		c.Lanes = append(c.Lanes, killLane{lane, h.next[lane]})
	}
	h.mu.Unlock()
	c.Do = trapKill
	change(&c)
	p := &process{cmd: h.command(h.role, c), ready: make(chan struct{}), hit: make(chan struct{}), round: make(chan struct{}, 1), done: make(chan struct{})}
	out, err := p.cmd.StdoutPipe()
	require.NoError(h, err)
	_, err = p.cmd.StdinPipe() // which ends with this process
	require.NoError(h, err)
	require.NoError(h, p.cmd.Start())
	h.Cleanup(func() {
		_ = p.cmd.Process.Signal(syscall.SIGKILL) // of no effect where it is gone
		<-p.done
	})
	go func() {
		defer close(p.done)
		h.read(p, out)
		_ = p.cmd.Wait() // it was killed
	}()
	return p
}

// read takes what a process says, up to the last whole line before it died.
func (h *harness) read(p *process, out io.Reader) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		h.mu.Lock()
		switch word {
		case "ready":
			close(p.ready)
		case "ack":
			var lane, i int
			if _, err := fmt.Sscan(rest, &lane, &i); err != nil || h.next[lane] != i {
				h.broken = append(h.broken, fmt.Sprintf("%q came where event %d of the lane was due", line, h.next[lane]))
			} else {
				h.next[lane]++
			}
		case "hit":
			h.hits[rest]++
			close(p.hit)
		case "round":
			p.rounds++
			h.clock.advance(h.tick)
			select {
			case p.round <- struct{}{}:
			default:
			}
		case "broken", "failed":
			h.broken = append(h.broken, rest)
		case "error":
			h.errors[rest]++
		case "sum":
			customer, sum, _ := strings.Cut(rest, " ")
			h.sums[customer] = sum
		case "done":
			p.ended = true
		default:
			if h.heard != nil {
				h.heard(p, word, rest)
			}
		}
		h.mu.Unlock()
	}
}

// end kills a process, unless it killed itself at a point, and counts it on the board, if
// there is one.
func (h *harness) end(p *process, point string, b *board) {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
	h.mu.Lock()
	h.kills++
	h.mu.Unlock()
	if b != nil {
		b.kill(h.store(), point)
	}
}

const (
	onSQLite   = "SQLite"
	onPostgres = "PostgreSQL"
)

// store names the kind of the harness's store.
func (h *harness) store() string {
	if h.config.DSN == "" {
		return onSQLite
	}
	return onPostgres
}

// hangTime is for how long a process may make no round. Nothing else in the harness is a
// matter of time, so that a slow machine takes longer and finds the same.
const hangTime = 2 * time.Minute

// await waits until something happens, the process is gone, or it made so many more rounds.
// One that hangs is wrong, and its goroutines are printed.
func (h *harness) await(p *process, until <-chan struct{}, rounds int) (happened bool) {
	hangs := time.NewTimer(hangTime)
	defer hangs.Stop()
	for last := h.roundsOf(p) + rounds; h.roundsOf(p) < last; {
		select {
		case <-until:
			return true
		case <-p.done:
			select {
			case <-until: // before it went
				return true
			default:
				return false
			}
		case <-p.round:
			hangs.Reset(hangTime)
		case <-hangs.C:
			_ = p.cmd.Process.Signal(syscall.SIGQUIT)
			<-p.done
			h.mu.Lock()
			defer h.mu.Unlock()
			h.broken = append(h.broken, fmt.Sprintf("a process made no round for %v", hangTime))
			return false
		}
	}
	return false
}

func (h *harness) roundsOf(p *process) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return p.rounds
}

// killAt lets the process number n run until it dies at a point, or for so many rounds that
// it does not come there.
func (h *harness) killAt(n int, point string, count int, b *board) {
	p := h.start(n, func(c *killConfig) { c.Point, c.Count = point, count })
	if h.await(p, p.hit, h.rounds) {
		h.end(p, point, b)
		return
	}
	h.end(p, "", b)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.misses[point]++
}

// killAnywhere lets the process number n run for a moment, or not even start.
func (h *harness) killAnywhere(n int, random *rand.Rand, b *board) {
	p := h.start(n, func(*killConfig) {})
	defer h.end(p, "", b)
	if random.IntN(10) > 0 {
		select {
		case <-p.ready:
		case <-p.done:
			return
		}
	}
	time.Sleep(rand.N(80 * time.Millisecond))
}

// finish drains the store and compares it with the service and with the events.
func (h *harness) finish() {
	h.Helper()
	h.drain()
	for _, p := range h.compare() {
		h.Error(p)
	}
}

func (h *harness) drain() {
	h.Helper()
	h.calm()
	h.clock.advance(20 * time.Minute)
	for n := range len(h.next) / lanesPerProcess {
		p := h.start(n, func(c *killConfig) { c.Drain = true })
		if !h.await(p, p.done, 1<<30) || !p.ended { // it ends by itself
			h.mu.Lock()
			h.broken = append(h.broken, "the last process did not come to an end")
			h.mu.Unlock()
		}
	}
}

// requests lists the writes that name a reference: when, where and with which key.
func (h *harness) requests(reference string) (out []string) {
	h.Helper()
	text, err := os.ReadFile(filepath.Join(h.config.Dir, requestsFile))
	require.NoError(h, err)
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, `"`+reference+`"`) {
			head, _, _ := strings.Cut(line, "{")
			out = append(out, head)
		}
	}
	return out
}

// compare returns what does not fit: the events that were acknowledged, the service's
// deltas and the outbox.
func (h *harness) compare() (wrong []string) {
	h.Helper()
	wrong = append(wrong, h.broken...)
	want := map[string]decimal.Decimal{}
	for lane, next := range h.next {
		for i := range next {
			e := killLane{lane, i}.event()
			want[e.CustomerID] = want[e.CustomerID].Sub(e.Amount)
		}
	}
	recorded, err := recordedBy(h.config.Service)
	require.NoError(h, err)
	got, seen := map[string]decimal.Decimal{}, map[string]int{}
	for _, d := range recorded {
		if d.Status != "VERIFIED" {
			continue
		}
		got[d.CustomerID] = got[d.CustomerID].Add(d.Delta)
		if seen[d.ReferenceID]++; seen[d.ReferenceID] == 2 {
			wrong = append(wrong, fmt.Sprintf("the service holds %s more than once: %s", d.ReferenceID, h.requests(d.ReferenceID)))
		}
	}
	for _, customer := range killCustomers {
		if !got[customer].Equal(want[customer]) {
			wrong = append(wrong, fmt.Sprintf("the service has %s for %s, acknowledged events come to %s", got[customer], customer, want[customer]))
		}
		if outbox := h.sums[customer]; outbox != got[customer].String() && !(outbox == "" && got[customer].IsZero()) {
			wrong = append(wrong, fmt.Sprintf("the service has %s for %s, the outbox %s", got[customer], customer, outbox))
		}
	}
	return wrong
}
