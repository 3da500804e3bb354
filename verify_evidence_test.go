package pacspace_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/sandbox"
)

func TestVerifyEvidenceKnowsAFileByItsKind(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.flush("acme", february(1), "-50")
	v.clock.Set(time.Date(2026, time.March, 2, 1, 0, 0, 0, time.UTC))
	closing, err := v.close(closeFebruary())
	require.NoError(t, err)
	var evidence bytes.Buffer
	require.NoError(t, closing.WriteEvidence(&evidence))

	_, err = v.Records.Emit(t.Context(), "press-4", pressPaused("pause-1"))
	require.NoError(t, err)
	v.settle()
	link, err := v.box.ShareRecord(sandbox.Test, sandbox.Share{Record: "press-4", Shown: []sandbox.Shown{{Entry: 1, Fields: []string{"title"}}}})
	require.NoError(t, err)
	opened, err := v.Public.OpenLink(t.Context(), link, "")
	require.NoError(t, err)
	linkCopy, err := opened.LinkCopy()
	require.NoError(t, err)

	expect := proof.Expect{CustomerID: "acme", Resource: "compute-minutes", Period: "2026-02", Environment: proof.EnvironmentTest}
	t.Run("evidence of a balance", func(t *testing.T) {
		got, err := pacspace.VerifyEvidence(bytes.NewReader(evidence.Bytes()), expect)
		require.NoError(t, err)
		require.NotNil(t, got.Balance)
		require.Equal(t, string(proof.Consistent), got.Verdict())
		require.Equal(t, got.Balance.String(), got.String())
	})
	t.Run("a copy of a link is never more than consistent", func(t *testing.T) {
		got, err := pacspace.VerifyEvidence(bytes.NewReader(linkCopy), expect)
		require.NoError(t, err)
		require.NotNil(t, got.Record)
		require.Equal(t, string(proof.Consistent), got.Verdict())
		require.Contains(t, got.String(), "ledger not checked")
	})
	t.Run("a copy of a link that was changed", func(t *testing.T) {
		changed := bytes.Replace(linkCopy, []byte("Press paused"), []byte("Press opened"), 1)
		got, err := pacspace.VerifyEvidence(bytes.NewReader(changed), expect)
		require.NoError(t, err)
		require.Equal(t, string(proof.DoesNotMatch), got.Verdict())
	})
	for name, c := range map[string]struct {
		file io.Reader
		says string
	}{
		"half of what is needed":  {bytes.NewReader(opened.Disclosure), "sealed.VerifyDisclosure"},
		"another file":            {strings.NewReader(`{"schema":"pacspace-evidence/v1"}`), "pacspace: file: must be a pacspace-evidence/v1"},
		"nothing":                 {strings.NewReader(""), "pacspace: file: must be a pacspace-evidence/v1"},
		"evidence that is cut":    {bytes.NewReader(evidence.Bytes()[:evidence.Len()/2]), "proof:"},
		"a reader that fails":     {iotest.ErrReader(errors.New("the disk is gone")), "the disk is gone"},
		"a file without any line": {strings.NewReader(strings.Repeat("x", 2<<20)), "pacspace: file: must be a pacspace-evidence/v1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pacspace.VerifyEvidence(c.file, expect)
			require.ErrorContains(t, err, c.says)
		})
	}
}
