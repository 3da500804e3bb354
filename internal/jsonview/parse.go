package jsonview

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxIntegerDigits is the longest integer that the official SDK's parser reads.
const MaxIntegerDigits = 4300

// ErrDepth is what a [SyntaxError] wraps where the text nests deeper than allowed.
var ErrDepth = errors.New("nested too deep")

// SyntaxError says where a text stops being JSON, or passes a limit, and why.
type SyntaxError struct {
	Offset int   // in bytes from the start of the text
	Err    error // why
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("at byte %d: %v", e.Offset, e.Err)
}

// Unwrap returns why, for errors.Is with [ErrDepth].
func (e *SyntaxError) Unwrap() error { return e.Err }

// Parse checks that text is one JSON value, in UTF-8 and nested at most maxDepth arrays
// and objects deep, and returns it. The value refers to text. The error is a
// *[SyntaxError].
func Parse(text []byte, maxDepth int) (Value, error) {
	if !utf8.Valid(text) {
		return Value{}, &SyntaxError{Offset: invalidUTF8(text), Err: errors.New("not valid UTF-8")}
	}
	p := parser{text: text, room: maxDepth}
	start := skipSpace(text, 0)
	end, err := p.value(start)
	if err != nil {
		return Value{}, err
	}
	if rest := skipSpace(text, end); rest < len(text) {
		return Value{}, p.fail(rest, "text after the value")
	}
	return Value{text[start:end]}, nil
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}

// parser walks a text once. Each method takes the position where something begins and
// returns the position after it.
type parser struct {
	text []byte
	room int // how much deeper the text may still nest
}

func (p *parser) fail(at int, why string) error {
	return &SyntaxError{Offset: at, Err: errors.New(why)}
}

func (p *parser) at(i int) byte {
	if i < len(p.text) {
		return p.text[i]
	}
	return 0 // no JSON token begins with it
}

func (p *parser) value(i int) (int, error) {
	switch p.at(i) {
	case '{':
		return p.nested(i, p.object)
	case '[':
		return p.nested(i, p.array)
	case '"':
		return p.str(i)
	case 't':
		return p.word(i, "true")
	case 'f':
		return p.word(i, "false")
	case 'n':
		return p.word(i, "null")
	case 'N':
		return p.word(i, "NaN")
	case 'I':
		return p.word(i, "Infinity")
	case '-':
		if p.at(i+1) == 'I' {
			return p.word(i, "-Infinity")
		}
	}
	return p.number(i)
}

func (p *parser) word(i int, word string) (int, error) {
	end := i + len(word)
	if end > len(p.text) || string(p.text[i:end]) != word {
		return 0, p.fail(i, "no JSON value begins here")
	}
	return end, nil
}

func (p *parser) nested(i int, read func(int) (int, error)) (int, error) {
	if p.room == 0 {
		return 0, &SyntaxError{Offset: i, Err: ErrDepth}
	}
	p.room--
	defer func() { p.room++ }()
	return read(i)
}

func (p *parser) object(i int) (int, error) {
	i = skipSpace(p.text, i+1)
	if p.at(i) == '}' {
		return i + 1, nil
	}
	for {
		if p.at(i) != '"' {
			return 0, p.fail(i, "a member's name must stand here")
		}
		end, err := p.str(i)
		if err != nil {
			return 0, err
		}
		if i = skipSpace(p.text, end); p.at(i) != ':' {
			return 0, p.fail(i, "a colon must stand here")
		}
		if end, err = p.value(skipSpace(p.text, i+1)); err != nil {
			return 0, err
		}
		i = skipSpace(p.text, end)
		switch p.at(i) {
		case '}':
			return i + 1, nil
		case ',':
			i = skipSpace(p.text, i+1)
		default:
			return 0, p.fail(i, "a comma or the object's end must stand here")
		}
	}
}

func (p *parser) array(i int) (int, error) {
	i = skipSpace(p.text, i+1)
	if p.at(i) == ']' {
		return i + 1, nil
	}
	for {
		end, err := p.value(i)
		if err != nil {
			return 0, err
		}
		i = skipSpace(p.text, end)
		switch p.at(i) {
		case ']':
			return i + 1, nil
		case ',':
			i = skipSpace(p.text, i+1)
		default:
			return 0, p.fail(i, "a comma or the array's end must stand here")
		}
	}
}

func (p *parser) str(i int) (int, error) {
	for i++; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return 0, p.fail(i, "control character in a string")
		case c == '\\':
			i++
			switch p.at(i) {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(p.text, i+1); !ok {
					return 0, p.fail(i, "four hexadecimal digits must follow")
				}
				i += 4
			default:
				return 0, p.fail(i, "no such escape")
			}
		}
	}
	return 0, p.fail(len(p.text), "the string does not end")
}

func (p *parser) number(i int) (int, error) {
	start := i
	if p.at(i) == '-' {
		i++
	}
	digits := i
	switch c := p.at(i); {
	case c == '0':
		i++
	case '1' <= c && c <= '9':
		i = p.digits(i)
	default:
		return 0, p.fail(start, "no JSON value begins here")
	}
	whole := i
	if p.at(i) == '.' && isDigit(p.at(i+1)) {
		i = p.digits(i + 1)
	}
	if c := p.at(i); c == 'e' || c == 'E' {
		exponent := i + 1
		if c := p.at(exponent); c == '+' || c == '-' {
			exponent++
		}
		if isDigit(p.at(exponent)) {
			i = p.digits(exponent)
		}
	}
	if i == whole && whole-digits > MaxIntegerDigits {
		return 0, p.fail(start, fmt.Sprintf("integer of more than %d digits", MaxIntegerDigits))
	}
	return i, nil
}

func (p *parser) digits(i int) int {
	for isDigit(p.at(i)) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
