package invoice_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
	"github.com/pacspace/pacspace-go/invoice"
	"github.com/pacspace/pacspace-go/proof"
)

func TestMain(m *testing.M) {
	api.DisableConfigDir() // the reader of PDFs keeps no files of its own
	os.Exit(m.Run())
}

func pdfOf(t *testing.T, s *invoice.Statement, o invoice.PDFOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, s.WritePDF(&b, o))
	return b.Bytes()
}

// attachments are the files in a PDF, by name, as another library reads them.
func attachments(t *testing.T, pdf []byte) map[string][]byte {
	t.Helper()
	require.NoError(t, api.Validate(bytes.NewReader(pdf), nil), "it is a valid PDF")
	found := map[string][]byte{}
	files, err := api.ExtractAttachmentsRaw(bytes.NewReader(pdf), "", nil, nil)
	if err != nil && strings.Contains(err.Error(), "no attachments available") {
		return found
	}
	require.NoError(t, err)
	for _, f := range files {
		data, err := io.ReadAll(f)
		require.NoError(t, err)
		found[f.FileName] = data
	}
	return found
}

func TestThePDFCarriesTheEvidence(t *testing.T) {
	t.Parallel()
	c := february(t)
	s := statement(t, c, details())
	pdf := pdfOf(t, s, invoice.PDFOptions{})

	files := attachments(t, pdf)
	require.Len(t, files, 1)
	evidence, err := s.Evidence()
	require.NoError(t, err)
	require.Equal(t, string(evidence), string(files["customer_acme-2026-02.jsonl"]))

	root, err := proof.ParseHash(c.ProofRoot)
	require.NoError(t, err)
	report, err := proof.Verify(bytes.NewReader(files["customer_acme-2026-02.jsonl"]), proof.Expect{
		CustomerID: "customer_acme", Resource: "compute-minutes", Period: "2026-02", Environment: proof.EnvironmentTest,
	}, proof.InvoiceRoot{Root: root})
	require.NoError(t, err)
	require.Equal(t, proof.Consistent, report.Verdict, report.Text())
	require.Equal(t, "-152.75", report.Balance.String())
}

func TestTheSameStatementMakesTheSameBytes(t *testing.T) {
	t.Parallel()
	c := february(t)
	first := pdfOf(t, statement(t, c, details()), invoice.PDFOptions{})
	require.True(t, bytes.Equal(first, pdfOf(t, statement(t, c, details()), invoice.PDFOptions{})))

	later := details()
	later.Issued = later.Issued.Add(24 * time.Hour)
	require.False(t, bytes.Equal(first, pdfOf(t, statement(t, c, later), invoice.PDFOptions{})))
}

func TestWithoutEvidenceNothingIsAttached(t *testing.T) {
	t.Parallel()
	s := newSeller(t)
	c := s.close() // nothing was used, so there is no checkpoint
	require.Empty(t, c.ProofRoot)
	got := statement(t, c, details())
	require.Empty(t, attachments(t, pdfOf(t, got, invoice.PDFOptions{})))
	require.Contains(t, textOf(t, got), "Nothing was recorded in this window, so there is no checkpoint")
	require.NotContains(t, htmlOf(t, got), "<svg")
	_, err := got.Evidence()
	require.ErrorIs(t, err, pacspace.ErrNoEvidence)
}

func TestAStatementThatNewDidNotMakeHasNoEvidence(t *testing.T) {
	t.Parallel()
	var s invoice.Statement
	require.ErrorIs(t, s.WritePDF(io.Discard, invoice.PDFOptions{}), pacspace.ErrNoEvidence)
}

func TestFonts(t *testing.T) {
	t.Parallel()
	named := func(name string) invoice.Details {
		d := details()
		d.Customer.Name = name
		return d
	}
	for _, name := range []string{"Škoda & Söhne", "Ελληνικά", "Кириллица", "שלום בע״מ", "Հայերեն", "ქართული", "e\u0301clair"} {
		pdfOf(t, statement(t, madeUp(), named(name)), invoice.PDFOptions{})
	}
	for _, name := range []string{"株式会社", "شركة", "भारत", "Smile 😀", "\U0001d400"} {
		err := statement(t, madeUp(), named(name)).WritePDF(io.Discard, invoice.PDFOptions{})
		require.ErrorIs(t, err, invoice.ErrFont, name)
		require.ErrorContains(t, err, "customer.name")
	}
	t.Run("a locale whose digits no font has", func(t *testing.T) {
		t.Parallel()
		d := details()
		d.Locale = "my"
		err := statement(t, madeUp(delta(t, "a", "-1")), d).WritePDF(io.Discard, invoice.PDFOptions{})
		require.ErrorIs(t, err, invoice.ErrFont)
		require.ErrorContains(t, err, "locale")
	})
	t.Run("fonts of the caller", func(t *testing.T) {
		t.Parallel()
		c := february(t)
		with := pdfOf(t, statement(t, c, details()), invoice.PDFOptions{Regular: dejavusans.TTF, Bold: dejavusans.TTF})
		require.False(t, bytes.Equal(with, pdfOf(t, statement(t, c, details()), invoice.PDFOptions{})))
		require.Len(t, attachments(t, with), 1)
	})
	t.Run("one font alone", func(t *testing.T) {
		t.Parallel()
		err := statement(t, madeUp(), details()).WritePDF(io.Discard, invoice.PDFOptions{Regular: dejavusans.TTF})
		require.ErrorIs(t, err, invoice.ErrFont)
	})
	t.Run("broken fonts", func(t *testing.T) {
		t.Parallel()
		for _, n := range []int{1, 12, 500, 5_000, 100_000, len(dejavusans.TTF) / 2} {
			cut := dejavusans.TTF[:n]
			err := statement(t, madeUp(), details()).WritePDF(io.Discard, invoice.PDFOptions{Regular: cut, Bold: cut})
			require.ErrorIs(t, err, invoice.ErrFont, "the first %d bytes", n)
			require.NotContains(t, err.Error(), "\n")
		}
	})
}

func TestLetterPaperIsOfferedToo(t *testing.T) {
	t.Parallel()
	s := statement(t, february(t), details())
	for o, want := range map[bool]string{false: "595.28 841.89", true: "612.00 792.00"} {
		require.True(t, strings.Contains(string(pdfOf(t, s, invoice.PDFOptions{Letter: o})), "/MediaBox [0 0 "+want+"]"), want)
	}
}

// The time that a PDF takes by its lines; 30 are a month of days.
func BenchmarkWritePDF(b *testing.B) {
	for _, n := range []int{30, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var lines []pacspace.ClosingLine
			for i := range n {
				lines = append(lines, of("compute-minutes", fmt.Sprintf("event-%d", i), pacspace.NewDecimal(int64(-i-1))))
			}
			s, err := invoice.New(madeUp(lines...), details())
			require.NoError(b, err)
			for b.Loop() {
				require.NoError(b, s.WritePDF(io.Discard, invoice.PDFOptions{}))
			}
		})
	}
}
