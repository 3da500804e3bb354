package proof

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	b := february(t, 28)
	file := b.write(t)
	told := func(in []byte, step int64) (all []Progress, err error) {
		inside := false
		w := watch{step: step, next: step, tell: func(p Progress) {
			require.False(t, inside, "calls do not overlap")
			inside = true
			all = append(all, p)
			inside = false
		}}
		_, err = verifyChunks(iotest.HalfReader(bytes.NewReader(in)), buyer(), []Anchor{b.record()}, 700, 1500, w)
		return all, err
	}

	all, err := told(file, 4000)
	require.NoError(t, err)
	require.Greater(t, len(all), 3)
	before := Progress{}
	for i, p := range all {
		require.GreaterOrEqual(t, p.Deltas, before.Deltas)
		if i < len(all)-1 {
			require.GreaterOrEqual(t, p.Bytes-before.Bytes, int64(4000), "calls lie a step apart")
			require.Equal(t, bytes.Count(file[:p.Bytes], []byte("\n"))-1, p.Deltas, "both are of the same place in the file")
		}
		before = p
	}
	require.Equal(t, Progress{Deltas: 28, Bytes: int64(len(file))}, before, "the last one has it all")

	all, err = told(file, 1<<30)
	require.NoError(t, err)
	require.Equal(t, []Progress{{28, int64(len(file))}}, all, "a small file is told of once")

	all, err = told(file[:len(file)-9], 1<<30)
	require.ErrorIs(t, err, ErrFormat)
	require.Empty(t, all, "a file that is refused has no end to tell of")
}

func TestAVerifierIsVerify(t *testing.T) {
	t.Parallel()
	b := february(t, 28)
	file := string(b.write(t))
	want, err := Verify(strings.NewReader(file), buyer(), b.record())
	require.NoError(t, err)
	var last Progress
	got, err := Verifier{Progress: func(p Progress) { last = p }}.Verify(strings.NewReader(file), buyer(), b.record())
	require.NoError(t, err)
	require.Equal(t, outcome(want, nil), outcome(got, nil))
	require.Equal(t, Progress{28, int64(len(file))}, last)
}
