package invoice

import (
	"cmp"
	"strconv"
)

// draw draws the statement: what a reader asks first on the first page, the lines below.
func (p *paper) draw() error {
	p.title()
	p.parties()
	p.charges()
	p.sums()
	if err := p.proof(); err != nil {
		return err
	}
	p.lines("Usage by day", p.s.Lines)
	p.lines("Carried from earlier windows", p.s.Carried)
	p.notes()
	p.footers()
	return p.Error()
}

func (p *paper) title() {
	p.line(margin, p.y, p.width, titleStyle, left, p.s.Title())
	if p.s.IsTest() {
		const label, h = "TEST DATA", 7.0
		s := style{normal, true, white}
		w := p.measure(s, label) + 6
		x := margin + p.width - w
		y := p.y + (titleStyle.height()-h)/2
		p.fill(x, y, w, h, alarm)
		p.line(x+3, y+(h-s.height())/2, w, s, left, label)
	}
	p.y += titleStyle.height() + 4
}

// parties draws seller, customer and facts side by side on the first page. Long addresses
// get smaller letters, so that all of them stand there.
func (p *paper) parties() {
	scale := 1.0
	p.dry = true
	for scale > .3 && p.partiesAt(scale) > p.bottom {
		scale *= .9
	}
	p.dry = false
	p.y = p.partiesAt(scale)
}

// partiesAt draws them in letters of a scale and returns the y below.
func (p *paper) partiesAt(scale float64) float64 {
	const gap = 6.0
	w := (p.width - 2*gap) * .29
	x := margin + 2*(w+gap)
	return max(
		p.party(margin, w, scale, "From", p.s.Seller),
		p.party(margin+w+gap, w, scale, "To", p.s.Customer),
		p.facts(x, p.y, p.width-2*(w+gap), p.s.Facts(), smallInk),
	)
}

func (p *paper) party(x, w, scale float64, label string, party Party) float64 {
	name, address := boldStyle, smallInk
	name.size, address.size = name.size*scale, address.size*scale
	y := p.block(x, p.y, w, softStyle, []string{label})
	y = p.block(x, y, w, name, p.wrap(name, w, 0, party.Name))
	for _, line := range party.Address {
		y = p.block(x, y, w, address, p.wrap(address, w, 0, line))
	}
	return y
}

// facts draws names and values in two columns and returns the y below them.
func (p *paper) facts(x, y, w float64, facts []Fact, s style) float64 {
	label := softStyle
	first := 0.0
	for _, f := range facts {
		first = max(first, p.measure(label, f.Name))
	}
	first += 3
	for _, f := range facts {
		p.line(x, y, first, label, left, f.Name)
		below := p.block(x+first, y, w-first, s, p.wrap(s, w-first, 0, f.Value))
		if p.s.Proof != nil && f.Value == p.s.Proof.VerifyURL && !p.dry {
			p.LinkString(x+first, y, w-first, below-y, f.Value)
		}
		y = below
	}
	return y
}

func (p *paper) charges() {
	if len(p.s.Charges) == 0 {
		return
	}
	p.heading("Charges", 20)
	p.table(table{
		columns: []column{{"Resource", false, 1}, {"Used", true, 0}, {"Unit price", true, 0}, {"Amount", true, 0}},
		rows: rows(p.s.Charges, func(c Charge) []string {
			return []string{c.Resource, p.s.Quantity(c.Used), p.s.UnitPrice(c.Price), p.s.Money(c.Amount)}
		}),
		strong: rows(p.s.Totals, func(m Money) []string { return []string{m.Name(), "", "", p.s.Money(m)} }),
	})
	p.y++
	p.paragraph(softStyle, roundingRule)
}

func (p *paper) sums() {
	p.heading("Quantities", 15)
	facts := rows(p.s.Sums(), func(f Fact) []string { return []string{f.Name, f.Value} })
	last := len(facts) - 1
	p.table(table{
		columns: []column{{"", false, 1}, {cmp.Or(p.s.Account.Unit, p.s.Account.Resource), true, 0}},
		rows:    facts[:last],
		strong:  facts[last:],
	})
	p.y++
	p.paragraph(softStyle, signRule)
}

