package invoice

import (
	"errors"
	"fmt"
	"io"

	"codeberg.org/go-pdf/fpdf"

	"github.com/pacspace/pacspace-go"
)

// PDFOptions change how a PDF looks. The zero value is A4 in DejaVu Sans Condensed, which
// has Latin, Greek, Cyrillic, Hebrew, Armenian and Georgian.
type PDFOptions struct {
	// Letter takes the paper of North America instead of A4.
	Letter bool
	// Regular and Bold are TrueType fonts to use instead, both or none. A PDF carries the
	// part of them that it uses, so their licence must allow that.
	Regular, Bold []byte
}

// WritePDF writes the statement as a PDF with the evidence file attached, if there is one,
// and the verify link as a QR code. The same statement makes the same bytes. The PDF is
// made in memory, with its evidence.
//
// The PDF writes letters one after the other: scripts whose letters join, such as Arabic
// or Devanagari, it cannot write. A name, an address or an amount of money that cannot be
// written is an error that matches [ErrFont]; use other fonts, or [Statement.WriteHTML] and
// a browser's print. What comes from the record is written with U+FFFD in its place.
func (s *Statement) WritePDF(w io.Writer, o PDFOptions) (err error) {
	if len(o.Regular) > 0 {
		// The library reads a font without checking its offsets.
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("%w: the PDF library cannot use it (%.100v); use another TrueType font", ErrFont, r)
			}
		}()
	}
	fonts, err := newFonts(o)
	if err != nil {
		return err
	}
	if err := fonts.check(s); err != nil {
		return err
	}
	evidence, err := s.Evidence()
	if err != nil && (s.closing == nil || !errors.Is(err, pacspace.ErrNoEvidence)) {
		return err
	}
	p, err := newPaper(s, fonts, o)
	if err != nil {
		return err
	}
	if len(evidence) > 0 {
		p.SetAttachments([]fpdf.Attachment{{
			Content: evidence, Filename: s.EvidenceName(), Description: "Evidence of " + string(s.Period),
		}})
	}
	if err := p.draw(); err != nil {
		return err
	}
	if err := p.Output(w); err != nil {
		return fmt.Errorf("invoice: PDF: %w", err)
	}
	return nil
}

// newPaper opens a document with its first page.
func newPaper(s *Statement, fonts *fonts, o PDFOptions) (*paper, error) {
	size := "A4"
	if o.Letter {
		size = "Letter"
	}
	f := fpdf.New("P", "mm", size, "")
	f.SetCatalogSort(true)
	f.SetCreationDate(s.Issued)
	f.SetModificationDate(s.Issued)
	f.SetProducer("pacspace-go/invoice", true)
	f.SetTitle(s.Title()+space(s.Number)+", "+string(s.Period), true)
	f.SetAuthor(s.Seller.Name, true)
	f.SetLang("en")
	f.SetMargins(margin, margin, margin)
	f.SetCellMargin(0)
	f.SetAutoPageBreak(false, 0)
	f.AddUTF8FontFromBytes(family, "", fonts.regular)
	f.AddUTF8FontFromBytes(family, "B", fonts.bold)
	if err := f.Error(); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFont, err)
	}
	width, height := f.GetPageSize()
	p := &paper{Fpdf: f, s: s, fonts: fonts, width: width - 2*margin, bottom: height - margin - footer}
	p.next()
	return p, nil
}
