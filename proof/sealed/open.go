package sealed

import "fmt"

// leafMismatch says which shown field is none of the sealed ones.
type leafMismatch struct{ pointer string }

func (e *leafMismatch) Error() string { return quoted(e.pointer) + ": none of the sealed fields" }

// openItems checks each shown field against the items and returns the record hash of these.
// All fields are looked at for their form before the first is compared.
func openItems(items []Item, revealed []Leaf) (Hash, error) {
	for _, leaf := range revealed {
		_, index, ok := splitPointer(leaf.Pointer, V3)
		if !ok || index == wholeMember && isNonEmptyList(leaf.Value) {
			return Hash{}, fmt.Errorf("%s: a list with elements is sealed element by element", quoted(leaf.Pointer))
		}
	}
	for _, leaf := range revealed {
		item, err := itemOf(leaf.Pointer, leaf.Value, leaf.Salt)
		if err != nil {
			return Hash{}, err
		}
		if !holds(items, item) {
			return Hash{}, &leafMismatch{leaf.Pointer}
		}
	}
	return RecordHashV3(items)
}

// withheldMembers lists what can be seen of the items that are not shown: a member's tag
// and how many leaves of it are withheld.
func withheldMembers(items []Item, revealed []Leaf) []WithheldMember {
	type place struct {
		tag  Hash
		slot uint16
	}
	shown := make(map[place]bool, len(revealed))
	for _, leaf := range revealed {
		name, index, _ := splitPointer(leaf.Pointer, V3)
		slot := uint16(slotWhole)
		if index != wholeMember {
			slot = uint16(index)
		}
		shown[place{MemberTag(name), slot}] = true
	}
	var members []WithheldMember
	for _, item := range items {
		if shown[place{item.Tag, item.Slot}] {
			continue
		}
		if n := len(members); n == 0 || members[n-1].Tag != item.Tag {
			members = append(members, WithheldMember{Tag: item.Tag, List: item.Slot != slotWhole})
		}
		members[len(members)-1].Leaves++
	}
	return members
}
