package proof

import (
	"bytes"
	"io"
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
		})
	}
}

func TestProgressEndsWithTheReadersError(t *testing.T) {
	t.Parallel()
	calls := 0
	_, err := Verify(WithProgress(iotest.ErrReader(io.ErrClosedPipe), func(Progress) { calls++ }), buyer())
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.Zero(t, calls)
}
