package sealed

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pacspace/pacspace-go/internal/canonical"
	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// Chain is where a record's words are kept: 295 live, 296 test, and the contract there.
type Chain struct {
	ID       uint64  `json:"chainId"`
	Contract Address `json:"contractAddress"`
}

// Disclosure is a disclosure that is to be written: chosen fields of chosen entries of one
// record.
type Disclosure struct {
	RecordKey Hash
	Chain     Chain
	Layout    LayoutRef
	Version   Version // of the record hash, the same for all entries
	Entries   []DisclosedEntry
}

// DisclosedEntry is one entry of a [Disclosure]. [Commitment.Disclose] makes it for [V2] and
// [V3]; for [V1] only Seq, RecordOpening and the whole Content are set.
type DisclosedEntry struct {
	Seq           uint32 // from 0, strictly ascending in a disclosure
	RecordOpening Hash
	Content       json.RawMessage // V1
	Leaves        []Hash          // V2
	Items         []Item          // V3
	Revealed      []Leaf          // V2 and V3, by pointer
}

// Disclose shows the leaves at some pointers of a committed content, and withholds the
// others. A pointer to a list with elements shows all of these. No pointer at all shows
// nothing, which still proves that the entry is there.
func (c *Commitment) Disclose(seq uint32, recordOpening Hash, pointers ...string) (DisclosedEntry, error) {
	entry := DisclosedEntry{Seq: seq, RecordOpening: recordOpening, Leaves: c.Leaves, Items: c.Items, Revealed: []Leaf{}}
	found := make([]bool, len(pointers))
	for _, leaf := range c.Revealed {
		shown := false
		for i, pointer := range pointers {
			if leaf.Pointer == pointer || strings.HasPrefix(leaf.Pointer, pointer+"/") {
				found[i], shown = true, true
			}
		}
		if shown {
			entry.Revealed = append(entry.Revealed, leaf)
		}
	}
	for i, pointer := range pointers {
		if !found[i] {
			return DisclosedEntry{}, fmt.Errorf("sealed: no field at %s of entry %d", quoted(pointer), seq)
		}
	}
	return entry, nil
}

// Encode writes the disclosure with its digest, in canonical JSON. It fails where the
// result would be refused for its form: entries out of order, leaves of another version,
// more than [MaxDisclosureBytes].
//
// Source: records contract, section 7.1.
func (d *Disclosure) Encode() ([]byte, error) {
	entries := make([]map[string]any, len(d.Entries))
	for i, entry := range d.Entries {
		row := map[string]any{"seq": entry.Seq, "recordOpening": entry.RecordOpening}
		switch d.Version {
		case V1:
			row["recordContent"] = entry.Content
		case V2:
			row["leaves"], row["revealed"] = notNil(entry.Leaves), notNil(entry.Revealed)
		default:
			row["items"], row["revealed"] = notNil(entry.Items), notNil(entry.Revealed)
		}
		entries[i] = row
	}
	schema := SchemaDisclosureV1
	if d.Version == V3 {
		schema = SchemaDisclosureV2
	}
	members := map[string]any{
		"schema": schema, "recordKey": d.RecordKey, "chain": d.Chain, "layout": d.Layout,
		"recordHashVersion": d.Version, "entries": entries,
	}
	text, err := encode(members)
	if err != nil {
		return nil, err
	}
	if members["digest"], err = disclosureDigest(text); err != nil {
		return nil, err
	}
	if text, err = encode(members); err != nil {
		return nil, err
	}
	if len(text) > MaxDisclosureBytes {
		return nil, fmt.Errorf("sealed: disclosure: %d bytes, more than %d; show fewer fields, or split it", len(text), MaxDisclosureBytes)
	}
	v, err := jsonview.Parse(text, maxDisclosureDepth)
	if err == nil {
		_, err = readDisclosure(v)
	}
	if err != nil {
		return nil, fmt.Errorf("sealed: disclosure: %w", err)
	}
	return text, nil
}

// History is a record's seal history that is to be written: what a disclosure is checked
// against.
type History struct {
	RecordKey Hash
	Chain     Chain
	Layout    LayoutRef
	Version   Version // of the record hash; the file says it for V3 only
	Entries   []HistoryEntry
}

// HistoryEntry is what a [History] tells of one entry.
type HistoryEntry struct {
	Seq          uint32 `json:"seq"`
	PreviousWord Word   `json:"previousWord"`
	NewWord      Word   `json:"newWord"`
	RecordHash   *Hash  `json:"recordHash,omitzero"` // V2 and V3
	ItemIndex    uint32 `json:"itemIndex"`
	ItemOpening  Hash   `json:"itemOpening"`
	MerkleProof  []Hash `json:"merkleProof"` // at most 32
	BatchID      uint64 `json:"batchId"`     // at most 2^53-1
}

// Encode writes the history, a record-seal-history/v1, in canonical JSON. It fails where
// the result could not be read again.
//
// Source: records contract, section 8.
func (h *History) Encode() ([]byte, error) {
	entries := make([]HistoryEntry, len(h.Entries))
	for i, entry := range h.Entries {
		entry.MerkleProof = notNil(entry.MerkleProof)
		entries[i] = entry
	}
	members := map[string]any{
		"schema": SchemaHistory, "recordKey": h.RecordKey, "chain": h.Chain, "layout": h.Layout, "entries": entries,
	}
	if h.Version == V3 {
		members["recordHashVersion"] = V3
	}
	text, err := encode(members)
	if err != nil {
		return nil, err
	}
	v, err := parse(text, "history", MaxHistoryBytes, maxDepth)
	if err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	source, err := formOf(v)
	if err == nil {
		_, err = source.read()
	}
	if err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	return text, nil
}

// EncodeLinkCopy puts a history and a disclosure of it into one file, a
// record-link-copy/v1, in canonical JSON. It checks nothing: see [VerifyLinkCopy]. It fails
// where one of them is not JSON.
//
// Source: records contract, section 8.
func EncodeLinkCopy(history, disclosure []byte) ([]byte, error) {
	return encode(map[string]any{
		"schema": SchemaLinkCopy, "sealHistory": json.RawMessage(history), "disclosure": json.RawMessage(disclosure),
	})
}

func encode(members map[string]any) ([]byte, error) {
	text, err := json.Marshal(members)
	if err == nil {
		text, err = canonical.Transform(text, canonical.Official)
	}
	if err != nil {
		return nil, fmt.Errorf("sealed: %w", err)
	}
	return text, nil
}

// notNil makes an empty list of none, so that JSON has [] and not null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
