package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// wait is how often and how long goroutines waited, for one function: that it gave up
// a lock (the mutex profile), or within it (the block profile).
type wait struct {
	function string
	times    int64
	cycles   int64
}

// ours says that the function is of this repository or of the library that repeats its
// requests, but not of the benchmark itself.
func (w wait) ours() bool {
	const module = "github.com/pacspace/pacspace-go"
	return strings.HasPrefix(w.function, module) && !strings.HasPrefix(w.function, module+"/benchmarks") ||
		strings.HasPrefix(w.function, "github.com/hashicorp/")
}

// profile makes calls while every wait is recorded.
func profile(c send, calls, callers int) (locks, blocks []wait, err error) {
	before := runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	err = sendAll(c, calls, callers)
	runtime.SetBlockProfileRate(0)
	runtime.SetMutexProfileFraction(before)
	if err != nil {
		return nil, nil, err
	}
	if locks, err = waits(runtime.MutexProfile, isSync); err != nil {
		return nil, nil, err
	}
	blocks, err = waits(runtime.BlockProfile, isWaiting)
	return locks, blocks, err
}

func isSync(function string) bool {
	return strings.HasPrefix(function, "sync.") || strings.HasPrefix(function, "internal/sync.")
}

// isWaiting is for the ways to wait: a lock, a channel, a select.
func isWaiting(function string) bool {
	return isSync(function) || strings.HasPrefix(function, "runtime.")
}

// waits sums a profile up by the function that called the ways to wait, the longest first.
// What did not begin with one is a lock within the Go runtime, such as the allocator's,
// and is passed over.
func waits(read func([]runtime.BlockProfileRecord) (int, bool), isWay func(string) bool) ([]wait, error) {
	n, _ := read(nil)
	records := make([]runtime.BlockProfileRecord, n+1000)
	n, ok := read(records)
	if !ok {
		return nil, fmt.Errorf("the profile grew while it was read")
	}
	sums := map[string]wait{}
	for _, r := range records[:n] {
		function := caller(r.Stack(), isWay)
		if function == "" {
			continue
		}
		w := sums[function]
		sums[function] = wait{function, w.times + r.Count, w.cycles + r.Cycles}
	}
	var list []wait
	for _, w := range sums {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b wait) int { return cmp.Compare(b.cycles, a.cycles) })
	return list, nil
}

func caller(stack []uintptr, isWay func(string) bool) string {
	frames := runtime.CallersFrames(stack)
	for depth := 0; ; depth++ {
		frame, more := frames.Next()
		switch {
		case depth > 0 && frame.Function == "runtime.deferreturn" && more: // an Unlock that was deferred
		case !isWay(frame.Function):
			if depth == 0 {
				return ""
			}
			return frame.Function
		case !more:
			return ""
		}
	}
}

// printLocks shows what callers of one client wait for.
func printLocks(w io.Writer, calls, callers int) error {
	s, err := serve(callers)
	if err != nil {
		return err
	}
	defer s.close()
	client := pool(callers)
	defer client.CloseIdleConnections()
	c, err := newClient("emit", s.url, client)
	if err != nil {
		return err
	}
	locks, blocks, err := profile(c, calls, callers)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d calls, %d at once\n", calls, callers)
	for _, p := range []struct {
		title string
		waits []wait
	}{{"locks, by who held them", locks}, {"waiting of any kind, by who waited", blocks}} {
		all, ours := int64(0), int64(0)
		for _, x := range p.waits {
			all += x.cycles
			if x.ours() {
				ours += x.cycles
			}
		}
		fmt.Fprintf(w, "\n| %s | waits | share |\n|---|---|---|\n", p.title)
		for i, x := range p.waits {
			if i < 6 || x.ours() {
				fmt.Fprintf(w, "| %s | %d | %.2f%% |\n", x.function, x.times, 100*float64(x.cycles)/float64(all))
			}
		}
		fmt.Fprintf(w, "| *the SDK and go-retryablehttp together* |  | %.2f%% |\n", 100*float64(ours)/float64(max(all, 1)))
	}
	return nil
}
