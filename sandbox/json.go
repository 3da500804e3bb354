package sandbox

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/proof"
)

// object is a JSON object whose fields are written in the order given, so that answers
// read well and are the same byte for byte on every run.
type object []field

type field struct {
	name  string
	value any
}

// timeForm is how the service writes an instant.
const timeForm = "2006-01-02T15:04:05.000Z"

// appendJSON writes a value with its field names spelt as names says; what is raw JSON
// already, such as metadata, keeps its own names.
func appendJSON(dst []byte, v any, names map[string]string) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case string:
		return appendString(dst, v)
	case time.Time:
		return v.AppendFormat(dst, `"`+timeForm+`"`)
	case proof.Hash:
		return append(append(append(dst, '"'), v.String()...), '"')
	case decimal.Decimal:
		return append(dst, numberText(v)...)
	case json.RawMessage:
		return append(dst, v...)
	case object:
		dst = append(dst, '{')
		for i, f := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			name := f.name
			if other, ok := names[name]; ok {
				name = other
			}
			dst = append(appendString(dst, name), ':')
			dst = appendJSON(dst, f.value, names)
		}
		return append(dst, '}')
	case []object:
		return appendArray(dst, v, names)
	case []string:
		return appendArray(dst, v, names)
	case []proof.Hash:
		return appendArray(dst, v, names)
	default:
		panic(fmt.Sprintf("sandbox: no JSON for a %T", v))
	}
}

func appendArray[T any](dst []byte, list []T, names map[string]string) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, v, names)
	}
	return append(dst, ']')
}

func appendString(dst []byte, s string) []byte {
	if out, err := canonical.AppendString(dst, s); err == nil {
		return out
	}
	// Only text that is not UTF-8 gets here, from a header or a path; it is shown with
	// replacement characters.
	text, _ := json.Marshal(s)
	return append(dst, text...)
}

// numberText is a number as the service's language prints it, where it can hold the
// number, else the exact text.
func numberText(d decimal.Decimal) string {
	if text, err := d.AppendJSON(nil); err == nil {
		return string(text)
	}
	return d.String()
}

// optional is null for an empty string.
func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// optionalTime is null for the zero instant.
func optionalTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
