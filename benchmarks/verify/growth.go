package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/pacspace/pacspace-go/benchmarks/internal/rounds"
)

// growth measures proof.Verify from ten thousand deltas up, by tens. A small file is
// verified so often in one process that its start does not count.
func growth(most, times int) error {
	const least, enough = 10_000, 1_000_000
	if most < 10*least {
		return errors.New("growth: it begins with 10000 deltas; give at least 100000 with -deltas")
	}
	dir, err := os.MkdirTemp("", "pacspace-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var names []string
	sizes := map[string]int{}
	file := func(name string) string { return filepath.Join(dir, name+".jsonl") }
	for n := least; n <= most; n *= 10 {
		name := strconv.Itoa(n) + " deltas"
		names, sizes[name] = append(names, name), n
		if err := generate(file(name), n); err != nil {
			return err
		}
	}
	results, err := rounds.Run(times, names, func(name string) (run, error) {
		passes := max(1, enough/sizes[name])
		return start([]string{self, "-role", "verify", "-file", file(name), "-passes", strconv.Itoa(passes)}, passes*sizes[name])
	})
	if err != nil {
		return err
	}
	fmt.Printf("proof.Verify by size, %d rounds, %s; medians [best]\n\n", times, rounds.Machine())
	results.Print(os.Stdout, cpuDeltaColumn, peakColumn)
	var all []float64
	for _, name := range names {
		all = append(all, results.Median(name, cpuDelta))
	}
	fmt.Printf("\nCPU time for a delta, most / least: %.2f (to reach: 1.15 up to 10000000 deltas)\n", slices.Max(all)/slices.Min(all))
	return nil
}
