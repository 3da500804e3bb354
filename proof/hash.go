package proof

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/pacspace/pacspace-go/internal/keccak"
)

// HashSize is the length of a Hash in bytes.
const HashSize = 32

// Hash is a keccak256 value: a content hash, a node of a tree, a root. It compares with ==.
// The zero Hash is the root of no items; no content has it.
//
// As text it is "0x" and 64 lower-case hex digits.
type Hash [HashSize]byte

// ErrHash is what every refused hash text is, through errors.Is.
var ErrHash = errors.New("proof: hash: not 0x and 64 hex digits")

// Keccak256 returns the keccak256 of the parts put together in their order, with the
// original padding (Ethereum's), which is not SHA3-256's.
func Keccak256(parts ...[]byte) Hash { return Hash(keccak.Sum256(parts...)) }

// ParseHash reads "0x" and 64 hex digits of either case, as the service may print them.
// An evidence file must have them in lower case, so that one hash has one text there.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if len(s) != 2+2*HashSize || s[0] != '0' || s[1] != 'x' {
		return Hash{}, fmt.Errorf("%w: the text has %d characters; give all of the hash, with its 0x", ErrHash, len(s))
	}
	if _, err := hex.Decode(h[:], []byte(s[2:])); err != nil {
		return Hash{}, fmt.Errorf("%w: a character is no hex digit", ErrHash)
	}
	return h, nil
}

// String returns "0x" and 64 lower-case hex digits.
func (h Hash) String() string { return string(h.append(make([]byte, 0, 2+2*HashSize))) }

// Short returns the beginning for people, as in "0x7f3a...".
func (h Hash) Short() string { return h.String()[:6] + "..." }

// IsZero tells whether h is the zero Hash. The JSON option omitzero goes by it.
func (h Hash) IsZero() bool { return h == Hash{} }

// MarshalText returns String. The error is always nil.
func (h Hash) MarshalText() ([]byte, error) {
	return h.append(make([]byte, 0, 2+2*HashSize)), nil
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
	return hex.AppendEncode(append(dst, "0x"...), h[:])
}
