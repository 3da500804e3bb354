package cli

import (
	"fmt"
	"io"
	"strings"
)

// progress reads a file and tells a terminal how far it is. Into a pipe it tells nothing.
type progress struct {
	from        io.Reader
	to          io.Writer
	name        string
	size, read  int64
	shown, wide int
}

// withProgress wraps a file of a known size; one of an unknown size is left as it is.
func (a *app) withProgress(r io.Reader, name string, size int64) (io.Reader, func()) {
	const worthwhile = 4 << 20 // smaller files are done before anyone has read a word
	if size < worthwhile || a.json || a.Getenv("TERM") == "dumb" || !isTerminal(a.Stderr) {
		return r, func() {}
	}
	p := &progress{from: r, to: a.Stderr, name: name, size: size, shown: -1}
	return p, p.clear
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.read += int64(n)
	if percent := int(min(p.read, p.size) * 100 / p.size); percent != p.shown {
		p.shown = percent
		text := fmt.Sprintf("%s: %d %%", p.name, percent)
		p.wide = max(p.wide, len(text))
		fmt.Fprintf(p.to, "\r%s", text)
	}
	return n, err
}

// clear leaves the line empty for what is printed next.
func (p *progress) clear() {
	fmt.Fprintf(p.to, "\r%s\r", strings.Repeat(" ", p.wide))
}
