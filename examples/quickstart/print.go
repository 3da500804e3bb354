package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// printer writes for people and keeps the first error of the writer.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) write(text string) {
	if _, err := io.WriteString(p.w, text); err != nil && p.err == nil {
		p.err = err
	}
}

func (p *printer) line(format string, args ...any) {
	p.write(fmt.Sprintf(format, args...) + "\n")
}

func (p *printer) step(title string) { p.write("\n" + title + "\n") }

// table lines up rows under their headings.
func (p *printer) table(headings ...string) *table {
	t := &table{p: p}
	t.w = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t.w, strings.Join(headings, "\t"))
	return t
}

type table struct {
	p    *printer
	w    *tabwriter.Writer
	text strings.Builder
}

func (t *table) row(cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(t.w, "\t")
		}
		fmt.Fprint(t.w, c)
	}
	fmt.Fprintln(t.w)
}

func (t *table) print() {
	t.w.Flush() // into a strings.Builder, which does not fail
	t.p.write(t.text.String())
}
