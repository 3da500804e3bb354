package sealed

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// The readers below take a value and the path that errors name it by. Whatever they do not
// accept is malformed to the official verifier too, which says no more than that.

const (
	maxUint32   = 1<<32 - 1
	wantHash    = "want 0x and 64 lower-case hexadecimal digits"
	wantExactly = "want exactly the members %q"
)

func wrong(path, want string) error { return fmt.Errorf("%s: %s", path, want) }

func readHash(v jsonview.Value, path string) (Hash, error) {
	text, _ := v.Text()
	h, err := ParseHash(text)
	if err != nil {
		return Hash{}, wrong(path, wantHash)
	}
	return h, nil
}

func readHashes(v jsonview.Value, path string, limit int) ([]Hash, error) {
	if v.Kind() != jsonview.Array {
		return nil, wrong(path, "want a list")
	}
	hashes := []Hash{}
	for element := range v.Elements() {
		if len(hashes) == limit {
			return nil, wrong(path, fmt.Sprintf("want at most %d elements", limit))
		}
		hash, err := readHash(element, fmt.Sprintf("%s[%d]", path, len(hashes)))
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// number is an integer and whether it was written as one: the official verifier takes 4.0
// for 4 in some places, not in others, and repeats the spelling in its sentences.
type number struct {
	value   uint64
	integer bool
}

func readNumber(v jsonview.Value, path string, limit uint64) (number, error) {
	value, ok := v.Uint(limit)
	if !ok {
		return number{}, wrong(path, fmt.Sprintf("want an integer from 0 to %d", limit))
	}
	return number{value, v.IsInteger()}, nil
}

// pick returns the members of an object, which must have no others where exact is set.
// Members that are not there are left to the reader of each.
func pick(v jsonview.Value, path string, exact bool, names ...string) ([]jsonview.Value, error) {
	if v.Kind() != jsonview.Object {
		return nil, wrong(path, "want an object")
	}
	members, only := v.Pick(names...)
	if exact && !only {
		return nil, wrong(path, fmt.Sprintf(wantExactly, names))
	}
	return members, nil
}

// chain is where a record's words are kept.
type chain struct {
	id       uint64
	contract Address
}

func readChain(v jsonview.Value, path string, exact bool) (chain, error) {
	members, err := pick(v, path, exact, "chainId", "contractAddress")
	if err != nil {
		return chain{}, err
	}
	id, err := readNumber(members[0], path+".chainId", jsonview.MaxSafeInteger)
	if err != nil {
		return chain{}, err
	}
	text, _ := members[1].Text()
	var contract Address
	if err := contract.UnmarshalText([]byte(text)); err != nil {
		return chain{}, wrong(path+".contractAddress", "want 0x and 40 lower-case hexadecimal digits")
	}
	return chain{id.value, contract}, nil
}

// layout is a [LayoutRef] as it was read: its numbers may be too large for a seal.
type layout struct {
	id, version number
	digest      Hash
}

func readLayout(v jsonview.Value, path string, exact bool) (layout, error) {
	members, err := pick(v, path, exact, "layoutId", "layoutVersion", "layoutDigest")
	if err != nil {
		return layout{}, err
	}
	var l layout
	if l.id, err = readNumber(members[0], path+".layoutId", jsonview.MaxSafeInteger); err != nil {
		return layout{}, err
	}
	if l.version, err = readNumber(members[1], path+".layoutVersion", jsonview.MaxSafeInteger); err != nil {
		return layout{}, err
	}
	l.digest, err = readHash(members[2], path+".layoutDigest")
	return l, err
}

func (l layout) same(other layout) bool {
	return l.id.value == other.id.value && l.version.value == other.version.value && l.digest == other.digest
}

// sealable returns l as a seal takes it, or false where a seal has no room for it. 4.0 is
// no layout id to the official verifier.
func (l layout) sealable() (LayoutRef, bool) {
	fits := l.id.integer && l.version.integer && l.id.value <= 0xFFFF && l.version.value <= 0xFF
	return LayoutRef{ID: uint16(l.id.value), Version: uint8(l.version.value), Digest: l.digest}, fits
}

func readItem(v jsonview.Value, path string) (Item, error) {
	var parts []jsonview.Value
	for element := range v.Elements() {
		if len(parts) == 3 {
			parts = nil
			break
		}
		parts = append(parts, element)
	}
	if len(parts) != 3 {
		return Item{}, wrong(path, "want a list of tag, slot and leaf hash")
	}
	tag, err := readHash(parts[0], path+"[0]")
	if err != nil {
		return Item{}, err
	}
	slot, ok := parts[1].Uint(slotWhole)
	if !ok || !parts[1].IsInteger() {
		return Item{}, wrong(path+"[1]", "want an integer from 0 to 65535")
	}
	leaf, err := readHash(parts[2], path+"[2]")
	if err != nil {
		return Item{}, err
	}
	return Item{tag, uint16(slot), leaf}, nil
}

func readItems(v jsonview.Value, path string) ([]Item, error) {
	if v.Kind() != jsonview.Array {
		return nil, wrong(path, "want a list")
	}
	items := []Item{}
	for element := range v.Elements() {
		if len(items) == MaxLeaves {
			return nil, wrong(path, ErrTooManyLeaves.Error())
		}
		item, err := readItem(element, fmt.Sprintf("%s[%d]", path, len(items)))
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if err := checkItems(items); err != nil {
		return nil, wrong(path, err.Error())
	}
	return items, nil
}

func readLeaves(v jsonview.Value, path string) ([]Hash, error) {
	leaves, err := readHashes(v, path, MaxLeaves)
	if err != nil {
		return nil, err
	}
	for i := 1; i < len(leaves); i++ {
		if bytes.Compare(leaves[i-1][:], leaves[i][:]) >= 0 {
			return nil, wrong(path, errNotAscending().Error())
		}
	}
	return leaves, nil
}

// readRevealed reads the shown leaves of an entry that has count leaves. A leaf must have
// its three members and no others.
func readRevealed(v jsonview.Value, path string, version Version, count int) ([]Leaf, error) {
	if v.Kind() != jsonview.Array {
		return nil, wrong(path, "want a list")
	}
	revealed := []Leaf{}
	for element := range v.Elements() {
		if len(revealed) == count {
			return nil, wrong(path, fmt.Sprintf("want at most %d fields, one for each that was sealed", count))
		}
		leaf, err := readLeaf(element, fmt.Sprintf("%s[%d]", path, len(revealed)), version)
		if err != nil {
			return nil, err
		}
		if i := len(revealed); i > 0 && jsonview.CompareUTF16(revealed[i-1].Pointer, leaf.Pointer) >= 0 {
			return nil, wrong(path, "pointers must be strictly ascending")
		}
		revealed = append(revealed, leaf)
	}
	return revealed, nil
}

func readLeaf(v jsonview.Value, path string, version Version) (Leaf, error) {
	members, err := pick(v, path, true, "pointer", "value", "salt")
	if err != nil {
		return Leaf{}, err
	}
	pointer, ok := members[0].Text()
	if ok {
		_, _, ok = splitPointer(pointer, version)
	}
	if !ok {
		return Leaf{}, wrong(path+".pointer", "want a pointer to a member or a list's element, in its canonical form")
	}
	if members[1].Kind() == jsonview.Absent {
		return Leaf{}, wrong(path+".value", "want a value")
	}
	value, err := canonicalText(members[1])
	if err != nil {
		return Leaf{}, fmt.Errorf("%s.value: %w", path, err)
	}
	if hasLoneSurrogate(value) {
		return Leaf{}, wrong(path+".value", ErrNotCanonical.Error())
	}
	salt, err := readHash(members[2], path+".salt")
	if err != nil {
		return Leaf{}, err
	}
	return Leaf{pointer, value, salt}, nil
}

// parse reads a file, which must be UTF-8 and within the limits.
func parse(file []byte, what string, limit, depth int) (jsonview.Value, error) {
	if len(file) > limit {
		return jsonview.Value{}, wrong(what, fmt.Sprintf("larger than %d bytes", limit))
	}
	if !utf8.Valid(file) {
		return jsonview.Value{}, wrong(what, "not valid UTF-8")
	}
	v, err := jsonview.Parse(file, depth)
	if errors.Is(err, jsonview.ErrDepth) {
		return jsonview.Value{}, wrong(what, fmt.Sprintf("nested more than %d deep", depth))
	}
	if err != nil {
		return jsonview.Value{}, fmt.Errorf("%s: %w", what, err)
	}
	return v, nil
}
