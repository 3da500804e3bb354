// Package rounds runs candidates side by side and prints what they took. Machines are
// shared and change their speed, so only what ran in turns can be compared, and a median
// says more than a mean.
package rounds

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// Results are the runs of each candidate, in the order of the rounds.
type Results[T any] struct {
	names []string
	runs  map[string][]T
}

// Run lets each candidate run once a round. Every other round goes backwards, so that no
// candidate always runs after the same one.
func Run[T any](rounds int, names []string, run func(name string) (T, error)) (Results[T], error) {
	r := Results[T]{names: names, runs: map[string][]T{}}
	order := slices.Clone(names)
	for range rounds {
		for _, name := range order {
			took, err := run(name)
			if err != nil {
				return r, fmt.Errorf("%s: %w", name, err)
			}
			r.runs[name] = append(r.runs[name], took)
		}
		slices.Reverse(order)
	}
	return r, nil
}

// Column is one figure of a run.
type Column[T any] struct {
	Title string
	Of    func(T) float64
	// Digits stand after the point.
	Digits int
	// Best shows the least of all rounds too, in brackets.
	Best bool
}

// Median is the middle of a candidate's figures, the upper one of two.
func (r Results[T]) Median(name string, of func(T) float64) float64 {
	s := r.sorted(name, of)
	return s[len(s)/2]
}

// Ratio is one median divided by another.
func (r Results[T]) Ratio(over, under string, of func(T) float64) float64 {
	return r.Median(over, of) / r.Median(under, of)
}

func (r Results[T]) sorted(name string, of func(T) float64) []float64 {
	var s []float64
	for _, took := range r.runs[name] {
		s = append(s, of(took))
	}
	slices.Sort(s)
	return s
}

// Print writes a table in Markdown, one row a candidate.
func (r Results[T]) Print(w io.Writer, columns ...Column[T]) {
	head := "|  |"
	for _, c := range columns {
		head += " " + c.Title
		if c.Best {
			head += " [best]"
		}
		head += " |"
	}
	fmt.Fprintln(w, head)
	fmt.Fprintln(w, strings.Repeat("|---", len(columns)+1)+"|")
	for _, name := range r.names {
		row := "| " + name + " |"
		for _, c := range columns {
			row += fmt.Sprintf(" %.*f", c.Digits, r.Median(name, c.Of))
			if c.Best {
				row += fmt.Sprintf(" [%.*f]", c.Digits, r.sorted(name, c.Of)[0])
			}
			row += " |"
		}
		fmt.Fprintln(w, row)
	}
}

// Machine says what the figures of a run depend on.
func Machine() string {
	return fmt.Sprintf("%s %s/%s, %d cores", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
}
