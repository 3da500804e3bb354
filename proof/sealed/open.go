package sealed

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pacspace/pacspace-go/internal/canonical"
)

// Why an entry could not be opened, for errors.Is.
var (
	// ErrEntryMalformed: it is not in the right form. What to do: ask for the file again.
	ErrEntryMalformed = errors.New("sealed: not an entry with items and shown fields")
	// ErrEntryMismatch: a shown field is not what was sealed. What to do: do not rely on
	// the entry, and ask whoever disclosed it.
	ErrEntryMismatch = errors.New("sealed: a shown field is not among the entry's items")
	// ErrEntryNotCanonical: all was asked for, and not all of a content is shown. What to
	// do: open it as a disclosure of single fields, or ask for the whole content.
	ErrEntryNotCanonical = errors.New("sealed: the shown fields are not the whole content")
)

// leafMismatch says which shown field is none of the sealed ones.
type leafMismatch struct{ pointer string }

func (e *leafMismatch) Error() string { return quoted(e.pointer) + ": none of the sealed fields" }

// Unwrap makes it an ErrEntryMismatch.
func (e *leafMismatch) Unwrap() error { return ErrEntryMismatch }

// Opened is what an entry of record hash [V3] shows.
type Opened struct {
	RecordHash Hash
	Shown      []Field
	Withheld   int
	Content    json.RawMessage // the whole content where all is shown, else nil
}

// OpenEntry opens one entry of record hash [V3], a JSON object with items and revealed: it
// checks each shown field against the items. With every, all must be shown. It compares
// with no history; for that there is [VerifyDisclosure].
//
// It fails with [ErrEntryMalformed], [ErrEntryMismatch] or [ErrEntryNotCanonical].
//
// Source: records contract, section 6.2.
func OpenEntry(entry []byte, every bool) (*Opened, error) {
	items, revealed, err := readEntryV3(entry)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntryMalformed, err)
	}
	recordHash, err := openItems(items, revealed)
	if errors.Is(err, ErrEntryMismatch) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEntryMalformed, err)
	}
	e := disclosedEntry{items: items, revealed: revealed}
	var row Entry
	e.show(&row, V3)
	if every && row.Content == nil {
		return nil, ErrEntryNotCanonical
	}
	return &Opened{recordHash, row.Shown, row.Withheld, row.Content}, nil
}

func readEntryV3(entry []byte) ([]Item, []Leaf, error) {
	v, err := parse(entry, "entry", MaxTextBytes, canonical.MaxDepth)
	if err != nil {
		return nil, nil, err
	}
	members, err := pick(v, "entry", false, "items", "revealed")
	if err != nil {
		return nil, nil, err
	}
	items, err := readItems(members[0], "items")
	if err != nil {
		return nil, nil, err
	}
	revealed, err := readRevealed(members[1], "revealed", V3, len(items), false)
	return items, revealed, err
}

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
		slot := uint16(SlotWhole)
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
			members = append(members, WithheldMember{Tag: item.Tag, List: item.Slot != SlotWhole})
		}
		members[len(members)-1].Leaves++
	}
	return members
}
