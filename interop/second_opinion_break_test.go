package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/stretchr/testify/require"
)

// breaker changes a specimen after it was sealed, as somebody with an editor would.
type breaker struct {
	*rand.Rand
	t *testing.T
}

// breakSpecimen makes a few changes at random, and often the trailer anew after them.
func breakSpecimen(t *testing.T, r *rand.Rand, s specimen) specimen {
	t.Helper()
	b := breaker{r, t}
	if b.IntN(3) > 0 {
		lines := readLines(t, s.evidence)
		for range 1 + b.IntN(2) {
			lines = b.changeLines(lines)
		}
		if b.IntN(3) > 0 {
			reseal(t, lines)
		}
		s.evidence = b.write(lines)
	}
	if b.IntN(4) == 0 && len(s.anchors) > 0 {
		s.anchors = slices.Clone(s.anchors)
		at := b.IntN(len(s.anchors))
		anchor := readLines(t, s.anchors[at])
		b.changeValue(anchor[0], anchor)
		s.anchors[at] = marshal(t, anchor[0])
	}
	if b.IntN(8) == 0 {
		s.evidence = b.changeBytes(s.evidence)
	}
	if b.IntN(40) == 0 && len(s.anchors) > 0 {
		at := b.IntN(len(s.anchors))
		s.anchors[at] = b.changeBytes(s.anchors[at])
	}
	return s
}

func readLines(t *testing.T, text []byte) (lines []object) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for d.More() {
		var line object
		require.NoError(t, d.Decode(&line))
		lines = append(lines, line)
	}
	return lines
}

func (b breaker) write(lines []object) []byte {
	var out bytes.Buffer
	for _, line := range lines {
		out.Write(marshal(b.t, line))
		out.WriteString("\n")
	}
	return out.Bytes()
}

// changeLines takes out, doubles, moves or edits a line.
func (b breaker) changeLines(lines []object) []object {
	at, to := b.IntN(len(lines)), b.IntN(len(lines))
	if inner := len(lines) - 2; inner > 0 && b.IntN(8) > 0 { // mostly a delta
		at, to = 1+b.IntN(inner), 1+b.IntN(inner)
	}
	switch b.IntN(12) {
	case 0:
		lines = slices.Delete(lines, at, at+1)
		renumber(lines, b.IntN(2) == 0)
	case 1:
		lines = slices.Insert(lines, at, maps.Clone(lines[at]))
		renumber(lines, b.IntN(2) == 0)
	case 2:
		lines[at], lines[to] = lines[to], lines[at]
		renumber(lines, b.IntN(2) == 0)
	case 3:
		b.changeValue(lines[0], lines)
	case 4:
		b.changeValue(lines[len(lines)-1], lines)
	default:
		b.changeValue(lines[at], lines)
	}
	if len(lines) == 0 {
		return []object{{}}
	}
	return lines
}

// renumber makes the sequence and the header's count fit.
func renumber(lines []object, really bool) {
	if !really {
		return
	}
	n := 0
	for _, line := range lines {
		if _, ok := line["sequence"]; ok {
			n++
			line["sequence"] = n
		}
	}
	if len(lines) > 0 && lines[0]["format"] != nil {
		lines[0]["count"] = n
	}
}

// reseal makes the trailer fit, as an attacker would; it leaves what it cannot read.
func reseal(t *testing.T, lines []object) {
	t.Helper()
	if len(lines) < 2 {
		return
	}
	name, _ := lines[0]["variant"].(string)
	variant := proof.Variant(name)
	if !slices.Contains(proof.Variants(), variant) {
		return
	}
	var leaves []proof.Hash
	var sum decimal.Decimal
	for _, line := range lines[1 : len(lines)-1] {
		var item proof.Item
		if json.Unmarshal(marshal(t, line["item"]), &item) != nil {
			return
		}
		sum = sum.Add(item.Delta)
		text, _ := line["contentHash"].(string)
		leaf, err := proof.ParseHash(text)
		if err != nil {
			leaf = leafOf(t, variant, item)
		}
		if line["carried"] == nil {
			leaves = append(leaves, leaf)
		}
	}
	trailer := lines[len(lines)-1]
	trailer["count"], trailer["sum"] = len(lines)-2, sum.String()
	trailer["root"] = variant.Root(leaves).String()
}

