// Command emit measures one Emit on a kept-alive loopback connection against the same
// POST by hand and against two SDKs, side by side: every round runs each of them once,
// and the ratios are of medians. With -locks it shows instead what many callers of one
// client wait for.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/pacspace/pacspace-go/benchmarks/internal/rounds"
)

func main() {
	var (
		times = flag.Int("rounds", 51, "rounds")
		calls = flag.Int("calls", 1500, "calls a round and candidate")
		many  = flag.Int("goroutines", 64, "callers of one client at once, for the second table")
		locks = flag.Bool("locks", false, "show the mutex and block profiles of that many callers instead")
	)
	flag.Parse()
	if *locks {
		if err := printLocks(os.Stdout, *times**calls, *many); err != nil {
			fmt.Fprintln(os.Stderr, "emit:", err)
			os.Exit(1)
		}
		return
	}
	for _, callers := range []int{1, *many} {
		if err := measure(*times, *calls, callers); err != nil {
			fmt.Fprintln(os.Stderr, "emit:", err)
			os.Exit(1)
		}
	}
}

// run is what one round took of one candidate, for one call.
type run struct{ wall, cpu, allocs, bytes float64 }

func wall(r run) float64   { return r.wall }
func cpu(r run) float64    { return r.cpu }
func allocs(r run) float64 { return r.allocs }

func measure(times, calls, callers int) error {
	type candidate struct {
		server *server
		send   send
	}
	ready := map[string]candidate{}
	for _, name := range names {
		s, err := serve(callers)
		if err != nil {
			return err
		}
		defer s.close()
		client := pool(callers)
		defer client.CloseIdleConnections()
		c, err := newClient(name, s.url, client)
		if err != nil {
			return err
		}
		if err := sendAll(c, callers, callers); err != nil { // connects
			return fmt.Errorf("%s: %w", name, err)
		}
		ready[name] = candidate{s, c}
	}
	results, err := rounds.Run(times, names, func(name string) (run, error) {
		return take(ready[name].send, calls, callers)
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d calls a round, %d at once, %d rounds, %s; medians [best]; times hold the server's share\n\n", calls, callers, times, rounds.Machine())
	results.Print(os.Stdout,
		rounds.Column[run]{Title: "time a call, us", Of: wall, Digits: 1, Best: true},
		rounds.Column[run]{Title: "CPU a call, us", Of: cpu, Digits: 1, Best: true},
		rounds.Column[run]{Title: "allocations", Of: allocs, Digits: 1},
		rounds.Column[run]{Title: "bytes", Of: func(r run) float64 { return r.bytes }},
	)
	fmt.Println()
	fmt.Print("| ratio | time | CPU | allocations | to reach, one at once |\n|---|---|---|---|---|\n")
	for _, r := range []struct{ over, under, goal string }{
		{"emit", "by hand", "time at most 1.15, allocations at most 1.3"},
		{"stripe-go", "emit", "time at least 1.4"},
		{"openai-go", "emit", "time at least 1.4"},
	} {
		fmt.Printf("| %s / %s | %.2f | %.2f | %.2f | %s |\n", r.over, r.under,
			results.Ratio(r.over, r.under, wall), results.Ratio(r.over, r.under, cpu), results.Ratio(r.over, r.under, allocs), r.goal)
	}
	fmt.Println()
	for _, name := range names {
		fmt.Printf("%s: %d calls over %d connections\n", name, times*calls+callers, ready[name].server.connections.Load())
	}
	fmt.Println()
	return nil
}

// take measures so many calls, spread over so many callers of one client.
func take(c send, calls, callers int) (run, error) {
	runtime.GC()
	var before, after runtime.MemStats
	var used, then syscall.Rusage
	runtime.ReadMemStats(&before)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return run{}, err
	}
	start := time.Now()
	if err := sendAll(c, calls, callers); err != nil {
		return run{}, err
	}
	took := time.Since(start)
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &then); err != nil {
		return run{}, err
	}
	runtime.ReadMemStats(&after)
	n := float64(calls)
	return run{
		wall:   float64(took.Nanoseconds()) / 1e3 / n,
		cpu:    float64((then.Utime.Nano()+then.Stime.Nano())-(used.Utime.Nano()+used.Stime.Nano())) / 1e3 / n,
		allocs: float64(after.Mallocs-before.Mallocs) / n,
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / n,
	}, nil
}

// sendAll makes the calls and returns an error of one that failed.
func sendAll(c send, calls, callers int) error {
	var (
		group  sync.WaitGroup
		failed = make(chan error, callers)
	)
	for caller := range callers {
		share := calls / callers
		if caller < calls%callers {
			share++
		}
		group.Go(func() {
			for range share {
				if err := c(context.Background()); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}
