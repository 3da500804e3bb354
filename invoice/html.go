package invoice

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/pacspace/pacspace-go"
)

//go:embed statement.html
var page string

// Template is a new copy of the template that [Statement.WriteHTML] uses, to change: parse
// a block of the same name into it. The blocks are style, head, parties, charges, sums,
// proof, lines and notes; each gets the Statement.
//
//	t, err := invoice.Template().Parse(`{{define "head"}}<img src="logo.svg" alt="Acme">{{end}}`)
//
// Besides the methods of Statement, templates have day and instant, which write a Date and
// a time as the other forms of the statement do, sum, which adds up what lines used, and
// the sentences signRule and roundingRule.
func Template() *template.Template {
	return template.Must(template.New("statement").Funcs(template.FuncMap{
		"day":          func(d pacspace.Date) string { return day(d) },
		"instant":      instant,
		"sum":          used,
		"signRule":     func() string { return signRule },
		"roundingRule": func() string { return roundingRule },
	}).Parse(page)) // the page is our own, so this cannot fail
}

// WriteHTML writes the statement as one HTML page without anything to load: a page to show
// or to print. t is what to write it with, nil for [Template]; it gets the Statement.
// html/template escapes every text, wherever in the page it stands.
func (s *Statement) WriteHTML(w io.Writer, t *template.Template) error {
	if t == nil {
		t = Template()
	}
	if err := t.Execute(w, s); err != nil {
		return fmt.Errorf("invoice: HTML: %w", err)
	}
	return nil
}