// changeValue edits one value at random somewhere in an object; lines are where other
// values to put there come from.
func (b breaker) changeValue(in object, lines []object) {
	for {
		names := slices.Sorted(maps.Keys(in))
		if len(names) == 0 {
			in["extra"] = "x"
			return
		}
		name := names[b.IntN(len(names))]
		switch b.IntN(40) {
		case 0:
			delete(in, name)
			return
		case 1:
			in[pick(b.Rand, "extra", strings.ToUpper(name), "carried", "period", "verifiedAt", "adjusts", "metadata", "recordId", "unit")] = in[name]
			return
		case 2:
			in[name] = nil
			return
		}
		switch value := in[name].(type) {
		case object:
			in[name] = maps.Clone(value)
			in = in[name].(object)
			continue
		case []any:
			in[name] = b.changeArray(value, lines)
		default:
			in[name] = b.other(name, value, lines)
		}
		return
	}
}

func (b breaker) changeArray(value []any, lines []object) []any {
	value = slices.Clone(value)
	if len(value) == 0 {
		return append(value, pick[any](b.Rand, "hex0x", object{}, "x"))
	}
	at := b.IntN(len(value))
	switch b.IntN(5) {
	case 0:
		return slices.Delete(value, at, at+1)
	case 1:
		return append(value, value[at])
	case 2:
		to := b.IntN(len(value))
		value[at], value[to] = value[to], value[at]
	default:
		if inner, ok := value[at].(object); ok {
			inner = maps.Clone(inner)
			b.changeValue(inner, lines)
			value[at] = inner
			break
		}
		value[at] = b.other("", value[at], lines)
	}
	return value
}

// other is another value in the place of one.
func (b breaker) other(name string, value any, lines []object) any {
	if b.IntN(4) == 0 { // what stands in the same place in another line
		if v, ok := lines[b.IntN(len(lines))][name]; ok {
			return v
		}
		if item, ok := lines[b.IntN(len(lines))]["item"].(object); ok && item[name] != nil {
			return item[name]
		}
	}
	if b.IntN(30) == 0 {
		return pick[any](b.Rand, "", "x", 0, -1, true, []any{}, object{}, nil)
	}
	switch v := value.(type) {
	case string:
		return b.otherText(v)
	case bool:
		return !v
	}
	return json.Number(pick(b.Rand, fmt.Sprint(b.IntN(10)), fmt.Sprint(100+b.IntN(10)), "-50", "-42.5", "-0.1", "0", "-0", "1.0", "1e2", "1e+21",
		"9007199254740992", "9007199254740991", "10000000", "10000001", "-5e-324", "2e308", "0.1", "0.10", "0.30000000000000004", "0.3000000000000000166", "123456789012345678901234567890", "1e-7", "0.0000001"))
}

func (b breaker) otherText(v string) any {
	switch {
	case strings.HasPrefix(v, "0x") && len(v) == 66:
		digits := []byte(v)
		at := 2 + b.IntN(64)
		digits[at] = "0123456789abcdef"[b.IntN(16)]
		return pick(b.Rand, string(digits), string(digits), string(digits), proof.Hash{}.String(), strings.ToUpper(v), v[2:], v+"0", v[:65])
	case strings.HasPrefix(v, "20") && len(v) == 10:
		return pick(b.Rand, "2026-02-01", "2026-01-31", "2026-02-28", "2026-02-29", "2026-03-01", "2026-02-05", "0000-01-01", "0001-01-01", "9999-12-31", "2026-2-1")
	case strings.HasPrefix(v, "20") && strings.HasSuffix(v, "Z"):
		return pick(b.Rand, "2026-02-02T00:00:00Z", "2026-02-01T23:59:59Z", "2026-02-02T00:00:00.5Z", "2026-02-02T00:00:00.50Z", "2026-03-02T00:00:00Z", "2026-02-28T00:00:00Z",
			"2026-03-02T24:00:00Z", "2026-02-02T23:59:60Z", "2026-03-02T00:00:00.123456789Z", "2026-03-02T00:00:00.1234567891Z", "2026-03-02t00:00:00z", "2026-03-02T00:00:00+00:00",
			"2026-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2026-03-02T00:00:00,5Z", "2026-03-02T0:00:00Z")
	case v == "live" || v == "test":
		return pick(b.Rand, "live", "test", "test", "LIVE", "")
	case slices.Contains(proof.Variants(), proof.Variant(v)):
		return pick(b.Rand, "hex0x", "hex", "raw", "hex0x-nul", "raw-nul", "HEX")
	case slices.Contains([]string{"submitted", "emitted", "status", "webhook", "derived"}, v):
		return pick(b.Rand, "submitted", "unknown", "unknown", "checkpoint", "guess", "")
	case v != "" && strings.Trim(v, "-.0123456789") == "":
		return pick(b.Rand, "0", "1", "-1", "-92.5", "-0", "00", "0.10", ".5", "5.", "+5", "1e3", "-1000.5", "0.30000000000000004", strings.Repeat("9", 129), strings.Repeat("9", 128),
			"1"+strings.Repeat("0", 400), "1"+strings.Repeat("0", 401), "0."+strings.Repeat("0", 399)+"1", "0."+strings.Repeat("0", 400)+"1", v+".5", "-"+v)
	}
	return pick(b.Rand, disguise(b.Rand, v), disguise(b.Rand, v), disguise(b.Rand, v), "", v+"x", strings.ToUpper(v), "\u0000", "é", strings.Repeat("a", 4096), strings.Repeat("a", 4097), strings.Repeat("é", 2048), strings.Repeat("é", 2049))
}

