// Package forge makes evidence files: honest ones, and ones that somebody changed and then
// sealed again as far as he could. A file is kept as plain JSON objects, so that a case can
// write what the SDK's own writer refuses to.
package forge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pacspace/pacspace-go/decimal"
	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/keccak"
	"github.com/pacspace/pacspace-go/proof"
	"github.com/pacspace/pacspace-go/usage"
)

// M is a JSON object. Its numbers are json.Number, so that their spelling is kept.
type M = map[string]any

// What every honest file is about.
const (
	Acme     = "customer_acme"
	Resource = "compute-minutes"
	February = usage.Period("2026-02")
	January  = usage.Period("2026-01")
)

// File is evidence in the making.
type File struct {
	Header  M
	Lines   []M
	Trailer M
	// Variant is the one by which the service hashes.
	Variant proof.Variant
}

// Month returns the honest evidence of the first n days of a month: -50 a day, each day's
// delta in a batch with two other customers' deltas, chained and numbered, under a
// checkpoint.
func Month(period usage.Period, n int, variant proof.Variant) *File {
	f := &File{Variant: variant, Header: M{
		"format": proof.EvidenceFormat, "scheme": proof.Scheme, "variant": string(variant), "environment": "live",
		"account": M{"customerId": Acme, "resource": Resource},
		"period":  string(period), "usageDays": Days(period), "window": Window(period),
		"startingBalance": "0", "claimedBalance": "0", "count": Number(0), "checkpoint": M{"id": "chk_1", "proofRoot": ""},
	}, Trailer: M{"end": proof.EvidenceFormat}}
	for i := range n {
		f.Add(Daily(period.First().AddDays(i)))
	}
	return f.Seal()
}

// Days are the usage days of a month.
func Days(p usage.Period) M { return M{"first": p.First().String(), "last": p.Last().String()} }

// Window is the recording window of a month.
func Window(p usage.Period) M {
	w := p.RecordingWindow()
	return M{"start": w.Start.UTC().Format(time.RFC3339Nano), "end": w.End.UTC().Format(time.RFC3339Nano)}
}

// Number is a whole number in JSON.
func Number(n int) json.Number { return json.Number(fmt.Sprint(n)) }

// Daily is the item of a day's usage.
func Daily(day usage.Date) M {
	return M{"customerId": Acme, "delta": json.Number("-50"), "reason": usage.DailyReason(day),
		"referenceId": usage.DailyReference(Acme, day), "metadata": M{"resource": Resource, "events": Number(12)}}
}

// Item is an item of some amount under some reference, and without one where it is empty.
func Item(reference, amount string) M {
	item := M{"customerId": Acme, "delta": json.Number(amount), "reason": "adjustment", "metadata": M{"resource": Resource}}
	if reference != "" {
		item["referenceId"] = reference
	}
	return item
}

// Add records one more item as the service would, and returns its line.
func (f *File) Add(item M) M {
	n := len(f.Lines)
	previous := proof.Hash{}.String()
	if n > 0 {
		previous = f.Lines[n-1]["proofHash"].(string)
	}
	line := M{
		"sequence": Number(n + 1), "item": item, "recordId": fmt.Sprintf("rec_%s_%03d", strings.ReplaceAll(f.Header["usageDays"].(M)["first"].(string), "-", ""), n),
		"itemHashes":        []any{others(n, 1).String(), "", others(n, 2).String()},
		"previousProofHash": previous, "index": Number(100 + n), "verifiedAt": "2026-03-01T01:00:00Z",
		"sources": M{"item": "submitted", "record": "derived", "proof": "webhook"},
	}
	f.Lines = append(f.Lines, line)
	f.SealContent(n)
	f.SealBatch(n)
	return line
}

// others is the content hash of another customer's delta in the batch of line n.
func others(n, which int) proof.Hash {
	return keccakOf(fmt.Sprintf("another customer's delta %d of batch %d", which, n))
}

// keccakOf is a hash of a text of our own.
func keccakOf(text string) proof.Hash { return keccak.Sum256([]byte(text)) }

// Item returns the item of line i, counted from 0.
func (f *File) Item(i int) M { return f.Lines[i]["item"].(M) }

// Leaf returns the hash of an item as it stands.
func (f *File) Leaf(item M) proof.Hash {
	form, err := canonical.Transform(Text(item), canonical.Strict)
	must(err)
	return f.Variant.Leaf(form)
}

// Text is the JSON of an object.
func Text(m M) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(e.Encode(m))
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Bytes returns the file.
func (f *File) Bytes() []byte { return append(bytes.Join(f.Texts(), []byte("\n")), '\n') }

// Texts returns the lines of the file.
func (f *File) Texts() [][]byte {
	lines := [][]byte{Text(f.Header)}
	for _, l := range f.Lines {
		lines = append(lines, Text(l))
	}
	return append(lines, Text(f.Trailer))
}

// Line is the number in the file of delta i, counted from 0.
func Line(i int) int { return i + 2 }

// Clone returns a copy that shares nothing.
func (f *File) Clone() *File {
	c := &File{Header: clone(f.Header).(M), Trailer: clone(f.Trailer).(M), Variant: f.Variant}
	for _, l := range f.Lines {
		c.Lines = append(c.Lines, clone(l).(M))
	}
	return c
}

func clone(v any) any {
	switch v := v.(type) {
	case M:
		c := make(M, len(v))
		for name, value := range v {
			c[name] = clone(value)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, value := range v {
			c[i] = clone(value)
		}
		return c
	default:
		return v
	}
}

// Sum adds the amounts of the lines for which take is true.
func (f *File) Sum(take func(line M) bool) decimal.Decimal {
	var sum decimal.Decimal
	for _, l := range f.Lines {
		if take(l) {
			sum = sum.Add(exact(string(l["item"].(M)["delta"].(json.Number))))
		}
	}
	return sum
}

// Under tells whether a line is under the checkpoint.
func Under(line M) bool { return line["carried"] == nil }

func every(M) bool { return true }

func exact(text string) decimal.Decimal {
	d, err := decimal.Parse(text)
	must(err)
	return d
}

// must stops at a case that cannot be built: that is a mistake of whoever wrote it.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("forge: %v", err))
	}
}
