package canonical

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// A member is one name and value of an open object, by offsets into the output:
// dst[start:colon] is the name in its quotes, dst[start:end] all of it.
type member struct {
	start, colon, end int
	plain             bool // the name is ASCII without escapes: its bytes are its UTF-16 units
}

// name returns the canonical text between the quotes.
func (m member) name(dst []byte) []byte { return dst[m.start+1 : m.colon-1] }

// nameString returns what the name means, for an error, and no more of it than an error
// shows.
func (m member) nameString(dst []byte) string {
	var name []byte
	for text := m.name(dst); len(text) > 0 && len(name) <= maxName; {
		c, size := utf8.DecodeRune(text)
		if c == '\\' {
			c, size = unescape(text)
		}
		name = utf8.AppendRune(name, c)
		text = text[size:]
	}
	return string(name)
}

// arrange puts the members of the object that opened at dst[open] in order, closes it, and
// settles names that are there twice as the mode has it.
func arrange(dst []byte, open int, members []member, mode Mode) ([]byte, *Error) {
	sortMembers(dst, members)
	// Written once more behind everything, then moved over the unsorted text: this needs
	// no buffer but dst.
	end := len(dst)
	for i, m := range members {
		if i+1 < len(members) && bytes.Equal(m.name(dst), members[i+1].name(dst)) {
			if mode == Strict {
				err := &Error{Rule: "duplicate name; keep one member of each name", Err: ErrDuplicate}
				return nil, err.in(m.nameString(dst))
			}
			continue
		}
		if len(dst) > end {
			dst = append(dst, ',')
		}
		dst = append(dst, dst[m.start:m.end]...)
	}
	dst = append(dst, '}')
	return dst[:open+1+copy(dst[open+1:], dst[end:])], nil
}

// sortMembers sorts by name, equal names by place.
func sortMembers(dst []byte, ms []member) {
	const few = 24
	if len(ms) > few {
		slices.SortFunc(ms, func(a, b member) int {
			return cmp.Or(compare(dst, a, b), cmp.Compare(a.start, b.start))
		})
		return
	}
	// Most names differ in their first eight bytes, which compare as one number. Zeros
	// fill a shorter name: none holds a zero byte, so it comes before each longer one that
	// begins with it.
	var heads [few]uint64
	for i, m := range ms {
		heads[i] = headOf(m.name(dst))
	}
	for i := 1; i < len(ms); i++ {
		m, head, j := ms[i], heads[i], i
		for ; j > 0; j-- {
			if before := ms[j-1]; before.plain && m.plain && heads[j-1] != head {
				if heads[j-1] < head {
					break
				}
			} else if compare(dst, before, m) <= 0 {
				break
			}
			ms[j], heads[j] = ms[j-1], heads[j-1]
		}
		ms[j], heads[j] = m, head
	}
}

// headOf returns the first eight bytes of a name, the first one highest.
func headOf(name []byte) uint64 {
	if len(name) >= 8 {
		return binary.BigEndian.Uint64(name)
	}
	var head uint64
	for i, c := range name {
		head |= uint64(c) << (56 - 8*i)
	}
	return head
}

// compare orders two names by their UTF-16 code units, as RFC 8785 section 3.2.3 asks.
func compare(dst []byte, a, b member) int {
	if a.plain && b.plain {
		return bytes.Compare(a.name(dst), b.name(dst))
	}
	return compareUnits(a.name(dst), b.name(dst))
}

// compareUnits compares the meaning of two canonical string texts by UTF-16 code units.
func compareUnits(a, b []byte) int {
	x, y := units{text: a}, units{text: b}
	for {
		u, v := x.next(), y.next()
		if u != v || u == endOfUnits {
			return cmp.Compare(u, v)
		}
	}
}

// units walks the UTF-16 code units of a canonical string text.
type units struct {
	text []byte
	low  int32 // the second half of a pair whose first half was given out
}

const endOfUnits = -1 // sorts before every unit, as a prefix sorts before the longer name

func (u *units) next() int32 {
	if u.low != 0 {
		low := u.low
		u.low = 0
		return low
	}
	if len(u.text) == 0 {
		return endOfUnits
	}
	c, size := rune(u.text[0]), 1
	switch {
	case c == '\\':
		c, size = unescape(u.text)
	case c >= utf8.RuneSelf:
		c, size = utf8.DecodeRune(u.text)
	}
	u.text = u.text[size:]
	if c > 0xFFFF {
		c, u.low = utf16.EncodeRune(c)
	}
	return c
}

// unescape reads the escape that a canonical text begins with.
func unescape(text []byte) (rune, int) {
	switch text[1] {
	case 'b':
		return '\b', 2
	case 't':
		return '\t', 2
	case 'n':
		return '\n', 2
	case 'f':
		return '\f', 2
	case 'r':
		return '\r', 2
	case 'u':
		c, _ := hex4(text[2:])
		return c, 6
	default:
		return rune(text[1]), 2
	}
}
