package invoice

import (
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
)

// Measures of a page in millimetres, and of letters in points.
const (
	margin = 18.0
	footer = 8.0
	family = "statement"

	large, normal, small = 20.0, 9.0, 7.5
	leading              = 1.45 // of lines, times the size of the letters
	pointsPerMM          = 72 / 25.4
)

// colour is red, green and blue.
type colour [3]int

var (
	ink    = colour{27, 36, 48}
	soft   = colour{93, 107, 122}
	rule   = colour{221, 227, 234}
	tint   = colour{244, 247, 250}
	accent = colour{20, 85, 123}
	alarm  = colour{168, 50, 26}
	white  = colour{255, 255, 255}
)

// paper is where the next thing is drawn. y grows downwards.
type paper struct {
	*fpdf.Fpdf
	s     *Statement
	fonts *fonts

	width  float64 // between the margins
	bottom float64 // of what may be drawn on
	y      float64
	dry    bool // measure only
}

// style is how letters look.
type style struct {
	size   float64
	bold   bool
	colour colour
}

var (
	plainStyle  = style{normal, false, ink}
	boldStyle   = style{normal, true, ink}
	softStyle   = style{small, false, soft}
	titleStyle  = style{large, true, accent}
	headStyle   = style{11, true, ink}
	smallInk    = style{small, false, ink}
	columnStyle = style{small, false, soft}
)

// height is that of one line.
func (s style) height() float64 { return s.size / pointsPerMM * leading }

func (p *paper) next() {
	p.AddPage()
	p.y = margin
}

// room begins a new page where less than h is left, and tells whether it did.
func (p *paper) room(h float64) bool {
	if p.y+h <= p.bottom {
		return false
	}
	p.next()
	return true
}

func (p *paper) use(s style) {
	weight := ""
	if s.bold {
		weight = "B"
	}
	p.SetFont(family, weight, s.size)
	p.SetTextColor(s.colour[0], s.colour[1], s.colour[2])
}

func (p *paper) measure(s style, text string) float64 {
	p.use(s)
	return p.GetStringWidth(p.fonts.written(text))
}

// Where a line stands in its width.
const (
	left  = "L"
	right = "R"
)

// line draws one line as it is, at a place.
func (p *paper) line(x, y, w float64, s style, align, text string) {
	if p.dry {
		return
	}
	p.use(s)
	p.SetXY(x, y)
	p.CellFormat(w, s.height(), shown(p.fonts.written(text)), "", 0, align+"M", false, 0, "")
}

// block draws lines below each other and returns the y below them.
func (p *paper) block(x, y, w float64, s style, lines []string) float64 {
	for _, l := range lines {
		p.line(x, y, w, s, left, l)
		y += s.height()
	}
	return y
}

// wrap breaks a text into lines of a width, at spaces where it can and within words where
// it must, in all its characters. most bounds the lines; 0 does not.
func (p *paper) wrap(s style, w float64, most int, text string) []string {
	p.use(s)
	var lines []string
	rest := strings.TrimSpace(p.fonts.written(text))
	for rest != "" {
		end := p.fits(rest, w)
		if end < len(rest) {
			if at := strings.LastIndexByte(rest[:end+1], ' '); at > 0 {
				end = at
			}
			if most > 0 && len(lines) == most-1 {
				return append(lines, p.cut(rest, w))
			}
		}
		lines = append(lines, strings.TrimRight(rest[:end], " "))
		rest = strings.TrimLeft(rest[end:], " ")
	}
	return lines
}

// fits is how many bytes of a text a width takes, one character at least.
func (p *paper) fits(text string, w float64) int {
	units := int(w / (p.fontUnit()))
	for i, r := range text {
		units -= p.GetStringSymbolWidth(string(r))
		if units < 0 && i > 0 {
			return i
		}
	}
	return len(text)
}

// fontUnit is the width of a thousandth of the letters' size.
func (p *paper) fontUnit() float64 {
	_, size := p.GetFontSize()
	return size / 1000
}

// cut ends a text that goes on with three dots.
func (p *paper) cut(text string, w float64) string {
	const dots = "..."
	return text[:p.fits(text, w-p.GetStringWidth(dots))] + dots
}

func (p *paper) fill(x, y, w, h float64, c colour) {
	p.SetFillColor(c[0], c[1], c[2])
	p.Rect(x, y, w, h, "F")
}

func (p *paper) ruler(y, thickness float64, c colour) {
	p.SetDrawColor(c[0], c[1], c[2])
	p.SetLineWidth(thickness)
	p.Line(margin, y, margin+p.width, y)
}

// heading draws the title of a part that needs h below it on the same page.
func (p *paper) heading(text string, h float64) {
	const gap = 5.0
	if !p.room(gap + headStyle.height() + 1 + h) {
		p.y += gap
	}
	p.line(margin, p.y, p.width, headStyle, left, text)
	p.y += headStyle.height() + 1
}

// paragraph draws a text over the whole width, over pages where it must.
func (p *paper) paragraph(s style, text string) {
	for _, l := range p.wrap(s, p.width, 0, text) {
		p.room(s.height())
		p.line(margin, p.y, p.width, s, left, l)
		p.y += s.height()
	}
}

// footers writes the foot of every page once their number is known.
func (p *paper) footers() {
	n := p.PageCount()
	name := p.s.Title() + space(p.s.Number) + ", " + string(p.s.Period) + ", " + p.s.Account.CustomerID
	if p.s.IsTest() {
		name = "TEST DATA   " + name
	}
	for i := 1; i <= n; i++ {
		p.SetPage(i)
		y := p.bottom + footer - softStyle.height()/2
		count := fmt.Sprintf("Page %d of %d", i, n)
		w := p.measure(softStyle, count)
		p.line(margin+p.width-w, y, w, softStyle, left, count)
		p.block(margin, y, p.width-w-5, softStyle, p.wrap(softStyle, p.width-w-5, 1, name))
	}
}
