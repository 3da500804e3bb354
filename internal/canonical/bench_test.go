package canonical_test

import (
	"encoding/json"
	"testing"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// A delta as a user's code submits it, 300 bytes, and the same in canonical form.
const submitted = `{"customerId":"customer_acme:gpu","delta":-1482.75,"reason":"daily_usage_flush:2026-02-01","referenceId":"usage:customer_acme:gpu:2026-02-01","metadata":{"resource":"gpu-seconds","plan":"growth","events":1204,"region":"eu-west-1","models":["small","large"],"first":"2026-02-01T00:00:04Z","final":true}}`

func BenchmarkAppend(b *testing.B) {
	sorted, err := canonical.Transform([]byte(submitted), canonical.Strict)
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string][]byte{"as submitted": []byte(submitted), "already canonical": sorted} {
		b.Run(name, func(b *testing.B) {
			dst := make([]byte, 0, 4*len(text))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := canonical.Append(dst, text, canonical.Strict); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIsCanonical(b *testing.B) {
	sorted, err := canonical.Transform([]byte(submitted), canonical.Strict)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(sorted)))
	b.ReportAllocs()
	for b.Loop() {
		if !canonical.IsCanonical(sorted) {
			b.Fatal("the canonical form is canonical")
		}
	}
}

func BenchmarkAppendNumber(b *testing.B) {
	for _, text := range []string{"-1482.75", "1.50", "0.30000000000000004", "9007199254740991", "1e-7"} {
		b.Run(text, func(b *testing.B) {
			dst := make([]byte, 0, 64)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := canonical.AppendNumber(dst, []byte(text), canonical.Strict); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMarshal(b *testing.B) {
	var v map[string]any
	if err := json.Unmarshal([]byte(submitted), &v); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := canonical.Marshal(v); err != nil {
			b.Fatal(err)
		}
	}
}
