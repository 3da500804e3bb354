// Package wire reads what the service writes: its envelopes, its error bodies, and its
// objects with their several names for one field. It is lenient where the contract is
// silent and exact where a value is used: unknown fields are passed over, a field of the
// wrong type is an error that names it, a number is read from its digits.
package wire

import (
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
)

// Object is one JSON object of an answer. Its readers take the names that a field has
// had, newest first: the first that is present and not null wins. An absent field reads
// as zero. A nil *Object reads as an empty one.
//
// The readers collect the first field of a wrong type in [Object.Err], so that a caller
// reads all fields and asks once.
type Object struct {
	text    string // the object as the service wrote it
	members []member

	// Where it stands in the answer, for error texts.
	parent *Object
	name   string
	index  int // in an array, else -1

	shared *reading

	// Room for the members of most objects and, in the outermost, for what is shared, so
	// that reading one allocates once.
	room [8]member
	own  reading
}

type member struct{ name, value string }

// reading is what all objects of one answer share.
type reading struct {
	err   error
	asked bool // a reader was called
	known bool // a reader found its field
}

// Parse reads a JSON object.
func Parse(data []byte) (*Object, error) {
	if !json.Valid(data) {
		return nil, errNotJSON
	}
	return parseValid(trim(string(data)), "")
}

// parseValid reads an object. An array is read as an object with that array as its only
// member, called list, unless list is empty.
func parseValid(text, list string) (*Object, error) {
	o := new(Object)
	if err := o.parse(text, list); err != nil {
		return nil, err
	}
	return o, nil
}

// parse is parseValid into an object whose earlier content is done with.
func (o *Object) parse(text, list string) error {
	*o = Object{text: text, members: o.members[:0], index: -1}
	o.shared = &o.own
	switch kind(text) {
	case '{':
		o.scan()
	case '[':
		if list == "" {
			return errors.New("want an object, got an array")
		}
		o.members = append(o.members, member{list, text})
	default:
		return errors.New("want an object, got " + kindName(text))
	}
	return nil
}

// Source is the object as the service wrote it.
func (o *Object) Source() string {
	if o == nil {
		return ""
	}
	return o.text
}

// Err is the first field that had the wrong type, or that was required and absent.
func (o *Object) Err() error {
	if o == nil {
		return nil
	}
	return o.shared.err
}

// Known reports whether any reader found its field, in this object or in another of the
// same answer. An answer in which nothing was known is not the answer that was asked for.
// Where no field was asked for, every object is known.
func (o *Object) Known() bool { return o != nil && (o.shared.known || !o.shared.asked) }

// Has reports whether one of the names is present and not null.
func (o *Object) Has(names ...string) bool {
	_, value := o.find(names)
	return value != ""
}

// String reads a JSON string.
func (o *Object) String(names ...string) string {
	name, value := o.find(names)
	if value == "" {
		return ""
	}
	if kind(value) != '"' {
		o.mismatch(name, "a string", value)
		return ""
	}
	s, err := unquote(value)
	if err != nil {
		o.fail(name, err.Error())
		return ""
	}
	return s
}

// Text reads a field whose type is not settled, such as a number that is a string
// elsewhere: a string's content, anything else as it is written.
func (o *Object) Text(names ...string) string {
	_, value := o.find(names)
	if value == "" || kind(value) != '"' {
		return value
	}
	s, err := unquote(value)
	if err != nil {
		return value
	}
	return s
}

// Strings reads an array of strings.
func (o *Object) Strings(names ...string) []string {
	name, value := o.find(names)
	if value == "" {
		return nil
	}
	if kind(value) != '[' {
		o.mismatch(name, "an array", value)
		return nil
	}
	list := []string{}
	for element := range elements(value) {
		s, err := unquote(element)
		if kind(element) != '"' || err != nil {
			o.mismatch(name+"["+strconv.Itoa(len(list))+"]", "a string", element)
			return nil
		}
		list = append(list, s)
	}
	return list
}

// Decimal reads a number, written as a JSON number or as a string that holds one.
func (o *Object) Decimal(names ...string) decimal.Decimal {
	if d := o.DecimalPtr(names...); d != nil {
		return *d
	}
	return decimal.Decimal{}
}

// DecimalPtr is [Object.Decimal] where an absent number is not a zero one.
func (o *Object) DecimalPtr(names ...string) *decimal.Decimal {
	name, value := o.find(names)
	if value == "" {
		return nil
	}
	text, ok := numberText(value)
	if !ok {
		o.mismatch(name, "a number", value)
		return nil
	}
	d, err := decimal.Parse(text)
	if err != nil {
		o.fail(name, "must be a number within the limits of package decimal")
		return nil
	}
	return &d
}

// RequiredDecimal is [Object.Decimal] where an absent number is an error.
func (o *Object) RequiredDecimal(names ...string) decimal.Decimal {
	o.require(names)
	return o.Decimal(names...)
}

