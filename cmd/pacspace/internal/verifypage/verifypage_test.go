package verifypage_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/cmd/pacspace/internal/verifypage"
	"github.com/pacspace/pacspace-go/proof"
)

func TestThePageIsOneSmallFile(t *testing.T) {
	t.Parallel()
	page := verifypage.HTML()
	require.Less(t, len(page), 4<<20)
	require.Equal(t, page, verifypage.HTML(), "it is the same each time")
	require.NotContains(t, string(page), "{{")
	require.NotRegexp(t, `(?i)\b(src|href|action|poster|data)\s*=\s*["']?\s*(https?:)?//`, string(page), "nothing is loaded")
	require.Equal(t, 3, bytes.Count(page, []byte("</script")), "no script ends another one")
	require.Contains(t, string(page), "Copyright 2018 The Go Authors", "wasm_exec.js keeps its notice")
	require.Contains(t, string(page), "Redistributions in binary form must reproduce")
}

func TestThePageOffersEachVariantOfTheScheme(t *testing.T) {
	t.Parallel()
	page := string(verifypage.HTML())
	for _, v := range proof.Variants() {
		require.Contains(t, page, "<option>"+string(v)+"</option>")
	}
}

func TestThePolicyAllowsWhatIsInThePageAndNoNetwork(t *testing.T) {
	t.Parallel()
	page := verifypage.HTML()
	policy := string(regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindSubmatch(page)[1])
	require.Contains(t, policy, "default-src 'none'; ")
	require.NotContains(t, policy, "unsafe-inline")
	require.NotContains(t, policy, "'unsafe-eval'")
	require.NotContains(t, policy, "connect-src")
	for _, inline := range []string{`(?s)<style>(.*?)</style>`, `(?s)<script>(.*?)</script>`} {
		sum := sha256.Sum256(regexp.MustCompile(inline).FindSubmatch(page)[1])
		require.Contains(t, policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
}
