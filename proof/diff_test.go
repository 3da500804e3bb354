package proof

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
)

// view reads deltas as reference=amount, with @customer behind it where one is named.
func view(t testing.TB, deltas ...string) iter.Seq2[Item, error] {
	t.Helper()
	var items []Item
	for _, text := range deltas {
		text, customer, _ := strings.Cut(text, "@")
		reference, amount, _ := strings.Cut(text, "=")
		items = append(items, Item{ReferenceID: reference, Delta: number(t, amount), CustomerID: customer})
	}
	return itemsOf(items)
}

func itemsOf(items []Item) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func failing(after iter.Seq2[Item, error], err error) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for item, e := range after {
			if !yield(item, e) {
				return
			}
		}
		yield(Item{}, err)
	}
}

func collect(t testing.TB, differences iter.Seq2[Difference, error]) ([]string, error) {
	t.Helper()
	var lines []string
	for d, err := range differences {
		if err != nil {
			return lines, err
		}
		lines = append(lines, d.String())
	}
	return lines, nil
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		vendor, own []string
		want        []string
		same        int
		by          string
		unordered   bool // DiffOrdered refuses the views
	}{
		{"two empty views are equal", nil, nil, nil, 0, "0", false},
		{"equal views have no difference", []string{"a=-1", "b=-2"}, []string{"a=-1", "b=-2"}, nil, 2, "0", false},
		{"a spelling is no difference", []string{"a=-1.50", "b=1e2"}, []string{"a=-1.5", "b=100"}, nil, 2, "0", false},
		{"a delta that the buyer lacks", []string{"a=-1", "b=-2"}, []string{"a=-1"},
			[]string{"b: missing in own: vendor -2, own nothing, by -2"}, 1, "-2", false},
		{"a delta that the vendor leaves out", []string{"a=-1"}, []string{"a=-1", "b=250"},
			[]string{"b: missing in vendor: vendor nothing, own 250, by -250"}, 1, "-250", false},
		{"an amount that differs", []string{"a=-51"}, []string{"a=-50"},
			[]string{"a: amount differs: vendor -51, own -50, by -1"}, 0, "-1", false},
		{"an amount that only binary64 makes equal", []string{"a=-0.3"}, []string{"a=-0.30000000000000004"},
			[]string{"a: amount differs: vendor -0.3, own -0.30000000000000004, by 0.00000000000000004"}, 0, "0.00000000000000004", false},
		{"differences that cancel out are still two", []string{"a=-40", "b=-60"}, []string{"a=-50", "b=-50"},
			[]string{"a: amount differs: vendor -40, own -50, by 10", "b: amount differs: vendor -60, own -50, by -10"}, 0, "0", false},
		{"another customer's delta under the same reference", []string{"a=-1@acme"}, []string{"a=-1@bolt"},
			[]string{"a: customer differs: vendor -1, own -1, by 0"}, 0, "0", false},
		{"a customer whom only one view names is no difference", []string{"a=-1@acme"}, []string{"a=-1"}, nil, 1, "0", false},
		{"views in different orders", []string{"b=-2", "a=-1", "c=-3"}, []string{"c=-3", "a=-1", "b=-2"}, nil, 3, "0", true},
		{"what is missing comes last, in the order of the views", []string{"d=-4", "b=-2", "a=-1"}, []string{"c=-3", "a=-2", "b=-2"},
			[]string{"a: amount differs: vendor -1, own -2, by 1", "d: missing in own: vendor -4, own nothing, by -4",
				"c: missing in vendor: vendor nothing, own -3, by 3"}, 1, "0", true},
		{"a delta that the vendor bills twice", []string{"a=-1", "a=-1"}, []string{"a=-1"},
			[]string{"a: twice in vendor: vendor -1, own nothing, by -1"}, 1, "-1", true},
		{"a delta that the buyer counts twice before the vendor has it", []string{"b=-2", "b2=0", "a=-1"}, []string{"a=-1", "a=-9", "b=-2"},
			[]string{"a: twice in own: vendor nothing, own -9, by 9", "b2: missing in own: vendor 0, own nothing, by 0"}, 2, "9", true},
		{"deltas without a reference are compared with nothing", []string{"=-1"}, []string{"=-1"},
			[]string{"nothing: unnamed in vendor: vendor -1, own nothing, by -1", "nothing: unnamed in own: vendor nothing, own -1, by 1"}, 0, "0", true},
		{"references in another case are two", []string{"A=-1"}, []string{"a=-1"},
			[]string{"A: missing in own: vendor -1, own nothing, by -1", "a: missing in vendor: vendor nothing, own -1, by 1"}, 0, "0", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var summary DiffSummary
			got, err := collect(t, Diff(view(t, tc.vendor...), view(t, tc.own...), &summary))
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.same, summary.Same)
			require.Equal(t, tc.by, summary.By.String())
			require.Equal(t, len(tc.want) == 0, summary.Equal())
			require.Equal(t, len(tc.vendor), summary.Vendor.Count)
			require.Equal(t, len(tc.own), summary.Own.Count)

			var ordered DiffSummary
			got, err = collect(t, DiffOrdered(view(t, tc.vendor...), view(t, tc.own...), &ordered))
			if tc.unordered {
				require.ErrorIs(t, err, ErrDiffOrder)
				return
			}
			require.NoError(t, err)
			require.ElementsMatch(t, tc.want, got)
			require.Equal(t, summary, ordered)
		})
	}
}

