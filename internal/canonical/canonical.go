// Package canonical writes JSON in its one canonical form, RFC 8785 (JCS): members sorted
// by the UTF-16 code units of their names, numbers as ECMAScript prints a binary64, the
// fewest escapes, no white space. A hash over this form is a hash over the value, and a
// request body in this form is the same in every release.
//
// [Append] reads a text once and writes while it reads. [IsCanonical] only looks.
// [Marshal] takes a Go value and refuses what encoding/json would silently alter.
//
// There are two readings, see [Mode]. Both refuse what is not JSON, invalid UTF-8, a byte
// order mark, numbers beyond binary64 and more than [MaxDepth] levels.
//
// Source: RFC 8785; the official Python SDK 0.7.0 for the Official mode.
package canonical

// MaxDepth is the number of arrays and objects that may be open at once.
const MaxDepth = 512

// MaxNumberLength is the longest text, in bytes, of one number in Strict mode. Official
// mode has none: what the official parser refuses by its length is too large anyway.
const MaxNumberLength = 4300

// Mode says how a text is read.
type Mode int

const (
	// Strict is for what we send and what evidence holds. Beyond malformed JSON it refuses
	// whatever two readers could take for two values: a name twice in one object, a lone
	// surrogate, and a number that another reader would round (see AppendNumber).
	Strict Mode = iota

	// Official reads as the official Python SDK does, to recompute a hash that it or the
	// service made: of equal names the last one wins, a lone surrogate is kept as a
	// lower-case \udxxx escape, numbers are rounded to binary64. It still refuses NaN and
	// Infinity, and an overflow even in a member that a later one of its name replaces.
	Official
)

// Append appends the canonical form of the JSON text src to dst and returns the extended
// buffer. On failure it returns dst as it was and an *Error. It allocates nothing when dst
// has room for twice the result (objects are put in order behind it) and no more than 32
// members are open at once. src and the free part of dst must not overlap.
func Append(dst, src []byte, mode Mode) ([]byte, error) {
	r := reader{src: src, mode: mode}
	out, err := r.document(dst)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Transform returns the canonical form of the JSON text src in a buffer of its own, or an
// *Error.
func Transform(src []byte, mode Mode) ([]byte, error) {
	out, err := Append(make([]byte, 0, 2*len(src)), src, mode)
	if err != nil {
		return nil, err
	}
	return out, nil
}
