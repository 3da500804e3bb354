package proof

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func packed(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&out)
		_, err := w.Write(part)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	return out.Bytes()
}

func TestEvidenceIsUnpacked(t *testing.T) {
	t.Parallel()
	b := february(t, 28)
	file := b.write(t)
	half := len(file) / 2
	want, err := Verify(bytes.NewReader(file), buyer(), b.record())
	require.NoError(t, err)
	for name, in := range map[string][]byte{
		"text as it is":    file,
		"gzip":             packed(t, file),
		"gzip in parts":    packed(t, file[:half], file[half:]),
		"with empty parts": packed(t, nil, file, nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader} {
				got, err := Verify(Unpack(wrap(bytes.NewReader(in))), buyer(), b.record())
				require.NoError(t, err)
				require.Equal(t, outcome(want, nil), outcome(got, nil))
			}
		})
	}
	short, err := io.ReadAll(Unpack(strings.NewReader("\x1f")))
	require.NoError(t, err)
	require.Equal(t, "\x1f", string(short))
}

func TestWhatIsNoWholeGzipFileIsRefused(t *testing.T) {
	t.Parallel()
	file := february(t, 28).write(t)
	whole := packed(t, file)
	changed := bytes.Clone(whole)
	changed[len(changed)-6] ^= 1 // of the checksum
	failure := errors.New("the disk is gone")
	for _, tc := range []struct {
		name string
		in   io.Reader
		kind error
		says string
	}{
		{"cut", bytes.NewReader(whole[:len(whole)-3]), ErrFormat, "gzip: it ends before its end"},
		{"cut in its header", bytes.NewReader(whole[:5]), ErrFormat, "gzip: it ends before its end"},
		{"changed", bytes.NewReader(changed), ErrFormat, "gzip: it is damaged"},
		{"with something behind it", bytes.NewReader(append(bytes.Clone(whole), "more than a header"...)), ErrFormat, "gzip: it is damaged"},
		{"of another method", strings.NewReader("\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00"), ErrFormat, "gzip: it is damaged"},
		{"from a reader that fails", io.MultiReader(bytes.NewReader(whole[:50]), iotest.ErrReader(failure)), failure, "the disk is gone"},
		{"of which no byte comes", iotest.ErrReader(failure), failure, "the disk is gone"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := io.ReadAll(Unpack(tc.in))
			require.ErrorIs(t, err, tc.kind)
			require.ErrorContains(t, err, tc.says)
		})
	}
	_, err := Verify(Unpack(bytes.NewReader(whole[:len(whole)-3])), buyer())
	require.ErrorIs(t, err, ErrFormat, "through Verify too")
}

// The limits of unpacking, at each and one past.
func TestUnpackingIsBounded(t *testing.T) {
	t.Parallel()
	read := func(most int64, in []byte) error {
		n, err := io.Copy(io.Discard, unpackUpTo(most, bytes.NewReader(in)))
		require.LessOrEqual(t, n, most)
		return err
	}
	zeros := func(n int) []byte { return make([]byte, n) }
	// A length of zeros that is just allowed, where one more is not: how long their packed
	// form is depends on the Go version.
	n, over := maxExpansionFree, 8<<20
	for over-n > 1 {
		if middle := (n + over) / 2; middle <= maxExpansionFree+maxExpansion*len(packed(t, zeros(middle))) {
			n = middle
		} else {
			over = middle
		}
	}
	require.NoError(t, read(MaxFileBytes, packed(t, zeros(n))))
	err := read(MaxFileBytes, packed(t, zeros(n+1)))
	require.ErrorIs(t, err, ErrLimit)
	require.ErrorContains(t, err, "it unpacks to more than 200 bytes for each packed one")

	in := packed(t, []byte(strings.Repeat("0123456789abcdef", 100)))
	require.NoError(t, read(1600, in))
	err = read(1599, in)
	require.ErrorIs(t, err, ErrLimit)
	require.ErrorContains(t, err, "gzip: more than 1599 bytes")

	// Nothing comes out, and what goes in is bounded too.
	nothing := bytes.Repeat(packed(t, nil), 10)
	require.NoError(t, read(int64(len(nothing)), nothing))
	require.ErrorIs(t, read(int64(len(nothing)-1), nothing), ErrLimit)
	text := []byte("as it is")
	require.NoError(t, read(8, text))
	require.ErrorIs(t, read(7, text), ErrLimit)
}
