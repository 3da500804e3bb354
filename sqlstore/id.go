package sqlstore

import (
	"fmt"
	"strings"
)

// maxID is the most bytes of an event's id, which an index of PostgreSQL must hold.
const maxID = 512

// The first byte of a stored id says which form follows, so that no two ids are stored
// alike and ids of one form keep their order.
const (
	idAsGiven byte = iota
	idUUID
	idULID
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// packID returns the stored form of an event's id. A UUID in lower case and a ULID in upper
// case take 16 bytes and keep their order in time, since ordered ids are stored several
// times faster than others; for the same reason no id is hashed.
func packID(id string) ([]byte, error) {
	if id == "" || len(id) > maxID {
		return nil, fmt.Errorf("sqlstore: event id of %d bytes: it must have 1 to %d; shorten it", len(id), maxID)
	}
	if packed, ok := packUUID(id); ok {
		return packed, nil
	}
	if packed, ok := packULID(id); ok {
		return packed, nil
	}
	return append([]byte{idAsGiven}, id...), nil
}

func packUUID(id string) ([]byte, bool) {
	if len(id) != 36 {
		return nil, false
	}
	packed := make([]byte, 1, 17)
	packed[0] = idUUID
	high, half := byte(0), false
	for i := range len(id) {
		c := id[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return nil, false
			}
			continue
		}
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			return nil, false
		}
		if half {
			packed = append(packed, high|c)
		} else {
			high = c << 4
		}
		half = !half
	}
	return packed, true
}

func packULID(id string) ([]byte, bool) {
	if len(id) != 26 || id[0] > '7' {
		return nil, false
	}
	packed := make([]byte, 17)
	packed[0] = idULID
	// 26 characters of 5 bits are 130; the first two of them are zero.
	at := len(packed) - 1
	var bits, n uint
	for i := len(id) - 1; i >= 0; i-- {
		v := strings.IndexByte(crockford, id[i])
		if v < 0 {
			return nil, false
		}
		bits |= uint(v) << n
		for n += 5; n >= 8 && at > 0; n -= 8 {
			packed[at] = byte(bits)
			bits >>= 8
			at--
		}
	}
	return packed, true
}
