package corpus

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pacspace/pacspace-go/interop/internal/forge"
	"github.com/pacspace/pacspace-go/proof"
)

// spots are the lines whose form is tried: header, a delta, trailer.
var spots = []string{"header", "delta", "trailer"}

func (x *mutant) spot(name string) forge.M {
	switch name {
	case "header":
		return x.Header
	case "delta":
		return x.Lines[2]
	default:
		return x.Trailer
	}
}

// An objectAt is an object of a line, by the path to it.
type objectAt struct {
	path   string
	object forge.M
}

// objects returns a line's object and those in it whose names the format knows.
func objects(path string, m forge.M) []objectAt {
	all := []objectAt{{path, m}}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if inner, ok := m[name].(forge.M); ok && name != "metadata" {
			all = append(all, objects(path+"."+name, inner)...)
		}
	}
	return all
}

// names changes the name of every member: none of them may be read as something else.
func names(m *maker) {
	for _, spot := range spots {
		for at, o := range objects(spot, honest(proof.VariantHex0x).spot(spot)) {
			for _, name := range append(slices.Sorted(maps.Keys(o.object)), "") {
				change := func(kind string, apply func(object forge.M)) {
					x := honest(proof.VariantHex0x)
					apply(objects(spot, x.spot(spot))[at].object)
					m.add(x, forge.Refuse(), "%s-%s.%s", kind, o.path, name)
				}
				if name == "" {
					change("unknown", func(object forge.M) { object["more"] = "x" })
					change("empty-name", func(object forge.M) { object[""] = "x" })
					continue
				}
				rename := func(to string) func(forge.M) {
					return func(object forge.M) {
						object[to] = object[name]
						delete(object, name)
					}
				}
				change("capital", rename(strings.ToUpper(name[:1])+name[1:]))
				change("capital-beside", func(object forge.M) { object[strings.ToUpper(name[:1])+name[1:]] = object[name] })
				change("space", rename(name+" "))
				change("null", func(object forge.M) { object[name] = nil })
				change("boolean", func(object forge.M) { object[name] = true })
				change("list", func(object forge.M) { object[name] = []any{object[name], object[name]} })

				// What JSON objects in memory cannot hold: a name twice, a name with an escape.
				x := honest(proof.VariantHex0x)
				marker := forge.Stranger(o.path + name)
				object := objects(spot, x.spot(spot))[at].object
				value := forge.Text(forge.M{"v": object[name]})
				value = value[len(`{"v":`) : len(value)-1]
				object[marker] = true
				old := []byte(`"` + marker + `":true`)
				twice := append([]byte(`"`+name+`":`), value...)
				x.bytes = bytes.Replace(x.Bytes(), old, twice, 1)
				m.add(x, forge.Refuse(), "twice-%s.%s", o.path, name)

				x = honest(proof.VariantHex0x)
				object = objects(spot, x.spot(spot))[at].object
				object[marker] = true
				delete(object, name)
				escaped := append([]byte(fmt.Sprintf(`"\u%04x%s":`, name[0], name[1:])), value...)
				x.bytes = bytes.Replace(x.Bytes(), old, escaped, 1)
				m.add(x, forge.Refuse(), "escaped-%s.%s", o.path, name)

				if name != "metadata" { // in which any name may stand
					change("wrapped", func(object forge.M) { object[name] = forge.M{"value": object[name]} })
				}
			}
		}
	}
	required := map[string][]string{
		"header":           {"format", "scheme", "account", "environment", "window", "usageDays", "startingBalance", "claimedBalance", "count", "variant"},
		"header.account":   {"customerId"},
		"header.usageDays": {"first", "last"}, "header.window": {"start", "end"}, "header.checkpoint": {"proofRoot"},
		"delta": {"sequence", "item", "sources"}, "delta.item": {"customerId", "delta", "reason"}, "delta.sources": {"item", "record", "proof"},
		"trailer": {"end", "count", "sum", "root"},
	}
	for _, path := range slices.Sorted(maps.Keys(required)) {
		spot, _, _ := strings.Cut(path, ".")
		for _, name := range required[path] {
			x := honest(proof.VariantHex0x)
			for _, o := range objects(spot, x.spot(spot)) {
				if o.path == path {
					delete(o.object, name)
				}
			}
			m.add(x, forge.Refuse(), "missing-%s.%s", path, name)
		}
	}
}

