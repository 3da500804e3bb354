package decimal_test

import (
	"testing"

	"github.com/pacspace/pacspace-go/decimal"
)

var amounts = []string{"-1482.75", "-50", "0.000001", "-9007199254740991", "123456789.123456789", "-3"}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := decimal.Parse(amounts[i%len(amounts)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	var parsed []decimal.Decimal
	for _, text := range amounts {
		parsed = append(parsed, parse(b, text))
	}
	b.ReportAllocs()
	var sum decimal.Decimal
	for i := 0; b.Loop(); i++ {
		sum = sum.Add(parsed[i%len(parsed)])
	}
	if sum.IsZero() {
		b.Fatal("the amounts do not cancel out")
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	d := parse(b, "-1482.75")
	dst := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.AppendJSON(dst); err != nil {
			b.Fatal(err)
		}
	}
}
