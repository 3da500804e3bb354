package canonical

import (
	"errors"
	"strconv"
	"strings"
)

// What an *Error is about, for errors.Is.
var (
	ErrSyntax    = errors.New("not JSON")                     // malformed, or data after the value
	ErrText      = errors.New("not Unicode text")             // invalid UTF-8 or a lone surrogate
	ErrDuplicate = errors.New("duplicate name")               // Strict: two members of one name
	ErrInexact   = errors.New("number not exact in binary64") // Strict: another reader would round it
	ErrRange     = errors.New("number beyond binary64")       // overflow, NaN or an infinity
	ErrLimit     = errors.New("limit exceeded")               // too deep, or a number too long
)

// Error says why a text or a value has no canonical form. errors.Is finds one of the
// sentinels above, or what encoding/json or a type's own marshaler said.
type Error struct {
	// Path leads to the place, as in "metadata.tokens" or "items[3].id"; it is empty for
	// the outermost value. Long paths are cut on the left and then begin with "...".
	Path string
	// Offset is the place in the JSON text, in bytes; -1 where a Go value was given.
	Offset int
	// Rule says what is wrong and, after a semicolon, what to do. One line, without the
	// text around the place.
	Rule string
	// Err is the sentinel or the underlying error.
	Err error
}

// Error returns one line: path, rule and, for a text, the offset.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("canonical: ")
	if e.Path != "" {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	b.WriteString(e.Rule)
	if e.Offset >= 0 {
		b.WriteString(" (byte ")
		b.WriteString(strconv.Itoa(e.Offset))
		b.WriteByte(')')
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

const (
	maxPath = 200 // bytes of a Path; names come from whoever made the text
	maxName = 60  // bytes of one quoted name or number in an error
)

// in puts the member that the failing value belongs to in front of the path. It runs only
// while an error travels up, so the way down costs nothing.
func (e *Error) in(name string) *Error {
	switch {
	case len(e.Path) >= maxPath:
		if !strings.HasPrefix(e.Path, "...") {
			e.Path = "..." + e.Path
		}
		return e
	case isWord(name):
	default:
		name = "[" + quote(name) + "]"
	}
	if e.Path != "" && e.Path[0] != '[' {
		name += "."
	}
	e.Path = name + e.Path
	return e
}

// at puts the array index of the failing value in front of the path.
func (e *Error) at(index int) *Error {
	if len(e.Path) >= maxPath {
		return e.in("")
	}
	name := "[" + strconv.Itoa(index) + "]"
	if e.Path != "" && e.Path[0] != '[' {
		name += "."
	}
	e.Path = name + e.Path
	return e
}

// isWord tells whether a name reads well between dots.
func isWord(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// quote shows hostile text in one bounded line.
func quote(text string) string {
	if len(text) > maxName {
		return strconv.QuoteToASCII(text[:maxName]) + "..."
	}
	return strconv.QuoteToASCII(text)
}

// clip shows a number's text, which is ASCII, within bounds.
func clip(text []byte) string {
	if len(text) > maxName {
		return string(text[:maxName]) + "..."
	}
	return string(text)
}
