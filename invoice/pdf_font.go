package invoice

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusanscondensed"
	"github.com/go-fonts/dejavu/dejavusanscondensedbold"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// fonts are the two fonts of a PDF and what they can write.
type fonts struct {
	regular, bold []byte
	has           func(r rune) bool // both have it
}

func newFonts(o PDFOptions) (*fonts, error) {
	f := &fonts{regular: dejavusanscondensed.TTF, bold: dejavusanscondensedbold.TTF}
	if (len(o.Regular) == 0) != (len(o.Bold) == 0) {
		return nil, fmt.Errorf("%w: regular and bold go together; give both, the same one twice if need be", ErrFont)
	}
	if len(o.Regular) > 0 {
		f.regular, f.bold = o.Regular, o.Bold
	}
	var faces [2]*sfnt.Font
	for i, data := range [][]byte{f.regular, f.bold} {
		face, err := sfnt.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%w: it is no TrueType font: %v", ErrFont, err)
		}
		faces[i] = face
	}
	known := map[rune]bool{}
	f.has = func(r rune) bool {
		has, asked := known[r]
		if !asked {
			has = true
			for _, face := range faces {
				glyph, err := face.GlyphIndex(nil, r)
				has = has && err == nil && glyph != 0
			}
			known[r] = has
		}
		return has
	}
	return f, nil
}

// joining are the scripts in which the form or place of a letter depends on its
// neighbours. A PDF library that places one letter after the other writes them wrongly.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Mandaic, unicode.Mongolian,
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya,
	unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala,
	unicode.Thai, unicode.Lao, unicode.Tibetan, unicode.Myanmar, unicode.Khmer, unicode.Javanese, unicode.Balinese,
}

// writes tells whether a PDF can write a character. The library has no more than the basic
// plane.
func (f *fonts) writes(r rune) bool {
	if unicode.In(r, joining...) && !unicode.IsDigit(r) {
		return false
	}
	return r < 0xffff && f.has(r)
}

// check refuses what must not be written otherwise than it is: who it is from and for, how
// much it is and what it costs.
func (f *fonts) check(s *Statement) error {
	for field, text := range s.exact() {
		for _, r := range norm.NFC.String(text) {
			if !f.writes(r) && !ignorable(r) {
				return fmt.Errorf("%w: %s: no way to write %U in a PDF; give fonts that have it, or print the HTML", ErrFont, field, r)
			}
		}
	}
	return nil
}

// exact yields the texts that a PDF has as they are or not at all, by the field of Details
// that they come from.
func (s *Statement) exact() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		texts := []Fact{{"number", s.Number}, {"seller.name", s.Seller.Name}, {"customer.name", s.Customer.Name}}
		for _, line := range s.Seller.Address {
			texts = append(texts, Fact{"seller.address", line})
		}
		for _, line := range s.Customer.Address {
			texts = append(texts, Fact{"customer.address", line})
		}
		for _, c := range s.Charges {
			texts = append(texts, Fact{"locale", s.Quantity(c.Used) + s.UnitPrice(c.Price) + s.Money(c.Amount)})
		}
		for _, m := range s.Totals {
			texts = append(texts, Fact{"locale", s.Money(m)})
		}
		for _, sum := range s.Sums() {
			texts = append(texts, Fact{"locale", sum.Value})
		}
		for _, t := range texts {
			if !yield(t.Name, t.Value) {
				return
			}
		}
		for _, l := range slices.Concat(s.Lines, s.Carried) {
			if !yield("locale", s.Quantity(l.Used())) {
				return
			}
		}
	}
}

// ignorable tells whether a character only says how its neighbours go together or which
// way they run. Locales put such marks around numbers.
func ignorable(r rune) bool { return unicode.Is(unicode.Cf, r) }

// written is a text as the fonts can write it, one character a letter, still in the order
// in which it is read.
func (f *fonts) written(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case ignorable(r):
			return -1
		case f.writes(r):
			return r
		case unicode.Is(unicode.Zs, r):
			return ' '
		case f.has(unicode.ReplacementChar):
			return unicode.ReplacementChar
		}
		return '?'
	}, norm.NFC.String(s))
}

// shown puts a line into the order in which it stands on paper, from left to right
// (Unicode Standard Annex 9, reduced to what a line without marks can hold).
func shown(line string) string {
	if !strings.ContainsFunc(line, fromRight) {
		return line
	}
	var p bidi.Paragraph
	if _, err := p.SetString(line); err != nil {
		return line
	}
	order, err := p.Order()
	if err != nil {
		return line
	}
	// The library gives runs in the order of reading. A line that begins from the right is
	// one stretch that is turned as a whole; in another one each stretch is turned where
	// it stands, with the number that follows it, since a number joins what is before it.
	var out strings.Builder
	var stretch []string
	flush := func() {
		for i := len(stretch) - 1; i >= 0; i-- {
			out.WriteString(stretch[i])
		}
		stretch = stretch[:0]
	}
	whole := beginsFromRight(line)
	for i := range order.NumRuns() {
		run := order.Run(i)
		text := run.String()
		if run.Direction() == bidi.RightToLeft {
			stretch = append(stretch, bidi.ReverseString(text))
			continue
		}
		number := text
		if !whole {
			number = text[:leadingNumber(text)]
		}
		if len(stretch) > 0 || whole {
			stretch = append(stretch, number)
			text = text[len(number):]
		}
		if text != "" {
			flush()
			out.WriteString(text)
		}
	}
	flush()
	return out.String()
}

// beginsFromRight tells whether the first letter of a text runs from right to left.
func beginsFromRight(s string) bool {
	for _, r := range s {
		switch p, _ := bidi.LookupRune(r); p.Class() {
		case bidi.R, bidi.AL:
			return true
		case bidi.L:
			return false
		}
	}
	return false
}

// leadingNumber is how many bytes of a text are a number at its beginning.
func leadingNumber(s string) int {
	end := 0
	for i, r := range s {
		p, size := bidi.LookupString(s[i:])
		switch p.Class() {
		case bidi.EN, bidi.AN:
			end = i + size
		case bidi.ES, bidi.CS:
		default:
			return end
		}
		_ = r
	}
	return end
}
