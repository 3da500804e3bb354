package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"
)

// show writes a result: as JSON where that was asked for, else as text.
func (a *app) show(result any, text string) error {
	if a.json {
		return writeJSON(a.Stdout, result)
	}
	_, err := io.WriteString(a.Stdout, text)
	return err
}

// line writes a result that is one of many, each in a line of its own.
func (a *app) line(result any, text string) error {
	if !a.json {
		_, err := fmt.Fprintln(a.Stdout, text)
		return err
	}
	b, err := json.Marshal(result)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.Stdout, "%s\n", b)
	return err
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// count is a number of things in words.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}

func deltas(n int) string { return count(n, "delta", "deltas") }

// rows lines up names and values, or any other columns.
func rows(table ...[]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range table {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}

// hint tells a person what to try. Programs get the report alone.
func (a *app) hint(text string) {
	if !a.json {
		fmt.Fprintln(a.Stderr, "pacspace: "+text)
	}
}

// isTerminal reports whether a stream is a terminal, where nobody else reads along.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// The colours of a verdict. NO_COLOR, whatever it says, turns them off.
const (
	green  = "32"
	yellow = "33"
	red    = "31"
)

func colourOf(code int) string {
	switch code {
	case codeOK:
		return green
	case codeDoesNotMatch:
		return red
	}
	return yellow
}

func (a *app) coloured(text, colour string) string {
	if a.Getenv("NO_COLOR") != "" || a.Getenv("TERM") == "dumb" || !isTerminal(a.Stdout) {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}
