package sealed

import (
	"errors"
	"fmt"
)

// Version is the version of a record hash.
type Version int

// The versions of the record hash. V1 hashes the content as one piece. V2 hashes it leaf by
// leaf, so that single fields can be shown. V3 also ties each leaf hash to its member, so
// that nobody can move a leaf to another name.
const (
	V1 Version = 1
	V2 Version = 2
	V3 Version = 3
)

// ErrVersion is what a function fails with that this version of the record hash lacks.
// What to do: use the functions of the entry's own version; V1 shows no single fields.
var ErrVersion = errors.New("sealed: no such record hash version here")

// needsLeaves fails for every version without leaves.
func (v Version) needsLeaves() error {
	if v != V2 && v != V3 {
		return fmt.Errorf("%w: %d has no leaves", ErrVersion, int(v))
	}
	return nil
}

// label returns the name of a hash with the version behind it and the zero byte that ends
// every label.
func (v Version) label(name string) []byte {
	return fmt.Appendf(nil, "%s:v%d\x00", name, int(v))
}
