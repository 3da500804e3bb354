package invoice_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/invoice"
)

func TestMemoHasWhatACustomerNeedsToCheck(t *testing.T) {
	t.Parallel()
	c := february(t)
	want := "Usage 2026-02, account customer_acme, recorded 2026-02-02 00:00 UTC to 2026-03-02 00:00 UTC: balance on record -152.75 compute-minutes.\n" +
		"TEST DATA.\n" +
		"Verify: " + c.Proof.VerifyURL + "\n" +
		"Access code: " + c.Proof.AccessHint + "\n" +
		"Proof root: " + c.ProofRoot + "\n" +
		"The proof shows quantities, not prices. It does not show that no delta was left out."
	require.Equal(t, want, statement(t, c, details()).Memo())
}

func TestMetadataIsExact(t *testing.T) {
	t.Parallel()
	c := february(t)
	require.Equal(t, map[string]string{
		"pacspace_customer_id":      "customer_acme",
		"pacspace_resource":         "compute-minutes",
		"pacspace_unit":             "minutes",
		"pacspace_environment":      "test",
		"pacspace_period":           "2026-02",
		"pacspace_window_start":     "2026-02-02T00:00:00Z",
		"pacspace_window_end":       "2026-03-02T00:00:00Z",
		"pacspace_starting_balance": "0",
		"pacspace_balance":          "-152.75",
		"pacspace_deltas":           "3",
		"pacspace_carried_deltas":   "0",
		"pacspace_proof_root":       c.ProofRoot,
		"pacspace_verify_url":       c.Proof.VerifyURL,
		"pacspace_access_code":      c.Proof.AccessHint,
		"pacspace_checkpoint_id":    c.CheckpointID,
	}, statement(t, c, details()).Metadata())
}

// What the longest closing gives fits what invoicing systems take.
func TestFieldsHaveBounds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", invoice.MaxText)
	c := madeUp(of(long, "a", number(t, "-1")))
	c.Account.CustomerID = strings.Repeat("c", 128)
	c.Account.Resource, c.Account.Unit, c.CheckpointID = long, long, long
	c.Proof.VerifyURL = "https://v.example/" + strings.Repeat("x", 482)
	c.Proof.AccessHint = strings.Repeat("9", 32)
	d := details()
	d.Prices = map[string]invoice.Price{long: price(t, "1", "EUR")}
	s := statement(t, c, d)
	require.LessOrEqual(t, utf8.RuneCountInString(s.Memo()), invoice.MaxMemo)
	require.LessOrEqual(t, len(s.Metadata()), invoice.MaxMetadataKeys)
	for key, value := range s.Metadata() {
		require.LessOrEqual(t, len(key), invoice.MaxMetadataKey)
		require.LessOrEqual(t, utf8.RuneCountInString(value), invoice.MaxMetadataValue)
		require.NotEmpty(t, value)
	}
	require.Contains(t, s.Metadata(), "pacspace_verify_url")
}

func TestTheNameOfTheEvidenceIsAFileNameEverywhere(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"customer_acme":   "customer_acme-2026-02.jsonl",
		"acme:gpu":        "acme%3Agpu-2026-02.jsonl",
		"...":             "%2E..-2026-02.jsonl",
		".hidden":         "%2Ehidden-2026-02.jsonl",
		"acme-2026-01.x_": "acme-2026-01.x_-2026-02.jsonl",
	} {
		c := madeUp()
		c.Account.CustomerID = id
		require.Equal(t, want, statement(t, c, details()).EvidenceName())
	}
}

// A proof root grants access. It is on the invoice, and nowhere that is logged.
func TestNoRootLinkOrCodeIsPrintedByAccident(t *testing.T) {
	t.Parallel()
	c := february(t)
	s := statement(t, c, details())
	var out bytes.Buffer
	for _, v := range []any{s, *s, s.Proof, *s.Proof} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		text, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(text)
		slog.New(slog.NewTextHandler(&out, nil)).Info("made", "it", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("made", "it", v)
	}
	for _, secret := range []string{strings.TrimPrefix(c.ProofRoot, "0x"), c.Proof.VerifyURL, c.Proof.AccessHint} {
		require.NotContains(t, out.String(), secret)
	}
	require.Contains(t, out.String(), "statement of customer_acme, 2026-02: 3 deltas, balance -152.75")

	for name, change := range map[string]func(c *pacspace.Closing){
		"a root that is none":     func(c *pacspace.Closing) { c.ProofRoot = "secretroot" },
		"a link that is none":     func(c *pacspace.Closing) { c.Proof.VerifyURL = "javascript:secretroot" },
		"a link that is too long": func(c *pacspace.Closing) { c.Proof.VerifyURL = "https://x/" + strings.Repeat("secretroot", 60) },
		"a code that is too long": func(c *pacspace.Closing) { c.Proof.AccessHint = strings.Repeat("secretroot", 9) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := madeUp(delta(t, "a", "-1"))
			change(c)
			_, err := invoice.New(c, details())
			require.ErrorIs(t, err, invoice.ErrClosing)
			require.NotContains(t, err.Error(), "secretroot")
		})
	}
}
