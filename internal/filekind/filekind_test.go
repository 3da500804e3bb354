package filekind

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/proof/sealed"
)

func TestAFileIsWhatItSaysOfItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, kind string }{
		"evidence by its first line":        {`{"format":"pacspace-evidence/v1"}` + "\nanything", proof.EvidenceFormat},
		"an anchor":                         {`{"format":"pacspace-anchor/v1","kind":"invoice-root"}`, proof.AnchorFormat},
		"a copy of a link":                  {`{"schema":"record-link-copy/v1"}`, sealed.SchemaLinkCopy},
		"a disclosure":                      {`{"schema":"record-disclosure/v1"}`, sealed.SchemaDisclosureV1},
		"a disclosure of record hash 3":     {`{"schema":"record-disclosure/v2"}`, sealed.SchemaDisclosureV2},
		"a history":                         {"{\n\"schema\":\"record-seal-history/v1\"}", sealed.SchemaHistory},
		"a schema that nobody knows":        {`{"schema":"record-link-copy/v9"}`, ""},
		"a format where a schema should be": {`{"schema":"pacspace-evidence/v1"}`, ""},
		"a name deeper in the file":         {`{"item":{"format":"pacspace-evidence/v1"}}`, ""},
		"a name on the second line":         {"\n" + `{"format":"pacspace-evidence/v1"}`, ""},
		"nothing":                           {"", ""},
		"no JSON":                           {strings.Repeat("x", 2<<20), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := Open(iotest.HalfReader(strings.NewReader(c.file)))
			require.NoError(t, err)
			require.Equal(t, c.kind, file.Kind)
			rest := file.Whole
			if file.Evidence != nil {
				require.Equal(t, proof.EvidenceFormat, file.Kind)
				rest, err = io.ReadAll(file.Evidence)
				require.NoError(t, err)
			}
			require.Equal(t, c.file, string(rest), "nothing of the file is lost")
		})
	}
	t.Run("packed evidence", func(t *testing.T) {
		t.Parallel()
		const text = `{"format":"pacspace-evidence/v1"}` + "\nanything"
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		file, err := Open(iotest.HalfReader(bytes.NewReader(packed.Bytes())))
		require.NoError(t, err)
		require.Equal(t, proof.EvidenceFormat, file.Kind)
		rest, err := io.ReadAll(file.Evidence)
		require.NoError(t, err)
		require.Equal(t, text, string(rest))

		_, err = Open(bytes.NewReader(packed.Bytes()[:packed.Len()-1]))
		require.ErrorIs(t, err, proof.ErrFormat, "one that was cut")
	})
	t.Run("a reader that fails", func(t *testing.T) {
		t.Parallel()
		_, err := Open(iotest.ErrReader(errors.New("the disk is gone")))
		require.ErrorContains(t, err, "the disk is gone")
	})
	t.Run("a file past every limit is read only so far", func(t *testing.T) {
		t.Parallel()
		file, err := Open(io.LimitReader(endless{}, 3*sealed.MaxHistoryBytes))
		require.NoError(t, err)
		require.Empty(t, file.Kind)
		require.Len(t, file.Whole, sealed.MaxHistoryBytes+1)
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }
