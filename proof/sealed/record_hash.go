package sealed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/jsonview"
	"github.com/pacspace/pacspace-go/internal/keccak"
)

// ErrLeaves is what leaf hashes or items fail with that no content has: they are out of
// order or twice there, or a member has a gap in its slots or a whole item beside others.
// What to do: take them as the entry has them, in their order.
var ErrLeaves = errors.New("sealed: no content has these leaves")

// RecordHashV1 returns the record hash of version 1: over the canonical form of the whole
// content, any JSON value, without a salt.
//
// Source: records contract, section 6.1.
func RecordHashV1(content []byte) (Hash, error) {
	v, err := jsonview.Parse(content, canonical.MaxDepth)
	if err != nil {
		return Hash{}, fmt.Errorf("sealed: content: %w", err)
	}
	text, err := canonicalText(v)
	if err != nil {
		return Hash{}, err
	}
	return keccak.Sum256(V1.label("pacspace:record"), text), nil
}

// RecordHashV2 returns the record hash of version 2 over its leaf hashes, which must be
// strictly ascending, at most [MaxLeaves] of them and perhaps none. The error is
// [ErrLeaves] or [ErrTooManyLeaves].
//
// Source: records contract, section 6.2.
func RecordHashV2(leaves []Hash) (Hash, error) {
	if len(leaves) > MaxLeaves {
		return Hash{}, ErrTooManyLeaves
	}
	text := make([]byte, 0, len(leaves)*len(Hash{}))
	for i := range leaves {
		if i > 0 && bytes.Compare(leaves[i-1][:], leaves[i][:]) >= 0 {
			return Hash{}, errNotAscending()
		}
		text = append(text, leaves[i][:]...)
	}
	return sha256Of(V2.label("pacspace:record"), count(len(leaves)), text), nil
}

func errNotAscending() error {
	return fmt.Errorf("%w: leaf hashes must be strictly ascending", ErrLeaves)
}

// RecordHashV3 returns the record hash of version 3 over its items, which must be ascending
// by tag and slot, each member one whole item or slots from 0 without a gap, at most
// [MaxLeaves] of them and perhaps none. The error is [ErrLeaves] or [ErrTooManyLeaves].
//
// Source: records contract, section 6.2.
func RecordHashV3(items []Item) (Hash, error) {
	if err := checkItems(items); err != nil {
		return Hash{}, err
	}
	text := make([]byte, 0, len(items)*(2+2*len(Hash{})))
	for i := range items {
		text = append(text, items[i].Tag[:]...)
		text = binary.BigEndian.AppendUint16(text, items[i].Slot)
		text = append(text, items[i].Leaf[:]...)
	}
	return sha256Of(V3.label("pacspace:record"), count(len(items)), text), nil
}

func count(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }

// Commitment is a content hashed leaf by leaf.
type Commitment struct {
	Version    Version // V2 or V3
	RecordHash Hash
	Leaves     []Hash // V2: the leaf hashes, ascending
	Items      []Item // V3: the items, ascending
	Revealed   []Leaf // every leaf with its salt, by pointer: what a disclosure may show
}

// Commit hashes a content, a JSON object, under an entry's salt key, by version [V2] or
// [V3]. It fails as [Leaves] does.
//
// Source: records contract, section 6.2.
func (v Version) Commit(content []byte, saltKey Hash) (*Commitment, error) {
	if err := v.needsLeaves(); err != nil {
		return nil, err
	}
	fields, err := Leaves(content)
	if err != nil {
		return nil, err
	}
	c := &Commitment{Version: v, Revealed: make([]Leaf, len(fields))}
	for i, field := range fields {
		salt, err := v.Salt(saltKey, field.Pointer)
		if err != nil {
			return nil, err
		}
		c.Revealed[i] = Leaf{field.Pointer, field.Value, salt}
		if err := c.add(c.Revealed[i]); err != nil {
			return nil, err
		}
	}
	if v == V2 {
		slices.SortFunc(c.Leaves, func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
		c.RecordHash, err = RecordHashV2(c.Leaves)
	} else {
		slices.SortFunc(c.Items, compareItems)
		c.RecordHash, err = RecordHashV3(c.Items)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// add hashes one leaf.
func (c *Commitment) add(leaf Leaf) error {
	if c.Version == V2 {
		hash, err := V2.LeafHash(leaf.Pointer, leaf.Value, leaf.Salt)
		c.Leaves = append(c.Leaves, hash)
		return err
	}
	item, err := itemOf(leaf.Pointer, leaf.Value, leaf.Salt)
	c.Items = append(c.Items, item)
	return err
}
