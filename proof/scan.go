package proof

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
)

// Why a file was refused, for errors.Is.
var (
	// ErrFormat: the file is not the format, or against one of its rules. It was not
	// judged. What to do: get the file again, unchanged, or ask whoever wrote it.
	ErrFormat = errors.New("proof: malformed file")
	// ErrLimit: the file is past one of the limits of this package. What to do: ask for
	// evidence of a shorter window.
	ErrLimit = errors.New("proof: limit exceeded")
)

// FormatError says where a file was refused and by which rule. errors.Is finds ErrFormat or
// ErrLimit. What to do: look at Line and Field, and do what Rule says.
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
	// whole is src as a string, where the texts that are read may share it; else empty.
	whole string
	// plain says of the last string that it is what it means: ASCII without escapes.
	plain bool
}

// sub returns a scanner over a part.
func (s *scanner) sub(from, to int) scanner {
	part := scanner{src: s.src[from:to]}
	if s.whole != "" {
		part.whole = s.whole[from:to]
	}
	return part
}

// peek skips white space and returns the byte behind it, 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.src) && s.src[s.pos] > ' ' { // as written by a writer
		return s.src[s.pos]
	}
	return s.skipSpace()
}

func (s *scanner) skipSpace() byte {
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
	for next := 0; ; {
		i, err := s.name(names, next)
		if err != nil {
			return 0, err
		}
		if seen>>i&1 == 1 {
			return 0, broken(names[i], "the name stands there twice")
		}
		seen |= 1 << i
		next = i + 1
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

// name reads a member name and returns its index among names. Writers write them in order,
// so it is looked for from next on at first.
func (s *scanner) name(names []string, next int) (int, *FormatError) {
	if s.peek() != '"' {
		return 0, broken("", "a member name in quotes is expected")
	}
	if rest := s.src[s.pos+1:]; len(rest) > 0 {
		for i := next; i < len(names); i++ {
			if n := len(names[i]); names[i][0] == rest[0] && n < len(rest) && rest[n] == '"' && string(rest[:n]) == names[i] {
				s.pos += n + 2
				return i, nil
			}
		}
	}
	text, err := s.quoted()
	if err != nil {
		return 0, err
	}
	if i := slices.Index(names, string(text)); i >= 0 {
		return i, nil
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
	start := s.pos
	for s.plain = true; ; s.plain = false {
		s.pos = canonical.SkipPlain(s.src, s.pos)
		if s.pos >= len(s.src) {
			return nil, broken("", "the string does not end")
		}
		switch s.src[s.pos] {
		case '"':
			s.pos++
			return s.src[start : s.pos-1], nil
		case '\\':
			s.pos += 2
		default:
			s.pos++
		}
	}
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
	switch {
	case s.plain && s.whole != "":
		value = s.whole[s.pos-1-len(inside) : s.pos-1]
	case s.plain:
		value = string(inside)
	default:
		if value, err = unescaped(s.src[s.pos-len(inside)-2 : s.pos]); err != nil {
			return "", err
		}
	}
	if len(value) > MaxTextBytes {
		return "", tooMuch("", "more than %d bytes", MaxTextBytes)
	}
	return value, nil
}

// unescaped reads a string that is not plain.
func unescaped(quoted []byte) (value string, err *FormatError) {
	form, formErr := canonical.Transform(quoted, canonical.Strict)
	if formErr != nil {
		return "", refused(formErr)
	}
	// The canonical form of a string is a JSON string without anything that encoding/json
	// would replace.
	if json.Unmarshal(form, &value) != nil {
		return "", broken("", "not a JSON string")
	}
	return value, nil
}

// oneOf reads a string that must be one of words.
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
	const size = 2 + 2*hashSize
	var h Hash
	if s.peek() == '"' && len(s.src)-s.pos >= size+2 && s.src[s.pos+1+size] == '"' && h.decode(s.src[s.pos+1:s.pos+1+size]) {
		s.pos += size + 2
		return h, nil
	}
	inside, err := s.quoted()
	if err != nil {
		return Hash{}, err
	}
	for _, c := range inside {
		if c >= 'A' && c <= 'F' {
			return Hash{}, broken("", "a hash has its digits in lower case")
		}
	}
	return Hash{}, broken("", "a hash is 0x and 64 lower-case hex digits")
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
	if t, ok := wholeSecond(text); ok {
		return t, nil
	}
	t, parseErr := time.Parse(time.RFC3339Nano, text)
	if parseErr != nil || instantText(t) != text {
		return time.Time{}, broken("", "a UTC time is expected, as in 2026-03-02T00:00:00Z")
	}
	return t.UTC(), nil
}

// wholeSecond reads the usual form of an instant, without a fraction, and takes nothing that
// time.Parse would not.
func wholeSecond(text string) (time.Time, bool) {
	if len(text) != len("2006-01-02T15:04:05Z") || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
		text[13] != ':' || text[16] != ':' || text[19] != 'Z' {
		return time.Time{}, false
	}
	var n [6]int
	for i, from := range [...]int{0, 5, 8, 11, 14, 17} {
		to := from + 2
		if i == 0 {
			to = 4
		}
		for _, c := range []byte(text[from:to]) {
			if c < '0' || c > '9' {
				return time.Time{}, false
			}
			n[i] = n[i]*10 + int(c-'0')
		}
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.UTC)
	return t, int(t.Month()) == n[1] && t.Day() == n[2] && t.Hour() == n[3] && t.Minute() == n[4] && t.Second() == n[5]
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