// values writes values in another spelling.
func values(m *maker) {
	type place struct {
		name   string
		object func(x *mutant) forge.M
	}
	header := func(x *mutant) forge.M { return x.Header }
	window := func(x *mutant) forge.M { return x.Header["window"].(forge.M) }
	usageDays := func(x *mutant) forge.M { return x.Header["usageDays"].(forge.M) }
	account := func(x *mutant) forge.M { return x.Header["account"].(forge.M) }
	delta := func(x *mutant) forge.M { return x.Lines[2] }
	item := func(x *mutant) forge.M { return x.Item(2) }
	trailer := func(x *mutant) forge.M { return x.Trailer }
	for _, kind := range []struct {
		name   string
		places []place
		values []any
	}{
		{"hash", []place{{"contentHash", delta}, {"proofHash", delta}, {"previousProofHash", delta}, {"root", trailer},
			{"proofRoot", func(x *mutant) forge.M { return x.Header["checkpoint"].(forge.M) }}},
			[]any{"", "0x", strings.Repeat("0", 66), "0X" + strings.Repeat("0", 64), "0x" + strings.Repeat("A", 64), "0x" + strings.Repeat("0", 63),
				"0x" + strings.Repeat("0", 65), "0x" + strings.Repeat("g", 64), forge.Number(0)}},
		{"zero-content-hash", []place{{"contentHash", delta}}, []any{zero}},
		{"exact", []place{{"startingBalance", header}, {"claimedBalance", header}, {"sum", trailer}},
			[]any{"", "+1", "01", "1.0", "1.", ".5", "1e3", "-0", "0.0", " 1", "1,5", "NaN", "Infinity", "0x1", strings.Repeat("9", 129), "1" + strings.Repeat("0", 401), forge.Number(1)}},
		{"amount", []place{{"delta", item}},
			[]any{forge.Amount("-50.0"), forge.Amount("-5e1"), forge.Amount("-0.5e2"), forge.Amount("-50E0"), forge.Amount("-0"), forge.Amount("-9007199254740993"),
				forge.Amount("1e400"), forge.Amount("-0.10000000000000000001"), "-50"}},
		{"whole", []place{{"sequence", delta}, {"index", delta}, {"count", header}, {"count", trailer}},
			[]any{forge.Amount("1.0"), forge.Amount("1e0"), forge.Amount("-1"), forge.Amount("9007199254740992"), "1"}},
		{"instant", []place{{"verifiedAt", delta}, {"start", window}, {"end", window}},
			[]any{"", "2026-03-01", "2026-03-01T01:00:00", "2026-03-01T01:00:00z", "2026-03-01t01:00:00Z", "2026-03-01T01:00:00+00:00", "2026-03-01T01:00:00.50Z",
				"2026-03-01T01:00:00.0Z", "2026-03-01T01:00:00,5Z", "2026-03-01T24:00:00Z", "2026-02-29T01:00:00Z", "2026-03-01T01:00:60Z", "2026-3-1T01:00:00Z", forge.Number(1772323200)}},
		{"day", []place{{"first", usageDays}, {"last", usageDays}}, []any{"", "2026-02-30", "2026-2-01", "20260201", "2026-02-01T00:00:00Z", "0000-01-01", "+2026-02-01"}},
		{"month", []place{{"period", header}}, []any{"", "2026-13", "2026-2", "2026-02-01", "0000-02"}},
		{"customer", []place{{"customerId", account}}, []any{"", "a b", "a/b", "é", ".", "..", strings.Repeat("x", 129)}},
		{"filled", []place{{"recordId", delta}, {"receiptId", delta}, {"referenceId", item}, {"resource", account}}, []any{"", strings.Repeat("x", proof.MaxTextBytes+1)}},
		{"word", []place{{"environment", header}, {"variant", header}, {"scheme", header}, {"format", header}, {"end", trailer}}, []any{"", "Live", "LIVE", "hex0X", "other"}},
		{"source", []place{{"item", func(x *mutant) forge.M { return x.Lines[2]["sources"].(forge.M) }}}, []any{"", "unknown", "Submitted", "guessed"}},
		{"batch", []place{{"itemHashes", delta}}, []any{[]any{}, []any{""}, []any{nil}, zero}},
		{"metadata", []place{{"metadata", item}}, []any{"{}", []any{}, forge.Number(1)}},
		{"adjusts", []place{{"adjusts", item}}, []any{forge.M{}, forge.M{"referenceId": "a", "recordId": "b"}, forge.M{"referenceId": ""}, forge.M{"id": "a"}, "a"}},
	} {
		for _, p := range kind.places {
			for i, value := range kind.values {
				x := honest(proof.VariantHex0x)
				p.object(x)[p.name] = value
				m.add(x, forge.Refuse(), "%s-%s.%s-%d", kind.name, x.spotOf(p.object(x)), p.name, i)
			}
		}
	}
}

