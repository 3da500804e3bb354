package invoice_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/invoice"
)

func TestAStatementHasEachLineOfTheClosingByDay(t *testing.T) {
	t.Parallel()
	january := pacspace.Period("2026-01").RecordingWindow()
	carried := delta(t, "usage:customer_acme:2026-01-30", "-5")
	carried.Carried = &january
	c := madeUp(
		delta(t, "usage:customer_acme:2026-02-02", "-2"),
		delta(t, "topup-77", "100"),
		delta(t, "usage:customer_acme:2026-02-01:late-1", "-1.5"),
		of("gpu", "usage:customer_acme:2026-02-02:late-1", number(t, "-3")),
		delta(t, "usage:customer_acme:2026-02-01", "-1"),
		carried,
	)
	c.StartingBalance = number(t, "10")
	c.Balance = c.Balance.Add(c.StartingBalance)
	s := statement(t, c, details())

	show := func(lines []invoice.Line) (shown []string) {
		for _, l := range lines {
			shown = append(shown, fmt.Sprintf("%s %s %s %s", l.Day, l.Resource, l.Reference, l.Used()))
		}
		return shown
	}
	require.Equal(t, []string{
		"2026-02-01 compute-minutes usage:customer_acme:2026-02-01:late-1 1.5",
		"2026-02-01 compute-minutes usage:customer_acme:2026-02-01 1",
		"2026-02-02 compute-minutes usage:customer_acme:2026-02-02 2",
		"2026-02-02 gpu usage:customer_acme:2026-02-02:late-1 3",
		fmt.Sprintf("%s compute-minutes topup-77 -100", pacspace.Date{}),
	}, show(s.Lines))
	require.Equal(t, []string{"2026-01-30 compute-minutes usage:customer_acme:2026-01-30 5"}, show(s.Carried))
	require.Equal(t, []invoice.Fact{
		{Name: "Used in this window", Value: "-92.5"}, {Name: "Carried from earlier windows", Value: "5"},
		{Name: "Starting balance on record", Value: "10"}, {Name: "Balance on record", Value: "97.5"},
	}, s.Sums())
	require.Equal(t, "Acme GmbH", s.Customer.Name)
}

func TestTheCustomerIsTheAccountWhereNoNameIsGiven(t *testing.T) {
	t.Parallel()
	d := details()
	d.Customer = invoice.Party{}
	require.Equal(t, "customer_acme", statement(t, madeUp(), d).Customer.Name)
}

func TestTheResourceIsReadFromARowWhereTheSubmissionIsNotKnown(t *testing.T) {
	t.Parallel()
	l := delta(t, "a", "-1")
	l.Submitted = nil
	for metadata, want := range map[string]string{
		`{"resource":"gpu"}`: "gpu", `{"resource":7}`: "compute-minutes", `{`: "compute-minutes", ``: "compute-minutes",
	} {
		l.Delta.Metadata = json.RawMessage(metadata)
		require.Equal(t, want, statement(t, madeUp(l), details()).Lines[0].Resource, metadata)
	}
}

func TestClosingsThatCannotBeStatedAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*pacspace.Closing)
		says   string
	}{
		{"read from JSON, so without lines", func(c *pacspace.Closing) { c.Lines = nil }, "call ClosePeriod again"},
		{"lines that do not add up", func(c *pacspace.Closing) { c.Lines[0].Delta.Delta = number(t, "-2") }, "do not add up"},
		{"no root over its deltas", func(c *pacspace.Closing) { c.ProofRoot = "" }, "no proof root"},
		{"a root that is none", func(c *pacspace.Closing) { c.ProofRoot = "0x12" }, "proof root"},
		{"a link for a script", func(c *pacspace.Closing) { c.Proof.VerifyURL = "javascript:alert(1)" }, "verify link"},
		{"a link with a password", func(c *pacspace.Closing) { c.Proof.VerifyURL = "https://a:b@example.com" }, "verify link"},
		{"a link of other letters", func(c *pacspace.Closing) { c.Proof.VerifyURL = "https://exаmple.com" }, "verify link"},
		{"a link of 501 characters", func(c *pacspace.Closing) { c.Proof.VerifyURL = "https://e.com/" + strings.Repeat("x", 487) }, "verify link"},
		{"a code with a line break", func(c *pacspace.Closing) { c.Proof.AccessHint = "A\nB" }, "access code"},
		{"a customer id with a path", func(c *pacspace.Closing) { c.Account.CustomerID = "../x" }, "customer id"},
		{"a period that is none", func(c *pacspace.Closing) { c.Period = "2026-13" }, "period"},
		{"a resource without an end", func(c *pacspace.Closing) { c.Account.Resource = strings.Repeat("x", 201) }, "resource"},
		{"a quantity of too many digits", func(c *pacspace.Closing) {
			*c = *madeUp(delta(t, "a", "-1"+strings.Repeat("0", 38)))
		}, "38 digits"},
		{"a balance of too many digits", func(c *pacspace.Closing) {
			*c = *madeUp(delta(t, "a", "-1"+strings.Repeat("0", 37)), delta(t, "b", "0."+strings.Repeat("0", 36)+"1"))
		}, "balance"},
		{"too many lines", func(c *pacspace.Closing) { c.Lines = make([]pacspace.ClosingLine, invoice.MaxLines+1) }, "100000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			closing := madeUp(delta(t, "a", "-1"))
			c.change(closing)
			_, err := invoice.New(closing, details())
			require.ErrorIs(t, err, invoice.ErrClosing)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	_, err := invoice.New(nil, details())
	require.ErrorIs(t, err, invoice.ErrClosing)
}

func TestDetailsThatCannotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*invoice.Details)
		says   string
	}{
		{"no date", func(d *invoice.Details) { d.Issued = time.Time{} }, "issued: "},
		{"a date in a year of five digits", func(d *invoice.Details) { d.Issued = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "issued: "},
		{"no seller", func(d *invoice.Details) { d.Seller.Name = "" }, "seller.name: "},
		{"a mark that turns the direction", func(d *invoice.Details) { d.Customer.Name = "a\u202eb" }, "customer.name: holds U+202E"},
		{"an isolate", func(d *invoice.Details) { d.Number = "a\u2066b" }, "number: holds U+2066"},
		{"a control character", func(d *invoice.Details) { d.Number = "1\x1b[2J" }, "number: holds U+001B"},
		{"a line break", func(d *invoice.Details) { d.Seller.Address = []string{"a\nb"} }, "seller.address: holds U+000A"},
		{"a zero width space", func(d *invoice.Details) { d.Customer.Name = "a\u200bb" }, "customer.name: holds U+200B"},
		{"bytes that are no text", func(d *invoice.Details) { d.Customer.Name = "\xff" }, "customer.name: is not valid UTF-8"},
		{"a name without an end", func(d *invoice.Details) { d.Customer.Name = strings.Repeat("x", 201) }, "customer.name: is longer"},
		{"an address of eleven lines", func(d *invoice.Details) { d.Customer.Address = make([]string, 11) }, "customer.address: has 11"},
		{"a locale that is none", func(d *invoice.Details) { d.Locale = "!" }, "locale: "},
		{"a locale without an end", func(d *invoice.Details) { d.Locale = strings.Repeat("en-", 20) }, "locale: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := details()
			c.change(&d)
			_, err := invoice.New(madeUp(), d)
			require.ErrorIs(t, err, invoice.ErrDetails)
			require.ErrorContains(t, err, "invoice: details: "+c.says)
		})
	}
}

// What the record holds fails no invoice: it is shown as far as it can be.
func TestHostileTextsOfTheRecordAreShown(t *testing.T) {
	t.Parallel()
	c := madeUp(
		of("r\u202es\x00", "ref\u202e\x1b[2J\n\u0085x", number(t, "-1")),
		of("compute-minutes", "株式会社 😀 شركة", number(t, "-1")),
		of("compute-minutes", strings.Repeat("long ", 40)+"end", number(t, "-1")),
	)
	c.Notes = []string{"note\x00\u202e"}
	s := statement(t, c, details())
	text := textOf(t, s)
	require.Contains(t, text, "ref\uFFFD\uFFFD[2J\uFFFD\uFFFDx")
	require.Contains(t, text, "r\uFFFDs\uFFFD")
	require.Contains(t, text, "株式会社 😀 شركة")
	require.NotContains(t, text, "\x1b")
	require.Contains(t, text, "long end")
	require.Contains(t, htmlOf(t, s), "note\uFFFD\uFFFD")
	require.Len(t, attachments(t, pdfOf(t, s, invoice.PDFOptions{})), 1)
}

