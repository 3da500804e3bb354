package sealed

import (
	"encoding/json"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// contentOf puts the fields of an entry together to its content, in canonical JSON. It is
// nil where they are not the leaves of any content: a list with a gap, a name that is both
// a list and not one, or a list that stands whole although it has elements.
//
// fields must be all of the entry's, sorted by pointer and without repeats.
func contentOf(fields []Field, version Version) json.RawMessage {
	type list struct{ elements map[int]json.RawMessage }
	var names []string
	whole := make(map[string]json.RawMessage)
	lists := make(map[string]list)
	for _, field := range fields {
		name, index, ok := splitPointer(field.Pointer, version)
		_, isWhole := whole[name]
		l, isList := lists[name]
		switch {
		case !ok || isWhole || index == wholeMember && (isList || isNonEmptyList(field.Value)):
			return nil
		case index == wholeMember:
			whole[name] = field.Value
		case !isList:
			l = list{make(map[int]json.RawMessage)}
			lists[name] = l
		}
		if !isList {
			names = append(names, name)
		}
		if index != wholeMember {
			l.elements[index] = field.Value
		}
	}
	text := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			text = append(text, ',')
		}
		var err error
		if text, err = canonical.AppendString(text, name); err != nil {
			return nil
		}
		text = append(text, ':')
		if value, ok := whole[name]; ok {
			text = append(text, value...)
			continue
		}
		if text = appendList(text, lists[name].elements); text == nil {
			return nil
		}
	}
	content, err := canonical.Transform(append(text, '}'), canonical.Official)
	if err != nil {
		return nil
	}
	return content
}

// appendList appends a list whose elements must be 0, 1, 2 and so on without a gap.
func appendList(dst []byte, elements map[int]json.RawMessage) []byte {
	dst = append(dst, '[')
	for i := range len(elements) {
		value, ok := elements[i]
		if !ok {
			return nil
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, value...)
	}
	return append(dst, ']')
}
