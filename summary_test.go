package pacspace_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// Go and Python programs that submit the same summaries name each of them once.
func ExampleSummaryReference() {
	day := pacspace.NewDate(2026, time.March, 17)
	window := pacspace.Window{Start: day.Start(), End: day.End()}
	reference, err := pacspace.SummaryReference("cust_1", pacspace.NewDecimal(-1), window)
	fmt.Println(reference, err)
	// Output: sum_9a91e85a95e6821e0416faffd4e8c5e2de65dfe8e9388456 <nil>
}

func TestSummaryReferenceNamesTheSameSummaryAlways(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC)
	window := pacspace.Window{Start: start, End: start.AddDate(0, 0, 1)}
	name := func(t *testing.T, customer, delta string, w pacspace.Window) string {
		t.Helper()
		reference, err := pacspace.SummaryReference(customer, number(t, delta), w)
		require.NoError(t, err)
		require.Regexp(t, `^sum_[0-9a-f]{48}$`, reference)
		return reference
	}
	first := name(t, "acme", "-50", window)
	for _, c := range []struct {
		name, customer, delta string
		window                pacspace.Window
		same                  bool
	}{
		{"another way to write the amount", "acme", "-5.0e1", window, true},
		{"white space around the customer", " acme\u00a0\x1f", "-50", window, true},
		{"another zone", "acme", "-50", pacspace.Window{Start: start.In(time.FixedZone("", 3600)), End: window.End}, true},
		{"nanoseconds", "acme", "-50", pacspace.Window{Start: start.Add(999), End: window.End}, true},
		{"another customer", "Acme", "-50", window, false},
		{"another amount", "acme", "-50.5", window, false},
		{"another sign", "acme", "50", window, false},
		{"a microsecond later", "acme", "-50", pacspace.Window{Start: start.Add(time.Microsecond), End: window.End}, false},
		{"another end", "acme", "-50", pacspace.Window{Start: start, End: window.End.Add(time.Second)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.same, name(t, c.customer, c.delta, c.window) == first)
		})
	}
	require.Equal(t, name(t, "acme", "9007199254740993", window), name(t, "acme", "9007199254740992", window),
		"an amount stands in the name as the nearest binary64")
}

func TestSummaryReferenceRefuses(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC)
	window := pacspace.Window{Start: start, End: start.AddDate(0, 0, 1)}
	for _, c := range []struct {
		name, customer, delta string
		window                pacspace.Window
		field                 string
	}{
		{"no customer", " \u2028 ", "1", window, "customerId"},
		{"a customer that is not UTF-8", "a\xff", "1", window, "customerId"},
		{"zero", "acme", "0", window, "delta"},
		{"an amount too small for binary64", "acme", "1e-399", window, "delta"},
		{"an amount too large for binary64", "acme", "1e400", window, "delta"},
		{"no window", "acme", "1", pacspace.Window{}, "window"},
		{"an end before the start", "acme", "1", pacspace.Window{Start: window.End, End: start}, "window"},
		{"less than a microsecond", "acme", "1", pacspace.Window{Start: start, End: start.Add(999)}, "window"},
		{"a year before the first", "acme", "1", pacspace.Window{Start: time.Date(1, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600)), End: start}, "window"},
		{"a year of five digits", "acme", "1", pacspace.Window{Start: start, End: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "window"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := pacspace.SummaryReference(c.customer, number(t, c.delta), c.window)
			require.ErrorIs(t, err, pacspace.ErrInvalid)
			require.ErrorContains(t, err, "pacspace: "+c.field)
		})
	}
}

// Whatever a customer is called, the name is a reference that can be sent as a key, or an
// error.
func FuzzSummaryReference(f *testing.F) {
	f.Add("acme", int64(-50), int64(1769904000), int64(86400))
	f.Add("\u00e9\U0001f600\"\\\b\f\n\r\t\x7f", int64(1), int64(-62135596801), int64(1))
	f.Fuzz(func(t *testing.T, customer string, delta, start, seconds int64) {
		window := pacspace.Window{Start: time.Unix(start, 0), End: time.Unix(start, 0).Add(time.Duration(seconds))}
		reference, err := pacspace.SummaryReference(customer, pacspace.NewDecimal(delta), window)
		if err != nil {
			require.ErrorIs(t, err, pacspace.ErrInvalid)
			require.Empty(t, reference)
			return
		}
		require.Len(t, reference, 52)
		again, err := pacspace.SummaryReference(strings.Clone(customer), pacspace.NewDecimal(delta), window)
		require.NoError(t, err)
		require.Equal(t, reference, again)
	})
}
