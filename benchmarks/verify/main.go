// Command verify measures proof.Verify against a naive verifier and against the bound of
// reading and hashing, side by side: every round runs each of them once, in a process of
// its own, and the ratios are of medians.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	)
	flag.Parse()
	var err error
	if *role != "" {
		err = play(*role, *keep)
	} else {
		err = measure(*n, *times, *keep, *only)
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
}

func measure(n, times int, path, only string) error {
	if path == "" {
		dir, err := os.MkdirTemp("", "pacspace-bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		path = filepath.Join(dir, "evidence.jsonl")
	}
	if _, err := os.Stat(path); err != nil {
		if err := generate(path, n); err != nil {
			return err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	names := roles
	if only != "" {
		names = []string{only}
	}
	results, err := rounds.Run(times, names, func(role string) (run, error) {
		cmd := exec.Command(self, "-role", role, "-file", path)
		cmd.Stderr = os.Stderr
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return run{}, err
		}
		took := run{wall: time.Since(start), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
		if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			took.peak = used.Maxrss
		}
		return took, nil
	})
	if err != nil {
		return err
	}
	cpu := func(r run) float64 { return r.cpu.Seconds() }
	fmt.Printf("%d deltas, lines of %d bytes, %d rounds, %s; medians [best]\n\n", n, lineBytes, times, rounds.Machine())
	results.Print(os.Stdout,
		rounds.Column[run]{Title: "wall, s", Of: func(r run) float64 { return r.wall.Seconds() }, Digits: 2, Best: true},
		rounds.Column[run]{Title: "CPU, s", Of: cpu, Digits: 2, Best: true},
		rounds.Column[run]{Title: "CPU a delta, us", Of: func(r run) float64 { return r.cpu.Seconds() / float64(n) * 1e6 }, Digits: 2},
		rounds.Column[run]{Title: "peak, MiB", Of: func(r run) float64 { return float64(r.peak) / 1024 }},
	)
	if only == "" {
		fmt.Printf("\nCPU time: naive / verify = %.1f (to reach: 8), verify / bound = %.2f (to reach: 2.5)\n",
			results.Ratio("naive", "verify", cpu), results.Ratio("verify", "bound", cpu))
	}
	return nil
}
