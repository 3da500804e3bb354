package cli

import (
	"fmt"
	"io"
	"strings"
)

// progress tells a terminal how far something is. Into a pipe it tells nothing.
type progress struct {
	to          io.Writer // nil tells nothing
	name        string
	of          int64
	shown, wide int
}

func (a *app) progress(name string, of int64) *progress {
	p := &progress{name: name, of: of, shown: -1}
	if !a.json && a.Getenv("TERM") != "dumb" && isTerminal(a.Stderr) {
		p.to = a.Stderr
	}
	return p
}

func (p *progress) at(done int64) {
	percent := int(min(done, p.of) * 100 / max(p.of, 1))
	if p.to == nil || percent == p.shown {
		return
	}
	p.shown = percent
	text := fmt.Sprintf("%s: %d %%", p.name, percent)
	p.wide = max(p.wide, len(text))
	fmt.Fprintf(p.to, "\r%s", text)
}

// clear leaves the line empty for what is printed next.
func (p *progress) clear() {
	if p.wide > 0 {
		fmt.Fprintf(p.to, "\r%s\r", strings.Repeat(" ", p.wide))
	}
}

// watched is a file whose reading is told.
type watched struct {
	from io.Reader
	read int64
	p    *progress
}

// withProgress wraps a file of a known size.
func (a *app) withProgress(r io.Reader, name string, size int64) (io.Reader, func()) {
	const worthwhile = 4 << 20 // smaller files are done before anyone has read a word
	if size < worthwhile {
		return r, func() {}
	}
	p := a.progress(name, size)
	return &watched{from: r, p: p}, p.clear
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.from.Read(b)
	w.read += int64(n)
	w.p.at(w.read)
	return n, err
}