func (p *paper) lines(title string, lines []Line) {
	if len(lines) == 0 {
		return
	}
	p.heading(title, 28) // a row of three lines and the sum
	t := table{
		columns: []column{{"Day", false, .2}, {"Reference", false, .8}, {"Used", true, 0}},
		rows: rows(lines, func(l Line) []string {
			return []string{day(l.Day), l.Reference, p.s.Quantity(l.Used())}
		}),
		strong: [][]string{{"Sum", "", p.s.Quantity(used(lines))}},
	}
	if p.s.HasResources() {
		t.columns = []column{{"Day", false, .16}, {"Resource", false, .28}, {"Reference", false, .56}, {"Used", true, 0}}
		t.rows = rows(lines, func(l Line) []string {
			return []string{day(l.Day), l.Resource, l.Reference, p.s.Quantity(l.Used())}
		})
		t.strong = [][]string{{"Sum", "", "", p.s.Quantity(used(lines))}}
	}
	p.table(t)
}

func (p *paper) notes() {
	if len(p.s.Notes) == 0 {
		return
	}
	p.heading("Notes", smallInk.height())
	for _, n := range p.s.Notes {
		p.paragraph(smallInk, "– "+n)
	}
}

// proof draws the box with the proof and the code of its link, in one piece.
func (p *paper) proof() error {
	const pad, bar, gap, side, scan = 5.0, 1.2, 6.0, 32.0, "Scan to open the verify link"
	link := p.s.Proof != nil && p.s.Proof.VerifyURL != ""
	x, w := margin+bar+pad, p.width-bar-2*pad
	if link {
		w -= side + gap
	}
	p.dry = true
	height := p.proofText(x, 0, w) + 2*pad // less than a page, since its texts are bounded
	p.dry = false
	if link {
		height = max(height, side+softStyle.height()+2*pad)
	}
	if !p.room(6 + height) {
		p.y += 6
	}
	p.fill(margin, p.y, p.width, height, tint)
	p.fill(margin, p.y, bar, height, accent)
	p.proofText(x, p.y+pad, w)
	if link {
		c, err := qrCode(p.s.Proof.VerifyURL)
		if err != nil {
			return err
		}
		at := margin + p.width - pad - side
		p.code(c, at, p.y+pad, side)
		p.LinkString(at, p.y+pad, side, side, p.s.Proof.VerifyURL)
		p.line(at, p.y+pad+side, side, style{6, false, soft}, "C", scan)
	}
	p.y += height
	return nil
}

// proofText draws the words of the proof and returns the y below them.
func (p *paper) proofText(x, y, w float64) float64 {
	y = p.block(x, y, w, headStyle, []string{"Proof of the quantities"}) + 1
	y = p.facts(x, y, w, p.s.ProofFacts(), smallInk)
	if p.s.Proof != nil {
		y += 1.5
	}
	for i, step := range p.s.Steps() {
		number := strconv.Itoa(i+1) + "."
		p.line(x, y, 5, smallInk, left, number)
		y = p.block(x+5, y, w-5, smallInk, p.wrap(smallInk, w-5, 0, step))
	}
	y += 1.5
	s := style{small, true, ink}
	return p.block(x, y, w, s, p.wrap(s, w, 0, p.s.Limits()))
}

// code draws a QR code with its margin as a square.
func (p *paper) code(c code, x, y, side float64) {
	p.fill(x, y, side, side, white)
	module := side / float64(c.size+2*quiet)
	p.SetFillColor(0, 0, 0)
	c.runs(func(cx, cy, n int) {
		p.Rect(x+float64(cx+quiet)*module, y+float64(cy+quiet)*module, float64(n)*module, module, "F")
	})
}

func rows[T any](of []T, cells func(T) []string) [][]string {
	made := make([][]string, len(of))
	for i, v := range of {
		made[i] = cells(v)
	}
	return made
}