// changeBytes edits the text of a file, below JSON.
func (b breaker) changeBytes(text []byte) []byte {
	text = slices.Clone(text)
	if len(text) == 0 {
		return text
	}
	at := b.IntN(len(text))
	put := func(at int, s string) []byte { return slices.Insert(text, at, []byte(s)...) }
	after := func(mark, s string) []byte { // behind a mark, at random among its places
		places := []int{}
		for i := 0; ; {
			j := bytes.Index(text[i:], []byte(mark))
			if j < 0 {
				break
			}
			i += j + len(mark)
			places = append(places, i)
		}
		if len(places) == 0 {
			return text
		}
		return put(places[b.IntN(len(places))], s)
	}
	switch b.IntN(22) {
	case 0:
		text[at] ^= 1 << b.IntN(8)
	case 1:
		text[at] = byte(b.IntN(256))
	case 2:
		return put(at, pick(b.Rand, " ", "\n", "\r", "\t", "\x00", "\xff", "\"", "0", "\\", "\u00a0", "\v"))
	case 3:
		return slices.Delete(text, at, at+1)
	case 4:
		return text[:at]
	case 5:
		return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	case 6:
		return bytes.TrimRight(text, "\n")
	case 7:
		return append(text, pick(b.Rand, "\n", " ", "\r", "{}", "\r\n", "\x00")...)
	case 8:
		return put(0, pick(b.Rand, "\ufeff", " ", "\n", "\r\n"))
	case 9:
		return bytes.ReplaceAll(text, []byte(":"), []byte(" :\t"))
	case 10:
		return after("{", `"sequence":1,`)
	case 11:
		return after("{", `"resource":"compute-minutes",`)
	case 12:
		return after(",", " ")
	case 13:
		return bytes.Replace(text, []byte(`"sequence"`), []byte(`"sequ\u0065nce"`), 1)
	case 14:
		return bytes.Replace(text, []byte(`"events"`), []byte(`"\u0065vents"`), 1)
	case 15:
		return bytes.Replace(text, []byte(`daily`), []byte(pick(b.Rand, `d\u0061ily`, `\ud800`, `\ud83d\ude00`, `\ude00\ud83d`, `\u0000`, `\x`, `\/`, "\x7f", "\x01", "\xed\xa0\x80", "\xc0\x80")), 1)
	case 16:
		return bytes.Replace(text, []byte(`"events":`), []byte(pick(b.Rand, `"events":-`, `"events":1`, `"events":0`, `"events":`+strings.Repeat("1", 4300), `"e":1e400,"events":`, `"e":1e-400,"events":`,
			`"e":-0.0,"events":`, `"e":1.50e0,"events":`, `"e":0e99999999999999999999,"events":`, `"e":0.1000000000000000055511151231257827,"events":`,
			`"e":`+strings.Repeat("[", 510)+strings.Repeat("]", 510)+`,"events":`, `"e":`+strings.Repeat("[", 511)+strings.Repeat("]", 511)+`,"events":`,
			`"e":0.`+strings.Repeat("0", 4298)+`,"events":`, `"e":0.`+strings.Repeat("0", 4299)+`,"events":`, `"Events":1,"events":`, `"\u0065vents":2,"events":`)), 1)
	case 17:
		return bytes.ReplaceAll(text, []byte(`"0x`), []byte(`"\u0030x`))
	case 18:
		return bytes.Replace(text, []byte(`customer`), []byte(`\u0063ustomer`), b.IntN(4))
	case 19:
		return bytes.Replace(text, []byte(`"reason":"daily flush"`), []byte(`"reason":""`), 1+b.IntN(2))
	case 20:
		i := max(bytes.IndexByte(text, '\n'), 0)
		return put(i, pick(b.Rand, " ", "{}", "\r", "\r\r", "\n", "\n ", strings.Repeat(" ", 1<<20-i), strings.Repeat(" ", 1<<20-i+1), strings.Repeat(" ", 1<<20-i)+"\r"))
	default:
		return bytes.ReplaceAll(text, []byte(`compute`), []byte(pick(b.Rand, `c\u006fmpute`, `COMPUTE`, `сompute`)))
	}
	return text
}
