package proof

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestProgressIsCountedInDeltasAndBytes(t *testing.T) {
	t.Parallel()
	b := february(t, 28)
	file := b.write(t)
	for name, tc := range map[string]struct {
		file []byte
		read func(io.Reader) io.Reader
	}{
		"as the verifier asks for it": {file, func(r io.Reader) io.Reader { return r }},
		"byte by byte":                {file, iotest.OneByteReader},
		"with the end in the data":    {file, iotest.DataErrReader},
		"without the last line end":   {bytes.TrimRight(file, "\n"), iotest.HalfReader},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told []Progress
			report := func(p Progress) { told = append(told, p) }
			got, err := Verify(WithProgress(tc.read(bytes.NewReader(tc.file)), report), buyer(), b.record())
			require.NoError(t, err)
			require.Equal(t, verify(t, file, buyer(), b.record()).Text(), got.Text())
			before := Progress{}
			for _, p := range told {
				require.Greater(t, p.Bytes, before.Bytes)
				require.Equal(t, max(0, bytes.Count(tc.file[:p.Bytes-1], []byte("\n"))-1), p.Deltas)
				before = p
			}
			require.Equal(t, Progress{Deltas: 28, Bytes: int64(len(tc.file))}, before)
			require.Len(t, told, 1, "a small file is told of at its end alone")
		})
	}
}

// However small the pieces are in which a file is read, it is told of once a step.
func TestProgressIsToldOfOnceAStep(t *testing.T) {
	t.Parallel()
	const line = 100
	in := io.LimitReader(&forever{text: strings.Repeat("x", line-1) + "\n"}, 3*progressStep+10_000)
	var told []Progress
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, WithProgress(in, func(p Progress) { told = append(told, p) }), make([]byte, 1000))
	require.NoError(t, err)
	require.Equal(t, int64(3*progressStep+10_000), n)
	require.Len(t, told, 4)
	before := Progress{}
	for i, p := range told {
		require.Equal(t, int((p.Bytes-1)/line)-1, p.Deltas)
		if i < 3 {
			require.GreaterOrEqual(t, p.Bytes-before.Bytes, int64(progressStep))
			require.Less(t, p.Bytes-before.Bytes, int64(progressStep+1000))
		}
		before = p
	}
	require.Equal(t, n, before.Bytes, "all of it at the end")
}

func TestProgressEndsWithTheReadersError(t *testing.T) {
	t.Parallel()
	calls := 0
	_, err := Verify(WithProgress(iotest.ErrReader(io.ErrClosedPipe), func(Progress) { calls++ }), buyer())
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.Zero(t, calls)
}
