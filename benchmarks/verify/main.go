// Command verify measures proof.Verify against a naive verifier, against the bound of
// reading and hashing, and against verifiers in other languages, side by side: every round
// runs each of them once, in a process of its own, and the ratios are of medians.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/pacspace/pacspace-go/benchmarks/internal/rounds"
	"github.com/pacspace/pacspace-go/proof"
)

func main() {
	var (
		n     = flag.Int("deltas", 1_000_000, "deltas of the evidence, at most 10000000")
		times = flag.Int("rounds", 5, "rounds")
		keep  = flag.String("file", "", "evidence to make, or to use if it is there; a temporary one otherwise")
		role  = flag.String("role", "", "for the processes that are measured")
		only  = flag.String("only", "", "measure only this one: verify, naive or bound")
		grow  = flag.Bool("growth", false, "measure verify alone, from 10000 deltas up to -deltas")
		again = flag.Int("passes", 1, "for the processes that are measured")
		peers = flag.Bool("peers", false, "measure verifiers in Node and Python too, where these are installed (their packages are fetched)")
		fewer = flag.Int("peer-deltas", 100_000, "deltas for these, which are slow; compared by the time for one delta")
	)
	flag.Parse()
	var err error
	switch {
	case *role != "":
		for range *again {
			err = errors.Join(err, play(*role, *keep))
		}
	case *grow:
		err = growth(*n, *times)
	default:
		m := measurement{deltas: *n, rounds: *times, path: *keep, names: roles, peerDeltas: min(*fewer, *n)}
		if *only != "" {
			m.names = []string{*only}
		}
		err = m.run(*peers)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

var roles = []string{"verify", "naive", "bound"}

// play is one run.
func play(role, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	switch role {
	case "naive":
		return naive(file)
	case "bound":
		return bound(file)
	}
	report, err := proof.Verify(file, proof.Expect{CustomerID: customer, Resource: resource, Period: month})
	if err != nil {
		return err
	}
	if report.Verdict != proof.Consistent {
		return fmt.Errorf("the verdict is %s", report)
	}
	return nil
}

type run struct {
	wall, cpu time.Duration
	peak      int64 // KiB
	deltas    int
}

func cpu(r run) float64      { return r.cpu.Seconds() }
func cpuDelta(r run) float64 { return r.cpu.Seconds() / float64(r.deltas) * 1e6 }

var (
	cpuDeltaColumn = rounds.Column[run]{Title: "CPU a delta, us", Of: cpuDelta, Digits: 2, Best: true}
	peakColumn     = rounds.Column[run]{Title: "peak, MiB", Of: func(r run) float64 { return float64(r.peak) / 1024 }}
)

type measurement struct {
	deltas, rounds, peerDeltas int
	path                       string
	names                      []string
}

func (m measurement) run(withPeers bool) error {
	dir, err := os.MkdirTemp("", "pacspace-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if m.path == "" {
		m.path = filepath.Join(dir, "evidence.jsonl")
	}
	if _, err := os.Stat(m.path); err != nil {
		if err := generate(m.path, m.deltas); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	commands := map[string][]string{}
	for _, role := range m.names {
		commands[role] = []string{self, "-role", role, "-file", m.path}
	}
	var (
		ready   []peer
		missing []error
	)
	if withPeers {
		path := filepath.Join(dir, "for-peers.jsonl")
		if err := generate(path, m.peerDeltas); err != nil {
			return err
		}
		ready, missing = install(dir)
		for _, p := range ready {
			m.names = append(slices.Clip(m.names), p.name)
			commands[p.name] = append(p.command, path)
		}
	}
	results, err := rounds.Run(m.rounds, m.names, func(name string) (run, error) {
		deltas := m.deltas
		if !slices.Contains(roles, name) {
			deltas = m.peerDeltas
		}
		return start(commands[name], deltas)
	})
	if err != nil {
		return err
	}
	m.print(results, ready, missing)
	return nil
}

func start(command []string, deltas int) (run, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return run{}, err
	}
	took := run{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), deltas: deltas}
	if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		took.peak = used.Maxrss
	}
	return took, nil
}

func (m measurement) print(results rounds.Results[run], ready []peer, missing []error) {
	fmt.Printf("%d deltas, lines of %d bytes, %d rounds, %s; medians [best]\n\n", m.deltas, lineBytes, m.rounds, rounds.Machine())
	results.Print(os.Stdout,
		rounds.Column[run]{Title: "deltas", Of: func(r run) float64 { return float64(r.deltas) }},
		rounds.Column[run]{Title: "wall, s", Of: func(r run) float64 { return r.wall.Seconds() }, Digits: 2, Best: true},
		rounds.Column[run]{Title: "CPU, s", Of: cpu, Digits: 2, Best: true},
		cpuDeltaColumn, peakColumn,
	)
	fmt.Println()
	if slices.Contains(m.names, "verify") {
		if slices.Contains(m.names, "naive") {
			fmt.Printf("naive / verify: %.1f of the CPU time (to reach: 8)\n", results.Ratio("naive", "verify", cpu))
		}
		if slices.Contains(m.names, "bound") {
			fmt.Printf("verify / bound: %.2f of the CPU time (to reach: 2.5)\n", results.Ratio("verify", "bound", cpu))
		}
		for _, p := range ready {
			fmt.Printf("%s / verify: %.1f of the CPU time for a delta (to reach: %d)\n", p.name, results.Ratio(p.name, "verify", cpuDelta), p.goal)
		}
	}
	for _, err := range missing {
		fmt.Println(err)
	}
}
