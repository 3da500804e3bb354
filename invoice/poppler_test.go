package invoice_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/invoice"
)

// poppler runs a program of poppler-utils on a PDF and gives what it printed.
func poppler(t *testing.T, program string, pdf []byte, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("PACSPACE_INTEROP") == "required" {
			t.Fatalf("%s is missing, and PACSPACE_INTEROP says required; install poppler-utils", program)
		}
		t.Skipf("%s is missing; install poppler-utils to check what the PDF shows", program)
	}
	file := filepath.Join(t.TempDir(), "invoice.pdf")
	require.NoError(t, os.WriteFile(file, pdf, 0o600))
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "PDF", file)
	}
	var errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	require.Empty(t, errs.String(), "poppler finds nothing wrong with the PDF")
	return string(out)
}

// words is the text of a PDF with single spaces, as poppler reads it.
func words(t *testing.T, pdf []byte) string {
	t.Helper()
	return strings.Join(strings.Fields(poppler(t, "pdftotext", pdf, "-layout", "PDF", "-")), " ")
}

// picture is the first page at a resolution in dots per inch.
func picture(t *testing.T, pdf []byte, dpi int) image.Image {
	t.Helper()
	base := filepath.Join(t.TempDir(), "page")
	poppler(t, "pdftoppm", pdf, "-png", "-singlefile", "-r", fmt.Sprint(dpi), "PDF", base)
	f, err := os.Open(base + ".png")
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	return img
}

func TestTheRenderedPDFSaysWhatTheStatementDoes(t *testing.T) {
	t.Parallel()
	c := february(t)
	d := details()
	d.Prices = map[string]invoice.Price{"compute-minutes": price(t, "0.0333", "EUR")}
	d.Locale = "de-DE"
	got := words(t, pdfOf(t, statement(t, c, d), invoice.PDFOptions{}))
	for _, want := range []string{
		"Invoice", "TEST DATA", "INV-2026-0042", "Example Compute Ltd", "Acme GmbH", "Beispielweg 2",
		"2026-02-02 00:00 UTC", "2026-03-02 00:00 UTC", "customer_acme",
		"compute-minutes 152,75 0,0333 € 5,09 €", "Total 5,09 €", "Balance on record -152,75",
		"Balance -152.75", c.ProofRoot, c.Proof.AccessHint, c.CheckpointID,
		"2026-02-02 usage:customer_acme:2026-02-02 62,5",
		"The proof shows quantities, not prices", "halves away from zero", "Page 1 of 1",
	} {
		require.Contains(t, got, want)
	}
}

func TestTheRenderedCodeLeadsToTheVerifyLink(t *testing.T) {
	t.Parallel()
	c := february(t)
	long := february(t)
	long.Proof.VerifyURL = "https://verify.example.com/" + strings.Repeat("0123456789", 47)
	for name, c := range map[string]*pacspace.Closing{"the service's link": c, "the longest link": long} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img := picture(t, pdfOf(t, statement(t, c, details()), invoice.PDFOptions{}), 200)
			bits, err := gozxing.NewBinaryBitmapFromImage(img)
			require.NoError(t, err)
			found, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
			require.NoError(t, err)
			require.Equal(t, c.Proof.VerifyURL, found.GetText())
		})
	}
}

// The letters stand on paper from the right; pdftotext, which knows their places, puts them
// into the order of reading again.
func TestANameFromRightToLeftIsReadFromRightToLeft(t *testing.T) {
	t.Parallel()
	d := details()
	d.Customer.Name = "שלום תכנה"
	got := words(t, pdfOf(t, statement(t, madeUp(), d), invoice.PDFOptions{}))
	require.Contains(t, got, "שלום תכנה")
}

func TestTheLongestAddressStandsWholeOnTheFirstPage(t *testing.T) {
	t.Parallel()
	d := details()
	d.Seller.Name, d.Customer.Name = strings.Repeat("W", invoice.MaxText), strings.Repeat("M", invoice.MaxText)
	d.Customer.Address = nil
	for i := range 10 {
		d.Customer.Address = append(d.Customer.Address, strings.Repeat(string(rune('A'+i)), invoice.MaxText))
	}
	c := madeUp(delta(t, "a", "-1"))
	c.Account.Resource, c.Account.Unit = strings.Repeat("r", invoice.MaxText), strings.Repeat("u", invoice.MaxText)
	d.Number = strings.Repeat("n", invoice.MaxText)
	pdf := pdfOf(t, statement(t, c, d), invoice.PDFOptions{})
	page := poppler(t, "pdftotext", pdf, "-l", "1", "-y", "0", "-x", "0", "-W", "596", "-H", "842", "PDF", "-")
	for i := range 10 {
		require.GreaterOrEqual(t, strings.Count(page, string(rune('A'+i))), invoice.MaxText)
	}
	require.Equal(t, invoice.MaxText, strings.Count(page, "W"))
}
