// Package keccak computes keccak256, the hash of PacSpace's proofs and seals: Keccak with
// its original padding, as Ethereum has it. It is not SHA3-256.
//
// Sum256 is for one message. A Batch is for many: where the processor can, it hashes
// several of them at once.
package keccak

import (
	"hash"
	"io"
	"sync"

	"golang.org/x/crypto/sha3"
)

// Size is the length of a keccak256 digest in bytes.
const Size = 32

// Sum256 returns the keccak256 digest of the parts put together in their order. No parts,
// or only empty ones, give the digest of the empty message.
func Sum256(parts ...[]byte) [Size]byte {
	s := states.Get().(*state)
	defer states.Put(s)
	s.h.Reset()
	for _, part := range parts {
		// Through the state's own room, so that what the caller hashes stays on his stack.
		for len(part) > 0 {
			n := copy(s.room[:], part)
			s.h.Write(s.room[:n])
			part = part[n:]
		}
	}
	s.h.Read(s.sum[:])
	return s.sum
}

// A state is a sponge with what one digest needs around it.
type state struct {
	h interface {
		hash.Hash
		io.Reader
	}
	room [512]byte
	sum  [Size]byte
}

var states = sync.Pool{New: func() any { return newState() }}

func newState() *state {
	s := new(state)
	s.h = sha3.NewLegacyKeccak256().(interface {
		hash.Hash
		io.Reader
	})
	return s
}
