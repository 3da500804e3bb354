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
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/pacspace/pacspace-go/proof"
)

func main() {
	var (
		n      = flag.Int("deltas", 1_000_000, "deltas of the evidence, at most 10000000")
		rounds = flag.Int("rounds", 5, "rounds")
		keep   = flag.String("file", "", "evidence to make, or to use if it is there; a temporary one otherwise")
		role   = flag.String("role", "", "for the processes that are measured")
		only   = flag.String("only", "", "measure only this one: verify, naive or bound")
	)
	flag.Parse()
	var err error
	if *role != "" {
		err = play(*role, *keep)
	} else {
		err = measure(*n, *rounds, *keep, *only)
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

func measure(n, rounds int, path, only string) error {
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
	runs := map[string][]run{}
	for range rounds {
		for _, role := range roles {
			if only != "" && role != only {
				continue
			}
			cmd := exec.Command(self, "-role", role, "-file", path)
			cmd.Stderr = os.Stderr
			start := time.Now()
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s: %w", role, err)
			}
			used := cmd.ProcessState
			peak := int64(0)
			if r, ok := used.SysUsage().(*syscall.Rusage); ok {
				peak = r.Maxrss
			}
			runs[role] = append(runs[role], run{time.Since(start), used.UserTime() + used.SystemTime(), peak})
		}
	}
	fmt.Printf("%d deltas, lines of %d bytes, %d rounds, %s %s/%s, %d cores; medians [best]\n\n",
		n, lineBytes, rounds, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	fmt.Println("|        | wall, s | CPU, s | CPU a delta, us | peak, MiB |")
	fmt.Println("|---|---|---|---|---|")
	cpu := map[string]float64{}
	for _, role := range roles {
		r := runs[role]
		if len(r) == 0 {
			continue
		}
		wall, used := seconds(r, func(r run) time.Duration { return r.wall }), seconds(r, func(r run) time.Duration { return r.cpu })
		peak := slices.MaxFunc(r, func(a, b run) int { return int(a.peak - b.peak) }).peak
		cpu[role] = used[len(used)/2]
		fmt.Printf("| %-6s | %.2f [%.2f] | %.2f [%.2f] | %.2f | %d |\n", role, wall[len(wall)/2], wall[0], cpu[role], used[0], cpu[role]/float64(n)*1e6, peak/1024)
	}
	if only == "" {
		fmt.Printf("\nCPU time: naive / verify = %.1f (to reach: 8), verify / bound = %.2f (to reach: 2.5)\n", cpu["naive"]/cpu["verify"], cpu["verify"]/cpu["bound"])
	}
	return nil
}

func seconds(runs []run, of func(run) time.Duration) []float64 {
	var s []float64
	for _, r := range runs {
		s = append(s, of(r).Seconds())
	}
	slices.Sort(s)
	return s
}
