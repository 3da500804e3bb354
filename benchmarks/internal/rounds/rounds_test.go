package rounds

import (
	"errors"
	"strings"
	"testing"
)

func self(n int) float64 { return float64(n) }

func TestCandidatesTakeTurns(t *testing.T) {
	t.Parallel()
	var order []string
	figures := map[string][]int{"a": {5, 1, 3}, "b": {20, 60, 40}}
	r, err := Run(3, []string{"a", "b"}, func(name string) (int, error) {
		order = append(order, name)
		next := figures[name][0]
		figures[name] = figures[name][1:]
		return next, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "a b b a a b" {
		t.Errorf("they ran as %s", got)
	}
	if got := r.Ratio("b", "a", self); got != 40.0/3 {
		t.Errorf("the ratio of medians is %v", got)
	}
	var table strings.Builder
	r.Print(&table, Column[int]{Title: "us", Of: self, Digits: 1, Best: true}, Column[int]{Title: "halves", Of: func(n int) float64 { return 2 * float64(n) }})
	const want = "|  | us [best] | halves |\n|---|---|---|\n| a | 3.0 [1.0] | 6 |\n| b | 40.0 [20.0] | 80 |\n"
	if table.String() != want {
		t.Errorf("the table is\n%s", &table)
	}
}

func TestAFailureEndsTheRounds(t *testing.T) {
	t.Parallel()
	ran := 0
	_, err := Run(3, []string{"a"}, func(string) (int, error) { ran++; return 0, errors.New("refused") })
	if ran != 1 || err == nil || err.Error() != "a: refused" {
		t.Errorf("it ran %d times: %v", ran, err)
	}
}
