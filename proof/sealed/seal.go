package sealed

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/pacspace/pacspace-go/internal/keccak"
)

// State is the 96 bits of an entry's public state, most significant byte first. What they
// mean is the layout's matter; nothing here reads them. Its text is 0x and hexadecimal
// digits without leading zeros.
type State [12]byte

// Word is what the ledger keeps of an entry: the 12 bytes of its state and the last 20
// bytes of its seal. Its text is 0x and 64 lower-case hexadecimal digits.
type Word [32]byte

// LayoutRef names the published layout by which a record's state is laid out: its id, its
// version, and the digest of its document. What the layouts say is in package record.
type LayoutRef struct {
	ID      uint16 `json:"layoutId"`
	Version uint8  `json:"layoutVersion"`
	Digest  Hash   `json:"layoutDigest"`
}

// SealInput returns the hash that a seal is over: the record hash itself for [V1] and [V2],
// and the record hash bound to its version for [V3].
//
// Source: records contract, section 6.3.
func (v Version) SealInput(recordHash Hash) (Hash, error) {
	switch v {
	case V1, V2:
		return recordHash, nil
	case V3:
		return sha256Of([]byte("pacspace:record-hash-version:v1\x00\x03"), recordHash[:]), nil
	}
	return Hash{}, fmt.Errorf("%w: %d has no seal input", ErrVersion, int(v))
}

// Seal returns the seal of an entry, over its layout, its state, the seal input of its
// record hash, and its record opening, the value that keeps the seal from being guessed.
//
// Source: records contract, section 6.3.
func Seal(layout LayoutRef, state State, sealInput, recordOpening Hash) Hash {
	return keccak.Sum256(
		[]byte("pacspace:slot-commit:v1\x00"),
		binary.BigEndian.AppendUint16(nil, layout.ID), []byte{layout.Version}, layout.Digest[:],
		state[:], sealInput[:], recordOpening[:],
	)
}

// NewWord puts a state and a seal together.
//
// Source: records contract, section 6.3.
func NewWord(state State, seal Hash) Word {
	w := Word(seal)
	copy(w[:], state[:])
	return w
}

// State returns the state that w carries.
func (w Word) State() State { return State(w[:len(State{})]) }

// ItemHash returns the hash under which an entry goes into its batch. How PacSpace builds
// the batch above it is not published, so nothing here follows it further.
//
// Source: records contract, section 6.3.
func ItemHash(recordKey Hash, seq uint32, previousWord, newWord Word, seal Hash) Hash {
	return keccak.Sum256(
		[]byte("pacspace:slot-item:v1\x00"),
		recordKey[:], binary.BigEndian.AppendUint32(nil, seq), previousWord[:], newWord[:], seal[:],
	)
}

// String returns 0x and the digits of s without leading zeros.
func (s State) String() string {
	digits := strings.TrimLeft(formatHex(s[:])[2:], "0")
	if digits == "" {
		digits = "0"
	}
	return "0x" + digits
}

// MarshalText returns the text of s.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads 0x and 1 to 24 lower-case hexadecimal digits. The error is [ErrHex].
func (s *State) UnmarshalText(text []byte) error { return parseShortHex(s[:], string(text)) }

// String returns 0x and 64 lower-case hexadecimal digits.
func (w Word) String() string { return formatHex(w[:]) }

// MarshalText returns the text of w.
func (w Word) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads 0x and 1 to 64 lower-case hexadecimal digits: a short text is the
// number it writes. The error is [ErrHex].
func (w *Word) UnmarshalText(text []byte) error { return parseShortHex(w[:], string(text)) }

// parseShortHex reads a number from 0x and at least one digit.
func parseShortHex(dst []byte, text string) error {
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok || digits == "" || len(digits) > 2*len(dst) {
		clear(dst)
		return ErrHex
	}
	return parseHex(dst, "0x"+strings.Repeat("0", 2*len(dst)-len(digits))+digits)
}
