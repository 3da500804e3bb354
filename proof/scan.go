package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
)

// Why a file was refused, for errors.Is.
var (
	ErrFormat = errors.New("proof: malformed file") // not the format, or against one of its rules
	ErrLimit  = errors.New("proof: limit exceeded") // past one of the limits of this package
)

// FormatError says where a file was refused and by which rule. errors.Is finds ErrFormat or
// ErrLimit.
type FormatError struct {
	Line  int    // counted from 1; 0 where the rule is about the whole file
	Field string // as in "item.delta"; empty where the rule is about the whole line
	Rule  string // what is wrong and, after a semicolon, what to do
	Err   error
}

// Error returns one line.
func (e *FormatError) Error() string {
	where := "proof: file: "
	if e.Line > 0 {
		where = fmt.Sprintf("proof: line %d: ", e.Line)
	}
	if e.Field != "" {
		where += e.Field + ": "
	}
	return where + e.Rule
}

// Unwrap returns Err.
func (e *FormatError) Unwrap() error { return e.Err }

// broken returns the error for a broken rule; the line and outer fields are filled in on
// the way up.
func broken(field, rule string, args ...any) *FormatError {
	return &FormatError{Field: field, Rule: fmt.Sprintf(rule, args...), Err: ErrFormat}
}

// tooMuch returns the error for a limit.
func tooMuch(field, rule string, args ...any) *FormatError {
	return &FormatError{Field: field, Rule: fmt.Sprintf(rule, args...), Err: ErrLimit}
}

func (e *FormatError) in(outer string) *FormatError {
	if e.Field == "" {
		e.Field = outer
	} else {
		e.Field = outer + "." + e.Field
	}
	return e
}

// A scanner reads one JSON text from left to right. It knows which names may come, so it
// takes no map, and it refuses every name in another case, twice, or written with escapes.
// What it passes over unread (raw) is checked by package canonical afterwards.
type scanner struct {
	src []byte
	pos int
}

// peek skips white space and returns the byte behind it, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c || c == 0 {
		return false
	}
	s.pos++
	return true
}

// end refuses anything but white space behind the value.
func (s *scanner) end() *FormatError {
	if s.peek(); s.pos < len(s.src) {
		return broken("", "data after the JSON value")
	}
	return nil
}

// object reads an object whose members all have one of the names, and calls member with the
// index of each; member reads the value. It returns the set of indices that were there.
func (s *scanner) object(names []string, member func(i int) *FormatError) (seen uint64, err *FormatError) {
	if !s.take('{') {
		return 0, broken("", "a JSON object is expected")
	}
	if s.take('}') {
		return 0, nil
	}
	for {
		i, err := s.name(names)
		if err != nil {
			return 0, err
		}
		if seen>>i&1 == 1 {
			return 0, broken(names[i], "the name stands there twice")
		}
		seen |= 1 << i
		if !s.take(':') {
			return 0, broken(names[i], "a colon is expected after the name")
		}
		if err := member(i); err != nil {
			return 0, err.in(names[i])
		}
		if s.take(',') {
			continue
		}
		if s.take('}') {
			return seen, nil
		}
		return 0, broken(names[i], "a comma or the end of the object is expected after the value")
	}
}

// name reads a member name and returns its index among names.
func (s *scanner) name(names []string) (int, *FormatError) {
	if s.peek() != '"' {
		return 0, broken("", "a member name in quotes is expected")
	}
	text, err := s.quoted()
	if err != nil {
		return 0, err
	}
	for i, name := range names {
		if string(text) == name {
			return i, nil
		}
	}
	return 0, broken("", "unknown name %.60q; names are exact and case counts", text)
}

// array reads an array and calls element for each element, which reads it.
func (s *scanner) array(limit int, element func() *FormatError) *FormatError {
	if !s.take('[') {
		return broken("", "a JSON array is expected")
	}
	if s.take(']') {
		return nil
	}
	for n := 0; ; n++ {
		if n == limit {
			return tooMuch("", "more than %d elements", limit)
		}
		if err := element(); err != nil {
			return err
		}
		if s.take(',') {
			continue
		}
		if s.take(']') {
			return nil
		}
		return broken("", "a comma or the end of the array is expected")
	}
}

// quoted passes a string and returns what is between its quotes, unread.
func (s *scanner) quoted() ([]byte, *FormatError) {
	if !s.take('"') {
		return nil, broken("", "a JSON string is expected")
	}
	for start := s.pos; s.pos < len(s.src); s.pos++ {
		switch s.src[s.pos] {
		case '\\':
			s.pos++
		case '"':
			s.pos++
			return s.src[start : s.pos-1], nil
		}
	}
	return nil, broken("", "the string does not end")
}

// raw passes any value and returns its text, unread but for strings and brackets.
func (s *scanner) raw() ([]byte, *FormatError) {
	s.peek()
	start := s.pos
	for depth := 0; ; {
		switch c := s.peek(); c {
		case '"':
			if _, err := s.quoted(); err != nil {
				return nil, err
			}
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			depth--
			s.pos++
		case ',', ':':
			if depth == 0 {
				return nil, broken("", "a JSON value is expected")
			}
			s.pos++
		default:
			if n := s.word(); n == 0 {
				return nil, broken("", "a JSON value is expected")
			}
		}
		if depth < 0 {
			return nil, broken("", "a JSON value is expected")
		}
		if depth == 0 {
			return s.src[start:s.pos], nil
		}
	}
}

