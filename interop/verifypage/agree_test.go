package verifypage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pacspace/pacspace-go/interop/attacks"
	"github.com/pacspace/pacspace-go/interop/corpus"
	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/stretchr/testify/require"
)

// every is how far apart the mutations are that are tried beside the first of each class.
const every = 100

// TestThePageAgreesWithPackageProof has the page verify what the native verifier does and
// compares the whole reports. Of the corpus it takes the first mutation of each class and
// each hundredth one; with PACSPACE_PAGE_CORPUS=all, all of them.
func TestThePageAgreesWithPackageProof(t *testing.T) {
	t.Run("over all attacks", func(t *testing.T) {
		t.Parallel()
		b, compared := open(t), 0
		for _, a := range attacks.All() {
			b.agree(&a.Case)
			compared++
		}
		require.Empty(t, b.errors)
		t.Logf("compared: the page and package proof over %d attacks", compared)
	})
	t.Run("over the corpus", func(t *testing.T) {
		t.Parallel()
		var first []string
		for _, m := range corpus.Sample() {
			first = append(first, m.ID)
		}
		all := os.Getenv("PACSPACE_PAGE_CORPUS") == "all"
		b, compared, number := open(t), 0, 0
		for m := range corpus.All() {
			number++
			if all || number%every == 0 || slices.Contains(first, m.ID) {
				b.agree(&m.Case)
				compared++
			}
		}
		require.Empty(t, b.errors)
		t.Logf("compared: the page and package proof over %d of %d mutations", compared, number)
	})
}

// agree holds the page to the native verifier over one case.
func (b *tab) agree(c *forge.Case) {
	b.t.Helper()
	// The page unpacks what is packed, as a browser's downloads are, before it verifies.
	unpacked := *c
	if content, err := io.ReadAll(proof.Unpack(bytes.NewReader(c.Bytes))); err == nil {
		unpacked.Bytes = content
	}
	want, report, err := unpacked.Verify()
	got := b.check(formOf(b.t, c))
	require.Equal(b.t, want.Verdict, got.Verdict, "%s: %s", c.ID, got.Line)
	if err != nil {
		require.True(b.t, strings.HasSuffix(got.Line, reason(err)), "%s: %s, natively %v", c.ID, got.Line, err)
		return
	}
	require.Equal(b.t, report.Text(), got.Text, c.ID)
	if report.First != nil {
		require.Contains(b.t, got.First, report.First.Check, c.ID)
		require.Contains(b.t, got.First, report.First.Found, c.ID)
	}
}

// reason is the part of an error that is not about where it was called from.
func reason(err error) string {
	_, after, found := strings.Cut(err.Error(), "proof: ")
	if !found {
		return err.Error()
	}
	return "proof: " + after
}

// formOf types what a case expects.
func formOf(t *testing.T, c *forge.Case) form {
	t.Helper()
	f := form{File: []upload{{c.File, c.Bytes}}, Text: map[string]string{"environment": ""}}
	for i, anchor := range c.Anchors {
		f.Anchors = append(f.Anchors, upload{fmt.Sprintf("anchor-%d.json", i+1), forge.Text(anchor)})
	}
	for name, value := range c.Expect {
		switch value := value.(type) {
		case string:
			f.Text[name] = value
		case json.Number:
			f.Text[name] = value.String()
		case forge.M:
			require.Equal(t, "usageDays", name)
			f.Text["first"], f.Text["last"] = value["first"].(string), value["last"].(string)
		default:
			t.Fatalf("%s: nobody can type %s: %v", c.ID, name, value)
		}
	}
	return f
}
