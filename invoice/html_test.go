package invoice_test

import (
	"bytes"
	"html/template"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/pacspace/pacspace-go/invoice"
)

// elements counts the elements of a page by name, as a browser parses it, and gathers the
// texts.
func elements(t *testing.T, page string) (count map[string]int, text string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	count = map[string]int{}
	var b strings.Builder
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			count[n.Data]++
			for _, a := range n.Attr {
				require.False(t, strings.HasPrefix(a.Key, "on"), "%s has %s", n.Data, a.Key)
			}
		case html.TextNode:
			if n.Parent.Data != "style" {
				b.WriteString(n.Data + " ")
			}
		}
	}
	return count, strings.Join(strings.Fields(b.String()), " ")
}

func TestThePageSaysWhatTheTextDoes(t *testing.T) {
	t.Parallel()
	c := february(t)
	d := details()
	d.Prices = map[string]invoice.Price{"compute-minutes": price(t, "0.0333", "EUR")}
	s := statement(t, c, d)
	count, text := elements(t, htmlOf(t, s))
	for _, want := range []string{
		"Invoice INV-2026-0042", "TEST DATA", "Example Compute Ltd", "Acme GmbH",
		"compute-minutes 152.75 0.0333 EUR 5.09 EUR", "Total 5.09 EUR", "rounded once to the currency's digits", "the balance is as recorded",
		"Used in this window 152.75", "Balance on record -152.75",
		c.ProofRoot, c.Proof.VerifyURL, c.Proof.AccessHint, s.Limits(),
		"2026-02-02 usage:customer_acme:2026-02-02 62.5", "Sum 152.75",
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, 1, count["svg"])
	for _, loads := range []string{"script", "img", "link", "iframe", "object"} {
		require.Zero(t, count[loads], loads)
	}
}

func TestMarkupInTextsIsShownAndNotRun(t *testing.T) {
	t.Parallel()
	const evil = `</style></title><script>alert(1)</script><img src=x onerror=alert(1)>"'`
	d := details()
	d.Number, d.Seller.Name, d.Customer.Name = evil, evil, evil
	d.Seller.Address = []string{evil}
	c := madeUp(of(evil, evil, number(t, "-1")))
	c.Notes = []string{evil}
	c.Account.Resource, c.Account.Unit, c.CheckpointID = evil, evil, evil
	count, text := elements(t, htmlOf(t, statement(t, c, d)))
	require.Zero(t, count["script"])
	require.Zero(t, count["img"])
	require.GreaterOrEqual(t, strings.Count(text, evil), 8)
}

func TestABlockOfTheTemplateCanBeOverridden(t *testing.T) {
	t.Parallel()
	own := template.Must(invoice.Template().Parse(`{{define "head"}}<h1>Acme Compute: {{.Title}}</h1>{{end}}`))
	s := statement(t, february(t), details())
	var b bytes.Buffer
	require.NoError(t, s.WriteHTML(&b, own))
	_, text := elements(t, b.String())
	require.Contains(t, text, "Acme Compute: Usage statement")
	require.Contains(t, text, s.Proof.Root, "the other blocks stay")

	_, text = elements(t, htmlOf(t, s))
	require.NotContains(t, text, "Acme Compute", "the next copy is new")
}

func TestATemplateThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	own := template.Must(invoice.Template().Parse(`{{define "head"}}{{.Nothing}}{{end}}`))
	err := statement(t, february(t), details()).WriteHTML(&bytes.Buffer{}, own)
	require.ErrorContains(t, err, "invoice: HTML: ")
}