func TestThousandsOfLinesAreStatedWhole(t *testing.T) {
	t.Parallel()
	const n = 5_000
	var lines []pacspace.ClosingLine
	for i := range n {
		lines = append(lines, delta(t, fmt.Sprintf("event-%d", i), "-0.5"))
	}
	s := statement(t, madeUp(lines...), details())
	require.Equal(t, n, strings.Count(textOf(t, s), "event-"))
	require.Equal(t, n, strings.Count(htmlOf(t, s), "event-"))
	pdf := pdfOf(t, s, invoice.PDFOptions{})
	evidence := attachments(t, pdf)["customer_acme-2026-02.jsonl"]
	require.Equal(t, n+2, strings.Count(string(evidence), "\n"), "header, lines, trailer")
	got := words(t, pdf)
	require.Equal(t, n, strings.Count(got, "event-"))
	require.Contains(t, got, "Sum 2500")
}

// A closing whose only lines are carried has no checkpoint of its own, and says so.
func TestCarriedLinesAloneHaveEvidenceAndNoRoot(t *testing.T) {
	t.Parallel()
	january := pacspace.Period("2026-01").RecordingWindow()
	l := delta(t, "usage:customer_acme:2026-01-30", "-5")
	l.Carried = &january
	s := statement(t, madeUp(l), details())
	require.Nil(t, s.Proof)
	require.Contains(t, s.Memo(), "The carried deltas are in the evidence file.")
	require.Len(t, attachments(t, pdfOf(t, s, invoice.PDFOptions{})), 1)
}

func TestWhoeverCannotBeWrittenToIsAnError(t *testing.T) {
	t.Parallel()
	s := statement(t, madeUp(delta(t, "a", "-1")), details())
	for name, write := range map[string]func(io.Writer) error{
		"text": s.WriteText,
		"HTML": func(w io.Writer) error { return s.WriteHTML(w, nil) },
		"PDF":  func(w io.Writer) error { return s.WritePDF(w, invoice.PDFOptions{}) },
	} {
		r, w := io.Pipe()
		require.NoError(t, r.Close())
		require.ErrorContains(t, write(w), "invoice: "+name+": ")
	}
}

// New takes whatever a closing and details hold, or says what is wrong with it.
func FuzzStatement(f *testing.F) {
	f.Add("Acme", "en-US", "compute-minutes", "usage:customer_acme:2026-02-01", "https://example.com/a", "-1.5", "0.1")
	f.Add("\u202e<b>", "ar-EG", "\x00", "\xff", "javascript:", "1e30", "-0.00000001")
	f.Add("שלום (1)", "de-CH", "שלום", strings.Repeat("x", 300), "", "0", "1e-30")
	f.Fuzz(func(t *testing.T, name, locale, resource, reference, link, amount, unitPrice string) {
		quantity, err := pacspace.ParseDecimal(amount)
		if err != nil {
			return
		}
		perUnit, err := pacspace.ParseDecimal(unitPrice)
		if err != nil {
			return
		}
		c := madeUp(of(resource, reference, quantity))
		c.Proof.VerifyURL = link
		d := details()
		d.Customer.Name, d.Locale = name, locale
		d.Prices = map[string]invoice.Price{"compute-minutes": {PerUnit: perUnit, Currency: "EUR"}}
		s, err := invoice.New(c, d)
		if err != nil {
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.NotContains(t, textOf(t, s), "\u202e")
		require.NotContains(t, textOf(t, s), "NaN")
		count, _ := elements(t, htmlOf(t, s))
		require.Zero(t, count["b"]+count["script"])
		if err := s.WritePDF(io.Discard, invoice.PDFOptions{}); err != nil && !errors.Is(err, invoice.ErrFont) {
			require.ErrorContains(t, err, "invoice: evidence: ", "what cannot be evidence is no attachment")
		}
	})
}
