package sealed

import (
	"encoding/json"
	"fmt"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// disclosure is a disclosure whose form is right; nothing in it is checked yet.
type disclosure struct {
	recordKey, digest Hash
	chain             chain
	layout            layout
	version           Version
	entries           []disclosedEntry
}

// disclosedEntry is one entry of a disclosure, of the form that its version has.
type disclosedEntry struct {
	seq           number
	recordOpening Hash
	content       json.RawMessage // V1: the whole content
	leaves        []Hash          // V2
	items         []Item          // V3
	revealed      []Leaf          // V2, V3
}

// readDisclosure reads what the schemas of a disclosure ask for.
//
// Source: records contract, section 7.1.
func readDisclosure(v jsonview.Value) (*disclosure, error) {
	members, err := pick(v, "disclosure", true, "schema", "recordKey", "chain", "layout", "recordHashVersion", "entries", "digest")
	if err != nil {
		return nil, err
	}
	d := new(disclosure)
	if d.recordKey, err = readHash(members[1], "recordKey"); err != nil {
		return nil, err
	}
	if d.digest, err = readHash(members[6], "digest"); err != nil {
		return nil, err
	}
	if d.chain, err = readChain(members[2], "chain", true); err != nil {
		return nil, err
	}
	if d.layout, err = readLayout(members[3], "layout", true); err != nil {
		return nil, err
	}
	allowed := []Version{V1, V2}
	if members[0].Is(SchemaDisclosureV2) {
		allowed = []Version{V3}
	}
	for _, version := range allowed {
		if members[4].Equals(uint64(version)) {
			d.version = version
		}
	}
	if d.version == 0 {
		return nil, wrong("recordHashVersion", fmt.Sprintf("want one of %v under this schema", allowed))
	}
	d.entries, err = readDisclosedEntries(members[5], d.version)
	return d, err
}

func readDisclosedEntries(v jsonview.Value, version Version) ([]disclosedEntry, error) {
	if v.Kind() != jsonview.Array || !v.Truthy() {
		return nil, wrong("entries", "want a list with at least one entry")
	}
	var entries []disclosedEntry
	for element := range v.Elements() {
		path := fmt.Sprintf("entries[%d]", len(entries))
		entry, err := readDisclosedEntry(element, path, version)
		if err != nil {
			return nil, err
		}
		if i := len(entries); i > 0 && entries[i-1].seq.value >= entry.seq.value {
			return nil, wrong(path+".seq", "entries must be strictly ascending by seq")
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func readDisclosedEntry(v jsonview.Value, path string, version Version) (disclosedEntry, error) {
	names := map[Version][]string{
		V1: {"seq", "recordOpening", "recordContent"},
		V2: {"seq", "recordOpening", "leaves", "revealed"},
		V3: {"seq", "recordOpening", "items", "revealed"},
	}[version]
	var entry disclosedEntry
	members, err := pick(v, path, true, names...)
	if err != nil {
		return entry, err
	}
	if entry.seq, err = readNumber(members[0], path+".seq", maxUint32); err != nil {
		return entry, err
	}
	if entry.recordOpening, err = readHash(members[1], path+".recordOpening"); err != nil {
		return entry, err
	}
	switch version {
	case V1:
		entry.content, err = readContent(members[2], path+".recordContent")
	case V2:
		if entry.leaves, err = readLeaves(members[2], path+".leaves"); err == nil {
			entry.revealed, err = readRevealed(members[3], path+".revealed", version, len(entry.leaves))
		}
	default:
		if entry.items, err = readItems(members[2], path+".items"); err == nil {
			entry.revealed, err = readRevealed(members[3], path+".revealed", version, len(entry.items))
		}
	}
	return entry, err
}

func readContent(v jsonview.Value, path string) (json.RawMessage, error) {
	if v.Kind() != jsonview.Object {
		return nil, wrong(path, "want an object")
	}
	text, err := canonicalText(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if hasLoneSurrogate(text) {
		return nil, wrong(path, ErrNotCanonical.Error())
	}
	return text, nil
}
