package sealed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// slotWhole is the slot of an item that stands for a whole member and not for an element.
const slotWhole = 65535

// Item is one leaf of a record hash [V3]: the tag of its member, the slot, and the leaf
// hash. The slot is an element's index, or 65535 for a whole member. Its JSON is the array
// [tag, slot, leafHash].
//
// The tag has no salt: whoever sees an item can test a guess of its member's name with
// [MemberTag], and sees how many elements a list has. The value stays hidden.
type Item struct {
	Tag  Hash
	Slot uint16
	Leaf Hash
}

// MarshalJSON returns the array [tag, slot, leafHash].
func (i Item) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `["%s",%d,"%s"]`, i.Tag, i.Slot, i.Leaf), nil
}

// UnmarshalJSON reads the array [tag, slot, leafHash], with nothing else in it and the slot
// written as an integer.
func (i *Item) UnmarshalJSON(data []byte) error {
	v, err := jsonview.Parse(data, 2)
	if err != nil {
		return fmt.Errorf("sealed: item: %w", err)
	}
	*i, err = readItem(v, "item")
	if err != nil {
		return fmt.Errorf("sealed: %w", err)
	}
	return nil
}

// MemberTag returns the tag of a member's name in a record hash [V3].
//
// Source: records contract, section 6.2.
func MemberTag(name string) Hash {
	return sha256Of(V3.label("pacspace:record-member"), []byte(escaper.Replace(name)))
}

// checkItems refuses items that no content has, and more than [MaxLeaves].
func checkItems(items []Item) error {
	if len(items) > MaxLeaves {
		return ErrTooManyLeaves
	}
	const rule = "%w: items must be strictly ascending, each member one whole item or slots from 0 without a gap"
	for i, item := range items {
		switch {
		case i == 0 || item.Tag != items[i-1].Tag:
			if i > 0 && compareItems(items[i-1], item) >= 0 || item.Slot != 0 && item.Slot != slotWhole {
				return fmt.Errorf(rule, ErrLeaves)
			}
		case items[i-1].Slot == slotWhole || item.Slot == slotWhole || item.Slot != items[i-1].Slot+1:
			return fmt.Errorf(rule, ErrLeaves)
		}
	}
	return nil
}

// compareItems orders by tag, then slot.
func compareItems(a, b Item) int {
	return cmp.Or(bytes.Compare(a.Tag[:], b.Tag[:]), cmp.Compare(a.Slot, b.Slot))
}

// holds reports whether sorted items have exactly this one.
func holds(items []Item, item Item) bool {
	i := sort.Search(len(items), func(i int) bool { return compareItems(items[i], item) >= 0 })
	return i < len(items) && items[i] == item
}

// itemOf returns the item that a leaf has in a record hash V3.
func itemOf(pointer string, value json.RawMessage, salt Hash) (Item, error) {
	name, index, ok := splitPointer(pointer, V3)
	if !ok {
		return Item{}, fmt.Errorf("sealed: pointer %s is not in its canonical form", quoted(pointer))
	}
	leaf, err := V3.LeafHash(pointer, value, salt)
	if err != nil {
		return Item{}, err
	}
	slot := uint16(slotWhole)
	if index != wholeMember {
		slot = uint16(index)
	}
	return Item{Tag: MemberTag(name), Slot: slot, Leaf: leaf}, nil
}
