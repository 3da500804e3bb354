package invoice

// column of a table: numbers stand to the right in one line, texts are wrapped.
type column struct {
	title  string
	number bool
	share  float64 // of what the numbers leave, for texts
}

// table is rows under a head that is repeated on each page.
type table struct {
	columns []column
	rows    [][]string
	strong  [][]string // below a rule, on one page with the last row
}

const (
	columnGap = 4.0
	rowPad    = 0.7 // above and below a row
	mostLines = 3   // of a text in a row: the evidence has what is longer
	smallest  = 3.5 // size of letters, for tables of very long numbers
)

// table draws t. Numbers are never cut: where they leave no room for texts, the letters
// get smaller.
func (p *paper) table(t table) {
	row, strong, head := plainStyle, boldStyle, columnStyle
	widths := p.widths(t, row, strong, head)
	for row.size > smallest {
		if texts := p.widthOfTexts(t, widths); texts >= p.width/4 {
			break
		}
		row.size, strong.size, head.size = row.size*.9, strong.size*.9, head.size*.9
		widths = p.widths(t, row, strong, head)
	}
	free := p.widthOfTexts(t, widths)
	for i, c := range t.columns {
		if !c.number {
			widths[i] = free * c.share
		}
	}
	p.room(head.height() + 3*row.height())
	p.head(t, head, widths)
	below := float64(len(t.strong)) * (strong.height() + 2*rowPad)
	for i, cells := range t.rows {
		with := 0.0
		if i == len(t.rows)-1 {
			with = below
		}
		p.row(t, head, row, widths, cells, with)
		p.ruler(p.y, .1, rule)
	}
	p.ruler(p.y, .4, ink)
	for _, cells := range t.strong {
		p.row(t, head, strong, widths, cells, 0)
	}
}

// widths are those of the columns of numbers.
func (p *paper) widths(t table, row, strong, head style) []float64 {
	widths := make([]float64, len(t.columns))
	fit := func(s style, cells []string) {
		for i, c := range t.columns {
			if c.number {
				widths[i] = max(widths[i], p.measure(s, cells[i]))
			}
		}
	}
	titles := make([]string, len(t.columns))
	for i, c := range t.columns {
		titles[i] = c.title
	}
	fit(head, titles)
	for _, cells := range t.rows {
		fit(row, cells)
	}
	for _, cells := range t.strong {
		fit(strong, cells)
	}
	return widths
}

func (p *paper) widthOfTexts(t table, widths []float64) float64 {
	free := p.width - columnGap*float64(len(t.columns)-1)
	for i, c := range t.columns {
		if c.number {
			free -= widths[i]
		}
	}
	return free
}

func (p *paper) head(t table, s style, widths []float64) {
	x := margin
	for i, c := range t.columns {
		p.line(x, p.y, widths[i], s, alignment(c), c.title)
		x += widths[i] + columnGap
	}
	p.y += s.height() + rowPad
	p.ruler(p.y, .2, soft)
}

func alignment(c column) string {
	if c.number {
		return right
	}
	return left
}

// row draws a row on a page that has room for it and for what must stand with it.
func (p *paper) row(t table, head, s style, widths []float64, cells []string, with float64) {
	wrapped := make([][]string, len(cells))
	lines := 1
	for i, c := range t.columns {
		if c.number {
			wrapped[i] = []string{cells[i]}
			continue
		}
		wrapped[i] = p.wrap(s, widths[i], mostLines, cells[i])
		lines = max(lines, len(wrapped[i]))
	}
	h := float64(lines)*s.height() + 2*rowPad
	if p.room(h + with) {
		p.head(t, head, widths)
	}
	x := margin
	for i, c := range t.columns {
		for n, text := range wrapped[i] {
			p.line(x, p.y+rowPad+float64(n)*s.height(), widths[i], s, alignment(c), text)
		}
		x += widths[i] + columnGap
	}
	p.y += h
}
