package canonical

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Marshal returns the canonical form of a Go value, by the rules and struct tags of
// encoding/json and then in Strict mode. It refuses what encoding/json would alter or
// hide: invalid UTF-8 in any string or map key (it would become U+FFFD), an empty
// json.Number (it would become 0), numbers that binary64 does not hold exactly, names that
// two fields or keys share. The *Error names the field, as in "metadata.tokens".
//
// What a MarshalJSON method returns is read as JSON text and checked as such.
func Marshal(v any) ([]byte, error) {
	if text, ok := AppendPlain(nil, v); ok {
		return text, nil
	}
	return marshalAny(v)
}

func marshalAny(v any) ([]byte, error) {
	if err := inspect(reflect.ValueOf(v), 0); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, &Error{Offset: -1, Rule: "cannot be written as JSON: " + err.Error(), Err: err}
	}
	return transformOwn(text.Bytes())
}

// transformOwn is Transform without offsets, for a text that the caller never saw.
func transformOwn(text []byte) ([]byte, error) {
	r := reader{src: text, mode: Strict}
	out, err := r.document(make([]byte, 0, 2*len(text)))
	if err != nil {
		err.Offset = -1
		return nil, err
	}
	return out, nil
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	plainString   = reflect.TypeFor[string]()
	jsonNumber    = reflect.TypeFor[json.Number]()
	rawMessage    = reflect.TypeFor[json.RawMessage]()
)

// inspect walks a value the way encoding/json will and looks for what that would alter
// silently. Its depth also counts pointers, so that a value which contains itself ends.
func inspect(v reflect.Value, depth int) *Error {
	if depth > 2*MaxDepth {
		return wrong(ErrLimit, "more than 512 levels, or a value that contains itself")
	}
	if !v.IsValid() {
		return nil
	}
	t := v.Type()
	switch t {
	case plainString: // most fields, and it has no methods to look for
		return inspectString(v.String())
	case rawMessage:
		return inspectRaw(v.Bytes())
	}
	if implements(v, jsonMarshaler) {
		return nil
	}
	if implements(v, textMarshaler) {
		return inspectText(v)
	}
	switch v.Kind() {
	case reflect.String:
		if t == jsonNumber && v.Len() == 0 {
			return wrong(ErrSyntax, "empty json.Number; give digits")
		}
		return inspectString(v.String())
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return wrong(ErrRange, strconv.FormatFloat(f, 'g', -1, 64)+" is no JSON number")
		}
	case reflect.Pointer, reflect.Interface:
		return inspect(v.Elem(), depth+1)
	case reflect.Struct:
		return inspectStruct(v, depth)
	case reflect.Map:
		return inspectMap(v, depth)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return nil // base64 or numbers
		}
		for i := range v.Len() {
			if err := inspect(v.Index(i), depth+1); err != nil {
				return err.at(i)
			}
		}
	}
	return nil
}

func inspectStruct(v reflect.Value, depth int) *Error {
	t := v.Type()
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("json")
		if tag == "-" || !field.IsExported() && !embedsStruct(field) {
			continue
		}
		name, _, _ := strings.Cut(tag, ",")
		err := inspect(v.Field(i), depth+1)
		switch {
		case err == nil:
			continue
		case name != "":
			return err.in(name)
		case field.Anonymous:
			return err // its fields are ours
		default:
			return err.in(field.Name)
		}
	}
	return nil
}

// embedsStruct tells whether encoding/json looks into a field although it is not exported.
func embedsStruct(field reflect.StructField) bool {
	t := field.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return field.Anonymous && t.Kind() == reflect.Struct
}

func inspectMap(v reflect.Value, depth int) *Error {
	for entries := v.MapRange(); entries.Next(); {
		key := entries.Key()
		err := inspectKey(key)
		if err == nil {
			err = inspect(entries.Value(), depth+1)
		}
		if err != nil {
			return err.in(fmt.Sprint(key))
		}
	}
	return nil
}

// inspectKey looks at a map key, which encoding/json takes as a string, by its MarshalText
// or as an integer.
func inspectKey(key reflect.Value) *Error {
	switch {
	case key.Kind() == reflect.String:
		return inspectString(key.String())
	case implements(key, textMarshaler):
		return inspectText(key)
	default:
		return nil
	}
}

// inspectRaw reads JSON text that the caller brought, since encoding/json would refuse it
// without saying where it stands. nil is null.
func inspectRaw(text []byte) *Error {
	if text == nil {
		return nil
	}
	r := reader{src: text, mode: Strict}
	_, err := r.document(nil)
	if err != nil {
		err.Offset = -1
	}
	return err
}

func inspectText(v reflect.Value) *Error {
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.CanInterface() {
		return nil
	}
	marshaler, ok := v.Interface().(encoding.TextMarshaler)
	if !ok { // the method is the pointer's
		marshaler = v.Addr().Interface().(encoding.TextMarshaler)
	}
	text, err := marshaler.MarshalText()
	if err != nil {
		return nil // encoding/json meets and reports it
	}
	return inspectString(string(text))
}

func inspectString(s string) *Error {
	if utf8.ValidString(s) {
		return nil
	}
	return wrong(ErrText, invalidUTF8)
}

// implements tells whether encoding/json will call the method of an interface on v.
func implements(v reflect.Value, i reflect.Type) bool {
	return v.Type().Implements(i) || v.CanAddr() && reflect.PointerTo(v.Type()).Implements(i)
}

func wrong(kind error, rule string) *Error {
	return &Error{Offset: -1, Rule: rule, Err: kind}
}
