package record

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"strconv"
)

const (
	blindingValueSize = 32
	blindingHidden    = "<Blinding: value hidden>"
	blindingSchema    = "pacspace-blinding/v1"
	maxByteLength     = 1<<53 - 1
)

// Blinding is the secret value of one blinded fingerprint, with the digest and the size
// that it was made for. It is as private as the file that it belongs to, and PacSpace must
// never get it: printing, logging and marshalling hide it or fail. [Blinding.FileText] is
// the one way to its value. A Blinding may be used by several goroutines.
type Blinding struct {
	value      func() [blindingValueSize]byte // a closure, so that no printer finds the value
	digest     string
	byteLength string
}

// NewBlinding puts a blinding together from its parts: a value of 32 bytes, the digest as
// 64 lower-case hexadecimal digits, the size in bytes as a decimal number up to 2^53-1. That
// they belong together is not checked: [Fingerprint] does so when it has the file.
//
// It fails with a [*Error].
//
// Source: records contract, section 2.2.
func NewBlinding(value []byte, digest, byteLength string) (*Blinding, error) {
	if len(value) != blindingValueSize {
		return nil, recordRefused(codeValidation, sentenceBlindingValueSize)
	}
	if !isHex64(digest) || !isByteLength(byteLength) {
		return nil, recordRefused(codeValidation, sentenceNotBlindingFile)
	}
	return holdBlinding([blindingValueSize]byte(value), digest, byteLength), nil
}

func holdBlinding(value [blindingValueSize]byte, digest, byteLength string) *Blinding {
	return &Blinding{value: func() [blindingValueSize]byte { return value }, digest: digest, byteLength: byteLength}
}

// Ref is the fingerprint that the blinding was made for: what was sent, and what an
// [Expectation] may name where the file itself is not at hand. It is zero for the zero
// Blinding.
func (b Blinding) Ref() PayloadRef {
	if !b.complete() {
		return PayloadRef{}
	}
	return PayloadRef{Alg: FingerprintBlinded, Digest: b.digest, ByteLength: b.byteLength}
}

// FileText is the canonical text of the blinding's file. It holds the value: keep it as
// private as the file that it belongs to. It is nil for the zero Blinding.
//
// Source: records contract, section 2.3.
func (b Blinding) FileText() []byte {
	if !b.complete() {
		return nil
	}
	value := b.value()
	return blindingText(hex.EncodeToString(value[:]), b.digest, b.byteLength)
}

func (b Blinding) complete() bool { return b.value != nil }

func (b Blinding) mac() hash.Hash {
	value := b.value()
	return hmac.New(sha256.New, value[:])
}

// String hides the value.
func (Blinding) String() string { return blindingHidden }

// Format hides the value from every verb of package fmt.
func (Blinding) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, blindingHidden) }

// LogValue hides the value from package log/slog.
func (Blinding) LogValue() slog.Value { return slog.StringValue(blindingHidden) }

// MarshalJSON fails with a [*Error]: a blinding is never sent.
func (Blinding) MarshalJSON() ([]byte, error) { return nil, errBlindingIncluded() }

// MarshalText fails with a [*Error]: a blinding is never sent.
func (Blinding) MarshalText() ([]byte, error) { return nil, errBlindingIncluded() }

// MarshalBinary fails with a [*Error]: a blinding is never sent.
func (Blinding) MarshalBinary() ([]byte, error) { return nil, errBlindingIncluded() }

// isHex64 reports whether text is 64 lower-case hexadecimal digits.
func isHex64(text string) bool {
	if len(text) != 64 {
		return false
	}
	for _, c := range []byte(text) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// isByteLength reports whether text is a decimal number up to 2^53-1 in its one form.
func isByteLength(text string) bool {
	n, err := strconv.ParseUint(text, 10, 64)
	return err == nil && n <= maxByteLength && strconv.FormatUint(n, 10) == text
}