// However views differ, both ways find the same, and the differences add up to the
// difference of the sums.
func TestDiffOfRandomViews(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 9))
	for range 200 {
		var vendor, own []Item
		want := 0
		for i := range random.IntN(60) {
			item := Item{ReferenceID: fmt.Sprintf("r%03d", i), Delta: decimal.New(random.Int64N(200) - 100)}
			switch random.IntN(4) {
			case 0:
				vendor, want = append(vendor, item), want+1
			case 1:
				own, want = append(own, item), want+1
			case 2:
				vendor = append(vendor, item)
				item.Delta = item.Delta.Add(decimal.New(1))
				own, want = append(own, item), want+1
			default:
				vendor, own = append(vendor, item), append(own, item)
			}
		}
		var ordered, unordered DiffSummary
		inOrder, err := collect(t, DiffOrdered(itemsOf(vendor), itemsOf(own), &ordered))
		require.NoError(t, err)
		require.True(t, slices.IsSorted(inOrder))
		random.Shuffle(len(vendor), func(i, j int) { vendor[i], vendor[j] = vendor[j], vendor[i] })
		random.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
		shuffled, err := collect(t, Diff(itemsOf(vendor), itemsOf(own), &unordered))
		require.NoError(t, err)
		require.ElementsMatch(t, inOrder, shuffled)
		require.Len(t, inOrder, want)
		require.Equal(t, ordered, unordered)
		var by decimal.Decimal
		for _, total := range ordered.Kinds {
			by = by.Add(total.By)
		}
		require.True(t, by.Equal(ordered.By))
		require.True(t, by.Equal(ordered.Vendor.Sum.Sub(ordered.Own.Sum)))
	}
}

func TestDiffEndsWithTheErrorOfAView(t *testing.T) {
	t.Parallel()
	broken := errors.New("the query failed")
	for name, diff := range map[string]func(a, b iter.Seq2[Item, error], s *DiffSummary) iter.Seq2[Difference, error]{"unordered": Diff, "ordered": DiffOrdered} {
		for _, deltas := range [][]string{nil, {"a=-1"}, {"a=-1", "b=-2"}} {
			_, err := collect(t, diff(failing(view(t, deltas...), broken), view(t, "a=-1", "b=-2", "c=-3"), nil))
			require.ErrorIs(t, err, broken, name)
			_, err = collect(t, diff(view(t, "a=-1", "b=-2", "c=-3"), failing(view(t, deltas...), broken), nil))
			require.ErrorIs(t, err, broken, name)
		}
		n := 0
		for range diff(view(t, "a=-1", "b=-2"), view(t), nil) {
			n++
			break
		}
		require.Equal(t, 1, n, "%s: a caller may stop early", name)
	}
}

func TestDiffRemembersAStatedNumberOfReferences(t *testing.T) {
	t.Parallel()
	_, err := collect(t, diffUpTo(3, view(t, "a=1", "b=1"), view(t, "c=1", "a=1"), nil))
	require.NoError(t, err)
	_, err = collect(t, diffUpTo(3, view(t, "a=1", "b=1"), view(t, "c=1", "d=1"), nil))
	require.ErrorIs(t, err, ErrLimit)
	require.ErrorContains(t, err, "use DiffOrdered")
}

// The order of DiffOrdered holds without memory of what went by.
func TestDiffOrderedGoesOnForEver(t *testing.T) {
	t.Parallel()
	endless := func(every int) iter.Seq2[Item, error] {
		return func(yield func(Item, error) bool) {
			for i := 0; ; i += every {
				if !yield(Item{ReferenceID: fmt.Sprintf("%09d", i), Delta: decimal.New(1)}, nil) {
					return
				}
			}
		}
	}
	n := 0
	for d, err := range DiffOrdered(endless(1), endless(2), nil) {
		require.NoError(t, err)
		require.Equal(t, MissingInOwn, d.Kind)
		if n++; n == 10_000 {
			break
		}
	}
}

func TestDiffOfEvidence(t *testing.T) {
	t.Parallel()
	b := february(t, 3)
	reader, err := NewReader(bytes.NewReader(b.write(t)))
	require.NoError(t, err)
	var summary DiffSummary
	got, err := collect(t, Diff(reader.Items(), ReadCSV(strings.NewReader("referenceId,delta\n"+
		"usage:customer_acme:2026-02-01,-50\nusage:customer_acme:2026-02-02,-49.5\n"), CSVColumns{}), &summary))
	require.NoError(t, err)
	require.Equal(t, []string{
		"usage:customer_acme:2026-02-02: amount differs: vendor -50, own -49.5, by -0.5",
		"usage:customer_acme:2026-02-03: missing in own: vendor -50, own nothing, by -50",
	}, got)
	require.Equal(t, "-50.5", summary.By.String())

	cut := b.write(t)
	reader, err = NewReader(bytes.NewReader(cut[:len(cut)-200]))
	require.NoError(t, err)
	_, err = collect(t, Diff(reader.Items(), view(t), nil))
	require.ErrorIs(t, err, ErrFormat, "cut evidence is no shorter list")
}
