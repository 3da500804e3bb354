package proof

import (
	"bytes"
	"testing"
)

func BenchmarkVerify(b *testing.B) {
	bill := february(b, 28)
	file, anchor := bill.write(b), bill.record()
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify(bytes.NewReader(file), buyer(), anchor); err != nil {
			b.Fatal(err)
		}
	}
}
