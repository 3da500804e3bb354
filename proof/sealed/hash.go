package sealed

import (
	"encoding/hex"
	"errors"
)

// ErrHex is what reading a hash, a state, a word or an address from text fails with. What
// to do: copy it whole, 0x included, in lower case.
var ErrHex = errors.New("sealed: not 0x and the right number of lower-case hexadecimal digits")

// Hash is 32 bytes: a record hash, a seal, a salt, an opening, a record key. Its text is
// 0x and 64 lower-case hexadecimal digits, and no other text is read.
type Hash [32]byte

// Address is the contract that keeps the words of a record. Its text is 0x and 40
// lower-case hexadecimal digits.
type Address [20]byte

// ParseHash reads a hash from its text. The error is [ErrHex].
func ParseHash(text string) (Hash, error) {
	var h Hash
	return h, parseHex(h[:], text)
}

// String returns the text of h.
func (h Hash) String() string { return formatHex(h[:]) }

// MarshalText returns the text of h.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads h from its text. The error is [ErrHex].
func (h *Hash) UnmarshalText(text []byte) error { return parseHex(h[:], string(text)) }

// String returns the text of a.
func (a Address) String() string { return formatHex(a[:]) }

// MarshalText returns the text of a.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads a from its text. The error is [ErrHex].
func (a *Address) UnmarshalText(text []byte) error { return parseHex(a[:], string(text)) }

func formatHex(b []byte) string { return "0x" + hex.EncodeToString(b) }

// parseHex fills dst, or clears it and returns ErrHex.
func parseHex(dst []byte, text string) error {
	if len(text) == 2+2*len(dst) && text[:2] == "0x" {
		for i := range dst {
			high, low := hexDigit(text[2+2*i]), hexDigit(text[3+2*i])
			if high > 15 || low > 15 {
				clear(dst)
				return ErrHex
			}
			dst[i] = high<<4 | low
		}
		return nil
	}
	clear(dst)
	return ErrHex
}

// hexDigit returns the value of a lower-case hexadecimal digit, and 255 for anything else.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}
