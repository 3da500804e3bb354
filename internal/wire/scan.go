package wire

import (
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// The functions of this file read text that [json.Valid] accepted, so they look for no
// syntax errors.

var errNotJSON = errors.New("not JSON")

// ErrInvalid is one sentinel under the names that the packages export it by, so that
// errors.Is finds either.
var ErrInvalid = errors.New("invalid request")

// space is what JSON calls white space; wider ideas of it are not JSON.
const space = " \t\r\n"

func trim(text string) string { return strings.Trim(text, space) }

// kind is the first byte of a value, which tells its type.
func kind(value string) byte {
	if value == "" {
		return 0
	}
	return value[0]
}

func kindName(value string) string {
	switch kind(value) {
	case 0:
		return "nothing"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// scan splits an object into its members.
func (o *Object) scan() {
	if o.members == nil {
		o.members = o.room[:0]
	}
	text := o.text
	for i := skipSpace(text, 1); text[i] != '}'; {
		end := skipValue(text, i)
		name := text[i:end]
		if plain, err := unquote(name); err == nil {
			name = plain
		}
		i = skipSpace(text, skipSpace(text, end)+1) // past the colon
		end = skipValue(text, i)
		o.members = append(o.members, member{name, text[i:end]})
		if i = skipSpace(text, end); text[i] == ',' {
			i = skipSpace(text, i+1)
		}
	}
}

// elements goes through the values of an array.
func elements(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := skipSpace(text, 1); text[i] != ']'; {
			end := skipValue(text, i)
			if !yield(text[i:end]) {
				return
			}
			if i = skipSpace(text, end); text[i] == ',' {
				i = skipSpace(text, i+1)
			}
		}
	}
}

func skipSpace(text string, i int) int {
	for text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n' {
		i++
	}
	return i
}

// skipValue returns the offset after the value that starts at i.
func skipValue(text string, i int) int {
	switch text[i] {
	case '"':
		return skipString(text, i)
	case '{', '[':
		for depth := 0; ; {
			switch text[i] {
			case '"':
				i = skipString(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(text) && !strings.ContainsRune(",}]"+space, rune(text[i])) {
		i++
	}
	return i
}

func skipString(text string, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

var errNotUnicode = errors.New("must be valid Unicode")

// unquote reads a JSON string. Invalid UTF-8 and lone surrogates are an error, never
// replaced: a replaced character would be another value.
func unquote(value string) (string, error) {
	if len(value) < 2 || value[0] != '"' {
		return "", errNotJSON
	}
	s := value[1 : len(value)-1]
	if !utf8.ValidString(s) {
		return "", errNotUnicode
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(-1)
				if strings.HasPrefix(s[i+1:], `\u`) {
					low = hex4(s[i+3:])
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					return "", errNotUnicode
				}
				i += 6
			}
			b = utf8.AppendRune(b, r)
		default: // a quote or a slash
			b = append(b, s[i])
		}
	}
	return string(b), nil
}

func hex4(s string) rune {
	n, err := strconv.ParseUint(s[:4], 16, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}

// numberText is the text of a number, or of a string that may hold one.
func numberText(value string) (string, bool) {
	switch c := kind(value); {
	case c == '-' || c >= '0' && c <= '9':
		return value, true
	case c == '"':
		s, err := unquote(value)
		s = trim(s)
		if err != nil || s == "" || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
			return "", false
		}
		return s, true
	}
	return "", false
}

// timeLayouts are the forms of ISO 8601 that are read. Go's parser takes a fraction of
// a second after the seconds of each.
var timeLayouts = [...]string{
	time.RFC3339,
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
	time.DateOnly,
}

func parseTime(value string) (time.Time, bool) {
	if kind(value) != '"' {
		text, ok := numberText(value)
		n, err := strconv.ParseInt(text, 10, 64)
		return UnixTime(n), ok && err == nil
	}
	s, err := unquote(value)
	if err != nil {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// UnixTime reads a Unix time in seconds, or in milliseconds from 10^12 on.
func UnixTime(n int64) time.Time {
	if n >= 1e12 || n <= -1e12 {
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}