// spotOf returns the path to an object, so that ids are unique where two objects have a
// member of the same name.
func (x *mutant) spotOf(object forge.M) string {
	for _, spot := range spots {
		for _, o := range objects(spot, x.spot(spot)) {
			if reflect.ValueOf(o.object).Pointer() == reflect.ValueOf(object).Pointer() {
				return o.path
			}
		}
	}
	return ""
}

// bytesOfFile changes the text between and inside of tokens.
func bytesOfFile(m *maker) {
	original := honest(proof.VariantHex0x).Bytes()
	add := func(file []byte, want forge.Want, name string, args ...any) {
		x := honest(proof.VariantHex0x)
		x.bytes = file
		m.add(x, want, name, args...)
	}
	insert := func(i int, text string) []byte {
		return slices.Concat(original[:i], []byte(text), original[i:])
	}
	quoted, structural, inside := false, 0, 0
	for i := 0; i < len(original); i++ {
		switch c := original[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
			// A character of a text: what is no character makes the file no file.
			if inside++; inside%40 == 0 {
				for _, bad := range []struct{ name, text string }{{"nul", "\x00"}, {"control", "\x01"}, {"byte", "\xff"},
					{"surrogate", `\ud800`}, {"escape", `\x`}, {"overlong", "\xc0\xaf"}} {
					add(insert(i, bad.text), forge.Refuse(), "%s-in-a-text-%d", bad.name, i)
				}
			}
		case strings.IndexByte("{}[],:", c) >= 0:
			// White space means nothing between tokens. A comma or bracket more does.
			if structural++; structural%10 == 0 {
				add(insert(i, " \t\r"), forge.Verified(), "white-space-%d", i)
				add(insert(i, "\u00a0"), forge.Refuse(), "no-break-space-%d", i)
				add(insert(i, "\f"), forge.Refuse(), "form-feed-%d", i)
				add(insert(i, ",,"), forge.Refuse(), "commas-%d", i)
				add(insert(i, "/**/"), forge.Refuse(), "comment-%d", i)
				add(slices.Concat(original[:i], original[i+1:]), forge.Refuse(), "without-%d", i)
			}
		case c == '\n':
			add(insert(i, "\r"), forge.Verified(), "carriage-return-%d", i)
			add(insert(i, "\n"), forge.Refuse(), "empty-line-%d", i)
			add(insert(i, "{}"), forge.Refuse(), "second-value-%d", i)
			if i < len(original)-1 {
				add(slices.Concat(original[:i], []byte(" "), original[i+1:]), forge.Refuse(), "joined-%d", i)
				add(original[:i+1], forge.Refuse(), "cut-behind-%d", i)
				add(original[:i], forge.Refuse(), "cut-before-%d", i)
			}
		}
	}
	for i := 0; i < len(original)-2; i += 97 {
		add(original[:i], forge.Refuse(), "cut-%d", i)
	}
	add(original[:len(original)-1], forge.Verified(), "no-last-line-end")
	add(append([]byte("\xef\xbb\xbf"), original...), forge.Refuse(), "byte-order-mark")
	add(append([]byte("\n"), original...), forge.Refuse(), "line-before")
	add(append(bytes.Clone(original), original...), forge.Refuse(), "twice")
	add(append(bytes.Clone(original), ' '), forge.Refuse(), "space-behind")
}
