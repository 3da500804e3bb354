package jsonview

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// PythonText returns v as Python's str() writes it: what ends up in the official SDK's keys
// and sentences. It is empty for an absent value.
func (v Value) PythonText() string {
	if text, ok := v.Text(); ok {
		return text
	}
	return v.PythonRepr()
}

// PythonRepr returns v as Python's repr() writes it: a string in quotes, the others as
// PythonText.
func (v Value) PythonRepr() string {
	var b strings.Builder
	v.writeRepr(&b)
	return b.String()
}

func (v Value) writeRepr(b *strings.Builder) {
	switch v.Kind() {
	case Absent:
	case Null:
		b.WriteString("None")
	case Bool:
		if v.IsTrue() {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case Number:
		b.WriteString(v.pythonNumber())
	case String:
		writeStringRepr(b, decodeString(v.text))
	case Array:
		b.WriteByte('[')
		separator := ""
		for element := range v.Elements() {
			b.WriteString(separator)
			element.writeRepr(b)
			separator = ", "
		}
		b.WriteByte(']')
	case Object:
		b.WriteByte('{')
		for i, member := range v.Members() {
			if i > 0 {
				b.WriteString(", ")
			}
			writeStringRepr(b, member.Name)
			b.WriteString(": ")
			member.Value.writeRepr(b)
		}
		b.WriteByte('}')
	}
}

func writeStringRepr(b *strings.Builder, text string) {
	quote := '\''
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	b.WriteRune(quote)
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 { // a lone surrogate
			r, size = rune(text[0]&0x0F)<<12|rune(text[1]&0x3F)<<6|rune(text[2]&0x3F), 3
		}
		text = text[size:]
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
}

func (v Value) pythonNumber() string {
	if v.IsInteger() {
		if string(v.text) == "-0" {
			return "0"
		}
		return string(v.text)
	}
	return PythonFloat(v.float())
}

// PythonFloat returns f as Python's repr() writes it: a whole number with ".0", an exponent
// of at least two digits from 1e16 on and below 1e-4.
func PythonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f == 0 || (math.Abs(f) >= 1e-4 && math.Abs(f) < 1e16):
		text := strconv.FormatFloat(f, 'f', -1, 64)
		if f == math.Trunc(f) {
			text += ".0"
		}
		return text
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}
