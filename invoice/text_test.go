package invoice_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go/invoice"
)

func TestTextHasTheWholeStatement(t *testing.T) {
	t.Parallel()
	c := february(t)
	d := details()
	d.Prices = map[string]invoice.Price{"compute-minutes": price(t, "0.0333", "EUR")}
	text := textOf(t, statement(t, c, d))

	want := `INVOICE  (TEST DATA)

  From  Example Compute Ltd
        1 Sample Street
        Sampletown
  To    Acme GmbH
        Beispielweg 2
        10115 Berlin

  Number          INV-2026-0042
  Issued          2026-03-03
  Period          2026-02
  Recorded from   2026-02-02 00:00 UTC
  Recorded until  2026-03-02 00:00 UTC
  Account         customer_acme
  Resource        compute-minutes
  Unit            minutes
  Environment     TEST

CHARGES
  compute-minutes: 152.75 x 0.0333 EUR = 5.09 EUR
  Total: 5.09 EUR
  Each amount is the exact quantity times the unit price, rounded once to the currency's digits, halves away from zero.

USAGE BY DAY
  day          used  reference
  2026-02-01     50  usage:customer_acme:2026-02-01
  2026-02-02   62.5  usage:customer_acme:2026-02-02
  2026-02-03  40.25  usage:customer_acme:2026-02-03

SUMS
  Used in this window  152.75
  Balance on record    -152.75
  Usage is recorded as a negative amount: the lines show what was used, the balance is as recorded.

PROOF
  Proof root        ROOT
  Verify link       LINK
  Access code       CODE
  Balance           -152.75
  Deltas            3
  Checkpoint        CHECKPOINT
  Public record of  RECORDED
`
	s := statement(t, c, d)
	want = strings.NewReplacer("ROOT", c.ProofRoot, "LINK", c.Proof.VerifyURL, "CODE", c.Proof.AccessHint,
		"CHECKPOINT", c.CheckpointID, "RECORDED", s.ProofFacts()[6].Value).Replace(want)
	require.True(t, strings.HasPrefix(text, want), "want:\n%s\ngot:\n%s", want, text)
	require.Contains(t, text, "The proof shows quantities, not prices: the amounts of money rest on the seller's prices.")
	require.Contains(t, text, "It does not show that no delta was left out.")
}

func TestTextFromRightToLeftTurnsNothingAroundIt(t *testing.T) {
	t.Parallel()
	c := madeUp(delta(t, "שלום:1", "-1"))
	text := textOf(t, statement(t, c, details()))
	require.Contains(t, text, "\u2068שלום:1\u2069")
}
