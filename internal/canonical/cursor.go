package canonical

import "bytes"

// A Cursor goes over a text that may be canonical, for a caller who looks for the form and
// reads what stands in it at once. Each method leaves Pos behind what it took, or answers
// false: then the text is not canonical there, or not what was asked for, and the caller
// begins anew with Append, which says what is wrong.
type Cursor struct{ c checker }

// CursorAt returns a cursor at a place inside of so many open arrays and objects.
func CursorAt(src []byte, pos, depth int) Cursor {
	return Cursor{checker{src: src, pos: pos, depth: depth}}
}

// Pos returns where the cursor is.
func (c *Cursor) Pos() int { return c.c.pos }

// Byte takes one byte.
func (c *Cursor) Byte(b byte) bool { return c.c.next(b) }

// Name takes the name of a member with its quotes and its colon, where that is the next one.
func (c *Cursor) Name(name string) bool {
	rest := c.c.src[c.c.pos:]
	if n := len(name); len(rest) < n+3 || rest[0] != '"' || string(rest[1:1+n]) != name || rest[1+n] != '"' || rest[2+n] != ':' {
		return false
	}
	c.c.pos += len(name) + 3
	return true
}

// Text takes a string and returns what is between its quotes. plain says that this is what
// it means: ASCII without escapes.
func (c *Cursor) Text() (inside []byte, plain, ok bool) { return c.c.text() }

// Value takes any value.
func (c *Cursor) Value() bool { return c.c.value() }

// Object takes an object. member is told the name of each member of it, as it is between
// its quotes, and from where to where its value goes.
func (c *Cursor) Object(member func(name []byte, from, to int)) bool {
	return c.c.pos < len(c.c.src) && c.c.src[c.c.pos] == '{' && c.c.object(member)
}

// object takes the object that begins at pos.
func (c *checker) object(member func(name []byte, from, to int)) bool {
	if c.depth == MaxDepth {
		return false
	}
	c.depth++
	c.pos++
	if c.next('}') {
		c.depth--
		return true
	}
	var last []byte
	lastPlain := false
	for first := true; ; first = false {
		name, plain, ok := c.text()
		if !ok || !c.next(':') {
			return false
		}
		switch {
		case first:
		case plain && lastPlain:
			if bytes.Compare(last, name) >= 0 {
				return false
			}
		case compareUnits(last, name) >= 0:
			return false
		}
		last, lastPlain = name, plain
		from := c.pos
		if !c.value() {
			return false
		}
		if member != nil {
			member(name, from, c.pos)
		}
		if c.next('}') {
			c.depth--
			return true
		}
		if !c.next(',') {
			return false
		}
	}
}