// word passes a number or a literal and returns its length.
func (s *scanner) word() int {
	start := s.pos
	for ; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c == '-', c == '+', c == '.', c == 'E':
		default:
			return s.pos - start
		}
	}
	return s.pos - start
}

// text reads a string of at most MaxTextBytes, valid UTF-8 and without lone surrogates.
func (s *scanner) text() (string, *FormatError) {
	inside, err := s.quoted()
	if err != nil {
		return "", err
	}
	value := ""
	if plain(inside) {
		value = string(inside)
	} else {
		quoted := s.src[s.pos-len(inside)-2 : s.pos]
		form, err := canonical.Transform(quoted, canonical.Strict)
		if err != nil {
			return "", refused(err)
		}
		// The canonical form of a string is a JSON string without anything that
		// encoding/json would replace.
		if err := json.Unmarshal(form, &value); err != nil {
			return "", broken("", "not a JSON string")
		}
	}
	if len(value) > MaxTextBytes {
		return "", tooMuch("", "more than %d bytes", MaxTextBytes)
	}
	return value, nil
}

// plain tells whether the inside of a string is what it means: ASCII without escapes.
func plain(inside []byte) bool {
	for _, c := range inside {
		if c < ' ' || c >= 0x80 || c == '\\' {
			return false
		}
	}
	return true
}

// word must be one of a few.
func oneOf[T ~string](s *scanner, words ...T) (T, *FormatError) {
	text, err := s.text()
	if err != nil {
		return "", err
	}
	for _, w := range words {
		if text == string(w) {
			return w, nil
		}
	}
	return "", broken("", "%.60q is none of %q", text, words)
}

// hash reads a Hash in lower case.
func (s *scanner) hash() (Hash, *FormatError) {
	inside, err := s.quoted()
	if err != nil {
		return Hash{}, err
	}
	for _, c := range inside {
		if c >= 'A' && c <= 'F' {
			return Hash{}, broken("", "a hash has its digits in lower case")
		}
	}
	h, parseErr := ParseHash(string(inside))
	if parseErr != nil {
		return Hash{}, broken("", "a hash is 0x and 64 lower-case hex digits")
	}
	return h, nil
}

// maxInteger is 2^53-1: every reader of JSON holds integers up to it.
const maxInteger = 1<<53 - 1

// integer reads a JSON number written as digits alone, within 0 and limit.
func (s *scanner) integer(limit int64) (int64, *FormatError) {
	s.peek()
	start := s.pos
	n := s.word()
	text := s.src[start : start+n]
	value := int64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, broken("", "a whole number in plain digits is expected")
		}
		if value = value*10 + int64(c-'0'); value > maxInteger {
			return 0, tooMuch("", "more than %d", limit)
		}
	}
	if n == 0 || n > 1 && text[0] == '0' {
		return 0, broken("", "a whole number in plain digits is expected")
	}
	if value > limit {
		return 0, tooMuch("", "more than %d", limit)
	}
	return value, nil
}

// exact reads a quantity that is no hashed number: a string with an exact decimal in the
// one form that Decimal.String writes.
func (s *scanner) exact() (decimal.Decimal, *FormatError) {
	text, err := s.text()
	if err != nil {
		return decimal.Decimal{}, err
	}
	d, parseErr := decimal.Parse(text)
	switch {
	case errors.Is(parseErr, decimal.ErrRange):
		return decimal.Decimal{}, tooMuch("", "more than %d digits", decimal.MaxDigits)
	case parseErr != nil || d.String() != text:
		return decimal.Decimal{}, broken("", `a string with a plain decimal number is expected, as in "-1400" or "0.5"`)
	}
	return d, nil
}

// instant reads a time as RFC 3339 has it, in UTC with Z, a fraction without trailing zeros.
func (s *scanner) instant() (time.Time, *FormatError) {
	text, err := s.text()
	if err != nil {
		return time.Time{}, err
	}
	t, parseErr := time.Parse(time.RFC3339Nano, text)
	if parseErr != nil || instantText(t) != text {
		return time.Time{}, broken("", "a UTC time is expected, as in 2026-03-02T00:00:00Z")
	}
	return t.UTC(), nil
}

func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// missing refuses an object that lacks one of the names in required.
func missing(names []string, seen, required uint64) *FormatError {
	if lack := required &^ seen; lack != 0 {
		return broken(names[bits.TrailingZeros64(lack)], "the field is missing")
	}
	return nil
}

// refused turns an error of package canonical into one of ours.
func refused(err error) *FormatError {
	var c *canonical.Error
	if !errors.As(err, &c) {
		return broken("", "%v", err)
	}
	kind := ErrFormat
	if errors.Is(err, canonical.ErrLimit) {
		kind = ErrLimit
	}
	return &FormatError{Field: c.Path, Rule: c.Rule, Err: kind}
}
