package proof

// A texts keeps many short texts, which mostly begin alike. Of each it keeps what does not
// begin as the first one of its page does.
type texts struct {
	pages []textPage
	n     int
}

type textPage struct {
	first []byte
	// rest has for each text the number of bytes that are first's, and what follows them.
	rest []byte
	ends []uint32 // in rest
}

const (
	textsPerPage = 1 << 10
	maxShared    = 255
)

// add keeps a text and returns its number.
func (t *texts) add(text string) uint32 {
	if t.n%textsPerPage == 0 {
		t.newPage(text)
	}
	page := &t.pages[len(t.pages)-1]
	shared := page.shares(text)
	page.rest = append(append(page.rest, byte(shared)), text[shared:]...)
	page.ends = append(page.ends, uint32(len(page.rest)))
	t.n++
	return uint32(t.n - 1)
}

// newPage begins a page with room for as much as the one before took: texts of one file are
// much alike, and what grows leaves its old memory behind.
func (t *texts) newPage(first string) {
	page := textPage{first: []byte(first)}
	if n := len(t.pages); n > 0 {
		rest := len(t.pages[n-1].rest)
		page.rest, page.ends = make([]byte, 0, rest+rest/16+len(first)), make([]uint32, 0, textsPerPage)
	}
	t.pages = append(t.pages, page)
}

func (p *textPage) shares(text string) int {
	n := min(len(p.first), len(text), maxShared)
	for i := range n {
		if p.first[i] != text[i] {
			return i
		}
	}
	return n
}

// parts returns the two parts of a text.
func (t *texts) parts(i uint32) (start, rest []byte) {
	page, in := &t.pages[i/textsPerPage], i%textsPerPage
	from := uint32(0)
	if in > 0 {
		from = page.ends[in-1]
	}
	return page.first[:page.rest[from]], page.rest[from+1 : page.ends[in]]
}

func (t *texts) text(i uint32) string {
	start, rest := t.parts(i)
	return string(start) + string(rest)
}

// is tells whether a text is this one, byte by byte.
func (t *texts) is(i uint32, text string) bool {
	start, rest := t.parts(i)
	return len(start)+len(rest) == len(text) && string(start) == text[:len(start)] && string(rest) == text[len(start):]
}
