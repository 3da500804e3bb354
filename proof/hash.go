package proof

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// Hash is a keccak256 value, with the original padding (Ethereum's) and not SHA3-256's: a
// content hash, a node of a tree, a root. It compares with ==. The zero Hash is the root of
// no items; no content has it.
//
// As text it is "0x" and 64 lower-case hex digits.
type Hash [hashSize]byte

const hashSize = 32

// ErrHash is what every refused hash text is, through errors.Is. What to do: copy the hash
// whole, 0x included, in lower case.
var ErrHash = errors.New("proof: hash: not 0x and 64 hex digits")

// ParseHash reads "0x" and 64 hex digits of either case, as the service may print them.
// An evidence file must have them in lower case, so that one hash has one text there.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 2+2*hashSize || s[0] != '0' || s[1] != 'x' {
		return Hash{}, fmt.Errorf("%w: the text has %d characters; give all of the hash, with its 0x", ErrHash, len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s[2:])); err != nil {
		return Hash{}, fmt.Errorf("%w: a character is no hex digit", ErrHash)
	}
	return h, nil
}

// String returns "0x" and 64 lower-case hex digits.
func (h Hash) String() string { return string(h.append(make([]byte, 0, 2+2*hashSize))) }

// Short returns the beginning for people, as in "0x7f3a...".
func (h Hash) Short() string { return h.String()[:6] + "..." }

// IsZero tells whether h is the zero Hash. The JSON option omitzero goes by it.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText returns String. The error is always nil.
func (h Hash) MarshalText() ([]byte, error) {
	return h.append(make([]byte, 0, 2+2*hashSize)), nil
}

// UnmarshalText reads what ParseHash reads. On failure h stays as it was.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := ParseHash(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

func (h Hash) append(dst []byte) []byte {
	var digits [2 * hashSize]byte
	h.encode(digits[:])
	return append(append(dst, "0x"...), digits[:]...)
}

const everyByte = 0x0101010101010101

// encode writes the 64 digits, eight at a time.
func (h *Hash) encode(digits []byte) {
	for i := range hashSize / 4 {
		n := uint64(binary.LittleEndian.Uint32(h[4*i:]))
		n = (n | n<<16) & 0x0000ffff0000ffff
		n = (n | n<<8) & 0x00ff00ff00ff00ff
		n = n>>4&(everyByte*15) | n<<8&0x0f000f000f000f00
		binary.LittleEndian.PutUint64(digits[8*i:], hexDigits(n&(everyByte*15)))
	}
}

// hexDigits returns the digits of eight values below 16.
func hexDigits(n uint64) uint64 {
	letters := (n + everyByte*6) >> 4 & everyByte // 1 where the value is above 9
	return n + everyByte*'0' + letters*('a'-'0'-10)
}

// decode reads 0x and 64 lower-case digits and tells whether it was that.
func (h *Hash) decode(text []byte) bool {
	if len(text) != 2+2*hashSize || text[0] != '0' || text[1] != 'x' {
		return false
	}
	for i := range hashSize / 4 {
		digits := binary.LittleEndian.Uint64(text[2+8*i:])
		n := digits&(everyByte*15) + (digits>>6&everyByte)*9
		// What does not lead back is no lower-case digit.
		if n&(everyByte*0xf0) != 0 || hexDigits(n) != digits {
			return false
		}
		n = (n<<4 | n>>8) & 0x00ff00ff00ff00ff
		n = (n | n>>8) & 0x0000ffff0000ffff
		binary.LittleEndian.PutUint32(h[4*i:], uint32(n|n>>16))
	}
	return true
}
