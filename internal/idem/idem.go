// Package idem makes the Idempotency-Keys of writes for which the caller gave none. A
// key can be made again from what is written, so that the same write after a crash has
// the same key; only a write that must not be taken for an earlier one gets a random key.
package idem

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
)

// MaxLength is the longest key that is sent, in bytes. The service documents no bound.
const MaxLength = 255

// Reference is the key of a write that a referenceId identifies: the reference itself,
// or "ref-" and its SHA-256 in hex where it cannot stand in a header.
//
// Source: API contract, section 3.2.
func Reference(referenceID string) string {
	if Valid(referenceID) {
		return referenceID
	}
	return Hashed(referenceID)
}

// Hashed is a short key for a text of any length: "ref-" and its SHA-256 in hex.
func Hashed(text string) string { return "ref-" + digest([]byte(text)) }

// Batch is the key of a batch: "batch-" and the SHA-256 of its exact body in hex.
func Batch(body []byte) string { return "batch-" + digest(body) }

// Random is a key that no other write has: a random UUID.
func Random() (string, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("pacspace: idempotency key: no randomness: %w", err)
	}
	return id.String(), nil
}

// Valid reports whether a key can be sent as it is: 1 to MaxLength printable ASCII
// characters, neither the first nor the last a space, since headers lose those.
func Valid(key string) bool {
	if key == "" || len(key) > MaxLength || key[0] == ' ' || key[len(key)-1] == ' ' {
		return false
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return false
		}
	}
	return true
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
