package canonical

import "slices"

// maxPlainMembers is how many members an object has at most that AppendPlain writes: their
// names are sorted on the stack.
const maxPlainMembers = 16

// maxPlainDepth bounds values that contain themselves.
const maxPlainDepth = 8

// AppendPlain appends what [Marshal] makes of a value of the plain kinds that most
// metadata is made of, without the way through encoding/json and back. It answers false,
// and a dst of no use, for any other one and for all that Marshal refuses or has to look
// at more closely.
func AppendPlain(dst []byte, v any) ([]byte, bool) { return appendPlain(dst, v, 0) }

func appendPlain(dst []byte, v any, depth int) ([]byte, bool) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), true
	case bool:
		if v {
			return append(dst, "true"...), true
		}
		return append(dst, "false"...), true
	case string:
		dst, err := AppendString(dst, v)
		return dst, err == nil
	case map[string]any:
		return appendPlainObject(dst, v, depth)
	}
	return dst, false
}

func appendPlainObject(dst []byte, object map[string]any, depth int) ([]byte, bool) {
	if object == nil {
		return append(dst, "null"...), true
	}
	if len(object) > maxPlainMembers || depth == maxPlainDepth {
		return dst, false
	}
	var room [maxPlainMembers]string
	names := room[:0]
	for name := range object {
		if !isASCII(name) { // whose order by UTF-16 is that by bytes
			return dst, false
		}
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, _ = AppendString(dst, name)
		dst = append(dst, ':')
		longer, ok := appendPlain(dst, object[name], depth+1)
		if !ok {
			return dst, false
		}
		dst = longer
	}
	return append(dst, '}'), true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
