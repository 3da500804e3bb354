package invoice

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// WriteText writes the statement as plain text, for a mail or a terminal. The whole
// reference of each delta stands in it.
func (s *Statement) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	title := strings.ToUpper(s.Title())
	if s.IsTest() {
		title += "  (TEST DATA)"
	}
	fmt.Fprintf(b, "%s\n\n", title)
	writeParty(b, "From", s.Seller)
	writeParty(b, "To", s.Customer)
	b.WriteByte('\n')
	writeFacts(b, s.Facts())
	if len(s.Charges) > 0 {
		b.WriteString("\nCHARGES\n")
		for _, c := range s.Charges {
			fmt.Fprintf(b, "  %s: %s x %s = %s\n", isolate(c.Resource), s.Quantity(c.Used), s.UnitPrice(c.Price), s.Money(c.Amount))
		}
		for _, t := range s.Totals {
			fmt.Fprintf(b, "  %s: %s\n", t.Name(), s.Money(t))
		}
		fmt.Fprintf(b, "  %s\n", roundingRule)
	}
	s.writeLines(b, "USAGE BY DAY", s.Lines)
	s.writeLines(b, "CARRIED FROM EARLIER WINDOWS", s.Carried)
	b.WriteString("\nSUMS\n")
	writeFacts(b, s.Sums())
	fmt.Fprintf(b, "  %s\n", signRule)
	s.writeProof(b)
	if len(s.Notes) > 0 {
		b.WriteString("\nNOTES\n")
		for _, n := range s.Notes {
			fmt.Fprintf(b, "  - %s\n", isolate(n))
		}
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("invoice: text: %w", err)
	}
	return nil
}

func (s *Statement) writeProof(b *bufio.Writer) {
	b.WriteString("\nPROOF\n")
	writeFacts(b, s.ProofFacts())
	for i, step := range s.Steps() {
		fmt.Fprintf(b, "  %d. %s\n", i+1, step)
	}
	fmt.Fprintf(b, "  %s\n", s.Limits())
}

func writeParty(b *bufio.Writer, label string, p Party) {
	fmt.Fprintf(b, "  %-4s  %s\n", label, isolate(p.Name))
	for _, line := range p.Address {
		fmt.Fprintf(b, "        %s\n", isolate(line))
	}
}

func writeFacts(b *bufio.Writer, facts []Fact) {
	width := 0
	for _, f := range facts {
		width = max(width, utf8.RuneCountInString(f.Name))
	}
	for _, f := range facts {
		fmt.Fprintf(b, "  %-*s  %s\n", width, f.Name, isolate(f.Value))
	}
}

// writeLines puts the free text last, where its width moves nothing.
func (s *Statement) writeLines(b *bufio.Writer, title string, lines []Line) {
	if len(lines) == 0 {
		return
	}
	named := s.HasResources()
	const heading = "used"
	width := len(heading)
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(s.Quantity(l.Used())))
	}
	fmt.Fprintf(b, "\n%s\n  %-10s  %*s  reference\n", title, "day", width, heading)
	for _, l := range lines {
		fmt.Fprintf(b, "  %-10s  %*s  %s", day(l.Day), width, s.Quantity(l.Used()), isolate(l.Reference))
		if named {
			fmt.Fprintf(b, "  %s", isolate(l.Resource))
		}
		b.WriteByte('\n')
	}
}

// isolate keeps text that runs from right to left from turning what stands around it.
func isolate(s string) string {
	const first, pop = "\u2068", "\u2069"
	if strings.ContainsFunc(s, fromRight) {
		return first + s + pop
	}
	return s
}

func fromRight(r rune) bool {
	p, _ := bidi.LookupRune(r)
	switch p.Class() {
	case bidi.R, bidi.AL, bidi.AN:
		return true
	}
	return false
}
