// Package keccak computes keccak256, the hash of PacSpace's proofs and seals: Keccak with
// its original padding, as Ethereum has it. It is not SHA3-256.
package keccak

import "golang.org/x/crypto/sha3"

// Size is the length of a keccak256 digest in bytes.
const Size = 32

// Sum256 returns the keccak256 digest of the parts put together in their order. No parts,
// or only empty ones, give the digest of the empty message.
func Sum256(parts ...[]byte) [Size]byte {
	state := sha3.NewLegacyKeccak256()
	for _, part := range parts {
		state.Write(part)
	}
	var sum [Size]byte
	state.Sum(sum[:0])
	return sum
}
