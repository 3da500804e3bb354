package sqlstore

import (
	"encoding/hex"
	"encoding/json"
	"strings"
)

// array builds the text of a PostgreSQL array.
type array struct{ b strings.Builder }

func (a *array) next() {
	if a.b.Len() == 0 {
		a.b.WriteByte('{')
	} else {
		a.b.WriteByte(',')
	}
}

// plain adds an element of digits and signs.
func (a *array) plain(s string) {
	a.next()
	a.b.WriteString(s)
}

func (a *array) text(s string) {
	a.next()
	a.b.WriteByte('"')
	for _, c := range []byte(s) {
		if c == '"' || c == '\\' {
			a.b.WriteByte('\\')
		}
		a.b.WriteByte(c)
	}
	a.b.WriteByte('"')
}

func (a *array) bytes(v []byte) {
	a.next()
	a.b.WriteString(`"\\x`)
	a.b.WriteString(hex.EncodeToString(v))
	a.b.WriteByte('"')
}

func (a *array) String() string {
	if a.b.Len() == 0 {
		return "{}"
	}
	return a.b.String() + "}"
}

func jsonObject(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(m) // a map of strings
	return string(text)
}