// Int reads a whole number that fits an int.
func (o *Object) Int(names ...string) int {
	n := o.IntPtr(names...)
	if n == nil {
		return 0
	}
	if int64(int(*n)) != *n {
		o.fail(names[0], "must fit an int")
		return 0
	}
	return int(*n)
}

// IntPtr reads a whole number, nil where it is absent.
func (o *Object) IntPtr(names ...string) *int64 {
	name, value := o.find(names)
	if value == "" {
		return nil
	}
	text, ok := numberText(value)
	if !ok {
		o.mismatch(name, "a whole number", value)
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		// 5.0 and 5e0 are whole numbers too.
		d, bad := decimal.Parse(text)
		if bad == nil {
			n, err = strconv.ParseInt(d.String(), 10, 64)
		}
		if err != nil {
			o.fail(name, "must be a whole number of at most 64 bits")
			return nil
		}
	}
	return &n
}

// Bool reads true or false.
func (o *Object) Bool(names ...string) bool {
	name, value := o.find(names)
	switch value {
	case "true":
		return true
	case "", "false":
		return false
	}
	o.mismatch(name, "true or false", value)
	return false
}

// RequiredBool is [Object.Bool] where an absent value is an error.
func (o *Object) RequiredBool(names ...string) bool {
	o.require(names)
	return o.Bool(names...)
}

// RequiredString is [Object.String] where an absent or empty string is an error.
func (o *Object) RequiredString(names ...string) string {
	s := o.String(names...)
	if s == "" && o != nil {
		o.fail(names[0], "must be given")
	}
	return s
}

// Time reads an instant: ISO 8601 with or without a fraction, taken as UTC where no zone
// is written, or a Unix time in seconds or milliseconds.
func (o *Object) Time(names ...string) time.Time {
	name, value := o.find(names)
	if value == "" {
		return time.Time{}
	}
	t, ok := parseTime(value)
	if !ok {
		o.mismatch(name, "a time", value)
		return time.Time{}
	}
	return t
}

// Raw reads a value as the service wrote it, as a copy; nil where it is absent or null.
func (o *Object) Raw(names ...string) json.RawMessage {
	_, value := o.find(names)
	if value == "" {
		return nil
	}
	return json.RawMessage(value)
}

// Object reads a nested object, nil where it is absent.
func (o *Object) Object(names ...string) *Object {
	name, value := o.find(names)
	if value == "" {
		return nil
	}
	if kind(value) != '{' {
		o.mismatch(name, "an object", value)
		return nil
	}
	n := &Object{text: value, parent: o, name: name, index: -1, shared: o.shared}
	n.scan()
	return n
}

// Array reads an array of objects. The object that it yields is overwritten by the next.
func (o *Object) Array(names ...string) iter.Seq[*Object] {
	return func(yield func(*Object) bool) {
		name, value := o.find(names)
		if value == "" {
			return
		}
		if kind(value) != '[' {
			o.mismatch(name, "an array", value)
			return
		}
		row := &Object{parent: o, name: name, index: -1, shared: o.shared}
		for element := range elements(value) {
			row.index++
			if kind(element) != '{' {
				row.mismatch("", "an object", element)
				return
			}
			row.text, row.members = element, row.members[:0]
			row.scan()
			if !yield(row) {
				return
			}
		}
	}
}

// find returns the first of the names that is present and not null, and its value.
// Of a name that stands twice the last counts, as it does in the official SDKs.
func (o *Object) find(names []string) (name, value string) {
	if o == nil {
		return "", ""
	}
	o.shared.asked = true
	for _, name := range names {
		for i := len(o.members) - 1; i >= 0; i-- {
			if o.members[i].name != name {
				continue
			}
			if o.members[i].value == "null" {
				break
			}
			o.shared.known = true
			return name, o.members[i].value
		}
	}
	return "", ""
}

func (o *Object) require(names []string) {
	if o != nil && !o.Has(names...) {
		o.fail(names[0], "must be given")
	}
}

func (o *Object) mismatch(name, want, value string) {
	o.fail(name, "must be "+want+", not "+kindName(value))
}

func (o *Object) fail(name, rule string) {
	if o.shared.err != nil {
		return
	}
	path := []string{}
	if name != "" {
		path = append(path, name)
	}
	for at := o; at.parent != nil; at = at.parent {
		step := at.name
		if at.index >= 0 {
			step += "[" + strconv.Itoa(at.index) + "]"
		}
		path = append(path, step)
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	o.shared.err = &FieldError{Field: strings.Join(path, "."), Rule: rule}
}

// FieldError is a field of an answer that could not be read.
type FieldError struct {
	Field string // its path, such as deltas[3].delta
	Rule  string // what it must be
}

func (e *FieldError) Error() string { return "field " + e.Field + " " + e.Rule }
