package canonical

import (
	"bytes"
	"unicode/utf8"
)

// IsCanonical tells whether src is a JSON text in canonical form already: whether Append in
// Strict mode would take it and change nothing. It writes nothing, allocates nothing and
// stops at the first thing that differs.
func IsCanonical(src []byte) bool {
	c := checker{src: src}
	return c.value() && c.pos == len(src)
}

// A checker is the reader's twin that only looks. Each method leaves pos behind what it
// read, or answers false.
type checker struct {
	src   []byte
	pos   int
	depth int
}

// next takes the byte b if it comes next.
func (c *checker) next(b byte) bool {
	if c.pos < len(c.src) && c.src[c.pos] == b {
		c.pos++
		return true
	}
	return false
}

func (c *checker) value() bool {
	if c.pos == len(c.src) {
		return false
	}
	switch c.src[c.pos] {
	case '"':
		_, _, ok := c.text()
		return ok
	case '{':
		return c.object(nil)
	case '[':
		return c.array()
	case 't':
		return c.literal("true")
	case 'f':
		return c.literal("false")
	case 'n':
		return c.literal("null")
	default:
		return c.number()
	}
}

func (c *checker) array() bool {
	if c.depth == MaxDepth {
		return false
	}
	c.depth++
	c.pos++
	if !c.next(']') {
		for {
			if !c.value() {
				return false
			}
			if c.next(']') {
				break
			}
			if !c.next(',') {
				return false
			}
		}
	}
	c.depth--
	return true
}

func (c *checker) number() bool {
	n, short := scanNumber(c.src[c.pos:])
	if n == 0 {
		return false
	}
	text := c.src[c.pos : c.pos+n]
	c.pos += n
	if short {
		return true
	}
	var room [32]byte
	if n > len(room) {
		return false // the longest canonical number has 25 characters
	}
	form, err := appendNumber(room[:0], text, Strict)
	return err == nil && bytes.Equal(form, text)
}

func (c *checker) literal(word string) bool {
	if rest := c.src[c.pos:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return false
	}
	c.pos += len(word)
	return true
}

// text takes the string at pos and returns what is between its quotes.
func (c *checker) text() (inside []byte, plain, ok bool) {
	if !c.next('"') {
		return nil, false, false
	}
	src, start, i := c.src, c.pos, c.pos
	for plain = true; ; plain = false {
		i = skipPlain(src, i)
		if i == len(src) {
			return nil, false, false
		}
		switch b := src[i]; {
		case b == '"':
			c.pos = i + 1
			return src[start:i], plain, true
		case b == '\\':
			n := canonicalEscape(src[i:])
			if n == 0 {
				return nil, false, false
			}
			i += n
		case b < ' ':
			return nil, false, false
		default:
			_, size := utf8.DecodeRune(src[i:])
			if size == 1 {
				return nil, false, false
			}
			i += size
		}
	}
}

// canonicalEscape returns the length of the escape that text begins with, 0 if the
// canonical form would not have it.
func canonicalEscape(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		var room [8]byte
		c, ok := hex4(text[2:])
		if ok && c < ' ' && bytes.Equal(appendRune(room[:0], c), text[:6]) {
			return 6
		}
	}
	return 0
}
