package record

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"
)

// The algorithms of a fingerprint.
const (
	FingerprintBlinded = "hmac-sha-256" // HMAC-SHA256 under a blinding value of 32 bytes
	FingerprintPlain   = "sha-256"      // SHA-256: whoever can guess the file can test the guess
)

// PayloadRef is what a record carries of a file: its fingerprint, never its bytes.
type PayloadRef struct {
	Alg        string `json:"alg"`        // FingerprintBlinded or FingerprintPlain
	Digest     string `json:"digest"`     // 64 lower-case hexadecimal digits, without 0x
	ByteLength string `json:"byteLength"` // the file's size in bytes, in decimal
}

// FileFingerprint is what [Fingerprint] makes: send Ref as the payload, and keep Blinding
// beside the file with [WriteBlindingFile]. It cannot be marshalled, so that it is not sent
// by mistake in the place of its Ref.
type FileFingerprint struct {
	Ref      PayloadRef
	Blinding *Blinding // nil where the fingerprint is plain
}

// MarshalJSON fails with a [*Error]: a payload is the Ref alone.
func (FileFingerprint) MarshalJSON() ([]byte, error) { return nil, errBlindingIncluded() }

// FingerprintParams chooses how a fingerprint is made. The zero value blinds it under a
// fresh value.
type FingerprintParams struct {
	// Alg is FingerprintBlinded, which is what it is where it is empty, or FingerprintPlain.
	Alg string
	// Blinding makes the same blinded fingerprint again: the bytes must be the ones it was
	// made for, else the call is refused.
	Blinding *Blinding
}

// Fingerprint reads source to its end, once, and returns its fingerprint, blinded unless
// params say otherwise. PacSpace gets the digest and the size, never the bytes; without
// the blinding nobody can test a guess of them.
//
// Lose a blinding and the fingerprint cannot be shown to belong to its file any more: write
// it to disk before the reference is sent.
//
// It fails with a [*Error], or with the error of source.
//
// Source: records contract, section 2.1.
func Fingerprint(source io.Reader, params FingerprintParams) (*FileFingerprint, error) {
	blinds, err := params.blinds()
	if err != nil {
		return nil, err
	}
	if source == nil {
		return nil, &Error{Code: codeRecordContent, Status: statusNothingSent, Message: "A fingerprint needs a reader of the file's bytes."}
	}
	if !blinds {
		plain := sha256.New()
		length, err := readThrough(source, plain)
		if err != nil {
			return nil, err
		}
		return &FileFingerprint{Ref: reference(FingerprintPlain, plain, length)}, nil
	}
	if params.Blinding != nil {
		return fingerprintAgain(source, params.Blinding)
	}
	var value [blindingValueSize]byte
	if _, err := rand.Read(value[:]); err != nil {
		return nil, fmt.Errorf("record: fingerprint: no random bytes: %w", err)
	}
	mac := hmac.New(sha256.New, value[:])
	length, err := readThrough(source, mac)
	if err != nil {
		return nil, err
	}
	ref := reference(FingerprintBlinded, mac, length)
	return &FileFingerprint{Ref: ref, Blinding: holdBlinding(value, ref.Digest, ref.ByteLength)}, nil
}

func fingerprintAgain(source io.Reader, blinding *Blinding) (*FileFingerprint, error) {
	mac := blinding.mac()
	length, err := readThrough(source, mac)
	if err != nil {
		return nil, err
	}
	ref := reference(FingerprintBlinded, mac, length)
	if ref.Digest != blinding.digest || ref.ByteLength != blinding.byteLength {
		return nil, recordRefused(codeValidation, "This blinding file does not match these bytes.")
	}
	return &FileFingerprint{Ref: ref, Blinding: blinding}, nil
}

// blinds decides between the two algorithms, or says what disagrees.
func (p FingerprintParams) blinds() (bool, error) {
	if p.Alg != "" && p.Alg != FingerprintBlinded && p.Alg != FingerprintPlain {
		return false, &Error{Code: codeRecordAlg, Status: statusNothingSent, Message: "A fingerprint is made with sha-256 or hmac-sha-256."}
	}
	blinds := p.Alg != FingerprintPlain
	if p.Blinding != nil && !blinds {
		return false, recordRefused(codeValidation, "alg and blind disagree. Pass one of them.")
	}
	if p.Blinding != nil && !p.Blinding.complete() {
		return false, recordRefused(codeValidation, sentenceNotBlindingFile)
	}
	return blinds, nil
}

func reference(alg string, digest hash.Hash, length int64) PayloadRef {
	return PayloadRef{Alg: alg, Digest: hex.EncodeToString(digest.Sum(nil)), ByteLength: strconv.FormatInt(length, 10)}
}

// fingerprintChunk stays in the processor's cache, so that two digests read memory once.
const fingerprintChunk = 64 << 10

// readThrough feeds all of source to the digests and returns its length in bytes.
func readThrough(source io.Reader, digests ...io.Writer) (int64, error) {
	chunk := make([]byte, fingerprintChunk)
	var length int64
	for idle := 0; ; {
		n, err := source.Read(chunk)
		for _, digest := range digests {
			digest.Write(chunk[:n]) // a digest never fails
		}
		length += int64(n)
		if err == io.EOF {
			return length, nil
		}
		if err != nil {
			return 0, fmt.Errorf("record: fingerprint: reading the file: %w", err)
		}
		if idle++; n > 0 {
			idle = 0
		}
		if idle == 100 {
			return 0, fmt.Errorf("record: fingerprint: reading the file: %w", io.ErrNoProgress)
		}
	}
}
