package sqlstore

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/usage"
)

func FuzzAside(f *testing.F) {
	f.Add("acme", "1.5", int64(1), "region", "eu", "")
	f.Add("a\tb\nc\"\\", "-0.000001", int64(-1), "\t", "\n", "2026-02-01\t1\t1\t0\t0\t0\t{}\t\"a\"")
	f.Fuzz(func(t *testing.T, customer, sum string, micro int64, name, value, line string) {
		if a, err := parseAside(line); err == nil { // whatever is read is written and read alike
			requireSameAside(t, a)
		}
		amount, err := decimal.Parse(sum)
		if err != nil || !storable(name) || !storable(value) {
			return
		}
		requireSameAside(t, &addition{
			key: dayKey{customer, usage.NewDate(2026, time.February, 1)}, sum: amount, count: micro,
			dimensions: map[string][]string{name: {value}},
			first:      time.UnixMicro(micro).UTC(), last: time.UnixMicro(-micro).UTC(),
		})
	})
}

func requireSameAside(t *testing.T, a *addition) {
	t.Helper()
	text, err := a.appendAside(nil)
	require.NoError(t, err)
	line, found := strings.CutSuffix(string(text), "\n")
	require.True(t, found)
	require.NotContains(t, line, "\n")
	again, err := parseAside(line)
	require.NoError(t, err)
	require.Equal(t, a.sum.String(), again.sum.String())
	again.sum = a.sum
	require.Equal(t, a, again)
}
