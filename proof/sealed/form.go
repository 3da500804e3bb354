package sealed

import (
	"fmt"
	"iter"

	"github.com/pacspace/pacspace-go/internal/jsonview"
)

// maxProof is the longest Merkle path of a form's entry: a batch has at most 2^32 items.
const maxProof = 32

// form is what a disclosure is checked against: the part of a record's history that bears
// on it.
type form struct {
	recordKey Hash
	chain     chain
	layout    layout
	v3        bool
	entries   map[uint64]formEntry
}

// formEntry keeps of an entry what a check looks at. Its item index, item opening, Merkle
// path, batch and previous word are read for their form and then let go.
type formEntry struct {
	newWord       Word
	recordHash    Hash
	hasRecordHash bool
}

// formSource is where a form's values come from: a form as it stands, or a history and a
// disclosure.
type formSource struct {
	recordKey, chain, layout jsonview.Value
	v3                       bool
	entries                  iter.Seq[jsonview.Value]
	dropRecordHash           bool // entries of record hash V1 are compared with nothing
	proofMayBeMissing        bool
}

// formOf takes a form as it stands.
func formOf(v jsonview.Value) (formSource, error) {
	members, err := pick(v, "history", false, "recordKey", "recordHashVersion", "chain", "layout", "entries")
	if err != nil {
		return formSource{}, err
	}
	source := formSource{recordKey: members[0], chain: members[2], layout: members[3]}
	if version := members[1]; version.Kind() != jsonview.Absent {
		if !version.Equals(uint64(V3)) {
			return formSource{}, wrong("history.recordHashVersion", "want 3 or nothing")
		}
		source.v3 = true
	}
	if members[4].Kind() != jsonview.Array {
		return formSource{}, wrong("history.entries", "want a list")
	}
	source.entries = members[4].Elements()
	return source, nil
}

// read reads the form.
//
// Source: records contract, section 7.1.
func (s formSource) read() (*form, error) {
	f := &form{v3: s.v3, entries: make(map[uint64]formEntry)}
	var err error
	if f.recordKey, err = readHash(s.recordKey, "history.recordKey"); err != nil {
		return nil, err
	}
	if f.chain, err = readChain(s.chain, "history.chain", false); err != nil {
		return nil, err
	}
	if f.layout, err = readLayout(s.layout, "history.layout", false); err != nil {
		return nil, err
	}
	last := uint64(0)
	for v := range s.entries {
		path := fmt.Sprintf("history.entries[%d]", len(f.entries))
		seq, entry, err := s.readEntry(v, path)
		if err != nil {
			return nil, err
		}
		if len(f.entries) > 0 && last >= seq {
			return nil, wrong(path+".seq", "entries must be strictly ascending by seq")
		}
		f.entries[seq], last = entry, seq
	}
	return f, nil
}

func (s formSource) readEntry(v jsonview.Value, path string) (uint64, formEntry, error) {
	members, err := pick(v, path, false, "seq", "previousWord", "newWord", "itemIndex", "itemOpening", "merkleProof", "batchId", "recordHash")
	if err != nil {
		return 0, formEntry{}, err
	}
	seq, err := readNumber(members[0], path+".seq", maxUint32)
	if err != nil {
		return 0, formEntry{}, err
	}
	if _, err := readHash(members[1], path+".previousWord"); err != nil {
		return 0, formEntry{}, err
	}
	newWord, err := readHash(members[2], path+".newWord")
	if err != nil {
		return 0, formEntry{}, err
	}
	if _, err := readNumber(members[3], path+".itemIndex", maxUint32); err != nil {
		return 0, formEntry{}, err
	}
	if _, err := readHash(members[4], path+".itemOpening"); err != nil {
		return 0, formEntry{}, err
	}
	if !(s.proofMayBeMissing && !members[5].Truthy()) {
		if _, err := readHashes(members[5], path+".merkleProof", maxProof); err != nil {
			return 0, formEntry{}, err
		}
	}
	if _, err := readNumber(members[6], path+".batchId", jsonview.MaxSafeInteger); err != nil {
		return 0, formEntry{}, err
	}
	entry := formEntry{newWord: Word(newWord)}
	if members[7].Kind() != jsonview.Absent && !s.dropRecordHash {
		if entry.recordHash, err = readHash(members[7], path+".recordHash"); err != nil {
			return 0, formEntry{}, err
		}
		entry.hasRecordHash = true
	}
	return seq.value, entry, nil
}
