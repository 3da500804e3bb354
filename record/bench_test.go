package record_test

import (
	"crypto/sha256"
	"io"
	"testing"

	"github.com/pacspace/pacspace-go/record"
)

// endless gives n bytes without holding them.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.n)
	e.n -= n
	return int(n), nil
}

// BenchmarkFingerprint reads 1 GiB. Compare with BenchmarkFingerprint/sha256: plain and
// blinded should cost as much, a held file with its blinding twice as much.
func BenchmarkFingerprint(b *testing.B) {
	const size = 1 << 30
	run := func(name string, one func(io.Reader) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if err := one(&endless{size}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("sha256", func(r io.Reader) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{sha256.New()}, r, make([]byte, 64<<10))
		return err
	})
	run("plain", func(r io.Reader) error {
		_, err := record.Fingerprint(r, record.FingerprintParams{Alg: record.FingerprintPlain})
		return err
	})
	run("blinded", func(r io.Reader) error {
		_, err := record.Fingerprint(r, record.FingerprintParams{})
		return err
	})
	run("both digests of a held file", func(r io.Reader) error {
		blinding := exampleBlinding(b)
		_, err := record.CheckHistory([]byte(`{}`), record.Expectation{Entry: 1, Files: []record.HeldFile{{Source: r, Blinding: blinding}}})
		return err
	})
}
