// Package jsonview reads JSON text in place, by the rules of the parser that PacSpace's
// official SDK uses, so that a file means the same to both.
//
// Those rules differ from encoding/json: numbers keep their spelling (`0` is an integer
// and `0.0` is not), lone surrogate escapes are kept, NaN and Infinity are numbers, the
// last of several members with one name wins and takes the place of the first, and names
// are compared exactly. Text that is not UTF-8 is refused.
//
// Parse checks a whole text once and copies nothing. A [Value] is then a part of that
// text; looking into it scans again, so a hostile text costs no more memory than its own.
package jsonview

import (
	"bytes"
	"iter"
)

// Kind says what a value is.
type Kind uint8

// The kinds of a value. Absent is the kind of the zero Value: a member that is not there.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// Value is one JSON value: a part of a text that Parse accepted, or nothing at all.
type Value struct{ text []byte }

// Member is one member of an object, its name decoded as by [Value.Text].
type Member struct {
	Name  string
	Value Value
}

// Kind returns the kind of v.
func (v Value) Kind() Kind {
	if len(v.text) == 0 {
		return Absent
	}
	switch v.text[0] {
	case 'n':
		return Null
	case 't', 'f':
		return Bool
	case '"':
		return String
	case '[':
		return Array
	case '{':
		return Object
	}
	return Number // digits, '-', NaN, Infinity
}

// Raw returns the text of v without surrounding space. It is nil for an absent value and
// must not be changed.
func (v Value) Raw() []byte { return v.text }

// IsTrue reports whether v is the literal true.
func (v Value) IsTrue() bool { return len(v.text) > 0 && v.text[0] == 't' }

// Truthy reports whether Python counts v as true: not absent, null, false, zero, or empty.
func (v Value) Truthy() bool {
	switch v.Kind() {
	case Absent, Null:
		return false
	case Bool:
		return v.IsTrue()
	case Number:
		return numberNotZero(v.text)
	case String:
		return len(v.text) > 2
	case Array, Object:
		i := skipSpace(v.text, 1)
		return i < len(v.text)-1
	}
	return false
}

// Is reports whether v is the string s.
func (v Value) Is(s string) bool {
	return v.Kind() == String && equalString(v.text, s)
}

// Text returns the string that v is, and false where v is no string. A lone surrogate
// escape becomes the three bytes that UTF-8 would have for it (ED A0 80 to ED BF BF), so
// the result is valid UTF-8 exactly where the text had no lone surrogate.
func (v Value) Text() (string, bool) {
	if v.Kind() != String {
		return "", false
	}
	return decodeString(v.text), true
}

// Get returns the last member of v with this name. It is absent where v is no object or
// has no such member.
func (v Value) Get(name string) Value {
	var found Value
	for key, member := range v.members() {
		if equalString(key, name) {
			found = member
		}
	}
	return found
}

// Pick returns the members of v with these names, in the order of the names, absent where
// v lacks one. exact reports whether v is an object with these members and no other.
func (v Value) Pick(names ...string) (members []Value, exact bool) {
	members = make([]Value, len(names))
	exact = v.Kind() == Object
	for key, member := range v.members() {
		known := false
		for i, name := range names {
			if equalString(key, name) {
				members[i], known = member, true
				break
			}
		}
		exact = exact && known
	}
	for _, member := range members {
		exact = exact && member.Kind() != Absent
	}
	return members, exact
}

// smallObject is the number of members up to which comparing names beats a map.
const smallObject = 16

// Members returns the members of v in order, each name once: the last value of a repeated
// name stands where the name stood first. It is nil where v is no object.
func (v Value) Members() []Member {
	var (
		members []Member
		index   map[string]int
	)
	find := func(name string) int {
		if index != nil {
			if i, ok := index[name]; ok {
				return i
			}
			return -1
		}
		for i := range members {
			if members[i].Name == name {
				return i
			}
		}
		return -1
	}
	for key, value := range v.members() {
		name := decodeString(key)
		if i := find(name); i >= 0 {
			members[i].Value = value
			continue
		}
		members = append(members, Member{Name: name, Value: value})
		switch {
		case index != nil:
			index[name] = len(members) - 1
		case len(members) > smallObject:
			index = make(map[string]int, 2*len(members))
			for i := range members {
				index[members[i].Name] = i
			}
		}
	}
	return members
}

// members yields each member as it stands: the text of its name with quotes, its value.
func (v Value) members() iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		if v.Kind() != Object {
			return
		}
		i := skipSpace(v.text, 1)
		for v.text[i] != '}' {
			end := skipString(v.text, i)
			key := v.text[i:end]
			i = skipSpace(v.text, skipSpace(v.text, end)+1) // past the colon
			end = skipValue(v.text, i)
			if !yield(key, Value{v.text[i:end]}) {
				return
			}
			i = skipSpace(v.text, end)
			if v.text[i] == ',' {
				i = skipSpace(v.text, i+1)
			}
		}
	}
}

// Elements yields the elements of v in order, none where v is no array.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != Array {
			return
		}
		i := skipSpace(v.text, 1)
		for v.text[i] != ']' {
			end := skipValue(v.text, i)
			if !yield(Value{v.text[i:end]}) {
				return
			}
			i = skipSpace(v.text, end)
			if v.text[i] == ',' {
				i = skipSpace(v.text, i+1)
			}
		}
	}
}

// Len returns the number of elements of an array, and 0 for everything else.
func (v Value) Len() int {
	n := 0
	for range v.Elements() {
		n++
	}
	return n
}

// skipSpace returns the first position from i on that holds no white space.
func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the position after the string that begins at i of a checked text.
func skipString(text []byte, i int) int {
	for i++; ; i++ {
		next := bytes.IndexByte(text[i:], '"')
		if backslash := bytes.IndexByte(text[i:i+next], '\\'); backslash >= 0 {
			i += backslash + 1 // the loop steps over what is escaped
			continue
		}
		return i + next + 1
	}
}

// skipValue returns the position after the value that begins at i of a checked text.
func skipValue(text []byte, i int) int {
	switch text[i] {
	case '"':
		return skipString(text, i)
	case '{', '[':
		depth := 0
		for {
			switch text[i] {
			case '"':
				i = skipString(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
				if depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(text) {
		switch text[i] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return i
		}
		i++
	}
	return i
}

// Without returns the text of the object v without its members of this name, and without
// white space between the others. It is nil where v is no object.
func (v Value) Without(name string) []byte {
	if v.Kind() != Object {
		return nil
	}
	out := append(make([]byte, 0, len(v.text)), '{')
	for key, member := range v.members() {
		if equalString(key, name) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), member.text...)
	}
	return append(out, '}')
}
